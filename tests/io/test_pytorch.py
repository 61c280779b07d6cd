"""What `torch.save` wrote, read without it: `tools/make_checkpoints.py` made the files, in both forms."""

import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import dtypes
from lucid.errors import CheckpointError, DTypeError
from lucid.io import load_checkpoint
from lucid.io.pytorch import MEANINGS

FILES = Path(__file__).with_name("pytorch")
FORMS = pytest.mark.parametrize("form", ["new", "old"])
WHOLE = np.arange(24.0).reshape(4, 6)
VIEWS = {"whole": WHOLE, "tied": WHOLE, "turned": WHOLE.T, "part": WHOLE[1:3, ::2], "repeated": WHOLE[[0, 0, 0]]}


@FORMS
def test_every_dtype_and_every_view(form: str) -> None:
    found = load_checkpoint(FILES / f"{form}.pth", "cpu")
    for dtype in dtypes.ALL:
        x = found.pop(dtype.name)
        assert x.dtype is dtype
        assert x.tolist() == [False, True, True, True, True] if dtype is lucid.bool else [0, 1, 2, 3, 4]
    for name, values in VIEWS.items():
        assert found.pop(name).tolist() == values.tolist(), name
    assert found.pop("empty").shape == (0, 3)
    assert found.pop("scalar").item() == 3.5
    assert found.pop("parameter").tolist() == [1, 1]
    assert found.pop("conjugate").tolist() == [1 - 2j, 3 + 4j]
    assert found.pop("negative").tolist() == [-2, 4]
    assert not found


@FORMS
def test_tied_tensors_are_one(form: str) -> None:
    found = load_checkpoint(FILES / f"{form}.pth", "cpu")
    assert found["whole"] is found["tied"]
    assert found["whole"] is not found["turned"]


@FORMS
def test_the_part_that_was_asked_for(form: str) -> None:
    path = FILES / f"{form}.pth"
    assert load_checkpoint(path, "cpu", part="state_dict_ema")["weight"].tolist() == [[7, 8]]
    with pytest.raises(CheckpointError, match="no part 'model'; it has 'epoch', 'state_dict', 'state_dict_ema'"):
        load_checkpoint(path, "cpu", part="model")


@FORMS
def test_a_plain_state_dict(form: str, device: Any) -> None:
    found = load_checkpoint(FILES / f"{form}_plain.pth", device)
    assert {name: x.tolist() for name, x in found.items()} == {"weight": [[1, 2]], "bias": [3]}
    assert {x.device for x in found.values()} == {device}


@FORMS
def test_a_pickled_module_is_refused_by_name(form: str) -> None:
    with pytest.raises(CheckpointError, match=r"refused to look up torch\.nn\.modules\.linear\.Linear"):
        load_checkpoint(FILES / f"{form}_module.pth")


@pytest.mark.gpu
def test_what_the_gpu_lacks() -> None:
    with pytest.raises(DTypeError, match=r"load_checkpoint: module\.float64"):
        load_checkpoint(FILES / "new.pth", "gpu")


def test_nothing_of_pytorch_is_imported() -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from lucid.io import load_checkpoint; "
        f"print(len(load_checkpoint({str(FILES / 'new.pth')!r})))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout == "25\n", run.stderr


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], **options: Any) -> Path:
    """A copy of a zip file with other contents of entries, None for one that is left out."""
    with zipfile.ZipFile(FILES / "new_plain.pth") as old, zipfile.ZipFile(path, "w", **options) as new:
        for name in old.namelist():
            if (content := change(name.partition("/")[2], old.read(name))) is not None:
                new.writestr(name, content)
    return path


def test_the_byte_order_of_another_machine(tmp_path: Path) -> None:
    def swapped(name: str, content: bytes) -> bytes:
        if name == "byteorder":
            return b"big"
        return np.frombuffer(content, "<f4").astype(">f4").tobytes() if name.startswith("data/") else content

    found = load_checkpoint(rewritten(tmp_path / "big.pth", swapped))
    assert {name: x.tolist() for name, x in found.items()} == {"weight": [[1, 2]], "bias": [3]}


def test_files_from_before_there_was_a_byte_order(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "x.pth", lambda name, content: None if name == "byteorder" else content)
    assert load_checkpoint(path)["bias"].tolist() == [3]


# --- Files that want to do harm ---


class Evil:
    """Pickles to a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def with_pickle(path: Path, content: bytes) -> Path:
    return rewritten(path, lambda name, old: content if name == "data.pkl" else old)


def evil(*call: Any) -> bytes:
    return pickle.dumps({"weight": Evil(*call)}, protocol=2)


T = b"c" + b"torch._utils\n_rebuild_tensor_v2\n"
NESTED = b"".join(b"q\x00h\x00h\x00\x86" for _ in range(60))  # each a pair of the one before
BOMBS: dict[str, tuple[bytes, str]] = {
    "os.system": (evil(__import__("os").system, "touch harm"), r"refused to look up posix\.system"),
    "eval": (evil(eval, "1"), r"refused to look up (__builtin__|builtins)\.eval"),
    "getattr": (evil(getattr, "a", "b"), r"refused to look up (__builtin__|builtins)\.getattr"),
    "a name inside a module": (b"\x80\x04\x8c\x05torch\x8c\x0fnn.Module.apply\x93.", r"look up torch\.nn\.M"),
    "an extension": (b"\x80\x02\x82\x01.", "instruction EXT1"),
    "an old instance": (b"(ios\nsystem\n.", "instruction INST"),
    "a call of a dtype": (b"\x80\x02ctorch\nfloat32\n)R.", "DType where Maker belongs"),
    "a tensor of nothing": (b"\x80\x02" + T + b"(NNNNtR.", "without a storage"),
    "attributes of our own": (b"\x80\x02" + T + b"}b.", "holds Maker, not tensors by name"),
    "the hash of a nest": (b"\x80\x02}(K\x01" + NESTED + b"K\x02u.", "tuple as a key"),
    "a nest": (b"\x80\x02K\x01" + NESTED + b".", "holds tuple, not tensors by name"),
    "a deep list": (b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".", "holds list"),
    "many lists": (b"\x80\x02(" + b"]" * 200_000 + b"l.", "more memory than a file of its size can need"),
    "many marks": (b"\x80\x02" + b"(" * 200_000 + b"l.", "more memory than a file of its size can need"),
    "a long number": (b"\x80\x02\x8b\xff\xff\xff\x7f", "is damaged"),
    "a long text": (b"\x80\x04\x8d" + b"\xff" * 7 + b"\x00abc.", "is damaged"),
    "nothing on the stack": (b"\x80\x02.", "is damaged"),
    "a key alone": (b"\x80\x02}(K\x01u.", "a key without a value"),
    "no mark": (b"\x80\x02K\x01l.", "is damaged"),
    "no end": (b"\x80\x02K\x01", "is damaged"),
    "a loop": (b"\x80\x02}q\x00(X\x01\x00\x00\x00ah\x00u.", "no tensors by name"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_pickles_are_not_programs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = BOMBS[name]
    before = dict(MEANINGS)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(with_pickle(tmp_path / "bomb.pth", content))
    assert not (tmp_path / "harm").exists()
    assert before == MEANINGS


def test_a_legacy_pickle_is_no_program(tmp_path: Path) -> None:
    content = (FILES / "old_plain.pth").read_bytes()
    path = tmp_path / "x.pth"
    path.write_bytes(content.replace(b"ccollections\nOrderedDict\n", b"cos\nsystem\n"))
    with pytest.raises(CheckpointError, match=r"refused to look up os\.system"):
        load_checkpoint(path)


LIES: dict[str, tuple[bytes, bytes, str]] = {  # of the tensor [[1, 2]]: offset 0, shape (1, 2), strides (2, 1)
    "a shape": (b"K\x01K\x02\x86", b"K\x01K\x03\x86", "reaches over 3 numbers, and its storage has fewer"),
    "an offset": (b"QK\x00K\x01K\x02", b"QK\x01K\x01K\x02", "reaches over 3 numbers"),
    "strides": (b"K\x02K\x01\x86", b"K\x02K\x09\x86", "reaches over 10 numbers"),
    "a negative shape": (b"K\x01K\x02\x86", b"J\xff\xff\xff\xffK\x02\x86", "or a shape with strides"),
    "a huge tensor of one number": (b"K\x01K\x02\x86", b"J\xff\xff\xff\x7fK\x02\x86", "more than a file of its size"),
    "a storage of another size": (b"cpu", b"cpux", "is damaged|no storage|instruction"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_about_tensors(name: str, tmp_path: Path) -> None:
    true, false, message = LIES[name]

    def lying(entry: str, content: bytes) -> bytes:
        if entry != "data.pkl":
            return content
        assert true in content
        return content.replace(true, false, 1)

    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(rewritten(tmp_path / "lie.pth", lying))


def test_storages_that_are_missing_short_or_there_twice(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="data/0' is missing"):
        load_checkpoint(rewritten(tmp_path / "x.pth", lambda name, old: None if name == "data/0" else old))
    with pytest.raises(CheckpointError, match="storage 0 has 7 bytes; wanted 8"):
        load_checkpoint(rewritten(tmp_path / "x.pth", lambda name, old: old[:7] if name == "data/0" else old))
    path = rewritten(tmp_path / "x.pth", lambda name, old: old)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("new_plain/data/0", bytes(8))
    with pytest.raises(CheckpointError, match="several entries of one name"):
        load_checkpoint(path)


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = rewritten(
        tmp_path / "x.pth",
        lambda name, old: bytes(100_000_000) if name == "data/0" else old,
        compression=zipfile.ZIP_DEFLATED,
    )
    with pytest.raises(CheckpointError, match=r"would unpack to 100,\d\d\d,\d\d\d; save it uncompressed"):
        load_checkpoint(path)
    content = path.read_bytes().replace(struct.pack("<I", 100_000_000), struct.pack("<I", 8))
    path.write_bytes(content)  # and one that lies about it
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_every_changed_bit_of_a_storage_is_seen(tmp_path: Path) -> None:
    content = bytearray((FILES / "new_plain.pth").read_bytes())
    place = content.index(np.array([1.0, 2.0], "<f4").tobytes())
    path = tmp_path / "x.pth"
    for bit in range(64):
        changed = content.copy()
        changed[place + bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(CheckpointError, match="Bad CRC-32"):
            load_checkpoint(path)


def test_what_is_no_file_of_tensors(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    for content, message in (
        (b"", "it is empty"),
        (b"hello", "no format that lucid reads"),
        (pickle.dumps({"a": 1}), "no format that lucid reads"),
        (io.BytesIO(b"PK\x03\x04").read(), "is damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message):
            load_checkpoint(path)
