"""Gathering and scattering."""

from typing import Any

import numpy as np

import lucid
from lucid.errors import DTypeError, ShapeError
from lucid.ops import indexing, scattering

from .writing import *


def gather(x: Any, indices: Any, *, axis: int) -> Any:
    out = np.zeros(indices.shape, x.dtype)
    for place in np.ndindex(*indices.shape):
        at = list(place)
        at[axis] = indices[place]
        out[place] = x[tuple(at)]
    return out


def scatter(
    x: Any, indices: Any, source: Any, *, axis: int, reduce: str | None = None, include_self: bool = True
) -> Any:
    """By the definition, one element after the other."""
    found: dict[tuple[int, ...], list[Any]] = {}
    for place in np.ndindex(*indices.shape):
        at = list(place)
        at[axis] = indices[place] % x.shape[axis]
        found.setdefault(tuple(at), []).append(source[place] if isinstance(source, np.ndarray) else source)
    functions = {None: lambda v: v[-1], "sum": sum, "prod": np.prod, "amax": np.max, "amin": np.min}
    functions["mean"] = lambda v: sum(v) / len(v) if x.dtype.kind == "f" else sum(v) // len(v)
    out = x.copy()
    for at, values in found.items():
        out[at] = functions[reduce]([*([x[at]] if include_self and reduce else []), *values])
    return out


def combined(x: Any, values: Any, indices: Any, how: str) -> Any:
    return scatter(x, indices, values, axis=0, reduce=how)


def combine(x: lucid.Tensor, values: lucid.Tensor, indices: lucid.Tensor, how: str) -> lucid.Tensor:
    """scatter_reduce sees canonical keys alone."""
    return scattering.scatter_reduce(x, values, indexing.canonical(x, (indices,)), how)


def index_add(x: Any, indices: Any, source: Any, *, axis: int, alpha: Any = 1) -> Any:
    out = x.copy()
    np.add.at(np.moveaxis(out, axis, 0), indices, alpha * np.moveaxis(source, axis, 0))
    return out


def put_along_axis(x: Any, indices: Any, values: Any, *, axis: int = -1) -> Any:
    out = x.copy()
    np.put_along_axis(out, indices, values, axis)
    return out


def one_hot(x: Any, n: int | None = None) -> Any:
    return np.eye(int(x.max()) + 1 if n is None else n, dtype=np.int64)[x]


ONCE = np.array([[2, 0, 1, 1], [0, 1, 2, 0]])

OPS = (
    op("gather", gather, of_first, [
        sample(X, integers(3, 2, high=3), axis=1), sample(X, integers(2, 3, high=2), axis=0),
        sample(Z, integers(1, 3, 6, high=3), axis=2), sample(X, np.zeros((3, 0), np.int64), axis=1),
        sample(integers(3), np.array([-1, 0]), axis=0),
    ], wrong(X, np.array([0]), axis=0, error=ShapeError, message="gather: indices of shape (1,) for x of shape (3, 4)"),
       wrong(X, integers(4, 2), axis=1, error=ShapeError, message="none of them longer but axis 1"),
       wrong(X, np.full((3, 1), 4), axis=1, error=IndexError, message="axis 1 of shape (3, 4) has 4 places"),
       wrong(X, X, axis=1, error=DTypeError, message="gather: got dtype float32"), wrong(X, ONCE, axis=2, **BEYOND)),
    op("scatter", scatter, of_first, [
        sample(X, ONCE[:, :3], Y[:2, :3], axis=0, smooth=False, note="repeated"), sample(X, ONCE[:, :2], Y, axis=1),
        *(sample(X, integers(3, 5, high=3), distinct(3, 6), axis=1, reduce=r, include_self=own)
          for r in ("sum", "mean", "prod", "amax", "amin") for own in (True, False)),
        sample(X, ONCE, Y[:2], axis=0, reduce="amax", note="smaller"),
        sample(X, ONCE, Y[:2], axis=0, reduce="prod"),
        edge(array(1, 1, 1), np.array([0, 0, 2]), array(1, 1, 1), axis=0, reduce="amax", note="ties"),
        *(sample(integers(3), np.array([0, 0, 2]), integers(3, salt=1), axis=0, reduce=r)
          for r in ("sum", "mean", "prod", "amax", "amin")),
        *(sample(array(-7, 2, 30000, dtype=np.int16), np.array([0, 0, 1]), array(2, 2, -5, dtype=np.int16), axis=0,
                 reduce=r, note=f"int16 {r}") for r in ("sum", "mean")),
        sample(array(1, 0, 0, 2), np.array([0, 0, 1, 2, 3]), array(0, 3, 4, 0, 0), axis=0, reduce="prod", note="zeros"),
        *(edge(array(1, nan, 3), np.array([0, 0, 2]), array(nan, 2, 4), axis=0, reduce=r, note=f"nan {r}")
          for r in ("amax", "amin")),
        sample(X, ONCE[:, :2], 7, axis=1, note="number"),
        sample(X, np.zeros((3, 0), np.int64), Y, axis=1, reduce="amax"),
        sample(X, ONCE[:, :2] - 2, Y, axis=1, reduce="sum", note="from the end"),
    ], wrong(X, ONCE, Y, axis=0, reduce="max", error=ValueError, message="choose among None, sum, mean, prod, amax"),
       wrong(X, ONCE, Y[:1], axis=0, error=ShapeError, message="scatter: source of shape (1, 4)"),
       wrong(X, ONCE + 1, Y, axis=0, reduce="amax", error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
       wrong(numbers(3, dtype=np.complex64), np.array([0]), numbers(1, dtype=np.complex64), axis=0, reduce="amax",
             error=DTypeError, message="scatter: got dtype complex64"),
       wrong(X, ONCE[0], Y, axis=0, error=ShapeError, message="wanted as many axes"), vary=False, ulps=8),
    op("scatter_reduce", combined, of_first, [
        *(sample(distinct(5), distinct(4, salt=1) + np.float32(0.1), np.array([0, 3, 3, 1]), how)
          for how in ("prod", "amax", "amin")),
        sample(integers(5), integers(4), np.array([0, 3, 3, 1]), "amax"),
    ], function=combine, vary=False, ulps=8),
    op("put_along_axis", put_along_axis, of_first, [
        sample(X, np.array([[1], [0], [3]]), numbers(3, 1), axis=1), sample(X, np.array([[2, 0]]), 1.5, axis=1),
        sample(integers(3, 4), np.array([[0, 1, 2, 0]]), 9, axis=0),
    ], wrong(X, np.array([0]), 1.0, error=ShapeError, message="they must be as many"),
       wrong(X, np.full((3, 1), 4), 1.0, error=IndexError, message="axis 1 of shape (3, 4) has 4 places")),
    op("index_select", lambda x, i, *, axis: np.take(x, i, axis), of_first, [
        sample(X, np.array([2, 0, 0]), axis=0), sample(X, np.array([-1]), axis=1), sample(X, integers(0), axis=1),
    ], wrong(X, np.array([[0]]), axis=0, error=ShapeError, message="index_select: indices have shape (1, 1)"),
       wrong(X, np.array([3]), axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places")),
    op("index_add", index_add, of_first, [
        sample(X, np.array([2, 0, 2]), Y, axis=0), sample(X, np.array([1, 1]), Y[:, :2], axis=1, alpha=0.5),
        sample(integers(3), np.array([1, 1]), integers(2), axis=0),
    ], wrong(X, np.array([0]), Y, axis=0, error=ShapeError, message="source has shape (3, 4); wanted (1, 4)"),
       wrong(X, np.array([3]), Y[:1], axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places")),
    op("masked_fill", lambda x, mask, value: np.where(mask, value, x), of_first, [
        sample(X, MASK, -1.0), sample(X, MASK[0], 2), sample(X, MASK, ONE), sample(X[0], MASK, 0.5),
        sample(integers(3, 4), MASK, 7),
    ], wrong(X, Y, 1.0, error=DTypeError, message="masked_fill: got dtype float32"),
       wrong(X, MASK, 1j, error=DTypeError, message="masked_fill: float32 does not hold 1j"),
       wrong(integers(3, 4), MASK, ONE, error=DTypeError, message="int64 does not hold float32; convert"),
       wrong(integers(3, 4), MASK, 0.5, error=DTypeError, message="masked_fill: int64 does not hold 0.5"),
       wrong(X, MASK, Y, error=ShapeError, message="wanted a number, or a tensor without axes"),
       wrong(X, MASK[:, :3], 1.0, error=ShapeError, message="masked_fill: shapes (3, 4) and (3, 3)")),
    op("masked_select", lambda x, mask: (lambda a, b: a[b])(*np.broadcast_arrays(x, mask)), of_first, [
        sample(X, MASK, traces=False), sample(X, MASK[0], traces=False), sample(X[0], MASK, traces=False),
    ], wrong(X, Y, error=DTypeError, message="masked_select: got dtype float32"),
       wrong(X, MASK[:, :3], error=ShapeError, message="masked_select: shapes (3, 4) and (3, 3)"), vary=False),
    op("one_hot", one_hot, lucid.int64, [
        sample(integers(3, high=2), 4), sample(integers(2, 3), traces=False), sample(np.array(2), 3),
        sample(np.zeros((2, 0), np.int64), 3),
    ], wrong(np.array([3]), 3, error=IndexError, message="has 3 places"),
       wrong(integers(0), error=ShapeError, message="one_hot: no elements"),
       wrong(X, 3, error=DTypeError, message="one_hot: got dtype float32"), vary=False, differentiable=False),
    op("argwhere", np.argwhere, lucid.int64, [
        sample(MASK, traces=False), sample(integers(4, high=1), traces=False), sample(ONE, traces=False),
        sample(numbers(0, 2), traces=False),
    ], wrong([1], **NO_TENSOR), vary=False, differentiable=False),
)  # fmt: skip
