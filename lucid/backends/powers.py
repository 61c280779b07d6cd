"""Powers in NumPy. Its own take a hundred times as long of negative numbers, and thirty times as long as products."""

import math
from typing import Any

import numpy as np

Array = Any

MULTIPLIED = frozenset(range(-2, 5))  # within an ulp for each product
ROOTS = frozenset((-0.5, 0.5))


def pow(x1: Array, x2: Array) -> Array:
    kind = x1.dtype.kind
    number = x2.item() if x2.size == 1 and x2.ndim <= x1.ndim and kind != "c" else math.nan
    if number in MULTIPLIED and (kind == "f" or number >= 0):
        return _product(x1 if number >= 0 else np.divide(1, x1, dtype=x1.dtype), abs(int(number)))
    if number in ROOTS:
        return _root(x1) if number > 0 else np.divide(1, _root(x1), dtype=x1.dtype)
    if kind in "iu":  # NumPy refuses negative integer exponents; the other device gives 0
        whole = np.power(x1, np.maximum(x2, 0))
        return np.where(x2 < 0, np.where(x1 == 1, 1, np.where(x1 == -1, 1 - 2 * (x2 & 1), 0)), whole).astype(x1.dtype)
    if kind == "f" and number % 1 == 0:
        out = np.power(np.abs(x1), x2)
        return np.copysign(out, x1) if number % 2 else out
    out = np.power(x1, x2)
    if kind == "c" and np.isnan(out).any():  # NumPy overflows on the way to whole exponents
        return np.where(np.isnan(out) & (x1 != 0), np.exp(x2 * np.log(x1)), out)
    return out


def _product(x: Array, count: int) -> Array:
    """x multiplied with itself. No part is further from 1 than the whole, so none is too large or small before it."""
    if count < 2:
        return x if count else np.ones_like(x)
    out = np.multiply(x, x, out=np.empty_like(x))
    return np.multiply(out, (x, out)[count - 3], out=out) if count > 2 else out


def _root(x: Array) -> Array:
    """The square root, but 0 of -0 and infinity of minus infinity, as of all powers that are no odd integer."""
    out = np.sqrt(x, out=np.empty_like(x))
    out += 0
    np.copyto(out, math.inf, where=x == -math.inf)
    return out
