"""Depthwise convolution in NumPy: every channel with a kernel of its own, which is too little work for a product.

Each place of a kernel adds the numbers that it sees, times one weight for each channel. What it sees from all places of
the image is one run of the padded numbers, if those between two rows are taken along and left out in the end. So the
steps are long, in blocks that stay in the cache.

A block is laid out as (*sizes, lanes). The lanes are the channels of one image, of which a block is some rows; or every
channel of every image is a lane, contiguous, and a block is some of those.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .blocks import BLOCK, in_blocks
from .convolution import channels_last
from .fused import covered

Array = Any
Shape = tuple[int, ...]
Job = tuple[int, slice, slice]  # the group of lanes, the rows and the lanes of a block

SHORT = 1024  # numbers of a channel: with fewer, to have the channels of one image as lanes is worth turning it
MANY = 32  # channels, if so


def conv_of_channels(x: Array, weight: Array, bias: Array | None, *, padding: Shape, dilation: Shape) -> Any:
    return _convolved(x, weight, bias, padding, dilation) if covered(x) and x.size else NotImplemented


def conv_of_channels_vjp(x: Array, weight: Array, bias: Array | None, *, padding: Shape, dilation: Shape) -> Any:
    around = tuple((k - 1) * d - p for k, d, p in zip(weight.shape[2:], dilation, padding, strict=True))
    if not covered(x) or not x.size or min(around) < 0:
        return NotImplemented

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        turned = np.flip(weight, tuple(range(2, weight.ndim)))
        g_x = _convolved(g, turned, None, around, dilation) if wanted[0] else None
        g_weight = _slopes(x, weight, g, padding, dilation) if wanted[1] else None
        return g_x, g_weight, None if bias is None else np.add.reduce(g, (0, *range(2, g.ndim)))

    return _convolved(x, weight, bias, padding, dilation), pullback


def _convolved(x: Array, weight: Array, bias: Array | None, padding: Shape, dilation: Shape) -> Array:
    layout = _Layout(x, weight.shape[2:], padding, dilation)
    out = _like(x, layout.sizes)
    seen, into = layout.lanes(x), layout.lanes(out)
    filters = layout.of_lanes(weight)
    added = np.zeros((1, filters.shape[-1]), x.dtype) if bias is None else layout.of_lanes(bias)

    def formula(job: Job) -> None:
        group, rows, lanes = job
        found = layout.zeros(rows, lanes)
        factors = filters[:, lanes].reshape(*weight.shape[2:], -1)
        _sum_places(layout.runs(seen, job), factors, layout.run(found, rows))
        np.add(layout.inside(found), added[0, lanes], out=into[group, rows, ..., lanes])

    layout.in_jobs(formula)
    return out


def _slopes(x: Array, weight: Array, g: Array, padding: Shape, dilation: Shape) -> Array:
    """The gradient of the kernels: for each of their places the sum of what it sees, times g."""
    layout = _Layout(x, weight.shape[2:], padding, dilation)
    seen, above = layout.lanes(x), layout.lanes(g)

    def formula(job: Job) -> tuple[slice, Array]:
        group, rows, lanes = job
        spread = layout.zeros(rows, lanes)
        layout.inside(spread)[...] = above[group, rows, ..., lanes]
        return lanes, _sum_runs(layout.runs(seen, job), layout.run(spread, rows))

    out = np.zeros((weight[0].size, seen.shape[-1]), x.dtype)
    for lanes, part in layout.in_jobs(formula):
        out[:, lanes] += part
    return np.add.reduce(out.reshape(len(out), -1, len(weight)), 1).T.reshape(weight.shape)


def _sum_places(runs: Array, factors: Array, total: Array) -> None:
    """For all places of the kernel, the sum of their runs (*kernel, run, lanes) times their factors (*kernel, lanes).

    Where lanes lie side by side einsum does it in one go; elsewhere its steps are short, and two functions are faster.
    """
    *kernel, run, lane = axes = range(runs.ndim)
    if total.strides[1] == total.itemsize:
        np.einsum(runs, axes, factors, [*kernel, lane], [run, lane], out=total)
        return
    step = np.empty_like(total)
    for place in np.ndindex(*runs.shape[:-2]):
        np.multiply(runs[place], factors[place], out=step)
        total += step


def _sum_runs(runs: Array, above: Array) -> Array:
    """For each place of the kernel, the sum of its run times what is above it: (places, lanes)."""
    *kernel, run, lane = axes = range(runs.ndim)
    if above.strides[1] == above.itemsize:
        return np.einsum(runs, axes, above, [run, lane], [*kernel, lane]).reshape(-1, runs.shape[-1])
    places = np.ndindex(*runs.shape[:-2])
    return np.stack([np.einsum("pk,pk->k", runs[place], above) for place in places])


class _Layout:
    """How x (n, c, ...) is cut into blocks (rows, ..., lanes), and what of a padded block a kernel sees."""

    def __init__(self, x: Array, kernel: Shape, padding: Shape, dilation: Shape) -> None:
        self.x, self.padding, sizes = x, padding, x.shape[2:]
        reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
        padded = [n + 2 * p for n, p in zip(sizes, padding, strict=True)]
        self.sizes = tuple(n - r for n, r in zip(padded, reach, strict=True))
        self.reach, self.behind = reach[0], padded[1:]
        self.steps = [math.prod(self.behind[i:]) for i in range(len(sizes))]
        self.kernel, self.apart = kernel, [d * step for d, step in zip(dilation, self.steps, strict=True)]
        self.of_one_image = channels_last(x) or (math.prod(sizes) < SHORT and x.shape[1] >= MANY)

    def lanes(self, x: Array) -> Array:
        """x as (groups, ..., lanes)."""
        if self.of_one_image:
            return x.transpose(0, *range(2, x.ndim), 1)
        return x.reshape(-1, *x.shape[2:]).transpose(*range(1, x.ndim - 1), 0)[None]

    def of_lanes(self, values: Array) -> Array:
        """Values (c, ...) of the channels as (all of one channel, lanes)."""
        times = 1 if self.of_one_image else len(self.x)
        return np.ascontiguousarray(np.tile(values.reshape(len(values), -1), (times, 1)).T)

    def in_jobs(self, formula: Callable[[Job], Any]) -> list[Any]:
        """formula(job) for all blocks of the output."""
        (images, channels), height, plane = self.x.shape[:2], self.sizes[0], math.prod(self.sizes)
        if self.of_one_image:
            groups, lanes, rows, some = images, channels, max(BLOCK * height // (plane * channels), 1), channels
        else:
            groups, lanes, rows, some = 1, images * channels, height, max(2 * BLOCK // plane, 1)
        jobs = [
            (group, slice(row, min(row + rows, height)), slice(lane, min(lane + some, lanes)))
            for group in range(groups)
            for row in range(0, height, rows)
            for lane in range(0, lanes, some)
        ]
        return in_blocks(lambda one: formula(jobs[one[0]]), np.arange(len(jobs)), rows=1)

    def zeros(self, rows: slice, lanes: slice, more: int = 0) -> Array:
        """A block for some rows, as wide as padded ones."""
        shape, count = (rows.stop - rows.start + more, *self.behind), lanes.stop - lanes.start
        if self.of_one_image:
            return np.zeros((*shape, count), self.x.dtype)
        return np.zeros((count, *shape), self.x.dtype).transpose(*range(1, len(shape) + 1), 0)

    def runs(self, seen: Array, job: Job) -> Array:
        """What each place of the kernel sees of the padded numbers: (*kernel, places, lanes)."""
        group, rows, lanes = job
        padded = self.zeros(rows, lanes, self.reach)
        top = rows.start - self.padding[0]
        start, stop = max(top, 0), min(top + len(padded), seen.shape[1])
        if start < stop:
            within = [slice(p, p + n) for p, n in zip(self.padding[1:], seen.shape[2:-1], strict=True)]
            padded[start - top : stop - top, *within] = seen[group, start:stop, ..., lanes]
        first = self.run(padded, rows)
        strides = (*(step * first.strides[0] for step in self.apart), *first.strides)
        return np.lib.stride_tricks.as_strided(first, (*self.kernel, *first.shape), strides)

    def run(self, block: Array, rows: slice) -> Array:
        """The numbers of a block, as far as its first and last number in the output are apart."""
        ends = (rows.stop - rows.start, *self.sizes[1:])
        length = sum((n - 1) * step for n, step in zip(ends, self.steps, strict=True)) + 1
        return block.reshape(-1, block.shape[-1])[:length]

    def inside(self, block: Array) -> Array:
        """A block without what is only between its rows."""
        return block[:, *(slice(n) for n in self.sizes[1:])]


def _like(x: Array, sizes: Shape) -> Array:
    """Memory for an array of other sizes, with its channels last or first as those of x."""
    if channels_last(x):
        return np.empty((len(x), *sizes, x.shape[1]), x.dtype).transpose(0, len(sizes) + 1, *range(1, len(sizes) + 1))
    return np.empty((*x.shape[:2], *sizes), x.dtype)
