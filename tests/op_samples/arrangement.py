"""Tensors put together, cut and turned."""

from typing import Any

import numpy as np

from lucid import tree
from lucid.errors import ShapeError

from .writing import *

PLACES = array(-1.0, 0.0, 0.5, 2.0)


def unfold(x: Any, size: int, step: int = 1, *, axis: int = -1) -> Any:
    windows = (
        np.lib.stride_tricks.sliding_window_view(x, size, axis)
        if size
        else np.zeros([n + (i == axis % x.ndim) for i, n in enumerate(x.shape)] + [0])
    )
    return windows[(*[slice(None)] * (axis % x.ndim), slice(None, None, step))]


def chunk(x: Any, n: int, *, axis: int = 0) -> Any:
    size = -(-x.shape[axis] // n)
    return np.split(x, range(size, x.shape[axis], size) if size else [0] * (n - 1), axis)


OPS = (
    op("interp", np.interp, floating, [
        sample(numbers(3, 4, low=-0.9, high=1.9), PLACES, numbers(4)), edge(EDGES, PLACES, numbers(4)),
        edge(array(-3.0, 5.0, 0.0, 0.5), PLACES, numbers(4)), edge(array(0.0, 5.0), array(1.0), array(7.0)),
        edge(integers(3), PLACES, numbers(4), note="whole"),
    ], wrong(X, PLACES, numbers(3), error=ShapeError, message="places (4,) and values (3,)"),
       wrong(X, X, Y, error=ShapeError, message="wanted both (n,)"), vary=False, ulps=8),
    *(op(name, function, lambda x: same(*x), [
        sample([X, Y]), sample([X[0], Y[0]], note="vectors"), sample([Z, Z]), sample([ONE, ONE], note="numbers"),
        sample((X, integers(3, 4)), note="float32 with int64"),
    ], wrong(X, error=TypeError, message=f"{name}: got Tensor; wanted a list or tuple"),
       wrong([], error=TypeError, message="at least one Tensor"), wrong([1.0], **NO_TENSOR),
       wrong([X, Z], error=ShapeError, message="differ outside axis"))
      for name, function in (("vstack", np.vstack), ("hstack", np.hstack), ("dstack", np.dstack))),
    op("block", np.block, lambda x: same(*tree.leaves(x)), [
        sample([[X, Y[:, :2]], [X[:2, :3], Y[:2, :3]]]), sample([X[0], Y[0, :2]], note="vectors"),
        sample([Z, Z], note="in one list"), sample([[X], [Y[0]]], note="a row"), sample([ONE, X[0]], note="a number"),
        sample(X, note="alone"),
    ], wrong([[X], Y], error=ValueError, message="block: lists nested [1, 2] deep"),
       wrong([], error=ValueError, message="no empty list"), wrong([1.0], **NO_TENSOR),
       wrong([[X, Y[:2]]], error=ShapeError, message="differ outside axis 1")),
    op("chunk", chunk, of_first, [
        sample(X, 2), sample(X, 3, axis=1), sample(numbers(5), 4, note="fewer"), sample(numbers(2, 0), 2, axis=1),
    ], wrong(X, 0, error=ValueError, message="chunk: chunks=0; wanted at least 1"), wrong(X, 2, axis=2, **BEYOND)),
    op("unfold", unfold, of_first, [
        sample(X, 2), sample(Z, 2, 2, axis=1), sample(numbers(7), 3, 2), sample(X, 3, axis=0), sample(integers(4), 4),
        sample(X, 0, axis=1),
    ], wrong(X, 5, error=ShapeError, message="unfold: size=5 of axis 1 of size 4; choose 0 to 4"),
       wrong(X, 2, 0, error=ValueError, message="unfold: step=0"), wrong(X, 1, axis=2, **BEYOND)),
    op("rot90", lambda x, k=1, axes=(0, 1): np.rot90(x, k, axes), of_first, [
        sample(X), sample(X, 2), sample(X, -1), sample(X, 4), sample(Z, axes=(2, 0)), sample(Z, 3, axes=(1, -1)),
    ], wrong(X, axes=(0, 0), error=ShapeError, message="names an axis twice"),
       wrong(X, axes=(0, 2), **BEYOND), wrong(X, axes=(0,), error=ShapeError, message="rot90: axes=(0,); wanted two")),
)  # fmt: skip
