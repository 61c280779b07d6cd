"""Resampling: a line of numbers made into one of another length, each new one a weighted sum of a few old ones."""

from typing import Any

from ..autograd.operation import apply, primitive
from ..tensor import Tensor
from .arguments import FLOATING, ready

Taps = tuple[tuple[tuple[int, float], ...], ...]


def turned(taps: Taps, size: int) -> Taps:
    """For each of `size` old elements, the new ones that take from it.

    >>> turned((((0, 1.0),), ((0, 0.5), (1, 0.5))), 2)
    (((0, 1.0), (1, 0.5)), ((1, 0.5),))
    """
    found: list[list[tuple[int, float]]] = [[] for _ in range(size)]
    for i, row in enumerate(taps):
        for place, weight in row:
            found[place].append((i, weight))
    return tuple(map(tuple, found))


def _to_old(xp: Any, g: Any, x_shape: tuple[int, ...], taps: Taps, axis: int) -> Any:
    return xp.resample(g, taps=turned(taps, x_shape[axis]), axis=axis)


@primitive(x=_to_old)
def resample(x: Tensor, /, *, taps: Taps, axis: int) -> Tensor:
    """Weighted sums of elements along an axis: `taps` holds, for each new element, pairs of a place and a weight.

    Integers and bools are converted to float32. What no pair names is not read, so that a nan stays where it is.
    """
    return apply(resample, ready("resample", FLOATING, x), taps=taps, axis=axis)
