"""The tail of the error function, for the arrays of both libraries; `lib` is the array library, x a float32 or float64
array. There is no branch: every element takes the same passes.
"""

import math
from typing import Any

__all__ = ["erfc", "erfcx"]

Array = Any

STEP = 0.5
SQUARES = tuple(((k + 0.5) * STEP) ** 2 for k in range(13))  # beyond them exp(-t^2) is less than a rounding error
POLE = 6.0  # from here on the correction for the pole is less than a rounding error
FAR = 1e9  # from here on erfcx(x) is 1 / (x sqrt(pi)), and x * x may overflow


def erfc(lib: Any, x: Array) -> Array:
    """1 - erf(x), with all its digits where it is small."""
    size = lib.minimum(lib.abs(x), 30.0)  # beyond it there is nothing left
    tail = _scaled(lib, size) * _exponential(lib, size, -1.0)
    return lib.where(x < 0, 2 - tail, tail)


def erfcx(lib: Any, x: Array) -> Array:
    """exp(x^2) erfc(x), which does not vanish for large x."""
    size = lib.abs(x)
    tail = _scaled(lib, size)
    return lib.where(x < 0, 2 * _exponential(lib, lib.minimum(size, 30.0), 1.0) - tail, tail)


def _scaled(lib: Any, x: Array) -> Array:
    """erfcx of x >= 0: the trapezoidal rule for its integral, midway between the points, and its one pole apart.

    D. B. Hunter, T. Regan, A note on the evaluation of the complementary error function, Math. Comp. 26 (1972).
    """
    square, total = x * x, lib.zeros_like(x)
    for t in SQUARES:
        total = total + math.exp(-t) / (square + t)
    near = lib.minimum(x, POLE)
    pole = 2 * lib.exp(near * near) / (1 + lib.exp(near * (2 * math.pi / STEP)))
    out = total * x * (2 * STEP / math.pi) + lib.where(x < POLE, pole, 0.0)
    return lib.where(x > FAR, 1 / (x * math.sqrt(math.pi)), out)


def _exponential(lib: Any, x: Array, sign: float) -> Array:
    """exp(sign x^2): x^2 is rounded only in a part that is small."""
    whole = lib.floor(x * 16) / 16
    return lib.exp(sign * whole * whole) * lib.exp(sign * (x - whole) * (x + whole))
