"""Reductions: what many elements come to, along some axes or all of them."""

from math import prod as product
from typing import Any

from ..autograd.operation import apply, primitive
from ..dtypes import BOOL, REAL, SIGNED, UNSIGNED, DType, as_dtype, float32, int64, uint64
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import ANY, FLOATING, ORDERED, Axis, axes, number, one_axis, precise, ready
from .data_types import astype
from .elementwise import equal, imag, real, sqrt, square
from .manipulation import pad
from .searching import where

__all__ = ["cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum", "var"]


def _spread(xp: Any, g: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Undo a reduction in shape: put the axes back that it took away, and repeat g along them."""
    kept = tuple([1 if i in axis else n for i, n in enumerate(shape)])
    return xp.broadcast_to(xp.reshape(g, kept), shape)


EVERY = precise(ANY)
WIDENED = {BOOL: int64, SIGNED: int64, UNSIGNED: uint64}


def _widened(function: str, x: Tensor, dtype: DType | None) -> Tensor:
    """x in `dtype`; if none is given, small integers and bools in 64 bits, as in NumPy."""
    x = ready(function, EVERY, x)
    dtype = WIDENED.get(x.dtype.kind) if dtype is None else as_dtype(function, dtype)
    return x if dtype is None or dtype is x.dtype else astype(x, dtype)


@primitive(keeps_dtype=True, x=lambda xp, g, x_shape, axis: _spread(xp, g, x_shape, axis))
def sum(x: Tensor, /, axis: Axis = None, *, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The sum along axes, all of them for None. Integers add up in 64 bits.

    >>> import lucid
    >>> sum(lucid.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.], dtype=float32, device='cpu')
    """
    x = _widened("sum", x, dtype)
    return apply(sum, x, axis=axes("sum", x, axis), keepdims=bool(keepdims))


def _same_share(xp: Any, g: Any, x: Any, out: Any, x_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """The gradient of an extreme value: shared evenly by the elements that are equal to it, as PyTorch's amax; nan has
    no equal, and a gradient of nan."""
    chosen = x == _spread(xp, out, x_shape, axis)
    count = xp.sum(xp.where(chosen, xp.ones_like(x), xp.zeros_like(x)), axis=axis, keepdims=True)
    return xp.where(chosen, _spread(xp, g, x_shape, axis), xp.zeros_like(x)) / count


@primitive(keeps_dtype=True, x=_same_share)
def max(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest element along axes, all of them for None; nan if there is one. Equal ones share the gradient.

    Raises ShapeError if there is no element to choose from.
    """
    return _extreme(max, x, axis, keepdims)


@primitive(keeps_dtype=True, x=_same_share)
def min(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest element along axes, all of them for None; nan if there is one. Equal ones share the gradient.

    Raises ShapeError if there is no element to choose from.
    """
    return _extreme(min, x, axis, keepdims)


def _extreme(function: Any, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    name = function.__name__
    x = ready(name, ORDERED, x)
    reduced = axes(name, x, axis)
    if product(x.shape[a] for a in reduced) == 0:
        raise ShapeError(f"{name}: shape {x.shape} has no elements along axis={axis}, so there is no {name}")
    return apply(function, x, axis=reduced, keepdims=bool(keepdims))


def _of_the_others(xp: Any, g: Any, x: Any, x_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """The gradient of a product: the product of the elements before each one and of those after it, 0 among them."""
    order = (*(i for i in range(len(x_shape)) if i not in axis), *axis)
    rest, count = [n for i, n in enumerate(x_shape) if i not in axis], product(x_shape[i] for i in axis)
    g = _spread(xp, g, x_shape, axis)
    if not count:
        return g
    x, last = xp.reshape(xp.permute_dims(x, order), (*rest, count)), len(rest)
    before = _before(xp, xp.cumulative_prod(x, axis=last), last, 1)
    after = _before(xp, xp.cumulative_prod(xp.flip(x, axis=(last,)), axis=last), last, 1)
    others = xp.reshape(before * xp.flip(after, axis=(last,)), tuple(x_shape[i] for i in order))
    return g * xp.permute_dims(others, tuple(order.index(i) for i in range(len(order))))


def _before(xp: Any, x: Any, axis: int, first: int) -> Any:
    """x moved one place on along an axis, with `first` in the place that becomes free."""
    return xp.pad(_between(xp, x, axis, 0, -1), _widths(x, axis, 1, 0), value=first)


def _after(xp: Any, x: Any, axis: int, by: int) -> Any:
    """x moved `by` places back along an axis, with 0 in the places that become free."""
    return xp.pad(_between(xp, x, axis, by, 0), _widths(x, axis, 0, by), value=0)


def _between(xp: Any, x: Any, axis: int, start: int, end: int) -> Any:
    """x without the first `start` and the last `-end` elements along an axis."""
    kept = tuple(slice(start, n + end, 1) if i == axis else slice(0, n, 1) for i, n in enumerate(x.shape))
    return xp.getitem(x, key=kept)


def _widths(x: Any, axis: int, low: int, high: int) -> tuple[tuple[int, int], ...]:
    return tuple((low, high) if i == axis else (0, 0) for i in range(x.ndim))


@primitive(x=_of_the_others)
def prod(x: Tensor, /, axis: Axis = None, *, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The product along axes, all of them for None. Integers are multiplied in 64 bits.

    >>> import lucid
    >>> prod(lucid.asarray([[1, 2], [3, 4]]), axis=0)
    tensor([3, 8], dtype=int64, device='cpu')
    """
    x = _widened("prod", x, dtype)
    return apply(prod, x, axis=axes("prod", x, axis), keepdims=bool(keepdims))


def _to_factors(xp: Any, g: Any, x: Any, axis: int, out: Any) -> Any:
    """The gradient of running products, by additions and multiplications alone, so that zeros are like other numbers.

    It is p s, where p is the product of the elements before each one, and s_i = g_i + x_{i+1} s_{i+1}. Each step
    doubles how far s looks ahead: s_i = (terms up to i + d) + (product of the d elements after i) s_{i+d}.
    """
    if not x.shape[axis]:
        return g
    s, factor, by = g, _after(xp, x, axis, 1), 1
    while by < x.shape[axis]:
        s = s + factor * _after(xp, s, axis, by)
        factor = factor * _after(xp, factor, axis, by)
        by *= 2
    return s * _before(xp, out, axis, 1)


@primitive(x=_to_factors)
def cumulative_prod(
    x: Tensor, /, axis: int | None = None, *, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """The products of the first 1, 2, 3, ... elements along an axis, which may be left out for a tensor with one.

    With `include_initial` the product of none, 1, comes before them.

    >>> import lucid
    >>> cumulative_prod(lucid.asarray([1, 2, 3]), include_initial=True)
    tensor([1, 1, 2, 6], dtype=int64, device='cpu')
    """
    return _running(cumulative_prod, x, axis, dtype, include_initial, 1)


@primitive(x=lambda xp, g, axis: xp.flip(xp.cumulative_sum(xp.flip(g, axis=(axis,)), axis=axis), axis=(axis,)))
def cumulative_sum(
    x: Tensor, /, axis: int | None = None, *, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """The sums of the first 1, 2, 3, ... elements along an axis, which may be left out for a tensor with one.

    With `include_initial` the sum of none, 0, comes before them.

    >>> import lucid
    >>> cumulative_sum(lucid.asarray([1, 2, 3]))
    tensor([1, 3, 6], dtype=int64, device='cpu')
    """
    return _running(cumulative_sum, x, axis, dtype, include_initial, 0)


def _running(
    function: Any, x: Tensor, axis: int | None, dtype: DType | None, include_initial: bool, initial: int
) -> Tensor:
    name = function.__name__
    x = _widened(name, x, dtype)
    if axis is None and x.ndim != 1:
        raise ShapeError(f"{name}: axis is needed for a tensor of {x.ndim} axes")
    along = one_axis(name, x.ndim, axis or 0)
    out = apply(function, x, axis=along)
    return pad(out, [(int(i == along), 0) for i in range(x.ndim)], value=initial) if include_initial else out


def exact(x: Tensor) -> Tensor:
    """16-bit numbers in float32, in which sums and squares neither overflow nor round at every step."""
    return astype(x, float32) if x.dtype.itemsize == 2 and x.dtype.is_floating else x


def mean(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The arithmetic mean along axes, all of them for None, in floating point for integers too."""
    x = ready("mean", precise(FLOATING), x)
    count = product(x.shape[a] for a in axes("mean", x, axis))
    out = sum(exact(x), axis=axis, keepdims=keepdims) / (count or float("nan"))
    return astype(out, x.dtype, copy=False)


def var(x: Tensor, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance along axes: squared distances from the mean, summed and divided by the count less `correction`.

    It is real for complex numbers too.
    """
    return _variance("var", x, axis, correction, keepdims)


def _variance(function: str, x: Tensor, axis: Axis, correction: float, keepdims: bool) -> Tensor:
    x = ready(function, precise(FLOATING), x)
    count = product(x.shape[a] for a in axes(function, x, axis)) - number(function, correction, "correction")
    wide = exact(x)
    away = wide - mean(wide, axis=axis, keepdims=True)
    is_real = x.dtype.kind == REAL
    squares = square(away) if is_real else square(real(away)) + square(imag(away))
    out = sum(squares, axis=axis, keepdims=keepdims) / (count if count > 0 else float("nan"))
    return astype(out, x.dtype, copy=False) if is_real else out


def std(x: Tensor, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation along axes, the square root of `var`."""
    x = ready("std", precise(FLOATING), x)
    found = deviation(_variance("std", exact(x), axis, correction, keepdims))
    return astype(found, x.dtype, copy=False) if x.dtype.kind == REAL else found


def deviation(variance: Tensor) -> Tensor:
    """The square root; where it is 0 its gradient, which is infinite, counts as 0, as PyTorch has it for `std`."""
    none = equal(variance, 0)
    return where(none, 0.0, sqrt(where(none, 1.0, variance)))
