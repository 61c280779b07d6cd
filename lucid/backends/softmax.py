"""Softmax, its logarithm and the losses of classes in NumPy, in blocks and in place."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .blocks import in_blocks
from .fused import covered

Array = Any

NEAR = 60  # exp of numbers so close together neither overflows nor loses digits, whatever they are shifted by
FEW = 8  # rows of which a reduction costs no more than a product does
SHORT = 128  # rows for which a reduction costs more than turning them into columns first


def softmax(x: Array, axis: int) -> Array:
    return _along(_softmax, axis, x)


def log_softmax(x: Array, axis: int) -> Array:
    return _along(_log_softmax, axis, x)


def softmax_slope(out: Array, g: Array, axis: int) -> Array:
    return _along(_softmax_slope, axis, *np.broadcast_arrays(out, g))


def log_softmax_slope(out: Array, g: Array, axis: int) -> Array:
    return _along(_log_softmax_slope, axis, *np.broadcast_arrays(out, g))


def _along(formula: Callable[..., None], axis: int, *arrays: Array) -> Array:
    """formula(*block, out) of blocks (m, n) or (m, n, k), in whose second axis the numbers of each sum lie."""
    shape = arrays[0].shape
    out = np.empty(shape, arrays[0].dtype)
    if out.size:
        before, behind = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        seen = [a.reshape((before, shape[axis], behind)[: 3 if behind > 1 else 2]) for a in (*arrays, out)]
        if before == 1 < behind:
            seen = [a.swapaxes(0, 2) for a in seen]
        in_blocks(formula, *seen, blas=True)
    return out


def _softmax(x: Array, out: Array) -> None:
    low, high = x.min(), x.max()
    np.subtract(x, high if high - low < NEAR else _largest(x), out=out)
    np.exp(out, out=out)
    out /= _sums(out)


def _log_softmax(x: Array, out: Array) -> None:
    np.subtract(x, _largest(x), out=out)
    out -= np.log(_sums(np.exp(out)))


def _softmax_slope(p: Array, g: Array, out: Array) -> None:
    np.multiply(p, g, out=out)
    sums = _sums(out)
    np.subtract(g, sums, out=out)
    out *= p


def _log_softmax_slope(logs: Array, g: Array, out: Array) -> None:
    np.exp(logs, out=out)
    out *= _sums(g)
    np.subtract(g, out, out=out)


def _largest(x: Array) -> Array:
    if x.ndim == 2 and x.shape[1] < SHORT:
        return np.maximum.reduce(np.ascontiguousarray(x.T), 0)[:, None]
    return np.maximum.reduce(x, 1, keepdims=True)


def _sums(x: Array) -> Array:
    """Of many rows a product of matrices, since short ones cost a reduction much for each."""
    many = x.ndim == 2 and len(x) > FEW
    return x @ np.ones((x.shape[1], 1), x.dtype) if many else np.add.reduce(x, 1, keepdims=True)


# --- Losses of classes -----------------------------------------------------------------------------------------------


def class_losses(x: Array, target: Array, *, ignored: int, mean: bool, wanted: str) -> Any:
    """It leaves a target that is no class to the body, which says so."""
    found = _kept_and_places(x, target, ignored)
    if found is NotImplemented:
        return found
    kept, places = found
    return _class_losses(x, kept, places, mean)


def class_losses_vjp(x: Array, target: Array, *, ignored: int, mean: bool, wanted: str) -> Any:
    found = _kept_and_places(x, target, ignored)
    if found is NotImplemented:
        return found
    kept, places = found

    def pullback(g: Array, asked: Sequence[bool]) -> tuple[Array | None, ...]:
        above = np.zeros(len(x), x.dtype)
        np.copyto(above, g / np.add.reduce(kept, dtype=x.dtype) if mean else g, where=kept)
        slope = np.empty(x.shape, x.dtype)
        in_blocks(_losses_slope, x, places, above, slope, blas=True)
        return slope, None

    return _class_losses(x, kept, places, mean), pullback


def _kept_and_places(x: Array, target: Array, ignored: int) -> Any:
    """Which targets are not ignored, and the place of each, 0 for those that are."""
    if not (covered(x) and x.size):
        return NotImplemented
    kept = target != ignored
    places = np.where(kept, target, 0)
    return (kept, places) if places.min() >= 0 and places.max() < x.shape[1] else NotImplemented


def _class_losses(x: Array, kept: Array, places: Array, mean: bool) -> Array:
    out = np.empty(len(x), x.dtype)
    in_blocks(_losses, x, places, out, blas=True)
    out[~kept] = 0
    return np.asarray(np.add.reduce(out) / np.add.reduce(kept, dtype=x.dtype)) if mean else out


def _losses(x: Array, places: Array, out: Array) -> None:
    shifted = x - _largest(x)
    picked = shifted[np.arange(len(x)), places]
    np.exp(shifted, out=shifted)
    np.subtract(picked, np.log(_sums(shifted)[:, 0]), out=out)
    np.negative(out, out=out)


def _losses_slope(x: Array, places: Array, g: Array, out: Array) -> None:
    """(softmax(x) - 1 at the place) g."""
    np.subtract(x, _largest(x), out=out)
    np.exp(out, out=out)
    out *= g[:, None] / _sums(out)
    out[np.arange(len(x)), places] -= g
