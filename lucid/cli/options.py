"""Arguments and options that several commands have."""

import argparse
import os
from pathlib import Path
from typing import Any

from .. import models
from ..devices import DEVICES, Device, backend, is_available
from ..errors import DeviceError
from ..models.placement import faster_device
from .output import Output

__all__ = [
    *("UsageError", "add_common", "add_device", "add_json", "add_model", "add_output", "add_rounds", "add_seed"),
    *("add_weights", "chosen_device", "chosen_devices", "folder", "natural", "positive"),
]


class UsageError(ValueError):
    """What was asked for is not there to choose."""


def natural(text: str) -> int:
    """An integer of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def positive(text: str) -> int:
    """An integer of at least 1, for argparse."""
    if (number := natural(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not at least 1")
    return number


def folder(text: str) -> Path:
    """A folder to write into, which need not be there yet, for argparse: work of minutes asks before it begins."""
    path = Path(text)
    nearest = next(place for place in (path, *path.absolute().parents) if os.path.exists(place))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise argparse.ArgumentTypeError(f"{nearest} is no folder that can be written to")
    return path


def add_common(parser: argparse.ArgumentParser) -> None:
    """--device, --output, --seed and --json."""
    parser.add_argument("--device", nargs="+", choices=DEVICES, help="where to run (default: each that there is)")
    add_output(parser, "files")
    add_seed(parser)
    add_json(parser)


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """--output: the folder for `what` is written."""
    parser.add_argument(
        "--output", type=folder, default=Path("runs"), metavar="DIR", help=f"for {what} (default: runs)"
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=natural, default=0, help="of the random numbers (default: %(default)s)")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the results in JSON, and nothing else")


def add_rounds(parser: argparse.ArgumentParser, usual: int, quick: str) -> None:
    """--rounds and --quick; `usual` rounds unless asked otherwise, `quick` says what --quick does."""
    parser.add_argument(
        "--rounds", type=positive, metavar="N", help=f"measurements of each, in turn (default: {usual})"
    )
    parser.add_argument("--quick", action="store_true", help=quick)


def add_model(parser: argparse.ArgumentParser, *flags: str) -> None:
    """The name of a model, an argument of its own or behind `flags`."""
    names = models.list_models()
    known = f"of {', '.join(names)} (default: %(default)s)"
    how: dict[str, Any] = {} if flags else {"nargs": "?"}
    parser.add_argument(*(flags or ["model"]), choices=names, default="pvt_tiny", metavar="MODEL", help=known, **how)


def add_weights(parser: argparse.ArgumentParser) -> None:
    """--weights: text, since a name on the Hub is no path."""
    what = "of the model: a file, a folder, or a name on the Hugging Face Hub (default: random weights)"
    parser.add_argument("--weights", metavar="WEIGHTS", help=what)


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device for a command that runs on one."""
    what = "where to run; auto is what `lucid bench` found faster for the model and the batch (default: %(default)s)"
    parser.add_argument("--device", choices=("auto", *DEVICES), default="auto", help=what)


def chosen_device(asked: str, model: str, batch_size: int, image_size: int, output: Output) -> Device:
    """The device that was asked for, or for "auto" the faster one, saying why.

    Raises DeviceError if one that was asked for cannot be used.
    """
    for device in DEVICES:
        if device == asked:
            backend(device, output.command)
            return device
    found = faster_device(model, batch_size, image_size=image_size)
    if found is None:
        output.say(f"On the cpu, since nothing is known about the gpu: `lucid bench {model}` measures which is faster.")
    elif is_available("gpu"):
        output.say(f"On the {found}, which `lucid bench` found faster for {model} with a batch of about {batch_size}.")
    return found or "cpu"


def chosen_devices(asked: list[Device] | None, output: Output) -> list[Device]:
    """The devices that were asked for, each once, or else those that there are, saying how to get one that is missing.

    Raises DeviceError if one that was asked for cannot be used.
    """
    if asked:
        for device in asked:
            backend(device, output.command)
        return list(dict.fromkeys(asked))
    try:
        backend("gpu", output.command)
    except DeviceError as error:
        output.say(f"Without the gpu: {error}", style="yellow")
    return [device for device in DEVICES if is_available(device)]
