"""The model that a command works with."""

import os
from typing import Any

from .. import models, random

__all__ = ["about_weights", "load_model"]


def load_model(name: str, weights: str | os.PathLike[str] | None, seed: int) -> Any:
    """A model in eval mode, with random weights, or those that `create_model` takes: of a file, or of the Hub.

    Raises CheckpointError for weights that are not those of the model.
    """
    random.seed(seed)
    return models.create_model(name, weights=weights).eval()


def about_weights(weights: str | os.PathLike[str] | None, seed: int) -> str:
    """What to say of the weights, wherever a result is shown."""
    return f"RANDOM weights (seed {seed})" if weights is None else f"weights of {weights}"
