"""NumPy's archives: every dtype there and back, also by way of NumPy itself, and nothing that has to be unpickled."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import dtypes
from lucid.errors import CheckpointError, DTypeError
from lucid.io import load_npz, save_npz
from tests.io.test_safetensors import NOT_ON_GPU, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tensors.npz"


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
def test_there_and_back(path: Path, dtype: Any, shape: tuple[int, ...], device: Any) -> None:
    if device == "gpu" and dtype in NOT_ON_GPU:
        pytest.skip("not on the gpu")
    x = values(dtype, shape, device)
    save_npz(path, {"x": x})
    found = load_npz(path, device)["x"]
    assert (found.dtype, found.shape, found.device) == (dtype, shape, device)
    assert found.tolist() == x.tolist()


def test_numpy_reads_what_lucid_writes(path: Path) -> None:
    tensors = {d.name: values(d, (2, 3)) for d in dtypes.ALL if d is not lucid.bfloat16}
    save_npz(path, tensors)
    with np.load(path, allow_pickle=False) as file:
        assert {name: (x.dtype.name, x.tolist()) for name, x in file.items()} == {
            name: (name, x.tolist()) for name, x in tensors.items()
        }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_lucid_reads_what_numpy_writes(path: Path, save: Any) -> None:
    arrays = {d.name: values(d, (2, 3)).numpy() for d in dtypes.ALL}
    arrays |= {"columns": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)), "swapped": np.arange(3, dtype=">i4")}
    arrays |= {"z": np.array([1 + 2j], ">c16"), "turned": np.arange(6).reshape(2, 3).T, "one": np.float32(3)}
    save(path, **arrays)
    found = load_npz(path, "cpu")
    assert {name: x.tolist() for name, x in found.items()} == {name: x.tolist() for name, x in arrays.items()}
    assert found["columns"].shape == (2, 3, 4)
    assert found["swapped"].dtype is lucid.int32


def test_objects_are_never_loaded(path: Path) -> None:
    np.savez(path, x=np.array([{"a": 1}, None], dtype=object))
    with pytest.raises(CheckpointError, match="x is of Python objects, which are never loaded"):
        load_npz(path)


@pytest.mark.parametrize(
    ("header", "numbers", "message"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4, r"4 bytes for the shape \(2,\) of float32"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, "a shape that is none"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2**9,), }", 4, "is damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 4, "no array of numbers"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "no array of numbers"),
        ("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", 4, "of '<U1', which lucid lacks"),
        ("__import__('os').system('true')", 4, "is damaged"),
        ("(" * 5000, 4, "is damaged"),
        ("[" * 9000 + "]" * 900, 4, "is damaged"),
        (" " * 20_000, 4, "said to have 20,000 bytes"),
    ],
)
def test_damage_is_seen(path: Path, header: str, numbers: int, message: str) -> None:
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(numbers)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(CheckpointError, match=message):
        load_npz(path)


def test_bombs_are_refused(path: Path) -> None:
    np.savez_compressed(path, x=np.zeros(10_000_000))
    with pytest.raises(CheckpointError, match=r"would unpack to 80,000,\d+; save it uncompressed"):
        load_npz(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(path: Path, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.npy", b"x")
    with pytest.raises(CheckpointError, match=r"'x\.npy' is not compressed by Deflate; save it uncompressed"):
        load_npz(path)


def test_what_is_not_there_or_cannot_be_saved(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"load_npz: .*: there is no such file"):
        load_npz(path)
    with pytest.raises(TypeError, match="save_npz: 'x' is list"):
        save_npz(path, {"x": [1.0]})  # type: ignore[dict-item]
    with pytest.raises(FileNotFoundError, match=r"save_npz: .*the folder does not exist"):
        save_npz(path / "x.npz", {})
    save_npz(path, {"x": lucid.ones(2, dtype=lucid.float64, device="cpu")})
    if lucid.devices.is_available("gpu"):
        with pytest.raises(DTypeError, match="load_npz: x"):
            load_npz(path, "gpu")
