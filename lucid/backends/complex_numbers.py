"""Functions of complex numbers that neither library has right at infinities, for the arrays of both.

`lib` is the array library, `join` makes complex numbers of their real and imaginary parts.
"""

from collections.abc import Callable
from typing import Any

Array = Any
Join = Callable[[Array, Array], Array]


def expm1(lib: Any, join: Join, x: Array) -> Array:
    """e^a cos b - 1 + i e^a sin b, the real part without the difference of two numbers near 1."""
    a, b = lib.real(x), lib.imag(x)
    real = lib.expm1(a) * lib.cos(b) + 0 - 2 * lib.square(lib.sin(b / 2))  # + 0: for -0 + 0j the standard wants 0
    imaginary = lib.where(b == 0, b, lib.exp(a) * lib.sin(b))
    infinite, turning = lib.isinf(a), ~lib.isfinite(b)
    real = lib.where(infinite & (turning | (a < 0)), lib.where(a < 0, -lib.ones_like(a), a), real)
    imaginary = lib.where(infinite & turning & (a < 0), lib.zeros_like(a), imaginary)
    return join(real, imaginary)


def sign(lib: Any, join: Join, x: Array) -> Array:
    """x / |x|, scaled so that |x| neither overflows nor vanishes; 0 at 0, and infinite parts count as 1 to 0."""
    a, b = lib.real(x), lib.imag(x)
    larger = lib.maximum(lib.abs(a), lib.abs(b))
    scale = lib.where((larger == 0) | lib.isinf(larger), lib.ones_like(larger), larger)
    a, b = (
        lib.where(lib.isinf(part), lib.sign(part), lib.where(lib.isinf(larger), part * 0, part / scale))
        for part in (a, b)
    )
    size = lib.sqrt(lib.square(a) + lib.square(b))
    none = size == 0
    size = lib.where(none, lib.ones_like(size), size)
    return join(*(lib.where(none, lib.zeros_like(size), part / size) for part in (a, b)))  # +0 for every zero


def tanh(lib: Any, join: Join, x: Array) -> Array:
    """tanh, which at infinity is 1 or -1 with a zero that has the sign of the imaginary part."""
    a, b = lib.real(x), lib.imag(x)
    zero = lib.zeros_like(a)
    end = join(lib.sign(a), lib.where(b < 0, -zero, zero))
    return lib.where(lib.isinf(a) & lib.isfinite(b) & (b != 0), end, lib.tanh(x))
