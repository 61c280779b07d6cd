"""Windows in NumPy: what a kernel sees from each of its places, and back."""

from typing import Any

import numpy as np

Array = Any
Shape = tuple[int, ...]


def windows(x: Array, kernel: Shape, stride: Shape, dilation: Shape, writeable: bool = False) -> Array:
    """A view (..., *places, *kernel) of x (..., *sizes): see `lucid.ops.pooling.windows`."""
    lead = x.ndim - len(kernel)
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    counts = ((n - e) // s + 1 for n, e, s in zip(x.shape[lead:], extent, stride, strict=True))
    apart = (a * b for by in (stride, dilation) for a, b in zip(x.strides[lead:], by, strict=True))
    return np.lib.stride_tricks.as_strided(
        x, (*x.shape[:lead], *counts, *kernel), (*x.strides[:lead], *apart), writeable=writeable
    )


def overlap_add(x: Array, sizes: Shape, stride: Shape, dilation: Shape) -> Array:
    """The sums (..., *sizes) of windows (..., *places, *kernel), laid back where they came from."""
    lead, kernel = x.ndim - 2 * len(sizes), x.shape[x.ndim - len(sizes) :]
    out = np.zeros((*x.shape[:lead], *sizes), x.dtype)
    seen = windows(out, kernel, stride, dilation, writeable=True)
    for place in np.ndindex(*kernel):  # one element of each window at a time, so that none overlap
        seen[(..., *place)] += x[(..., *place)]
    return out
