"""Noise: what is dropped in training, of elements, channels and paths.

`inplace` is taken as activations take it: it changes nothing.
"""

from collections.abc import Callable

from ... import random
from ...errors import ShapeError
from ...ops.activation import dropped
from ...ops.arguments import REAL_FLOATING, number, ready, tensor
from ...ops.searching import where
from ...tensor import Tensor

__all__ = [
    "alpha_dropout", "drop_path", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
]  # fmt: skip


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> dropout(lucid.ones(2), p=1.0).tolist()
    [0.0, 0.0]
    """
    input = tensor("dropout", input, "input")
    return _dropped("dropout", input, input.shape, p) if training and number("dropout", p, "p") else input


def drop_path(input: Tensor, p: float = 0.0, training: bool = True) -> Tensor:
    """In training, each input[i] is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> drop_path(lucid.ones(2), p=0.5, training=False).tolist()
    [1.0, 1.0]
    """
    input = tensor("drop_path", input, "input")
    each = (*input.shape[:1], *(1,) * (input.ndim - 1))
    return _dropped("drop_path", input, each, p) if training and number("drop_path", p, "p") else input


def _channel_dropout(space: int) -> Callable[..., Tensor]:
    name = f"dropout{space}d"

    def call(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """In training, each channel of (n, c, ...) or (c, ...) is 0 with probability p and x / (1 - p) otherwise.

        Raises ShapeError for other shapes, ValueError for p outside [0, 1].
        """
        probability(name, p)
        if tensor(name, input, "input").ndim not in (space + 1, space + 2):
            raise ShapeError(f"{name}: input has shape {input.shape}; wanted {space} axes behind (n, c) or (c,)")
        return _dropped(name, input, _channels(input, space), p) if training and p else input

    call.__name__ = call.__qualname__ = name
    return call


def _channels(input: Tensor, space: int) -> tuple[int, ...]:
    """The shape of a number for each channel."""
    return (*input.shape[: input.ndim - space], *(1,) * space)


dropout1d, dropout2d, dropout3d = map(_channel_dropout, (1, 2, 3))


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1: what is dropped becomes the lowest value of selu, and all is rescaled.

    Klambauer et al., Self-Normalizing Neural Networks, 2017 (arXiv 1706.02515). Raises ValueError for p outside [0, 1].
    """
    input = tensor("alpha_dropout", input, "input")
    return _alpha_dropped("alpha_dropout", input, input.shape, p, training)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """alpha_dropout of whole channels of (n, c, ...). Raises ShapeError without channels, ValueError for a wrong p."""
    if tensor("feature_alpha_dropout", input, "input").ndim < 2 and training:
        raise ShapeError(f"feature_alpha_dropout: input has shape {input.shape}; wanted (n, c, ...)")
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2))
    return _alpha_dropped("feature_alpha_dropout", input, shape, p, training)


LOWEST = -1.7580993408473766  # of selu


def _alpha_dropped(function: str, input: Tensor, shape: tuple[int, ...], p: float, training: bool) -> Tensor:
    if not probability(function, p) or not training:
        return input
    input = ready(function, REAL_FLOATING, input, "input")
    scale = ((1 - p) * (1 + p * LOWEST**2)) ** -0.5 if p < 1 else 0.0
    kept = random.bernoulli(shape, 1 - p, device=input.device)
    return where(kept, input, LOWEST) * scale - scale * LOWEST * p


def _dropped(function: str, input: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    input = ready(function, REAL_FLOATING, input, "input")
    kept = random.bernoulli(shape, 1 - probability(function, p), device=input.device)
    return dropped(input, kept, scale=1 / (1 - p) if p < 1 else 0.0)


def probability(function: str, p: float) -> float:
    """p itself. Raises ValueError if it is not a probability."""
    if not 0 <= number(function, p, "p") <= 1:
        raise ValueError(f"{function}: p={p}; wanted a probability, from 0 to 1")
    return p
