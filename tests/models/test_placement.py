"""What was measured decides where a model runs, as long as the devices are what they were."""

from pathlib import Path
from typing import Any

import pytest

from lucid import devices, models
from lucid.errors import DeviceError
from lucid.models import placement
from lucid.models.placement import Measurement, crossing, faster_device

SECONDS = {("cpu", 1): 0.1, ("cpu", 8): 0.8, ("cpu", 64): 6.4, ("gpu", 1): 0.3, ("gpu", 8): 0.4, ("gpu", 64): 0.9}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and devices that are there whatever the machine has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(placement, "is_available", lambda device: True)
    monkeypatch.setattr(placement, "describe", lambda device: f"{device} 1.0")
    return tmp_path / "lucid" / "measurements.json"


def measured(training: bool = False, compiled: bool = False, seconds: dict[tuple[str, int], float] = SECONDS,
             version: str = "1.0") -> list[Measurement]:  # fmt: skip
    return [
        Measurement("pvt_tiny", device, f"{device} {version}", training, compiled and device == "gpu", 224, size, time)  # type: ignore[arg-type]
        for (device, size), time in seconds.items()
    ]


def test_nothing_is_known_before_it_was_measured(cache: Path) -> None:
    assert faster_device("pvt_tiny") is None
    assert placement.measurements() == []
    assert not cache.exists()
    assert placement.cache_file() == cache


def test_the_nearest_batch_decides() -> None:
    placement.remember(measured())
    assert [faster_device("pvt_tiny", size) for size in (1, 2, 3, 8, 1000)] == ["cpu", "cpu", "gpu", "gpu", "gpu"]
    assert faster_device("pvt_small") is faster_device("pvt_tiny", training=True) is None
    assert faster_device("pvt_tiny", image_size=64) is None


def test_ways_have_crossings_of_their_own() -> None:
    placement.remember(measured() + measured(compiled=True, seconds=SECONDS | {("gpu", 1): 0.05}))
    assert faster_device("pvt_tiny", 1) == "cpu"
    assert faster_device("pvt_tiny", 1, compiled=True) == "gpu"


def test_a_later_measurement_takes_the_place() -> None:
    placement.remember(measured())
    placement.remember(measured(seconds={("gpu", 1): 0.01}))
    assert len(placement.measurements()) == len(SECONDS)
    assert faster_device("pvt_tiny", 1) == "gpu"


def test_other_versions_do_not_count() -> None:
    placement.remember(measured(version="0.9"))
    assert faster_device("pvt_tiny") is None
    assert placement.current() == []
    assert len(placement.measurements()) == len(SECONDS)


def test_without_mlx_there_is_nothing_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "is_available", lambda device: device == "cpu")
    assert faster_device("anything") == "cpu"


def test_crossing() -> None:
    assert crossing(measured()) == 8
    assert crossing(measured(seconds=SECONDS | {("gpu", 64): 9.0})) is None
    assert crossing(measured(seconds=SECONDS | {("gpu", 1): 0.01})) == 1
    assert crossing(measured(seconds={("cpu", 1): 1.0, ("gpu", 8): 0.1})) is None
    assert crossing([]) is None


@pytest.mark.skipif(not devices.is_available("gpu"), reason="wants a gpu to choose")
def test_models_are_made_where_they_are_faster() -> None:
    def device_of(**options: Any) -> str:
        return models.create_model("pvt_tiny", device="auto", **options).cls_token.device

    assert device_of() == "cpu"
    placement.remember(measured())
    assert [device_of(batch_size=size) for size in (1, 64)] == ["cpu", "gpu"]
    assert device_of(batch_size=64, img_size=64) == "cpu"
    assert device_of(batch_size=64, img_size=(224, 224)) == "gpu"
    faster = [m._replace(model="pvt_v2_b0") for m in measured()]  # which has no size of its own
    placement.remember(faster)
    assert models.create_model("pvt_v2_b0", device="auto", batch_size=8).head.weight.device == "gpu"


@pytest.mark.skipif(not devices.is_available("gpu"), reason="wants a gpu to choose")
def test_models_are_made_on_a_device() -> None:
    with devices.use_device("gpu"):
        found = [models.create_model("pvt_tiny", device=device).head.weight.device for device in (None, "cpu", "gpu")]
    assert found == ["gpu", "cpu", "gpu"]
    with pytest.raises(DeviceError, match="create_model: device='tpu' is not a device"):
        models.create_model("pvt_tiny", device="tpu")  # type: ignore[arg-type]


def test_forgetting(cache: Path) -> None:
    placement.remember(measured())
    assert placement.forget() == len(SECONDS)
    assert placement.forget() == 0
    assert not cache.exists()


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"model": "pvt_tiny"}]', "null"])
def test_a_damaged_file_is_as_none(cache: Path, content: str) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text(content)
    assert placement.measurements() == []
    placement.remember(measured())
    assert len(placement.measurements()) == len(SECONDS)


def test_where_caches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    for system, folder in (("darwin", "Library/Caches"), ("linux", ".cache")):
        monkeypatch.setattr(placement.sys, "platform", system)
        assert placement.cache_file() == Path.home() / folder / "lucid" / "measurements.json"


def test_devices_are_described_as_they_are() -> None:
    assert devices.describe("cpu").startswith("NumPy")
