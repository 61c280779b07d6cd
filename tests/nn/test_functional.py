"""Functions without state: losses, resizing, attention, classes. `tests/parity` has them beside PyTorch's."""

import itertools
import math
from functools import partial

import numpy as np
import pytest

import lucid
from lucid.autograd import check_gradients
from lucid.errors import DeviceError, DTypeError, ShapeError
from lucid.nn import functional as F

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def values(*shape, device="cpu", seed=0):
    host = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return lucid.asarray(host, device=device), host.astype(np.float64)


def log_softmax(x, axis):
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


# Cross-entropy


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_is_its_sum_over_classes(weighted, smoothing, reduction, device):
    x, reference = values(6, 5, device=device)
    target = np.array([0, 4, -100, 2, 2, -100])
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0]) if weighted else np.ones(5)
    t = np.eye(5)[np.maximum(target, 0)] * (1 - smoothing) + smoothing / 5
    losses = -(t * weight * log_softmax(reference, 1)).sum(1) * (target >= 0)
    counted = weight[target[target >= 0]].sum()
    wanted = {"mean": losses.sum() / counted, "sum": losses.sum(), "none": losses}[reduction]
    given = lucid.asarray(weight.astype(np.float32), device=device) if weighted else None
    out = F.cross_entropy(
        x, lucid.asarray(target, device=device), given, reduction=reduction, label_smoothing=smoothing
    )
    np.testing.assert_allclose(out.numpy(), wanted, **TOLERANCE)


def test_cross_entropy_of_one_of_pixels_and_of_probabilities(device):
    x, reference = values(2, 3, 4, 5, device=device)
    target = np.random.default_rng(0).integers(0, 3, (2, 4, 5))
    logs = log_softmax(reference, 1)
    wanted = -np.take_along_axis(logs, target[:, None], 1).mean()
    classes = lucid.asarray(target, device=device)
    assert F.cross_entropy(x, classes).item() == pytest.approx(wanted, rel=1e-5)
    chances = F.one_hot(classes, 3).permute_dims((0, 3, 1, 2)).astype(lucid.float32)
    assert F.cross_entropy(x, chances).item() == pytest.approx(wanted, rel=1e-5)
    single = F.cross_entropy(x[0, :, 0, 0], classes[0, 0, 0])
    assert single.item() == pytest.approx(-logs[0, target[0, 0, 0], 0, 0], rel=1e-5)


def test_cross_entropy_where_all_or_nothing_is_certain(device):
    x = lucid.asarray([[0.0, -lucid.inf], [-lucid.inf, 0.0]], device=device)
    assert F.cross_entropy(x, lucid.asarray([0, 1], device=device)).item() == 0.0
    assert F.cross_entropy(x, lucid.asarray([0, 0], device=device)).item() == lucid.inf
    ignored = lucid.asarray([9, 9], device=device)
    assert math.isnan(F.cross_entropy(x, ignored, ignore_index=9).item())
    assert F.cross_entropy(x, ignored, ignore_index=9, reduction="sum").item() == 0.0


def test_the_gradient_of_cross_entropy():
    x = lucid.asarray(np.random.default_rng(0).normal(size=(3, 4)), requires_grad=True)
    weight = lucid.asarray([1.0, 2.0, 3.0, 4.0], dtype=lucid.float64)
    target = lucid.asarray([1, -100, 3])
    check_gradients(lambda x: F.cross_entropy(x, target, weight, label_smoothing=0.2), [x])


# Connectionist temporal classification


def collapsed(path, blank):
    """What an alignment says: of equal classes in a row one, and then no blanks."""
    return [c for i, c in enumerate(path) if c != blank and (i == 0 or c != path[i - 1])]


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_loss_is_the_sum_over_all_alignments(blank, device):
    x, _ = values(5, 4, 3, device=device)
    labels, counts, durations = np.array([[1, 1], [1, 0], [0, 0], [1, 2]]), [2, 1, 0, 2], [5, 4, 3, 1]
    labels = labels % 2 if blank == 2 else labels
    logs = lucid.log_softmax(x, axis=-1)
    reference, wanted = logs.numpy().astype(np.float64), []
    for n in range(4):
        paths = itertools.product(range(3), repeat=durations[n])
        said = [p for p in paths if collapsed(p, blank) == labels[n, : counts[n]].tolist()]
        chances = np.exp(np.array([sum(reference[t, n, c] for t, c in enumerate(p)) for p in said]))
        wanted.append(-np.log(chances.sum()) if said else np.inf)
    assert wanted[3] == np.inf
    given = logs, lucid.asarray(labels, device=device), durations, counts, blank
    np.testing.assert_allclose(F.ctc_loss(*given, reduction="none").numpy(), wanted, **TOLERANCE)
    finite = np.where(np.isinf(wanted), 0, wanted)
    found = F.ctc_loss(*given, reduction="sum", zero_infinity=True).item()
    assert found == pytest.approx(finite.sum(), rel=1e-5)
    assert F.ctc_loss(*given, zero_infinity=True).item() == pytest.approx((finite / [2, 1, 1, 2]).mean(), rel=1e-5)
    joined = lucid.asarray(np.concatenate([r[:c] for r, c in zip(labels, counts)]), device=device)
    tensors = [lucid.asarray(n) for n in (durations, counts)]
    np.testing.assert_allclose(F.ctc_loss(logs, joined, *tensors, blank, "none").numpy(), wanted, **TOLERANCE)
    one = F.ctc_loss(logs[:, 0], given[1][0], [5], [2], blank, "none")
    assert one.item() == pytest.approx(wanted[0], rel=1e-5)


def test_the_gradient_of_ctc_loss(device):
    x = lucid.asarray(np.random.default_rng(0).normal(size=(5, 3, 4)), requires_grad=True)
    given = lucid.asarray([[1, 1], [2, 3], [1, 0]]), [5, 4, 1], [2, 2, 1]
    check_gradients(lambda x: F.ctc_loss(lucid.log_softmax(x, axis=-1), *given), [x])
    impossible = lucid.zeros((2, 1, 3), device=device, requires_grad=True)
    labels = lucid.asarray([[1, 1]], device=device)
    F.ctc_loss(impossible - lucid.inf, labels, [2], [2]).backward()
    assert not impossible.grad.numpy().any()


def test_a_loss_that_is_refused_for_a_dtype_leaves_no_length_to_be_judged(device):
    x, labels = lucid.zeros((3, 4), device=device), lucid.asarray([True, True], device=device)
    with pytest.raises(DTypeError, match="target is bool"):
        F.ctc_loss(x, labels, [3], [-1])
    with pytest.raises(DTypeError, match="input_lengths are float32"):
        F.ctc_loss(x, lucid.asarray([1, 2], device=device), lucid.ones(1), [-1])
    assert x.sum().item() == 0


@pytest.mark.parametrize("wrong", [[0, 3], [-1, 0]])
def test_a_class_that_is_not_there(wrong, device):
    x, target = lucid.zeros((2, 3), device=device), lucid.asarray(wrong, device=device)
    with pytest.raises(IndexError, match="a target is not a class; wanted integers from 0 to 2"):
        F.cross_entropy(x, target).item()
    with pytest.raises(IndexError):
        F.one_hot(target, 3).tolist()


X, TARGET = lucid.zeros((2, 3)), lucid.asarray([0, 1])


def heads(query, key, value, count):
    weight = lucid.ones((3, 3))
    return F.multi_head_attention_forward(
        query, key, value, 3, count, None, None, None, None, False, 0.0, weight, None,
        use_separate_proj_weight=True, q_proj_weight=weight, k_proj_weight=weight, v_proj_weight=weight,
    )  # fmt: skip


def test_an_error_leaves_nothing_of_offsets_to_be_told_later(device):
    words = lucid.asarray([0, 1], device=device)
    with pytest.raises(ShapeError, match="weight has shape"):
        F.embedding_bag(words, lucid.ones((2, 1, 1), device=device), lucid.asarray([1], device=device))
    assert words.tolist() == [0, 1]


def test_a_wide_smooth_loss_stays_within_16_bits(device):
    x = lucid.asarray([-7000.0, 2000.0, 50.0], dtype=lucid.float16, device=device)
    found = F.smooth_l1_loss(x, lucid.zeros_like(x), "none", beta=100.0)
    assert found.tolist() == [6952.0, 1950.0, 12.5]  # 6950 is rounded


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_the_last_offset_may_end_the_last_bag(device, mode):
    words = lucid.asarray([0, 1, 1, 0, 1], device=device)
    weight = lucid.asarray([[1.0, 5.0], [2.0, 3.0]], device=device)
    offsets = lucid.asarray([0, 2, 4], device=device)
    found = F.embedding_bag(words, weight, offsets, mode, include_last_offset=True)
    wanted = F.embedding_bag(words[:4], weight, offsets[:2], mode)
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.cross_entropy(X, lucid.asarray([0])), ShapeError, r"target has shape \(1,\); wanted classes \(2,\)"),
        (lambda: F.cross_entropy(X, lucid.ones(2)), ShapeError, r"probabilities must have input's, \(2, 3\)"),
        (lambda: F.cross_entropy(X, TARGET == 0), DTypeError, "target is bool; wanted classes as integers"),
        (lambda: F.cross_entropy(X, [0, 1]), TypeError, "cross_entropy: target is list"),
        (lambda: F.cross_entropy(lucid.ones(()), TARGET), ShapeError, "input has no axes"),
        (lambda: F.cross_entropy(X, TARGET, lucid.ones(2)), ShapeError, r"weight has shape \(2,\); wanted \(3,\)"),
        (lambda: F.cross_entropy(X, TARGET, reduction="max"), ValueError, "reduction='max'; choose among mean, sum"),
        (lambda: F.cross_entropy(X, TARGET, label_smoothing=2), ValueError, "label_smoothing=2"),
        (lambda: F.cross_entropy(X, X, ignore_index=0), ValueError, "ignore_index=0 is for targets that are classes"),
        (lambda: F.ctc_loss(X, TARGET, [2], [2], 3), ValueError, "blank=3; wanted a class, from 0 to 2"),
        (lambda: F.ctc_loss(X[0], TARGET, [2], [2]), ShapeError, r"got log_probs \(3,\) and targets \(2,\); wanted"),
        (lambda: F.ctc_loss(X, TARGET, [2, 2], [2]), ShapeError, r"input_lengths have shape \(2,\); wanted \(1,\)"),
        (lambda: F.ctc_loss(X, TARGET, lucid.ones(1), [2]), DTypeError, "input_lengths are float32; wanted integers"),
        (lambda: F.ctc_loss(X, TARGET, [3], [2]), IndexError, "input_lengths are not from 0 to 2"),
        (lambda: F.ctc_loss(X, TARGET, [2], [-1]), IndexError, "target_lengths are not from 0 to 2"),
        (lambda: F.ctc_loss(X, TARGET + 2, [2], [2]), IndexError, "a label is not a class; wanted integers from 0 to"),
        (lambda: F.ctc_loss(X[:, None], TARGET, [2], [1]), ShapeError, r"targets \(2,\) are not as many as target_l"),
        (lambda: F.mse_loss(X, TARGET), ShapeError, r"mse_loss: got input \(2, 3\) and target \(2,\)"),
        (lambda: F.mse_loss(X, X, "all"), ValueError, "mse_loss: reduction='all'"),
        (lambda: F.one_hot(X), DTypeError, "one_hot: target is float32"),
        (lambda: F.pad(X, (1, 2, 3)), ShapeError, r"pad=\(1, 2, 3\) for shape \(2, 3\)"),
        (lambda: F.pad(X, (1, 2), mode="mirror"), ValueError, "mode='mirror'; choose"),
        (lambda: F.dropout(X, 2.0), ValueError, "dropout: p=2.0"),
        (lambda: F.drop_path(X, -1.0), ValueError, "drop_path: p=-1.0"),
        (
            lambda: F.affine_grid(X, (1, 1, 2, 2)),
            ShapeError,
            r"affine_grid: got theta \(2, 3\) and size \(1, 1, 2, 2\)",
        ),
        (lambda: F.lp_pool1d(X, 0, 2), ValueError, "lp_pool: norm_type=0; wanted a number other than 0"),
        (lambda: heads(X, X[None], X, 1), ShapeError, r"got \(2, 3\), \(1, 2, 3\) and \(2, 3\); wanted"),
        (lambda: heads(X, X, X, 0), ShapeError, "with 0 heads of equal size"),
        (lambda: F.grid_sample(X, X), ShapeError, r"grid_sample: got input \(2, 3\) and grid \(2, 3\)"),
        (lambda: F.grid_sample(X, X, "cubic"), ValueError, "mode='cubic'; choose among bilinear, nearest, bicubic"),
        (lambda: F.grid_sample(X, X, padding_mode="edge"), ValueError, "padding_mode='edge'; choose among zeros"),
        (lambda: F.interpolate(X, 2), ShapeError, r"interpolate: input has shape \(2, 3\)"),
        (lambda: F.interpolate(X[None, None], (0, 2)), ShapeError, r"\(2, 3\) cannot become \(0, 2\)"),
        (lambda: F.interpolate(X[None, None], 2.5), TypeError, "interpolate: size=2.5; wanted an integer"),
        (lambda: F.interpolate(X[None, None], (2, 2.5)), TypeError, r"interpolate: size=\(2, 2.5\); wanted an integer"),
        (lambda: F.interpolate(X[None, None], scale_factor=math.nan), ValueError, "scale_factor=nan; wanted finite"),
        (
            lambda: F.embedding(lucid.asarray([2]), X),
            IndexError,
            r"embedding: input names a row that weight of shape \(2, 3\) does not have: index 2 is outside",
        ),
        (
            lambda: F.embedding(X, X),
            DTypeError,
            r"embedding: input is float32; wanted the numbers of rows, as lucid\.int64",
        ),
        (lambda: F.embedding_bag(TARGET, X, TARGET[0]), ShapeError, r"or \(m,\) with offsets \(n,\)"),
        (lambda: F.embedding_bag(TARGET, X, TARGET[:0]), ShapeError, "no offsets for input .*; wanted at least one"),
        (lambda: F.max_unpool1d(X[None], 5 * TARGET[None, None], 2), ShapeError, "wanted an index for each"),
        (lambda: F.max_unpool1d(X[None, :, :2], TARGET + TARGET[:, None] * 9, 2), IndexError, "no place of the output"),
        (lambda: F.max_unpool1d(X[None, :, :2], TARGET - TARGET[:, None], 2), IndexError, "max_unpool: an index"),
        (lambda: F.embedding_bag(TARGET, X, lucid.asarray([1])), IndexError, "offsets do not begin with 0"),
        (lambda: F.embedding_bag(TARGET, X, lucid.asarray([0, 2, 1])), IndexError, "do not rise to at most 2"),
        (lambda: F.embedding_bag(TARGET, X, lucid.asarray([0, 3])), IndexError, "do not rise to at most 2"),
        (lambda: F.interpolate(X[None, None]), ValueError, "give one of the two"),
        (lambda: F.interpolate(X[None, None], 2, mode="cubic"), ValueError, "mode='cubic'; choose among nearest"),
        (lambda: F.interpolate(X[None, None], 2, antialias=True), ValueError, "antialias is for mode='bilinear'"),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("index", [9, -1])
def test_an_embedding_speaks_of_its_input(device, index):
    weight, words = lucid.ones((2, 3), device=device), lucid.asarray([0, index])
    for there in (words, words.to(device)):  # judged where the value is read, at the latest
        with pytest.raises(
            IndexError, match=r"embedding: input names a row that weight of shape \(2, 3\) does not have"
        ):
            F.embedding(there, weight).numpy()


def test_a_refused_embedding_leaves_no_index_to_be_judged(device):
    weight, words = lucid.ones((2, 3), device=device), lucid.asarray([9], device=device)
    with pytest.raises(ValueError, match="padding_idx=2; wanted one of 2 rows"):
        F.embedding(words, weight, padding_idx=2)
    assert weight.sum().item() == 6


@pytest.mark.gpu
def test_a_target_on_the_other_device():
    pytest.importorskip("mlx.core")
    with pytest.raises(DeviceError, match=r"input is on gpu, target on cpu; move it with .to\(device\)"):
        F.cross_entropy(X.gpu(), TARGET)


def test_mse_loss(device):
    x, reference = values(3, 4, device=device)
    y, other = values(3, 4, device=device, seed=1)
    wanted = (reference - other) ** 2
    np.testing.assert_allclose(F.mse_loss(x, y).numpy(), wanted.mean(), **TOLERANCE)
    np.testing.assert_allclose(F.mse_loss(x, y, "sum").numpy(), wanted.sum(), **TOLERANCE)
    np.testing.assert_allclose(F.mse_loss(x, y, "none").numpy(), wanted, **TOLERANCE)


# Shapes and classes


def test_one_hot_and_pad(device):
    classes = lucid.asarray([[2, 0]], dtype=lucid.uint8, device=device)
    assert F.one_hot(classes).tolist() == [[[0, 0, 1], [1, 0, 0]]]
    assert F.one_hot(classes, 4).shape == (1, 2, 4)
    assert F.one_hot(classes).dtype is lucid.int64
    x = lucid.ones((1, 2), device=device)
    assert F.pad(x, (1, 0, 0, 1), value=5).tolist() == [[5, 1, 1], [5, 5, 5]]
    row = lucid.asarray([[0.0, 1, 2, 3]], device=device)
    assert F.pad(row, (-1, 2), mode="circular").tolist() == [[1, 2, 3, 1, 2]]
    assert F.pad(row, (-1, 2), mode="reflect").tolist() == [[1, 2, 3, 2, 1]]


# Resizing


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 9), (12, 5), (1, 20)])
@pytest.mark.parametrize("options", [{}, {"align_corners": True}, {"antialias": True}])
def test_resizing_keeps_a_constant_and_its_own_size(mode, size, options, device):
    x, reference = values(2, 3, 6, 7, device=device)
    np.testing.assert_allclose(F.interpolate(x * 0 + 3, size, mode=mode, **options).numpy(), 3, rtol=1e-6)
    np.testing.assert_allclose(F.interpolate(x, (6, 7), mode=mode, **options).numpy(), reference, **TOLERANCE)
    assert F.interpolate(x, size, mode=mode, **options).shape == (2, 3, *size)


def test_bilinear_keeps_a_slope_between_the_outermost_centres(device):
    x = lucid.arange(8, dtype=lucid.float32, device=device).reshape((1, 1, 1, 8))
    edges = F.interpolate(x, (1, 16), mode="bilinear").numpy()[0, 0, 0]
    np.testing.assert_allclose(edges, np.clip((np.arange(16) + 0.5) / 2 - 0.5, 0, 7), rtol=1e-6)
    corners = F.interpolate(x, (1, 15), mode="bilinear", align_corners=True).numpy()[0, 0, 0]
    np.testing.assert_allclose(corners, np.arange(15) / 2, atol=1e-6)


def test_bicubic_weighs_with_keys_formula(device):
    x = lucid.zeros((1, 1, 1, 8), device=device)
    x[0, 0, 0, 4] = 1.0
    weights = [
        -0.03515625,
        -0.10546875,
        0.26171875,
        0.87890625,
    ]  # at distances 1.75, 1.25, 0.75 and 0.25, for a = -0.75
    found = F.interpolate(x, (1, 16), mode="bicubic").tolist()[0][0][0]
    assert found == [0.0] * 5 + weights + weights[::-1] + [0.0] * 3


def test_antialiasing_passes_no_pixel_over(device):
    x = lucid.zeros((1, 1, 1, 64), device=device)
    x[0, 0, 0, 13] = 1.0
    assert F.interpolate(x, (1, 4), mode="bilinear").sum().item() == 0.0
    assert F.interpolate(x, (1, 4), mode="bilinear", antialias=True).sum().item() == pytest.approx(1 / 16, rel=0.1)


def test_nearest_copies_pixels_of_any_dtype(device):
    x = lucid.asarray([[[[1, 2], [3, 4]]]], dtype=lucid.uint8, device=device)
    out = F.interpolate(x, scale_factor=(1, 2))
    assert out.dtype is lucid.uint8
    assert out.tolist() == [[[[1, 1, 2, 2], [3, 3, 4, 4]]]]
    assert F.interpolate(x, 1).tolist() == [[[[1]]]]


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_the_gradient_of_resizing(mode):
    x = lucid.asarray(np.random.default_rng(0).normal(size=(1, 2, 3, 4)), requires_grad=True)
    check_gradients(lambda x: lucid.square(F.interpolate(x, (5, 3), mode=mode)), [x])


# Attention


# Looking at places


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("corners", [False, True])
def test_an_affine_grid_mirrors_an_image(mode, corners, device):
    x, reference = values(2, 3, 4, 5, device=device)
    mirror = lucid.asarray([[[-1.0, 0, 0], [0, 1, 0]]] * 2, device=device)
    found = F.grid_sample(x, F.affine_grid(mirror, x.shape, corners), mode, "border", corners)
    np.testing.assert_allclose(found.numpy(), reference[..., ::-1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])
def test_places_in_16_bits_are_not_rounded_between_pixels(dtype, device):
    """Pixel k holds k: 101 of them tell apart places that 16 bits would merge once multiplied by 50."""
    image = lucid.arange(101, dtype=lucid.float32, device=device).reshape((1, 1, 1, 101))
    grid = lucid.asarray([[[[0.37, 0.0], [-0.73, 0.0]]]], dtype=dtype, device=device)
    found = F.grid_sample(image.astype(dtype), grid, align_corners=True)
    assert found.dtype is dtype
    wanted = lucid.astype((grid[..., 0].astype(lucid.float32) + 1) * 50, dtype)
    assert found.reshape((2,)).tolist() == wanted.reshape((2,)).tolist()


def test_an_affine_grid_turns_a_volume(device):
    x, reference = values(1, 2, 3, 3, 3, device=device)
    turn = lucid.asarray([[[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]], device=device)  # x looks at z, y at x, z at y
    found = F.grid_sample(x, F.affine_grid(turn, x.shape))
    np.testing.assert_allclose(found.numpy(), reference.transpose(0, 1, 4, 2, 3), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("padding", "wanted"), [("zeros", [0, 0.5, 1.5, 0]), ("border", [1, 1, 1.5, 2]), ("reflection", [2, 1, 1.5, 1])]
)
def test_what_is_seen_outside_an_image(padding, wanted, device):
    places = lucid.asarray([[[[x, 0.0] for x in (-2.5, -1.0, 0.0, 2.5)]]], device=device)
    image = lucid.asarray([[[[1.0, 2.0]]]], device=device)
    assert F.grid_sample(image, places, padding_mode=padding).tolist() == [[[wanted]]]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_the_gradient_of_looking(mode, padding):
    random = np.random.default_rng(0)
    arrays = random.normal(size=(1, 2, 3, 3)), random.uniform(-1.5, 1.5, (1, 2, 2, 2))
    inputs = [lucid.asarray(x, requires_grad=True) for x in arrays]
    check_gradients(lambda x, grid: F.grid_sample(x, grid, mode, padding), inputs)


def test_attention_with_masks(device):
    (q, q64), (k, k64), (v, v64) = (values(2, n, 4, device=device, seed=n) for n in (3, 5, 6))
    v, v64 = v[:, :5, :2], v64[:, :5, :2]
    scores = q64 @ k64.swapaxes(1, 2) / 2
    mask = np.random.default_rng(0).random((3, 5)) < 0.6
    mask[0] = [True, False, False, False, False]

    def attended(scores):
        return np.exp(log_softmax(scores, -1)) @ v64

    for options, wanted in (
        ({}, attended(scores)),
        ({"scale": 0.1}, attended(scores * 0.2)),
        ({"attn_mask": lucid.asarray(mask, device=device)}, attended(np.where(mask, scores, -1e30))),
        ({"attn_mask": lucid.asarray(mask.astype(np.float32), device=device)}, attended(scores + mask)),
        ({"is_causal": True}, attended(np.where(np.tri(3, 5, dtype=bool), scores, -1e30))),
    ):
        np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v, **options).numpy(), wanted, **TOLERANCE)


def test_attention_with_dropout_drops_weights(device):
    lucid.random.seed(0)
    q = lucid.zeros((50, 4, 8), device=device)
    k, v = lucid.zeros((50, 10, 8), device=device), lucid.ones((50, 10, 3), device=device)
    out = F.scaled_dot_product_attention(q, k, v, dropout_p=0.5).numpy()
    np.testing.assert_allclose(out * 5, np.round(out * 5), atol=1e-4)  # of ten weights 0.1, some are left, as 0.2
    assert np.all(out == out[..., :1])
    assert out.mean() == pytest.approx(1, abs=0.1)
    assert out.std() > 0.2


def test_a_mask_of_integers_is_neither_seen_nor_added(device):
    x = lucid.ones((1, 2, 3), device=device)
    with pytest.raises(TypeError, match="the mask is int64; wanted bools"):
        F.scaled_dot_product_attention(x, x, x, attn_mask=lucid.ones((2, 2), dtype=lucid.int64, device=device))


def test_one_size_in_brackets_stands_for_every_axis() -> None:
    """As PyTorch takes it; lp_pool also multiplies by how many numbers a window has."""
    x = lucid.asarray(np.arange(1.0, 65.0, dtype=np.float32).reshape(1, 1, 8, 8))
    for pool in (partial(F.lp_pool2d, norm_type=2.0), F.avg_pool2d, F.max_pool2d):
        np.testing.assert_array_equal(pool(x, kernel_size=(2,)).numpy(), pool(x, kernel_size=2).numpy())
