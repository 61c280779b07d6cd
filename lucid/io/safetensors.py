"""Tensors in a file of the safetensors format: a header in JSON and raw numbers; reading one runs no code.

>>> import lucid, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     save_safetensors(f"{folder}/two.safetensors", {"w": lucid.ones(2)}, {"made by": "hand"})
...     load_safetensors(f"{folder}/two.safetensors"), load_metadata(f"{folder}/two.safetensors")
({'w': tensor([1., 1.], dtype=float32, device='cpu')}, {'made by': 'hand'})
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import dtypes
from ..devices import Device, backend
from ..dtypes import DType
from ..errors import CheckpointError, DTypeError
from ..ops.creation import asarray
from ..tensor import Tensor
from .files import check_tensors, replacing
from .packages import needed

__all__ = ["load_metadata", "load_safetensors", "save_safetensors"]

PathLike = str | os.PathLike[str]

WORDS = "BOOL I8 I16 I32 I64 U8 U16 U32 U64 F16 BF16 F32 F64 C64".split()
DTYPES: dict[str, DType] = dict(zip(WORDS, dtypes.ALL))  # the last one, complex128, the format does not have


def save_safetensors(path: PathLike, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors, of any shapes and devices, and a few texts about them.

    What was at `path` is replaced at the end, all at once, so that the file is never half written.

    Raises DTypeError for complex128, which the format does not have, TypeError for names and metadata that are not
    text and for values that are not tensors, OSError if the file cannot be written.
    """
    package = needed("safetensors.numpy", "save_safetensors", "io")
    check_tensors("save_safetensors", path, tensors)
    if "__metadata__" in tensors:
        raise ValueError("save_safetensors: the format keeps the name '__metadata__' for itself; choose another")
    for name, x in tensors.items():
        if x.dtype not in DTYPES.values():
            raise DTypeError(f"save_safetensors: {name} is {x.dtype.name}, which the format does not have; use astype")
    for item in (metadata or {}).items():
        if not all(isinstance(text, str) for text in item):
            raise TypeError(f"save_safetensors: metadata holds {item!r}; wanted text for text")
    hosts = {name: x.detach().numpy() for name, x in tensors.items()}
    content = package.save(hosts, None if metadata is None else dict(metadata))
    with replacing(path) as file:
        file.write_bytes(content)


def load_safetensors(path: PathLike, device: Device | None = None) -> dict[str, Tensor]:
    """The tensors of a file by name, on `device`, or on the default device if that is None.

    Raises CheckpointError for a file that is damaged, not of this format or of a dtype that lucid lacks,
    FileNotFoundError for one that is not there, DTypeError for a dtype that the device lacks.
    """
    target = backend(device, "load_safetensors")
    loaded = {}
    with _opened(path, "load_safetensors") as file:
        for name in file.keys():  # noqa: SIM118 - the file is no mapping
            word = file.get_slice(name).get_dtype()
            if word not in DTYPES:
                raise CheckpointError(
                    f"load_safetensors: {path}: {name} is {word}; lucid has {', '.join(DTYPES)}; convert it elsewhere"
                )
            for place in (backend("cpu"), target):  # it is read on the cpu
                place.check_dtype(f"load_safetensors: {name}", DTYPES[word])
            loaded[name] = asarray(file.get_tensor(name), device=device)
    return loaded


def load_metadata(path: PathLike) -> dict[str, str]:
    """The texts about the tensors of a file, without reading the tensors. Raises as `load_safetensors` does."""
    with _opened(path, "load_metadata") as file:
        return file.metadata() or {}


@contextmanager
def _opened(path: PathLike, function: str) -> Iterator[Any]:
    package = needed("safetensors", function, "io")
    if not Path(path).is_file():
        raise FileNotFoundError(f"{function}: {path}: there is no such file")
    try:
        with package.safe_open(str(path), "np") as file:
            yield file
    except package.SafetensorError as error:
        raise CheckpointError(f"{function}: {path} is damaged or no safetensors file: {error}") from None
    except OSError as error:
        raise type(error)(f"{function}: {path}: {error}") from None
