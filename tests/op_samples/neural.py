"""Products, normalisation, attention, convolution."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.special

from lucid.errors import DTypeError, ShapeError
from lucid.ops import activation, classes, convolution

from .writing import *


def padded_and_spread(x: np.ndarray, padding: Any, steps: Any) -> np.ndarray:
    for axis, ((low, high), step) in enumerate(zip(padding, steps, strict=True), 2):
        x = np.moveaxis(x, axis, 0)
        spread = np.zeros((max((len(x) - 1) * step + 1, 0), *x.shape[1:]), x.dtype)
        spread[::step] = x
        around = [(max(low, 0), max(high, 0))] + [(0, 0)] * (x.ndim - 1)
        whole = np.pad(spread, around)
        x = np.moveaxis(whole[max(-low, 0) : len(whole) - max(-high, 0)], 0, axis)
    return x


def convolve(
    x: Any, weight: Any, *, stride: Any, padding: Any, dilation: Any, input_dilation: Any, groups: int = 1
) -> Any:
    """By the definition: for each place of the output, the sum over the window it sees."""
    x = padded_and_spread(x, padding, input_dilation)
    extent = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    counts = [(n - e) // s + 1 for n, e, s in zip(x.shape[2:], extent, stride, strict=True)]
    out = np.zeros((x.shape[0], weight.shape[0], *counts))
    inner, outer = weight.shape[1], weight.shape[0] // groups
    for place in np.ndindex(*counts):
        window = x[
            :, :, *(slice(p * s, p * s + e, d) for p, s, e, d in zip(place, stride, extent, dilation, strict=True))
        ]
        for group in range(groups):
            chosen = slice(group * outer, (group + 1) * outer)
            size = inner * math.prod(weight.shape[2:])
            part = window[:, group * inner : (group + 1) * inner].reshape(len(x), size)
            out[:, chosen, *place] = part @ weight[chosen].reshape(outer, size).T
    return out


def conv(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    space = x.ndim - 2
    stride, padding, dilation = ((n,) * space if isinstance(n, int) else n for n in (stride, padding, dilation))
    options = {"stride": stride, "padding": [(p, p) for p in padding], "dilation": dilation}
    out = convolve(x, weight, **options, input_dilation=(1,) * space, groups=groups)
    return out if bias is None else out + bias.reshape(-1, *[1] * space)


def conv_transpose(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """By the definition: every input puts its kernel, weighted, where it would have been seen from."""
    space = x.ndim - 2
    each = ((n,) * space if isinstance(n, int) else n for n in (stride, padding, output_padding, dilation))
    stride, padding, output_padding, dilation = each
    outer, inner = weight.shape[1], weight.shape[0] // groups
    extent = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    whole = [(n - 1) * s + e for n, s, e in zip(x.shape[2:], stride, extent, strict=True)]
    out = np.zeros((len(x), outer * groups, *(w + o for w, o in zip(whole, output_padding, strict=True))))
    for channel in range(weight.shape[0]):
        to = slice(channel // inner * outer, (channel // inner + 1) * outer)
        for place in np.ndindex(*x.shape[2:]):
            at = [slice(p * s, p * s + e, d) for p, s, e, d in zip(place, stride, extent, dilation, strict=True)]
            out[:, to, *at] += x[:, channel, *place].reshape(-1, *[1] * (space + 1)) * weight[channel]
    kept = [slice(p, n - p) for n, p in zip(out.shape[2:], padding, strict=True)]
    return out[:, :, *kept] + (0 if bias is None else bias.reshape(-1, *[1] * space))


def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float = 1e-5) -> Any:
    out = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return out * (1 if weight is None else weight) + (0 if bias is None else bias)


def attention(q: Any, k: Any, v: Any, *, mask: Any = None, is_causal: bool = False, scale: Any = None) -> Any:
    scores = q @ k.swapaxes(-1, -2) * (max(q.shape[-1], 1) ** -0.5 if scale is None else scale)
    if is_causal:
        mask = np.tri(*scores.shape[-2:], dtype=bool)
    if mask is not None:
        scores = scores + (np.where(mask, 0, -inf) if mask.dtype == bool else mask)
    unseen = np.all(scores == -inf, -1, keepdims=True)
    return np.where(unseen, 0, scipy.special.softmax(np.where(unseen, 0, scores), -1)) @ v


def attention_in_heads(q: Any, kv: Any, *, heads: int) -> Any:
    parts = [x.reshape(*x.shape[:2], heads, q.shape[2] // heads).swapaxes(1, 2) for x in (q, *np.split(kv, 2, -1))]
    return attention(*parts).swapaxes(1, 2).reshape(q.shape)


def feed_forward(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return gelu(x @ w1.T + (0 if b1 is None else b1)) @ w2.T + (0 if b2 is None else b2)


def conv_feed_forward(x: Any, w1: Any, b1: Any, kernels: Any, b: Any, w2: Any, b2: Any) -> Any:
    wide = np.moveaxis(x @ w1.T + (0 if b1 is None else b1), -1, 1)
    padding = [k // 2 for k in kernels.shape[2:]]
    wide = np.moveaxis(conv(wide, kernels, b, padding=padding, groups=len(kernels)), 1, -1)
    return gelu(wide) @ w2.T + (0 if b2 is None else b2)


def recurrent(given: Any, weight: Any, bias: Any, h: Any, c: Any = None, *, cell: str) -> Any:
    outs = []
    for x in given:
        kept = h @ weight.T + (0 if bias is None else bias)
        if cell == "lstm":
            i, f, g, o = np.split(x + kept, 4, -1)
            c = scipy.special.expit(f) * c + scipy.special.expit(i) * np.tanh(g)
            h = scipy.special.expit(o) * np.tanh(c)
        elif cell == "gru":
            (xr, xz, xn), (hr, hz, hn) = (np.split(part, 3, -1) for part in (x, kept))
            z = scipy.special.expit(xz + hz)
            h = (1 - z) * np.tanh(xn + scipy.special.expit(xr + hr) * hn) + z * h
        else:
            h = np.tanh(x + kept) if cell == "tanh" else np.maximum(x + kept, 0)
        outs.append(h)
    return np.stack(outs if c is None else [*outs, c])


def gelu(x: Any, *, approximate: bool = False) -> Any:
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return np.where(np.isneginf(x), nan, x * scipy.special.ndtr(x))


def class_losses(x: Any, target: Any, *, ignored: int, mean: bool, wanted: str) -> Any:
    losses = np.where(target == ignored, 0, -scipy.special.log_softmax(x, -1)[np.arange(len(x)), target])
    return losses.sum() / (target != ignored).sum() if mean else losses


IMAGES = numbers(2, 4, 5, 3)  # of tokens
LOSSES = {"ignored": -1, "mean": False, "wanted": "wanted classes"}


def exponential_linear(x: Any, *, alpha: float, width: float, scale: float) -> Any:
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / width))


def softplus(x: Any, *, beta: float = 1, threshold: float = 20) -> Any:
    return np.where(x * beta > threshold, x, np.logaddexp(0, x * beta) / beta)


BENT = np.array([[-40, -3.5, -2.9, -0.4], [0.3, 2.9, 3.5, 40]], np.float32)
BENDS: list[tuple[str, Any, list[dict[str, float]]]] = [
    ("relu", lambda x: np.maximum(x, 0), [{}]),
    ("hardtanh", lambda x, *, low, high: np.clip(x, low, high), [{"low": -1, "high": 3}]),
    ("leaky_relu", lambda x, *, slope: np.where(x > 0, x, x * slope), [{"slope": 0.1}, {"slope": 3}, {"slope": -1}]),
    ("exponential_linear", exponential_linear, [
        {"alpha": 1, "width": 1, "scale": 1}, {"alpha": 2, "width": 2, "scale": 1},
        {"alpha": 1.7, "width": 1, "scale": 1.1},
    ]),
    ("softplus", softplus, [
        {"beta": 1, "threshold": 20}, {"beta": 2, "threshold": 5}, {"beta": -1, "threshold": 1},
        {"beta": 2, "threshold": -6.5},
    ]),
    ("mish", lambda x: x * np.tanh(softplus(x)), [{}]),
]  # fmt: skip


HALF_MASKED = np.array([[0, -inf, 0, 0], [-inf] * 4, [1, 2, -1, 0]], np.float32)


PATCHES = {"stride": 2}


ALL_AT_ONCE = {"stride": (2, 1), "padding": ((1, 2), (-1, 3)), "dilation": (1, 2), "input_dilation": (2, 3)}


PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "input_dilation": (1, 1)}


Q, K, V = numbers(2, 3, 5, 4), numbers(2, 3, 6, 4), numbers(2, 3, 6, 7)


SEEN = integers(5, 6, high=1, dtype=bool) & (np.arange(5) != 3)[:, None]  # the fourth query sees nothing


def with_gaps(x: np.ndarray) -> np.ndarray:
    return np.where(x > 1.9, np.float32(nan), x)


def around_gaps() -> Iterator[Sample]:
    """nan among queries, keys or values, with every mask: as if no key were hidden, in PyTorch too."""
    added = np.where(SEEN, numbers(5, 6), np.float32(-inf))
    masks: dict[str, dict[str, Any]] = {"bools": {"mask": SEEN}, "numbers": {"mask": added}}
    for how, options in (masks | {"is_causal": {"is_causal": True}, "no mask": {}}).items():
        yield edge(with_gaps(Q), K, V, **options, note=f"nan in q, {how}")
        yield edge(Q, with_gaps(K), V, **options, note=f"nan in k, {how}")
        yield edge(Q, K, with_gaps(V), **options, note=f"nan in v, {how}")


OPS = (
    op("matmul", np.matmul, same, [
        sample(X, numbers(4, 2)), sample(Z, numbers(4, 2)), sample(Z, numbers(2, 4, 5)), sample(X[0], Y[0]),
        sample(X, Y[0]), sample(X[:, 0], Y), sample(numbers(2, 1, 3, 4), numbers(5, 4, 2)), sample(Z, Y[0]),
        sample(integers(2, 3), integers(3, 2)), sample(MASK, MASK.T), sample(integers(2, 3), numbers(3, 2)),
        sample(numbers(2, 3, dtype=np.complex64), numbers(3, 2, dtype=np.complex64)),
        sample(numbers(2, 0), numbers(0, 3)), sample(integers(2, 0), integers(0, 3)),
        edge(array([inf], [1.0]), array([0.0])), edge(array([0.0]), array([1.0, nan])),
        sample(numbers(0, 2), numbers(2, 3)),
    ], wrong(X, X, error=ShapeError, message="shapes (3, 4) and (3, 4) do not fit"), wrong(X, 2.0, **NO_TENSOR),
       wrong(X, ONE, error=ShapeError, message="do not fit"),
       wrong(numbers(2, 3, 4), numbers(3, 4, 2), error=ShapeError, message="do not broadcast")),
    op("vecdot", lambda x, y, axis=-1: np.vecdot(x, y, axis=axis), same, [
        sample(X, Y), sample(Z, Y, axis=-1), sample(Z, numbers(2, 3, 1), axis=1), sample(integers(3), integers(3)),
        sample(integers(2, 0, dtype=np.int8), integers(0, dtype=np.int8)),
        sample(numbers(2, 3, dtype=np.complex64), numbers(2, 3, dtype=np.complex64, salt=1)),
        sample(X[:, :0], Y[:, :0]),
    ], wrong(X, X[:, :3], error=ShapeError, message="vecdot: vectors of lengths 4 and 3"), wrong(X, 2.0, **NO_TENSOR)),
    op("tensordot", lambda x, y, axes=2: np.tensordot(x, y, axes), same, [
        sample(Z, numbers(3, 4, 2)), sample(X, Y, axes=([1], [1])), sample(Z, X, axes=([2, 1], [1, 0])),
        sample(X, Y, axes=0), sample(X, numbers(4, 2), axes=1), sample(integers(2, 3), integers(3, 2), axes=1),
    ], wrong(X, Y, axes=1, error=ShapeError, message="wanted pairs of equal sizes"),
       wrong(X, Y, axes=3, error=ShapeError, message="do not have as many")),
    op("linear", lambda x, w, b=None: x @ w.T + (0 if b is None else b), same, [
        sample(Z, numbers(5, 4), numbers(5)), sample(X[0], numbers(2, 4)), sample(X, numbers(3, 4), numbers(3)),
        sample(numbers(0, 4), numbers(3, 4), numbers(3)), sample(integers(2, 3), integers(4, 3)),
        sample(numbers(2, 0), numbers(0, 0)), sample(numbers(2, 0), numbers(3, 0)),
        sample(numbers(2, 3, dtype=np.complex64), numbers(4, 3, dtype=np.complex64)),
    ], wrong(X, X[:, :3], error=ShapeError, message="linear: got x (3, 4), weight (3, 3)"),
       wrong(X, Y, Y[0, :2], error=ShapeError, message="wanted (..., i), (o, i) and (o,)")),
    op("feed_forward", feed_forward, floating, [
        sample(Z, numbers(6, 4), numbers(6), numbers(3, 6), numbers(3)),
        sample(X[0], numbers(2, 4), None, X[:, :2], None),
        sample(X, numbers(5, 4), None, numbers(4, 5), numbers(4)), sample(integers(2, 3), Y[:, :3], None, Y.T, None),
        sample(numbers(0, 4), numbers(3, 4), numbers(3), numbers(2, 3), None),
    ], wrong(X, Y, None, Y, None, error=ShapeError, message="feed_forward: got x (3, 4), weights (3, 4) and (3, 4)"),
       wrong(X, Y, X[0], Y.T, None, error=ShapeError, message="biases (4,) and None; wanted (..., i), (h, i) and"),
       ulps=8),
    op("conv_feed_forward", conv_feed_forward, floating, [
        sample(IMAGES, numbers(6, 3), numbers(6), numbers(6, 1, 3, 3), numbers(6), numbers(3, 6), numbers(3)),
        sample(IMAGES, numbers(2, 3), None, numbers(2, 1, 1, 5), None, X[:, :2], None),
        sample(IMAGES[:1], numbers(5, 3), numbers(5), numbers(5, 1, 7, 3), None, numbers(2, 5), numbers(2)),
        sample(integers(2, 2, 3, 3), numbers(1, 3), None, numbers(1, 1, 1, 1), numbers(1), numbers(2, 1), None),
        sample(IMAGES[:0], numbers(2, 3), numbers(2), numbers(2, 1, 3, 3), None, numbers(3, 2), None),
    ], *(wrong(*arguments, error=ShapeError, message=f"conv_feed_forward: got x {message}") for arguments, message in [
        ((Z, Y, None, numbers(3, 1, 3, 3), None, Y.T, None), f"{Z.shape}, weights (3, 4) and (4, 3), kernels (3, 1, 3"),
        ((IMAGES, X, None, numbers(3, 1, 3, 3), None, Y, None), f"{IMAGES.shape}, weights (3, 4) and (3, 4)"),
        ((IMAGES, Y.T, None, numbers(4, 1, 3, 2), None, Y, None), f"{IMAGES.shape}, weights (4, 3) and (3, 4), kernels "
         "(4, 1, 3, 2), biases None, None and None; wanted (b, h, w, i), (n, i) and (o, n), (n, 1, k, l) with odd k"),
        ((IMAGES, Y.T, None, numbers(4, 2, 3, 3), None, Y, None), f"{IMAGES.shape}, weights (4, 3) and (3, 4), ker"),
        ((IMAGES, Y.T, None, numbers(4, 3, 3), None, Y, None), f"{IMAGES.shape}, weights (4, 3) and (3, 4), kernels"),
        ((IMAGES, Y.T, None, numbers(4, 1, 3, 3), X[:, 0], Y, None), f"{IMAGES.shape}, weights (4, 3) and (3, 4), "
         "kernels (4, 1, 3, 3), biases None, (3,) and None"),
    ]), ulps=12),
    op("gelu", gelu, floating, [
        sample(X), sample(X, approximate=True), sample(integers(3)), sample(numbers(0, 2)), sample(ONE),
        edge(array(-1e4, 0.0, 1e4, nan, inf)),
    ], wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="got dtype complex64")),
    op("silu", lambda x: x * scipy.special.expit(x), of_first, [
        sample(X * 4), sample(numbers(0, 2)), sample(ONE), edge(array(-1e4, 0.0, 1e4, nan, inf)),
    ], function=activation.silu),
    op("hardswish", lambda x: np.where(x <= -3, 0, np.where(x >= 3, x, x * ((x + 3) / 6))), of_first, [
        sample(X * 4), sample(numbers(0, 2)), sample(ONE), edge(array(-1e4, -3, 0.0, 3, 1e4, nan, -inf)),
    ], function=activation.hardswish),
    *(op(name, reference, of_first, [sample(BENT, **options) for options in several],
      function=getattr(activation, name)) for name, reference, several in BENDS),
    op("class_losses", class_losses, of_first, [
        sample(X, np.array([1, 0, 3]), **LOSSES), sample(Y * 100, np.array([2, 2, 0]), **LOSSES),
        sample(X, np.array([1, -1, 3], np.int8), **LOSSES), sample(X, np.array([-1, 2, 0]), **LOSSES | {"mean": True}),
        sample(X[:0], np.array([], np.int64), **LOSSES),
    ], wrong(X, np.array([1, 4, 0]), **LOSSES, error=IndexError, message="wanted classes: index 4 is outside"),
       wrong(X, np.array([1, -2, 0]), **LOSSES, error=IndexError, message="wanted classes: index 4 is outside"),
       function=classes.class_losses),
    op("dropped", lambda x, kept, *, scale: np.where(kept, x * np.float32(scale), np.float32(0)), of_first, [
        sample(X, MASK, scale=1.25), sample(Z, MASK[:, :1], scale=0.1), sample(X[:0], MASK[:0], scale=2.0),
        edge(array(inf, nan, -0.0, 1.0), np.array([False, False, True, False]), scale=2.0),
    ], function=activation.dropped),
    op("layer_norm", layer_norm, floating, [
        sample(X, Y[0], Y[1]), sample(Z, Y[0]), sample(Z, None, Y[0]), sample(X, eps=0.1), sample(X[0]),
        sample(Z, Y[0], Y[1], eps=1e-6),
        sample(numbers(0, 4), Y[0], Y[1]), sample(integers(2, 4), Y[0]),
    ], wrong(X, Y[0, :3], error=ShapeError, message="weight has shape (3,); wanted (4,)"),
       wrong(ONE, error=ShapeError, message="layer_norm: x has no axes; wanted (..., d)"),
       wrong(X, None, Y, error=ShapeError, message="bias has shape (3, 4); wanted (4,)"), ulps=12),
    op("recurrence", recurrent, floating, [
        *(sample(numbers(4, 3, n), numbers(n, 2), numbers(n), numbers(3, 2), *more, cell=cell)
          for cell, n, *more in [("tanh", 2), ("relu", 2), ("gru", 6), ("lstm", 8, numbers(3, 2, salt=1))]),
        *(sample(numbers(2, n), numbers(n, 2), None, numbers(2), *more, cell=cell)
          for cell, n, *more in [("tanh", 2), ("relu", 2), ("gru", 6), ("lstm", 8, numbers(2, salt=1))]),
        sample(numbers(3, 0, 8), numbers(8, 2), None, numbers(0, 2), numbers(0, 2), cell="lstm"),
    ], *(wrong(*arguments, cell=cell, error=ShapeError, message=f"recurrence: got given {message}")
         for arguments, cell, message in [
        ((numbers(4, 6), X, None, X[0]), "tanh", "(4, 6), weight (3, 4), bias None and states [(4,)]; wanted (time, "
         "..., 1 n), (1 n, n), (1 n,) and 1 of (..., n)"),
        ((numbers(4, 3, 8), numbers(8, 2), None, numbers(3, 2)), "lstm", "(4, 3, 8), weight (8, 2), bias None and st"),
        ((numbers(4, 3, 6), numbers(6, 2), X[0], numbers(3, 2)), "gru", "(4, 3, 6), weight (6, 2), bias (4,) and st"),
    ]), wrong(X, X, None, X[0], cell="other", error=ValueError, message="recurrence: cell='other'; choose among tanh"),
       wrong(numbers(0, 3, 6), numbers(6, 2), None, X[0], cell="gru", error=ShapeError, message="got given (0,"),
       ulps=8, signed_zeros=False),  # of a sum, it depends on the order
    op("attention_in_heads", attention_in_heads, same, [
        sample(numbers(2, 5, 6), numbers(2, 3, 12), heads=2), sample(numbers(1, 4, 6), numbers(1, 4, 12), heads=1),
        sample(numbers(1, 2, 6), numbers(1, 3, 12), heads=6), sample(numbers(2, 0, 4), numbers(2, 3, 8), heads=2),
    ], wrong(Q[0], V[0], heads=2, error=ShapeError, message="wanted (b, n, c) and (b, m, 2 c)"),
       wrong(numbers(2, 5, 6), numbers(2, 3, 12), heads=4, error=ShapeError, message="heads that divide c"), ulps=8),
    op("scaled_dot_product_attention", attention, same, [
        sample(Q, K, V), sample(Q, K, V, is_causal=True), sample(Q, K, V, scale=0.3), sample(Q[0, 0], K[0, 0], V[0, 0]),
        sample(Q, K, V, mask=integers(5, 6, high=1, dtype=bool), note="mask of bools"),
        sample(Q, K, V, mask=numbers(3, 5, 6), note="mask of numbers"), sample(Q[:1], K, V[:, :1], note="broadcast"),
        sample(Q[0, :1, :3], K[0, :1, :4], V[0, :1, :4], mask=HALF_MASKED, note="nothing to see"),
        sample(K, K[..., :1, :], V[..., :1, :], is_causal=True, note="more queries than keys"), *around_gaps(),
        sample(Q[..., :0], K[..., :0], V, note="scores of nothing"),
    ], wrong(Q, V, V, error=ShapeError, message="wanted (..., n, d), (..., m, d) and (..., m, e)"),
       wrong(Q, K, Q, error=ShapeError, message="wanted (..., n, d)"),
       wrong(Q, K, V, mask=numbers(5), error=ShapeError, message="shapes (5,) and (2, 3, 5, 6) do not broadcast"),
       ulps=8),
    op("conv", conv, floating, [
        sample(numbers(2, 4, 7, 6), numbers(6, 2, 3, 2), numbers(6), stride=(2, 1), padding=(1, 0), dilation=(1, 2),
        groups=2),
        sample(numbers(2, 3, 8), numbers(4, 3, 3), padding=1), sample(numbers(1, 2, 4, 5, 4), numbers(3, 2, 2, 3, 2)),
        sample(numbers(2, 4, 5, 5), numbers(8, 1, 3, 3), groups=4, padding=1),
        sample(numbers(2, 3, 5, 4), numbers(3, 1, 3, 3), numbers(3), groups=3, padding=1, note="a kernel a channel"),
        sample(numbers(2, 3, 7), numbers(3, 1, 2), groups=3, padding=1, dilation=3),
        sample(numbers(1, 2, 3, 3), numbers(2, 1, 2, 1), groups=2, padding=(2, 1), note="padded beyond the kernel"),
        sample(numbers(1, 2, 3, 4, 3), numbers(2, 1, 2, 3, 2), numbers(2), groups=2, padding=(1, 0, 1)),
        sample(numbers(1, 4, 3, 4, 3), numbers(6, 2, 2, 2, 2), groups=2),
        sample(numbers(2, 3, 6, 6), numbers(4, 3, 2, 2), **PATCHES),
        sample(numbers(2, 3, 7, 7), numbers(4, 3, 2, 2), numbers(4), **PATCHES),
        sample(numbers(2, 3, 4, 4), numbers(0, 3, 2, 2), **PATCHES),
        sample(numbers(2, 0, 4, 4), numbers(4, 0, 2, 2), **PATCHES),
        sample(integers(1, 1, 4), integers(1, 1, 2)),
        sample(numbers(0, 3, 6, 6), numbers(4, 3, 3, 3)), sample(numbers(1, 1, 3, 3), numbers(2, 1, 3, 3), numbers(2)),
    ], wrong(X, Y, error=ShapeError, message="wanted (n, c, ...) and (o, c / groups, ...)"),
       wrong(numbers(1, 2, *[3] * 4), numbers(2, 2, *[2] * 4), error=ShapeError, message="one to three spatial axes"),
       wrong(numbers(1, 3, 5), numbers(2, 2, 3), error=ShapeError, message="a weight of shape (2, 3 / 1, ...)"),
       wrong(numbers(1, 2, 2), numbers(2, 2, 3), error=ShapeError, message="does not fit into (2,)"),
       wrong(numbers(1, 2, 2), numbers(2, 2, 0), error=ShapeError, message="a kernel without elements"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), stride=0, error=ShapeError,
       message="stride=0; wanted an integer of at least 1"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), numbers(3), error=ShapeError, message="bias"), ulps=8),
    op("conv_transpose", conv_transpose, floating, [
        sample(numbers(2, 4, 4, 3), numbers(4, 3, 3, 2), numbers(6), stride=(2, 1), padding=(1, 0), groups=2,
        output_padding=(1, 0)),
        sample(numbers(2, 3, 5), numbers(3, 4, 3), padding=1), sample(numbers(1, 2, 2, 3, 2), numbers(2, 3, 2, 1, 2)),
        sample(numbers(1, 2, 4), numbers(2, 1, 2), dilation=3, output_padding=2), sample(integers(1, 1, 4),
        integers(1, 1, 2)), sample(numbers(2, 3, 4, 4), numbers(3, 1, 2, 2), stride=2, groups=3),
        sample(numbers(1, 2, 0), numbers(2, 2, 2)),
    ], wrong(X, Y, error=ShapeError, message="conv_transpose: got x (3, 4)"),
       wrong(numbers(1, 2, *[3] * 4), numbers(2, 2, *[2] * 4), error=ShapeError, message="one to three spatial axes"),
       wrong(numbers(1, 3, 5), numbers(2, 2, 3), error=ShapeError, message="3 channels in groups=1 do not fit"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), numbers(3), error=ShapeError, message="bias has shape (3,); wanted"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 0), error=ShapeError, message="a kernel without elements"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), output_padding=1, error=ShapeError, message="output_padding=1"),
       wrong(numbers(1, 2, 1), numbers(2, 2, 1), padding=1, error=ShapeError, message="of size (-1,)"), ulps=8),
    op("convolve", convolve, same, [
        sample(numbers(2, 4, 5, 6), numbers(6, 2, 3, 2), note="all at once", **ALL_AT_ONCE, groups=2),
        sample(numbers(2, 3, 6, 5), numbers(4, 3, 2, 3), note="plain", **PLAIN),
        sample(numbers(2, 3, 6, 5), numbers(3, 1, 2, 3), note="depthwise", **PLAIN, groups=3),
    ], function=convolution.convolve, ulps=8),
)  # fmt: skip
