"""Spatial-reduction attention, against a direct writing of its formula, head by head."""

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid.errors import ShapeError


def reference(layer, x, height, width):
    """The output before the projection, and the attention weights, for tokens x (n, dim) of one image."""
    w = {name: p.detach().numpy().astype(np.float64) for name, p in layer.named_parameters()}
    bias = {name: w.get(f"{name}.bias", 0.0) for name in ("q", "kv")}
    q, r, small = x @ w["q.weight"].T + bias["q"], layer.sr_ratio, x
    if r > 1:
        rows, columns = height // r, width // r
        small = np.empty((rows * columns, layer.dim))
        image = x.reshape(height, width, -1)
        for i in range(rows):
            for j in range(columns):
                patch = image[i * r : (i + 1) * r, j * r : (j + 1) * r]
                small[i * columns + j] = np.einsum("klc,ockl->o", patch, w["sr.weight"]) + w["sr.bias"]
        small = (small - small.mean(1, keepdims=True)) / np.sqrt(small.var(1, keepdims=True) + layer.norm.eps)
        small = small * w["norm.weight"] + w["norm.bias"]
    k, v = np.split(small @ w["kv.weight"].T + bias["kv"], 2, axis=1)
    outs, weights = [], []
    for head in np.split(np.arange(layer.dim), layer.num_heads):
        scores = q[:, head] @ k[:, head].T / np.sqrt(len(head))
        chances = np.exp(scores - scores.max(1, keepdims=True))
        weights.append(chances / chances.sum(1, keepdims=True))
        outs.append(weights[-1] @ v[:, head])
    return np.concatenate(outs, 1), np.stack(weights)


@pytest.mark.parametrize(
    ("options", "height", "width"),
    [
        ({"num_heads": 1, "sr_ratio": 1}, 3, 4),
        ({"num_heads": 4, "sr_ratio": 2}, 4, 6),
        ({"num_heads": 2, "sr_ratio": 2.0, "out_proj": False}, 5, 7),  # a row and a column are left over
        ({"num_heads": 2, "sr_ratio": 3, "qkv_bias": False, "norm_eps": 0.1}, 3, 6),
    ],
)
def test_it_is_its_formula(options, height, width, device):
    layer = nn.SpatialReductionAttention(8, **options)
    for i, parameter in enumerate(layer.parameters()):
        nn.init.normal_(parameter, std=0.5, generator=lucid.random.Generator(i))
    x = np.random.default_rng(0).normal(size=(2, height * width, 8)).astype(np.float32)
    outs, weights = zip(*(reference(layer, one.astype(np.float64), height, width) for one in x))
    wanted = np.stack(outs)
    if layer.proj is not None:
        wanted = wanted @ layer.proj.weight.detach().numpy().T + layer.proj.bias.detach().numpy()
    given = lucid.asarray(x, device=device)
    layer.to(device)
    np.testing.assert_allclose(layer(given, height, width).detach().numpy(), wanted, rtol=1e-4, atol=1e-4)
    found = layer.attention_weights(given, height, width).detach().numpy()
    np.testing.assert_allclose(found, np.stack(weights), rtol=1e-4, atol=1e-5)
    with lucid.no_grad():  # the fused kernel of a device, where there is one
        np.testing.assert_allclose(layer(given, height, width).numpy(), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"out_proj": False}, {"qkv_bias": False}, {"sr_ratio": 1}])
def test_parameters_have_the_official_names(options):
    names = [name for name, _ in nn.SpatialReductionAttention(8, 2, **({"sr_ratio": 2} | options)).named_parameters()]
    wanted = {"q", "kv", "proj", "sr", "norm"}
    wanted -= {"proj"} if options.get("out_proj") is False else set()
    wanted -= {"sr", "norm"} if options.get("sr_ratio") == 1 else set()
    biases = wanted - ({"q", "kv"} if options.get("qkv_bias") is False else set())
    assert set(names) == {f"{name}.weight" for name in wanted} | {f"{name}.bias" for name in biases}


def test_every_parameter_and_the_input_get_a_gradient(device):
    layer = nn.SpatialReductionAttention(8, 2, 2).to(device)
    x = lucid.random.normal((2, 16, 8), device=device).requires_grad_()
    lucid.square(layer(x, 4, 4)).sum().backward()
    for name, p in (*layer.named_parameters(), ("x", x)):
        assert p.grad is not None, name
        assert p.grad.abs().max().item() > 1e-6, name


def test_dropout_acts_in_training_alone(device):
    lucid.random.seed(0)
    x = lucid.random.normal((1, 16, 8), device=device)
    for option in ("attn_drop", "proj_drop"):
        layer = nn.SpatialReductionAttention(8, 2, 2, **{option: 0.5}).to(device)
        assert layer(x, 4, 4).tolist() != layer(x, 4, 4).tolist()
        layer.eval()
        assert layer(x, 4, 4).tolist() == layer(x, 4, 4).tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.SpatialReductionAttention(8, 3), "num_heads=3 does not divide dim=8"),
        (lambda: nn.SpatialReductionAttention(8, 2, 1.5), "sr_ratio=1.5; wanted a whole number"),
        (lambda: nn.SpatialReductionAttention(8, 2, 0), "sr_ratio=0; wanted a whole number"),
        (lambda: nn.SpatialReductionAttention(8, 2, 2)(lucid.ones((1, 16, 4)), 4, 4), r"wanted \(b, n, 8\)"),
        (
            lambda: nn.SpatialReductionAttention(8, 2, 2)(lucid.ones((1, 16, 8)), 4, 5),
            "16 tokens for height=4, width=5",
        ),
        (lambda: nn.SpatialReductionAttention(8, 2, 4)(lucid.ones((1, 12, 8)), 3, 4), "at least sr_ratio=4"),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
