"""Weighted sums of a few elements each, along an axis, in any array library."""

from collections.abc import Iterator
from typing import Any

Array = Any
Taps = tuple[tuple[tuple[int, float], ...], ...]


def rounds(taps: Taps) -> Iterator[tuple[list[int], list[int], list[float]]]:
    """The first pair of every new element, then the second, ...: which elements have one, its places, its weights."""
    for t in range(max(map(len, taps), default=0)):
        rows = [i for i, row in enumerate(taps) if len(row) > t]
        yield rows, [taps[i][t][0] for i in rows], [taps[i][t][1] for i in rows]
