"""`lucid bench`: every way of running a model, what it took, and what is remembered of it."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lucid import devices, models
from lucid.cli import bench
from lucid.cli.bench import Case, throughput
from lucid.models import placement
from lucid.models.placement import Measurement
from tests.cli.calling import call, fails

GPU = devices.is_available("gpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lucid" / "measurements.json"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that takes no time."""
    config = {"embed_dims": (8, 16), "depths": (1, 1), "num_heads": (1, 2), "sr_ratios": (2, 1), "mlp_ratios": (1, 1)}
    monkeypatch.setattr(models, "create_model", lambda name, **options: models.PVT(img_size=32, **config, **options))


def test_every_way(small: None, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--image-size", 32, 64, "--batch-size", 1, 2]
    called = call(capsys, "bench", *sizes, "--rounds", 2, "--output", tmp_path, "--json")
    assert (called.code, called.err) == (0, "")
    result = json.loads(called.out)
    assert result == json.loads((tmp_path / "throughput.json").read_text())
    rows = result["throughput"]["rows"]
    ways = {(row["mode"], row["device"], row["compiled"]) for row in rows}
    on_cpu = {("inference", "cpu", False), ("training", "cpu", False)}
    on_gpu = {(mode, "gpu", compiled) for mode in ("inference", "training") for compiled in (False, True)}
    assert ways == (on_cpu | on_gpu if GPU else on_cpu)
    assert len(rows) == 4 * len(ways)
    for row in rows:
        assert len(row["seconds"]) == 2
        assert row["images_per_second"] == pytest.approx(row["batch_size"] / np.median(row["seconds"]))
        assert row["runs_on"] == devices.describe(row["device"])
    with Image.open(tmp_path / "throughput.png") as picture:
        assert min(picture.size) > 1000  # a panel for each mode and size
    assert cache.exists() is GPU
    if GPU:
        assert [c["batch_sizes"] for c in result["crossings"]] == [[1, 2]] * 8
        kept = {(m.training, *m[1:2], *m[4:7]): m.seconds for m in placement.measurements()}
        assert len(kept) == len(rows)
        for row in rows:
            way = (row["mode"] == "training", row["device"], row["compiled"])
            seconds = kept[*way, row["image_size"], row["batch_size"]]
            assert seconds == np.median(row["seconds"])


def test_the_table(small: None, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick = ["bench", "--image-size", 32, "--quick", "--output", tmp_path, "--mode", "inference", "--device", "cpu"]
    called = call(capsys, *quick)
    assert called.code == 0
    assert "pvt_tiny, float32, inference: images a second, medians of 2" in " ".join(called.out.split())
    assert "┃ pixels ┃ batch ┃ cpu: NumPy" in called.out
    assert "training" not in called.out
    assert not cache.exists()  # one device says nothing about which is faster, nor do two rounds


def test_throughput_leaves_the_model_alone(small: None) -> None:
    seen: list[int] = []
    model = models.create_model("small")
    found = throughput(
        model, ["cpu"], [2], 2, modes=("training",), compiled=True, warm_up=1, pixels=[32], seen=seen.append
    )
    assert list(found) == [Case("training", "cpu", False, 32, 2)]  # the cpu compiles nothing
    assert seen == [3, 3, 3]
    assert model.head.weight.grad is None  # a copy of it learnt


def remembered(seconds: dict[tuple[str, int], float]) -> None:
    of: Any = {device: devices.describe(device) for device in devices.DEVICES if devices.is_available(device)}
    placement.remember(
        Measurement("pvt_tiny", device, of.get(device, "?"), False, False, 224, size, time)  # type: ignore[arg-type]
        for (device, size), time in seconds.items()
    )


@pytest.mark.skipif(not GPU, reason="compares with the gpu")
def test_what_is_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    assert "`lucid bench MODEL` measures" in call(capsys, "bench", "--remembered").out
    remembered({("cpu", 1): 0.1, ("gpu", 1): 0.5, ("cpu", 8): 0.8, ("gpu", 8): 0.2})
    shown = call(capsys, "bench", "--remembered").out
    assert "40.00" in shown
    assert "pvt_tiny, 224 pixels, inference: the gpu is faster from a batch of 8 on." in shown
    assert len(json.loads(call(capsys, "bench", "--remembered", "--json").out)["measurements"]) == 4
    assert "4 measurements of" in call(capsys, "bench", "--forget").out
    assert placement.measurements() == []


def test_what_is_said() -> None:
    about = {"model": "m", "image_size": 224, "training": True, "compiled": True, "batch_sizes": [1, 8]}
    lines = bench._said([about | {"gpu_wins_from": start} for start in (1, 8, None)])
    assert lines == [
        "m, 224 pixels, training, compiled: the gpu is faster with every batch from 1 on.",
        "m, 224 pixels, training, compiled: the gpu is faster from a batch of 8 on.",
        "m, 224 pixels, training, compiled: the gpu is not faster, up to a batch of 8.",
    ]


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, 2, "argument MODEL: invalid choice: 'resnet'", "bench", "resnet")
    fails(capsys, 2, "argument --batch-size: '0' is not at least 1", "bench", "--batch-size", 0)
    fails(capsys, 2, "argument --mode: invalid choice: 'sleep'", "bench", "--mode", "sleep")


def test_a_folder_to_write_to_is_asked_for_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "deeper" / "still"):
        fails(capsys, 2, f"--output: {file} is no folder that can be written to", "bench", "--output", path)


def test_without_matplotlib(
    small: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    quick = ["bench", "--image-size", 32, "--quick", "--output", tmp_path / "new", "--device", "cpu"]
    called = call(capsys, *quick)
    assert called.code == 0
    assert "Without matplotlib: install it with: pip install 'lucid-tensor[vision]'" in called.out
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["throughput.json"]
