"""`lucid profile`: tables, all numbers, and a trace for each device."""

import json
from pathlib import Path

import pytest

from lucid import devices
from tests.cli.calling import call, fails

QUICK = ("--image-size", "32")


@pytest.mark.parametrize("training", [False, True])
def test_profile(training: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--training"] if training else []
    called = call(capsys, "profile", *QUICK, "--output", tmp_path, "--json", *flags)
    assert (called.code, called.err) == (0, "")
    result = json.loads(called.out)
    assert result == json.loads((tmp_path / "profile.json").read_text())
    assert result["what"] == f"pvt_tiny, {'training' if training else 'inference'}, batch of 1"
    for device, about in result["devices"].items():
        assert any(op["backward"] for op in about["ops"]) is training
        assert 0 < about["seconds_in_ops"] < about["seconds_seen"]
        assert about["trace"] == str(tmp_path / f"trace-{device}.json")
        assert json.loads(Path(about["trace"]).read_text())["traceEvents"]


def test_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called = call(capsys, "profile", *QUICK, "--output", tmp_path, "--device", "cpu", "--depth", 1)
    assert called.code == 0
    for text in ("patch_embed1", "block4", "layer_norm", "MB of results", devices.describe("cpu"), "trace-cpu.json"):
        assert text in called.out
    assert "block4.0" not in called.out


def test_bad_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fails(capsys, 2, "argument MODEL: invalid choice: 'resnet'", "profile", "resnet")
    (tmp_path / "runs").touch()
    fails(capsys, 2, "runs is no folder", "profile", *QUICK, "--output", tmp_path / "runs")
