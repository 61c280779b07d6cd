"""Weighted sums of a few elements each, along an axis: what to take in turn, in any library, and NumPy's kernel."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .blocks import in_blocks

Array = Any
Taps = tuple[tuple[tuple[int, float], ...], ...]


def rounds(taps: Taps) -> Iterator[tuple[list[int], list[int], list[float]]]:
    """The first pair of every new element, then the second, ...: which elements have one, its places, its weights."""
    for t in range(max(map(len, taps), default=0)):
        rows = [i for i, row in enumerate(taps) if len(row) > t]
        yield rows, [taps[i][t][0] for i in rows], [taps[i][t][1] for i in rows]


def resample(x: Array, taps: Taps, axis: int) -> Array:
    """Whole rows are taken, in blocks; where rows are single numbers, of a block that was turned."""
    lead, behind = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    out = np.empty((*x.shape[:axis], len(taps), *x.shape[axis + 1 :]), x.dtype)
    terms = [
        (rows if len(rows) < len(taps) else slice(None), places, np.asarray(weights, x.dtype)[:, None])
        for rows, places, weights in rounds(taps)
    ]

    def formula(seen: Array, out: Array) -> None:
        seen = np.ascontiguousarray(seen[..., 0].T) if behind == 1 else seen
        total = np.zeros((*seen.shape[:-2], len(taps), seen.shape[-1]), x.dtype)
        for rows, places, weights in terms:
            part = np.take(seen, places, -2)
            part *= weights
            total[..., rows, :] += part
        out[...] = total.T[..., None] if behind == 1 else total

    in_blocks(formula, x.reshape(lead, x.shape[axis], behind), out.reshape(lead, len(taps), behind))
    return out
