"""Starting values, set in place: each function fills a tensor, unrecorded, and returns it."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .. import random
from ..autograd import no_grad
from ..errors import ShapeError
from ..ops.creation import full_like
from ..random import Generator
from ..tensor import Tensor

__all__ = [
    "constant_", "kaiming_uniform_", "normal_", "ones_", "skipped", "trunc_normal_", "uniform_", "xavier_uniform_",
    "zeros_",
]  # fmt: skip

_skipping: ContextVar[bool] = ContextVar("skipping", default=False)


@contextmanager
def skipped() -> Iterator[None]:
    """Fill nothing for the length of a with block: for modules whose values are about to be loaded.

    >>> from lucid import nn
    >>> with skipped():
    ...     layer = nn.Linear(2, 1)
    >>> layer.weight.tolist()
    [[0.0, 0.0]]
    """
    token = _skipping.set(True)
    try:
        yield
    finally:
        _skipping.reset(token)


def _fill(tensor: Tensor, values: Callable[[], Tensor]) -> Tensor:
    if not _skipping.get():
        with no_grad():
            tensor.copy_(values())
    return tensor


def _draw(tensor: Tensor, generator: Generator | None, draw: Callable[..., Tensor], *numbers: float) -> Tensor:
    options = {"dtype": tensor.dtype, "device": tensor.device, "generator": generator}
    return _fill(tensor, lambda: draw(tensor.shape, *numbers, **options))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number."""
    return _fill(tensor, lambda: full_like(tensor, val))


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers that are equally likely everywhere from a up to but without b."""
    return _draw(tensor, generator, random.uniform, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers."""
    return _draw(tensor, generator, random.normal, mean, std)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normally distributed numbers from a to b, which are values and not multiples of `std`.

    >>> import lucid
    >>> x = trunc_normal_(lucid.zeros(100), std=0.02, a=-0.04, b=0.04)
    >>> bool((x.abs() <= 0.04).all())
    True
    """
    return _draw(tensor, generator, random.truncated_normal, mean, std, a, b)


GAIN = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill uniformly from -r to r with r = gain sqrt(3 / fan), so that activations (fan_in) or gradients (fan_out) keep
    their size. The gain is that of the nonlinearity; `a` is the slope of a leaky_relu below 0.

    He et al., Delving Deep into Rectifiers, 2015 (arXiv 1502.01852). Raises ValueError for another mode or
    nonlinearity, ShapeError for a tensor of fewer than two axes.
    """
    gains = GAIN | {"leaky_relu": math.sqrt(2 / (1 + a * a))}
    if mode not in FANS or nonlinearity not in gains:
        raise ValueError(
            f"kaiming_uniform_: got mode={mode!r}, nonlinearity={nonlinearity!r}; choose mode among {', '.join(FANS)} "
            f"and nonlinearity among {', '.join(gains)}"
        )
    r = gains[nonlinearity] * math.sqrt(3 / fans("kaiming_uniform_", tensor)[FANS.index(mode)])
    return uniform_(tensor, -r, r, generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill uniformly from -r to r with r = gain sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010. Raises
    ShapeError for a tensor of fewer than two axes.
    """
    r = gain * math.sqrt(6 / sum(fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -r, r, generator)


FANS = ("fan_in", "fan_out")


def fans(function: str, weight: Tensor) -> tuple[int, int]:
    """How many inputs each output sees, and how many outputs each input, for a weight (out, in, ...)."""
    if weight.ndim < 2:
        raise ShapeError(f"{function}: the shape is {weight.shape}; wanted (out, in, ...), two axes or more")
    outputs, inputs, *kernel = weight.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)
