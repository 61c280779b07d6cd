"""Write tests/models/golden/*.npz: what Hugging Face's PVT computes with the weights of tests/models/recipe.py.

    python tools/make_golden.py

Needs torch and transformers (2.13.0 and 5.23.0 made the files there). Everything is computed in float64, so that the
files say what is true and not what one library rounds to. The LayerNorms get the eps of the official code, which are
lucid's defaults: Hugging Face has 1e-6 everywhere.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import PvtConfig, PvtForImageClassification

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.models import recipe  # noqa: E402
from tests.models.hugging_face import hugging_face_to_lucid, lucid_name  # noqa: E402

CASES = {  # depths, size and number of images
    "pvt_tiny_224": ([2, 2, 2, 2], 224, 1),
    "pvt_small_224": ([3, 4, 6, 3], 224, 1),
    "pvt_tiny_64": ([2, 2, 2, 2], 64, 2),
}


def model_of(depths: list[int], size: int) -> PvtForImageClassification:
    model = PvtForImageClassification(PvtConfig(depths=depths, image_size=size, num_labels=1000)).double().eval()
    for name, module in model.named_modules():
        if name.endswith(".layer_norm") and ("patch_embeddings" in name or "attention" in name):
            module.eps = 1e-5
    state = model.state_dict()
    for key, value in state.items():
        name, half = lucid_name(key)
        shape = value.shape if half is None else (2 * value.shape[0], *value.shape[1:])
        whole = torch.from_numpy(recipe.weights(name, shape))
        state[key] = whole if half is None else whole.chunk(2)[half]
    model.load_state_dict(state)
    return model


def main() -> None:
    for case, (depths, size, count) in CASES.items():
        model = model_of(depths, size)
        logits = model(torch.from_numpy(recipe.images((count, 3, size, size)))).logits
        (logits * torch.from_numpy(recipe.loss_weights(logits.shape))).sum().backward()
        gradients = hugging_face_to_lucid({name: p.grad.numpy() for name, p in model.named_parameters()})
        file = ROOT / "tests" / "models" / "golden" / f"{case}.npz"
        np.savez_compressed(
            file,
            logits=logits.detach().numpy(),
            names=np.array(list(gradients)),
            norms=np.array([np.linalg.norm(g) for g in gradients.values()]),
            slices=np.array([g.ravel()[[0, g.size // 2, -1]] for g in gradients.values()]),
        )
        print(f"{file.name}: {file.stat().st_size:,} bytes, logits {logits.min():.3f} to {logits.max():.3f}")


if __name__ == "__main__":
    main()
