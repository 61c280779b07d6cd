"""Functions of each element."""

from typing import Any

import numpy as np
import scipy.special

import lucid

from .writing import *


def power_of_integers(x: Any, y: Any) -> Any:
    """NumPy refuses negative integer exponents; 1 and -1 alone have integers for them."""
    if np.result_type(x, y).kind != "i":
        return np.power(x, y)
    whole = np.power(x, np.maximum(y, 0))
    return np.where(np.less(y, 0), np.where(np.abs(x) == 1, np.power(x, np.abs(y)), 0), whole)


def floor_divide(x: Any, y: Any) -> Any:
    """As the standard has it: where one of the two is infinite, their quotient."""
    whole = np.floor_divide(x, y)
    return whole if whole.dtype.kind in "iu" else np.where(np.isinf(x) != np.isinf(y), np.divide(x, y), whole)


def next_after(x: Any, y: Any) -> Any:
    """In float32 for the edges, where the next number may be infinite; elsewhere it is the same within rounding."""
    dtype = np.float32 if np.isinf(x).any() else np.float64
    return np.nextafter(np.asarray(x, dtype), np.asarray(y, dtype)).astype(np.float64)


def shift_left(x: Any, y: Any) -> Any:
    return np.where(np.asarray(y) >= 8 * np.result_type(x, y).itemsize, 0, np.left_shift(x, y))


DIVISIONS = [  # by 0, which is 0, and of the smallest integer by -1, at which a processor may stop
    sample(array(-7, 0, 7, -128, 5, dtype=np.int8), array(0, 0, 2, -1, -1, dtype=np.int8), note="whole"),
    sample(array(-(2**63), 4, -9, dtype=np.int64), array(-1, 0, 2, dtype=np.int64), note="whole and large"),
    sample(array(7, 0, dtype=np.uint8), array(0, 3, dtype=np.uint8), note="whole without sign"),
    edge(array(1e30, 0.7, -0.7, 1.0), array(3.0, 0.1, 0.1, 0.1), note="rounding"),
]


SHIFTS = [sample(array(-8, 8, 1, dtype=np.int8), array(9, 8, 7, dtype=np.int8), note="all bits leave")]

OPS = (
    #     name        reference               takes       gives     from  to
    unary("abs", np.abs, ARITHMETIC, real_of),
    unary("acos", np.arccos, ALL, floating, -0.9, 0.9),
    unary("acosh", np.arccosh, ALL, floating, 1.1, 3.0),
    unary("asin", np.arcsin, ALL, floating, -0.9, 0.9),
    unary("asinh", np.arcsinh, ALL, floating),
    unary("atan", np.arctan, ALL, floating),
    unary("atanh", np.arctanh, ALL, floating, -0.9, 0.9),
    unary("bitwise_invert", np.invert, "bui", same, differentiable=False),
    unary("ceil", np.ceil, REAL, same),
    unary("conj", np.conj, ARITHMETIC, same),
    unary("cos", np.cos, ALL, floating),
    unary("cosh", np.cosh, ALL, floating),
    unary("erf", scipy.special.erf, REAL, floating, signed_zeros=False),
    unary("erfinv", lambda x: np.where(x == 0, x, scipy.special.erfinv(x)), REAL, floating, -0.9, 0.9),
    unary("exp", np.exp, ALL, floating),
    unary("expm1", np.expm1, ALL, floating),
    unary("floor", np.floor, REAL, same),
    unary("imag", np.imag, "c", real_of),
    unary("isfinite", np.isfinite, ALL, lucid.bool),
    unary("isinf", np.isinf, ALL, lucid.bool),
    unary("isnan", np.isnan, ALL, lucid.bool),
    unary("log", np.log, ALL, floating, 0.1, 3.0),
    unary("log10", np.log10, ALL, floating, 0.1, 3.0),
    unary("log1p", np.log1p, ALL, floating, -0.9, 3.0),
    unary("log2", np.log2, ALL, floating, 0.1, 3.0),
    unary("logical_not", np.logical_not, ALL, lucid.bool),
    unary("negative", np.negative, ARITHMETIC, same),
    unary("positive", np.positive, ARITHMETIC, same),
    unary("real", np.real, "c", real_of),
    unary("reciprocal", np.reciprocal, ALL, floating, 0.5, 2.0),
    unary("round", np.round, ARITHMETIC, same),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), ALL, floating, 0.2, 3.0),
    unary("sigmoid", scipy.special.expit, REAL, floating),
    unary("sign", np.sign, ARITHMETIC, same),
    unary("signbit", np.signbit, REAL, lucid.bool),
    unary("sin", np.sin, ALL, floating),
    unary("sinh", np.sinh, ALL, floating),
    unary("sqrt", np.sqrt, ALL, floating, 0.1, 3.0),
    unary("square", np.square, ARITHMETIC, same),
    unary("tan", np.tan, ALL, floating, -1.2, 1.2),
    unary("tanh", np.tanh, ALL, floating),
    unary("trunc", np.trunc, REAL, same),
    binary("add", np.add, ALL, same),
    binary("atan2", np.arctan2, REAL, floating),
    binary("bitwise_and", np.bitwise_and, "bui", same, differentiable=False),
    binary("bitwise_left_shift", shift_left, "ui", same, 0, 9, differentiable=False, more=SHIFTS),
    binary("bitwise_or", np.bitwise_or, "bui", same, differentiable=False),
    binary(
        "bitwise_right_shift", np.right_shift, "ui", same, -90, 90, second=(0, 40), differentiable=False, more=SHIFTS
    ),
    binary("bitwise_xor", np.bitwise_xor, "bui", same, differentiable=False),
    binary("copysign", np.copysign, REAL, floating),
    binary("divide", np.divide, ALL, floating, second=(0.5, 2.0)),
    binary("equal", np.equal, ALL, lucid.bool),
    binary("floor_divide", floor_divide, COUNTED, same, -9, 9, second=(1.6, 4.0), more=DIVISIONS),
    binary("greater", np.greater, REAL, lucid.bool),
    binary("greater_equal", np.greater_equal, REAL, lucid.bool),
    binary("hypot", np.hypot, REAL, floating),
    binary("less", np.less, REAL, lucid.bool),
    binary("less_equal", np.less_equal, REAL, lucid.bool),
    binary("logaddexp", np.logaddexp, REAL, floating, signed_zeros=False),
    binary("logical_and", np.logical_and, ALL, lucid.bool),
    binary("logical_or", np.logical_or, ALL, lucid.bool),
    binary("logical_xor", np.logical_xor, ALL, lucid.bool),
    binary("maximum", np.maximum, REAL, same, signed_zeros=False),  # of 0 and -0, processors take either
    binary("minimum", np.minimum, REAL, same, signed_zeros=False),
    binary("multiply", np.multiply, ALL, same),
    binary("nextafter", next_after, REAL, floating, ulps=1),
    binary("not_equal", np.not_equal, ALL, lucid.bool),
    binary("pow", power_of_integers, ARITHMETIC, same, 0.2, 2.0, second=(-2.0, 2.0), ulps=8),
    binary("remainder", np.remainder, COUNTED, same, -9, 9, second=(1.6, 4.0), more=DIVISIONS),
    binary("subtract", np.subtract, ARITHMETIC, same),
)
