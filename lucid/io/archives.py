"""Files that may have been made to do harm: what they claim of themselves is checked before it is believed.

Nothing here takes more memory than twice the size of the file, beside a few megabytes that any small file may take.
"""

import mmap
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckpointError, DTypeError

__all__ = ["Archive", "Mapped", "allowance", "damage_seen", "mapped"]

SMALL = 1 << 22  # bytes that reading any file may take
ENTRY = 700  # bytes that Python keeps for each entry of a zip archive

# What the standard library raises for files that are not what they claim to be.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, TypeError),
    *(LookupError, ArithmeticError, AttributeError, MemoryError, SyntaxError),
    DeprecationWarning,  # of an odd escape in a text of a pickle, where warnings are errors
)


class Mapped(mmap.mmap):
    """A file in memory as far as it is read; to ask for more of it than there is gets what there is."""

    def seekable(self) -> bool:
        return True


def allowance(size: int) -> int:
    """How many bytes of memory the contents of a file of `size` bytes may take."""
    return 2 * size + SMALL


@contextmanager
def mapped(path: str | os.PathLike[str]) -> Iterator[Mapped]:
    """A file to read from. Raises CheckpointError for an empty one."""
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise CheckpointError("it is empty")
        with Mapped(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


@contextmanager
def damage_seen(function: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Within it whatever goes wrong in reading a file is a CheckpointError that names the file.

    Raises FileNotFoundError at once if there is none.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{function}: {path}: there is no such file")
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{function}: {path}: {error}") from None
    except DTypeError:
        raise
    except DAMAGE as error:
        reason = f"{error}"[:200] or type(error).__name__
        raise CheckpointError(f"{function}: {path} is damaged: {reason}") from None


class Archive:
    """A zip archive whose entries are read whole and checked against their CRC.

    Raises CheckpointError for entries that would take more memory than the allowance, that are there twice, or that
    are compressed by other than Deflate, since the others may take any amount of memory themselves.
    """

    def __init__(self, content: Mapped) -> None:
        self.size = len(content)
        if ENTRY * sum(1 for _ in re.finditer(rb"PK\x01\x02", content)) > allowance(self.size):
            raise CheckpointError("it has more entries than a file of its size can need")
        self.file = zipfile.ZipFile(content)  # type: ignore[call-overload]
        self.entries = {entry.filename: entry for entry in self.file.infolist()}
        if len(self.entries) < len(self.file.infolist()):
            raise CheckpointError("it has several entries of one name")
        for name, entry in self.entries.items():
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise CheckpointError(f"the entry {name[:100]!r} is not compressed by Deflate; save it uncompressed")
        total = sum(entry.file_size for entry in self.entries.values())
        if total > allowance(self.size):
            raise CheckpointError(f"its {self.size:,} bytes would unpack to {total:,}; save it uncompressed")

    def read(self, name: str) -> bytearray:
        """The bytes of an entry."""
        if name not in self.entries:
            raise CheckpointError(f"the entry {name[:100]!r} is missing")
        content, place = bytearray(self.entries[name].file_size), 0
        with self.file.open(self.entries[name]) as file:
            while part := file.read(1 << 16):  # in pieces: a lie about the size unpacks no more than one of them
                content[place : place + len(part)] = part
                place += len(part)
        if place != len(content):
            raise CheckpointError(f"the entry {name[:100]!r} ends after {place:,} of {len(content):,} bytes")
        return content
