"""Special functions: the gamma function's logarithm and its derivatives, and logarithms that meet infinities well."""

import math
from operator import index
from typing import Any

from ..autograd.operation import apply, primitive
from ..tensor import Tensor
from .arguments import FLOATING, REAL_FLOATING, Axis, axes, broadcast_shapes, ready, together
from .data_types import astype
from .elementwise import (
    Operand,
    abs,
    elementwise,
    equal,
    exp,
    isfinite,
    isinf,
    less,
    less_equal,
    log,
    logical_and,
    logical_or,
)
from .searching import where
from .statistical import exact, max, sum

__all__ = ["digamma", "lerp", "lgamma", "logsumexp", "polygamma", "trigamma", "xlogy"]


@elementwise(REAL_FLOATING, x=lambda xp, g, x: g * xp.polygamma(x, n=0))
def lgamma(x: Tensor, /) -> Tensor:
    """The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ..."""


@primitive(x=lambda xp, g, x, n: g * xp.polygamma(x, n=n + 1))
def polygamma(x: Tensor, /, n: int) -> Tensor:
    """The derivative of order n + 1 of `lgamma`. At -1, -2, ... it is infinite if n is odd, and nan if n is even.

    Raises ValueError for a negative n.
    """
    x = ready("polygamma", REAL_FLOATING, x)
    if index(n) < 0:
        raise ValueError(f"polygamma: n={n}; wanted an order of at least 0")
    return apply(polygamma, x, n=index(n))


def digamma(x: Tensor, /) -> Tensor:
    """The derivative of `lgamma`; nan at -1, -2, ..., where its sign depends on the side that one comes from."""
    return polygamma(ready("digamma", REAL_FLOATING, x), 0)


def trigamma(x: Tensor, /) -> Tensor:
    """The second derivative of `lgamma`; infinite at 0, -1, -2, ..."""
    return polygamma(ready("trigamma", REAL_FLOATING, x), 1)


def logsumexp(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
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
