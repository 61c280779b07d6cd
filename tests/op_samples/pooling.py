"""Windows, and the largest element or the mean of each."""

from typing import Any

import numpy as np

from lucid.errors import DTypeError, ShapeError
from lucid.ops import pooling, resampling

from .writing import *


def windows(x: Any, *, kernel: Any, stride: Any, dilation: Any) -> Any:
    """By the definition: what stands at place * stride + offset * dilation."""
    lead = x.ndim - len(kernel)
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[lead:], kernel, stride, dilation)]
    out = np.zeros((*x.shape[:lead], *counts, *kernel), x.dtype)
    for place in np.ndindex(*counts):
        for offset in np.ndindex(*kernel):
            at = tuple(p * s + o * d for p, s, o, d in zip(place, stride, offset, dilation))
            out[(..., *place, *offset)] = x[(..., *at)]
    return out


def overlap_add(x: Any, *, sizes: Any, stride: Any, dilation: Any) -> Any:
    space = len(sizes)
    lead = x.ndim - 2 * space
    out = np.zeros((*x.shape[:lead], *sizes), x.dtype)
    for place in np.ndindex(*x.shape[lead : lead + space]):
        for offset in np.ndindex(*x.shape[lead + space :]):
            at = tuple(p * s + o * d for p, s, o, d in zip(place, stride, offset, dilation))
            out[(..., *at)] += x[(..., *place, *offset)]
    return out


def pooled(choose: Any) -> Any:
    """Every window by itself: `choose` of the elements of x in it, and of how many places the padding has in it."""

    def call(x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil: bool = False, **how):
        space = x.ndim - 2
        size, padding, dilation = ((n,) * space if isinstance(n, int) else n for n in (size, padding, dilation))
        stride = size if stride is None else (stride,) * space if isinstance(stride, int) else stride
        starts = []
        for n, k, s, p, d in zip(x.shape[2:], size, stride, padding, dilation):
            last = n + p - (k - 1) * d - 1  # a window that begins behind it is not full
            full = [i for i in range(-p, n, s) if i <= last]
            more = [i for i in range(-p, n, s) if i > last]  # each begins inside x or before it
            starts.append(full + (more[:1] if ceil and full[-1:] != [last] else []))
        out = np.zeros((*x.shape[:2], *map(len, starts)))
        for at in np.ndindex(out.shape[2:]):
            reach = [[s[i] + d * j for j in range(k)] for s, i, k, d in zip(starts, at, size, dilation)]
            inside = [[i for i in r if 0 <= i < n] for r, n in zip(reach, x.shape[2:])]
            counted = [[i for i in r if i < n + p] for r, n, p in zip(reach, x.shape[2:], padding)]
            seen = x[(slice(None), slice(None), *np.ix_(*inside))].reshape(*x.shape[:2], math.prod(map(len, inside)))
            out[(slice(None), slice(None), *at)] = choose(seen, math.prod(map(len, counted)), **how)
        return out

    return call


def mean(seen: Any, count: int, count_padding: bool = True, divisor: Any = None) -> Any:
    return seen.sum(-1) / (divisor or (count if count_padding else seen.shape[-1]))


def resample(x: Any, *, taps: Any, axis: int) -> Any:
    """A product with the matrix of the weights."""
    matrix = np.zeros((len(taps), x.shape[axis]))
    for i, row in enumerate(taps):
        for place, weight in row:
            matrix[i, place] += weight
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)


TAPS = (((0, 0.5), (2, 0.25), (0, 1.0)), (), ((3, -1.5),), ((1, 1.0), (2, 1.0)))
LINE, IMAGE, SPACE = distinct(2, 3, 9), distinct(2, 3, 7, 6), distinct(1, 2, 4, 5, 4)

OPS = (
    op("windows", windows, of_first, [
        sample(IMAGE, kernel=(3, 2), stride=(2, 1), dilation=(1, 2)), sample(LINE, kernel=(3,), stride=(4,),
        dilation=(1,)), sample(SPACE, kernel=(2, 2, 2), stride=(1, 2, 3), dilation=(1, 1, 1)),
        sample(numbers(0, 5), kernel=(2,), stride=(1,), dilation=(1,)),
        sample(integers(2, 6), kernel=(2, 2), stride=(1, 2), dilation=(1, 1)),
    ], function=pooling.windows),
    op("overlap_add", overlap_add, of_first, [
        sample(numbers(2, 3, 4, 3, 2), sizes=(7, 6), stride=(2, 1), dilation=(1, 2)),
        sample(numbers(2, 2, 3), sizes=(9,), stride=(4,), dilation=(1,)),
        sample(numbers(0, 4, 2), sizes=(5,), stride=(1,), dilation=(1,)),
    ], function=pooling.overlap_add),
    op("resample", resample, floating, [
        sample(numbers(2, 4, 3), taps=TAPS, axis=1), sample(numbers(5), taps=TAPS[2:], axis=0),
        sample(numbers(0, 4), taps=TAPS, axis=1), sample(numbers(2, 4), taps=(), axis=1),
        sample(integers(5), taps=TAPS[2:], axis=0),
    ], function=resampling.resample),
    op("max_pool", pooled(lambda seen, count: seen.max(-1)), floating, [
        sample(IMAGE, 2), sample(IMAGE, (3, 2), stride=(2, 1), padding=1), sample(IMAGE, 3, stride=2, dilation=(2, 1)),
        sample(LINE, 4, stride=3, ceil=True), sample(LINE, 2, stride=4, padding=1, ceil=True), sample(SPACE, 2),
        sample(LINE, 11, stride=3, ceil=True), sample(IMAGE, (8, 3), stride=2, dilation=(1, 2), ceil=True),
        sample(SPACE, 3, stride=1, padding=(1, 0, 1)), sample(integers(1, 1, 4), 2), sample(numbers(0, 2, 4), 2),
        edge(array(1, nan, 3, -inf, -inf, inf).reshape(1, 1, 6), 2), edge(np.ones((1, 1, 4), np.float32), 2, stride=1),
        edge(array(-inf, -inf, 1, 0).reshape(1, 1, 4), 2, padding=1),
    ], wrong(numbers(2, 3), 2, error=ShapeError, message="max_pool: got x (2, 3); wanted (n, c, ...)"),
       wrong(IMAGE, (2, 2, 2), error=ShapeError, message="kernel_size=(2, 2, 2); wanted an integer of at least 1"),
       wrong(IMAGE, 2, stride=0, error=ShapeError, message="stride=0"),
       wrong(IMAGE, 2, padding=2, error=ShapeError, message="padding=2; wanted at most half of the window, 2 // 2"),
       wrong(IMAGE, 3, padding=2, dilation=3, error=ShapeError, message="wanted at most half of the window, 3 // 2"),
       wrong(IMAGE, 9, error=ShapeError, message="does not fit into (7, 6)"),
       wrong(IMAGE, 9, stride=2, ceil=True, error=ShapeError, message="does not fit into (7, 6)"),
       wrong(numbers(1, 1, 4, dtype=np.complex64), 2, error=DTypeError, message="got dtype complex64"),
       signed_zeros=False),  # of 0 and -0, processors take either
    op("avg_pool", pooled(mean), floating, [
        sample(IMAGE, 2), sample(IMAGE, (3, 2), stride=(2, 1), padding=1), sample(LINE, 4, stride=3, ceil=True),
        sample(IMAGE, (3, 2), stride=(2, 1), padding=1, count_padding=False), sample(SPACE, 2),
        sample(LINE, 4, stride=3, padding=2, ceil=True), sample(LINE, 2, stride=4, padding=1, ceil=True),
        sample(LINE, 4, stride=3, padding=2, ceil=True, count_padding=False), sample(IMAGE, 2, divisor=7),
        sample(LINE, 11, stride=3, ceil=True), sample(LINE, 11, stride=3, padding=1, ceil=True, count_padding=False),
        sample(integers(1, 1, 4), 2), sample(numbers(0, 2, 4), 2), edge(array(1, nan, 3, 4).reshape(1, 1, 4), 2),
    ], wrong(IMAGE, 2, padding=(1, 2), error=ShapeError, message="avg_pool: padding=(1, 2); wanted at most half"),
       wrong(IMAGE, 0, error=ShapeError, message="avg_pool: kernel_size=0"), signed_zeros=False),
)  # fmt: skip
