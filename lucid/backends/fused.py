"""Composites in NumPy with fewer passes over memory than their meaning takes, and their gradients.

Each `f_vjp` returns the value and its pullback, a function from the gradient of the output to those of the inputs.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .special import erf

Array = Any
Pullback = Callable[[Array], tuple[Array | None, ...]]

SQRT_HALF = math.sqrt(0.5)
SQRT_TWO_PI = math.sqrt(2 * math.pi)
TANH_SCALE, TANH_CUBIC = math.sqrt(2 / math.pi), 0.044715


def _covered(x: Array) -> bool:
    """Arrays whose arithmetic stays in their dtype and gives arrays: no 16-bit numbers, and no single ones."""
    return x.dtype.kind == "f" and x.dtype.itemsize >= 4 and x.ndim > 0


def gelu(x: Array) -> Array:
    return gelu_vjp(x, value_only=True)


def gelu_vjp(x: Array, value_only: bool = False) -> Any:
    if not _covered(x):
        return NotImplemented
    below = erf(x * x.dtype.type(SQRT_HALF))  # twice the probability of a smaller number, less 1
    below += 1
    below *= 0.5
    if value_only:
        below *= x
        return below

    def pullback(g: Array) -> tuple[Array]:
        slope = x * x
        slope *= -0.5
        np.exp(slope, out=slope)
        slope *= x
        slope *= 1 / SQRT_TWO_PI
        slope += below
        slope *= g
        return (slope,)

    return x * below, pullback


def gelu_tanh(x: Array) -> Array:
    return gelu_tanh_vjp(x, value_only=True)


def gelu_tanh_vjp(x: Array, value_only: bool = False) -> Any:
    if not _covered(x):
        return NotImplemented
    wave = x * x
    wave *= TANH_CUBIC
    wave += 1
    wave *= x
    wave *= TANH_SCALE
    np.tanh(wave, out=wave)
    out = wave + 1
    out *= x
    out *= 0.5
    if value_only:
        return out

    def pullback(g: Array) -> tuple[Array]:
        inner = x * x
        inner *= 3 * TANH_CUBIC
        inner += 1
        inner *= TANH_SCALE
        inner *= x
        inner *= 1 - wave * wave
        inner += wave
        inner += 1
        inner *= g
        inner *= 0.5
        return (inner,)

    return out, pullback


def layer_norm(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Array:
    if not _covered(x):
        return NotImplemented
    out, _ = _normalised(x, eps)
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out


def layer_norm_vjp(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Any:
    """For y = n w + b with n = (x - mean) r: dx = r (gw - mean(gw) - n mean(gw n)), dw = sum(g n), db = sum(g)."""
    if not _covered(x):
        return NotImplemented
    normal, scale = _normalised(x, eps)
    out = normal * weight if weight is not None else normal.copy()
    if bias is not None:
        out += bias

    def pullback(g: Array) -> tuple[Array | None, ...]:
        rows = g.reshape(-1, g.shape[-1])
        g_bias = None if bias is None else np.add.reduce(rows, 0)
        g_weight = None if weight is None else np.einsum("ij,ij->j", rows, normal.reshape(rows.shape))
        gw = g * weight if weight is not None else g.copy()
        along = np.einsum("...j,...j->...", gw, normal)[..., None] / x.shape[-1]
        gw -= np.mean(gw, -1, keepdims=True)
        gw -= normal * along
        gw *= scale
        return gw, g_weight, g_bias

    return out, pullback


def _normalised(x: Array, eps: float) -> tuple[Array, Array]:
    """x with mean 0 and variance 1 along its last axis, and the factor that made it so."""
    out = x - np.mean(x, -1, keepdims=True)
    variance = np.einsum("...j,...j->...", out, out)[..., None] / x.shape[-1]
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    out *= scale
    return out, scale
