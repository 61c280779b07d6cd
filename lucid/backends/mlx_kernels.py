"""Kernels of neural networks in MLX, and their gradients: what takes fewer operations than the meaning of a composite.

MLX computes nothing before it is needed, so what counts is the number of operations in its graph, each of which takes
longer to build than a small one takes to run. A pullback keeps what it needs of the forward pass, and what nobody reads
of its results is never computed.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import mlx.core as mx

Array = Any


def in_float32(x: Array) -> Array:
    """16-bit floats as float32, which their sums and products need."""
    return x.astype(mx.float32) if x.dtype in (mx.float16, mx.bfloat16) else x


def _total(x: Array, axis: int, keepdims: bool = False) -> Array:
    return mx.sum(in_float32(x), axis, keepdims=keepdims).astype(x.dtype)


def softmax(x: Array, axis: int) -> Array:
    return mx.softmax(x, axis, precise=True) if x.size else x


def log_softmax(x: Array, axis: int) -> Array:
    if not x.size:
        return x
    wide = x.astype(mx.float32)
    wide = wide - mx.max(wide, axis, keepdims=True)  # first, or digits are lost where all of x is large
    return (wide - mx.logsumexp(wide, axis, keepdims=True)).astype(x.dtype)


def softmax_slope(out: Array, g: Array, axis: int) -> Array:
    return out if not out.size else out * (g - _total(g * out, axis, keepdims=True))


def log_softmax_slope(out: Array, g: Array, axis: int) -> Array:
    return out if not out.size else g - mx.exp(out) * _total(g, axis, keepdims=True)


def _with_pullback(function: Callable[..., Any], *arrays: Array | None) -> Any:
    """The value and its pullback, by MLX's own derivative; what is never read is never computed."""
    given = [a for a in arrays if a is not None]

    def of_given(*values: Array) -> Array:
        rest = iter(values)
        return function(*(None if a is None else next(rest) for a in arrays))

    def pullback(g: Array, wanted: Sequence[bool]) -> list[Array | None]:
        found = iter(mx.vjp(of_given, given, [g])[1])
        return [None if a is None else next(found) for a in arrays]

    return function(*arrays), pullback


def layer_norm(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Any:
    if not x.size:  # of which MLX may find no end
        return NotImplemented
    return mx.fast.layer_norm(x, weight, bias, eps)


def layer_norm_vjp(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Any:
    if not x.size:
        return NotImplemented
    return _with_pullback(lambda *arrays: mx.fast.layer_norm(*arrays, eps), x, weight, bias)


def linear(x: Array, weight: Array, bias: Array | None) -> Any:
    if not mx.issubdtype(x.dtype, mx.floating) or not x.size or not weight.size:
        return NotImplemented
    return x @ weight.T if bias is None else mx.addmm(bias, x, weight.T)


def linear_vjp(x: Array, weight: Array, bias: Array | None) -> Any:
    out = linear(x, weight, bias)
    if out is NotImplemented:
        return out

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        rows, before = mx.reshape(g, (-1, g.shape[-1])), mx.reshape(x, (-1, x.shape[-1]))
        g_bias = None if bias is None else _total(rows, 0)
        return mx.reshape(rows @ weight, x.shape) if wanted[0] else None, rows.T @ before, g_bias

    return out, pullback


SQRT_HALF, SQRT_TWO_PI = math.sqrt(0.5), math.sqrt(2 * math.pi)


@partial(mx.compile, shapeless=True)  # one kernel in place of a handful, as mlx.nn has it
def gelu(x: Array) -> Array:
    return x * (mx.erf(x * SQRT_HALF) + 1) * 0.5


@partial(mx.compile, shapeless=True)
def _gelu_pullback(x: Array, g: Array) -> Array:
    return g * ((mx.erf(x * SQRT_HALF) + 1) * 0.5 + x * mx.exp(mx.square(x) * -0.5) * (1 / SQRT_TWO_PI))


def gelu_vjp(x: Array) -> Any:
    return gelu(x), lambda g, wanted: (_gelu_pullback(x, g),)


def dropped(x: Array, kept: Array, *, scale: float) -> Array:
    return mx.where(kept, x * scale, 0.0)


def dropped_vjp(x: Array, kept: Array, *, scale: float) -> Any:
    return dropped(x, kept, scale=scale), lambda g, wanted: (dropped(g, kept, scale=scale), None)


def feed_forward(x: Array, weight1: Array, bias1: Array | None, weight2: Array, bias2: Array | None) -> Any:
    wide = linear(x, weight1, bias1)
    return wide if wide is NotImplemented else linear(gelu(wide), weight2, bias2)


def feed_forward_vjp(x: Array, weight1: Array, bias1: Array | None, weight2: Array, bias2: Array | None) -> Any:
    first = linear_vjp(x, weight1, bias1)
    if first is NotImplemented or not weight2.size:
        return NotImplemented
    wide, pull_first = first
    out, pull_second = linear_vjp(gelu(wide), weight2, bias2)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        g_active, *g_second = pull_second(g, (True,))
        return *pull_first(_gelu_pullback(wide, g_active), wanted), *g_second

    return out, pullback


def conv_of_patches(x: Array, weight: Array, bias: Array | None) -> Any:
    if not x.size or not weight.size:
        return NotImplemented
    out = linear(_patches(x, weight), mx.flatten(weight, 1), bias)
    return out if out is NotImplemented else mx.moveaxis(out, -1, 1)


def conv_of_patches_vjp(x: Array, weight: Array, bias: Array | None) -> Any:
    if not x.size or not weight.size:
        return NotImplemented
    found = linear_vjp(_patches(x, weight), mx.flatten(weight, 1), bias)
    if found is NotImplemented:
        return found
    out, pull = found

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        g_patches, g_weight, g_bias = pull(mx.moveaxis(g, 1, -1), wanted)
        g_x = None if g_patches is None else _of_patches(g_patches, x, weight)
        return g_x, mx.reshape(g_weight, weight.shape), g_bias

    return mx.moveaxis(out, -1, 1), pullback


def _patches(x: Array, weight: Array) -> Array:
    """The windows (n, *out, c * kernel) of x (n, c, ...), which do not overlap."""
    images, channels, *sizes = x.shape
    kernel = weight.shape[2:]
    counts = [size // k for size, k in zip(sizes, kernel, strict=True)]
    if any(size % k for size, k in zip(sizes, kernel, strict=True)):
        x = x[(..., *(slice(count * k) for count, k in zip(counts, kernel, strict=True)))]
    split = [n for pair in zip(counts, kernel, strict=True) for n in pair]
    apart = mx.transpose(mx.reshape(x, (images, channels, *split)), _order(len(kernel)))
    return mx.reshape(apart, (images, *counts, -1))


def _of_patches(patches: Array, x: Array, weight: Array) -> Array:
    """An array like x that `_patches` cuts into `patches`, and 0 where it has no window."""
    images, channels, *sizes = x.shape
    counts, kernel = patches.shape[1:-1], weight.shape[2:]
    order = _order(len(kernel))
    together = mx.transpose(
        mx.reshape(patches, (images, *counts, channels, *kernel)), [*map(order.index, sorted(order))]
    )
    out = mx.reshape(together, (images, channels, *(count * k for count, k in zip(counts, kernel, strict=True))))
    left = [size % k for size, k in zip(sizes, kernel, strict=True)]
    return mx.pad(out, [(0, 0), (0, 0), *((0, n) for n in left)]) if any(left) else out


def _order(space: int) -> list[int]:
    """From (n, c, out, kernel, out, kernel, ...) to (n, out, ..., c, kernel, ...)."""
    return [0, *range(2, 2 + 2 * space, 2), 1, *range(3, 3 + 2 * space, 2)]


def scaled_dot_product_attention(q: Array, k: Array, v: Array, mask: Array | None, *, scale: float) -> Any:
    """For inference: where a gradient follows, the parts are faster on Metal than the fused kernel."""
    if (
        mask is not None
        or not q.ndim == k.ndim == v.ndim == 4
        or not (q.shape[:2] == k.shape[:2] == v.shape[:2] and q.size and k.size and v.size)
    ):
        return NotImplemented
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=scale)


def scaled_dot_product_attention_vjp(q: Array, k: Array, v: Array, mask: Array | None, *, scale: float) -> Any:
    if mask is not None or not (q.shape[:-2] == k.shape[:-2] == v.shape[:-2] and q.size and k.size and v.size):
        return NotImplemented
    scaled = q * scale
    weights = mx.softmax(scaled @ mx.swapaxes(k, -2, -1), -1, precise=True)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        g_scores = softmax_slope(weights, g @ mx.swapaxes(v, -2, -1), -1)
        g_k, g_v = mx.swapaxes(g_scores, -2, -1) @ scaled, mx.swapaxes(weights, -2, -1) @ g
        return g_scores @ k * scale, g_k, g_v, None

    return weights @ v, pullback


def attention_in_heads(q: Array, kv: Array, *, heads: int) -> Any:
    if not q.size or not kv.size:
        return NotImplemented
    q_heads, k, v = (_heads(x, heads) for x in (q, *mx.split(kv, 2, -1)))
    return _joined(mx.fast.scaled_dot_product_attention(q_heads, k, v, scale=(q.shape[2] // heads) ** -0.5))


def attention_in_heads_vjp(q: Array, kv: Array, *, heads: int) -> Any:
    if not q.size or not kv.size:
        return NotImplemented
    q_heads, k, v = (_heads(x, heads) for x in (q, *mx.split(kv, 2, -1)))
    out, pull = scaled_dot_product_attention_vjp(q_heads, k, v, None, scale=(q.shape[2] // heads) ** -0.5)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, ...]:
        g_q, g_k, g_v, _ = pull(_heads(g, heads), wanted)
        return _joined(g_q), mx.concat([_joined(g_k), _joined(g_v)], -1)

    return _joined(out), pullback


def _heads(x: Array, heads: int) -> Array:
    """Tokens (b, n, c) as those of each head, (b, heads, n, d)."""
    return mx.transpose(mx.unflatten(x, 2, (heads, -1)), (0, 2, 1, 3))


def _joined(x: Array) -> Array:
    """The inverse of `_heads`."""
    return mx.flatten(mx.transpose(x, (0, 2, 1, 3)), 2)
