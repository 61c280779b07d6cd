"""Pooling: the largest element, or the mean, of each window."""

from collections.abc import Sequence
from math import prod
from typing import Any

from ...dtypes import int64
from ...errors import ShapeError
from ...ops import pooling
from ...ops.arguments import INTEGERS, REAL_FLOATING, each_axis, number, ready, several, whole, wholes
from ...ops.creation import zeros
from ...ops.data_types import astype
from ...ops.elementwise import abs, pow, sign
from ...ops.indexing import from_front, inside
from ...ops.pooling import stretches, within
from ...ops.resampling import resample
from ...ops.scattering import scatter
from ...ops.statistical import mean
from ...tensor import Tensor
from .dimensions import Sizes, each_dimension

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d",
    "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip

Pooled = Tensor | tuple[Tensor, Tensor]


def _tuple(sizes: Any) -> Any:
    """PyTorch takes (2,) for 2 in every number of dimensions."""
    return sizes[0] if isinstance(sizes, Sequence) and len(sizes) == 1 else sizes


def _max_pool(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The largest element in each window of `kernel_size`; of equal ones the first gets the gradient.

    Windows are `stride` apart, by default their own size, and begin `padding` places before the first element; in
    `ceil_mode` a last one may reach beyond the end. What lies outside counts for nothing. `return_indices` adds where
    each was, int64, in the flattened spatial axes.

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> max_pool2d(lucid.asarray([[[1.0, 3.0], [2.0, 5.0]]]), 2, return_indices=True)[1].tolist()
    [[[3]]]
    """
    pool = pooling.max_pool_with_places if return_indices else pooling.max_pool
    strides = None if stride is None or stride in ([], ()) else _tuple(stride)
    return pool(
        input, _tuple(kernel_size), stride=strides, padding=_tuple(padding), dilation=_tuple(dilation), ceil=ceil_mode
    )


def _avg_pool(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of `kernel_size`, `stride` apart, by default their own size.

    Windows begin `padding` places before the first element, where zeros lie, and in `ceil_mode` a last one may reach
    beyond those at the end. The zeros are counted unless `count_include_pad=False`; `divisor_override` takes the place
    of the count.

    Raises ShapeError if the sizes do not fit, ValueError for a divisor of 0.

    >>> import lucid
    >>> avg_pool1d(lucid.asarray([[1.0, 3.0, 2.0, 5.0]]), 2).tolist()
    [[2.0, 3.5]]
    """
    if divisor_override == 0:
        raise ValueError("avg_pool: divisor_override=0; wanted a number other than 0, or None")
    return pooling.avg_pool(
        input,
        _tuple(kernel_size),
        stride=None if stride is None or stride in ([], ()) else _tuple(stride),
        padding=_tuple(padding),
        ceil=ceil_mode,
        count_padding=count_include_pad,
        divisor=divisor_override,
    )


def _lp_pool(
    input: Tensor, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of `kernel_size`, for p = norm_type: the p-th root of the sum of p-th powers.

    Raises ValueError for a norm_type of 0, and what `avg_pool` raises.

    >>> import lucid
    >>> lp_pool1d(lucid.asarray([[3.0, 4.0]]), 2, 2).tolist()
    [[5.0]]
    """
    if not number("lp_pool", norm_type, "norm_type"):
        raise ValueError(f"lp_pool: norm_type={norm_type}; wanted a number other than 0")
    sizes = each_axis("lp_pool", input.ndim - 2, "kernel_size", _tuple(kernel_size), 1)
    mean = _avg_pool(pow(input, norm_type), sizes, stride, 0, ceil_mode)
    mean = sign(mean) * abs(mean)  # as PyTorch has it: no gradient at 0
    return pow(mean * prod(sizes), 1 / norm_type)


# --- To a given size -------------------------------------------------------------------------------------------------


def _adaptive_avg_pool(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """The means of windows of sizes as even as can be, which make an output of `output_size`; None keeps a size.

    Raises ShapeError for other than a size for each spatial axis.

    >>> import lucid
    >>> adaptive_avg_pool1d(lucid.asarray([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2).tolist()
    [[2.0, 4.0]]
    """
    x = ready("adaptive_avg_pool", REAL_FLOATING, input, "input")
    ranges = _stretches("adaptive_avg_pool", x, output_size)
    if all(len(spans) == 1 for spans in ranges):
        return mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)
    sizes = tuple(len(spans[0]) if spans else 0 for spans in ranges)
    if all(size * len(spans) == n > 0 for size, spans, n in zip(sizes, ranges, x.shape[2:])):
        return pooling.avg_pool(x, sizes)
    for axis, spans in enumerate(ranges, 2):
        if len(spans) != x.shape[axis]:
            taps = tuple(tuple((place, 1 / len(span)) for place in span) for span in spans)
            x = resample(x, taps=taps, axis=axis)
    return x


def _adaptive_max_pool(input: Tensor, output_size: int | Sequence[int | None], return_indices: bool = False) -> Pooled:
    """The largest elements of windows of sizes as even as can be, which make an output of `output_size`.

    None keeps a size. `return_indices` adds where each was, int64, in the flattened spatial axes. Raises ShapeError for
    other than a size for each spatial axis.

    >>> import lucid
    >>> adaptive_max_pool1d(lucid.asarray([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2).tolist()
    [[3.0, 5.0]]
    """
    x = ready("adaptive_max_pool", REAL_FLOATING, input, "input")
    ranges = _stretches("adaptive_max_pool", x, output_size)
    out, places = pooling.largest(x, lambda x, outside: within(x, ranges))
    return (out, places()) if return_indices else out


def _stretches(function: str, x: Tensor, output_size: int | Sequence[int | None]) -> list[list[range]]:
    old = x.shape[2:]
    name = "output_size"
    given = (output_size,) if isinstance(output_size, int) else several(function, output_size, name)
    wanted = [m if m is None else whole(function, m, name) for m in given] * (len(old) if len(given) == 1 else 1)
    if len(wanted) != len(old) or any(m is not None and m < 0 for m in wanted) or 0 in x.shape[1:]:
        raise ShapeError(
            f"{function}: output_size={output_size} for input {x.shape}; wanted elements, and a size for each of "
            f"{len(old)} axes, or None to keep one"
        )
    return [stretches(n, n if m is None else m) for n, m in zip(old, wanted, strict=True)]


def _max_unpool(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros, with each element of `input` at the place that `indices` name: where max_pool found it.

    Without `output_size` the output is as large as the smallest input that max_pool makes this size of.

    Raises ShapeError unless there is an index for each element, IndexError for one that is not there.

    >>> import lucid
    >>> max_unpool1d(lucid.asarray([[3.0, 5.0]]), lucid.asarray([[1, 3]]), 2).tolist()
    [[0.0, 3.0, 0.0, 5.0]]
    """
    sizes = input.shape[2:]
    indices = ready("max_unpool", INTEGERS, indices, "indices")
    indices = indices.reshape(input.shape) if indices.size == input.size else indices
    if indices.shape != input.shape:
        raise ShapeError(f"max_unpool: input {input.shape} and indices {indices.shape}; wanted an index for each")
    kernel = each_axis("max_unpool", len(sizes), "kernel_size", kernel_size, 1)
    strides = each_axis("max_unpool", len(sizes), "stride", kernel if stride in (None, [], ()) else stride, 1)
    pads = each_axis("max_unpool", len(sizes), "padding", padding, 0)
    usual = tuple((n - 1) * s - 2 * p + k for n, k, s, p in zip(sizes, kernel, strides, pads, strict=True))
    new = usual if output_size is None else wholes("max_unpool", output_size, "output_size")[-len(sizes) :]
    if any(not n - s < m < n + s for n, s, m in zip(usual, strides, new)) or len(new) != len(sizes):
        raise ShapeError(f"max_unpool: output_size={output_size}; wanted one less than a stride from {usual}")
    rows, count = (*input.shape[:2], prod(sizes)), prod(new)
    places = from_front(astype(indices.reshape(rows), int64), count)
    places = inside(places, count, f"max_unpool: an index is no place of the output, {new}")
    flat = zeros((*input.shape[:2], count), dtype=input.dtype, device=input.device)
    out = scatter(flat, places, input.reshape(rows), axis=-1)
    return out.reshape((*input.shape[:2], *new))


max_pool1d, max_pool2d, max_pool3d = each_dimension(_max_pool)
avg_pool1d, avg_pool2d, avg_pool3d = each_dimension(_avg_pool)
lp_pool1d, lp_pool2d, lp_pool3d = each_dimension(_lp_pool)
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = each_dimension(_adaptive_avg_pool)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = each_dimension(_adaptive_max_pool)
max_unpool1d, max_unpool2d, max_unpool3d = each_dimension(_max_unpool)
