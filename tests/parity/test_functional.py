"""lucid.nn.functional beside torch.nn.functional: values and gradients."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

import lucid
from lucid.nn import functional as F

T = torch.nn.functional


def agree(ours, theirs, arrays, *, tolerance=2e-5, device="cpu"):
    """The same float32 arrays into both functions: the values agree, and the gradients of a weighted sum of them."""
    given = [lucid.asarray(x, device=device, requires_grad=x.dtype.kind == "f") for x in arrays]
    other = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    out, wanted = ours(*given), theirs(*other)
    assert out.shape == tuple(wanted.shape)
    np.testing.assert_allclose(out.detach().numpy(), wanted.detach().numpy(), rtol=tolerance, atol=tolerance)
    weights = np.random.default_rng(9).normal(size=out.shape).astype(np.float32)
    (out * lucid.asarray(weights, device=device)).sum().backward()
    (wanted * torch.tensor(weights)).sum().backward()
    for x, y in zip(given, other):
        if y.grad is not None:
            off = tolerance * max(1.0, y.grad.abs().max().item())
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=tolerance, atol=off)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [-100, 2])
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 3), (4,)])
def test_cross_entropy_of_classes(shape, ignored, weighted, smoothing, reduction, device):
    rest = shape[:1] + shape[2:] if len(shape) > 1 else ()
    target = np.random.default_rng(1).integers(0, 4, rest)
    if rest:
        target.flat[1] = ignored
    options = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
    weight = np.array([0.5, 1, 2, 3], np.float32) if weighted else None

    def ours(x):
        given = None if weight is None else lucid.asarray(weight, device=device)
        return F.cross_entropy(x, lucid.asarray(target, device=device), given, **options)

    def theirs(x):
        return T.cross_entropy(x, torch.tensor(target), None if weight is None else torch.tensor(weight), **options)

    agree(ours, theirs, [normal(*shape) * 3], device=device)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 3), (4,)])
def test_cross_entropy_of_probabilities(shape, weighted, smoothing, reduction, device):
    options = {"reduction": reduction, "label_smoothing": smoothing}
    weight = np.array([0.5, 1, 2, 3], np.float32)

    def ours(x, t):
        return F.cross_entropy(x, t, lucid.asarray(weight, device=device) if weighted else None, **options)

    def theirs(x, t):
        return T.cross_entropy(x, t, torch.tensor(weight) if weighted else None, **options)

    agree(ours, theirs, [normal(*shape) * 3, np.abs(normal(*shape, seed=1))], device=device)


SIZES = [(7, 7), (3, 11), (20, 5), (14, 18), (1, 1)]
KINDS = [("nearest", {})] + [
    (mode, {"align_corners": corners, "antialias": smooth})
    for mode, corners, smooth in product(("bilinear", "bicubic"), (False, True), (False, True))
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_interpolate_to_a_size(mode, options, size, device):
    asked = {"size": size, "mode": mode}
    theirs = asked | ({} if mode == "nearest" else options)
    agree(lambda x: F.interpolate(x, **asked, **options), lambda x: T.interpolate(x, **theirs), [normal(2, 3, 7, 9)])


@pytest.mark.parametrize("factor", [2, 0.5, 1.7, 0.3, (2.5, 0.4)])
@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_interpolate_by_a_factor(mode, options, factor, device):
    asked = {"scale_factor": factor, "mode": mode} | options
    agree(lambda x: F.interpolate(x, **asked), lambda x: T.interpolate(x, **asked), [normal(2, 3, 7, 9)], device=device)


LINE, IMAGE, VOLUME = (2, 3, 5), (1, 2, 5, 12), (1, 2, 5, 3, 6)


@pytest.mark.parametrize(("mode", "shape"), [
    *((mode, LINE) for mode in ("nearest-exact", "linear", "area")),
    *((mode, IMAGE) for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")),
    *((mode, VOLUME) for mode in ("nearest-exact", "trilinear", "area")),
])  # fmt: skip
@pytest.mark.parametrize("factor", [1.1, 2.1])  # 5 becomes 5, or 10
def test_interpolate_by_a_factor_that_the_sizes_do_not_have(mode, shape, factor, device):
    """Not "nearest" of lines and volumes, nor antialias, where PyTorch's gradients are not those of its values."""
    asked = {"scale_factor": factor, "mode": mode}
    agree(lambda x: F.interpolate(x, **asked), lambda x: T.interpolate(x, **asked), [normal(*shape)], device=device)


def test_interpolate_an_image_as_for_imagenet():
    agree(
        lambda x: F.interpolate(x, (64, 48), mode="bicubic", antialias=True),
        lambda x: T.interpolate(x, (64, 48), mode="bicubic", antialias=True),
        [normal(1, 3, 200, 150)],
    )


@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (1, 1, 3, 2, 4)])
@pytest.mark.filterwarnings("ignore::UserWarning")  # of what a grid of one place was in old versions
@pytest.mark.parametrize("corners", [False, True])
def test_affine_grid(size, corners, device):
    theta = normal(size[0], len(size) - 2, len(size) - 1)
    agree(lambda x: F.affine_grid(x, size, corners), lambda x: T.affine_grid(x, size, corners), [theta], device=device)


def test_nearest_over_many_sizes():
    x = np.arange(37, dtype=np.float32).reshape(1, 1, 1, 37)
    for size in range(1, 200):
        found = F.interpolate(lucid.asarray(x), (1, size)).numpy()
        np.testing.assert_array_equal(found, T.interpolate(torch.tensor(x), (1, size)).numpy())


@pytest.mark.parametrize(
    "options", [{}, {"scale": 0.3}, {"is_causal": True}, {"attn_mask": "bool"}, {"attn_mask": "float"}]
)
@pytest.mark.parametrize("gap", ["no nan", "nan in q", "nan in k"])
def test_scaled_dot_product_attention(options, gap, device):
    mask = np.random.default_rng(3).random((5, 6)) < 0.5
    mask[2] = False  # a query that sees nothing
    masks = {"bool": mask, "float": normal(5, 6, seed=4)}

    def with_mask(make):
        return {k: make(masks[v]) if k == "attn_mask" else v for k, v in options.items()}

    q, k, v = normal(2, 3, 5, 4), normal(2, 3, 6, 4, seed=1), normal(2, 3, 6, 7, seed=2)
    if gap != "no nan":
        (q if gap == "nan in q" else k)[0, 1, 3] = np.nan
    with sdpa_kernel(SDPBackend.MATH):
        agree(
            lambda *x: F.scaled_dot_product_attention(*x, **with_mask(lambda m: lucid.asarray(m, device=device))),
            lambda *x: T.scaled_dot_product_attention(*x, **with_mask(torch.tensor)),
            [q, k, v],
            device=device,
        )


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate, device):
    x = np.concatenate([normal(200) * 3, np.float32([0, -30, 30, 1e-6])])
    agree(lambda x: F.gelu(x, approximate), lambda x: T.gelu(x, approximate=approximate), [x], device=device)


def test_relu_softmax_log_softmax_and_mse_loss(device):
    agree(F.relu, T.relu, [np.append(normal(20), np.float32(0))], device=device)
    agree(lambda x: F.softmax(x, 1), lambda x: T.softmax(x, 1), [normal(2, 5, 3) * 20], device=device)
    agree(lambda x: F.log_softmax(x, 1), lambda x: T.log_softmax(x, 1), [normal(2, 5, 3) * 20], device=device)
    for how in ("mean", "sum", "none"):
        pair = [normal(4, 3), normal(4, 3, seed=1)]
        agree(lambda x, y, how=how: F.mse_loss(x, y, how), lambda x, y, how=how: T.mse_loss(x, y, reduction=how), pair)


@pytest.mark.parametrize("shape", [(6,), (4, 6)])
@pytest.mark.parametrize("affine", [0, 1, 2])
def test_layer_norm(shape, affine, device):
    arrays = [normal(3, 4, 6) * 3 + 1, normal(*shape, seed=1), normal(*shape, seed=2)][: 1 + affine]
    agree(
        lambda x, w=None, b=None: F.layer_norm(x, shape, w, b, 1e-3),
        lambda x, w=None, b=None: T.layer_norm(x, shape, w, b, 1e-3),
        arrays,
        device=device,
    )


def test_linear(device):
    agree(F.linear, T.linear, [normal(2, 3, 5), normal(4, 5, seed=1), normal(4, seed=2)], device=device)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 3},
        {"stride": (2, 1), "padding": (1, 2)},
        {"padding": 1, "dilation": 2},
        {"padding": "same", "dilation": (1, 3)},
        {"padding": "valid", "groups": 2},
        {"stride": 2, "padding": 3, "dilation": (2, 1), "groups": 2},
    ],
)
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4)])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_conv2d(kernel, options, device):
    groups = options.get("groups", 1)
    arrays = [normal(2, 4, 9, 11), normal(6, 4 // groups, *kernel, seed=1), normal(6, seed=2)]
    agree(
        lambda x, w, b: F.conv2d(x, w, b, **options),
        lambda x, w, b: T.conv2d(x, w, b, **options),
        arrays,
        device=device,
        tolerance=1e-4,
    )


def test_pad_and_one_hot(device):
    agree(lambda x: F.pad(x, (1, 2, 0, 3), value=4), lambda x: T.pad(x, (1, 2, 0, 3), value=4), [normal(2, 3, 4)])
    classes = np.array([[0, 3], [1, 1]])
    for n in (-1, 4, 7):
        found = F.one_hot(lucid.asarray(classes, device=device), n)
        np.testing.assert_array_equal(found.numpy(), T.one_hot(torch.tensor(classes), n).numpy())


@pytest.mark.parametrize("shape", [(50, 40, 3, 3), (20, 900)])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("kaiming_uniform_", {}),
        ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "selu"}),
        ("kaiming_normal_", {"a": 2.0}),
        ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "tanh"}),
        ("xavier_uniform_", {"gain": 2.0}),
        ("xavier_normal_", {"gain": 3.0}),
        ("orthogonal_", {"gain": 4.0}),
    ],
)
def test_the_spread_of_starting_values(name, options, shape):
    ours = getattr(lucid.nn.init, name)(lucid.zeros(shape), **options)
    theirs = getattr(torch.nn.init, name)(torch.zeros(shape), **options)
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.03)
    if "uniform" in name:
        assert ours.max().item() == pytest.approx(theirs.max().item(), rel=0.01)


def test_gains():
    for name in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "sigmoid", "tanh", "relu", "selu"):
        assert lucid.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    for slope in (None, 0.0, 2):
        gains = [library.nn.init.calculate_gain("leaky_relu", slope) for library in (lucid, torch)]
        assert gains[0] == gains[1]


@pytest.mark.parametrize("shape", [(6, 4, 3), (4, 6, 4, 3), (6, 2, 1, 2, 3), (3, 5)])
def test_starting_values_that_are_not_drawn(shape):
    fills = [("eye_", {})] if len(shape) == 2 else [("dirac_", {}), ("dirac_", {"groups": 2})]
    for name, options in fills:
        ours = getattr(lucid.nn.init, name)(lucid.ones(shape), **options)
        np.testing.assert_array_equal(ours.numpy(), getattr(torch.nn.init, name)(torch.ones(shape), **options).numpy())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda F, t: F.cross_entropy(t([[0.0, 1.0]]), t([2])), IndexError),
        (lambda F, t: F.cross_entropy(t([[0.0, 1.0]]), t([0, 1])), ValueError),
    ],
)
def test_both_refuse(call, error):
    for library, make in ((F, lucid.asarray), (T, torch.tensor)):
        with pytest.raises(error):
            call(library, make)
