"""Modified Bessel functions of the first kind, of whole order, for the arrays of both libraries.

`lib` is the array library, x a float32 or float64 array. There is no branch: every element takes the same passes.
"""

import math
from typing import Any

__all__ = ["bessel_i"]

Array = Any

FAR = 20.0  # from here on the series for large x has all digits
TERMS = 24  # of that series, up to where they begin to grow
POINTS = 26  # of the trapezoidal rule from 0 to pi: up to FAR it leaves out less than a rounding error, for n < 6


def bessel_i(lib: Any, x: Array, n: int, scaled: bool) -> Array:
    """I_n(x), or exp(-|x|) I_n(x), which does not overflow."""
    size = lib.abs(x)
    out = lib.where(size < FAR, _near(lib, lib.minimum(size, FAR), n), _far(lib, lib.maximum(size, FAR), n))
    out = lib.where(lib.isinf(x), 0.0, out)
    if not scaled:
        root = lib.expm1(size * 0.5) + 1  # exp, of which MLX's loses digits; its square overflows before the product
        out = lib.where(lib.isinf(x), math.inf, out * root * root)
    out = lib.where(x < 0, -out, out) if n % 2 else out
    return lib.where(lib.isnan(x), x, out)


def _near(lib: Any, x: Array, n: int) -> Array:
    """The trapezoidal rule for an integral of what is never negative, so that no digits cancel (DLMF 10.32.2).

    exp(-x) I_n(x) = (x / 2)^n / (sqrt(pi) gamma(n + 1/2)) times that of exp(x (cos t - 1)) sin(t)^2n, t from 0 to pi.
    It converges like a power series, as the integrand is periodic (Trefethen and Weideman, The Exponentially
    Convergent Trapezoidal Rule, 2014).
    """
    total = lib.zeros_like(x)
    for k in range(POINTS + 1):
        angle = math.pi * k / POINTS
        weight = math.sin(angle) ** (2 * n) * (0.5 if k in (0, POINTS) else 1.0)
        if weight > 1e-30:
            total = total + lib.exp(x * (-2 * math.sin(angle / 2) ** 2)) * weight
    for k in range(n):
        total = total * x * (0.5 / (k + 0.5))
    return total * (1 / POINTS)


def _far(lib: Any, x: Array, n: int) -> Array:
    """The asymptotic series (DLMF 10.40.1)."""
    inverse, total = 1 / x, lib.ones_like(x)
    for k in range(TERMS, 0, -1):
        total = 1 - total * inverse * ((4 * n * n - (2 * k - 1) ** 2) / (8 * k))
    return total / lib.sqrt(x * (2 * math.pi))
