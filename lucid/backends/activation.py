"""Functions of each element in NumPy, and their gradients: a block at a time, in place.

Each is two formulas, value(x, out) and slope(x, g, out), the gradient of x, both with the options of the function;
`out` of a value may be x. What NumPy has in short steps decides how they are written: it clips five times as fast as it
takes the larger of a number and each element, and choosing by a mask that nobody can predict costs more than tanh.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .blocks import in_blocks
from .fused import covered
from .special import erf

Array = Any
Formula = Callable[..., None]
INF = math.inf


def kernels() -> Mapping[str, Callable[..., Any]]:
    """All of them by the names of their composites, and those with a pullback."""
    with_pullback = {f"{name}_vjp": partial(_value_and_pullback, *formulas) for name, formulas in FORMULAS.items()}
    return {name: partial(_value, value) for name, (value, _) in FORMULAS.items()} | with_pullback


def _value(value: Formula, x: Array, /, **options: Any) -> Any:
    return _each(partial(value, **options), x) if covered(x) else NotImplemented


def _value_and_pullback(value: Formula, slope: Formula, x: Array, /, **options: Any) -> Any:
    if not covered(x):
        return NotImplemented
    return _value(value, x, **options), lambda g, wanted: (_each(partial(slope, **options), x, g),)


def _each(formula: Formula, *arrays: Array) -> Array:
    """formula(*block, out) of arrays of one shape, element by element."""
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    in_blocks(formula, *(a.reshape(-1) for a in arrays), out.reshape(-1))
    return out


def _unless(mask: Array, g: Array, out: Array) -> None:
    """g, but 0 where the mask holds, whatever g is there."""
    bits = out.view(f"i{out.itemsize}")
    kept = mask.astype(bits.dtype)
    kept -= 1
    np.bitwise_and(g.view(bits.dtype), kept, out=bits)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)): by tanh(x / 2) it would take half as long, but nothing be left of it for x below -17."""
    return _each(sigmoid_block, x)


def sigmoid_block(x: Array, out: Array) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(1, out, out=out)


# --- Straight lines that meet ----------------------------------------------------------------------------------------


def relu_block(x: Array, out: Array) -> None:
    np.clip(x, 0, INF, out=out)
    out += 0  # no -0


def relu_slope_block(x: Array, g: Array, out: Array) -> None:
    _unless(x <= 0, g, out)


def _hardtanh(x: Array, out: Array, low: float, high: float) -> None:
    np.clip(x, low, high, out=out)
    if not low or not high:
        out += 0  # no -0


def _hardtanh_slope(x: Array, g: Array, out: Array, low: float, high: float) -> None:
    _unless((x <= low) | (x >= high), g, out)


def _leaky_relu(x: Array, out: Array, slope: float) -> None:
    negative = np.clip(x, -INF, 0)
    negative *= slope
    np.clip(x, 0, INF, out=out)
    out += negative


def _leaky_relu_slope(x: Array, g: Array, out: Array, slope: float) -> None:
    np.copyto(out, x > 0)
    out *= 1 - slope
    out += slope
    out *= g


def _hardswish(x: Array, out: Array) -> None:
    gate = np.clip(x, -3, 3)
    np.subtract(-3, gate, out=gate)
    gate /= -6  # where it is -0 the value is 0, and not -0
    np.clip(x, -3, INF, out=out)
    out *= gate


def _hardswish_slope(x: Array, g: Array, out: Array) -> None:
    """0 up to -3, 1 from 3 on, (2 x + 3) / 6 between."""
    slope = np.clip(x, -3, 1.5)
    slope += 1.5
    slope /= 3
    between = np.clip(x, 1.5, INF)
    between -= 1.5
    between /= 3
    _unless(x >= 3, between, between)
    slope += between
    slope *= g
    _unless(x <= -3, slope, out)


# --- Curves ----------------------------------------------------------------------------------------------------------


def _silu(x: Array, out: Array) -> None:
    half = x * 0.5
    np.tanh(half, out=out)
    out += 1
    out *= half


def _silu_slope(x: Array, g: Array, out: Array) -> None:
    """With t = tanh(x / 2): (1 + t + (1 - t^2) x / 2) / 2."""
    half = x * 0.5
    wave = np.tanh(half)
    np.multiply(wave, wave, out=out)
    np.subtract(1, out, out=out)
    out *= half
    out += wave
    out += 1
    out *= 0.5
    out *= g


def _mish(x: Array, out: Array) -> None:
    """tanh(log(1 + e)) is n / (n + 2) with n = e (e + 2); where e is large, 1."""
    e = np.exp(np.clip(x, -INF, 30))
    n = e + 2
    n *= e
    np.add(n, 2, out=e)
    n /= e
    np.multiply(n, x, out=out)


def _mish_slope(x: Array, g: Array, out: Array) -> None:
    """With q = 2 / (n + 2): 1 - q + x e (e + 1) q^2."""
    e = np.exp(np.clip(x, -INF, 30))
    n = e + 2
    n *= e
    np.add(n, 2, out=out)
    np.divide(n, out, out=n)
    np.divide(2, out, out=out)
    out *= out
    out *= e
    e += 1
    out *= e
    out *= x
    out += n
    out *= g


def _exponential_linear(x: Array, out: Array, alpha: float, width: float, scale: float) -> None:
    positive = np.clip(x, 0, INF)
    positive *= scale
    np.clip(x, -INF, 0, out=out)
    out /= width
    np.expm1(out, out=out)
    out *= alpha * scale
    out += positive


def _exponential_linear_slope(x: Array, g: Array, out: Array, alpha: float, width: float, scale: float) -> None:
    np.clip(x, -INF, 0, out=out)
    out /= width
    np.exp(out, out=out)
    out *= alpha * scale / width
    if alpha != width:
        positive = (x > 0).astype(x.dtype)
        positive *= scale - alpha * scale / width
        out += positive
    out *= g


def _softplus(x: Array, out: Array, beta: float, threshold: float) -> None:
    """(max(z, 0) + log(1 + exp(-|z|))) / beta with z = beta x."""
    z = x * beta
    rest = np.abs(z)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    _unless(z > threshold, rest, rest)
    np.clip(z, 0, INF, out=out)
    if threshold < 0:  # beyond it are negative numbers too, which stay as they are
        np.copyto(out, z, where=z > threshold)
    out += rest
    out /= beta


def _softplus_slope(x: Array, g: Array, out: Array, beta: float, threshold: float) -> None:
    """(1 + tanh(z / 2)) / 2, and 1 beyond the threshold."""
    z = x * beta
    beyond = (z > threshold).astype(x.dtype)
    z *= 0.5
    beyond *= 1e4
    z += beyond
    np.tanh(z, out=out)
    out += 1
    out *= 0.5
    out *= g


# --- GELU ------------------------------------------------------------------------------------------------------------

# The exact GELU is x / 2 (1 + erf(x / sqrt 2)), the approximate one x / 2 (1 + tanh(...)). With h = x / 2 both are
# h (1 + tanh(h P(h^2))): here is P, highest power first, of the exact one in float32 (see tools/fit_gelu.py) and of the
# other.
EXACT = (
    *(1.43875019e-05, -0.000270881966, 0.00202996562, -0.00707921069, -0.00104303071, 0.290664675, 1.59576988),
)  # fmt: skip
WITH_TANH = (math.sqrt(2 / math.pi) * 0.044715 * 8, math.sqrt(2 / math.pi) * 2)


def gelu_block(x: Array, out: Array) -> None:
    """The GELU of one block; `out` may be x."""
    half = x * 0.5
    np.multiply(_odds(half), half, out=out)


def gelu_and_slope(x: Array, value: Array, slope: Array) -> None:
    """The GELU of one block, x P, and its derivative P + x p.

    P is the probability that a standard normal number is below x, and p the density there.
    """
    half = x * 0.5
    odds = _odds(half)
    np.multiply(odds, half, out=value)
    np.multiply(half, half, out=slope)
    slope *= -2
    np.exp(slope, out=slope)
    slope *= half
    slope *= math.sqrt(2 / math.pi)
    odds *= 0.5
    slope += odds


def _gelu_slope(x: Array, g: Array, out: Array) -> None:
    gelu_and_slope(x, np.empty_like(x), out)
    out *= g


def _odds(half: Array) -> Array:
    """Twice the probability that a standard normal number is below 2 half."""
    wave = _wave(half, half * half, EXACT) if half.dtype == np.float32 else erf(half * math.sqrt(2))
    wave += 1
    return wave


def _gelu_tanh(x: Array, out: Array) -> None:
    half = x * 0.5
    wave = _wave(half, half * half, WITH_TANH)
    wave += 1
    np.multiply(wave, half, out=out)


def _gelu_tanh_slope(x: Array, g: Array, out: Array) -> None:
    """With t = tanh(w): g (1 + t + x (1 - t^2) w') / 2."""
    half = x * 0.5
    square = half * half
    wave = _wave(half, square, WITH_TANH)
    cubic, linear = WITH_TANH
    square *= 3 * cubic
    square += linear
    square *= half  # x w'
    np.multiply(wave, wave, out=half)
    np.subtract(1, half, out=half)
    square *= half
    wave += 1
    wave += square
    wave *= 0.5
    np.multiply(wave, g, out=out)


def _wave(half: Array, square: Array, coefficients: Sequence[float]) -> Array:
    """tanh(half P(square)), by Horner's rule."""
    out = square * coefficients[0]
    for coefficient in coefficients[1:-1]:
        out += coefficient
        out *= square
    out += coefficients[-1]
    out *= half
    return np.tanh(out, out=out)


FORMULAS: dict[str, tuple[Formula, Formula]] = {
    "exponential_linear": (_exponential_linear, _exponential_linear_slope),
    "gelu": (gelu_block, _gelu_slope),
    "gelu_tanh": (_gelu_tanh, _gelu_tanh_slope),
    "hardswish": (_hardswish, _hardswish_slope),
    "hardtanh": (_hardtanh, _hardtanh_slope),
    "leaky_relu": (_leaky_relu, _leaky_relu_slope),
    "mish": (_mish, _mish_slope),
    "relu": (relu_block, relu_slope_block),
    "silu": (_silu, _silu_slope),
    "softplus": (_softplus, _softplus_slope),
}
