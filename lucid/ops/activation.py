"""Softmax and the losses of classes, and functions of each element that have a composite of their own."""

import math

from ..autograd.graph import offer
from ..autograd.operation import apply, composite, primitive
from ..tensor import Tensor
from .arguments import REAL_FLOATING, one_axis, precise, ready
from .elementwise import clip, erf, exp, expm1, greater, log1p, sigmoid, tanh
from .searching import where
from .statistical import sum

__all__ = ["gelu", "log_softmax", "softmax"]

PRECISE = precise(REAL_FLOATING)


@offer
def softmax_slope(out: Tensor, g: Tensor, /, *, axis: int) -> Tensor:
    """The gradient of x for a softmax and its gradient g."""
    return out * (g - sum(g * out, axis=axis, keepdims=True))


@offer
def log_softmax_slope(out: Tensor, g: Tensor, /, *, axis: int) -> Tensor:
    """The same for the logarithm of softmax."""
    return g - exp(out) * sum(g, axis=axis, keepdims=True)


@primitive(keeps_dtype=True, x=lambda xp, g, out, axis: xp.softmax_slope(out, g, axis=axis))
def softmax(x: Tensor, /, axis: int = -1) -> Tensor:
    """exp(x) divided by its sum along an axis, computed without overflow.

    >>> import lucid
    >>> softmax(lucid.zeros(2))
    tensor([0.5, 0.5], dtype=float32, device='cpu')
    """
    x = ready("softmax", PRECISE, x)
    return apply(softmax, x, axis=one_axis("softmax", x.ndim, axis))


@primitive(keeps_dtype=True, x=lambda xp, g, out, axis: xp.log_softmax_slope(out, g, axis=axis))
def log_softmax(x: Tensor, /, axis: int = -1) -> Tensor:
    """The logarithm of `softmax`, exact where that is close to 0."""
    x = ready("log_softmax", PRECISE, x)
    return apply(log_softmax, x, axis=one_axis("log_softmax", x.ndim, axis))


# --- Functions of each element ---------------------------------------------------------------------------------------


@composite
def relu(x: Tensor, /) -> Tensor:
    """max(x, 0), with the gradient 0 at 0."""
    return where(x <= 0, 0, x)


@composite
def hardtanh(x: Tensor, /, *, low: float, high: float) -> Tensor:
    """x between two numbers, where the gradient is 0."""
    return where(x <= low, low, where(x >= high, high, x))


@composite
def leaky_relu(x: Tensor, /, *, slope: float) -> Tensor:
    """x where it is positive, `slope` times x elsewhere."""
    return where(x > 0, x, x * slope)


@composite
def hardswish(x: Tensor, /) -> Tensor:
    """x times (x + 3) / 6, which is 0 at least and 1 at most."""
    near = clip(x, -3.0, 3.0)  # so that no infinity meets 0 in the gradient
    return where(x <= -3, 0.0, where(x >= 3, x, near * ((near + 3) / 6)))


@composite
def exponential_linear(x: Tensor, /, *, alpha: float, width: float, scale: float) -> Tensor:
    """`scale` times x where it is positive, and times alpha (exp(x / width) - 1) elsewhere."""
    negative = where(x > 0, 0.0, x)  # so that no large number meets exp, nor its gradient
    return where(x > 0, x * scale, expm1(negative / width) * (alpha * scale))


@composite
def silu(x: Tensor, /) -> Tensor:
    """x / (1 + exp(-x)) for real x."""
    return x * sigmoid(x)


@composite
def softplus(x: Tensor, /, *, beta: float, threshold: float) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above the threshold."""
    linear = greater(x * beta, threshold)
    return where(linear, x, log1p(exp(where(linear, 0.0, x) * beta)) / beta)


@composite
def mish(x: Tensor, /) -> Tensor:
    """x tanh(log(1 + exp(x)))."""
    return x * tanh(softplus(x, beta=1.0, threshold=20.0))


@composite
def dropped(x: Tensor, kept: Tensor, /, *, scale: float) -> Tensor:
    """x times `scale` where bools say that it is kept, which broadcast to x; 0 elsewhere."""
    return where(kept, x * scale, 0.0)


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
