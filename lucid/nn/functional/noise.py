"""Noise: what is dropped in training, of elements, channels and paths."""

from ... import random
from ...ops.arguments import REAL_FLOATING, ready
from ...ops.searching import where
from ...tensor import Tensor

__all__ = ["drop_path", "dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, each element is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> dropout(lucid.ones(2), p=1.0).tolist()
    [0.0, 0.0]
    """
    return _dropped("dropout", input, input.shape, p) if training and p else input


def drop_path(input: Tensor, p: float = 0.0, training: bool = True) -> Tensor:
    """In training, each input[i] is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> drop_path(lucid.ones(2), p=0.5, training=False).tolist()
    [1.0, 1.0]
    """
    return _dropped("drop_path", input, (*input.shape[:1], *(1,) * (input.ndim - 1)), p) if training and p else input


def _dropped(function: str, input: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    input = ready(function, REAL_FLOATING, input, "input")
    kept = random.bernoulli(shape, 1 - probability(function, p), device=input.device)
    return where(kept, input * (1 / (1 - p) if p < 1 else 0.0), 0.0)


def probability(function: str, p: float) -> float:
    """p itself. Raises ValueError if it is not a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{function}: p={p}; wanted a probability, from 0 to 1")
    return p
