"""Reading and writing by index, searching, sorting, sets."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import lucid
from lucid import tree
from lucid.errors import DTypeError, ShapeError
from lucid.ops import indexing

from .writing import *


def searchsorted(x: np.ndarray, y: Any, *, side: Any = "left", sorter: Any = None) -> np.ndarray:
    return np.searchsorted(x, y, side, sorter)


def consecutive(x: np.ndarray) -> Any:
    flat = x.reshape(-1)
    begins = np.append(np.ones(min(flat.size, 1), bool), flat[1:] != flat[:-1])
    places = np.flatnonzero(begins)
    return flat[places], places, np.cumsum(begins) - 1, np.diff(np.append(places, flat.size))


def of_first_and_places(x: np.ndarray) -> list[lucid.DType]:
    return [of_first(x), lucid.int64, lucid.int64, lucid.int64]


def unique(*parts: int) -> Callable[..., Any]:
    """Of the distinct values, their first places, their places in x and their counts, some parts."""

    def call(x: np.ndarray) -> Any:
        values, first, inverse, counts = np.unique(x, True, True, True, equal_nan=False)
        found = (values, *map(lucid.asarray, (first, inverse.reshape(x.shape), counts)))  # these are int64 always
        return [found[i] for i in parts]

    return call


def setitem(x: Any, value: Any, key: Any) -> Any:
    out = x.copy()
    out[key] = value
    return out


def scatter_add(values: Any, key: Any, shape: Any) -> Any:
    out = np.zeros(shape, values.dtype)
    np.add.at(out, key, values)
    return out


def scattered(values: lucid.Tensor, key: Any, shape: Any) -> lucid.Tensor:
    """scatter_add sees canonical keys alone."""
    key = indexing.canonical(lucid.zeros(shape, device=values.device), key)
    return indexing.scatter_add(values, key, shape)


OUTSIDE = {"error": IndexError, "message": "outside axis 0 of size 3"}


KEYS: tuple[Any, ...] = (
    1, -1, slice(1, None), slice(None, None, -1), slice(-1, 0, -2), (0, 1), (Ellipsis, 0), (None, 0),
    (slice(None), None),
    (slice(0, 0),), slice(-9, None, -1), slice(None, -9, -1), np.array([2, 0, 0]), np.array([-1, 0]),
    (np.array([0, 2]), np.array([1, -1])), (np.array([[0], [2]]), np.array([1, 3])),
    (slice(None), np.array([1, 1])), (np.array([0, 1]), slice(1, 3)), (np.array([0, 1]), None, np.array([1, 2])),
    np.array([], np.int64), (np.array([], np.int64), [9]), np.array(1), MASK, np.array([True, False, True]),
    (slice(None), np.array([True, False, False, True])),
    [0, 2], (), Ellipsis, (np.array([0, 2], np.uint8), 1), slice(5, 9), (np.zeros((3, 4), bool),),
    np.array(True), np.array(False), (slice(1, None), np.array(True)), (Ellipsis, np.array(True), 0),
    (np.array(False), Ellipsis, np.array(True), slice(2)), np.zeros(0, bool), np.zeros((3, 0), bool),
)  # fmt: skip


KEYS_OF_Z: tuple[Any, ...] = (
    (0, slice(None), np.array([0, 1])), (None, 0, slice(None), np.array([0, 3])), (0, None, np.array([0, 2])),
    (slice(None), 0, np.array([0, 1])), (np.array([0, 1]), slice(None), -1), (slice(1, None), Ellipsis, np.array([3])),
    (slice(None), MASK), (0, MASK), (np.array([True, False]), 1, np.array([2])),
    (Ellipsis, None, 0, slice(None, None, 2)), (np.array(0), slice(None), np.array(1)),
    (np.array([0, 1]), slice(None), np.array([1, 0])), (slice(None), np.array([0, 2]), slice(1, None, 2)),
    (slice(None), np.array([[0], [2]]), slice(None), None),
)  # fmt: skip


WRITTEN = [(X, key) for key in KEYS] + [(Z, key) for key in KEYS_OF_Z]


def read_and_written() -> Iterator[tuple[np.ndarray, np.ndarray, Any, str, bool, bool]]:
    """Each key with a value to write, whether it names no place twice (the last value stays then), and no mask."""
    for i, (x, key) in enumerate(WRITTEN):
        places = np.arange(x.size).reshape(x.shape)[key]
        once = len(set(places.flat)) == places.size
        static = not any(isinstance(part, np.ndarray) and part.dtype == bool for part in tree.leaves(key))
        yield x, numbers(*places.shape, salt=i), key, f"key {i}", once, static


WRONG_KEYS = (
    wrong(X, 3, **OUTSIDE), wrong(X, -4, **OUTSIDE),
    wrong(X, (0, 4), error=IndexError, message="outside axis 1 of size 4"),
    wrong(X, (0, 0, 0), error=IndexError, message="3 indices for a tensor of shape (3, 4)"),
    wrong(X, 1.0, error=IndexError, message="float is not an index"),
    wrong(X, "a", error=IndexError, message="str is not an index"), wrong(X, True, error=IndexError, message="bool"),
    wrong(X, array(1.0), error=IndexError, message="indices are float32; wanted integers or a mask"),
    wrong(X, np.array([True, False]), error=IndexError, message="mask"),
    wrong(X, np.ones((3, 3), bool), error=IndexError, message="mask"),
    wrong(X, (Ellipsis, Ellipsis), error=IndexError, message="indices"),
    wrong(X, (np.array([0, 1]), np.array([0, 1, 2])), error=ShapeError, message="broadcast"),
    wrong(numbers(0, 2), 0, error=IndexError, message="outside axis 0 of size 0"),
    wrong(X, [0, 3], error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
    wrong(X, (np.array([0, 3]), 4), error=IndexError, message="index 4 is outside axis 1 of size 4"),
    wrong(X, (np.array(3), np.array([], np.int64)), error=IndexError, message="index 3 is outside"),
    wrong(X, (np.array([0, 3]), "a"), error=IndexError, message="str is not an index"),
)  # fmt: skip

OPS = (
    op("getitem", lambda x, key: x[key], of_first, [
        *(sample(x, key, note=note, traces=static) for x, _, key, note, _, static in read_and_written()),
        sample(ONE, ()), sample(integers(3, 4), np.array([0, 0])), sample(numbers(2, 2, dtype=np.complex64), 0),
    ], *WRONG_KEYS, function=indexing.getitem),
    op("setitem", setitem, of_first, [
        *(sample(x, value, key, note=note, smooth=once, traces=static)
          for x, value, key, note, once, static in read_and_written()),
        sample(X, 5, (0, 1)), sample(X, 2.5, MASK), sample(X, Y[0], slice(None)), sample(X, Y[:1], 1),
        sample(X, True, 0),
        sample(integers(3), 4, 1), sample(integers(3, 4), integers(4), 0), sample(X, numbers(4, dtype=np.float16), 0),
        sample(numbers(3, dtype=np.complex64), 1j, 0), sample(MASK, True, (1, 1)),
        sample(integers(3, 4), 7, np.array([0, 2]), note="whole"), sample(X, ONE, np.array([0, 2]), note="one number"),
    ],
       *(wrong(w.args[0], 0.0, *w.args[1:], error=w.error, message=w.message) for w in WRONG_KEYS),
       wrong(X, Y[:, :3], slice(None), error=ShapeError, message="a value of shape (3, 3) does not broadcast"),
       wrong(X, Y, 0, error=ShapeError, message="does not broadcast to the part of shape (4,)"),
       wrong(integers(3), 1.5, 0, error=DTypeError, message="do not fit into int64"),
       wrong(X, 1j, 0, error=DTypeError, message="do not fit into float32"), function=indexing.setitem),
    op("scatter_add", scatter_add, of_first, [
        sample(numbers(3), (np.array([2, 0, 2]),), (4,)), sample(numbers(2, 4), (np.array([1, 1]),), (3, 4)),
        sample(numbers(3, 2), (slice(None), np.array([0, 0])), (3, 4)), sample(numbers(4), (1, slice(0, 4, 1)), (3, 4)),
        sample(integers(3, dtype=np.int64), (np.array([0, 0, 1]),), (2,)),
        sample(numbers(3, dtype=np.complex64), (np.array([0, 0, 1]),), (2,)),
    ], function=scattered),
    op("take", lambda x, i, axis=0: np.take(x, i, axis), of_first, [
        sample(X, np.array([2, 0, 0]), axis=0), sample(X, np.array([-1, 1]), axis=1), sample(X[0], np.array([3])),
        sample(X, np.array([], np.int64), axis=0), sample(X, np.array([[0], [1]]), axis=1),
    ], wrong(X, np.array([0]), error=ShapeError, message="axis is needed"),
       wrong(X, np.array([3]), axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
       wrong(X, [0], axis=0, error=TypeError, message="indices is list")),
    op("take_along_axis", lambda x, i, axis=-1: np.take_along_axis(x, i, axis), of_first, [
        sample(X, integers(3, 2, high=3), axis=1), sample(X, integers(3, 4, high=2), axis=0), sample(X, integers(1, 2)),
        sample(Z[:, :1], integers(2, 3, 5, high=3)),
    ], wrong(X, np.array([0]), error=ShapeError, message="they must be as many"),
       wrong(X, np.full((3, 1), 4), error=IndexError, message="axis 1 of shape (3, 4) has 4 places")),
    op("where", np.where, lambda condition, x1, x2: same(x1, x2), [
        sample(MASK, X, Y), sample(MASK, X[0], Y[:, :1]), sample(MASK, 1.0, Y), sample(MASK, X, 0), sample(MASK, 1, 2),
        sample(integers(3, 4, high=1), X, Y, note="integer condition"),
        sample(MASK, integers(3, 4), Y, note="int64 with float32"),
        sample(np.array(True), X, Y), sample(MASK, numbers(3, 4, dtype=np.complex64), 0.5), edge(MASK, X * nan, Y),
    ], wrong(MASK, X, Y[:2], error=ShapeError, message="do not broadcast"), wrong(True, X, Y, **NO_TENSOR)),
    op("nonzero", lambda x: list(np.nonzero(x)), lucid.int64, [
        sample(MASK), sample(integers(4, high=1)), sample(EDGES), sample(numbers(0, 2)), sample(np.zeros((2, 2), bool)),
    ], wrong([1], **NO_TENSOR), differentiable=False),
    op("searchsorted", searchsorted, lucid.int64, [
        sample(array(-1, 0, 0, 2), X), sample(array(-1, 0, 0, 2), X, side="right"), sample(TIES[:0], X),
        sample(array(1, 2, 2, 5), TIES, side="right"), sample(np.array([1, 3, 3]), 3), sample(np.array([1, 3]), 2.5),
        sample(array(1, 2, nan), array(nan, inf, 2)), sample(TIES, array(2, 3), sorter=np.array([0, 5, 3, 1, 2, 4])),
        sample(np.array([1, 3], np.int8), integers(2, 2), note="int8 with int64"),
    ], wrong(X, 1.0, error=ShapeError, message="searchsorted: x1 has shape (3, 4); wanted one axis (n,)"),
       wrong(X[0], 1.0, side="middle", error=ValueError, message="choose 'left' or 'right'"),
       wrong([1.0], X, **NO_TENSOR), differentiable=False),
    op("isin", lambda x, y, invert=False: np.isin(x, y, invert=invert), lucid.bool, [
        sample(integers(3, 4), np.array([1, 3])), sample(integers(3, 4), np.array([[1, 3]]), invert=True),
        sample(EDGES, array(0.0, inf, nan)), sample(integers(4), 2), sample(2, integers(4)), sample(X, X[:0]),
        sample(numbers(3, dtype=np.complex64), numbers(3, dtype=np.complex64)[:2]), sample(MASK, np.array([True])),
        sample(integers(2, 0), integers(2)),
    ], wrong([1], [2], error=TypeError, message="isin: got list"), differentiable=False, vary=False),
    *(op(name, unique(*parts), of_first, [
        s._replace(traces=False) for s in (
            edge(TIES.reshape(2, 3), note="ties"), sample(integers(7)), sample(MASK), sample(X[:0]), sample(ONE),
            edge(array(0.0, -0.0, 1.0), note="zeros"), edge(array(1, nan, 1, nan), note="nan"), sample(X),
            sample(numbers(3, dtype=np.complex64)),
        )
    ], wrong([1.0], error=TypeError, message=f"{name}: x is list"), vary=False, signed_zeros=False)
      for name, parts in (("unique_all", (0, 1, 2, 3)), ("unique_counts", (0, 3)), ("unique_inverse", (0, 2)),
                          ("unique_values", (0,)))),
    op("unique_consecutive", consecutive, of_first_and_places, [
        s._replace(traces=False) for s in (
            edge(TIES.reshape(2, 3), note="ties"), sample(integers(7)), sample(MASK), sample(X[:0]), sample(ONE),
            sample(X), edge(array(nan, nan, 1.0), note="nan"),
        )
    ], wrong([1.0], error=TypeError, message="unique_consecutive: x is list"), vary=False, signed_zeros=False),
)  # fmt: skip
