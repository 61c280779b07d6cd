"""Commands called in this process."""

from typing import Any, NamedTuple

import pytest

from lucid.cli import main


class Called(NamedTuple):
    code: Any
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Called:
    """`lucid ...`: its exit code and what it printed."""
    capsys.readouterr()
    try:
        code: Any = main([str(argument) for argument in arguments])
    except SystemExit as left:
        code = left.code
    return Called(code, *capsys.readouterr())


def fails(capsys: pytest.CaptureFixture[str], code: int, message: str, *arguments: Any) -> None:
    """`lucid ...` ends with this exit code and one line that holds the message."""
    called = call(capsys, *arguments)
    assert (called.code, called.err.count("\n")) == (code, 1), called.err
    assert message in called.err
