"""The transformer's decoder, and both halves together, against their formulas in NumPy."""

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid.autograd import check_gradients, vmap
from lucid.errors import ShapeError
from tests.nn.test_layers import host, values

CLOSE = {"rtol": 1e-4, "atol": 1e-4}  # float32: some twenty sums of up to sixteen terms, one after the other


def normalised(x, w, name, eps):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return x * w[f"{name}.weight"] + w.get(f"{name}.bias", 0.0)


def attended(x, memory, w, name, heads, unseen):
    """Attention of x (n, dim) to memory (m, dim), head by head."""
    weights, biases = np.split(w[f"{name}.in_proj_weight"], 3), np.split(w.get(f"{name}.in_proj_bias", np.zeros(24)), 3)
    q, k, v = (of @ a.T + b for of, a, b in zip((x, memory, memory), weights, biases))
    outs = []
    for head in np.split(np.arange(q.shape[1]), heads):
        scores = np.exp(np.where(unseen, -np.inf, q[:, head] @ k[:, head].T / np.sqrt(len(head))))
        outs.append(scores / scores.sum(1, keepdims=True) @ v[:, head])
    return np.concatenate(outs, 1) @ w[f"{name}.out_proj.weight"].T + w.get(f"{name}.out_proj.bias", 0.0)


def decoded(layer, x, memory, unseen, unread):
    """A decoder layer for one target x (n, dim) and one memory (m, dim); masks say what is not seen."""
    w = {name: host(p) for name, p in layer.named_parameters()}

    def fed(x):
        hidden = np.maximum(x @ w["linear1.weight"].T + w.get("linear1.bias", 0.0), 0)
        return hidden @ w["linear2.weight"].T + w.get("linear2.bias", 0.0)

    parts = (
        lambda x: attended(x, x, w, "self_attn", 2, unseen),
        lambda x: attended(x, memory, w, "multihead_attn", 2, unread),
        fed,
    )
    for n, part in enumerate(parts, 1):
        if layer.norm_first:
            x = x + part(normalised(x, w, f"norm{n}", layer.norm1.eps))
        else:
            x = normalised(x + part(x), w, f"norm{n}", layer.norm1.eps)
    return x


@pytest.mark.parametrize(
    "options", [{}, {"norm_first": True, "batch_first": True}, {"bias": False, "activation": "relu"}]
)
def test_a_decoder_layer_is_its_formula(options, device):
    lucid.random.seed(0)
    layer = nn.TransformerDecoderLayer(8, 2, 16, layer_norm_eps=0.1, **options).to(device).eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.4)
    (x, of_x), (memory, of_memory) = values(2, 3, 8, device=device), values(2, 5, 8, device=device, seed=1)
    later, padding = np.triu(np.ones((3, 3), bool), 1), np.arange(5) > np.array([[4], [2]])
    wanted = np.stack([decoded(layer, *each, later, gone) for *each, gone in zip(of_x, of_memory, padding)])
    given = [x, memory] if layer.self_attn.batch_first else [x.permute_dims((1, 0, 2)), memory.permute_dims((1, 0, 2))]
    masks = {"tgt_mask": lucid.asarray(later, device=device)}
    found = host(layer(*given, **masks, memory_key_padding_mask=lucid.asarray(padding, device=device)))
    np.testing.assert_allclose(found if layer.self_attn.batch_first else found.swapaxes(0, 1), wanted, **CLOSE)
    alone = layer(x[0], memory[0], **masks)
    np.testing.assert_allclose(host(alone), wanted[0], **CLOSE)  # the first has no padding
    unread = np.array([[0, 1, 0, 0, 1]] * 3, bool)
    read = layer(x[0], memory[0], **masks, memory_mask=lucid.asarray(unread, device=device))
    np.testing.assert_allclose(host(read), decoded(layer, of_x[0], of_memory[0], later, unread), **CLOSE)


def small(**options):
    return nn.Transformer(8, 2, 2, 2, 16, **options)


def test_a_transformer_is_its_decoder_of_what_its_encoder_gives(device):
    lucid.random.seed(0)
    model = small().to(device).eval()
    source, target = values(5, 2, 8, device=device)[0], values(3, 2, 8, device=device, seed=1)[0]
    mask = model.generate_square_subsequent_mask(3, device=device)
    memory = source
    for layer in model.encoder.layers:
        memory = layer(memory)
    x, memory = target, model.encoder.norm(memory)
    for layer in model.decoder.layers:
        x = layer(x, memory, mask)
    np.testing.assert_allclose(host(model(source, target, tgt_mask=mask)), host(model.decoder.norm(x)), **CLOSE)


def test_what_comes_later_or_is_padding_is_not_seen(device):
    model = small(batch_first=True).to(device).eval()
    source, target = values(2, 5, 8, device=device)[0], values(2, 4, 8, device=device, seed=1)[0]
    mask = nn.Transformer.generate_square_subsequent_mask(4, device=device)
    changed = target.clone()
    changed[:, 2] += 1.0
    gap = abs(host(model(source, target, tgt_mask=mask)) - host(model(source, changed, tgt_mask=mask))).max((0, 2))
    assert gap[:2].max() < 1e-6
    assert gap[2:].min() > 1e-3
    empty = {"tgt_key_padding_mask": lucid.asarray([[False, False, True, False]] * 2, device=device)}
    kept, moved = (host(model(source, x, **empty)) for x in (target, changed))
    np.testing.assert_allclose(kept[:, [0, 1, 3]], moved[:, [0, 1, 3]], **CLOSE)
    lost = source.clone()
    lost[:, 3] += 1.0
    padding = lucid.asarray([[False, False, False, True, False]] * 2, device=device)
    hidden = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    np.testing.assert_allclose(host(model(source, target, **hidden)), host(model(lost, target, **hidden)), **CLOSE)


def test_the_mask_of_a_transformer():
    mask = nn.Transformer.generate_square_subsequent_mask(3, dtype=lucid.float64)
    assert mask.tolist() == [[0, -np.inf, -np.inf], [0, 0, -np.inf], [0, 0, 0]]
    assert mask.dtype is lucid.float64


def test_encoder_and_decoder_may_be_others():
    class Doubled(nn.Module):
        def forward(self, src, **options):
            assert set(options) == {"mask", "src_key_padding_mask", "is_causal"}
            return src * 2

    class Summed(nn.Module):
        def forward(self, tgt, memory, **options):
            assert {"tgt_mask", "memory_mask", "tgt_is_causal"} < set(options)
            return tgt + memory

    model = nn.Transformer(8, 2, custom_encoder=Doubled(), custom_decoder=Summed())
    assert model(lucid.ones((3, 8)), lucid.ones((3, 8))).tolist() == [[3.0] * 8] * 3


def test_parameters_have_pytorchs_names_and_order():
    attention = [f"{kind}.{end}" for kind in ("in_proj", "out_proj") for end in ("weight", "bias")]
    attention = [name.replace("in_proj.", "in_proj_") for name in attention]
    names = [f"{which}.{name}" for which in ("self_attn", "multihead_attn") for name in attention]
    parts = ("linear1", "linear2", "norm1", "norm2", "norm3")
    names += [f"{part}.{end}" for part in parts for end in ("weight", "bias")]
    layer = nn.TransformerDecoderLayer(8, 2, 16)
    assert list(layer.state_dict()) == names
    kept = [name for name in names if name.endswith("weight")]
    assert list(nn.TransformerDecoderLayer(8, 2, 16, bias=False).state_dict()) == kept
    decoder = [name for name in small().state_dict() if name.startswith("decoder")]
    layers = [f"decoder.layers.{n}.{name}" for n in range(2) for name in names]
    assert decoder == [*layers, "decoder.norm.weight", "decoder.norm.bias"]


def test_all_matrices_of_a_transformer_start_as_those_of_attention():
    lucid.random.seed(0)
    for name, parameter in nn.Transformer(32, 2, 1, 1, 64).named_parameters():
        if parameter.ndim > 1:
            bound = np.sqrt(6 / sum(parameter.shape))
            assert 0.95 * bound < parameter.abs().max().item() <= bound, name


def test_gradients_of_target_and_memory():
    layer = nn.TransformerDecoderLayer(4, 2, 4, activation="gelu").to(lucid.float64).eval()
    target, memory = (lucid.asarray(values(n, 4, seed=n)[1], requires_grad=True) for n in (2, 3))
    check_gradients(layer, [target, memory])


def test_every_parameter_gets_a_gradient(device):
    lucid.random.seed(0)
    model = small().to(device)
    (model(values(5, 2, 8, device=device)[0], values(3, 2, 8, device=device, seed=1)[0]) ** 3).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max().item() > 1e-4, name


def test_it_compiles(device):
    model = nn.Transformer(8, 2, 1, 1, 16).to(device).eval()
    source, target = values(5, 2, 8, device=device)[0], values(3, 2, 8, device=device, seed=1)[0]
    np.testing.assert_allclose(host(lucid.compile(model)(source, target)), host(model(source, target)), **CLOSE)


def test_vmap_is_a_batch(device):
    model = small(batch_first=True).to(device).eval()
    source, target = values(2, 5, 8, device=device)[0], values(2, 3, 8, device=device, seed=1)[0]
    np.testing.assert_allclose(host(vmap(model)(source, target)), host(model(source, target)), **CLOSE)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: small()(lucid.ones((5, 2, 8)), lucid.ones((5, 3, 8))),
            ShapeError,
            r"Transformer: src has shape \(5, 2, 8\) and tgt \(5, 3, 8\); wanted \(n, b, 8\) and \(m, b, 8\)",
        ),
        (
            lambda: small(batch_first=True)(lucid.ones((2, 5, 8)), lucid.ones((2, 3, 4))),
            ShapeError,
            r"Transformer: .* tgt \(2, 3, 4\); wanted \(b, n, 8\) and \(b, m, 8\)",
        ),
        (lambda: small()(lucid.ones((5, 2, 8)), lucid.ones((5, 8))), ShapeError, "or both without b"),
        (
            lambda: nn.TransformerDecoderLayer(8, 2, activation="sin"),
            ValueError,
            "TransformerDecoderLayer: activation='sin'; choose 'relu', 'gelu' or a function",
        ),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()
