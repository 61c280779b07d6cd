"""Order statistics and counting."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import lucid
from lucid import ops
from lucid.errors import DTypeError, ShapeError
from lucid.ops import order

from .writing import *


def topk(x: Any, k: int, *, axis: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    indices = np.take(argsort(x, axis=axis, descending=largest), range(k), axis)
    return np.take_along_axis(x, indices, axis), indices


def kthvalue(x: Any, k: int, *, axis: int = -1, keepdims: bool = False) -> Any:
    indices = np.take(argsort(x, axis=axis), [k - 1], axis)
    found = np.take_along_axis(x, indices, axis), indices
    return [t if keepdims else t.squeeze(axis) for t in found]


def of_first_and_places(x: Any, *rest: Any) -> list[lucid.DType]:
    return [of_first(x), lucid.int64]


def so_far(wins: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """By the definition, one element after the other."""

    def call(x: Any, *, axis: int = -1) -> Any:
        moved = np.moveaxis(x, axis, 0)
        indices = np.zeros(moved.shape, np.int64)
        for place in np.ndindex(*moved.shape):
            i, best = place[0], indices[(max(place[0] - 1, 0), *place[1:])]
            value, former = moved[place], moved[(best, *place[1:])]
            indices[place] = i if i == 0 or wins(value, former) or np.isnan(value) else best
        indices = np.moveaxis(indices, 0, axis)
        return np.take_along_axis(x, indices, axis), indices

    return call


def place_so_far(x: Any, *, axis: int, largest: bool) -> Any:
    return so_far(np.greater_equal if largest else np.less_equal)(x, axis=axis)[1]


def quieted(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy warns of rows of nan alone, for which the answer is nan."""

    def call(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **options)

    return call


def nan_variance(x: Any, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    return np.nanvar(x, axis=axis, ddof=correction, keepdims=keepdims)


def place_of(extreme: Callable[..., Any]) -> Callable[..., Any]:
    """By the definition: NumPy takes nan for -inf where nothing else is, and refuses nan alone."""

    def call(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
        found = x == extreme(x, axis=axis, keepdims=True)
        return np.where(found.any(axis, keepdims=keepdims), found.argmax(axis, keepdims=keepdims), -1)

    return quieted(call)


def with_nans(*shape: int, salt: int = 0) -> np.ndarray:
    x = distinct(*shape, salt=salt)
    return np.where(numbers(*shape, salt=7) > 1, np.float32(nan), x)


GAPS, NANS = with_nans(2, 3, 4), array(nan, nan)


def commonest(x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """By counting, the least of several; and the last place that has it."""

    def of_one(row: np.ndarray) -> int:
        values, counts = np.unique(row, return_counts=True)
        return np.flatnonzero(row == values[counts.argmax()])[-1]

    places = np.expand_dims(np.apply_along_axis(of_one, axis, x), axis)
    found = np.take_along_axis(x, places, axis), places
    return found if keepdims else tuple(np.squeeze(a, axis) for a in found)


COUNTED_ONCE, PLACED = distinct(3, 4), distinct(2, 3, 4)

OPS = (
    op("topk", topk, of_first_and_places, [
        sample(COUNTED_ONCE, 2), sample(COUNTED_ONCE, 2, axis=0, largest=False), sample(COUNTED_ONCE, 0),
        sample(COUNTED_ONCE[0], 4), edge(WITH_NAN, 2), edge(TIES, 4), edge(WITH_NAN, 3, largest=False),
        sample(integers(5), 3),
    ], wrong(X, 5, error=ShapeError, message="topk: k=5 of axis 1 of size 4; choose 0 to 4"),
       wrong(X, 1, axis=2, **BEYOND), function=lambda *args, **o: list(ops.topk(*args, **o)), vary=False),
    op("kthvalue", kthvalue, of_first_and_places, [
        sample(COUNTED_ONCE, 2), sample(COUNTED_ONCE, 1, axis=0, keepdims=True), edge(WITH_NAN, 3),
        sample(integers(5), 5),
    ], wrong(X, 0, error=ShapeError, message="kthvalue: k=0 of axis 1 of size 4; choose 1 to 4"),
       wrong(X, 1, axis=2, **BEYOND), vary=False),
    *(op(name, so_far(wins), of_first_and_places, [
        sample(COUNTED_ONCE), sample(PLACED, axis=1), edge(TIES), edge(WITH_NAN), sample(numbers(2, 0)), sample(MASK),
        sample(integers(9), axis=0), edge(EDGES),
    ], wrong(X, axis=2, **BEYOND), vary=False)
      for name, wins in (("cummax", np.greater_equal), ("cummin", np.less_equal))),
    op("extreme_so_far", place_so_far, lucid.int64, [
        sample(COUNTED_ONCE, axis=0, largest=True), sample(PLACED, axis=1, largest=False),
        edge(TIES, axis=0, largest=True), edge(WITH_NAN, axis=0, largest=False),
    ], function=order.extreme_so_far, vary=False, differentiable=False),
    op("median", reduction(np.median), floating_first, [
        *(s._replace(args=(PLACED,)) for s in axes_tried(Z)), sample(distinct(5)), sample(integers(4)), sample(ONE),
        edge(WITH_NAN), edge(array(-inf, inf, inf)), sample(numbers(0, 3), axis=1, note="none"),
    ], wrong(numbers(0), error=ShapeError, message="there is no median"), wrong(X, axis=2, **BEYOND)),
    op("quantile", lambda x, q, *, axis=None, **options: np.quantile(x, q, axis=axis, **options), floating_first, [
        sample(PLACED, 0.3), sample(PLACED, [0.25, 0.6, 1.0], axis=1), sample(PLACED, 0.4, axis=(0, 2), keepdims=True),
        edge(COUNTED_ONCE, array(0.1, 0.9), axis=-1), edge(COUNTED_ONCE, 0.7, axis=0, note="along rows"),
        *(sample(COUNTED_ONCE, [0.1, 0.6], axis=1, method=m)
          for m in ("lower", "higher", "midpoint", "nearest", "linear")),
        edge(WITH_NAN, 0.5), sample(integers(5), 0.5), sample(distinct(1), 0.3),
    ], wrong(X, 1.5, error=ValueError, message="wanted numbers from 0 to 1"),
       wrong(X, 0.5, method="mean", error=ValueError, message="choose among linear, lower"),
       wrong(numbers(0), 0.5, error=ShapeError, message="there is no quantile"), ulps=8),
    op("nanquantile", quieted(lambda x, q, *, axis=None, **o: np.nanquantile(x, q, axis=axis, **o)), floating_first, [
        sample(PLACED, 0.3), sample(GAPS, [0.25, 0.6, 1.0], axis=1), sample(GAPS, 0.4, axis=(0, 2), keepdims=True),
        *(sample(GAPS, 0.6, axis=2, method=m) for m in ("lower", "higher", "midpoint", "nearest")), edge(NANS, 0.5),
    ], wrong(X, -1.0, error=ValueError, message="nanquantile: q=-1.0; wanted numbers from 0 to 1"),
       wrong(numbers(0), 0.5, error=ShapeError, message="there is no nanquantile"), ulps=8),
    op("mode", commonest, of_first_and_places, [
        sample(COUNTED_ONCE), sample(integers(3, 9), axis=1), sample(integers(9, 3), axis=0, keepdims=True), edge(TIES),
        sample(integers(2, 1)), sample(integers(5) > 1, note="bools"),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0), error=ShapeError, message="there is no mode"), vary=False),
    op("bincount", lambda x, weights=None, minlength=0: np.bincount(x, weights, minlength),
       lambda x, weights=None: lucid.int64 if weights is None else of_first(weights), [
        sample(integers(9), traces=False), sample(integers(9), numbers(9), traces=False),
        sample(integers(4, dtype=np.uint8), minlength=9, traces=False), sample(integers(0), minlength=3),
        sample(integers(0)),
    ], wrong(integers(2, low=-1, high=-1), error=ValueError, message="bincount: -1 is negative"),
       wrong(np.array([2**60]), error=MemoryError, message="is more than any memory holds"),
       wrong(integers(2, 2), error=ShapeError, message="wanted one axis (n,)"),
       wrong(integers(2), numbers(3), error=ShapeError, message="as many weights"),
       wrong(X[0], error=DTypeError, message="bincount: got dtype float32"), vary=False),
    op("histogram", lambda x, bins=10, **o: list(np.histogram(x, bins, **o)), [lucid.int64, lucid.float32], [
        sample(numbers(40, low=0.0, high=1.0), 5, smooth=False), edge(X), edge(X, 4, range=(-1.0, 1.5)),
        edge(X, array(-1.0, 0.0, 0.25, 2.0)), edge(array(1.0, 1.0), 3), edge(numbers(0), 3), edge(array(0, 1, 2, 3), 3),
        edge(integers(9), 4),
    ], wrong(X, 0, error=ValueError, message="histogram: bins=0; wanted at least 1"),
       wrong(X, 3, range=(1.0, 0.0), error=ValueError, message="in ascending order"),
       wrong(X, 3, weights=X[0], error=ShapeError, message="histogram: 4 weights for 12 elements"), vary=False),
    *(op(name, quieted(reduction(function)), gives, [
        *(s._replace(args=(GAPS,)) for s in axes_tried(Z)), sample(X, axis=0, note="no nan"), edge(NANS),
        sample(integers(2, 3), axis=0), edge(array(inf, nan, -inf)),
        *[sample(array(nan, 60000, 60000, dtype=np.float16), note="large float16", smooth=False)]
        * (name not in ("nansum", "nanprod")),
    ], wrong(X, axis=2, **BEYOND), ulps=ulps, signed_zeros=False) for name, function, gives, ulps in (
        ("nansum", np.nansum, added_up, 4), ("nanprod", np.nanprod, added_up, 8),
        ("nanmean", np.nanmean, floating_first, 4),
        ("nanmedian", np.nanmedian, floating_first, 4), ("nanmax", np.nanmax, of_first, 4),
        ("nanmin", np.nanmin, of_first, 4), ("nanvar", nan_variance, floating_first, 12),
        ("nanstd", lambda x, **o: np.sqrt(nan_variance(x, **o)), floating_first, 12))),
    *(op(name, place_of(extreme), lucid.int64, [
        *(edge(GAPS, **options) for options in ({}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"keepdims": True})),
        edge(TIES), edge(integers(2, 3), axis=0), edge(integers(4) > 1, note="bools"), edge(NANS),
        edge(array([nan, least], [least, least], [1.0, nan]), axis=1, note="nothing but the least"),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0), error=ShapeError, message="no elements"))
      for name, extreme, least in (("nanargmax", np.nanmax, -inf), ("nanargmin", np.nanmin, inf))),
    op("nan_to_num", lambda x, **o: np.nan_to_num(x, **{
        "posinf": np.finfo(np.float32).max, "neginf": np.finfo(np.float32).min, **o}), same, [
        sample(X), edge(EDGES), edge(EDGES, nan=1.0, posinf=2.0, neginf=-3.0), sample(integers(3)), sample(MASK),
    ], wrong([1.0], **NO_TENSOR)),
)  # fmt: skip
