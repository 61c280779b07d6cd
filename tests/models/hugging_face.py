"""The names that Hugging Face transformers gives to the tensors of a PVT."""

from collections.abc import Mapping

import numpy as np

LAYERS = {
    "layer_norm_1": "norm1",
    "layer_norm_2": "norm2",
    "attention.self.query": "attn.q",
    "attention.self.key": "attn.kv",
    "attention.self.value": "attn.kv",
    "attention.self.sequence_reduction": "attn.sr",
    "attention.self.layer_norm": "attn.norm",
    "attention.output.dense": "attn.proj",
    "mlp.dense1": "mlp.fc1",
    "mlp.dense2": "mlp.fc2",
}
HALVES = {"attention.self.key": 0, "attention.self.value": 1}


def lucid_name(key: str) -> tuple[str, int | None]:
    """lucid's name for the tensor, and which half of it this one is, None for the whole."""
    match key.removeprefix("pvt.encoder.").split("."):
        case ["classifier", leaf]:
            return f"head.{leaf}", None
        case ["layer_norm", leaf]:
            return f"norm.{leaf}", None
        case ["patch_embeddings", _, "cls_token"]:
            return "cls_token", None
        case ["patch_embeddings", i, "position_embeddings"]:
            return f"pos_embed{int(i) + 1}", None
        case ["patch_embeddings", i, layer, leaf]:
            return f"patch_embed{int(i) + 1}.{ {'projection': 'proj', 'layer_norm': 'norm'}[layer] }.{leaf}", None
        case ["block", i, j, *layer, leaf]:
            name = ".".join(layer)
            return f"block{int(i) + 1}.{j}.{LAYERS[name]}.{leaf}", HALVES.get(name)
    raise KeyError(key)


def hugging_face_to_lucid(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same tensors under lucid's names: keys and values joined, in that order."""
    result: dict[str, np.ndarray] = {}
    for key, value in state.items():
        name, half = lucid_name(key)
        if half == 0:
            value = np.concatenate([value, state[key.replace(".self.key.", ".self.value.")]])
        if half != 1:
            result[name] = value
    return result
