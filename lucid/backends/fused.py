"""Composites in NumPy with fewer passes over memory than their meaning takes, and their gradients.

Each `f_vjp` returns the value and its pullback, a function from the gradient of the output to those of the inputs. It
is told which of these are wanted, keeps the inputs alone, and computes again what it needs of the rest: a block in the
cache costs less than memory.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial, reduce
from typing import Any

import numpy as np

from .blocks import BLOCK, in_blocks

Array = Any
Pullback = Callable[[Array, Sequence[bool]], tuple[Array | None, ...]]

FEW = 1 << 12  # elements: fewer are computed in less time than blocks of them take to be made


def covered(x: Array) -> bool:
    """Arrays whose arithmetic stays in their dtype and gives arrays: no 16-bit numbers, and no single ones."""
    return x.dtype.kind == "f" and x.dtype.itemsize >= 4 and x.ndim > 0


def rows(x: Array) -> Array:
    """x as a matrix with the same last axis; it keeps its memory where that is in order."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def sum_of_rows(x: Array) -> Array:
    """A product of matrices, which BLAS computes in fewer steps than a reduction takes."""
    return np.ones(len(x), x.dtype) @ x


def total(parts: Iterable[Array]) -> Array:
    """The sum of arrays that nobody else has, in the memory of the first."""
    return reduce(lambda a, b: np.add(a, b, out=a), parts)


def each_element(function: Callable[..., Any], *arrays: Array, outputs: int, **_: Any) -> tuple[Array, ...]:
    """function(*arrays) of arrays of one shape: so many `outputs` of that shape, each element computed by itself."""
    if arrays[0].size <= FEW:
        return function(*arrays)
    out = tuple(np.empty(arrays[0].shape, arrays[0].dtype) for _ in range(outputs))

    def formula(*block: Array) -> None:
        for into, found in zip(block[len(arrays) :], function(*block[: len(arrays)]), strict=True):
            np.copyto(into, found)

    in_blocks(formula, *(a.reshape(-1) for a in (*arrays, *out)))
    return out


# --- Layer norm ------------------------------------------------------------------------------------------------------


def layer_norm(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Array:
    if not covered(x):
        return NotImplemented
    out = np.empty(x.shape, x.dtype)
    in_blocks(partial(_layer_norm, weight, bias, eps), rows(x), rows(out), blas=True)
    return out


def layer_norm_vjp(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Any:
    if not covered(x):
        return NotImplemented

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        out = np.empty(x.shape, x.dtype)
        parts = in_blocks(partial(_layer_norm_slopes, weight, eps), rows(x), rows(g), rows(out), blas=True)
        g_weight, g_bias = (total(part) for part in zip(*parts))
        return out, None if weight is None else g_weight, None if bias is None else g_bias

    return layer_norm(x, weight, bias, eps=eps), pullback


def _layer_norm(weight: Array | None, bias: Array | None, eps: float, x: Array, out: Array) -> None:
    _normalise(x, eps, out)
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias


def _layer_norm_slopes(weight: Array | None, eps: float, x: Array, g: Array, out: Array) -> tuple[Array, Array]:
    """For y = n w + b with n = (x - mean) r: dx = r (gw - mean(gw) - n mean(gw n)), dw = sum(g n), db = sum(g)."""
    normal = np.empty_like(x)
    scale = _normalise(x, eps, normal)
    g_bias = sum_of_rows(g)
    along = g * normal
    g_weight = sum_of_rows(along)
    if weight is None:
        np.copyto(out, g)
    else:
        np.multiply(g, weight, out=out)
        along *= weight
    out -= _mean(out)
    normal *= _mean(along)
    out -= normal
    out *= scale
    return g_weight, g_bias


def _normalise(x: Array, eps: float, out: Array) -> Array:
    """Write x with mean 0 and variance 1 in each row, and return the factors that made it so."""
    np.subtract(x, _mean(x), out=out)
    scale = _mean(out * out)
    scale += eps
    np.sqrt(scale, out=scale)
    np.divide(1, scale, out=scale)
    out *= scale
    return scale


def _mean(x: Array) -> Array:
    """The mean of each row, as a column: a product of matrices, since short rows cost a reduction much for each."""
    return x @ _shares(x.shape[1], x.dtype)


@lru_cache(16)
def _shares(length: int, dtype: Any) -> Array:
    """A column that means are products with; for a few rows, to make it would cost as much as they do."""
    return np.full((length, 1), 1 / max(length, 1), dtype)


# --- Linear ----------------------------------------------------------------------------------------------------------

ROWS = 256  # of a product of matrices: with fewer, BLAS is slow


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    if not covered(x):
        return NotImplemented
    out = np.empty((*x.shape[:-1], len(weight)), x.dtype)
    in_blocks(
        partial(_linear, weight.T, bias), rows(x), rows(out), rows=max(ROWS, BLOCK // max(*weight.shape, 1)), blas=True
    )
    return out


def linear_vjp(x: Array, weight: Array, bias: Array | None) -> Any:
    if not covered(x):
        return NotImplemented

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        g_x, g_weight, g_bias = linear_slopes(x, weight, g, wanted[0])
        return g_x, g_weight, None if bias is None else g_bias

    return linear(x, weight, bias), pullback


def linear_slopes(x: Array, weight: Array, g: Array, of_x: bool) -> tuple[Array | None, Array, Array]:
    """The gradients of x, if it is asked for, weight and bias."""
    out = np.empty(x.shape, x.dtype) if of_x else None
    arrays = (rows(a) for a in (x, g, out) if a is not None)
    parts = in_blocks(partial(_linear_slopes, weight), *arrays, rows=2 * ROWS, blas=True)
    g_weight, g_bias = (total(part) for part in zip(*parts))
    return out, g_weight, g_bias


def _linear(turned: Array, bias: Array | None, x: Array, out: Array) -> None:
    np.matmul(x, turned, out=out)
    if bias is not None:
        out += bias


def _linear_slopes(weight: Array, x: Array, g: Array, out: Array | None = None) -> tuple[Array, Array]:
    if out is not None:
        np.matmul(g, weight, out=out)
    return g.T @ x, sum_of_rows(g)
