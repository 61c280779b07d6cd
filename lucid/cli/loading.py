"""The model that a command works with."""

import os
from typing import Any

from .. import models, random
from ..errors import CheckpointError
from ..io import load_safetensors

__all__ = ["about_weights", "load_model"]


def load_model(name: str, weights: str | os.PathLike[str] | None, seed: int) -> Any:
    """A model in eval mode, with random weights, or those in a safetensors file, whose shapes then say which head and
    whether there is an output projection.

    Raises CheckpointError for a file that does not hold them.
    """
    random.seed(seed)
    if weights is None:
        return models.create_model(name).eval()
    state = load_safetensors(weights, "cpu")
    if "head.weight" not in state:
        raise CheckpointError(
            f"{weights} holds no weights of a PVT: there is no head.weight among {len(state)} tensors"
        )
    classes, projected = state["head.weight"].shape[0], "block1.0.attn.proj.weight" in state
    model = models.create_model(name, num_classes=classes, out_proj=projected)
    try:
        model.load_state_dict(state)
    except CheckpointError as error:
        raise CheckpointError(f"{weights}: {error}") from None
    return model.eval()


def about_weights(weights: str | os.PathLike[str] | None, seed: int) -> str:
    """What to say of the weights, wherever a result is shown."""
    return f"RANDOM weights (seed {seed})" if weights is None else f"weights of {weights}"
