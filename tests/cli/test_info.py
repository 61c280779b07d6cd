"""`lucid info`: what is here, and what is not."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from lucid import devices
from lucid.cli import info
from tests.cli.calling import call
from tests.cli.test_run import lucid_command


def test_info(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LUCID_ANYTHING", "7")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    about = json.loads(call(capsys, "info", "--json").out)
    shown = call(capsys, "info").out
    assert list(about["devices"]) == [device for device in devices.DEVICES if devices.is_available(device)]
    for device, found in about["devices"].items():
        assert found["runs_on"] == devices.describe(device)
        assert f"{device:<13} {found['runs_on']}" in shown
        assert found["precision"] in shown
        assert all(isinstance(count, int) for count in found["memory"].values())
    assert about["devices"]["cpu"]["memory"]["of the machine"] > 2**28
    assert about["settings"]["LUCID_ANYTHING"] == "7"
    assert about["packages"]["pillow"] == version("pillow")
    assert about["measurements"] == 0
    assert f"{'pillow':<13} {version('pillow')}" in shown
    assert "NOT HERE" not in shown or about["missing"]


def test_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(info.OPTIONAL, "no-such-package", ("dreams", "dream"))
    line = f"{'no-such-package':<13} NOT HERE: pip install 'lucid-tensor[dream]' brings it, for dreams"
    assert line in call(capsys, "info").out


def test_without_mlx() -> None:
    done = lucid_command("info", before="sys.modules['mlx'] = None")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{'gpu':<13} NOT HERE: MLX could not be imported" in done.stdout
    assert "install it with: pip install mlx (Mac)" in done.stdout
    done = lucid_command("info", before="sys.modules['rich'] = None")
    assert done.returncode == 0


@pytest.mark.gpu
@pytest.mark.skipif(not devices.is_available("gpu"), reason="needs MLX")
def test_reduced_precision_is_said() -> None:
    usual = lucid_command("info", "--json", before="import os; os.environ.pop('LUCID_ENABLE_TF32', None)")
    assert "LUCID_ENABLE_TF32=1 lets" in json.loads(usual.stdout)["devices"]["gpu"]["precision"]
    reduced = lucid_command("info", "--json", before="import os; os.environ['LUCID_ENABLE_TF32'] = '1'")
    assert "may have the precision of TF32" in json.loads(reduced.stdout)["devices"]["gpu"]["precision"]
