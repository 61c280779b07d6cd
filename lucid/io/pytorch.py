"""Tensors in the files that `torch.save` writes, read without PyTorch and without running anything in them.

Since version 1.6 such a file is a zip archive: a pickle of the containers, and an entry of raw numbers for each
storage. Before, pickles and raw numbers followed each other; that form has no checksums. In both a tensor is a part of
a storage: where it begins, its shape and its strides.
"""

import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from io import BytesIO
from math import prod
from typing import Any, NamedTuple

from .. import dtypes
from ..devices import Device, backend
from ..dtypes import DType
from ..errors import CheckpointError
from ..ops.elementwise import conj, negative
from ..tensor import Tensor
from .archives import Archive, Mapped, allowance
from .pickles import Maker, read_pickle

__all__ = ["LEGACY", "Layout", "Storages", "read_legacy", "read_zip"]

MAGIC = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")
LEGACY = b"\x8a\x0a" + MAGIC  # as the first pickle of the older form has it, behind the number of the protocol

WORDS = (
    "Bool Char Short Int Long Byte UInt16 UInt32 UInt64 Half BFloat16 Float Double ComplexFloat ComplexDouble".split()
)
NAMES = {"bool": "bool", "half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32"}
NAMES |= {"long": "int64", "cfloat": "complex64", "cdouble": "complex128"} | {d.name: d.name for d in dtypes.ALL}


class Storage(NamedTuple):
    """Numbers in a row: the name they are kept under, how many there are, and of which dtype; bytes if that is None."""

    key: str
    dtype: DType | None
    length: int
    begin: int = 0


class StorageType(NamedTuple):
    dtype: DType | None


class Layout(NamedTuple):
    """A tensor as a file describes it. Offset and strides are counted in numbers."""

    storage: Storage
    dtype: DType
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    flags: tuple[str, ...] = ()  # "conj" and "neg": what has not been done yet to the numbers

    @property
    def end(self) -> int:
        """How many numbers of the storage the tensor reaches over."""
        if 0 in self.shape:
            return 0
        return self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides)) + 1


# --- What names in the pickle mean -----------------------------------------------------------------------------------


def _layout(storage: Any, offset: Any, shape: Any, strides: Any, dtype: Any, flags: Any) -> Layout:
    dtype = dtype or getattr(storage, "dtype", None)
    numbers = (offset, *shape, *strides) if isinstance(shape, tuple) and isinstance(strides, tuple) else (None,)
    if (
        not isinstance(storage, Storage)
        or not isinstance(dtype, DType)
        or not all(type(n) is int and 0 <= n < 2**62 for n in numbers)
        or len(shape) != len(strides)
        or len(shape) > 32
    ):
        raise CheckpointError("it describes a tensor without a storage, a dtype, or a shape with strides")
    flags = tuple(word for word in ("conj", "neg") if isinstance(flags, dict) and flags.get(word))
    return Layout(storage, dtype, offset + storage.begin, shape, strides, flags)


def _tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, grad: Any = None, hooks: Any = None, flags: Any = None
) -> Layout:
    return _layout(storage, offset, shape, strides, None, flags)


def _typed_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, grad: Any, hooks: Any, dtype: Any, flags: Any = None
) -> Layout:
    return _layout(storage, offset, shape, strides, dtype, flags)


def _same(layout: Any, *others: Any) -> Any:
    return layout


def _of_type(maker: Any, kind: Any, arguments: Any, *others: Any) -> Any:
    if not isinstance(maker, Maker) or not isinstance(arguments, tuple):
        raise CheckpointError("it describes a tensor of a type that lucid does not know")
    return maker.make(*arguments)


def _empty(*arguments: Any) -> dict[Any, Any]:
    if arguments:
        raise CheckpointError("it makes an ordered dictionary in a way that PyTorch does not")
    return {}


MEANINGS: dict[str, Any] = {
    "collections.OrderedDict": Maker(_empty),
    "argparse.Namespace": Maker(_empty),
    "torch.Size": Maker(_same),
    "torch.device": Maker(lambda *place: None),
    "torch.Tensor": None,
    "torch.nn.parameter.Parameter": None,
    "torch._utils._rebuild_tensor": Maker(_tensor),
    "torch._utils._rebuild_tensor_v2": Maker(_tensor),
    "torch._utils._rebuild_tensor_v3": Maker(_typed_tensor),
    "torch._utils._rebuild_parameter": Maker(_same),
    "torch._utils._rebuild_parameter_with_state": Maker(_same),
    "torch._tensor._rebuild_from_type_v2": Maker(_of_type),
    "torch.UntypedStorage": StorageType(None),
    "torch.storage.UntypedStorage": StorageType(None),
    **{f"torch.{word}Storage": StorageType(dtype) for word, dtype in zip(WORDS, dtypes.ALL)},
    **{f"torch.{name}": dtypes.BY_NAME[word] for name, word in NAMES.items()},
}


def _storage(reference: Any) -> Storage:
    """The storage that a persistent id refers to."""
    match reference:
        case ("storage", StorageType(dtype), str(key), _, int(count)) if count >= 0:
            return Storage(key, dtype, count)
        case ("storage", StorageType(dtype), str(key), _, int(count), None) if count >= 0:
            return Storage(key, dtype, count)
        case ("storage", StorageType(dtype), str(key), _, int(count), (_, int(begin), _)) if min(count, begin) >= 0:
            return Storage(key, dtype, count, begin)
    raise CheckpointError("its pickle refers to something that is no storage")


# --- The two forms of files ------------------------------------------------------------------------------------------


class Storages:
    """Where the numbers of a file are: makes tensors of layouts. `allowance` bounds the bytes that they may take."""

    def __init__(self, read: Callable[[Storage], bytes | bytearray], swapped: bool, allowance: int) -> None:
        self.read, self.swapped, self.allowance = read, swapped, allowance

    def load(self, layouts: Mapping[str, Layout], device: Device | None, function: str) -> dict[str, Tensor]:
        """The tensors of layouts, each storage read once. Names with the same layout share one tensor."""
        names: dict[Layout, str] = {}
        for name, layout in layouts.items():
            names.setdefault(layout, name)
        total = sum(prod(layout.shape) * layout.dtype.itemsize for layout in names)
        if total > self.allowance:
            raise CheckpointError(f"its tensors would take {total:,} bytes, more than a file of its size can hold")
        target, groups = backend(device, function), defaultdict(list)
        for layout, name in names.items():
            for place in (backend("cpu"), target):
                place.check_dtype(f"{function}: {name}", layout.dtype)
            groups[layout.storage.key].append(layout)
        made: dict[Layout, Tensor] = {}
        for group in groups.values():
            numbers = self._numbers({layout.storage[:3] for layout in group})
            made |= {layout: self._tensor(names[layout], layout, numbers).to(target.device) for layout in group}
        return {name: made[layout] for name, layout in layouts.items()}

    def _numbers(self, storages: set[Any]) -> bytes | bytearray:
        if len(storages) > 1:
            raise CheckpointError("it describes one storage in two ways")
        storage = Storage(*storages.pop())
        numbers, wanted = self.read(storage), storage.length * (storage.dtype.itemsize if storage.dtype else 1)
        if len(numbers) != wanted:
            raise CheckpointError(f"the storage {storage.key[:50]} has {len(numbers):,} bytes; wanted {wanted:,}")
        return numbers

    def _tensor(self, name: str, layout: Layout, numbers: bytes | bytearray) -> Tensor:
        if layout.end * layout.dtype.itemsize > len(numbers):
            raise CheckpointError(f"{name} reaches over {layout.end:,} numbers, and its storage has fewer")
        array = backend("cpu").from_buffer(
            numbers, layout.dtype, layout.shape, layout.strides, layout.offset, self.swapped
        )
        x = Tensor(array)
        x = conj(x) if "conj" in layout.flags else x
        return negative(x) if "neg" in layout.flags else x


def read_zip(archive: Archive) -> tuple[Any, Storages]:
    """The containers of a file of the newer form, with layouts in place of tensors, and its storages."""
    roots = [name.removesuffix("data.pkl") for name in archive.entries if f"/{name}".endswith("/data.pkl")]
    if len(roots) != 1:
        raise CheckpointError(f"it has {len(roots)} entries data.pkl; wanted one")
    (root,) = roots
    order = archive.read(f"{root}byteorder").decode() if f"{root}byteorder" in archive.entries else "little"
    if order not in ("little", "big"):
        raise CheckpointError(f"its byte order is {order[:20]!r}; wanted little or big")
    containers = read_pickle(BytesIO(archive.read(f"{root}data.pkl")), MEANINGS, _storage, allowance(archive.size))

    def read(storage: Storage) -> bytearray:
        return archive.read(f"{root}data/{storage.key}")

    return containers, Storages(read, order != sys.byteorder, allowance(archive.size))


def read_legacy(content: Mapped) -> tuple[Any, Storages]:
    """The same of a file of the older form: magic number, version, facts, containers, keys, and a storage for each."""
    limit = allowance(len(content)) // 2
    magic, version, _ = (read_pickle(content, {}, None, limit) for _ in range(3))
    if (magic, version) != (int.from_bytes(MAGIC, "little"), 1001):
        raise CheckpointError(f"it is of version {version!r:.20}; wanted 1001")
    described: dict[str, Storage] = {}

    def persistent(reference: Any) -> Storage:
        storage = _storage(reference)
        described[storage.key] = storage
        return storage

    containers = read_pickle(content, MEANINGS, persistent, limit)
    places: dict[str, tuple[int, int]] = {}
    for key in read_pickle(content, {}, None, limit):
        storage = described[key]
        (count,) = struct.unpack("<q", content.read(8))
        size = storage.length * (storage.dtype.itemsize if storage.dtype else 1)
        places[key] = (content.tell(), content.tell() + size)
        if count != storage.length or places[key][1] > len(content):
            raise CheckpointError(f"the storage {key[:50]} is not all there")
        content.seek(places[key][1])
    if content.tell() != len(content):
        raise CheckpointError(f"{len(content) - content.tell():,} bytes are left over at its end")

    def read(storage: Storage) -> bytes:
        begin, end = places[storage.key]
        return content[begin:end]

    return containers, Storages(read, sys.byteorder != "little", allowance(len(content)))
