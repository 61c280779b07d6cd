"""Functions of each element, or of pairs that broadcast: one declaration each, its gradient beside its name."""

import builtins
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from ..dtypes import BOOL, COMPLEX, REAL, SIGNED, UNSIGNED, DType
from ..tensor import Tensor
from .arguments import (
    ANY,
    ARITHMETIC,
    BITS,
    FLOATING,
    INTEGERS,
    LOGICAL,
    NUMERIC,
    ORDERED,
    REAL_FLOATING,
    REAL_NUMERIC,
    Domain,
    precise,
    scalar_type,
    tensor,
)
from .data_types import iinfo
from .doors import Operand, elementwise
from .searching import where

__all__ = [
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "clip", "conj", "copysign",
    "cos", "cosh", "divide", "equal", "erf", "erfinv", "exp", "expm1", "floor", "floor_divide", "greater",
    "greater_equal", "hypot", "imag", "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log10", "log1p",
    "log2", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "multiply",
    "negative", "nextafter", "not_equal", "positive", "pow", "real", "reciprocal", "remainder", "round", "rsqrt",
    "sigmoid", "sign", "signbit", "sin", "sinh", "sqrt", "square", "subtract", "tan", "tanh", "trunc",
]  # fmt: skip


def _where(xp: Any, mask: Any, g: Any) -> Any:
    """g where mask, 0 elsewhere: a zero that infinities and nans in g cannot spoil."""
    return xp.where(mask, g, xp.zeros_like(g))


def _unless(xp: Any, beaten: Any, g: Any, equal: Any) -> Any:
    """g for the one of two values that is not beaten, half of it for each of equal ones; all for both if one is nan."""
    return xp.where(equal, g * 0.5, xp.where(beaten, xp.zeros_like(g), g))


# --- Arithmetic ------------------------------------------------------------------------------------------------------


@elementwise(ARITHMETIC, x1=lambda g: g, x2=lambda g: g)
def add(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 + x2; of bools, or."""


@elementwise(NUMERIC, x1=lambda g: g, x2=lambda g: -g)
def subtract(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 - x2."""


@elementwise(ARITHMETIC, x1=lambda g, x2: g * x2, x2=lambda g, x1: g * x1)
def multiply(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 * x2; of bools, and."""


@elementwise(FLOATING, x1=lambda g, x2: g / x2, x2=lambda g, x2, out: -g * out / x2)
def divide(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 / x2, in floating point for integers too."""


def _of_integers(power: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """Refuse an integer to a negative power that is a number, as NumPy and PyTorch do: no integer is 2 ** -1."""

    @wraps(power)
    def call(x1: Any, x2: Any, /) -> Tensor:
        whole = not isinstance(x2, Tensor) and isinstance(x1, Tensor) and x1.dtype.kind in (SIGNED, UNSIGNED)
        if whole and scalar_type("pow", x2) is int and x2 < 0:
            raise ValueError(f"pow: {x1.dtype.name} to the power {x2} is no integer; convert with x.astype first")
        return power(x1, x2)

    return call


@_of_integers
@elementwise(
    precise(NUMERIC),
    x1=lambda xp, g, x1, x2: _where(xp, x2 != 0, g * x2 * xp.pow(x1, xp.where(x2 == 0, xp.ones_like(x2), x2 - 1))),
    x2=lambda xp, g, x1, out: _where(xp, (x1 != 0) | xp.isinf(out), g * out * xp.log(x1)),
)
def pow(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 to the power x2. An integer to a negative power that a tensor holds is 0, but for 1 and -1.

    Raises ValueError for an integer to a negative power that is a number.
    """


@elementwise(REAL_NUMERIC, x1=lambda xp, g: xp.zeros_like(g), x2=lambda xp, g: xp.zeros_like(g))
def floor_divide(x1: Operand, x2: Operand, /) -> Tensor:
    """The largest integer that is at most x1 / x2."""


@elementwise(REAL_NUMERIC, x1=lambda g: g, x2=lambda xp, g, x1, x2: -g * xp.floor(x1 / x2))
def remainder(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 - floor(x1 / x2) * x2, which has the sign of x2."""


@elementwise(NUMERIC, x=lambda g: -g)
def negative(x: Tensor, /) -> Tensor:
    """-x."""


@elementwise(NUMERIC, x=lambda g: g)
def positive(x: Tensor, /) -> Tensor:
    """+x."""


@elementwise(NUMERIC, holomorphic=False, x=lambda xp, g, x: g * xp.sign(x))
def abs(x: Tensor, /) -> Tensor:
    """The absolute value; its gradient at 0 is 0."""


def _to_sign(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """A complex sign x / |x| turns with x; a real one stays."""
    if not xp.is_complex(g):
        return xp.zeros_like(g)
    return _where(xp, x != 0, (g - xp.conj(g) * out * out) / (xp.abs(x) * 2))


@elementwise(NUMERIC, holomorphic=False, x=_to_sign)
def sign(x: Tensor, /) -> Tensor:
    """-1, 0 or 1; nan for nan; x / |x| for complex numbers."""


@elementwise(precise(NUMERIC), x=lambda g, x: g * x * 2)
def square(x: Tensor, /) -> Tensor:
    """x * x."""


@elementwise(FLOATING, x=lambda g, out: g / (out * 2))
def sqrt(x: Tensor, /) -> Tensor:
    """The square root; its gradient at 0 is infinite."""


@elementwise(precise(FLOATING), x=lambda g, out: g * -0.5 * out * out * out)
def rsqrt(x: Tensor, /) -> Tensor:
    """1 / sqrt(x)."""


@elementwise(precise(FLOATING), x=lambda g, out: -g * out * out)
def reciprocal(x: Tensor, /) -> Tensor:
    """1 / x."""


@elementwise(
    ORDERED,
    x1=lambda xp, g, x1, x2: _unless(xp, x1 < x2, g, x1 == x2),
    x2=lambda xp, g, x1, x2: _unless(xp, x2 < x1, g, x1 == x2),
)
def maximum(x1: Operand, x2: Operand, /) -> Tensor:
    """The larger of the two; nan where either is nan. Equal values share the gradient."""


@elementwise(
    ORDERED,
    x1=lambda xp, g, x1, x2: _unless(xp, x1 > x2, g, x1 == x2),
    x2=lambda xp, g, x1, x2: _unless(xp, x2 > x1, g, x1 == x2),
)
def minimum(x1: Operand, x2: Operand, /) -> Tensor:
    """The smaller of the two; nan where either is nan. Equal values share the gradient."""


@elementwise(
    REAL_FLOATING,
    x1=lambda xp, g, x1, out: g * xp.sign(x1) * xp.sign(out),  # 0 at 0
    x2=lambda xp, g: xp.zeros_like(g),
)
def copysign(x1: Operand, x2: Operand, /) -> Tensor:
    """The magnitude of x1 with the sign of x2, of a zero or nan too."""


@elementwise(REAL_FLOATING, x1=lambda g, x1, out: g * x1 / out, x2=lambda g, x2, out: g * x2 / out)
def hypot(x1: Operand, x2: Operand, /) -> Tensor:
    """sqrt(x1^2 + x2^2), without overflow."""


@elementwise(REAL_FLOATING, x1=lambda g: g, x2=lambda xp, g: xp.zeros_like(g))
def nextafter(x1: Operand, x2: Operand, /) -> Tensor:
    """The next number after x1 in the direction of x2 that the dtype has."""


# --- Rounding: no gradient flows, as a gradient of zeros says ------------------------------------------------------


@elementwise(ORDERED, x=lambda xp, g: xp.zeros_like(g))
def floor(x: Tensor, /) -> Tensor:
    """The largest integer that is at most x."""


@elementwise(ORDERED, x=lambda xp, g: xp.zeros_like(g))
def ceil(x: Tensor, /) -> Tensor:
    """The smallest integer that is at least x."""


@elementwise(ORDERED, x=lambda xp, g: xp.zeros_like(g))
def trunc(x: Tensor, /) -> Tensor:
    """The integer nearest to x between it and 0."""


@elementwise(NUMERIC, x=lambda xp, g: xp.zeros_like(g))
def round(x: Tensor, /) -> Tensor:
    """The nearest integer, the even one of two."""


# --- Exponentials and logarithms -------------------------------------------------------------------------------------


@elementwise(precise(FLOATING), x=lambda g, out: g * out)
def exp(x: Tensor, /) -> Tensor:
    """e to the power x."""


@elementwise(precise(FLOATING), x=lambda g, out: g * (out + 1))
def expm1(x: Tensor, /) -> Tensor:
    """exp(x) - 1, exact also near 0."""


@elementwise(precise(FLOATING), x=lambda g, x: g / x)
def log(x: Tensor, /) -> Tensor:
    """The natural logarithm."""


@elementwise(precise(FLOATING), x=lambda g, x: g / (x + 1))
def log1p(x: Tensor, /) -> Tensor:
    """log(1 + x), exact also near 0."""


@elementwise(precise(FLOATING), x=lambda g, x: g / (x * math.log(2)))
def log2(x: Tensor, /) -> Tensor:
    """The logarithm to base 2."""


@elementwise(precise(FLOATING), x=lambda g, x: g / (x * math.log(10)))
def log10(x: Tensor, /) -> Tensor:
    """The logarithm to base 10."""


@elementwise(
    precise(REAL_FLOATING),
    x1=lambda xp, g, x1, x2: g * xp.sigmoid(x1 - x2),
    x2=lambda xp, g, x1, x2: g * xp.sigmoid(x2 - x1),
)
def logaddexp(x1: Operand, x2: Operand, /) -> Tensor:
    """log(exp(x1) + exp(x2)), without overflow."""


# --- Trigonometric and hyperbolic ------------------------------------------------------------------------------------


@elementwise(FLOATING, x=lambda xp, g, x: g * xp.cos(x))
def sin(x: Tensor, /) -> Tensor:
    """The sine of x in radians."""


@elementwise(FLOATING, x=lambda xp, g, x: -g * xp.sin(x))
def cos(x: Tensor, /) -> Tensor:
    """The cosine of x in radians."""


@elementwise(precise(FLOATING), x=lambda g, out: g * (out * out + 1))
def tan(x: Tensor, /) -> Tensor:
    """The tangent of x in radians."""


@elementwise(precise(FLOATING), x=lambda xp, g, x: g * xp.rsqrt(1 - x * x))
def asin(x: Tensor, /) -> Tensor:
    """The angle in radians whose sine is x."""


@elementwise(precise(FLOATING), x=lambda xp, g, x: -g * xp.rsqrt(1 - x * x))
def acos(x: Tensor, /) -> Tensor:
    """The angle in radians whose cosine is x."""


@elementwise(FLOATING, x=lambda g, x: g / (x * x + 1))
def atan(x: Tensor, /) -> Tensor:
    """The angle in radians whose tangent is x."""


def _of_angle(xp: Any, g: Any, x: Any, x1: Any, x2: Any) -> Any:
    """g x over the square of the distance from the origin; 0 at the origin, which has no angle."""
    square = x1 * x1 + x2 * x2
    return _where(xp, square != 0, g * x / xp.where(square == 0, xp.ones_like(square), square))


@elementwise(
    REAL_FLOATING,
    x1=lambda xp, g, x1, x2: _of_angle(xp, g, x2, x1, x2),
    x2=lambda xp, g, x1, x2: _of_angle(xp, -g, x1, x1, x2),
)
def atan2(x1: Operand, x2: Operand, /) -> Tensor:
    """The angle in radians of the point with height x1 and breadth x2."""


@elementwise(precise(FLOATING), x=lambda xp, g, x: g * xp.cosh(x))
def sinh(x: Tensor, /) -> Tensor:
    """The hyperbolic sine."""


@elementwise(precise(FLOATING), x=lambda xp, g, x: g * xp.sinh(x))
def cosh(x: Tensor, /) -> Tensor:
    """The hyperbolic cosine."""


@elementwise(FLOATING, x=lambda g, out: g * (1 - out * out))
def tanh(x: Tensor, /) -> Tensor:
    """The hyperbolic tangent."""


@elementwise(FLOATING, x=lambda xp, g, x: g * xp.rsqrt(x * x + 1))
def asinh(x: Tensor, /) -> Tensor:
    """The inverse of sinh."""


@elementwise(FLOATING, x=lambda xp, g, x: g * xp.rsqrt(x - 1) * xp.rsqrt(x + 1))
def acosh(x: Tensor, /) -> Tensor:
    """The inverse of cosh."""


@elementwise(FLOATING, x=lambda g, x: g / (1 - x * x))
def atanh(x: Tensor, /) -> Tensor:
    """The inverse of tanh."""


# --- Special functions -----------------------------------------------------------------------------------------------


@elementwise(REAL_FLOATING, x=lambda xp, g, x: g * (2 / math.sqrt(math.pi)) * xp.exp(-x * x))
def erf(x: Tensor, /) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""


@elementwise(precise(REAL_FLOATING), x=lambda xp, g, out: g * (math.sqrt(math.pi) / 2) * xp.exp(out * out))
def erfinv(x: Tensor, /) -> Tensor:
    """The inverse of erf; nan outside [-1, 1]."""


@elementwise(REAL_FLOATING, x=lambda g, out: g * out * (1 - out))
def sigmoid(x: Tensor, /) -> Tensor:
    """1 / (1 + exp(-x)), without overflow."""


# --- Complex numbers -------------------------------------------------------------------------------------------------


@elementwise(NUMERIC, holomorphic=False, x=lambda xp, g: xp.conj(g))
def conj(x: Tensor, /) -> Tensor:
    """The complex conjugate; real numbers stay as they are."""


@elementwise(Domain((COMPLEX,)), holomorphic=False, x=lambda xp, g, x_dtype: xp.astype(g, x_dtype))
def real(x: Tensor, /) -> Tensor:
    """The real part of complex numbers."""


@elementwise(Domain((COMPLEX,)), holomorphic=False, x=lambda xp, g, x_dtype: xp.astype(g, x_dtype) * 1j)
def imag(x: Tensor, /) -> Tensor:
    """The imaginary part of complex numbers, a real number."""


# --- Comparisons and logic: no gradients ------------------------------------------------------------------------------


@elementwise(ANY)
def equal(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 == x2."""


@elementwise(ANY)
def not_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 != x2."""


@elementwise(ORDERED)
def less(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 < x2."""


@elementwise(ORDERED)
def less_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 <= x2."""


@elementwise(ORDERED)
def greater(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 > x2."""


@elementwise(ORDERED)
def greater_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether x1 >= x2."""


@elementwise(LOGICAL)
def logical_and(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether both are true; a number is true if it is not 0."""


@elementwise(LOGICAL)
def logical_or(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether either is true; a number is true if it is not 0."""


@elementwise(LOGICAL)
def logical_xor(x1: Operand, x2: Operand, /) -> Tensor:
    """Whether just one is true; a number is true if it is not 0."""


@elementwise(LOGICAL)
def logical_not(x: Tensor, /) -> Tensor:
    """Whether x is false; a number is false if it is 0."""


@elementwise(BITS)
def bitwise_and(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits that both have; of bools, and."""


@elementwise(BITS)
def bitwise_or(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits that either has; of bools, or."""


@elementwise(BITS)
def bitwise_xor(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits that just one has; of bools, exclusive or."""


@elementwise(INTEGERS)
def bitwise_left_shift(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 * 2**x2; 0 once all bits have left."""


@elementwise(INTEGERS)
def bitwise_right_shift(x1: Operand, x2: Operand, /) -> Tensor:
    """floor(x1 / 2**x2)."""


@elementwise(BITS)
def bitwise_invert(x: Tensor, /) -> Tensor:
    """Every bit turned; of bools, not."""


@elementwise(REAL_FLOATING)
def signbit(x: Tensor, /) -> Tensor:
    """Whether the sign is minus, of a zero or nan too."""


@elementwise(ANY)
def isnan(x: Tensor, /) -> Tensor:
    """Whether x is not a number."""


@elementwise(ANY)
def isinf(x: Tensor, /) -> Tensor:
    """Whether x is infinite."""


@elementwise(ANY)
def isfinite(x: Tensor, /) -> Tensor:
    """Whether x is neither infinite nor nan."""


# --- Written in other ops --------------------------------------------------------------------------------------------


def clip(x: Tensor, /, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """x, but at least `min` and at most `max`, which broadcast with it. At a bound the gradient is that of x.

    The result has the dtype of x: integers stay between bounds that are none. Bounds of nan make floats nan.

    >>> import lucid
    >>> clip(lucid.asarray([-2, 0, 2]), -1, 1)
    tensor([-1,  0,  1], dtype=int64, device='cpu')
    >>> clip(lucid.asarray([-2, 0, 2]), -1.5, 1.5)
    tensor([-1,  0,  1], dtype=int64, device='cpu')
    """
    x = tensor("clip", x)
    dtype = x.dtype
    for bound, beyond, inwards in ((min, less, ceil), (max, greater, floor)):
        if bound is not None:
            if not isinstance(bound, Tensor):
                bound = scalar_type("clip", bound)(bound)  # Python's own
            if dtype.kind in (SIGNED, UNSIGNED):
                bound = _whole(bound, dtype, inwards)
            x = where(_passes(beyond, x, bound), bound, x)
    return x.astype(dtype)


def _passes(beyond: Callable[[Any, Any], Tensor], x: Tensor, bound: Any) -> Tensor:
    """Where a bound takes the place of x: where x lies beyond it, and where it is nan itself."""
    if x.dtype.kind != REAL:
        return beyond(x, bound)
    if isinstance(bound, Tensor):
        return logical_or(beyond(x, bound), isnan(bound))
    return beyond(x, bound) if bound == bound else isnan(x + bound)  # everywhere


def _whole(bound: Any, dtype: DType, inwards: Callable[[Tensor], Tensor]) -> Any:
    """A bound of integers as one of them, the next one inwards; the last of the dtype for nan and what lies outside."""
    info, low = iinfo(dtype), inwards is ceil
    last, other = (info.min, info.max) if low else (info.max, info.min)
    if isinstance(bound, Tensor):
        if bound.dtype.kind == REAL:
            bound, least, most = inwards(bound), float(info.min), float(info.max + 1)
            fits = logical_and(greater_equal(bound, least), less(bound, most))
            whole = where(fits, where(fits, bound, 0.0).astype(dtype), last)
            return where(greater_equal(bound, most) if low else less(bound, least), other, whole)
        if bound.dtype.kind == BOOL or bound.dtype is dtype:
            return bound
        return clip(bound, info.min, info.max).astype(dtype)
    if isinstance(bound, complex):
        return bound
    limited = builtins.min(builtins.max(bound, info.min), info.max) if bound == bound else last
    return math.ceil(limited) if low else math.floor(limited)
