"""Shapes."""

from typing import Any

import numpy as np

from lucid.errors import DTypeError, ShapeError

from .writing import *


def difference(x: np.ndarray, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> np.ndarray:
    more = {name: part for name, part in (("prepend", prepend), ("append", append)) if part is not None}
    return np.diff(x, n, axis, **more)


def split(x: Any, sections: Any, *, axis: int = 0) -> Any:
    return np.split(x, sections if isinstance(sections, int) else np.cumsum(sections)[:-1], axis)


def pad(x: Any, widths: Any, *, mode: str = "constant", value: Any = 0) -> Any:
    options = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, widths, mode, **options) if widths else x


OPS = (
    op("reshape", np.reshape, same, [
        sample(X, (2, -1)), sample(X, -1), sample(X, (4, 3, 1)), sample(array(1.0), ()), sample(numbers(0, 3), (3, 0)),
        sample(integers(4), (2, 2)),
    ], wrong(X, (5, -1), error=ShapeError, message="do not fill shape (5, -1)"),
       wrong(X, (3, 3), error=ShapeError, message="12 elements of shape (3, 4) do not fill shape (3, 3)"),
       wrong(X, (-1, -1), error=ShapeError, message="do not fill")),
    op("flatten", lambda x, start_axis=0, end_axis=-1: x.reshape(
        *x.shape[:start_axis], -1, *x.shape[end_axis % max(x.ndim, 1) + 1 :]), same, [
        sample(Z), sample(Z, start_axis=1), sample(Z, end_axis=1), sample(ONE),
    ], wrong(Z, start_axis=2, end_axis=0, error=ShapeError, message="comes after end_axis=0")),
    op("permute_dims", np.transpose, same, [
        sample(Z, (2, 0, 1)), sample(Z, (-1, 0, 1)), sample(ONE, ()), sample(integers(2, 3), (1, 0)),
    ], wrong(Z, (0, 1), error=ShapeError, message="name each once"),
       wrong(Z, (0, 1, 1), error=ShapeError, message="names an axis twice")),
    op("moveaxis", np.moveaxis, same, [
        sample(Z, 0, -1), sample(Z, (0, 1), (2, 0)), sample(Z, -1, 0),
    ], wrong(Z, (0, 1), (0,), error=ShapeError, message="differ in length"), wrong(X, 2, 0, **BEYOND)),
    op("matrix_transpose", lambda x: x.swapaxes(-1, -2), same, [sample(X), sample(Z), sample(numbers(2, 0))],
       wrong(X[0], error=ShapeError, message="wanted two axes or more")),
    op("expand_dims", lambda x, axis: np.expand_dims(x, axis), same, [
        sample(X, axis=0), sample(X, axis=-1), sample(X, axis=(0, 2)), sample(ONE, axis=0),
    ], wrong(X, axis=3, error=ShapeError, message="axis=3 is not an axis of a tensor with 3"),
       wrong(X, axis=(0, 0), error=ShapeError, message="names an axis twice")),
    op("squeeze", lambda x, axis=None: np.squeeze(x, axis), same, [
        sample(numbers(1, 3, 1), axis=0), sample(numbers(1, 3, 1), axis=(0, -1)), sample(numbers(1, 3, 1), axis=()),
        sample(numbers(1, 3, 1)), sample(X), sample(numbers(1, 1)),
    ], wrong(X, axis=0, error=ShapeError, message="is not of size 1")),
    op("broadcast_to", np.broadcast_to, same, [
        sample(X[:, None], (3, 2, 4)), sample(ONE, (2, 3)), sample(X[:1], (0, 4)), sample(X, (3, 4)),
    ], wrong(X, (4, 3), error=ShapeError, message="broadcast"), wrong(X, (4,), error=ShapeError, message="broadcast")),
    op("broadcast_arrays", lambda *x: list(np.broadcast_arrays(*x)), of_first, [sample(X[:, :1], Y[0]), sample(X)],
       wrong(X, Z[0, 0, :3], error=ShapeError, message="do not broadcast")),
    op("broadcast_shapes", np.broadcast_shapes, None, [sample((2, 1), (3,), ()), sample((0, 1), (1, 5)), sample()],
       wrong((2,), (3,), error=ShapeError, message="do not broadcast"), vary=False, differentiable=False),
    op("concat", lambda x, axis=0: np.concatenate(x, axis), lambda x: same(*x), [
        sample([X, Y, X[:1]]), sample((X, Y[:, :2]), axis=-1), sample([X, Y], axis=None), sample([X]),
        sample([X, integers(1, 4)], note="float32 with int64"), sample([X, numbers(0, 4)]), sample([MASK, MASK]),
    ], wrong([X, X[:, :3]], error=ShapeError, message="differ outside axis 0"),
           wrong(X, error=TypeError, message="list"),
       wrong([], error=TypeError, message="wanted a list or tuple of at least one Tensor"),
       wrong([X, X], axis=2, **BEYOND)),
    op("stack", lambda x, axis=0: np.stack(x, axis), lambda x: same(*x), [
        sample([X, Y]), sample([X, Y], axis=-1), sample((X, Y, X), axis=1), sample([ONE]),
    ], wrong([X, X[:2]], error=ShapeError, message="shapes (3, 4), (2, 4) differ")),
    op("unstack", lambda x, axis=0: list(np.moveaxis(x, axis, 0)), of_first, [sample(X), sample(Z, axis=-1)],
       wrong(X, axis=2, **BEYOND)),
    op("split", split, of_first, [
        sample(X, 3), sample(X, (1, 3), axis=1), sample(X, [0, 4], axis=-1), sample(integers(4), 2),
    ], wrong(X, 2, error=ShapeError, message="sections=2 do not divide axis 0 of size 3"),
       wrong(X, (1, 1), error=ShapeError, message="do not divide")),
    op("unflatten", lambda x, shape, *, axis: x.reshape(*x.shape[:axis], *shape, *x.shape[axis + 1 :]), of_first, [
        sample(Z, (2, 2), axis=2), sample(Z, (-1, 1), axis=1), sample(integers(6), (2, 3), axis=0),
        sample(X, (3,), axis=0),
    ], wrong(X, (2, 2), axis=0, error=ShapeError, message="unflatten: shape=(2, 2) for axis 0 of size 3"),
       wrong(X, (3, 1), axis=2, **BEYOND)),
    op("flip", lambda x, axis=None: np.flip(x, axis), same, [
        sample(Z), sample(Z, axis=1), sample(Z, axis=(0, -1)), sample(ONE), sample(integers(3)),
    ], wrong(X, axis=2, **BEYOND)),
    op("roll", lambda x, shift, axis=None: np.roll(x, shift, axis), same, [
        sample(X, 1), sample(X, -5, axis=1), sample(X, (1, 2), axis=(0, 1)), sample(X, 1, axis=(0, 1)),
        sample(numbers(0, 3), 1, axis=1), sample(X, (1, 2), axis=(0, 0)), sample(ONE, 1),
    ], wrong(X, (1, 2), axis=0, error=ShapeError, message="differ in length")),
    op("repeat", lambda x, n, axis=None: np.repeat(x, n, axis), of_first, [
        sample(X, 2), sample(X, 3, axis=1), sample(X, 0, axis=0), sample(integers(3), 2),
        sample(X, np.array([2, 0, 1]), axis=0, note="counts", traces=False),
        sample(X, np.array([2]), axis=1, note="one count", traces=False),
        sample(X[0], np.array([0, 3, 1, 1], np.uint8), note="small counts", traces=False),
    ], wrong(X, -1, error=ShapeError, message="negative"),
       wrong(X, np.array([1, -1, 1]), axis=0, error=ShapeError, message="has a negative count"),
       wrong(X, np.array([1, 1]), axis=0, error=ShapeError, message="wanted integers of shape (1,) or (3,)")),
    op("diff", difference, of_first, [
        sample(X), sample(X, axis=0), sample(Z, axis=1, n=2), sample(X, n=0), sample(X, n=5), sample(integers(4)),
        sample(X, prepend=Y[:, :1]), sample(X, axis=0, append=Y, prepend=X[:1]), sample(numbers(0, 3)),
        sample(numbers(4, dtype=np.complex64)),
    ], wrong(X, axis=2, **BEYOND), wrong(X, n=-1, error=ShapeError, message="diff: n=-1 is negative"),
       wrong(MASK, error=DTypeError, message="subtract: got dtype bool")),
    op("meshgrid", lambda *x, indexing="xy": list(np.meshgrid(*x, indexing=indexing)), of_first, [
        sample(X[0], Y[0, :3]), sample(X[0], Y[0, :3], indexing="ij"), sample(X[0], Y[0, :2], X[1, :3]), sample(X[0]),
        sample(X[0, :0], Y[0]),
    ], wrong(X, error=ShapeError, message="meshgrid: got shape (3, 4); wanted tensors with one axis"),
       wrong(X[0], indexing="yx", error=ValueError, message="choose 'xy' or 'ij'"), wrong(1.0, **NO_TENSOR)),
    op("tile", np.tile, of_first, [sample(X, (2, 3)), sample(X, (2, 1, 2)), sample(X, (2,)), sample(X, (0, 1))],
       wrong(X, (-1,), error=ShapeError, message="negative")),
    op("pad", pad, of_first, [
        sample(X, [(1, 2), (0, 3)]),
        *(sample(X, [(1, 2), (0, 3)], mode=m) for m in ("edge", "reflect", "symmetric", "wrap")),
        *(sample(X[0], [(9, 11)], mode=m, note=f"far {m}") for m in ("edge", "reflect", "symmetric", "wrap")),
        sample(X[:1], [(2, 1), (0, 0)], mode="reflect", note="one"),
        sample(numbers(0, 2), [(0, 0), (1, 1)], mode="wrap"),
        edge(X, [(1, 0), (0, 0)], value=-inf), sample(ONE, []),
        sample(integers(2), [(1, 1)], value=7), sample(numbers(0, 2), [(1, 1), (0, 0)]),
    ], wrong(X, [(1, 1)], error=ShapeError, message="wanted a pair of sizes for each of 2 axes"),
       wrong(X, [(1, -1), (0, 0)], error=ShapeError, message="wanted a pair of sizes"),
       wrong(X, [(1, 1), (0, 0)], mode="circular", error=ValueError, message="choose among constant, edge, reflect"),
       wrong(numbers(0), [(1, 1)], mode="edge", error=ShapeError, message="has no elements to repeat")),
    op("tril", lambda x, k=0: np.tril(x, k), same, [sample(X), sample(Z, k=1), sample(X, k=-1), sample(integers(3, 3))],
       wrong(X[0], error=ShapeError, message="wanted matrices")),
    op("triu", lambda x, k=0: np.triu(x, k), same, [sample(X), sample(Z, k=1), sample(X, k=-1), sample(MASK)],
       wrong(X[0], error=ShapeError, message="wanted matrices")),
)  # fmt: skip
