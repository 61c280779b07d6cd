"""A feed-forward network with a depthwise convolution in its middle in NumPy; the wide layer is never whole in memory.

A channel of the wide layer needs no other: it comes from all of x, is convolved by itself, and adds its share to all
outputs. So a job is some channels of some whole images. It walks down the rows of the images, and each step does all
that can be done with the next ones while they are in the cache. Only training keeps arrays of the wide layer's size:
its numbers with zeros around every image, and the value and the slope of GELU.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from .activation import gelu_and_slope, gelu_block
from .blocks import get_num_threads, in_blocks
from .fused import covered, rows, sum_of_rows, total
from .windows import windows

Array = Any

TOKENS = 512  # of a step: with fewer, products of matrices are slow; with more, what is between them leaves the cache
CHANNELS = 256  # of a job at least, where threads share an image: with fewer, the steps of einsum are short


class Job(NamedTuple):
    """Some images and some channels, with a number for each: the groups and shares that there are."""

    group: int
    images: slice
    share: int
    channels: slice


def conv_feed_forward(*arrays: Any) -> Any:
    return _forward(*arrays)[0] if _covers(*arrays) else NotImplemented


def conv_feed_forward_vjp(*arrays: Any) -> Any:
    if not _covers(*arrays):
        return NotImplemented
    out, layout, kept = _forward(*arrays, training=True)
    x, weight1, _, kernels, _, weight2, _ = arrays

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        slopes = _backward(layout, kept, x, weight1, kernels, weight2, g)
        return tuple(None if a is None else slope for a, slope in zip(arrays, slopes, strict=True))

    return out, pullback


def _covers(x: Array, weight1: Array, bias1: Any, kernels: Array, bias: Any, weight2: Array, bias2: Any) -> bool:
    return covered(x) and min(x.size, weight1.size, weight2.size) > 0


def _forward(
    x: Array,
    weight1: Array,
    bias1: Array | None,
    kernels: Array,
    bias: Array | None,
    weight2: Array,
    bias2: Array | None,
    *,
    training: bool = False,
) -> Any:
    layout, factors = _Layout(x, kernels), _by_places(kernels)
    outs = layout.of_shares((*x.shape[:3], len(weight2)))

    def formula(job: Job) -> tuple[Array, ...]:
        _, images, share, channels = job
        padded, inside, seen = layout.padded(job)
        first, second = weight1[channels].T, weight2[:, channels].T
        added = 0 if bias1 is None else bias1[channels]
        active: Any = np.empty((2, *inside.shape), x.dtype) if training else ()  # the value of GELU, and its slope
        for fresh, ready in layout.steps():
            wide = inside[:, fresh]
            np.add((rows(x[images, fresh]) @ first).reshape(wide.shape), added, out=wide)
            value = np.empty((len(wide), ready.stop - ready.start, *wide.shape[2:]), x.dtype)
            _sums(seen[:, :, ready], factors[..., channels], value)
            if bias is not None:
                value += bias[channels]
            if training:
                gelu_and_slope(value, *active[:, :, ready])
                value = active[0, :, ready]
            else:
                gelu_block(value, value)
            out = rows(outs[share][images, ready])
            np.matmul(rows(value), second, out=out)
            if bias2 is not None and not share:
                out += bias2
        return (padded, *active) if training else ()

    kept = layout.in_jobs(formula)
    return total(outs), layout, kept


def _backward(
    layout: "_Layout", kept: list[tuple[Array, ...]], x: Array, weight1: Array, kernels: Array, weight2: Array, g: Array
) -> tuple[Array, ...]:
    turned = _by_places(kernels[..., ::-1, ::-1])
    g_x = layout.of_shares(x.shape)
    shapes = weight1.shape, weight1.shape[:1], turned.shape, weight1.shape[:1], weight2.shape
    g_weight1, g_bias1, g_turned, g_bias, g_weight2 = map(layout.of_groups, shapes)

    def formula(job: Job, padded: Array, values: Array, slopes: Array) -> None:
        group, images, share, channels = job
        above, inside, seen = layout.padded(job)
        first, second = weight1[channels], weight2[:, channels]
        before, wide = layout.inside(padded), np.empty(values.shape, x.dtype)
        of_places = np.zeros((*turned.shape[:2], values.shape[3]), x.dtype)
        for fresh, ready in layout.steps():
            into = inside[:, fresh]
            np.multiply((rows(g[images, fresh]) @ second).reshape(into.shape), slopes[:, fresh], out=into)
            of_places += np.einsum("nchwkl,nhwc->klc", seen[:, :, ready], before[:, ready])
            _sums(seen[:, :, ready], turned[..., channels], wide[:, ready])
            np.matmul(rows(wide[:, ready]), first, out=rows(g_x[share][images, ready]))
        np.matmul(rows(wide).T, rows(x[images]), out=g_weight1[group][channels])
        g_bias1[group][channels] = sum_of_rows(rows(wide))
        g_turned[group][..., channels] = of_places
        g_bias[group][channels] = sum_of_rows(rows(above))
        np.matmul(rows(g[images]).T, rows(values), out=g_weight2[group][:, channels])

    layout.in_jobs(formula, kept)
    g_kernels = total(g_turned)[::-1, ::-1].transpose(2, 0, 1).reshape(kernels.shape)
    layers = total(g_weight1), total(g_bias1), g_kernels, total(g_bias), total(g_weight2), sum_of_rows(rows(g))
    return total(g_x), *layers


def _by_places(kernels: Array) -> Array:
    """Kernels (channels, 1, k, l) as (k, l, channels)."""
    return np.ascontiguousarray(kernels[:, 0].transpose(1, 2, 0))


def _sums(seen: Array, factors: Array, out: Array) -> None:
    """For each place the sum of what its kernel sees, times a factor for each of the kernel's places and channels."""
    np.einsum("nchwkl,klc->nhwc", seen, factors, out=out)


class _Layout:
    """How the work on images x (n, h, w, c) is cut into jobs, and these into steps."""

    def __init__(self, x: Array, kernels: Array) -> None:
        count, *self.sizes, _ = x.shape
        self.x, self.kernel = x, kernels.shape[2:]
        groups = _cut(count, max(TOKENS // (self.sizes[0] * self.sizes[1]), 1))
        threads = get_num_threads()
        shares = max(min(threads // gcd(threads, len(groups)), len(kernels) // CHANNELS), 1)
        parts = _cut(len(kernels), -(-len(kernels) // shares))
        self.jobs = [Job(*group, *share) for share in enumerate(parts) for group in enumerate(groups)]

    def in_jobs(self, formula: Callable[..., Any], kept: Sequence[tuple[Array, ...]] = ()) -> list[Any]:
        """formula(job, *what it kept) for all jobs."""

        def one(place: Array) -> Any:
            i = place[0]
            return formula(self.jobs[i], *(kept[i] if kept else ()))

        return in_blocks(one, np.arange(len(self.jobs)), rows=1, blas=True)

    def of_shares(self, shape: tuple[int, ...]) -> list[Array]:
        """An array for each share of the wide layer; their sum is the whole."""
        return [np.empty(shape, self.x.dtype) for _ in range(self.jobs[-1].share + 1)]

    def of_groups(self, shape: tuple[int, ...]) -> list[Array]:
        """An array for each group of images, likewise."""
        return [np.empty(shape, self.x.dtype) for _ in range(self.jobs[-1].group + 1)]

    def padded(self, job: Job) -> tuple[Array, Array, Array]:
        """Memory for the wide layer of a job with zeros around, what is inside, and what kernels see of it."""
        images, channels = (s.stop - s.start for s in (job.images, job.channels))
        sizes = (n + k - 1 for n, k in zip(self.sizes, self.kernel, strict=True))
        padded = np.zeros((images, *sizes, channels), self.x.dtype)
        return padded, self.inside(padded), windows(padded.transpose(0, 3, 1, 2), self.kernel, (1, 1), (1, 1))

    def inside(self, padded: Array) -> Array:
        return padded[:, *(slice(k // 2, k // 2 + n) for n, k in zip(self.sizes, self.kernel, strict=True))]

    def steps(self) -> Iterator[tuple[slice, slice]]:
        """The rows whose numbers come next, and those that see all they need with them; one step for several images."""
        height, width = self.sizes
        done = 0
        for ready in _cut(height, max(TOKENS // width, 1)):
            after = min(ready.stop + self.kernel[0] // 2, height)
            yield slice(done, after), ready
            done = after


def _cut(length: int, most: int) -> list[slice]:
    """Parts of nearly equal size, none longer than `most`."""
    count = -(-length // most)
    return [slice(start, end) for start, end in pairwise(length * i // count for i in range(count + 1))]
