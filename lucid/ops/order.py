"""Order statistics: the largest, the middle, how many lie where, extremes so far."""

import builtins
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ..autograd.operation import apply, primitive
from ..dtypes import int64
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import (
    INTEGERS,
    ORDERED,
    REAL_FLOATING,
    Axis,
    axes,
    choose,
    number,
    one_axis,
    ready,
    several,
    tensor,
    whole,
)
from .creation import arange, asarray, full, zeros_like
from .data_types import astype
from .elementwise import ceil, equal, floor, greater_equal, isnan, less, less_equal, logical_and, logical_or, round
from .indexing import canonical, scatter_add, take_along_axis
from .manipulation import broadcast_to, concat, moveaxis, permute_dims, reshape
from .searching import argmax, searchsorted, where
from .sorting import argsort, in_order, sort
from .statistical import exact, max, min, sum

__all__ = [
    "bincount", "cummax", "cummin", "histogram", "kthvalue", "median", "mode", "nanmedian", "nanquantile", "quantile",
    "topk",
]  # fmt: skip

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


class ValuesAndIndices(NamedTuple):
    """Elements, and where they were: int64."""

    values: Tensor
    indices: Tensor


# --- The largest and the middle --------------------------------------------------------------------------------------


def topk(x: Tensor, k: int, /, axis: int = -1, *, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
    """The k largest elements along an axis, or the smallest, and their indices, int64, in order; nan is largest.

    They are always sorted: `sorted` is there for code that asks for it. Raises ShapeError if there are fewer than k.

    >>> import lucid
    >>> topk(lucid.asarray([1.0, 4.0, 2.0]), 2).values
    tensor([4., 2.], dtype=float32, device='cpu')
    """
    x = ready("topk", ORDERED, x)
    axis, k = one_axis("topk", x.ndim, axis), whole("topk", k, "k")
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(f"topk: k={k} of axis {axis} of size {x.shape[axis]}; choose 0 to {x.shape[axis]}")
    indices = in_order("topk", x, axis, largest, (0, k))
    return ValuesAndIndices(take_along_axis(x, indices, axis=axis), indices)


def kthvalue(x: Tensor, k: int, /, axis: int = -1, *, keepdims: bool = False) -> ValuesAndIndices:
    """The k-th smallest element along an axis, counted from 1, and its index, int64; nan is largest.

    Raises ShapeError if there are fewer than k.

    >>> import lucid
    >>> kthvalue(lucid.asarray([3.0, 1.0, 2.0]), 2).values
    tensor(2., dtype=float32, device='cpu')
    """
    x = ready("kthvalue", ORDERED, x)
    axis, k = one_axis("kthvalue", x.ndim, axis), whole("kthvalue", k, "k")
    if not 1 <= k <= x.shape[axis]:
        raise ShapeError(f"kthvalue: k={k} of axis {axis} of size {x.shape[axis]}; choose 1 to {x.shape[axis]}")
    indices = in_order("kthvalue", x, axis, part=(k - 1, k))
    found = take_along_axis(x, indices, axis=axis), indices
    return ValuesAndIndices(*(t if keepdims else reshape(t, _without(x.shape, axis)) for t in found))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def quantile(
    x: Tensor,
    q: Tensor | float | Sequence[float],
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    method: str = "linear",
) -> Tensor:
    """What a share q of the elements along axes, all of them for None, lies below; nan where there is a nan.

    Of n elements in order it is the one at q (n - 1). Between two places the `method` decides: "linear" interpolates,
    "lower", "higher" and "nearest" choose one, "midpoint" takes their mean. The axes of q come before those of x.

    Raises ValueError for a number q outside [0, 1], ShapeError for no elements.

    >>> import lucid
    >>> quantile(lucid.asarray([1.0, 2.0, 4.0]), [0.5, 0.75])
    tensor([2., 3.], dtype=float32, device='cpu')
    """
    return _quantile("quantile", x, q, axis, keepdims, method, skip=False)


def nanquantile(
    x: Tensor,
    q: Tensor | float | Sequence[float],
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    method: str = "linear",
) -> Tensor:
    """The quantile of the elements that are not nan; nan where all are. The arguments are those of `quantile`."""
    return _quantile("nanquantile", x, q, axis, keepdims, method, skip=True)


def _quantile(
    function: str, x: Tensor, q: Tensor | float | Sequence[float], axis: Axis, keepdims: bool, method: str, skip: bool
) -> Tensor:
    x = ready(function, REAL_FLOATING, x)
    choose(function, "method", method, METHODS)
    rows, reduced = _rows(function, x, axis)
    if isinstance(q, Tensor):
        q = astype(q, exact(x).dtype, copy=False)
        q = where(logical_and(greater_equal(q, 0), less_equal(q, 1)), q, float("nan"))
    else:
        numbers: list[Any] = [*q] if isinstance(q, Sequence) else [q]
        if any(not 0 <= number(function, share, "q") <= 1 for share in numbers):
            raise ValueError(f"{function}: q={q}; wanted numbers from 0 to 1")
        q = asarray(q, dtype=exact(x).dtype, device=x.device)
    rows = exact(sort(rows))
    missing, shares = isnan(rows), reshape(q, (-1,))
    gone = sum(missing, axis=-1, keepdims=True)
    last = rows.shape[-1] - 1 - (gone if skip else zeros_like(gone))
    at = shares * where(less(last, 0), 0, last)
    low = floor(at)
    low, high, share = {
        "linear": lambda: (low, ceil(at), at - low),
        "lower": lambda: (low, low, zeros_like(at)),
        "higher": lambda: (ceil(at), ceil(at), zeros_like(at)),
        "midpoint": lambda: (low, ceil(at), full(at.shape, 0.5, dtype=at.dtype, device=at.device)),
        "nearest": lambda: (round(at), round(at), zeros_like(at)),
    }[method]()
    below, above = (take_along_axis(rows, astype(where(isnan(i), 0, i), int64), axis=-1) for i in (low, high))
    out = where(equal(low, high), below, below + (above - below) * share)
    unknown = missing[..., :1] if skip else missing[..., -1:]
    out = where(logical_or(unknown, isnan(shares)), float("nan"), out)
    out = permute_dims(out, (out.ndim - 1, *range(out.ndim - 1)))
    kept = tuple(1 if i in reduced else n for i, n in enumerate(x.shape) if keepdims or i not in reduced)
    return astype(reshape(out, (*q.shape, *kept)), x.dtype, copy=False)


def _rows(function: str, x: Tensor, axis: Axis) -> tuple[Tensor, tuple[int, ...]]:
    """x with the axes that are to be reduced joined to one, which is last; and those axes."""
    reduced = axes(function, x, axis)
    rest = [i for i in range(x.ndim) if i not in reduced]
    count = prod(x.shape[a] for a in reduced)
    if not count:
        raise ShapeError(f"{function}: shape {x.shape} has no elements along axis={axis}, so there is no {function}")
    return reshape(permute_dims(x, (*rest, *reduced)), (*(x.shape[a] for a in rest), count)), reduced


def median(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The middle element along axes, all of them for None, or the mean of the middle two; nan where there is a nan.

    Raises ShapeError for no elements.

    >>> import lucid
    >>> median(lucid.asarray([5.0, 1.0, 2.0, 3.0]))
    tensor(2.5, dtype=float32, device='cpu')
    """
    return _median("median", x, axis, keepdims, skip=False)


def nanmedian(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The median of the elements that are not nan; nan where all are. Raises ShapeError for no elements."""
    return _median("nanmedian", x, axis, keepdims, skip=True)


def _median(function: str, x: Tensor, axis: Axis, keepdims: bool, skip: bool) -> Tensor:
    x = ready(function, REAL_FLOATING, x)
    rows, reduced = _rows(function, x, axis)
    rows = exact(sort(rows))
    missing = isnan(rows)
    count = rows.shape[-1] - sum(missing, axis=-1, keepdims=True)
    if not skip:
        count = full(count.shape, rows.shape[-1], device=x.device)
    low, high = (count - 1) // 2, count // 2
    below = take_along_axis(rows, where(less(low, 0), 0, low), axis=-1)
    above = take_along_axis(rows, high, axis=-1)
    out = where(equal(low, high), below, (below + above) * 0.5)
    out = out if skip else where(missing[..., -1:], float("nan"), out)
    kept = tuple(1 if i in reduced else n for i, n in enumerate(x.shape) if keepdims or i not in reduced)
    return astype(reshape(out, kept), x.dtype, copy=False)


def mode(x: Tensor, /, axis: int = -1, *, keepdims: bool = False) -> ValuesAndIndices:
    """The element that occurs most often along an axis, the least of several, and the last index, int64, that has it.

    Raises ShapeError for no elements.

    >>> import lucid
    >>> mode(lucid.asarray([3, 1, 3, 2])).values
    tensor(3, dtype=int64, device='cpu')
    """
    x = ready("mode", ORDERED, x)
    axis = one_axis("mode", x.ndim, axis)
    if not x.shape[axis]:
        raise ShapeError(f"mode: shape {x.shape} has no elements along axis={axis}, so there is no mode")
    order = moveaxis(argsort(x, axis=axis), axis, -1)
    rows = take_along_axis(moveaxis(x, axis, -1), order, axis=-1)
    place = broadcast_to(arange(rows.shape[-1], device=x.device), rows.shape)
    begins = where(equal(rows[..., 1:], rows[..., :-1]), 0, place[..., 1:])
    begins = cummax(concat([zeros_like(place[..., :1]), begins], axis=-1)).values
    longest = argmax(place - begins, axis=-1, keepdims=True)
    indices = moveaxis(take_along_axis(order, longest, axis=-1), -1, axis)
    found = take_along_axis(x, indices, axis=axis), indices
    return ValuesAndIndices(*(t if keepdims else reshape(t, _without(x.shape, axis)) for t in found))


# --- How many lie where ----------------------------------------------------------------------------------------------


def bincount(x: Tensor, /, weights: Tensor | None = None, *, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2, ... occurs among whole numbers x (n,), int64; or the sums of their `weights` (n,).

    The result has as many places as the largest number needs, at least `minlength`. Numbers are read, so this waits
    for a gpu. Raises ValueError for a negative number.

    >>> import lucid
    >>> bincount(lucid.asarray([0, 2, 2]))
    tensor([1, 0, 2], dtype=int64, device='cpu')
    """
    x = ready("bincount", INTEGERS, x)
    if x.ndim != 1 or (weights is not None and tensor("bincount", weights, "weights").shape != x.shape):
        shapes = f"{x.shape}" if weights is None else f"{x.shape} and {weights.shape}"
        raise ShapeError(f"bincount: got {shapes}; wanted one axis (n,), and as many weights")
    minlength = whole("bincount", minlength, "minlength")
    if minlength < 0:
        raise ValueError(f"bincount: minlength={minlength} is negative")
    least, most = (min(x).item(), max(x).item()) if x.size else (0, -1)
    if least < 0:
        raise ValueError(f"bincount: {least} is negative; wanted numbers from 0 on")
    return _counted(x, weights, builtins.max(minlength, int(most) + 1))


def _counted(x: Tensor, weights: Tensor | None, size: int) -> Tensor:
    """The sum of the weights, 1 for none, of every place below `size` that x names."""
    weights = full(x.shape, 1, device=x.device) if weights is None else weights
    if not size:
        return weights[:0]
    return scatter_add(weights, canonical(broadcast_to(full((), 0, device=x.device), (size,)), x), (size,))


def histogram(
    x: Tensor,
    /,
    bins: int | Tensor = 10,
    *,
    range: tuple[float, float] | None = None,
    weights: Tensor | None = None,
    density: bool = False,
) -> tuple[Tensor, Tensor]:
    """How many elements lie in each bin, int64 or the sum of their weights, and the edges of the bins.

    `bins` is a number of bins of equal width in `range`, from the least element to the largest for None, or a tensor of
    edges in ascending order. A bin holds its lower edge, the last one also its upper edge; what lies outside is left
    out. With `density` the counts become a density, whose integral is 1.

    Raises ValueError for fewer than one bin or a range that does not ascend.

    >>> import lucid
    >>> histogram(lucid.asarray([0.0, 0.5, 1.0]), 2)[0]
    tensor([1, 2], dtype=int64, device='cpu')
    """
    x = exact(reshape(ready("histogram", REAL_FLOATING, x), (-1,)))
    edges = bins if isinstance(bins, Tensor) else _edges(x.detach(), whole("histogram", bins, "bins"), range)
    if edges.ndim != 1 or edges.shape[0] < 2:
        raise ShapeError(f"histogram: edges of shape {edges.shape}; wanted one axis of at least 2")
    edges = astype(edges, x.dtype, copy=False)
    last = edges.shape[0] - 2
    inside = logical_and(greater_equal(x, edges[0]), less_equal(x, edges[-1]))
    place = searchsorted(edges, where(inside, x, edges[0]), side="right") - 1
    place = where(equal(x, edges[-1]), last, place).clip(0, last)
    weights = full(x.shape, 1, device=x.device) if weights is None else tensor("histogram", weights, "weights")
    weights = reshape(weights, (-1,))
    if weights.shape != x.shape:
        raise ShapeError(f"histogram: {weights.shape[0]} weights for {x.shape[0]} elements; wanted one for each")
    counts = _counted(place, where(inside, weights, zeros_like(weights)), last + 1)
    return (counts / (sum(counts) * (edges[1:] - edges[:-1])) if density else counts), edges


def _edges(x: Tensor, bins: int, range: tuple[float, float] | None) -> Tensor:
    """Edges of bins of equal width, from the least element to the largest; of width 1 if they are equal."""
    if bins < 1:
        raise ValueError(f"histogram: bins={bins}; wanted at least 1")
    ends = (0.0, 1.0) if range is None else tuple(several("histogram", range, "range"))
    if len(ends) != 2 or not number("histogram", ends[0], "range") <= number("histogram", ends[1], "range"):
        raise ValueError(f"histogram: range={range}; wanted (from, to) in ascending order")
    own = range is None and x.size
    low, high = (min(x), max(x)) if own else (asarray(end, dtype=x.dtype, device=x.device) for end in ends)
    low, high = where(equal(low, high), low - 0.5, low), where(equal(low, high), high + 0.5, high)
    share = astype(arange(bins + 1, device=x.device), x.dtype) / bins
    return where(equal(share, 1), high, low + (high - low) * share)


# --- Extremes so far -------------------------------------------------------------------------------------------------


def cummax(x: Tensor, /, axis: int = -1) -> ValuesAndIndices:
    """The largest of the first 1, 2, 3, ... elements along an axis, and its index, int64, the last of equal ones.

    From the first nan on it is nan.

    >>> import lucid
    >>> cummax(lucid.asarray([1, 3, 2])).values
    tensor([1, 3, 3], dtype=int64, device='cpu')
    """
    return _so_far("cummax", x, axis, largest=True)


def cummin(x: Tensor, /, axis: int = -1) -> ValuesAndIndices:
    """The smallest of the first 1, 2, 3, ... elements along an axis, and its index, int64, the last of equal ones.

    From the first nan on it is nan.
    """
    return _so_far("cummin", x, axis, largest=False)


def _so_far(function: str, x: Tensor, axis: int, largest: bool) -> ValuesAndIndices:
    x = ready(function, ORDERED, x)
    axis = one_axis(function, x.ndim, axis)
    indices = extreme_so_far(x, axis, largest)
    return ValuesAndIndices(take_along_axis(x, indices, axis=axis), indices)


@primitive()
def extreme_so_far(x: Tensor, /, axis: int, largest: bool) -> Tensor:
    """The indices of cummax, or of cummin."""
    return apply(extreme_so_far, x, axis=axis, largest=largest)
