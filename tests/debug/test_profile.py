"""A profile has every op, times that add up, and a trace in which ops lie inside their layers."""

import json
from pathlib import Path
from typing import Any

import pytest

import lucid
from lucid import nn
from lucid.debug import Profile


class Product(nn.Module):
    def __init__(self) -> None:
        self.weight = nn.Parameter(lucid.ones((64, 32)))

    def forward(self, x: lucid.Tensor) -> lucid.Tensor:
        return x @ self.weight


def profiled(device: Any, training: bool = True) -> Profile:
    lucid.random.seed(0)
    model = nn.Sequential(nn.Sequential(Product(), nn.Softmax(-1)), nn.LayerNorm(32)).to(device)
    model[0][0].weight.grad = lucid.ones((64, 32), device=device)
    found = lucid.profile(model, lucid.ones((128, 64), device=device), training=training)
    assert (model[0][0].weight.grad == 1).all()  # gradients that were there stay what they were
    assert model[1].weight.grad is None
    return found


def test_every_op_has_a_cost(device: Any) -> None:
    found = profiled(device)
    names = [(cost.layer, cost.op) for cost in found.costs]
    assert names[:3] == [("0.0", "matmul"), ("0.1", "softmax"), ("1", "layer_norm")]
    assert ("0.0", "gradient of matmul") in names
    assert ("1", "gradient of layer_norm") in names
    assert all(cost.seconds > 0 for cost in found.costs)
    matmul = found.costs[0]
    assert matmul.nbytes == 128 * 32 * 4
    gradient = next(cost for cost in found.costs if cost.op == "gradient of matmul")
    assert gradient.nbytes == 64 * 32 * 4  # the input of the model asks for no gradient


def test_times_add_up(device: Any) -> None:
    found = profiled(device)
    starts = [cost.start for cost in found.costs]
    assert starts == sorted(starts)
    assert all(a.start + a.seconds <= b.start for a, b in zip(found.costs, found.costs[1:]))
    assert 0 < found.seconds < found.seen
    assert found.alone > 0
    assert sum(float(row[4].removesuffix(" %")) for row in found.by_op()) == pytest.approx(100, abs=0.5)


def test_memory(device: Any) -> None:
    """At least the result of the product and that of its softmax are there at once."""
    assert 2 * 128 * 32 * 4 <= profiled(device, training=False).peak < 1e6


def test_rows() -> None:
    found = profiled("cpu")
    assert [row[0] for row in found.by_layer(1)] == ["0", "1"]
    assert [row[0] for row in found.by_layer()] == ["0.0", "0.1", "1"]
    assert {row[0] for row in found.by_op()} == {"matmul", "softmax", "layer_norm"}
    text = str(found)
    assert "Waited for once at the end, as in real use" in text
    assert lucid.devices.describe("cpu") in text


def test_inference_has_no_gradients() -> None:
    found = profiled("cpu", training=False)
    assert not any(cost.backward for cost in found.costs)
    assert len(found.costs) == 3


def test_the_trace(tmp_path: Path) -> None:
    found = profiled("cpu")
    found.save_trace(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace == found.trace()
    name, *slices = trace["traceEvents"]
    assert name["args"] == {"name": "Sequential on cpu"}
    assert all(event["ph"] == "X" and event["dur"] > 0 for event in slices)
    assert [event["name"] for event in slices[:7]] == [
        "forward", "0", "0.0", "matmul", "0.1", "softmax", "1",
    ]  # fmt: skip
    assert len([event for event in slices if event["cat"] == "op"]) == len(found.costs)
    ends: list[float] = []
    for event in slices:  # each inside the one around it, up to rounding
        while ends and event["ts"] >= ends[-1] - 1e-3:
            ends.pop()
        assert not ends or event["ts"] + event["dur"] <= ends[-1] + 1e-3
        ends.append(event["ts"] + event["dur"])
