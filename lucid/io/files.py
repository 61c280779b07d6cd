"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from ..tensor import Tensor

__all__ = ["check_path", "check_tensors", "replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file in the same folder to write to, which takes the place of `path` when the with block ends.

    If the block raises, or the machine stops in it, what was at `path` stays, and after an error nothing else is left.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/notes.txt") as file:
    ...         _ = file.write_text("whole")
    ...     [(found.name, found.read_text()) for found in Path(folder).iterdir()]
    [('notes.txt', 'whole')]
    """
    target = Path(path).resolve()
    temporary = target.with_name(f".{token_hex(8)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def check_path(function: str, path: Any) -> None:
    """Raise TypeError where the tensors come first, as in torch.save."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{function}: path is {type(path).__name__}; the path comes first: {function}(path, tensors)")


def check_tensors(function: str, path: str | os.PathLike[str], tensors: Any) -> None:
    """Raise TypeError unless there are tensors by name to write, FileNotFoundError without a folder to write to."""
    check_path(function, path)
    if not isinstance(tensors, Mapping):
        raise TypeError(f"{function}: got {type(tensors).__name__}; wanted tensors by name, as of state_dict()")
    for name, x in tensors.items():
        if not isinstance(name, str) or not isinstance(x, Tensor):
            raise TypeError(f"{function}: {name!r} is {type(x).__name__}; wanted names of tensors")
    if not Path(path).resolve().parent.is_dir():
        raise FileNotFoundError(f"{function}: {path}: the folder does not exist")
