"""Recurrent networks and cells: their formulas in NumPy, their names, their starts, and what they refuse."""

from copy import deepcopy

import numpy as np
import pytest

import lucid
from lucid import nn, tree
from lucid.autograd import vmap
from lucid.errors import ShapeError
from tests.nn.test_layers import host, values

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32: sums of up to ten terms near 1, through four steps and two layers
KINDS = ("RNN", "LSTM", "GRU")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def stepped(kind, w, end, x, h, c, nonlinearity=np.tanh):
    """One step for one vector x, gate by gate, as PyTorch's documentation has it: the next h, and the next c."""
    parts = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]
    zeros = np.zeros(len(w[f"weight_ih{end}"]))
    given, kept = (
        np.split(w[f"weight_{of}{end}"] @ v + w.get(f"bias_{of}{end}", zeros), parts)
        for of, v in (("ih", x), ("hh", h))
    )
    if kind == "RNN":
        return nonlinearity(given[0] + kept[0]), c
    if kind == "GRU":
        r, z = sigmoid(given[0] + kept[0]), sigmoid(given[1] + kept[1])
        return (1 - z) * np.tanh(given[2] + r * kept[2]) + z * h, c
    i, f, o = (sigmoid(given[n] + kept[n]) for n in (0, 1, 3))
    c = f * c + i * np.tanh(given[2] + kept[2])
    h = o * np.tanh(c)
    return (w[f"weight_hr{end}"] @ h if f"weight_hr{end}" in w else h), c


def reference(kind, network, x, h, c):
    """Output and last states for x (time, features) and states (layers directions, size), vector by vector."""
    w = {name: host(p) for name, p in network.named_parameters()}
    nonlinearity = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0)}[network.nonlinearity]
    lasts, n = [], 0
    for layer in range(network.num_layers):
        outs = []
        for way in ("", "_reverse") if network.bidirectional else ("",):
            state, out = (h[n], c[n]), [None] * len(x)
            for t in reversed(range(len(x))) if way else range(len(x)):
                state = stepped(kind, w, f"_l{layer}{way}", x[t], *state, nonlinearity)
                out[t] = state[0]
            outs.append(np.stack(out))
            lasts.append(state)
            n += 1
        x = np.concatenate(outs, axis=1)
    return x, *(np.stack(part) for part in zip(*lasts))


USUAL = [{}, {"bias": False, "batch_first": True}, {"num_layers": 2, "bidirectional": True}]
PROJECTED = [
    {"num_layers": 3, "batch_first": True, "bidirectional": True, "proj_size": 2},
    {"num_layers": 2, "bias": False, "proj_size": 1},
]
NETWORKS = [(kind, options) for kind in KINDS for options in USUAL] + [("LSTM", options) for options in PROJECTED]


@pytest.mark.parametrize(("kind", "options"), [*NETWORKS, ("RNN", {"nonlinearity": "relu", "bidirectional": True})])
def test_a_network_is_its_formula(kind, options, device):
    lucid.random.seed(0)
    network = getattr(nn, kind)(3, 4, **options).to(device)
    lead, size = network.num_layers * (2 if network.bidirectional else 1), network.proj_size or 4
    x, of_x = values(5, 2, 3, device=device)
    h, of_h = values(lead, 2, size, device=device, seed=1)
    c, of_c = values(lead, 2, 4, device=device, seed=2)
    given = x.permute_dims((1, 0, 2)) if network.batch_first else x
    for hx, scale in (((h, c) if kind == "LSTM" else h, 1), (None, 0)):
        out, last = network(given, hx)
        singles = [reference(kind, network, of_x[:, b], scale * of_h[:, b], scale * of_c[:, b]) for b in range(2)]
        wanted, *lasts = (np.stack(part, axis=1) for part in zip(*singles))
        np.testing.assert_allclose(host(out), wanted.swapaxes(0, 1) if network.batch_first else wanted, **CLOSE)
        for found, right in zip(last if kind == "LSTM" else [last], lasts):
            np.testing.assert_allclose(host(found), right, **CLOSE)
        alone = (h[:, 0], c[:, 0]) if kind == "LSTM" else h[:, 0]
        out, last = network(x[:, 0], None if hx is None else alone)  # time comes first also for batch_first
        np.testing.assert_allclose(host(out), singles[0][0], **CLOSE)
        np.testing.assert_allclose(host(tree.leaves(last)[0]), singles[0][1], **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(), (2,), (0,)])
def test_a_cell_is_a_step(kind, bias, lead, device):
    cell = getattr(nn, f"{kind}Cell")(3, 4, bias).to(device)
    w = {name: host(p) for name, p in cell.named_parameters()}
    x, of_x = values(*lead, 3, device=device)
    h, of_h = values(*lead, 4, device=device, seed=1)
    c, of_c = values(*lead, 4, device=device, seed=2)
    for hx, scale in (((h, c) if kind == "LSTM" else h, 1), (None, 0)):
        found = tree.leaves(cell(x, hx))
        rows = zip(of_x.reshape(-1, 3), scale * of_h.reshape(-1, 4), scale * of_c.reshape(-1, 4))
        wanted = list(zip(*(stepped(kind, w, "", *row) for row in rows))) or [np.zeros(0)] * 2
        assert len(found) == (2 if kind == "LSTM" else 1)
        for f, of_state in zip(found, wanted):
            np.testing.assert_allclose(host(f), np.reshape(of_state, (*lead, 4)), **CLOSE)


def test_parameters_have_pytorchs_names_shapes_and_order():
    lstm = nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2)
    wanted = {}
    for layer, inputs in ((0, 3), (1, 4)):
        for way in ("", "_reverse"):
            end = f"_l{layer}{way}"
            wanted |= {f"weight_ih{end}": (16, inputs), f"weight_hh{end}": (16, 2), f"bias_ih{end}": (16,)}
            wanted |= {f"bias_hh{end}": (16,), f"weight_hr{end}": (2, 4)}
    assert [(name, x.shape) for name, x in lstm.state_dict().items()] == list(wanted.items())
    assert {name: x.shape for name, x in nn.GRU(3, 4, bias=False).state_dict().items()} == {
        "weight_ih_l0": (12, 3),
        "weight_hh_l0": (12, 4),
    }
    assert list(nn.RNNCell(3, 4).state_dict()) == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]


def test_they_start_between_bounds_that_hidden_size_sets():
    lucid.random.seed(0)
    for module in (nn.LSTM(5, 64), nn.GRUCell(5, 64)):
        for parameter in module.parameters():
            assert 0.9 / 8 < parameter.abs().max().item() <= 1 / 8
            assert abs(parameter.mean().item()) < 0.02


def test_dropout_is_between_layers_and_in_training(device):
    x, _ = values(4, 2, 3, device=device)
    network = nn.RNN(3, 4, 2, dropout=1.0).to(device)
    out, _ = network(x)
    second = nn.RNN(4, 4).to(device)
    second.load_state_dict({name.replace("_l1", "_l0"): p for name, p in network.state_dict().items() if "_l1" in name})
    np.testing.assert_allclose(host(out), host(second(lucid.zeros((4, 2, 4), device=device))[0]), **CLOSE)
    kept = nn.RNN(3, 4, 2).to(device)
    kept.load_state_dict(network.state_dict())
    np.testing.assert_array_equal(host(network.eval()(x)[0]), host(kept(x)[0]))
    alone = nn.RNN(3, 4, dropout=1.0).to(device)
    np.testing.assert_array_equal(host(alone(x)[0]), host(alone.eval()(x)[0]))


def test_a_training_step_compiles(device):
    def learnt(wrap):
        lucid.random.seed(0)
        network = nn.LSTM(3, 4, bidirectional=True).to(device)
        optimizer = lucid.optim.SGD(network.parameters(), lr=0.5)

        def step(x):
            loss = (network(x)[0] ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach()

        step = wrap(step)
        return [step(values(2, 2, 3, device=device, seed=seed)[0]).item() for seed in range(4)]

    assert learnt(lucid.compile) == pytest.approx(learnt(lambda f: f), rel=1e-5)  # a fused product rounds less often


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_a_network_compiles(kind, device):
    network, (x, _) = getattr(nn, kind)(3, 4).to(device), values(3, 2, 3, device=device)
    np.testing.assert_allclose(host(lucid.compile(network)(x)[0]), host(network(x)[0]), **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_is_a_batch(kind, device):
    x, _ = values(5, 2, 3, device=device)
    network = getattr(nn, kind)(3, 4, bidirectional=True).to(device)
    found, wanted = vmap(lambda one: network(one), in_axes=1, out_axes=1)(x), network(x)
    for f, w in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(host(f), host(w), **CLOSE)


def test_copies_are_on_their_own():
    network = nn.LSTM(3, 4, 2)
    copy = deepcopy(network)
    copy.reset_parameters()
    assert copy.weight_ih_l1.tolist() != network.weight_ih_l1.tolist()
    x = lucid.ones((5, 3))
    copy.load_state_dict(network.state_dict())
    assert copy(x)[0].tolist() == network(x)[0].tolist()


class Reader(nn.GRU):
    """What users make of a network."""

    def __init__(self, words, *more):
        super().__init__(2, 3)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.RNNCell(2, 3), "RNNCell(2, 3)"),
        (nn.RNNCell(2, 3, nonlinearity="relu"), "RNNCell(2, 3, nonlinearity='relu')"),
        (nn.GRU(2, 3, 2, batch_first=True), "GRU(2, 3, num_layers=2, batch_first=True)"),
        (nn.LSTM(2, 3, bias=False, proj_size=1), "LSTM(2, 3, bias=False, proj_size=1)"),
        (nn.RNN(2, 3, 2, "relu", dropout=0.5), "RNN(2, 3, num_layers=2, nonlinearity='relu', dropout=0.5)"),
        (Reader(5, 6, 7), "Reader(2, 3)"),
    ],
)
def test_reprs_show_what_is_not_usual(module, text):
    assert repr(module) == text


def test_a_summary_counts_the_products():
    summary = nn.GRU(3, 4, 2).summary((5, 2, 3))  # ten vectors, through three gates of two layers
    assert summary.multiply_adds == 10 * 12 * (3 + 4 + 4 + 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.GRU(3, 4)(lucid.ones((5, 2, 4))),
            ShapeError,
            r"GRU: x has shape \(5, 2, 4\); wanted \(time, b, 3\)",
        ),
        (lambda: nn.LSTM(3, 4, batch_first=True)(lucid.ones(3)), ShapeError, r"LSTM: .* \(3,\); wanted \(b, time, 3\)"),
        (lambda: nn.RNN(3, 4)(lucid.ones((0, 2, 3))), ShapeError, r"RNN: .* \(0, 2, 3\); .* at least one step"),
        (lambda: nn.RNN(3, 4)([[1.0]]), TypeError, "RNN: x is list; wanted a Tensor"),
        (
            lambda: nn.RNN(3, 4)(lucid.ones((5, 2, 3)), lucid.ones((1, 4))),
            ShapeError,
            r"RNN: x has shape \(5, 2, 3\) and the tensors of hx \[\(1, 4\)\]; wanted \[\(1, 2, 4\)\]",
        ),
        (lambda: nn.LSTM(3, 4)(lucid.ones((5, 3)), lucid.ones((1, 4))), ShapeError, r"wanted \[\(1, 4\), \(1, 4\)\]"),
        (lambda: nn.GRU(3, 4)(lucid.ones((5, 3)), 1.0), TypeError, "GRU: hx is float; wanted a Tensor"),
        (
            lambda: nn.LSTMCell(3, 4)(lucid.ones((5, 2, 3))),
            ShapeError,
            r"LSTMCell: x has shape \(5, 2, 3\); wanted \(b, 3\)",
        ),
        (lambda: nn.GRUCell(3, 4)(lucid.ones(3), lucid.ones((1, 4))), ShapeError, r"GRUCell: .* wanted \[\(4,\)\]"),
        (lambda: nn.GRUCell(0, 4), ShapeError, "GRUCell: got input_size=0, hidden_size=4"),
        (lambda: nn.GRU(3, 4, 0), ShapeError, "GRU: got input_size=3, hidden_size=4, 0 layers; wanted 1 or more"),
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), ValueError, "RNN: nonlinearity='sin'; choose 'tanh' or 'relu'"),
        (lambda: nn.RNN(3, 4, dropout=1.5), ValueError, "RNN: p=1.5; wanted a probability"),
        (
            lambda: nn.LSTM(3, 4, proj_size=4),
            ShapeError,
            "LSTM: got proj_size=4, hidden_size=4; wanted 0, or for LSTM less",
        ),
        (lambda: nn.GRU(3, 4, proj_size=2), ShapeError, "GRU: got proj_size=2"),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()
