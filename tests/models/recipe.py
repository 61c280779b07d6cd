"""Weights and images by formula, so that golden values need none stored: the same numbers on every machine, forever."""

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any
from zlib import crc32

import numpy as np

PRIME = 1000003


def noise(name: str, shape: Sequence[int]) -> np.ndarray:
    """Numbers in [-1, 1) that look random: a n^2 + b n + b modulo a prime, in integers, with b made of the name."""
    n = np.arange(prod(shape), dtype=np.int64) % PRIME
    b = crc32(name.encode()) % PRIME
    return ((n * n % PRIME * 7919 + n * b + b) % PRIME / PRIME * 2 - 1).reshape(shape)


def weights(name: str, shape: Sequence[int]) -> np.ndarray:
    """A parameter: of a norm near 1, of a Linear or a convolution such that outputs are as large as inputs."""
    if len(shape) > 1 and name.endswith(".weight"):
        return noise(name, shape) * sqrt(3 / prod(shape[1:]))
    return noise(name, shape) * 0.2 + ("norm" in name and name.endswith(".weight"))


def images(shape: Sequence[int]) -> np.ndarray:
    return noise("images", shape) * 2


def loss_weights(shape: Sequence[int]) -> np.ndarray:
    """The loss is the sum of the scores times these, so that every score counts and none counts the same."""
    return noise("loss", shape)


def load(model: Any) -> Any:
    """Give a lucid model its weights."""
    import lucid

    like = {name: (x.shape, x.dtype) for name, x in model.state_dict().items()}
    model.load_state_dict({n: lucid.asarray(weights(n, s), dtype=d, device="cpu") for n, (s, d) in like.items()})
    return model
