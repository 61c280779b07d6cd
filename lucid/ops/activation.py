"""Softmax, and functions of each element that have a composite of their own."""

import math

from ..autograd.operation import apply, composite, primitive
from ..tensor import Tensor
from .arguments import REAL_FLOATING, one_axis, precise, ready
from .elementwise import erf, tanh

__all__ = ["gelu", "log_softmax", "softmax"]


@primitive(x=lambda xp, g, out, axis: out * (g - xp.sum(g * out, axis=(axis,), keepdims=True)))
def softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    """exp(x) divided by its sum along an axis, computed without overflow.

    >>> import lucid
    >>> softmax(lucid.zeros(2))
    tensor([0.5, 0.5], dtype=float32, device='cpu')
    """
    x = ready("softmax", precise(REAL_FLOATING), x)
    return apply(softmax, x, axis=one_axis("softmax", x.ndim, axis))


@primitive(x=lambda xp, g, out, axis: g - xp.exp(out) * xp.sum(g, axis=(axis,), keepdims=True))
def log_softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    """The logarithm of `softmax`, exact where that is close to 0."""
    x = ready("log_softmax", precise(REAL_FLOATING), x)
    return apply(log_softmax, x, axis=one_axis("log_softmax", x.ndim, axis))


@composite
def _gelu(x: Tensor, /) -> Tensor:
    return x * 0.5 * (erf(x * math.sqrt(0.5)) + 1)


@composite
def _gelu_tanh(x: Tensor, /) -> Tensor:
    return x * 0.5 * (tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)) + 1)


def gelu(x: Tensor, /, *, approximate: bool = False) -> Tensor:
    """x times the probability that a standard normal number is below x; with tanh in place of erf if `approximate`.

    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016 (arXiv 1606.08415).
    """
    x = ready("gelu", REAL_FLOATING, x)
    return _gelu_tanh(x) if approximate else _gelu(x)
