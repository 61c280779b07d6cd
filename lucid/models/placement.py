"""Which device a model runs faster on, as `lucid bench` measured it on this machine.

What was measured is kept in one JSON file in the user's cache. It counts as long as the devices are what they were:
another version of NumPy or MLX, or another machine, has measurements of its own.
"""

import json
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ..devices import DEVICES, Device, describe, is_available
from ..io.files import replacing

__all__ = ["Measurement", "cache_file", "crossing", "current", "faster_device", "forget", "measurements", "remember"]


class Measurement(NamedTuple):
    """How long a model took for a batch on a device."""

    model: str
    device: Device
    runs_on: str  # what the device was
    training: bool
    compiled: bool
    image_size: int
    batch_size: int
    seconds: float

    @property
    def key(self) -> tuple[Any, ...]:
        """What a later measurement has in common that takes the place of this one."""
        return self[:-1]


def cache_file() -> Path:
    """Where measurements are kept: under XDG_CACHE_HOME if that is set, or where the system keeps caches."""
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser() / "lucid" / "measurements.json"


def measurements() -> list[Measurement]:
    """All that is kept; nothing where no file is or a damaged one."""
    try:
        return [Measurement(**row) for row in json.loads(cache_file().read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def current() -> list[Measurement]:
    """Those of the devices as they are here and now."""
    present = {device: describe(device) for device in DEVICES if is_available(device)}
    return [m for m in measurements() if present.get(m.device) == m.runs_on]


def remember(found: Iterable[Measurement]) -> None:
    """Keep measurements, in the place of older ones of the same thing. Raises OSError if they cannot be written."""
    kept = {m.key: m for m in (*measurements(), *found)}
    path = cache_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write_text(json.dumps([m._asdict() for m in kept.values()], indent=1) + "\n", encoding="utf-8")


def forget() -> int:
    """Forget all measurements; returns how many there were."""
    count = len(measurements())
    cache_file().unlink(missing_ok=True)
    return count


def crossing(found: Iterable[Measurement]) -> int | None:
    """The smallest batch size from which on the gpu was faster in all of some measurements, which differ in device and
    batch size alone; None if it was not so in the largest.

    >>> times = {("cpu", 1): 0.1, ("gpu", 1): 0.2, ("cpu", 8): 0.8, ("gpu", 8): 0.3}
    >>> crossing(Measurement("m", d, "", False, False, 224, n, s) for (d, n), s in times.items())
    8
    """
    winners = _winners(found)
    start = None
    for size in sorted(winners, reverse=True):
        if winners[size] != "gpu":
            break
        start = size
    return start


def faster_device(
    model: str, batch_size: int = 1, *, training: bool = False, compiled: bool = False, image_size: int = 224
) -> Device | None:
    """The device that was faster with a batch of the nearest size that was measured; None if nothing was.

    Only "cpu" is there where MLX is not, and nothing needs to be measured.
    """
    if not is_available("gpu"):
        return "cpu"
    winners = _winners(
        m
        for m in current()
        if (m.model, m.training, m.image_size) == (model, training, image_size)
        and (m.compiled == compiled or m.device == "cpu")
    )
    nearest = min(winners, key=lambda size: abs(math.log(size / batch_size)), default=None)
    return None if nearest is None else winners[nearest]


def _winners(found: Iterable[Measurement]) -> dict[int, Device]:
    """The faster device for each batch size that was measured on both."""
    seconds: dict[int, dict[Device, float]] = {}
    for m in found:
        seconds.setdefault(m.batch_size, {})[m.device] = m.seconds
    return {size: min(of, key=lambda d: of[d]) for size, of in seconds.items() if len(of) == len(DEVICES)}
