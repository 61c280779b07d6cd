"""Order in NumPy. Its stable argsort of numbers takes ten times as long as a sort of whole numbers.

So a number and its place become one whole number of 64 bits, with the place in the lower half: no two are equal, and
those of equal numbers are in the order of their places.
"""

from typing import Any

import numpy as np

Array = Any

FEW = 512  # elements: fewer are sorted sooner than they are packed
PLACES = 32  # bits


def argsort(x: Array, axis: int, descending: bool, part: tuple[int, int]) -> Array:
    """The indices of those elements that come from place `part[0]` to before `part[1]` in order."""
    start, stop = part
    keys = _keys(x) if x.size >= FEW and x.shape[axis] < 1 << PLACES else None
    if keys is None:
        return _sorted(x, axis, descending)[(*[slice(None)] * axis, slice(start, stop))]
    if descending:
        np.invert(keys, out=keys)
    keys <<= PLACES
    keys |= np.arange(x.shape[axis]).reshape(-1, *[1] * (x.ndim - 1 - axis))
    keys = keys.swapaxes(axis, -1)
    if 0 < stop < keys.shape[-1]:  # by one place, and then by another: by two at once takes NumPy ten times as long
        keys = np.partition(keys, stop - 1)[..., :stop]
    if 0 < start < stop:
        keys = np.partition(keys, start)
    keys = np.sort(keys[..., start:stop])
    keys &= (1 << PLACES) - 1
    return keys.swapaxes(axis, -1)


def _sorted(x: Array, axis: int, descending: bool) -> Array:
    if not descending:
        return np.argsort(x, axis, stable=True)
    order = np.argsort(np.flip(x, axis), axis, stable=True)  # from the back, so that equal values keep their order
    return np.flip(x.shape[axis] - 1 - order, axis)


def _keys(x: Array) -> Array | None:
    """int64 in the order of x, that 32 bits hold; None where there are none. Zeros are equal, and nans."""
    if x.dtype.kind in "biu":
        if x.dtype.itemsize == 8 and not -(2**31) <= x.min() <= x.max() < 2**31:
            return None
        return x.astype(np.int64) - (2**31 if x.dtype == np.uint32 else 0)
    if x.dtype != np.float32:
        return None
    bits = (x + np.float32(0)).view(np.int32)
    np.copyto(bits, 2**31 - 1, where=np.isnan(x))
    bits ^= (bits >> 31) & (2**31 - 1)  # of negative numbers, the larger bits are the smaller number
    return bits.astype(np.int64)
