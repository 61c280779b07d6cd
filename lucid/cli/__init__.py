"""The command line: `lucid COMMAND`, a module for each command.

Exit codes: 0 for success, 1 for a failure and 2 for bad usage, each with one line that says what is wrong.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from textwrap import shorten
from typing import Any, NoReturn

from ..errors import CheckpointError, DeviceError, ShapeError
from ..io import ImageError
from . import attention, bench, classify, convert, info, parity, profile, run
from .options import UsageError

__all__ = ["COMMANDS", "exit_code", "main"]

COMMANDS: dict[str, Any] = {
    "info": info,
    "run": run,
    "classify": classify,
    "attention": attention,
    "bench": bench,
    "parity": parity,
    "profile": profile,
    "convert": convert,
}
# Of files, devices, sizes and missing packages.
EXPECTED = (CheckpointError, DeviceError, ImageError, ImportError, OSError, ShapeError)
LENGTH = 500  # of a complaint: one that names all weights of a model would fill the screen


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name, those of the process if None; returns the exit code."""
    parser = Parser(
        prog="lucid", description="Tensors with gradients, on NumPy (cpu) and MLX (gpu).", epilog=_example(run)
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        about = (command.__doc__ or "").partition(": ")[2].strip()
        child = commands.add_parser(name, help=command.SUMMARY, description=about, epilog=_example(command))
        command.configure(child)
    options = parser.parse_args(arguments)
    return exit_code(f"lucid {options.command}", lambda: COMMANDS[options.command].run(options))


def exit_code(command: str, job: Callable[[], int | None]) -> int:
    """Run the job of a command; what may well go wrong, and Ctrl-C, become a line that says so and a code."""
    try:
        return job() or 0
    except EXPECTED as error:
        complaint = str(error).removeprefix(f"{command}: ")
        print(shorten(f"{command}: {complaint}", LENGTH, placeholder=" ..."), file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"{command}: {error}; see {command} --help", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{command}: stopped", file=sys.stderr)
        return 130


def _example(command: Any) -> str:
    return f"example: {command.EXAMPLE}"
