"""Activations in NumPy, in blocks and in place, and their gradients; `fused` has those that other kernels share."""

from typing import Any

import numpy as np

from .fused import covered, each

Array = Any


# --- SiLU ------------------------------------------------------------------------------------------------------------


def silu(x: Array) -> Array:
    return each(_silu, x) if covered(x) else NotImplemented


def silu_vjp(x: Array) -> Any:
    return (each(_silu, x), lambda g, wanted: (each(_silu_slope, x, g),)) if covered(x) else NotImplemented


def _silu(x: Array, out: Array) -> None:
    _sigmoid(x, out)
    out *= x


def _silu_slope(x: Array, g: Array, out: Array) -> None:
    """With s = sigmoid(x): g s (1 + x (1 - s))."""
    _sigmoid(x, out)
    rest = 1 - out
    rest *= x
    rest += 1
    out *= rest
    out *= g


def _sigmoid(x: Array, out: Array) -> None:
    np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)  # never overflows
    out *= 0.5
    out += 0.5


# --- Hardswish -------------------------------------------------------------------------------------------------------


def hardswish(x: Array) -> Array:
    return each(_hardswish, x) if covered(x) else NotImplemented


def hardswish_vjp(x: Array) -> Any:
    return (each(_hardswish, x), lambda g, wanted: (each(_hardswish_slope, x, g),)) if covered(x) else NotImplemented


def _hardswish(x: Array, out: Array) -> None:
    """x times (x + 3) / 6, which is 0 at least and 1 at most."""
    np.add(x, 3, out=out)
    np.maximum(out, 0, out=out)
    np.minimum(out, 6, out=out)
    out *= 1 / 6  # of which 6 make 1
    out *= x
    np.copyto(out, 0, where=x <= -3)  # no product, whose zero has the sign of x, and which is none with infinity


def _hardswish_slope(x: Array, g: Array, out: Array) -> None:
    """g (2 x + 3) / 6 between -3 and 3."""
    np.multiply(x, 1 / 3, out=out)
    out += 0.5
    out *= g
    np.copyto(out, 0, where=x <= -3)
    np.copyto(out, g, where=x >= 3)
