"""Reductions that pass over nan, and numbers in its place; `nanmedian` and `nanquantile` are in `order`."""

import math
from collections.abc import Callable

from ..tensor import Tensor
from .arguments import ANY, FLOATING, ORDERED, REAL_FLOATING, Axis, Scalar, axes, number, one_axis, ready
from .creation import ones_like, zeros_like
from .data_types import astype, finfo
from .elementwise import equal, isinf, isnan, less_equal, logical_and, logical_not, square
from .searching import argmax, argmin, where
from .statistical import deviation, exact, max, min, prod, sum
from .utility import any

__all__ = [
    "nan_to_num", "nanargmax", "nanargmin", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar",
]  # fmt: skip


def _present(x: Tensor) -> Tensor:
    """Where x is not nan."""
    return logical_not(isnan(x)) if x.dtype.is_floating else equal(x, x)


def nansum(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The sum of the elements that are not nan; 0 for none.

    >>> import lucid
    >>> nansum(lucid.asarray([1.0, float("nan"), 2.0]))
    tensor(3., dtype=float32, device='cpu')
    """
    x = ready("nansum", ANY, x)
    return sum(where(_present(x), x, zeros_like(x)), axis=axes("nansum", x, axis), keepdims=keepdims)


def nanprod(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The product of the elements that are not nan; 1 for none."""
    x = ready("nanprod", ANY, x)
    return prod(where(_present(x), x, ones_like(x)), axis=axes("nanprod", x, axis), keepdims=keepdims)


def nanmean(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The mean of the elements that are not nan; nan for none."""
    x = ready("nanmean", FLOATING, x)
    out = _mean(exact(x), axes("nanmean", x, axis), keepdims)
    return astype(out, x.dtype, copy=False)


def _mean(x: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
    count = sum(_present(x), axis=axis, keepdims=keepdims)
    return nansum(x, axis=axis, keepdims=keepdims) / _positive(count, x)


def _positive(count: Tensor, x: Tensor) -> Tensor:
    """What to divide by: nan if there is nothing."""
    return where(less_equal(count, 0), float("nan"), astype(count, finfo(x.dtype).dtype))


def nanvar(x: Tensor, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance of the elements that are not nan, as `var` has it; nan for none."""
    return _variance("nanvar", x, axis, correction, keepdims)


def _variance(function: str, x: Tensor, axis: Axis, correction: float, keepdims: bool) -> Tensor:
    x = ready(function, REAL_FLOATING, x)
    wide, along = exact(x), axes(function, x, axis)
    present = _present(wide)
    count = sum(present, axis=along, keepdims=keepdims) - number(function, correction, "correction")
    known = where(present, wide, 0.0)  # nan is taken out before anything is squared, so that no gradient meets it
    squares = where(present, square(known - _mean(wide, along, True)), 0.0)
    out = sum(squares, axis=along, keepdims=keepdims) / _positive(count, wide)
    return astype(out, x.dtype, copy=False)


def nanstd(x: Tensor, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation of the elements that are not nan, the square root of `nanvar`; nan for none."""
    x = ready("nanstd", REAL_FLOATING, x)
    variance = _variance("nanstd", exact(x), axis, correction, keepdims)
    return astype(deviation(variance), x.dtype, copy=False)


def nanmax(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest element that is not nan; nan where all are. Raises ShapeError for no elements."""
    return _extreme("nanmax", max, x, axis, keepdims, -math.inf)


def nanmin(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest element that is not nan; nan where all are. Raises ShapeError for no elements."""
    return _extreme("nanmin", min, x, axis, keepdims, math.inf)


def _extreme(name: str, function: Callable[..., Tensor], x: Tensor, axis: Axis, keepdims: bool, least: float) -> Tensor:
    x = ready(name, ORDERED, x)
    axis = axes(name, x, axis)
    if not x.dtype.is_floating:
        return function(x, axis=axis, keepdims=keepdims)
    present = _present(x)
    out = function(where(present, x, least), axis=axis, keepdims=keepdims)
    return where(equal(sum(present, axis=axis, keepdims=keepdims), 0), float("nan"), out)


def nanargmax(x: Tensor, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index, int64, of the first largest element that is not nan, along an axis, or in the flattened x for None.

    It is -1 where all are nan. NumPy raises there, for which a graph would have to stop and read the values. Raises
    ShapeError for no elements.

    >>> import lucid
    >>> nanargmax(lucid.asarray([1.0, float("nan"), 2.0]))
    tensor(2, dtype=int64, device='cpu')
    """
    return _place("nanargmax", argmax, x, axis, keepdims, -math.inf)


def nanargmin(x: Tensor, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index, int64, of the first smallest element that is not nan, as `nanargmax` has that of the largest."""
    return _place("nanargmin", argmin, x, axis, keepdims, math.inf)


def _place(
    name: str, function: Callable[..., Tensor], x: Tensor, axis: int | None, keepdims: bool, least: float
) -> Tensor:
    """Of elements that are all as extreme as the stand-in for nan, the first that is not nan is the one."""
    x = ready(name, ORDERED, x)
    axis = axis if axis is None else one_axis(name, x.ndim, axis)
    if not x.dtype.is_floating:
        return function(x, axis=axis, keepdims=keepdims)
    present = _present(x)
    stood_in = where(present, x, least)
    extreme = (max if function is argmax else min)(stood_in, axis=axis, keepdims=True)
    at = argmax(logical_and(present, equal(stood_in, extreme)), axis=axis, keepdims=keepdims)
    return where(any(present, axis=axis, keepdims=keepdims), at, -1)


def nan_to_num(
    x: Tensor, /, *, nan: Scalar = 0.0, posinf: Scalar | None = None, neginf: Scalar | None = None
) -> Tensor:
    """x with numbers for nan and the infinities: for None the largest and the least that the dtype holds.

    No gradient reaches what was replaced. Integers stay as they are.

    >>> import lucid
    >>> nan_to_num(lucid.asarray([float("nan"), 1.0, float("inf")]), posinf=9.0)
    tensor([0., 1., 9.], dtype=float32, device='cpu')
    """
    x = ready("nan_to_num", ORDERED, x)
    if not x.dtype.is_floating:
        return x
    most = finfo(x.dtype).max if posinf is None else number("nan_to_num", posinf, "posinf")
    least = finfo(x.dtype).min if neginf is None else number("nan_to_num", neginf, "neginf")
    infinite = isinf(x)
    x = where(logical_and(infinite, x > 0), most, where(logical_and(infinite, x < 0), least, x))
    return where(isnan(x), number("nan_to_num", nan, "nan"), x)
