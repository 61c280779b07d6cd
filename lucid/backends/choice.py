"""`where` in NumPy by masks of bits: np.where guesses what comes next, and takes ten times as long where it cannot."""

from typing import Any

import numpy as np

from .blocks import in_blocks

Array = Any

FEW = 1 << 13  # elements: for fewer, np.where is at hand sooner


def where(condition: Array, x: Array, y: Array) -> Array:
    if condition.size < FEW and x.size < FEW and y.size < FEW:
        return np.where(condition, x, y)
    shape = np.broadcast_shapes(condition.shape, x.shape, y.shape)
    if not condition.ndim and x.dtype == y.dtype:  # all of one side
        return np.broadcast_to(x if condition else y, shape)
    if condition.dtype != np.bool_ or x.dtype != y.dtype or x.dtype.itemsize > 8:
        return np.where(condition, x, y)
    given = [np.broadcast_to(a, shape) for a in (condition, x, y)]
    out = np.empty_like(next(a for a in given if 0 not in a.strides or a is given[-1]), x.dtype, subok=False)
    arrays = [*given, out]
    if all(a.flags.c_contiguous or not any(a.strides) for a in arrays):
        arrays = [a.reshape(-1) for a in arrays]
    in_blocks(_choose, *arrays)
    return out


def _choose(condition: Array, x: Array, y: Array, out: Array) -> None:
    """y with those bits changed where the condition holds in which x differs."""
    x, y, bits = (a.view(f"i{a.itemsize}") for a in (x, y, out))
    np.copyto(bits, condition.view(np.int8))
    np.negative(bits, out=bits)
    bits &= x ^ y
    bits ^= y
