"""`lucid info`: what lucid runs on here: the machine, the devices with their memory and precision, the versions, what is missing and how to get it."""  # noqa: E501

import argparse
import json
import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..devices import DEVICES, backend
from ..errors import DeviceError
from ..models.placement import cache_file, measurements
from .measure import environment
from .options import add_json

__all__ = ["configure", "run"]

SUMMARY = "say what lucid runs on here, and what is missing"
EXAMPLE = "lucid info --json"

# What works only with a package, and the extra of lucid-tensor that brings it.
OPTIONAL = {
    "ml_dtypes": ("bfloat16 on the cpu", "bfloat16"),
    "safetensors": ("weights in safetensors files", "io"),
    "pillow": ("pictures", "vision"),
    "matplotlib": ("plots", "vision"),
    "rich": ("tables and progress of the commands", "run"),
    "scikit-learn": ("the digits and the photograph of `lucid run`", "run"),
}
VARIABLES = "LUCID_"  # the settings of lucid, whatever they are


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    about = _about()
    if options.json:
        print(json.dumps(about, indent=2))
        return
    lines = [(name, about[name]) for name in ("machine", "system", "python")]
    lines += about["packages"].items()
    for device, found in about["devices"].items():
        lines.append((device, found["runs_on"]))
        if found["memory"]:
            lines.append(("", ", ".join(f"{_size(n)} {what}" for what, n in found["memory"].items())))
        lines.append(("", found["precision"]))
    lines += about["settings"].items()
    lines.append(("measured", f"{about['measurements']} times of models; lucid bench --remembered shows them"))
    for name, text in lines:
        print(f"{name:<13} {text}")
    for missing in about["missing"]:
        print(f"{missing['name']:<13} NOT HERE: {missing['how']}")


def _about() -> dict[str, Any]:
    """All that there is to say, as JSON."""
    missing = []
    devices: dict[str, Any] = {}
    for device in DEVICES:
        try:
            found = backend(device, "info")
        except DeviceError as error:
            missing.append({"name": device, "how": str(error).removeprefix(f"{device}: ")})
        else:
            devices[device] = {"runs_on": found.describe(), "memory": found.memory(), "precision": found.precision()}
    about = environment(())
    for package, (what, extra) in OPTIONAL.items():
        try:
            about["packages"][package] = version(package)
        except PackageNotFoundError:
            missing.append({"name": package, "how": f"pip install 'lucid-tensor[{extra}]' brings it, for {what}"})
    settings = {name: value for name, value in sorted(os.environ.items()) if name.startswith(VARIABLES)}
    return about | {
        "devices": devices,
        "settings": settings,
        "measurements": len(measurements()),
        "cache": str(cache_file()),
        "missing": missing,
    }


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**29 else f"{count / 2**20:.1f} MB"
