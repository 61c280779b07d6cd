"""Recurrences in NumPy: a step is a few calls, in place, and what can wait is done for all steps together.

A pullback goes back through the steps with the gradient dh of the hidden state alone (and dc of an LSTM's cell). What
it multiplies them with, the slopes of all gates at all steps, is computed before in one go; the gradients of weights
are one product behind. There are no blocks: a step is small, and its product is for BLAS and its own threads.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .activation import relu_block, relu_slope_block, sigmoid_block
from .fused import covered, rows, sum_of_rows

Array = Any
Slopes = tuple[Array, Array, Array, Array | None]  # of what is given, of what is kept, and of the first h and c
Found = tuple[Array, Callable[[Array], Slopes]]


def recurrence(given: Array, weight: Array, bias: Array | None, h: Array, c: Array | None, *, cell: str) -> Any:
    if not covered(given) or not given.size:
        return NotImplemented
    return CELLS[cell](given, weight, bias, h, c)[0]


def recurrence_vjp(given: Array, weight: Array, bias: Array | None, h: Array, c: Array | None, *, cell: str) -> Any:
    if not covered(given) or not given.size:
        return NotImplemented
    out, back = CELLS[cell](given, weight, bias, h, c)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        of_given, of_kept, of_h, of_c = back(g)
        of_weight = rows(of_kept).T @ rows(_before(h, out[: len(given)])) if wanted[1] else None
        of_bias = sum_of_rows(rows(of_kept)) if bias is not None and wanted[2] else None
        return of_given, of_weight, of_bias, of_h, of_c

    return out, pullback


def _lstm(given: Array, weight: Array, bias: Array | None, h: Array, c: Array) -> Found:
    """c' = f c + i g and h' = o tanh(c')."""
    n, turned = h.shape[-1], weight.T
    gates = given.copy() if bias is None else given + bias
    cells = np.empty((len(given) + 1, *h.shape), given.dtype)
    waves, out = np.empty_like(cells[1:]), np.empty_like(cells)  # tanh(c'); the hidden states, then the last c'
    cells[0] = c
    for t, gate in enumerate(gates):
        gate += (out[t - 1] if t else h) @ turned
        i, f, g, o = _parts(gate, 4)
        wave = np.tanh(g)
        sigmoid_block(gate, gate)
        g[...] = wave
        np.multiply(f, cells[t], out=cells[t + 1])
        cells[t + 1] += i * g
        np.tanh(cells[t + 1], out=waves[t])
        np.multiply(o, waves[t], out=out[t])
    out[-1] = cells[-1]

    def back(above: Array) -> Slopes:
        i, f, g, o = _parts(gates, 4)
        along = 1 - waves * waves
        along *= o
        slopes = np.empty((*waves.shape[:-1], 4, n), gates.dtype)
        for place, (factor, gate) in enumerate([(g, i), (cells[:-1], f), (i, None), (waves, o)]):
            slope = slopes[..., place, :]
            np.multiply(factor, 1 - g * g if gate is None else gate * (1 - gate), out=slope)
        dh, dc = np.zeros_like(h), above[-1].copy()
        for t in reversed(range(len(gates))):
            dh += above[t]
            dc += dh * along[t]
            slopes[t, ..., :3, :] *= dc[..., None, :]
            slopes[t, ..., 3, :] *= dh
            dc *= f[t]
            dh = slopes[t].reshape(gates.shape[1:]) @ weight
        slopes = slopes.reshape(gates.shape)
        return slopes, slopes, dh, dc

    return out, back


def _gru(given: Array, weight: Array, bias: Array | None, h: Array, c: None) -> Found:
    """h' = n + z (h - n) with n = tanh(given + r kept)."""
    n, turned = h.shape[-1], weight.T
    gates, kept = given.copy(), np.empty_like(given)
    out = np.empty((len(given), *h.shape), given.dtype)
    for t, gate in enumerate(gates):
        last = out[t - 1] if t else h
        np.matmul(last, turned, out=kept[t])
        if bias is not None:
            kept[t] += bias
        both, new = gate[..., : 2 * n], gate[..., 2 * n :]
        both += kept[t, ..., : 2 * n]
        sigmoid_block(both, both)
        new += both[..., :n] * kept[t, ..., 2 * n :]
        np.tanh(new, out=new)
        np.subtract(last, new, out=out[t])
        out[t] *= both[..., n:]
        out[t] += new

    def back(above: Array) -> Slopes:
        r, z, new = _parts(gates, 3)
        slopes = np.empty((*out.shape[:-1], 3, n), gates.dtype)
        of_new = (1 - z) * (1 - new * new)
        slopes[..., 0, :] = of_new * kept[..., 2 * n :] * r * (1 - r)
        slopes[..., 1, :] = (_before(h, out) - new) * z * (1 - z)
        slopes[..., 2, :] = of_new * r
        dh = np.zeros_like(h)
        for t in reversed(range(len(gates))):
            dh += above[t]
            of_new[t] *= dh
            slopes[t] *= dh[..., None, :]
            dh *= z[t]
            dh += slopes[t].reshape(gates.shape[1:]) @ weight
        of_kept = slopes.reshape(gates.shape)
        return np.concatenate([of_kept[..., : 2 * n], of_new], -1), of_kept, dh, None

    return out, back


def _simple(bend: Any, slope: Any, given: Array, weight: Array, bias: Array | None, h: Array, c: None) -> Found:
    """h' = bend(given + kept); its slope is found from its value."""
    out, turned = given.copy() if bias is None else given + bias, weight.T
    for t, new in enumerate(out):
        new += (out[t - 1] if t else h) @ turned
        bend(new, new)

    def back(above: Array) -> Slopes:
        slopes, dh = np.empty_like(out), np.zeros_like(h)
        for t in reversed(range(len(out))):
            dh += above[t]
            slope(out[t], dh, slopes[t])
            dh = slopes[t] @ weight
        return slopes, slopes, dh, None

    return out, back


def _tanh_slope(value: Array, g: Array, out: Array) -> None:
    np.multiply(value, value, out=out)
    np.subtract(1, out, out=out)
    out *= g


def _before(h: Array, states: Array) -> Array:
    """The state before each step, from those after it."""
    return np.concatenate([h[None], states[:-1]])


def _parts(x: Array, count: int) -> tuple[Array, ...]:
    n = x.shape[-1] // count
    return tuple(x[..., i * n : (i + 1) * n] for i in range(count))


CELLS: dict[str, Callable[..., Found]] = {
    "lstm": _lstm,
    "gru": _gru,
    "tanh": partial(_simple, np.tanh, _tanh_slope),
    "relu": partial(_simple, relu_block, relu_slope_block),
}
