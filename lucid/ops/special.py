"""Special functions: the gamma function's logarithm, tails of the normal distribution, logarithms that keep digits."""

import builtins
import math
from typing import Any

from ..autograd.operation import apply, primitive
from ..tensor import Tensor
from .arguments import FLOATING, REAL_FLOATING, Axis, axes, broadcast_shapes, one_axis, ready, together, whole
from .data_types import astype
from .doors import Operand, elementwise
from .elementwise import (
    abs,
    equal,
    exp,
    isfinite,
    isinf,
    less,
    less_equal,
    log,
    log1p,
    logaddexp,
    logical_and,
    logical_or,
    sin,
    square,
)
from .manipulation import concat
from .searching import where
from .statistical import exact, max, sum

__all__ = [
    "digamma", "erfc", "erfcx", "i0", "i0e", "i1", "i1e", "lerp", "lgamma", "log_ndtr", "logcumsumexp", "logit",
    "logsumexp", "ndtr", "polygamma", "sinc", "trigamma", "xlogy",
]  # fmt: skip


@elementwise(REAL_FLOATING, x=lambda xp, g, x: g * xp.polygamma(x, n=0))
def lgamma(x: Tensor, /) -> Tensor:
    """The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ..."""


@primitive(x=lambda xp, g, x, n: g * xp.polygamma(x, n=n + 1))
def polygamma(x: Tensor, /, n: int) -> Tensor:
    """The derivative of order n + 1 of `lgamma`. At -1, -2, ... it is infinite if n is odd, and nan if n is even.

    Raises ValueError for a negative n.
    """
    x = ready("polygamma", REAL_FLOATING, x)
    n = whole("polygamma", n, "n")
    if n < 0:
        raise ValueError(f"polygamma: n={n}; wanted an order of at least 0")
    return apply(polygamma, x, n=n)


def digamma(x: Tensor, /) -> Tensor:
    """The derivative of `lgamma`; nan at -1, -2, ..., where its sign depends on the side that one comes from."""
    return polygamma(ready("digamma", REAL_FLOATING, x), 0)


def trigamma(x: Tensor, /) -> Tensor:
    """The second derivative of `lgamma`; infinite at 0, -1, -2, ..."""
    return polygamma(ready("trigamma", REAL_FLOATING, x), 1)


# --- The normal distribution -----------------------------------------------------------------------------------------


@elementwise(REAL_FLOATING, x=lambda xp, g, x: g * (-2 / math.sqrt(math.pi)) * xp.exp(-x * x))
def erfc(x: Tensor, /) -> Tensor:
    """1 - erf(x), with all its digits where it is small."""


@elementwise(REAL_FLOATING, x=lambda g, x, out: g * (2 * x * out - 2 / math.sqrt(math.pi)))
def erfcx(x: Tensor, /) -> Tensor:
    """exp(x^2) erfc(x), which does not vanish for large x."""


def ndtr(x: Tensor, /) -> Tensor:
    """The share of a standard normal distribution that lies below x.

    >>> import lucid
    >>> ndtr(lucid.asarray([0.0, 2.0]))
    tensor([0.5       , 0.97724986], dtype=float32, device='cpu')
    """
    x = ready("ndtr", REAL_FLOATING, x)
    return astype(erfc(exact(x) * -math.sqrt(0.5)) * 0.5, x.dtype, copy=False)


def log_ndtr(x: Tensor, /) -> Tensor:
    """The logarithm of `ndtr`, which stays finite far below 0.

    >>> import lucid
    >>> log_ndtr(lucid.asarray([-100.0]))
    tensor([-5005.5244], dtype=float32, device='cpu')
    """
    x = ready("log_ndtr", REAL_FLOATING, x)
    wide, below = exact(x), less(x, -1)
    small, large = where(below, wide, -1.0), where(below, -1.0, wide)
    tail = log(erfcx(small * -math.sqrt(0.5)) * 0.5) - square(small) * 0.5
    return astype(where(below, tail, log1p(erfc(large * math.sqrt(0.5)) * -0.5)), x.dtype, copy=False)


# --- Modified Bessel functions ---------------------------------------------------------------------------------------


def _bessel_slope(xp: Any, g: Any, x: Any, out: Any, n: int, scaled: bool) -> Any:
    """DLMF 10.29.1, without a quotient that would be 0 / 0 at 0."""
    beside = xp.bessel_i(x, n=builtins.abs(n - 1), scaled=scaled) + xp.bessel_i(x, n=n + 1, scaled=scaled)
    return g * (beside * 0.5 - xp.sign(x) * out if scaled else beside * 0.5)


@primitive(x=_bessel_slope)
def bessel_i(x: Tensor, /, n: int, scaled: bool) -> Tensor:
    """The modified Bessel function of the first kind I_n(x); `scaled`, times exp(-|x|)."""
    return apply(bessel_i, ready("bessel_i", REAL_FLOATING, x), n=n, scaled=scaled)


def i0(x: Tensor, /) -> Tensor:
    """The modified Bessel function of the first kind and order 0.

    >>> import lucid
    >>> i0(lucid.asarray([0.0, 1.0]))
    tensor([1.      , 1.266066], dtype=float32, device='cpu')
    """
    return bessel_i(ready("i0", REAL_FLOATING, x), 0, False)


def i0e(x: Tensor, /) -> Tensor:
    """exp(-|x|) i0(x), which does not overflow."""
    return bessel_i(ready("i0e", REAL_FLOATING, x), 0, True)


def i1(x: Tensor, /) -> Tensor:
    """The modified Bessel function of the first kind and order 1, the derivative of `i0`."""
    return bessel_i(ready("i1", REAL_FLOATING, x), 1, False)


def i1e(x: Tensor, /) -> Tensor:
    """exp(-|x|) i1(x), which does not overflow."""
    return bessel_i(ready("i1e", REAL_FLOATING, x), 1, True)


# --- Logarithms and sines that keep digits ---------------------------------------------------------------------------


def logit(x: Tensor, /) -> Tensor:
    """log(x / (1 - x)), the inverse of `sigmoid`; nan outside [0, 1].

    >>> import lucid
    >>> logit(lucid.asarray([0.5, 1.0]))
    tensor([ 0., inf], dtype=float32, device='cpu')
    """
    x = ready("logit", REAL_FLOATING, x)
    wide = exact(x)
    return astype(log(wide) - log1p(-wide), x.dtype, copy=False)


def sinc(x: Tensor, /) -> Tensor:
    """sin(pi x) / (pi x), which is 1 at 0.

    >>> import lucid
    >>> sinc(lucid.asarray([0.0, 0.5]))
    tensor([1.        , 0.63661975], dtype=float32, device='cpu')
    """
    x = ready("sinc", FLOATING, x)
    angle = exact(x) * math.pi
    near = less(abs(angle), 0.5)
    few, many = where(near, angle, 0.0), where(near, 1.0, angle)
    series, squared = 0.0, square(few)
    for k in range(8, -1, -1):  # Taylor's, so that gradients of any order have their digits
        series = series * squared + (-1) ** k / math.factorial(2 * k + 1)
    return astype(where(near, series, sin(many) / many), x.dtype, copy=False)


def logcumsumexp(x: Tensor, /, axis: int = -1) -> Tensor:
    """The `logsumexp` of the first 1, 2, 3, ... elements along an axis.

    >>> import lucid
    >>> logcumsumexp(lucid.asarray([0.0, 0.0, 0.0]))
    tensor([0.       , 0.6931472, 1.0986123], dtype=float32, device='cpu')
    """
    x = ready("logcumsumexp", REAL_FLOATING, x)
    axis, by = one_axis("logcumsumexp", x.ndim, axis), 1
    out, lead = exact(x), [slice(None)] * axis
    while by < x.shape[axis]:  # after each step an element knows of twice as many before it
        first, early, late = ((*lead, part) for part in (slice(by), slice(-by), slice(by, None)))
        out, by = concat([out[first], logaddexp(out[late], out[early])], axis=axis), 2 * by
    return astype(out, x.dtype, copy=False)


def logsumexp(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) along axes, all of them for None, without overflow; minus infinity for no elements.

    >>> import lucid
    >>> logsumexp(lucid.asarray([0.0, 0.0]))
    tensor(0.6931472, dtype=float32, device='cpu')
    """
    x = ready("logsumexp", REAL_FLOATING, x)
    wide, along = exact(x), axes("logsumexp", x, axis)
    if not math.prod(x.shape[a] for a in along):
        return astype(log(sum(exp(wide), axis=along, keepdims=keepdims)), x.dtype, copy=False)
    top = max(wide.detach(), axis=along, keepdims=True)
    top = where(isfinite(top), top, 0.0)
    out = log(sum(exp(wide - top), axis=along, keepdims=keepdims))
    return astype(out + (top if keepdims else top.reshape(out.shape)), x.dtype, copy=False)


def xlogy(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 log(x2), which is 0 where x1 is 0, unless x2 is nan.

    >>> import lucid
    >>> xlogy(lucid.asarray([0.0, 2.0]), lucid.asarray([0.0, 1.0]))
    tensor([0., 0.], dtype=float32, device='cpu')
    """
    x1, x2 = together("xlogy", REAL_FLOATING, x1, x2)
    broadcast_shapes("xlogy", x1.shape, x2.shape)
    vanishes = logical_and(equal(x1, 0), logical_or(less_equal(x2, 0), isinf(x2)))
    return x1 * log(where(vanishes, 1.0, x2))


def lerp(x1: Tensor, x2: Tensor, weight: Any, /) -> Tensor:
    """x1 + weight (x2 - x1): on the line from x1, at weight 0, to x2, at weight 1, both of which are met exactly.

    >>> import lucid
    >>> lerp(lucid.asarray([0.0, 10.0]), lucid.asarray([10.0, 20.0]), 0.25)
    tensor([ 2.5, 12.5], dtype=float32, device='cpu')
    """
    x1, x2, weight = together("lerp", FLOATING, x1, x2, weight)
    broadcast_shapes("lerp", x1.shape, x2.shape, weight.shape)
    dtype = x1.dtype
    x1, x2, weight = exact(x1), exact(x2), exact(weight)
    along = x2 - x1
    out = where(less(abs(weight), 0.5), x1 + weight * along, x2 - along * (1 - weight))
    return astype(out, dtype, copy=False)
