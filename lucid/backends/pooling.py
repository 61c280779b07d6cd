"""Pooling in NumPy, one axis after the other: of 3 x 3 elements come the largest of 3 columns, and of those of 3 rows.

So a window costs the sum of its sizes in place of their product, and no windows are copied. What lies outside is left
out rather than filled in. The axes before those of the windows may be any.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .blocks import in_blocks
from .fused import covered

Array = Any
Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Steps = tuple[int, list[tuple[slice, slice]]]  # how many windows; which of them see what, for each of their elements


def max_pool(x: Array, **window: Any) -> Any:
    return _pooled(np.maximum, -math.inf, x, **window)


def max_pool_vjp(x: Array, **window: Any) -> Any:
    return _with_pullback(max_pool, _max_slopes, x, window)


def sum_pool(x: Array, **window: Any) -> Any:
    return _pooled(np.add, 0.0, x, **window)


def sum_pool_vjp(x: Array, **window: Any) -> Any:
    return _with_pullback(sum_pool, _sum_slopes, x, window)


def _pooled(function: Any, start: float, x: Array, **window: Any) -> Any:
    if not (covered(x) and x.size):
        return NotImplemented
    steps = _steps(x, **window)

    def formula(x: Array, out: Array) -> None:
        for axis, along in enumerate(steps, 1):  # the last has the shortest runs in memory, and least is left by then
            x = _along(function, start, x, axis, along)
        np.copyto(out, x)

    out = np.empty((*x.shape[: x.ndim - len(steps)], *(count for count, _ in steps)), x.dtype)
    in_blocks(formula, *(_rows(a, len(steps)) for a in (x, out)))
    return out


def _with_pullback(pool: Callable[..., Any], slopes: Callable[..., None], x: Array, window: dict[str, Any]) -> Any:
    out = pool(x, **window)
    if out is NotImplemented:
        return out

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array]:
        steps = _steps(x, **window)
        g_x = np.empty(x.shape, x.dtype)
        in_blocks(partial(slopes, steps), *(_rows(a, len(steps)) for a in (x, g, g_x)))
        return (g_x,)

    return out, pullback


def _rows(x: Array, space: int) -> Array:
    """x with one axis before those of the windows."""
    return x.reshape(-1, *x.shape[x.ndim - space :])


def _steps(x: Array, *, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape) -> list[Steps]:
    """For each axis of the windows, how many there are, and for each element of a window the windows that have it."""
    sizes = x.shape[x.ndim - len(kernel) :]
    return [_step(*axis) for axis in zip(sizes, kernel, stride, padding, dilation, strict=True)]


def _step(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int) -> Steps:
    low, high = padding
    count = (size + low + high - (kernel - 1) * dilation - 1) // stride + 1
    places = []
    for offset in range(-low, -low + kernel * dilation, dilation):
        first = max(-(offset // stride), 0)  # the first window whose element is at a place >= 0
        last = min(-((offset - size) // stride), count)
        if first < last:
            start = offset + first * stride
            places.append((slice(first, last), slice(start, start + (last - first - 1) * stride + 1, stride)))
    return count, places


def _cut(x: Array, axis: int, part: slice) -> Array:
    return x[(*[slice(None)] * axis, part)]


def _along(function: Any, start: float, x: Array, axis: int, steps: Steps) -> Array:
    """`function` of all elements of each window along one axis."""
    count, places = steps
    out = np.full((*x.shape[:axis], count, *x.shape[axis + 1 :]), start, x.dtype)
    for windows, elements in places:
        into = _cut(out, axis, windows)
        function(into, _cut(x, axis, elements), out=into)
    return out


def _sum_slopes(steps: list[Steps], x: Array, g: Array, out: Array) -> None:
    shapes = x.shape
    for axis in range(len(steps), 0, -1):
        _, places = steps[axis - 1]
        wide = np.zeros((*g.shape[:axis], shapes[axis], *g.shape[axis + 1 :]), g.dtype)
        for windows, elements in places:
            _cut(wide, axis, elements)[...] += _cut(g, axis, windows)
        g = wide
    np.copyto(out, g)


def _max_slopes(steps: list[Steps], x: Array, g: Array, out: Array) -> None:
    """To the first of equal elements: to the first row with the largest number, and there to the first column."""
    stages = [x]
    for axis in range(len(steps), 0, -1):
        stages.append(_along(np.maximum, -math.inf, stages[-1], axis, steps[axis - 1]))
    unordered = bool(np.isnan(stages[-1]).any())
    for axis, (largest, x) in enumerate(pairwise(reversed(stages)), 1):
        g = _to_first(x, largest, g, axis, steps[axis - 1][1], unordered)
    np.copyto(out, g)


def _to_first(
    x: Array, largest: Array, g: Array, axis: int, places: Iterable[tuple[slice, slice]], unordered: bool
) -> Array:
    """The gradient of the largest elements along one axis. `unordered` says that there may be nan among them.

    Each takes what is left of its window's, by masks of bits: `np.where` takes eight times as long.
    """
    bits = np.dtype(f"i{x.itemsize}")
    out, left = np.zeros_like(x), g.copy()
    for windows, elements in places:
        seen, rest = _cut(x, axis, elements), _cut(left, axis, windows)
        chosen = seen == _cut(largest, axis, windows)
        if unordered:
            chosen |= np.isnan(seen)
        mask = np.negative(chosen.view(np.int8)).astype(bits)
        mask &= rest.view(bits)
        rest.view(bits)[...] ^= mask
        _cut(out, axis, elements)[...] += mask.view(x.dtype)
    return out
