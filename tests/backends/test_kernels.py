"""Kernels of the cpu on arrays that are cut into blocks, with one thread and several, against double precision.

What they mean on small arrays and odd ones is tested against their bodies, in tests/ops/test_composites.py. Here every
result is within 1e-5 of the largest number beside it, mostly far nearer, and a kernel never declines.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.special

from lucid.backends import convolution
from lucid.backends import numpy as backend
from lucid.backends.blocks import BLOCK, get_num_threads, set_num_threads
from tests.op_samples.neural import recurrent

Array = Any


@pytest.fixture(autouse=True, params=[1, 2], ids="{} threads".format)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = get_num_threads()
    set_num_threads(request.param)
    yield
    set_num_threads(before)


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def check(
    kernel: str, inputs: list[Array | None], wanted: Any, slopes: Any, /, off: float = 1e-6, **options: Any
) -> None:
    """The kernel, and its pullback of an uneven gradient, against functions of arrays in double precision."""
    value = getattr(backend, kernel)(*inputs, **options)
    again, pullback = getattr(backend, f"{kernel}_vjp")(*inputs, **options)
    np.testing.assert_array_equal(value, again)
    double = [None if x is None else x.astype(np.float64) for x in inputs]
    g = normal(*value.shape, seed=9)
    found, expected = (
        [value, *pullback(g, [True] * len(inputs))],
        [wanted(*double), *slopes(g.astype(np.float64), *double)],
    )
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        if y is None:
            assert x is None
            continue
        assert (x.dtype, x.shape) == (np.float32, y.shape)
        assert np.abs(x - y).max() <= off * np.abs(y).max()


def distances(x1: Array, x2: Array) -> Array:
    return np.sqrt(((x1[..., :, None, :] - x2[..., None, :, :]) ** 2).sum(-1))


def distance_slopes(g: Array, x1: Array, x2: Array) -> Any:
    found = distances(x1, x2)
    between = x1[..., :, None, :] - x2[..., None, :, :]
    each = (g / np.where(found == 0, np.inf, found))[..., None] * between
    return each.sum(-2), -each.sum(-3)


def test_distances() -> None:
    x1, x2 = normal(2, 50, 20), normal(2, 40, 20, seed=1)
    x2[:, :5] = x1[:, :5]  # the same, and next to each other
    x2[:, 5:10] = x1[:, 5:10] * (1 + 1e-6 * normal(2, 5, 20, seed=2))
    for off in (0, 100):
        check("distances", [x1 + off, x2 + off], distances, distance_slopes)
        out, wanted = backend.distances(x1 + off, x2 + off), distances(*(x.astype(np.float64) + off for x in (x1, x2)))
        if not off:  # 0.5 ulps of each, however small
            np.testing.assert_allclose(out, wanted, rtol=6e-8, atol=0)
    x1[0, 0, 0], x1[1, 0, 0] = np.nan, np.inf
    with backend.quietly():
        np.testing.assert_array_equal(backend.distances(x1, x2)[:, :1], distances(x1, x2)[:, :1])
    assert backend.distances(normal(50, 20) + np.float32(1e6), x2[0] + np.float32(1e6)) is NotImplemented


def density(x: Array) -> Array:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def test_gelu() -> None:
    x = np.linspace(-9, 9, 3 * BLOCK, dtype=np.float32).reshape(3, -1)
    ndtr = scipy.special.ndtr
    check("gelu", [x], lambda x: x * ndtr(x), lambda g, x: [g * (ndtr(x) + x * density(x))])
    exact, value = x.astype(np.float64) * ndtr(x.astype(np.float64)), backend.gelu(x)
    assert (np.abs(value - exact) <= 2 * np.spacing(np.abs(x))).all()  # 2 units in the last place of x
    near = x > -1
    np.testing.assert_allclose(value[near], exact[near], rtol=1e-6)


def test_gelu_tanh() -> None:
    x = np.linspace(-9, 9, 3 * BLOCK, dtype=np.float32)

    def wave(x: Array) -> Array:
        return np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))

    def slope(g: Array, x: Array) -> list[Array]:
        inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
        return [g * (1 + wave(x) + x * (1 - wave(x) ** 2) * inner) / 2]

    check("gelu_tanh", [x], lambda x: x * (1 + wave(x)) / 2, slope)


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(affine: bool) -> None:
    x = normal(50, 100, 64) + normal(50, 100, 1, seed=1)
    weight, bias = (normal(64, seed=2), normal(64, seed=3)) if affine else (None, None)

    def normalised(x: Array) -> Array:
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)

    def wanted(x: Array, w: Array | None = None, b: Array | None = None) -> Array:
        return normalised(x) * (1 if w is None else w) + (0 if b is None else b)

    def slopes(g: Array, x: Array, w: Array | None = None, b: Array | None = None) -> list[Array | None]:
        n, gw = normalised(x), g * (1 if w is None else w)
        inner = gw - gw.mean(-1, keepdims=True) - n * (gw * n).mean(-1, keepdims=True)
        rest = [None, None] if w is None else [(g * n).sum((0, 1)), g.sum((0, 1))]
        return [inner / np.sqrt(x.var(-1, keepdims=True) + 1e-6), *rest]

    check("layer_norm", [x, weight, bias], wanted, slopes, off=3e-6, eps=1e-6)


@pytest.mark.parametrize("bias", [normal(96, seed=2), None])
def test_linear(bias: Array | None) -> None:
    def slopes(g: Array, x: Array, w: Array, b: Array | None = None) -> list[Array | None]:
        return [g @ w, np.einsum("abi,abj->ij", g, x), None if b is None else g.sum((0, 1))]

    check(
        "linear",
        [normal(7, 500, 48), normal(96, 48, seed=1), bias],
        lambda x, w, b=None: x @ w.T + (0 if b is None else b),
        slopes,
    )


def reference_slopes(wanted: Callable[..., Array], step: float = 1e-6) -> Callable[..., Any]:
    """The change of sum(g wanted(...)) along one random direction of each input, which pullbacks must agree with."""

    def slopes(g: Array, *inputs: Array) -> list[float]:
        found = []
        for i, x in enumerate(inputs):
            if x is None:
                continue
            way = normal(*x.shape, seed=20 + i).astype(np.float64) * step
            ends = (wanted(*inputs[:i], x + s * way, *inputs[i + 1 :]) for s in (1, -1))
            found.append(sum(s * np.vdot(g, end) for s, end in zip((1, -1), ends, strict=True)) / (2 * step))
        return found

    return slopes


def check_along(kernel: str, inputs: list[Array | None], wanted: Callable[..., Array], **options: Any) -> None:
    """The value in double precision, and pullbacks along random directions."""
    value, pullback = getattr(backend, f"{kernel}_vjp")(*inputs, **options)
    double = [None if x is None else x.astype(np.float64) for x in inputs]
    exact = wanted(*double)
    assert np.abs(value - exact).max() <= 2e-6 * np.abs(exact).max()
    g = normal(*value.shape, seed=9)
    along = reference_slopes(wanted)(g.astype(np.float64), *double)
    given = [
        (i, x, d)
        for i, (x, d) in enumerate(zip(inputs, pullback(g, [True] * len(inputs)), strict=True))
        if x is not None
    ]
    for (i, x, d), slope in zip(given, along, strict=True):
        assert (d.shape, d.dtype) == (x.shape, x.dtype)
        way = normal(*x.shape, seed=20 + i).astype(np.float64)
        scale = np.linalg.norm(d.astype(np.float64) * way)  # of a sum with random signs
        assert abs(np.vdot(way, d) - slope) <= 1e-5 * scale


@pytest.mark.parametrize(
    ("lead", "queries", "keys"),
    [((2, 3), 300, 49), ((1, 1), 3136, 49), ((64, 8), 50, 50), ((5,), 400, 500), ((), 9, 7)],
)
def test_attention(lead: tuple[int, ...], queries: int, keys: int) -> None:
    def wanted(q: Array, k: Array, v: Array, mask: None = None) -> Array:
        return scipy.special.softmax(q @ k.mT * 0.3, -1) @ v

    q, k = normal(*lead, queries, 16), normal(*lead, keys, 16, seed=1)
    check_along("scaled_dot_product_attention", [q, k, normal(*lead, keys, 8, seed=2), None], wanted, scale=0.3)


def test_attention_leaves_heads_side_by_side() -> None:
    """Heads cut from the channels of tokens come back so that joining them copies nothing."""
    q, k, v = (normal(2, 600, 3, 16, seed=i).swapaxes(1, 2) for i in range(3))
    out, pullback = backend.scaled_dot_product_attention_vjp(q, k, v, None, scale=0.25)
    assert np.shares_memory(out, out.swapaxes(1, 2).reshape(2, 600, 48))
    assert all(d.strides == x.strides for d, x in zip(pullback(out, [True] * 4), (q, k, v)))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("sizes", [(64, 48), (67, 50)])
def test_conv_of_patches(sizes: tuple[int, int], last: bool) -> None:
    """With the channels first or last in memory, and with pixels left over."""

    def wanted(x: Array, w: Array, b: Array) -> Array:
        n, c, *_ = x.shape
        h, k = sizes[0] // 4, sizes[1] // 2
        patches = x[:, :, : 4 * h, : 2 * k].reshape(n, c, h, 4, k, 2)
        return np.einsum("ncuivj,ocij->nouv", patches, w) + b[:, None, None]

    x = np.moveaxis(normal(3, *sizes, 5), -1, 1) if last else normal(3, 5, *sizes)
    check_along("conv_of_patches", [x, normal(6, 5, 4, 2, seed=1), normal(6, seed=2)], wanted)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("shape", [(3, 40, 70, 50), (2, 2, 400, 300), (4, 70, 20, 9), (3, 40, 5000)])
def test_conv_of_channels(shape: tuple[int, ...], last: bool) -> None:
    """In blocks of rows and of lanes, with the channels first or last in memory."""
    space = len(shape) - 2
    padding, dilation = (2, 1)[:space], (1, 2)[:space]
    sizes = [n + 2 * p - 2 * d for n, p, d in zip(shape[2:], padding, dilation, strict=True)]

    def wanted(x: Array, w: Array, b: Array) -> Array:
        out = b.reshape(-1, *[1] * space)
        padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
        for place in np.ndindex(*w.shape[2:]):
            seen = (slice(i * d, i * d + n) for i, d, n in zip(place, dilation, sizes, strict=True))
            out = out + padded[:, :, *seen] * w[:, 0, *place].reshape(-1, *[1] * space)
        return out

    x = np.moveaxis(normal(shape[0], *shape[2:], shape[1]), -1, 1) if last else normal(*shape)
    inputs = [x, normal(shape[1], 1, *[3] * space, seed=1), normal(shape[1], seed=2)]
    value = backend.conv_of_channels(*inputs, padding=padding, dilation=dilation)
    assert (value.strides[1] == value.itemsize) == last
    check_along("conv_of_channels", inputs, wanted, padding=padding, dilation=dilation)


@pytest.mark.parametrize("kernel", ["linear", "conv_of_patches"])
def test_a_gradient_of_x_that_nobody_wants_is_not_computed(kernel: str) -> None:
    x, weight = (
        (normal(900, 48), normal(96, 48, seed=1)) if kernel == "linear" else (normal(3, 5, 64, 48), normal(6, 5, 4, 2))
    )
    out, pullback = getattr(backend, f"{kernel}_vjp")(x, weight, None)
    _, wanted, _ = pullback(out, [True, True, False])
    g_x, g_weight, _ = pullback(out, [False, True, False])
    assert g_x is None
    np.testing.assert_array_equal(g_weight, wanted)


@pytest.mark.parametrize("biases", [True, False])
def test_feed_forward(biases: bool) -> None:
    def wanted(x: Array, w1: Array, b1: Array | None, w2: Array, b2: Array | None) -> Array:
        wide = x @ w1.T + (0 if b1 is None else b1)
        return (wide * scipy.special.ndtr(wide)) @ w2.T + (0 if b2 is None else b2)

    b1, b2 = (normal(96, seed=3), normal(24, seed=4)) if biases else (None, None)
    w1, w2 = normal(96, 48, seed=1) / 7, normal(24, 96, seed=2) / 10
    check_along("feed_forward", [normal(3, 700, 48), w1, b1, w2, b2], wanted)


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize(
    ("shape", "wide", "kernel"),
    [
        ((20, 7, 8, 5), 40, (3, 3)),  # several images at once, in groups
        ((2, 40, 31, 5), 40, (1, 3)),  # several steps for each image
        ((3, 31, 40, 5), 40, (5, 5)),
        ((1, 2, 600, 5), 24, (5, 1)),  # rows longer than a step, and a kernel higher than the image
        ((1, 30, 40, 5), 520, (3, 3)),  # threads share an image
    ],
)
def test_conv_feed_forward(shape: tuple[int, ...], wide: int, kernel: tuple[int, int], biases: bool) -> None:
    def wanted(x: Array, w1: Array, b1: Array | None, w: Array, b: Array | None, w2: Array, b2: Array | None) -> Array:
        hidden = x @ w1.T + (0 if b1 is None else b1)
        padded = np.pad(hidden, [(0, 0), *((k // 2, k // 2) for k in kernel), (0, 0)])
        total = 0 if b is None else b
        for i, j in np.ndindex(*kernel):
            total = total + padded[:, i : i + shape[1], j : j + shape[2]] * w[:, 0, i, j]
        return (total * scipy.special.ndtr(total)) @ w2.T + (0 if b2 is None else b2)

    b1, b, b2 = (normal(n, seed=i) if biases else None for i, n in enumerate((wide, wide, 6), 3))
    w1, w, w2 = normal(wide, 5, seed=1), normal(wide, 1, *kernel, seed=2) / 3, normal(6, wide, seed=6) / 10
    inputs = [normal(*shape), w1, b1, w, b, w2, b2]
    check_along("conv_feed_forward", inputs, wanted)
    value, pullback = backend.conv_feed_forward_vjp(*inputs)
    np.testing.assert_array_equal(backend.conv_feed_forward(*inputs), value)
    for first, second in zip(pullback(value, [True] * 7), pullback(value, [True] * 7), strict=True):
        np.testing.assert_array_equal(first, second)  # whatever the order of the threads
    double = [None if x is None else x.astype(np.float64) for x in inputs]
    exact = wanted(*double)
    assert np.abs(backend.conv_feed_forward(*double) - exact).max() <= 1e-14 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("images", "groups", "channels", "filters"),
    [(1, 1, 8, 16), (6, 1, 8, 16), (6, 2, 8, 6), (3, 8, 8, 16), (1, 8, 8, 8)],
)
def test_convolve(images: int, groups: int, channels: int, filters: int) -> None:
    """In blocks of images and of rows, in groups, and one channel for each kernel."""
    x, weight = normal(images, channels, 60, 41), normal(filters, channels // groups, 3, 5, seed=1)
    options = {"stride": (2, 1), "padding": ((1, 1), (2, 2)), "dilation": (1, 1), "input_dilation": (1, 1)}
    found = backend.convolve(x, weight, groups=groups, **options)
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 1), (2, 2)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 5), (2, 3))[:, :, ::2]
    parts = zip(np.split(windows, groups, 1), np.split(weight.astype(np.float64), groups), strict=True)
    wanted = np.concatenate([np.einsum("nchwij,ocij->nohw", a, w) for a, w in parts], 1)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("images", "groups", "filters", "input_dilation"),
    [(1, 1, 6, (2, 3)), (5, 1, 6, (2, 3)), (5, 2, 6, (2, 1)), (1, 1, 1, (1, 1)), (5, 1, 2, (1, 1))],
)
def test_convolve_where_products_land(
    images: int, groups: int, filters: int, input_dilation: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers apart, as in the gradient of a stride, and few filters. Padding cuts off, too."""
    x, weight = normal(images, 8, 20, 17), normal(filters, 8 // groups, 3, 5, seed=1)
    options = {"stride": (1, 1), "padding": ((1, 3), (4, -2)), "dilation": (2, 1), "input_dilation": input_dilation}
    with monkeypatch.context() as patch:
        patch.setattr(convolution, "windows", None)  # which the other ways need
        found = backend.convolve(x, weight, groups=groups, **options)
    (rows, columns), (high, wide) = input_dilation, x.shape[2:]
    padded = np.zeros((images, 8, (high - 1) * rows + 1 + 4, (wide - 1) * columns + 1 + 4))
    padded[:, :, 1 : 1 + (high - 1) * rows + 1 : rows, 4::columns] = x
    windows = np.lib.stride_tricks.sliding_window_view(padded[..., :-2], (5, 5), (2, 3))[..., ::2, :]
    parts = zip(np.split(windows, groups, 1), np.split(weight.astype(np.float64), groups), strict=True)
    wanted = np.concatenate([np.einsum("nchwij,ocij->nohw", a, w) for a, w in parts], 1)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max()


@pytest.mark.parametrize("groups", [1, 2])
def test_convolve_with_large_kernels(groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the gradient of weights is made, a few rows of the kernel at a time."""
    x, weight = normal(20, 6, 60, 99), normal(10, 6 // groups, 58, 49, seed=1)
    options = {"stride": (1, 1), "padding": ((1, 0), (0, 0)), "dilation": (1, 2), "input_dilation": (1, 1)}
    with monkeypatch.context() as patch:
        patch.setattr(convolution, "_by_rows", None)
        found = backend.convolve(x, weight, groups=groups, **options)
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 0), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (58, 97), (2, 3))[..., ::2]
    parts = zip(np.split(windows, groups, 1), np.split(weight.astype(np.float64), groups), strict=True)
    wanted = np.concatenate([np.einsum("nchwij,ocij->nohw", a, w) for a, w in parts], 1)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max()


WINDOWS = {"kernel": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 1)), "dilation": (1, 2)}


def seen(x: Array, outside: float) -> Array:
    """What lies in each of WINDOWS, in the last axis, for x (n, c, h, w)."""
    padded = np.pad(x, [(0, 0), (0, 0), *WINDOWS["padding"]], constant_values=outside)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, :, :, ::2]
    return windows.reshape(*windows.shape[:4], 6)


def laid_back(x: Array, size: tuple[int, ...]) -> Array:
    """The sums of what lies in WINDOWS, at the places of an array of this size."""
    places = seen(np.arange(1, math.prod(size) + 1).reshape(size), 0)
    return np.bincount(places.ravel(), x.ravel(), math.prod(size) + 1)[1:].reshape(size)


def test_sum_pool() -> None:
    def slopes(g: Array, x: Array) -> list[Array]:
        return [laid_back(np.broadcast_to(g[..., None], (*g.shape, 6)), x.shape)]

    check("sum_pool", [normal(4, 40, 33, 31)], lambda x: seen(x, 0).sum(-1), slopes, **WINDOWS)


@pytest.mark.parametrize("few", [True, False], ids=["equal ones and nan", "different numbers"])
def test_max_pool(few: bool) -> None:
    """The first of equal ones gets the gradient, nan before all numbers."""
    x = normal(4, 40, 33, 31)
    if few:
        x = np.sign(x) * (abs(x) > 0.7)
        x[:, :, ::5, ::7] = np.nan

    value, pullback = backend.max_pool_vjp(x, **WINDOWS)
    np.testing.assert_array_equal(value, seen(x, -np.inf).max(-1))
    np.testing.assert_array_equal(value, backend.max_pool(x, **WINDOWS))
    g = normal(*value.shape, seed=9)
    chosen = np.argmax(seen(x, -np.inf), -1)[..., None] == np.arange(6)
    np.testing.assert_allclose(pullback(g, [True])[0], laid_back(chosen * g[..., None], x.shape), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 900, 50), 2), ((70, 1000), 1), ((6, 30, 40, 50), 1), ((20, 7000), 0), ((9, 8000, 3), 1)]
)
@pytest.mark.parametrize("spread", [1, 100])
def test_softmax(shape: tuple[int, ...], axis: int, spread: float) -> None:
    """With short rows and long, along other axes, and with numbers far apart."""
    x, g = normal(*shape) * spread, normal(*shape, seed=1)
    out, logs = backend.softmax(x, axis), backend.log_softmax(x, axis)
    p, wanted = (f(x.astype(np.float64), axis) for f in (scipy.special.softmax, scipy.special.log_softmax))
    off = 5e-6 * max(spread / 5, 1)  # of a sum of thousands, one after the other; and errors of x, relative in exp(x)
    np.testing.assert_allclose(out, p, rtol=off, atol=1e-37)
    np.testing.assert_allclose(logs, wanted, rtol=1e-6, atol=1e-6 * spread)
    slope, total = p * (g - (g * p).sum(axis, keepdims=True)), g.sum(axis, keepdims=True, dtype=np.float64)
    np.testing.assert_allclose(backend.softmax_slope(out, g, axis), slope, atol=1e-6 * spread)
    found = backend.log_softmax_slope(logs, g, axis)
    np.testing.assert_allclose(found, g - p * total, atol=1e-6 * spread * abs(total).max())


def test_softmax_of_one_far_below_others() -> None:
    """A row by itself is exact, however small its numbers are beside those of the block."""
    x = np.zeros((2, 3), np.float32)
    x[1] = [-1e4, -1e4 + 1, -math.inf]
    np.testing.assert_allclose(backend.softmax(x, 1)[1], scipy.special.softmax(x[1].astype(np.float64)), rtol=1e-6)


def test_class_losses() -> None:
    x, places, g = normal(300, 1000), np.random.default_rng(3).integers(0, 1000, 300), normal(300, seed=9)
    places[7] = -100
    kept, one_hot = places >= 0, np.arange(1000) == places[:, None]
    wanted = np.where(kept, -scipy.special.log_softmax(x.astype(np.float64), 1)[np.arange(300), places], 0)
    for mean, expected, above in ((False, wanted, g * kept), (True, wanted.sum() / 299, g[0] / 299 * kept)):
        options = {"ignored": -100, "mean": mean, "wanted": "classes"}
        value, pullback = backend.class_losses_vjp(x, places, **options)
        np.testing.assert_array_equal(value, backend.class_losses(x, places, **options))
        np.testing.assert_allclose(value, expected, rtol=2e-6)
        found, nothing = pullback(np.asarray(g[0]) if mean else g, [True, False])
        assert nothing is None
        np.testing.assert_allclose(found, (scipy.special.softmax(x, 1) - one_hot) * above[:, None], atol=1e-6)


@pytest.mark.parametrize("shape", [(300, 70), (3, 1, 70), (2, 1, 300, 1), (1, 3, 300, 70), (70,)])
def test_attention_behind_a_mask(shape: tuple[int, ...]) -> None:
    """The first query sees nothing."""
    allowed = normal(*shape, seed=5) > 0
    if len(shape) > 1 and shape[-2] > 1:
        allowed[..., 0, :] = False

    def wanted(q: Array, k: Array, v: Array, mask: Array) -> Array:
        scores = np.where(allowed, q @ k.mT * 0.3, -1e9)
        seeing = (scores > -1e9).any(-1, keepdims=True)
        return seeing * (scipy.special.softmax(scores, -1) @ v)

    q, k = normal(2, 3, 300, 16), normal(2, 3, 70, 16, seed=1)
    inputs = [q, k, normal(2, 3, 70, 8, seed=2)]
    double = [x.astype(np.float64) for x in inputs]
    mask = np.where(allowed, np.float32(0), np.float32(-np.inf))
    value, pullback = backend.scaled_dot_product_attention_vjp(*inputs, mask, scale=0.3)
    g = normal(*value.shape, seed=9)
    for found in (value, backend.scaled_dot_product_attention(*inputs, mask, scale=0.3)):
        np.testing.assert_allclose(found, wanted(*double, allowed), atol=5e-6)
    *slopes, nothing = pullback(g, [True, True, True, False])
    assert nothing is None
    *again, of_mask = pullback(g, [True] * 4)
    assert of_mask.shape == allowed.shape
    for d, same in zip(slopes, again, strict=True):
        np.testing.assert_array_equal(d, same)
    for i, (x, d) in enumerate(zip(double, slopes, strict=True)):
        way = normal(*x.shape, seed=20 + i).astype(np.float64)
        ends = (wanted(*double[:i], x + step * way, *double[i + 1 :], allowed) for step in (1e-6, -1e-6))
        slope = np.vdot(g, np.subtract(*ends)) / 2e-6
        assert abs(np.vdot(way, d) - slope) <= 1e-5 * np.linalg.norm(d * way)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bool", "int8", "uint16", "int64", "complex64"])
def test_where(dtype: str) -> None:
    """Of all sizes of numbers, nan, negative zeros and infinities among them, and in every layout."""
    x, y = (normal(40, 60, 50, seed=i).astype(dtype) for i in range(2))
    if np.dtype(dtype).kind == "f":
        x[::2], y[::3], y[::5] = math.nan, -0.0, -math.inf
    mask = normal(40, 60, 50, seed=2) > 0
    for arrays in (
        (mask, x, y),
        (mask, x, y[0, 0, 0]),
        (mask[0], x, y[:, :1]),
        (mask[:, :, :1], x[0], y[0]),
        (mask.T, x.T, y.T),
        (np.asarray(True), x, y),
        (mask[0, 0, :1, None, None], x, y),
        (mask[::2, ::-1], x[::2], y[::2, ::-1]),
    ):
        arrays = tuple(map(np.asarray, arrays))
        out, wanted = backend.where(*arrays), np.where(*arrays)
        assert (out.dtype, out.shape) == (wanted.dtype, wanted.shape)
        assert out.tobytes() == wanted.tobytes()
    assert backend.where(mask.T, x.T, y.T).strides == x.T.strides


@pytest.mark.parametrize("shape", [(300, 70), (3, 1, 70), (2, 1, 300, 70), (70,)])
def test_attention_with_numbers_added(shape: tuple[int, ...]) -> None:
    def wanted(q: Array, k: Array, v: Array, mask: Array) -> Array:
        return scipy.special.softmax(q @ k.mT * 0.3 + mask, -1) @ v

    inputs = [normal(2, 3, 300, 16), normal(2, 3, 70, 16, seed=1), normal(2, 3, 70, 8, seed=2), normal(*shape, seed=3)]
    check_along("scaled_dot_product_attention", inputs, wanted, scale=0.3)


@pytest.mark.parametrize("axis", [1, 3])
def test_resample(axis: int) -> None:
    """In blocks, along rows and along single numbers; some new elements take three, some one, and the last none."""
    x = normal(20, 30, 40, 30)
    taps = (*(((i, 0.5), ((i + 7) % 30, -2.0), ((3 * i) % 30, 1.25)) for i in range(20)), ((29, 3.0),), ())
    matrix = np.zeros((len(taps), 30))
    for row, pairs in zip(matrix, taps, strict=True):
        for place, weight in pairs:
            row[place] += weight
    wanted = np.moveaxis(np.tensordot(matrix, x.astype(np.float64), (1, axis)), 0, axis)
    np.testing.assert_allclose(backend.resample(x, taps, axis), wanted, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize(("cell", "gates"), [("tanh", 1), ("relu", 1), ("gru", 3), ("lstm", 4)])
def test_recurrence(cell: str, gates: int) -> None:
    n = 24
    weight = normal(gates * n, n, seed=1) / np.float32(np.sqrt(n))
    inputs = [normal(40, 30, gates * n), weight, normal(gates * n, seed=2), normal(30, n, seed=3), None]
    inputs[-1] = normal(30, n, seed=4) if cell == "lstm" else None
    wanted = partial(recurrent, cell=cell)
    check_along("recurrence", inputs, wanted, cell=cell)
    double = [None if x is None else x.astype(np.float64) for x in inputs]
    exact = wanted(*double)
    assert np.abs(backend.recurrence(*double, cell=cell) - exact).max() <= 1e-14 * np.abs(exact).max()
