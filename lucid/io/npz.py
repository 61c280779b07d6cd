"""Tensors in NumPy's .npz files: zip archives with one array in each entry. Arrays of Python objects are refused.

>>> import lucid, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     save_npz(f"{folder}/two.npz", {"w": lucid.ones(2)})
...     load_npz(f"{folder}/two.npz")
{'w': tensor([1., 1.], dtype=float32, device='cpu')}
"""

import ast
import os
import struct
import sys
import zipfile
from collections.abc import Mapping
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any

from .. import dtypes
from ..devices import Device, backend
from ..errors import CheckpointError
from ..tensor import Tensor
from .archives import Archive, damage_seen, mapped
from .files import check_tensors, replacing

__all__ = ["load_npz", "save_npz"]

PathLike = str | os.PathLike[str]

MAGIC = b"\x93NUMPY"
LONGEST = 10_000  # bytes of a header, as in NumPy
WORDS = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 V2 f4 f8 c8 c16".split()  # NumPy has no word for bfloat16: two bytes of anything
DTYPES = dict(zip(WORDS, dtypes.ALL))
BYTE_ORDERS = {"<": "little", ">": "big", "=": sys.byteorder, "|": sys.byteorder}


def save_npz(path: PathLike, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors, of any shapes and devices, uncompressed. The file is never half written.

    bfloat16 is written as NumPy itself writes it, as a dtype of two bytes (V2): `load_npz` knows it again.

    Raises TypeError for names that are not text and values that are not tensors, OSError if the file cannot be written.
    """
    check_tensors("save_npz", path, tensors)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, x in tensors.items():
            word = WORDS[dtypes.ALL.index(x.dtype)]
            order = "|" if x.dtype.itemsize == 1 else "<"
            header = f"{{'descr': '{order}{word}', 'fortran_order': False, 'shape': {x.shape}, }}"
            header += " " * (-(len(MAGIC) + 4 + len(header) + 1) % 64) + "\n"  # numbers begin at a multiple of 64
            numbers = x.detach().numpy()
            if sys.byteorder == "big":
                numbers = numbers.byteswap()
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                entry.write(MAGIC + b"\x01\x00" + struct.pack("<H", len(header)) + header.encode())
                entry.write(numbers.tobytes())


def load_npz(path: PathLike, device: Device | None = None) -> dict[str, Tensor]:
    """The tensors of a file by name, on `device`, or on the default device if that is None.

    A compressed file is read if it unpacks to no more than twice its size and 4 MiB. Raises CheckpointError for a file
    that is damaged, not of this format or of a dtype that lucid lacks, FileNotFoundError for one that is not there,
    DTypeError for a dtype that the device lacks.
    """
    with damage_seen("load_npz", path), mapped(path) as content:
        return read_npz(Archive(content), device, "load_npz")


def read_npz(archive: Archive, device: Device | None, function: str) -> dict[str, Tensor]:
    """The tensors of an archive by name."""
    target, found = backend(device, function), {}
    for entry in archive.entries:
        name = entry.removesuffix(".npy")
        if name == entry:
            raise CheckpointError(f"{entry[:100]} is no array (.npy)")
        found[name] = _array(name, archive.read(entry), target, function)
    return found


def _array(name: str, content: bytearray, target: Any, function: str) -> Tensor:
    version = content[len(MAGIC)]
    size, form = (2, "<H") if version == 1 else (4, "<I")
    begin = len(MAGIC) + 2 + size
    if content[: len(MAGIC)] != MAGIC or version not in (1, 2, 3):
        raise CheckpointError(f"{name} is no array of versions 1 to 3 of NumPy's format")
    (length,) = struct.unpack(form, content[begin - size : begin])
    if length > LONGEST or begin + length > len(content):
        raise CheckpointError(f"the header of {name} is said to have {length:,} bytes")
    header = ast.literal_eval(content[begin : begin + length].decode("latin-1" if version < 3 else "utf-8"))
    match header:
        case {"descr": str(descr), "fortran_order": bool(columns_first), "shape": tuple(shape)} if len(header) == 3:
            pass
        case _:
            raise CheckpointError(f"{name} is no array of numbers, or of more than numbers")
    order, word = descr[:1], descr[1:]
    if order not in BYTE_ORDERS or word not in DTYPES:
        what = "of Python objects, which are never loaded" if word == "O" else f"of {descr[:20]!r}, which lucid lacks"
        raise CheckpointError(f"{name} is {what}; save it as numbers")
    dtype = DTYPES[word]
    if not all(type(n) is int and 0 <= n < 2**62 for n in shape) or len(shape) > 32:
        raise CheckpointError(f"{name} has a shape that is none")
    numbers = memoryview(content)[begin + length :]
    if prod(shape) * dtype.itemsize != len(numbers):
        raise CheckpointError(f"{name} has {len(numbers):,} bytes for the shape {shape} of {dtype.name}")
    for place in (backend("cpu"), target):
        place.check_dtype(f"{function}: {name}", dtype)
    sizes = shape if columns_first else shape[::-1]
    strides = tuple(accumulate(sizes[:-1], mul, initial=1)) if shape else ()
    array = backend("cpu").from_buffer(
        numbers, dtype, shape, strides if columns_first else strides[::-1], 0, BYTE_ORDERS[order] != sys.byteorder
    )
    return Tensor(array).to(target.device)
