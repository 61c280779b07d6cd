"""The two layers of a transformer's feed-forward network in NumPy; the wide one between is never whole in memory.

Only training keeps two arrays of its size: the value of GELU and its slope, which are cheap to have together.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .activation import gelu_and_slope, gelu_block
from .blocks import in_blocks
from .fused import covered, rows, sum_of_rows, total

Array = Any
Layer = tuple[Array, Array | None]  # weight and bias

ROWS, ROWS_BACK = 256, 512  # of a block; the backward pass adds up gradients of weights, one for each block


def feed_forward(x: Array, weight1: Array, bias1: Array | None, weight2: Array, bias2: Array | None) -> Array:
    if not covered(x):
        return NotImplemented
    out = np.empty((*x.shape[:-1], len(weight2)), x.dtype)
    in_blocks(partial(_forward, (weight1, bias1), (weight2, bias2)), rows(x), rows(out), rows=ROWS, blas=True)
    return out


def feed_forward_vjp(x: Array, weight1: Array, bias1: Array | None, weight2: Array, bias2: Array | None) -> Any:
    if not covered(x):
        return NotImplemented
    out = np.empty((*x.shape[:-1], len(weight2)), x.dtype)
    value, slope = np.empty((2, *x.shape[:-1], len(weight1)), x.dtype)
    forward = partial(_forward_to_train, (weight1, bias1), (weight2, bias2))
    in_blocks(forward, rows(x), rows(out), rows(value), rows(slope), rows=ROWS, blas=True)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        g_x = np.empty(x.shape, x.dtype)
        slopes = partial(_slopes, weight1, weight2)
        arrays = rows(x), rows(value), rows(slope), rows(g), rows(g_x)
        parts = in_blocks(slopes, *arrays, rows=ROWS_BACK, blas=True)
        g_weight1, g_bias1, g_weight2, g_bias2 = (total(part) for part in zip(*parts))
        return g_x, g_weight1, None if bias1 is None else g_bias1, g_weight2, None if bias2 is None else g_bias2

    return out, pullback


def _forward(first: Layer, second: Layer, x: Array, out: Array) -> None:
    wide = _layer(first, x)
    gelu_block(wide, wide)
    _layer(second, wide, out)


def _forward_to_train(first: Layer, second: Layer, x: Array, out: Array, value: Array, slope: Array) -> None:
    gelu_and_slope(_layer(first, x), value, slope)
    _layer(second, value, out)


def _layer(layer: Layer, x: Array, out: Array | None = None) -> Array:
    weight, bias = layer
    out = np.matmul(x, weight.T, out=out)
    if bias is not None:
        out += bias
    return out


def _slopes(weight1: Array, weight2: Array, x: Array, value: Array, slope: Array, g: Array, g_x: Array) -> Any:
    above = g @ weight2
    above *= slope
    np.matmul(above, weight1, out=g_x)
    return above.T @ x, sum_of_rows(above), g.T @ value, sum_of_rows(g)
