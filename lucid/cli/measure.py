"""Measuring time: rounds in turn, medians, and what they were measured on."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from ..devices import Device, describe

__all__ = ["Spread", "environment", "in_turn"]

Case = TypeVar("Case", bound=Hashable)
PACKAGES = ("lucid-tensor", "numpy", "mlx", "torch")


class Spread:
    """The median of some times, and how far they lie apart."""

    def __init__(self, seconds: Iterable[float]) -> None:
        self.seconds = sorted(seconds)
        self.median = statistics.median(self.seconds)

    @property
    def percent(self) -> float:
        """The distance from the fastest to the slowest, in percent of the median."""
        return 100 * (self.seconds[-1] - self.seconds[0]) / self.median


def in_turn(cases: Mapping[Case, Callable[[], Any]], rounds: int, warm_up: int = 1) -> dict[Case, Spread]:
    """The seconds that each case takes, in `rounds` rounds that run every case once, after `warm_up` uncounted rounds.

    Rounds in turn let a slow moment of the machine meet all cases. A case must have finished its work when it returns.

    >>> times = in_turn({"sleep": lambda: time.sleep(0.001)}, rounds=3)
    >>> times["sleep"].median >= 0.001
    True
    """
    seconds: dict[Case, list[float]] = {name: [] for name in cases}
    for turn in range(warm_up + rounds):
        for name, case in cases.items():
            start = time.perf_counter()
            case()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return {name: Spread(times) for name, times in seconds.items()}


def environment(devices: Iterable[Device]) -> dict[str, Any]:
    """What times were measured on: the machine, the versions, and what each device really is there."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": versions,
        "devices": {device: describe(device) for device in devices},
    }


def _processor() -> str:
    """The name of the processor, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
