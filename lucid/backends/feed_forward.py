"""The two layers of a transformer's feed-forward network in NumPy; the wide one between is never whole in memory.

Only training keeps it, before GELU. What comes after is computed again in the backward pass, where the derivative needs
nearly all of it anyway.
"""

from functools import partial
from typing import Any

import numpy as np

from .blocks import in_blocks
from .fused import covered, gelu_and_slope, gelu_block, rows, total

Array = Any
Weights = tuple[Array, Array | None]  # of a layer, and its biases

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
    first, second = (weight1, bias1), (weight2, bias2)
    wide = np.empty((*x.shape[:-1], len(weight1)), x.dtype)
    out = np.empty((*x.shape[:-1], len(weight2)), x.dtype)
    in_blocks(partial(_forward, first, second), rows(x), rows(out), rows(wide), rows=ROWS, blas=True)

    def pullback(g: Array) -> tuple[Array | None, ...]:
        g_x = np.empty(x.shape, x.dtype)
        slopes = partial(_slopes, weight1, weight2)
        parts = in_blocks(slopes, rows(x), rows(wide), rows(g), rows(g_x), rows=ROWS_BACK, blas=True)
        g_weight1, g_bias1, g_weight2, g_bias2 = (total(part) for part in zip(*parts))
        return g_x, g_weight1, None if bias1 is None else g_bias1, g_weight2, None if bias2 is None else g_bias2

    return out, pullback


def _forward(first: Weights, second: Weights, x: Array, out: Array, wide: Array | None = None) -> None:
    kept, wide = wide, _layer(x, first, wide)
    gelu = wide if kept is None else np.empty_like(wide)
    gelu_block(wide, gelu)
    _layer(gelu, second, out)


def _layer(x: Array, layer: Weights, out: Array | None) -> Array:
    weight, bias = layer
    out = np.matmul(x, weight.T, out=out)
    if bias is not None:
        out += bias
    return out


def _slopes(weight1: Array, weight2: Array, x: Array, wide: Array, g: Array, g_x: Array) -> tuple[Array, ...]:
    value, slope = gelu_and_slope(wide)
    slope *= g @ weight2
    np.matmul(slope, weight1, out=g_x)
    return slope.T @ x, np.add.reduce(slope, 0), g.T @ value, np.add.reduce(g, 0)
