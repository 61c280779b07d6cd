"""`lucid parity`: says that devices agree, or what differs and fails."""

import json
from typing import Any

import pytest

from lucid import devices
from lucid.autograd.observe import observe
from tests.cli.calling import call, fails

pytestmark = pytest.mark.skipif(not devices.is_available("gpu"), reason="parity compares with the gpu")

QUICK = ("--image-size", "32", "--batch-size", "1")


def test_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    called = call(capsys, "parity", "pvt_tiny", *QUICK, "--json", "--seed", 2)
    assert (called.code, called.err) == (0, "")
    result = json.loads(called.out)
    assert result["agree"]
    assert result["weights"] == "RANDOM weights (seed 2)"
    assert set(result["environment"]["devices"]) == {"cpu", "gpu"}
    assert {"layer", "op", "difference", "tolerance", "reason", "ratio"} <= result["ops"][0].keys()
    assert all(op["ratio"] <= 1 for op in result["ops"])


def test_a_fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    gpu: Any = devices.backend("gpu")
    with monkeypatch.context() as patch:
        patch.setattr(gpu, "attention_in_heads", lambda q, kv, heads: q)
        called = call(capsys, "parity", *QUICK, "--depth", 1)
    with observe(lambda step, compute: compute()):  # ops look their functions up anew
        pass
    assert called.code == 1
    shown = " ".join(called.out.split())
    assert "The devices DIFFER. First of" in shown
    assert "attention_in_heads, in block1.0.attn, of float32 (1, 64, 64), float32 (1, 1, 128), as the gpu" in shown
    assert called.err == ""


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, 2, "argument MODEL: invalid choice: 'resnet'", "parity", "resnet")
    fails(capsys, 1, "lucid parity: PVT: an image is 16 x 16", "parity", "--image-size", 16)
