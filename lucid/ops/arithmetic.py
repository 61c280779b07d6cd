"""Arithmetic beyond the standard: remainders towards 0, common divisors, steps."""

from ..tensor import Tensor
from .arguments import INTEGERS, REAL_FLOATING, REAL_NUMERIC, broadcast_shapes, ready, together
from .data_types import astype
from .doors import Operand, elementwise
from .elementwise import abs, equal, floor_divide, greater, isnan, less, remainder, trunc
from .searching import where

__all__ = ["fmod", "frac", "gcd", "heaviside", "lcm"]


def fmod(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 - trunc(x1 / x2) * x2, which has the sign of x1; `remainder` has that of x2.

    >>> import lucid
    >>> fmod(lucid.asarray([-7.0, 7.0]), 3.0)
    tensor([-1.,  1.], dtype=float32, device='cpu')
    """
    x1, x2 = together("fmod", REAL_NUMERIC, x1, x2)
    broadcast_shapes("fmod", x1.shape, x2.shape)
    if x1.dtype.kind not in INTEGERS.kinds:
        x1 = where(less(abs(x1), float("inf")), x1, float("nan"))
    turned = less(x1, 0)
    rest = remainder(where(turned, -x1, x1), where(less(x2, 0), -x2, x2))
    return where(turned, -rest, rest)


def frac(x: Tensor, /) -> Tensor:
    """x - trunc(x), which has the sign of x.

    >>> import lucid
    >>> frac(lucid.asarray([1.5, -2.25]))
    tensor([ 0.5 , -0.25], dtype=float32, device='cpu')
    """
    x = ready("frac", REAL_FLOATING, x)
    return x - trunc(x)


def heaviside(x1: Operand, x2: Operand, /) -> Tensor:
    """0 where x1 is negative, x2 where it is 0, and 1 where it is positive; nan where it is nan.

    >>> import lucid
    >>> heaviside(lucid.asarray([-1.0, 0.0, 2.0]), 0.5)
    tensor([0. , 0.5, 1. ], dtype=float32, device='cpu')
    """
    x1, x2 = together("heaviside", REAL_NUMERIC, x1, x2)
    broadcast_shapes("heaviside", x1.shape, x2.shape)
    step = where(equal(x1, 0), x2, astype(greater(x1, 0), x1.dtype))
    return where(isnan(x1), x1, step)


@elementwise(INTEGERS)
def gcd(x1: Operand, x2: Operand, /) -> Tensor:
    """The largest integer that divides both; 0 for 0 and 0."""


def lcm(x1: Operand, x2: Operand, /) -> Tensor:
    """The least integer that both divide, without a sign; 0 where one is 0.

    >>> import lucid
    >>> lcm(lucid.asarray([4, 6, 0]), 6)
    tensor([12,  6,  0], dtype=int64, device='cpu')
    """
    x1, x2 = together("lcm", INTEGERS, x1, x2)
    broadcast_shapes("lcm", x1.shape, x2.shape)
    divisor = gcd(x1, x2)
    return abs(floor_divide(x1, where(equal(divisor, 0), 1, divisor)) * x2)
