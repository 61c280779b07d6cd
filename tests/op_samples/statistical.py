"""Reductions, and what runs along an axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

import lucid
from lucid.errors import DTypeError, ShapeError
from lucid.ops import activation

from .writing import *


def running(function: Callable[..., Any], initial: int) -> Callable[..., Any]:
    """A running sum or product, with the value that starts it in front if that is asked for."""

    def call(x: np.ndarray, *, axis: int = 0, dtype: Any = None, include_initial: bool = False) -> Any:
        out = function(x, axis=axis, dtype=dtype)
        if not include_initial:
            return out
        first = np.full((*out.shape[:axis], 1, *out.shape[axis + 1 :]), initial, out.dtype)
        return np.concatenate([first, out], axis)

    return call


def variance(x: np.ndarray, *, axis: Any = None, correction: float = 0, keepdims: bool = False) -> np.ndarray:
    squares = np.abs(x - np.mean(x, axis=axis, keepdims=True)) ** 2
    count = x.size / max(np.mean(x, axis=axis).size, 1) - correction
    return np.sum(squares, axis=axis, keepdims=keepdims) / (count if count > 0 else nan)


def of_spread(x: np.ndarray, *rest: Any) -> Any:
    return real_of(x) if x.dtype.kind == "c" else floating(x)


WITH_ZEROS = array([0.5, -1, 2, 3], [2, 0, 3, -1], [0, 2, 0, 1.5], [0, 0, 0, 0])

OPS = (
    op("sum", reduction(np.sum), added_up, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(numbers(2, 0, 3), axis=1), sample(numbers(0)),
        edge(array(-0.0, 0.0, nan), axis=(), note="signs of zero"), edge(array(-0.0, -0.0), note="negative zeros"),
        edge(array([1.0, -0.0], dtype=np.float16), axis=0, note="float16, one row"),
        sample(integers(5, dtype=np.int8, high=120), note="int8"), sample(MASK, axis=0),
        sample(integers(4, dtype=np.uint8, high=250), note="uint8"), sample(numbers(2, 3, dtype=np.complex64), axis=0),
        sample(array(60000, 60000, -60000, dtype=np.float16), note="large float16", smooth=False),
    ], wrong(X, axis=2, **BEYOND), wrong(X, axis=(0, 0), error=ShapeError, message="names an axis twice"),
       wrong(X, axis=1.5, error=TypeError, message="wanted an integer"), wrong(3.0, **NO_TENSOR)),
    op("mean", reduction(lambda x, **o: np.mean(x, **o) if x.size else np.sum(x, **o) * nan), floating_first, [
        *axes_tried(Z), sample(integers(3, low=2**30, high=2**30, dtype=np.int32), note="large integers"),
        edge(numbers(0, 3), axis=0), sample(numbers(3, dtype=np.complex64)), sample(MASK),
        sample(array(60000, 60000, dtype=np.float16), note="large float16", smooth=False),
    ], wrong(X, axis=2, **BEYOND)),
    op("var", variance, of_spread, [
        *axes_tried(Z), sample(Z, axis=1, correction=1), edge(Z, axis=1, correction=3), sample(integers(6)),
        sample(numbers(3, 4, dtype=np.complex64), axis=0),
    ], wrong(X, axis=2, **BEYOND), ulps=12),
    op("std", lambda x, **options: np.sqrt(variance(x, **options)), of_spread, [
        *axes_tried(Z), sample(Z, axis=1, correction=1, keepdims=True), sample(numbers(3, 4, dtype=np.complex64)),
    ], wrong(X, axis=2, **BEYOND), ulps=12),
    *(op(name, reduction(function), same, [
        *(s._replace(args=(distinct(2, 3, 4),)) for s in axes_tried(Z)),
        sample(ONE), sample(integers(2, 3, dtype=np.uint8), axis=0), sample(MASK, axis=0),
        sample(numbers(0, 3), axis=1), sample(Z, axis=()), edge(TIES), edge(WITH_NAN), edge(array(-inf, inf)),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0, 3), axis=0, error=ShapeError, message=f"there is no {name}"),
       wrong(numbers(3, dtype=np.complex64), error=DTypeError, message=f"{name}: got dtype complex64"),
       signed_zeros=False)  # of 0 and -0, processors take either
      for name, function in (("max", np.max), ("min", np.min))),
    *(op(name, reduction(function), lucid.bool, [
        sample(MASK, axis=1), sample(MASK, axis=0, keepdims=True), sample(MASK), sample(MASK, axis=()),
        sample(integers(3, high=1), note="integers"), sample(EDGES), sample(numbers(2, 0), axis=1), sample(numbers(0)),
    ], wrong(X, axis=2, **BEYOND), differentiable=False) for name, function in (("all", np.all), ("any", np.any))),
    op("prod", reduction(np.prod), added_up, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(numbers(2, 0, 3), axis=1), sample(numbers(0)),
        sample(integers(5, dtype=np.int8, low=1, high=120), note="int8"), sample(MASK, axis=0),
        sample(numbers(2, 3, dtype=np.complex64), axis=0), sample(integers(3, dtype=np.uint8), dtype=lucid.int32),
        sample(WITH_ZEROS, axis=1, note="zeros"), sample(WITH_ZEROS, axis=(0, 1), note="many zeros"), edge(EDGES),
    ], wrong(X, axis=2, **BEYOND), wrong(3.0, **NO_TENSOR)),
    op("cumulative_prod", running(np.cumprod, 1), added_up, [
        sample(Z, axis=1), sample(X, axis=-1), sample(X[0]), sample(integers(9, dtype=np.int8, low=1, high=9)),
        sample(numbers(0, 2), axis=0), sample(MASK, axis=1), sample(numbers(3, dtype=np.complex64)),
        sample(X, axis=0, include_initial=True), sample(WITH_ZEROS, axis=1, note="zeros"), sample(X[:1], axis=0),
        sample(numbers(0, 2), axis=0, include_initial=True),
    ], wrong(X, error=ShapeError, message="axis is needed for a tensor of 2 axes"), wrong(X, axis=2, **BEYOND)),
    op("count_nonzero", reduction(np.count_nonzero), lucid.int64, [
        sample(MASK, axis=1), sample(MASK, axis=0, keepdims=True), sample(MASK), sample(EDGES), sample(Z, axis=(0, 2)),
        sample(integers(5, high=1)), sample(numbers(2, 0), axis=1), sample(numbers(3, dtype=np.complex64)),
    ], wrong(X, axis=2, **BEYOND), differentiable=False),
    op("cumulative_sum", running(np.cumsum, 0), added_up, [
        sample(Z, axis=1), sample(X, axis=-1), sample(X[0]), sample(integers(9, dtype=np.int8, low=90, high=120)),
        sample(numbers(0, 2), axis=0), sample(MASK, axis=1), sample(numbers(3, dtype=np.complex64)),
        sample(X, axis=0, include_initial=True), sample(integers(3, dtype=np.int8), dtype=lucid.int8),
    ], wrong(X, error=ShapeError, message="axis is needed for a tensor of 2 axes"), wrong(X, axis=2, **BEYOND)),
    *(op(name, function, lucid.int64, [
        sample(X, axis=1), sample(X, axis=0, keepdims=True), sample(X), sample(X, keepdims=True), sample(ONE),
        edge(TIES), edge(WITH_NAN), sample(numbers(0, 3), axis=1), sample(MASK, axis=1), sample(integers(5)),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0, 3), axis=0, error=ShapeError, message=f"there is no {name}"),
       wrong(numbers(0), error=ShapeError, message=f"there is no {name}"), differentiable=False)
      for name, function in (("argmax", np.argmax), ("argmin", np.argmin))),
    op("sort", lambda x, **o: np.take_along_axis(x, argsort(x, **o), o.get("axis", -1)), same, [
        sample(distinct(3, 4)), sample(distinct(3, 4), axis=0, descending=True), edge(TIES), edge(WITH_NAN),
        edge(WITH_NAN, descending=True), sample(numbers(0, 3), axis=0), sample(integers(6, dtype=np.uint8)),
        sample(MASK),
    ], wrong(X, axis=2, **BEYOND)),
    op("argsort", argsort, lucid.int64, [
        sample(distinct(3, 4)), sample(distinct(3, 4), axis=0, descending=True), sample(TIES),
        sample(TIES, descending=True),
        sample(WITH_NAN), sample(WITH_NAN, descending=True), sample(numbers(0, 3), axis=0), sample(integers(6)),
        sample(MASK),
    ], wrong(X, axis=2, **BEYOND), differentiable=False),
    op("softmax", lambda x, axis=-1: scipy.special.softmax(x, axis) if x.size else x, floating, [
        sample(X), sample(Z, axis=1), sample(integers(3)), sample(numbers(0, 3)), sample(numbers(3, 0)),
        edge(array(1e30, -1e30, 88.0)), edge(array(-inf, 0, 1)), edge(array(-inf, -inf)), edge(array(inf, 0)),
    ], wrong(X, axis=2, **BEYOND),
           wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="got dtype complex64")),
    op("softmax_slope", lambda out, g, *, axis: out * (g - np.sum(g * out, axis, keepdims=True)), same, [
        sample(X, Y, axis=1), sample(Z, numbers(2, 3, 4, salt=1), axis=0), sample(numbers(0, 3), numbers(0, 3), axis=1),
    ], function=activation.softmax_slope, vary=False, ulps=8),
    op("log_softmax_slope", lambda out, g, *, axis: g - np.exp(out) * np.sum(g, axis, keepdims=True), same, [
        sample(X, Y, axis=1), sample(Z, numbers(2, 3, 4, salt=1), axis=0), sample(numbers(0, 3), numbers(0, 3), axis=1),
    ], function=activation.log_softmax_slope, vary=False, ulps=16),
    op("log_softmax", lambda x, axis=-1: scipy.special.log_softmax(x, axis) if x.size else x, floating, [
        sample(X), sample(Z, axis=1), sample(integers(3)), sample(numbers(3, 0)),
        edge(array(1e30, -1e30, 88.0)), edge(array(-inf, 0, 1)),
    ], wrong(X, axis=2, **BEYOND)),
)  # fmt: skip
