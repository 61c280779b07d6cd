"""Measuring time: rounds in turn, medians, and what they were measured on."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from ..devices import Device, describe

__all__ = ["Spread", "environment", "in_turn", "per_call"]

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


def per_call(cases: Mapping[Case, Callable[[int], Any]], rounds: int, seconds: float = 2e-3) -> dict[Case, Spread]:
    """The seconds of one call, of cases that are told how many calls to make: so many that they take about `seconds`.

    >>> times = per_call({"sum": lambda calls: [sum((1, 2)) for _ in range(calls)]}, rounds=3)
    >>> 0 < times["sum"].median < 1e-3
    True
    """
    calls: dict[Case, int] = {}
    for name, case in cases.items():
        count, taken = 0, 0.0
        while taken < seconds / 4:  # begins with one call, as slow as the first may be
            count = 4 * count or 1
            case(count)
            taken = in_turn({0: partial(case, count)}, 1, warm_up=0)[0].median
        calls[name] = max(1, round(count * seconds / taken))
    times = in_turn({name: partial(case, calls[name]) for name, case in cases.items()}, rounds)
    return {name: Spread(time / calls[name] for time in spread.seconds) for name, spread in times.items()}


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
