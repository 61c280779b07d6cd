"""`lucid info`: what lucid runs on here, the devices and the versions."""

import argparse
import json

from ..devices import DEVICES, is_available
from .measure import environment

__all__ = ["configure", "run"]

SUMMARY = "say what lucid runs on here"
EXAMPLE = "lucid info --json"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> None:
    about = environment(device for device in DEVICES if is_available(device))
    if options.json:
        print(json.dumps(about, indent=2))
        return
    lines = {"machine": about["machine"], "system": about["system"], "python": about["python"]}
    for name, text in (lines | about["packages"] | about["devices"]).items():
        print(f"{name:<13} {text}")
    if "gpu" not in about["devices"]:
        print("gpu           not here; pip install 'lucid-tensor[gpu]' installs MLX")
