"""Convolution in NumPy: windows of the input as one matrix, multiplied by the kernels as another."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .blocks import BLOCK, get_num_threads, in_blocks
from .fused import ROWS, covered, linear, linear_slopes, rows
from .windows import overlap_add, windows

Array = Any
Shape = tuple[int, ...]


def convolve(
    x: Array,
    weight: Array,
    *,
    stride: Shape,
    padding: tuple[tuple[int, int], ...],
    dilation: Shape,
    input_dilation: Shape,
    groups: int,
) -> Array:
    """The cross-correlation of x (n, c, ...) with weight (o, c / groups, ...): see `lucid.ops.convolution.convolve`."""
    if all(step == 1 for step in stride) and x.size and weight.size:
        landed = _landed(x, weight, padding, dilation, input_dilation, groups)
        if landed is not None:
            return landed
    seen = windows(_padded(x, padding, input_dilation), weight.shape[2:], stride, dilation)
    if groups > 1 and weight.shape[1] == 1 and weight.size:
        return _depthwise(seen, weight)
    counts, kernel = seen.shape[2 : weight.ndim], weight.shape[2:]
    formula = _by_columns if counts[-1] >= kernel[-1] else _by_rows  # the longer runs are copied
    out = np.empty((len(x), len(weight), *counts), x.dtype)
    parts = np.split(seen, groups, 1), np.split(weight, groups), np.split(out, groups, 1)
    for part, filters, into in zip(*parts, strict=True):
        if kernel[0] > counts[0] and part.size > 16 * max(into.size, BLOCK):
            into[...] = _in_terms(filters, part)
            continue
        if counts[0] > len(x):  # a block is some rows of all images, or else some images
            part, into = part.swapaxes(0, 2), into.swapaxes(0, 2)
        height = max(4 * BLOCK // max(part[:1].size, 1), ROWS * len(filters) // max(into[:1].size, 1), 1)
        in_blocks(partial(formula, filters), part, into, rows=height, blas=True)
    return out


def _by_rows(filters: Array, seen: Array, out: Array) -> None:
    """Copy the windows (n, c, *out, *kernel) into the rows of a matrix, and multiply it by that of the filters."""
    summed = (1, *range(2 - filters.ndim, 0))
    out[...] = np.moveaxis(np.tensordot(seen, filters, (summed, summed)), -1, 1)


def _by_columns(filters: Array, seen: Array, out: Array) -> None:
    """The same with the windows as columns, a matrix for each image."""
    space = filters.ndim - 2
    turned = seen.transpose(0, 1, *range(2 + space, 2 + 2 * space), *range(2, 2 + space))
    size = math.prod(filters.shape[1:])
    columns = turned.reshape(len(seen), size, math.prod(out.shape[2:]))
    out[...] = np.matmul(filters.reshape(len(filters), size), columns).reshape(out.shape)


def _in_terms(filters: Array, seen: Array) -> Array:
    """For kernels larger than the output, as in the gradient of weights: the sum of what a few rows of them give."""
    space = filters.ndim - 2

    def term(seen: Array, filters: Array) -> Array:
        return np.tensordot(seen, filters, ((0, 2, *range(3 + space, seen.ndim)), (0, 2, *range(3, filters.ndim))))

    rows = max(8 * BLOCK * filters.shape[2] // seen.size, 1)
    terms = in_blocks(term, np.moveaxis(seen, 2 + space, 0), np.moveaxis(filters, 2, 0), rows=rows, blas=True)
    return np.moveaxis(sum(terms), -1, 1)


def _padded(x: Array, padding: tuple[tuple[int, int], ...], input_dilation: Shape) -> Array:
    """x with zeros between its elements and around them; negative padding cuts off."""
    if not np.any(padding) and not np.any(np.subtract(input_dilation, 1)):
        return x
    spread = [(n - 1) * step + 1 for n, step in zip(x.shape[2:], input_dilation, strict=True)]
    lengths = [n + low + high for n, (low, high) in zip(spread, padding, strict=True)]
    out = np.zeros((*x.shape[:2], *(max(n, 0) for n in lengths)), x.dtype)
    to, of = [slice(None)] * 2, [slice(None)] * 2
    for (low, _), length, step, n in zip(padding, lengths, input_dilation, x.shape[2:], strict=True):
        first = max(0, -(low // step))  # the first element that lands at a place >= 0
        last = min(n, -(-(length - low) // step))
        to.append(slice(low + first * step, max(low + (last - 1) * step + 1, 0), step) if last > first else slice(0))
        of.append(slice(first, max(last, first)))
    out[tuple(to)] = x[tuple(of)]
    return out


def _depthwise(seen: Array, weight: Array) -> Array:
    """One input channel for each kernel: too little work for a matrix product, so add up one kernel place at a time."""
    images, channels, *counts = seen.shape[: weight.ndim]
    filters = weight.reshape(channels, 1, -1, *(1,) * len(counts), *weight.shape[2:])
    out = np.empty((images, channels, filters.shape[2], *counts), seen.dtype)
    height = max(BLOCK // max(out[:, :1].size, 1), 1)
    in_blocks(_add_up, seen.swapaxes(0, 1)[:, :, None], filters, out.swapaxes(0, 1), rows=height)
    return out.reshape(images, len(weight), *counts)


def _add_up(seen: Array, filters: Array, out: Array) -> None:
    """The places of a kernel are the last axes of both."""
    out[...] = 0
    for place in np.ndindex(*filters.shape[out.ndim :]):
        out += seen[(..., *place)] * filters[(..., *place)]


def _landed(
    x: Array, weight: Array, padding: tuple[tuple[int, int], ...], dilation: Shape, input_dilation: Shape, groups: int
) -> Array | None:
    """Products of all numbers and kernels first, added up where they land; None where that is not less work.

    It is where x is spread apart, since nothing is multiplied by the zeros between, and where filters are few.
    """
    kernel, space, channels = weight.shape[2:], weight.ndim - 2, weight.shape[1]
    reaches = [(k - 1) * step for k, step in zip(kernel, dilation, strict=True)]
    sizes = tuple((n - 1) * step + 1 + r for n, step, r in zip(x.shape[2:], input_dilation, reaches, strict=True))
    around = tuple((low - r, high - r) for (low, high), r in zip(padding, reaches, strict=True))
    counts = [n + low + high for n, (low, high) in zip(sizes, around, strict=True)]
    landing, columns = len(weight) // groups * math.prod(x.shape[2:]), channels * math.prod(counts)
    if min(counts) < 1 or channels == 1 < groups or 2 * landing >= columns:  # the size of each, for a kernel's place
        return None
    places_first = (0, 1, *range(2 + space, 2 + 2 * space), *range(2, 2 + space))

    def land(filters: Array, seen: Array, out: Array) -> None:
        matrix = np.moveaxis(filters.reshape(len(filters), channels, -1), 1, 2).reshape(-1, channels)
        products = matrix @ seen.reshape(len(seen), channels, -1)
        overlapping = products.reshape(len(seen), len(filters), *kernel, *seen.shape[2:]).transpose(places_first)
        out[...] = _padded(overlap_add(overlapping, sizes, input_dilation, dilation), around, (1,) * space)

    def land_of_one(seen: Array, filters: Array, out: Array) -> None:
        land(filters, seen, out.swapaxes(0, 1))

    out = np.empty((len(x), len(weight), *counts), x.dtype)
    turned = np.flip(weight, range(2, weight.ndim))
    parts = np.split(x, groups, 1), np.split(turned, groups), np.split(out, groups, 1)
    for part, filters, into in zip(*parts, strict=True):
        if len(x) > 1:
            in_blocks(partial(land, filters), part, into, rows=1, blas=True)
        else:
            few = -(-len(filters) // get_num_threads())
            in_blocks(partial(land_of_one, part), filters, into.swapaxes(0, 1), rows=few, blas=True)
    return out


# --- Kernels that do not overlap -------------------------------------------------------------------------------------


def conv_of_patches(x: Array, weight: Array, bias: Array | None) -> Array:
    if not covered(x) or not weight.size:
        return NotImplemented
    out = linear(_patches(x, weight), _filters(x, weight), bias)
    counts = [n // k for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    return out.reshape(len(x), *counts, len(weight)).transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def conv_of_patches_vjp(x: Array, weight: Array, bias: Array | None) -> Any:
    if not covered(x) or not weight.size:
        return NotImplemented

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        above = rows(g.transpose(0, *range(2, g.ndim), 1))
        g_patches, g_filters, g_bias = linear_slopes(_patches(x, weight), _filters(x, weight), above, wanted[0])
        g_weight = np.empty_like(weight)
        turned = _turned(x, g_weight)
        np.copyto(turned, g_filters.reshape(turned.shape))
        g_x = None if g_patches is None else _of_patches(g_patches, x, weight)
        return g_x, g_weight, None if bias is None else g_bias

    return conv_of_patches(x, weight, bias), pullback


def _patches(x: Array, weight: Array) -> Array:
    """The windows as rows of a matrix."""
    cut = _cut(x, weight)
    out = np.empty(cut.shape, x.dtype)
    in_blocks(np.copyto, out, cut)
    return out.reshape(-1, weight[0].size)


def _of_patches(patches: Array, x: Array, weight: Array) -> Array:
    """An array like x that `_patches` cuts into `patches`, and 0 where it has no window."""
    out = np.zeros_like(x)
    cut = _cut(out, weight)
    in_blocks(np.copyto, cut, patches.reshape(cut.shape))
    return out


def _filters(x: Array, weight: Array) -> Array:
    """The kernels as rows of a matrix, in the order of the columns of `_patches`."""
    return _turned(x, weight).reshape(len(weight), weight[0].size)


def _cut(x: Array, weight: Array) -> Array:
    """A view (n, *out, ...) of the windows, which do not overlap, each in the order of `_turned`."""
    kernel, space = weight.shape[2:], x.ndim - 2
    counts = [n // k for n, k in zip(x.shape[2:], kernel, strict=True)]
    whole = x[..., *(slice(count * k) for count, k in zip(counts, kernel, strict=True))]
    split = whole.reshape(*x.shape[:2], *(n for pair in zip(counts, kernel, strict=True) for n in pair))
    places, inside = range(2, 2 + 2 * space, 2), range(3, 3 + 2 * space, 2)
    return split.transpose(0, *places, *((*inside, 1) if channels_last(x) else (1, *inside)))


def _turned(x: Array, array: Array) -> Array:
    """A view of `array` with its axis of channels last, if in the memory of x they are; so long runs are copied."""
    return array.transpose(0, *range(2, array.ndim), 1) if channels_last(x) else array


def channels_last(x: Array) -> bool:
    return bool(x.strides[1] == x.itemsize)
