"""Layers: their formulas against NumPy, their starts, their reprs and what they refuse."""

import numpy as np
import pytest

import lucid
from lucid import nn, tree
from lucid.autograd import check_gradients
from lucid.errors import ShapeError

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}  # float32: some ten roundings, of sums of up to a hundred terms near 1


def values(*shape, device="cpu", seed=0):
    """The same normal numbers as a tensor and as an array."""
    host = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return lucid.asarray(host, device=device), host.astype(np.float64)


def host(x):
    return x.detach().numpy().astype(np.float64)


@pytest.mark.parametrize("lead", [(), (5,), (2, 5), (2, 0)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(lead, bias, device):
    layer = nn.Linear(3, 4, bias=bias).to(device)
    x, reference = values(*lead, 3, device=device)
    wanted = reference @ host(layer.weight).T + (host(layer.bias) if bias else 0)
    np.testing.assert_allclose(host(layer(x)), wanted, **TOLERANCE)


def correlated(x, weight, stride, padding, dilation, groups):
    """The cross-correlation as its formula says, one output pixel after the other."""
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    (n, _, h, w), (o, c, k, m) = x.shape, weight.shape
    height, width = ((n - d * (j - 1) - 1) // s + 1 for n, j, s, d in zip((h, w), (k, m), stride, dilation))
    out = np.empty((n, o, height, width))
    for f in range(o):
        channels = slice(f // (o // groups) * c, (f // (o // groups) + 1) * c)
        for i in range(height):
            for j in range(width):
                top, left = i * stride[0], j * stride[1]
                rows, columns = top + dilation[0] * np.arange(k), left + dilation[1] * np.arange(m)
                out[:, f, i, j] = np.sum(x[:, channels][:, :, rows[:, None], columns] * weight[f], axis=(1, 2, 3))
    return out


@pytest.mark.parametrize(
    ("options", "pads"),
    [
        ({"kernel_size": 3}, ((0, 0), (0, 0))),
        ({"kernel_size": (2, 3), "stride": (2, 3)}, ((0, 0), (0, 0))),  # patches, with pixels left over
        ({"kernel_size": 3, "stride": 2, "padding": 1}, ((1, 1), (1, 1))),
        ({"kernel_size": 3, "padding": (0, 2), "dilation": (2, 1), "bias": False}, ((0, 0), (2, 2))),
        ({"kernel_size": (3, 4), "padding": "same"}, ((1, 1), (1, 2))),
        ({"kernel_size": 4, "padding": "same", "dilation": (1, 2)}, ((1, 2), (3, 3))),
        ({"kernel_size": 2, "padding": "valid", "groups": 2}, ((0, 0), (0, 0))),
    ],
)
def test_conv2d(options, pads, device):
    layer = nn.Conv2d(4, 6, **options).to(device)
    x, reference = values(2, 4, 9, 10, device=device)
    wanted = correlated(reference, host(layer.weight), layer.stride, pads, layer.dilation, layer.groups)
    if layer.bias is not None:
        wanted += host(layer.bias)[:, None, None]
    np.testing.assert_allclose(host(layer(x)), wanted, **TOLERANCE)


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}, {"eps": 0.5}])
@pytest.mark.parametrize("shape", [6, (3, 6)])
def test_layer_norm(options, shape, device):
    layer = nn.LayerNorm(shape, **options).to(device)
    x, reference = values(2, 3, 6, device=device)
    for i, parameter in enumerate(layer.parameters()):
        nn.init.normal_(parameter, mean=i)
    axes = (-1,) if shape == 6 else (-2, -1)
    wanted = (reference - reference.mean(axes, keepdims=True)) / np.sqrt(reference.var(axes, keepdims=True) + layer.eps)
    wanted = wanted * (1 if layer.weight is None else host(layer.weight))
    wanted = wanted + (0 if layer.bias is None else host(layer.bias))
    np.testing.assert_allclose(host(layer(x)), wanted, **TOLERANCE)


def test_softmax_goes_along_its_axis(device):
    x, reference = values(3, 4, device=device)
    wanted = np.exp(reference) / np.exp(reference).sum(0)
    np.testing.assert_allclose(host(nn.Softmax(0)(x)), wanted, **TOLERANCE)


def test_gelu_is_exact_unless_asked(device):
    x, reference = values(100, device=device)
    inner = np.sqrt(2 / np.pi) * (reference + 0.044715 * reference**3)
    near = reference / 2 * (1 + np.tanh(inner))
    np.testing.assert_allclose(host(nn.GELU("tanh")(x)), near, **TOLERANCE)
    assert 1e-4 < np.abs(host(nn.GELU()(x)) - near).max() < 1e-3
    with pytest.raises(ValueError, match="approximate='exact'; choose 'none' or 'tanh'"):
        nn.GELU("exact")


def test_relu_has_no_slope_at_zero_and_keeps_nan(device):
    x = lucid.asarray([-1.0, 0.0, 2.0, lucid.nan], device=device, requires_grad=True)
    out = nn.ReLU()(x)
    assert out.tolist()[:3] == [0.0, 0.0, 2.0]
    assert str(out.tolist()[3]) == "nan"
    out[:3].sum().backward()
    assert x.grad.tolist()[:3] == [0.0, 0.0, 1.0]


def test_layers_start_as_in_pytorch():
    lucid.random.seed(0)
    for layer, fan in ((nn.Linear(64, 400), 64), (nn.Conv2d(6, 400, 4, groups=2), 48)):
        r = fan**-0.5
        for parameter, tolerance in ((layer.weight, 0.01), (layer.bias, 0.1)):
            size = parameter.abs()
            assert r * 0.95 < size.max().item() <= r
            assert size.mean().item() == pytest.approx(r / 2, rel=tolerance * 5)
    norm = nn.LayerNorm((2, 3))
    assert (norm.weight.tolist(), norm.bias.tolist()) == ([[1.0] * 3] * 2, [[0.0] * 3] * 2)


def test_building_is_repeatable_and_the_same_on_both_devices(device):
    lucid.random.seed(3)
    wanted = nn.Linear(3, 4).weight.tolist()
    lucid.random.seed(3)
    with lucid.use_device(device):
        layer = nn.Linear(3, 4)
    assert layer.weight.device == device
    assert layer.weight.tolist() == wanted


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
        (nn.Identity(), "Identity()"),
        (nn.Conv2d(4, 6, 3), "Conv2d(4, 6, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv2d(4, 6, 3, 2, 1, 2, 2, bias=False),
            "Conv2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2), groups=2, bias=False)",
        ),
        (nn.Conv2d(4, 6, 3, padding="same"), "Conv2d(4, 6, kernel_size=(3, 3), stride=(1, 1), padding='same')"),
        (nn.LayerNorm((2, 3), bias=False), "LayerNorm((2, 3), eps=1e-05, bias=False)"),
        (nn.LayerNorm(3, 1e-6, elementwise_affine=False), "LayerNorm((3,), eps=1e-06, elementwise_affine=False)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.Dropout(0.1), "Dropout(p=0.1)"),
        (nn.DropPath(0.1), "DropPath(p=0.1)"),
    ],
)
def test_reprs(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Linear(3, 4)(lucid.ones((2, 4))), ShapeError, r"linear: got x \(2, 4\), weight \(4, 3\)"),
        (lambda: nn.Linear(3, 4)([1.0]), TypeError, "linear: input is list; wanted a Tensor"),
        (lambda: nn.Conv2d(3, 4, 2)(lucid.ones((8, 8))), ShapeError, r"conv2d: input has shape \(8, 8\)"),
        (lambda: nn.Conv2d(3, 4, 2)(lucid.ones((1, 4, 8, 8))), ShapeError, "conv: 4 input"),
        (lambda: nn.Conv2d(3, 4, 9)(lucid.ones((1, 3, 8, 8))), ShapeError, "does not fit"),
        (lambda: nn.Conv2d(3, 4, 2, groups=2), ShapeError, "groups=2 does not divide in_channels=3"),
        (lambda: nn.Conv2d(0, 4, 2), ShapeError, "Conv2d: got in_channels=0, out_channels=4; wanted at least 1"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "same")(lucid.ones((1, 3, 8, 8))), ValueError, "'same' needs stride 1"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "full")(lucid.ones((1, 3, 8, 8))), ValueError, "padding='full'; wanted"),
        (lambda: nn.LayerNorm(3)(lucid.ones((2, 4))), ShapeError, r"layer_norm: input has shape \(2, 4\)"),
        (lambda: nn.LayerNorm((2, 3))(lucid.ones(3)), ShapeError, r"layer_norm: input has shape \(3,\)"),
        (lambda: nn.Tanh(inplace=True), TypeError, r"Tanh: got an unexpected .* 'inplace'; it has no options$"),
        (lambda: nn.ELU(beta=1.0), TypeError, r"ELU: got an unexpected .* 'beta'; there are alpha$"),
        (lambda: nn.Dropout(1.5), ValueError, r"Dropout: p=1.5; wanted a probability"),
        (lambda: nn.DropPath(-0.5), ValueError, r"DropPath: p=-0.5"),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_dropout_zeroes_a_share_and_keeps_the_mean(device):
    lucid.random.seed(0)
    x = lucid.full((200, 100), 3.0, device=device, requires_grad=True)
    layer = nn.Dropout(0.25)
    out = layer(x)
    kept = host(out) != 0
    assert kept.mean() == pytest.approx(0.75, abs=0.01)
    np.testing.assert_array_equal(host(out)[kept], np.float32(3) * np.float32(1 / 0.75))
    out.sum().backward()
    np.testing.assert_allclose(host(x.grad), kept / 0.75, rtol=1e-6)
    assert layer(x).tolist() != out.tolist()
    assert layer.eval()(x) is x


def test_drop_path_drops_whole_samples(device):
    lucid.random.seed(0)
    x = lucid.ones((1000, 2, 3), device=device)
    rows = host(nn.DropPath(0.25)(x)).reshape(1000, 6)
    assert np.all(rows == rows[:, :1])
    assert set(rows[:, 0].tolist()) == {0.0, np.float32(1 / 0.75).item()}
    assert (rows[:, 0] != 0).mean() == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("layer", [nn.Dropout, nn.DropPath])
def test_everything_may_be_dropped(layer, device):
    x = lucid.full((2, 3), lucid.inf, device=device, requires_grad=True)
    out = layer(1.0)(x)
    assert out.tolist() == [[0.0] * 3] * 2
    out.sum().backward()
    assert x.grad.tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(3, 2), (2, 2, 3)),
        (nn.Conv2d(2, 2, 2, padding="same"), (1, 2, 3, 3)),
        (nn.LayerNorm((2, 3)), (2, 2, 3)),
        (nn.GELU(), (5,)),
        (nn.GELU("tanh"), (5,)),
        (nn.Softmax(0), (3, 2)),
        (nn.RNN(2, 3, 2), (4, 2, 2)),
        (nn.LSTM(2, 3, bidirectional=True, proj_size=2), (3, 2, 2)),
        (nn.GRU(2, 3, batch_first=True), (2, 3, 2)),
        (nn.LSTMCell(2, 3), (2,)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_gradients_of_inputs_and_parameters(layer, shape):
    layer.to(lucid.float64)
    names = [name for name, _ in layer.named_parameters()]

    def function(x, *parameters):
        held = dict(layer.named_parameters())
        for name, value in zip(names, parameters):
            held[name].array, held[name].node = value.array, value.node
        return lucid.concat([out.reshape((-1,)) for out in tree.leaves(layer(x))])

    x = lucid.asarray(np.random.default_rng(0).normal(size=shape), requires_grad=True)
    check_gradients(function, [x, *(p.detach().requires_grad_() for p in layer.parameters())])


def test_inplace_is_taken_and_changes_nothing():
    x = lucid.asarray([-1.0, 2.0])
    for layer in (nn.ReLU(True), nn.ReLU(inplace=True), nn.LeakyReLU(0.0, True), nn.Hardtanh(0.0, 5.0, inplace=True)):
        assert layer(x).tolist() == [0.0, 2.0]
        assert "inplace" not in repr(layer)
        assert not hasattr(layer, "inplace")
    assert nn.Dropout(1.0, True)(x).tolist() == [0.0, 0.0]
    assert nn.RReLU(0.25, 0.25, inplace=True).eval()(x).tolist() == [-0.25, 2.0]
    assert nn.functional.relu(x, True).tolist() == [0.0, 2.0]
    assert nn.functional.threshold(x, 0.0, 0.0, inplace=True).tolist() == [0.0, 2.0]
    assert nn.functional.dropout(x, 1.0, True, True).tolist() == [0.0, 0.0]
    assert x.tolist() == [-1.0, 2.0]


def test_rows_are_scaled_down_as_they_are_read(device):
    rows = lucid.asarray([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0], [1.0, 0.0]], device=device)
    layer = nn.Embedding.from_pretrained(rows, freeze=False, max_norm=1.0).to(device)
    held = layer.weight
    out = layer(lucid.asarray([[0, 1], [0, 3]], device=device))
    wanted = [[[0.6, 0.8], [0.3, 0.4]], [[0.6, 0.8], [1.0, 0.0]]]
    np.testing.assert_allclose(out.detach().numpy(), wanted, rtol=1e-6)
    assert layer.weight is held
    np.testing.assert_allclose(held.detach().numpy(), [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0], [1.0, 0.0]], rtol=1e-6)
    assert rows[0].tolist() == [3.0, 4.0]
    out.sum().backward()
    assert held.grad.tolist() == [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    nn.functional.embedding(lucid.asarray([2], device=device), held, None, 7.0, 1)
    np.testing.assert_allclose(held.detach().numpy()[2], [3.0, 4.0], rtol=1e-6)


def test_embeddings_that_are_there_already():
    rows = lucid.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=lucid.float64)
    layer = nn.Embedding.from_pretrained(rows, padding_idx=-1)
    assert (layer.weight.tolist(), layer.weight.dtype, layer.weight.requires_grad) == (rows.tolist(), rows.dtype, False)
    assert repr(layer) == "Embedding(2, 2, padding_idx=1)"
    bag = nn.EmbeddingBag.from_pretrained(rows, freeze=False, mode="sum")
    assert bag(lucid.asarray([[0, 1]])).tolist() == [[4.0, 6.0]]
    assert bag.weight.requires_grad
    with pytest.raises(ShapeError, match=r"Embedding.from_pretrained: embeddings have shape \(2,\); wanted \(n, d\)"):
        nn.Embedding.from_pretrained(lucid.ones(2))


def test_softmax_in_another_dtype():
    x = lucid.asarray([1, 2, 3])
    for function in (nn.functional.softmax, nn.functional.log_softmax, nn.functional.softmin):
        found = function(x, 0, dtype=lucid.float64)
        assert found.dtype is lucid.float64
        assert bool((found == function(x.astype(lucid.float64), 0)).all())
    with pytest.raises(TypeError, match="Softmax"):
        nn.Softmax(0, dtype=lucid.float64)


@pytest.mark.parametrize("dim", [-1, 0])
def test_draws_that_gradients_flow_through(dim, device):
    lucid.random.seed(0)
    shares = lucid.asarray([0.5, 0.25, 0.25], device=device)
    shape = (3, 1) if dim == 0 else (1, 3)
    logits = lucid.broadcast_to(lucid.log(shares).reshape(shape), (3, 4000) if dim == 0 else (4000, 3))
    hard = nn.functional.gumbel_softmax(logits, hard=True, dim=dim)
    assert set(hard.reshape((-1,)).tolist()) == {0.0, 1.0}
    assert hard.sum(axis=dim).tolist() == [1.0] * 4000
    np.testing.assert_allclose(hard.mean(axis=1 if dim == 0 else 0).tolist(), shares.tolist(), atol=0.04)  # 5 sigma
    lucid.random.seed(1)
    x = lucid.asarray([[0.0, 1.0, 2.0]], device=device, requires_grad=True)
    weights = lucid.asarray([[1.0, 2.0, 4.0]], device=device)
    slopes = []
    for is_hard in (False, True):
        lucid.random.seed(1)
        drawn = nn.functional.gumbel_softmax(x, 0.5, is_hard)
        slopes.append(lucid.grad((drawn * weights).sum(), [x])[0].tolist()[0])
    assert slopes[0] == slopes[1]
    lucid.random.seed(1)
    soft = nn.functional.softmax((x + lucid.random.gumbel((1, 3), device=device)) / 0.5)
    np.testing.assert_allclose(lucid.grad((soft * weights).sum(), [x])[0].tolist()[0], slopes[0], rtol=1e-6)
    with pytest.raises(ValueError, match="gumbel_softmax: tau=0; wanted a number above 0"):
        nn.functional.gumbel_softmax(x, 0)
