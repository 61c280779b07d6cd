"""The logarithm of the gamma function and its derivatives, for the arrays of both libraries.

`lib` is the array library, x a float32 or float64 array. There is no branch: every element takes the same passes.
"""

import math
from typing import Any

__all__ = ["lgamma", "polygamma"]

Array = Any

ZETA = (  # the Riemann zeta function at 2, 3, ..., less 1
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
    0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
    0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05,
    1.528225940865187e-05, 7.637197637899763e-06, 3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07,
    4.769329867878064e-07, 2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08,
)  # fmt: skip
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
FAR = 9  # from here on Stirling's series has all digits
STEPS = 10


def lgamma(lib: Any, x: Array) -> Array:
    """log |gamma(x)|, infinite at 0, -1, -2, ... (DLMF 5.4, 5.5, 5.7.3, 5.11.1).

    Near 1 and 2, where it is 0, it is a power series, which keeps all digits. Steps of 1 lead there from up to FAR.
    """
    positive = lib.where(x < 0.5, 1 - x, x)
    out = lib.where(positive < FAR, _near(lib, lib.where(positive < FAR, positive, 2.0)), _far(lib, positive))
    whole = lib.floor(x + 0.5)
    sine = lib.abs(lib.sin((x - whole) * math.pi))
    out = lib.where(x < 0.5, math.log(math.pi) - lib.log(sine) - out, out)
    out = lib.where((x <= 0) & (x == whole) | lib.isinf(x), math.inf, out)
    return lib.where(lib.isnan(x), x, out)


def _near(lib: Any, x: Array) -> Array:
    """For x from 0.5 to FAR: lgamma(2 + z) with |z| <= 1/2, and the logarithm of the factors between it and x."""
    z = x - lib.floor(x + 0.5)
    out = lib.zeros_like(x)
    for k in range(len(ZETA) + 1, 1, -1):
        out = (out + (-1) ** k * ZETA[k - 2] / k) * z
    out = (out + (1 - 0.5772156649015329)) * z
    factors = lib.ones_like(x)
    for k in range(2, FAR + 1):
        factors = lib.where(x >= k + 0.5, factors * (z + k), factors)
    return out + lib.where(x < 1.5, -lib.log1p(z), lib.log(factors))


def _far(lib: Any, x: Array) -> Array:
    """Stirling's series."""
    inverse, total = 1 / x, lib.zeros_like(x)
    for k in range(len(BERNOULLI) - 1, -1, -1):
        total = total * inverse * inverse + BERNOULLI[k] / ((2 * k + 1) * (2 * k + 2))
    return (x - 0.5) * (lib.log(x) - 1) + (0.5 * math.log(2 * math.pi) - 0.5) + total * inverse


def polygamma(lib: Any, x: Array, n: int) -> Array:
    """The derivative of order n + 1 of log gamma (DLMF 5.5.2, 5.5.4, 5.15). n = 0 is the digamma function.

    It is nan where the sign of an infinite value depends on the side that one comes from: at -1, -2, ... for even n.
    """
    whole, sign = lib.floor(x + 0.5), (-1) ** n
    positive = lib.where(x < 0, 1 - x, x)
    at = lib.where(positive == 0, 1.0, positive)
    out = lib.zeros_like(x)
    for k in range(STEPS):
        out = out + _power(at + k, -(n + 1)) * (-sign * math.factorial(n))
    out = _series(lib, at + STEPS, n) + out
    angle = lib.where(x == whole, 0.5, x - whole) * math.pi
    slope = _slopes(lib, lib.cos(angle) / lib.sin(angle), n) * -(math.pi ** (n + 1))
    out = lib.where(x < 0, sign * out + slope, out)
    poles = lib.abs(1 / x) if n % 2 else lib.where(x == 0, -1 / x, math.nan)
    out = lib.where(x == 0, poles, lib.where((x < 0) & (x == whole), math.inf if n % 2 else math.nan, out))
    end = x if n == 0 else lib.zeros_like(x)
    out = lib.where(lib.isinf(x), lib.where(x < 0, math.nan, end), out)
    return lib.where(lib.isnan(x), x, out)


def _series(lib: Any, x: Array, n: int) -> Array:
    """The asymptotic series for large x."""
    inverse = 1 / x
    square, total = inverse * inverse, lib.zeros_like(x)
    for k in range(len(BERNOULLI), 0, -1):
        coefficient = BERNOULLI[k - 1] * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total = (total + coefficient) * square
    if n == 0:
        return lib.log(x) - 0.5 * inverse - total
    total = total + 0.5 * math.factorial(n) * inverse + math.factorial(n - 1)
    return total * _power(x, -n) * (-1) ** (n - 1)


def _power(x: Array, n: int) -> Array:
    out = x
    for _ in range(-n - 1):
        out = out * x
    return 1 / out


def _slopes(lib: Any, cotangent: Array, n: int) -> Array:
    """The derivative of order n of the cotangent of an angle, a polynomial in the cotangent itself."""
    coefficients = [0, 1]
    for _ in range(n):  # (d / d angle) c^k = -k c^(k - 1) (1 + c^2)
        slope = [k * a for k, a in enumerate(coefficients)][1:]
        coefficients = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    out = lib.zeros_like(cotangent)
    for a in reversed(coefficients):
        out = out * cotangent + a
    return out
