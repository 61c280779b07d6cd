"""Distances of all float32 vectors from all others as |a|^2 + |b|^2 - 2 a b, in double precision.

The terms lose what they have in common: with k numbers in a vector, a square is off by k 2^-53 of their sum. That is
less than float32 can tell unless the two are close together, and those are computed from their difference.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any


def distances(x1: Array, x2: Array) -> Array:
    """(..., n, m) of (..., n, k) and (..., m, k)."""
    if x1.dtype != np.float32 or x1.shape[:-2] != x2.shape[:-2]:
        return NotImplemented
    a, b = x1.astype(np.float64), x2.astype(np.float64)
    terms = (a * a).sum(-1)[..., :, None] + (b * b).sum(-1)[..., None, :]
    squares = np.matmul(a, b.swapaxes(-1, -2))
    squares *= -2
    squares += terms
    terms *= a.shape[-1] * 2.0**-28  # 2^-25 of a square: a quarter of the last place of a distance
    close = np.nonzero(~(squares > terms))  # nans too
    if close[0].size * 8 >= squares.size:  # or there are none, and the pullback would multiply infinities by 0
        return NotImplemented
    between = a[close[:-1]] - b[(*close[:-2], close[-1])]
    squares[close] = (between * between).sum(-1)
    return np.sqrt(squares, out=squares).astype(np.float32)


def distances_vjp(x1: Array, x2: Array) -> Any:
    out = distances(x1, x2)
    if out is NotImplemented:
        return out

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, Array]:
        """The gradient of a distance d from b to a is (a - b) / d, or 0 if they are the same."""
        a, b = x1.astype(np.float64), x2.astype(np.float64)
        each = np.divide(g, out, out=np.zeros(out.shape), where=out != 0)
        g_a = each.sum(-1)[..., None] * a - np.matmul(each, b)
        each = each.swapaxes(-1, -2)
        g_b = each.sum(-1)[..., None] * b - np.matmul(each, a)
        return g_a.astype(np.float32), g_b.astype(np.float32)

    return out, pullback
