"""Files of tensors: every dtype there and back, exact bytes, nothing half written, and damage that is always seen."""

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import dtypes
from lucid.errors import CheckpointError, DeviceError, DTypeError
from lucid.io import load_metadata, load_safetensors, save_safetensors

KEPT = [d for d in dtypes.ALL if d is not lucid.complex128]
NOT_ON_GPU = (lucid.float64, lucid.complex128)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tensors.safetensors"


def values(dtype: Any, shape: tuple[int, ...], device: Any = "cpu") -> lucid.Tensor:
    """Numbers that differ, negative ones and fractions among them where the dtype has them."""
    size = int(np.prod(shape))
    numbers = np.arange(size) % 2 if dtype is lucid.bool else np.arange(size)
    if dtype.is_floating or dtype.kind == dtypes.SIGNED:
        numbers = numbers - size // 2
    if dtype.is_floating:
        numbers = numbers / 4
    if dtype is lucid.complex64:
        numbers = numbers * (1 + 2j)
    return lucid.asarray(numbers.reshape(shape)).astype(dtype).to(device)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
@pytest.mark.parametrize("dtype", KEPT, ids=str)
def test_there_and_back(path: Path, dtype: Any, shape: tuple[int, ...], device: Any) -> None:
    if device == "gpu" and dtype in NOT_ON_GPU:
        pytest.skip("not on the gpu")
    x = values(dtype, shape, device)
    save_safetensors(path, {"x": x})
    found = load_safetensors(path, device)["x"]
    assert (found.dtype, found.shape, found.device) == (dtype, shape, device)
    assert found.tolist() == x.tolist()
    assert not found.requires_grad


@pytest.mark.gpu
def test_there_and_back_between_devices(path: Path) -> None:
    save_safetensors(path, {"a": values(lucid.bfloat16, (2, 3)), "b": values(lucid.int64, (4,), "gpu")})
    crossed = load_safetensors(path, "gpu")
    assert {x.device for x in crossed.values()} == {"gpu"}
    assert crossed["a"].tolist() == values(lucid.bfloat16, (2, 3)).tolist()
    assert load_safetensors(path, "cpu")["b"].tolist() == [-2, -1, 0, 1]


def test_bytes(path: Path) -> None:
    """The format itself: the length of the header, the header, the numbers."""
    save_safetensors(path, {"x": lucid.asarray([1.0, -2.0], dtype=lucid.bfloat16)}, {"by": "hand"})
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert json.loads(content[8 : 8 + length]) == {
        "__metadata__": {"by": "hand"},
        "x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
    }
    assert content[8 + length :] == b"\x80\x3f\x00\xc0"


@pytest.mark.parametrize(
    ("word", "code", "dtype"),
    [
        *[("BOOL", "?", lucid.bool), ("I8", "b", lucid.int8), ("I16", "h", lucid.int16), ("I32", "i", lucid.int32)],
        *[("I64", "q", lucid.int64), ("U8", "B", lucid.uint8), ("U16", "H", lucid.uint16), ("U32", "I", lucid.uint32)],
        *[("U64", "Q", lucid.uint64), ("F16", "e", lucid.float16), ("F32", "f", lucid.float32)],
        *[("F64", "d", lucid.float64), ("C64", "ff", lucid.complex64)],
    ],
)
def test_a_file_of_somebody_else(path: Path, word: str, code: str, dtype: Any) -> None:
    numbers = struct.pack(f"<{code}", *[1] * len(code))
    write(path, {"x": {"dtype": word, "shape": [1], "data_offsets": [0, len(numbers)]}}, numbers)
    x = load_safetensors(path)["x"]
    assert x.dtype is dtype
    assert x.tolist() == [1 + 1j if word == "C64" else 1]


def write(path: Path, header: Any, numbers: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)


def test_views_shared_tensors_and_gradients(path: Path) -> None:
    x = values(lucid.float32, (2, 3))
    save_safetensors(path, {"x": x, "again": x, "turned": x.mT, "part": x[:, ::2], "leaf": x.detach().requires_grad_()})
    found = load_safetensors(path)
    assert found["x"].tolist() == found["again"].tolist() == found["leaf"].tolist() == x.tolist()
    assert found["turned"].tolist() == x.mT.tolist()
    assert found["part"].tolist() == x[:, ::2].tolist()


def test_nothing_at_all(path: Path) -> None:
    save_safetensors(path, {})
    assert load_safetensors(path) == {}
    assert load_metadata(path) == {}


def test_metadata(path: Path) -> None:
    save_safetensors(path, {"x": lucid.ones(2)}, {"model": "pvt_tiny", "größe": "224"})
    assert load_metadata(path) == {"model": "pvt_tiny", "größe": "224"}


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "message"),
    [
        ({"x": lucid.ones(2, dtype=lucid.complex128)}, None, DTypeError, "x is complex128"),
        ({"x": [1.0]}, None, TypeError, "'x' is list; wanted names of tensors"),
        ({3: lucid.ones(2)}, None, TypeError, "3 is Tensor; wanted names"),
        ([lucid.ones(2)], None, TypeError, "got list; wanted tensors by name"),
        ({"__metadata__": lucid.ones(2)}, None, ValueError, "keeps the name '__metadata__'"),
        ({"x": lucid.ones(2)}, {"epoch": 3}, TypeError, "wanted text for text"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(
    path: Path, tensors: Any, metadata: Any, error: type[Exception], message: str
) -> None:
    save_safetensors(path, {"old": lucid.ones(2)})
    with pytest.raises(error, match=message):
        save_safetensors(path, tensors, metadata)
    assert list(load_safetensors(path)) == ["old"]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("failing", ["pathlib.Path.write_bytes", "os.fsync", "pathlib.Path.replace"])
def test_a_failure_while_writing_leaves_the_old_file(path: Path, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save_safetensors(path, {"old": lucid.ones(2)})

    def fail(*args: Any) -> None:
        if failing.endswith("write_bytes"):
            args[0].write_text("half")
        raise OSError("the disk is full")

    monkeypatch.setattr(failing, fail)
    with pytest.raises(OSError, match="the disk is full"):
        save_safetensors(path, {"new": lucid.ones(2)})
    monkeypatch.undo()
    assert list(load_safetensors(path)) == ["old"]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    path.touch()
    link.symlink_to(path)
    save_safetensors(link, {"x": lucid.ones(2)})
    assert link.is_symlink()
    assert list(load_safetensors(path)) == ["x"]


def test_a_file_has_the_permissions_of_any_new_file(path: Path) -> None:
    path.with_name("other").touch()
    save_safetensors(path, {"x": lucid.ones(2)})
    assert path.stat().st_mode == path.with_name("other").stat().st_mode


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder does not exist"):
        save_safetensors(tmp_path / "no" / "x.safetensors", {})


# --- Damage ---


def test_every_truncation_is_seen(path: Path) -> None:
    save_safetensors(path, {"a": values(lucid.float32, (5,)), "b": values(lucid.int8, (3,))}, {"by": "hand"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"tensors\.safetensors is damaged or no safetensors file"):
            load_safetensors(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(CheckpointError):
        load_safetensors(path)
    path.write_bytes(content)
    assert list(load_safetensors(path)) == ["a", "b"]


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        (b"not json", b""),
        (b"[]", b""),
        ({"x": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"\0" * 8),
        ({"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "y": {}}, b"\0" * 4),
    ],
)
def test_damage_is_seen(path: Path, header: Any, numbers: bytes) -> None:
    write(path, header, numbers)
    for load in (load_safetensors, load_metadata):
        with pytest.raises(CheckpointError, match=r"tensors\.safetensors"):
            load(path)


def test_a_dtype_that_lucid_lacks(path: Path) -> None:
    write(path, {"x": {"dtype": "F8_E5M2", "shape": [1], "data_offsets": [0, 1]}}, b"\0")
    with pytest.raises(CheckpointError, match=r"tensors\.safetensors: x is F8_E5M2; lucid has BOOL"):
        load_safetensors(path)


def test_no_file(tmp_path: Path) -> None:
    for missing in (tmp_path / "no.safetensors", tmp_path):
        for load in (load_safetensors, load_metadata):
            with pytest.raises(FileNotFoundError, match="there is no such file"):
                load(missing)


@pytest.mark.gpu
def test_what_the_gpu_lacks(path: Path) -> None:
    save_safetensors(path, {"wide": lucid.ones(2, dtype=lucid.float64)})
    with pytest.raises(DTypeError, match="wide"):
        load_safetensors(path, "gpu")


def test_no_device(path: Path) -> None:
    with pytest.raises(DeviceError, match="load_safetensors: device='tpu'"):
        load_safetensors(path, "tpu")  # type: ignore[arg-type]


@pytest.mark.parametrize("call", ["save_safetensors(path, {})", "load_safetensors(path)", "load_metadata(path)"])
def test_without_the_package_the_error_says_what_to_install(path: Path, call: str) -> None:
    program = f"import sys; sys.modules['safetensors'] = None; path = {str(path)!r}; from lucid.io import *; {call}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    name = call.partition("(")[0]
    assert run.stderr.splitlines()[-1] == (
        f"ImportError: {name}: needs the package safetensors; install it with: pip install 'lucid-tensor[io]'"
    )


@pytest.mark.gpu
def test_bfloat16_in_a_fresh_interpreter(path: Path) -> None:
    save_safetensors(path, {"x": values(lucid.bfloat16, (2,))})
    program = f"from lucid.io import *; print(load_safetensors({str(path)!r}, 'gpu')['x'].tolist())"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout == "[-0.25, 0.0]\n", run.stderr
