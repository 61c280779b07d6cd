"""Where values are, and choosing between them."""

from typing import Any, Literal

from .. import devices
from ..autograd.operation import apply, primitive
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import (
    ANY,
    LOGICAL,
    ORDERED,
    Axis,
    Scalar,
    axes,
    broadcast_shapes,
    one_axis,
    ready,
    scalar_type,
    tensor,
    together,
    whole,
    with_number,
)
from .creation import arange, full, zeros_like
from .manipulation import reshape

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "tril", "triu", "where"]


def _where(xp: Any, condition: Any, g: Any) -> Any:
    return xp.where(condition, g, xp.zeros_like(g))


@primitive(
    x1=lambda xp, g, condition: _where(xp, condition, g),
    x2=lambda xp, g, condition: _where(xp, xp.logical_not(condition), g),
)
def where(condition: Tensor, x1: Tensor | Scalar, x2: Tensor | Scalar, /) -> Tensor:
    """x1 where the condition holds, x2 elsewhere; the three broadcast. No gradient reaches the side not taken.

    >>> import lucid
    >>> where(lucid.asarray([True, False]), 1.0, lucid.asarray([5.0, 7.0]))
    tensor([1., 7.], dtype=float32, device='cpu')
    """
    condition = ready("where", LOGICAL, condition, "condition")
    if isinstance(x1, Tensor) and isinstance(x2, Tensor):
        x1, x2 = together("where", ANY, x1, x2)
    elif isinstance(x1, Tensor) or isinstance(x2, Tensor):
        x1, x2 = with_number("where", ANY, x1, x2)
    else:  # two numbers: as if the first were a tensor of its own dtype
        for value in (x1, x2):
            scalar_type("where", value)
        x1, x2 = together("where", ANY, full((), x1, device=condition.device), full((), x2, device=condition.device))
    try:
        return apply(where, condition, x1, x2)
    except ValueError:
        broadcast_shapes("where", condition.shape, x1.shape, x2.shape)
        raise


@primitive()
def argmax(x: Tensor, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index, int64, of the first largest element along an axis, or in the flattened x for None; nan counts."""
    return _extreme(argmax, x, axis, keepdims)


@primitive()
def argmin(x: Tensor, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index, int64, of the first smallest element along an axis, or in the flattened x for None; nan counts."""
    return _extreme(argmin, x, axis, keepdims)


def _extreme(function: Any, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    name = function.__name__
    x = ready(name, ORDERED, x)
    if axis is None:
        _check_not_empty(name, x.size, x, axis)
        out = apply(function, reshape(x, (-1,)), axis=0, keepdims=False)
        return reshape(out, (1,) * x.ndim) if keepdims else out
    along = one_axis(name, x.ndim, axis)
    _check_not_empty(name, x.shape[along], x, axis)
    return apply(function, x, axis=along, keepdims=bool(keepdims))


def _check_not_empty(function: str, count: int, x: Tensor, axis: int | None) -> None:
    if not count:
        raise ShapeError(f"{function}: shape {x.shape} has no elements along axis={axis}, so there is no {function}")


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The places of the elements that are not 0: an int64 tensor of indices for each axis. Waits for a gpu.

    >>> import lucid
    >>> nonzero(lucid.asarray([0, 3, 0, 5]))
    (tensor([1, 3], dtype=int64, device='cpu'),)
    """
    x = tensor("nonzero", x)
    if not x.ndim:
        raise ShapeError("nonzero: a tensor without axes has no places; give it one with x.reshape(1)")
    backend = devices.backend(x.device)
    return tuple(Tensor(backend.from_numpy(i)) for i in devices.backend("cpu").nonzero(x.detach()._host()))


@primitive()
def count_nonzero(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """How many elements are not 0, int64, along axes, all of them for None.

    >>> import lucid
    >>> count_nonzero(lucid.asarray([[1, 0], [2, 3]]), axis=0)
    tensor([2, 1], dtype=int64, device='cpu')
    """
    x = ready("count_nonzero", LOGICAL, x)
    return apply(count_nonzero, x, axis=axes("count_nonzero", x, axis), keepdims=bool(keepdims))


SIDES = ("left", "right")


@primitive()
def searchsorted(
    x1: Tensor, x2: Tensor | Scalar, /, *, side: Literal["left", "right"] = "left", sorter: Tensor | None = None
) -> Tensor:
    """Where in the sorted x1 (n,) each element of x2 goes so that x1 stays sorted: indices from 0 to n, int64.

    Among equal elements it goes before the first on the left, behind the last on the right. `sorter` are indices that
    sort x1, as argsort has them, if x1 itself is not sorted.

    Raises ShapeError if x1 has not one axis, ValueError for another side.

    >>> import lucid
    >>> searchsorted(lucid.asarray([1, 3, 3, 5]), lucid.asarray([3, 9]))
    tensor([1, 4], dtype=int64, device='cpu')
    """
    x1 = tensor("searchsorted", x1, "x1")
    if x1.ndim != 1:
        raise ShapeError(f"searchsorted: x1 has shape {x1.shape}; wanted one axis (n,)")
    if side not in SIDES:
        raise ValueError(f"searchsorted: side={side!r}; choose 'left' or 'right'")
    if sorter is not None:
        if tensor("searchsorted", sorter, "sorter").shape != x1.shape:
            raise ShapeError(f"searchsorted: sorter has shape {sorter.shape}; wanted {x1.shape}, an index for each")
        x1 = x1[sorter]
    x1, x2 = together("searchsorted", ORDERED, x1, x2)
    return apply(searchsorted, x1, x2, side=side)


def tril(x: Tensor, /, k: int = 0) -> Tensor:
    """Matrices x (..., rows, columns) with zeros above the k-th diagonal."""
    return _triangle("tril", x, k, lambda rows, columns: columns <= rows)


def triu(x: Tensor, /, k: int = 0) -> Tensor:
    """Matrices x (..., rows, columns) with zeros below the k-th diagonal."""
    return _triangle("triu", x, k, lambda rows, columns: columns >= rows)


def _triangle(function: str, x: Tensor, k: int, inside: Any) -> Tensor:
    x = tensor(function, x)
    if x.ndim < 2:
        raise ShapeError(f"{function}: the shape is {x.shape}; wanted matrices, with two axes or more")
    k = whole(function, k, "k")
    k = max(-x.shape[-2], min(k, x.shape[-1]))  # beyond these nothing changes, and there may be no such int64
    rows = arange(x.shape[-2], device=x.device)[:, None]
    return where(inside(rows + k, arange(x.shape[-1], device=x.device)), x, zeros_like(x))
