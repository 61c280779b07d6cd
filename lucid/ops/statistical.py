"""Reductions: what many elements come to, along some axes or all of them."""

from math import prod as product
from typing import Any

from ..autograd.operation import apply, primitive
from ..dtypes import BOOL, SIGNED, UNSIGNED, DType, float32, int64, uint64
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import ANY, FLOATING, LOGICAL, ORDERED, REAL_FLOATING, Axis, axes, one_axis, ready
from .data_types import astype
from .elementwise import sqrt, square

__all__ = ["all", "any", "cumulative_sum", "max", "mean", "min", "std", "sum", "var"]


def _spread(xp: Any, g: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Undo a reduction in shape: put the axes back that it took away, and repeat g along them."""
    kept = tuple(1 if i in axis else n for i, n in enumerate(shape))
    return xp.broadcast_to(xp.reshape(g, kept), shape)


def _widened(x: Tensor, dtype: DType | None) -> Tensor:
    """Small integers and bools add up in 64 bits, as in NumPy."""
    if dtype is None:
        dtype = {BOOL: int64, SIGNED: int64, UNSIGNED: uint64}.get(x.dtype.kind, x.dtype)
    return x if dtype is x.dtype else astype(x, dtype)


@primitive(x=lambda xp, g, x_shape, axis: _spread(xp, g, x_shape, axis))
def sum(x: Tensor, /, *, axis: Axis = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The sum along axes, all of them for None. Integers add up in 64 bits.

    >>> import lucid
    >>> sum(lucid.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.], dtype=float32, device='cpu')
    """
    x = _widened(ready("sum", ANY, x), dtype)
    return apply(sum, x, axis=axes("sum", x, axis), keepdims=keepdims)


def _same_share(xp: Any, g: Any, x: Any, out: Any, x_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """The gradient of an extreme value: shared evenly by the elements that are equal to it, as PyTorch's amax."""
    chosen = x == _spread(xp, out, x_shape, axis)
    count = xp.sum(xp.where(chosen, xp.ones_like(x), xp.zeros_like(x)), axis=axis)
    return xp.where(chosen, _spread(xp, g / count, x_shape, axis), xp.zeros_like(x))


@primitive(x=_same_share)
def max(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element along axes, all of them for None; nan if there is one. Equal ones share the gradient.

    Raises ShapeError if there is no element to choose from.
    """
    return _extreme(max, x, axis, keepdims)


@primitive(x=_same_share)
def min(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along axes, all of them for None; nan if there is one. Equal ones share the gradient.

    Raises ShapeError if there is no element to choose from.
    """
    return _extreme(min, x, axis, keepdims)


def _extreme(function: Any, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    name = function.__name__
    x = ready(name, ORDERED, x)
    reduced = axes(name, x, axis)
    if product(x.shape[a] for a in reduced) == 0 and (x.size == 0 and product(_rest(x, reduced)) > 0):
        raise ShapeError(f"{name}: shape {x.shape} has no elements along axis={axis}, so there is no {name}")
    return apply(function, x, axis=reduced, keepdims=keepdims)


def _rest(x: Tensor, reduced: tuple[int, ...]) -> list[int]:
    return [n for i, n in enumerate(x.shape) if i not in reduced]


@primitive()
def any(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether at least one element is not 0."""
    x = ready("any", LOGICAL, x)
    return apply(any, x, axis=axes("any", x, axis), keepdims=keepdims)


@primitive()
def all(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether no element is 0."""
    x = ready("all", LOGICAL, x)
    return apply(all, x, axis=axes("all", x, axis), keepdims=keepdims)


@primitive(x=lambda xp, g, axis: xp.flip(xp.cumulative_sum(xp.flip(g, axis=(axis,)), axis=axis), axis=(axis,)))
def cumulative_sum(x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None) -> Tensor:
    """The sums of the first 1, 2, 3, ... elements along an axis, which may be left out for a tensor with one.

    >>> import lucid
    >>> cumulative_sum(lucid.asarray([1, 2, 3]))
    tensor([1, 3, 6], dtype=int64, device='cpu')
    """
    x = _widened(ready("cumulative_sum", ANY, x), dtype)
    if axis is None and x.ndim != 1:
        raise ShapeError(f"cumulative_sum: axis is needed for a tensor of {x.ndim} axes")
    return apply(cumulative_sum, x, axis=one_axis("cumulative_sum", x.ndim, axis or 0))


def exact(x: Tensor) -> Tensor:
    """16-bit numbers in float32, in which sums and squares neither overflow nor round at every step."""
    return astype(x, float32) if x.dtype.itemsize == 2 else x


def mean(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean along axes, all of them for None, in floating point for integers too."""
    x = ready("mean", FLOATING, x)
    count = product(x.shape[a] for a in axes("mean", x, axis))
    out = sum(exact(x), axis=axis, keepdims=keepdims) / (count or float("nan"))
    return astype(out, x.dtype, copy=False)


def var(x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance along axes: squared distances from the mean, summed and divided by the count less `correction`."""
    x = ready("var", REAL_FLOATING, x)
    count = product(x.shape[a] for a in axes("var", x, axis)) - correction
    wide = exact(x)
    squares = square(wide - mean(wide, axis=axis, keepdims=True))
    out = sum(squares, axis=axis, keepdims=keepdims) / (count if count > 0 else float("nan"))
    return astype(out, x.dtype, copy=False)


def std(x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation along axes, the square root of `var`."""
    x = ready("std", REAL_FLOATING, x)
    out = sqrt(var(exact(x), axis=axis, correction=correction, keepdims=keepdims))
    return astype(out, x.dtype, copy=False)
