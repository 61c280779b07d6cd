"""Files of any format, folders, shards, and the Hub, by one function."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import lucid
from lucid.errors import CheckpointError
from lucid.io import load_checkpoint, load_metadata, save_checkpoint, save_safetensors
from lucid.io.checkpoints import read_checkpoint


def tensors(**names: float) -> dict[str, lucid.Tensor]:
    return {name.replace("_", "."): lucid.asarray([value], device="cpu") for name, value in names.items()}


def lists(found: dict[str, lucid.Tensor]) -> dict[str, Any]:
    return {name: x.tolist() for name, x in found.items()}


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_the_suffix_says_how_to_write_and_the_content_how_to_read(tmp_path: Path, suffix: str, device: Any) -> None:
    save_checkpoint(tmp_path / f"x{suffix}", tensors(a_b=1))
    (tmp_path / f"x{suffix}").rename(tmp_path / "x.anything")
    found = load_checkpoint(tmp_path / "x.anything", device)
    assert lists(found) == {"a.b": [1.0]}
    assert found["a.b"].device == device


def test_a_suffix_that_lucid_does_not_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lucid writes \.safetensors and \.npz; choose one"):
        save_checkpoint(tmp_path / "x.pth", {})
    with pytest.raises(TypeError, match=r"path is dict; the path comes first: save_checkpoint\(path, tensors\)"):
        save_checkpoint(tensors(a=1), tmp_path / "x.npz")
    save_checkpoint(tmp_path / "x.safetensors", {}, {"by": "hand"})
    assert load_metadata(tmp_path / "x.safetensors") == {"by": "hand"}


def test_what_wrappers_put_before_names_is_dropped(tmp_path: Path) -> None:
    for names in (
        ("module.a", "module.b"),
        ("_orig_mod.a", "_orig_mod.b"),
        ("module._orig_mod.a", "module._orig_mod.b"),
    ):
        save_checkpoint(tmp_path / "x.npz", dict.fromkeys(names, lucid.ones(1)))
        assert list(load_checkpoint(tmp_path / "x.npz")) == ["a", "b"]
    save_checkpoint(tmp_path / "x.npz", {"module.a": lucid.ones(1), "b": lucid.ones(1)})
    assert list(load_checkpoint(tmp_path / "x.npz")) == ["module.a", "b"]


def sharded(folder: Path, **changes: Any) -> Path:
    save_safetensors(folder / "one.safetensors", tensors(a=1, b=2))
    save_safetensors(folder / "two.safetensors", tensors(c=3))
    files = {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"} | changes
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 12}, "weight_map": files}))
    return index


def test_shards(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    for source in (index, tmp_path):
        assert lists(load_checkpoint(source)) == {"a": [1], "b": [2], "c": [3]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"c": "three.safetensors"}, r"the shard three\.safetensors is missing"),
        ({"d": "two.safetensors"}, r"d should be in two\.safetensors, which does not have it"),
        ({"c": "../two.safetensors"}, "no name of a file beside it"),
        ({"c": "model.safetensors.index.json"}, "no name of a file beside it"),
        ({"c": 3}, "is damaged"),
    ],
)
def test_an_index_that_lies(tmp_path: Path, changes: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(sharded(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": 3}', "[" * 10_000])
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text)
    with pytest.raises(CheckpointError, match=r"index\.json is damaged"):
        load_checkpoint(index)


def test_what_lies_beside(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.safetensors", tensors(a=1), {"by": "hand"})
    (tmp_path / "config.json").write_text('{"layer_norm_eps": 1e-5}')
    found = read_checkpoint(tmp_path)
    assert (found.metadata, found.config) == ({"by": "hand"}, {"layer_norm_eps": 1e-5})
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json is damaged"):
        read_checkpoint(tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has none of model\.safetensors, model"):
        load_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"x\.npz: there is no such file"):
        load_checkpoint(tmp_path / "x.npz")
    release = "https://github.com/whai362/PVT/releases/download/v2"
    with pytest.raises(FileNotFoundError, match=rf"pvt_tiny\.pth: there is no such file; put there {release}/pvt_tiny"):
        load_checkpoint("weights/pvt_tiny.pth")


# --- The Hub, played by a module ---


class Hub:
    """As much of `huggingface_hub` as lucid uses, on a folder that stands for the net and one that is the cache."""

    class LocalEntryNotFoundError(FileNotFoundError):
        pass

    EntryNotFoundError = type("EntryNotFoundError", (Exception,), {})
    RepositoryNotFoundError = type("RepositoryNotFoundError", (Exception,), {})

    def __init__(self, net: Path | None, cache: Path) -> None:
        self.net, self.cache, self.errors = net, cache, self

    def hf_hub_url(self, name: str, file: str) -> str:
        return f"{name}/{file}"

    def get_hf_file_metadata(self, url: str, timeout: float) -> None:
        if self.net is None:
            raise RuntimeError("no net")
        if not (self.net / url).parent.is_dir():
            raise self.RepositoryNotFoundError
        if not (self.net / url).is_file():
            raise self.EntryNotFoundError

    def hf_hub_download(self, name: str, file: str, local_files_only: bool = False) -> str:
        path = self.cache / name / file
        if not path.is_file():
            if local_files_only or self.net is None:
                raise self.LocalEntryNotFoundError
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((self.net / name / file).read_bytes())
        return str(path)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path / "net", tmp_path / "cache")
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", hub)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net" / "some" / "model").mkdir(parents=True)
    return hub


def test_a_name_on_the_hub(hub: Hub) -> None:
    assert hub.net is not None
    save_checkpoint(hub.net / "some/model/model.safetensors", tensors(a=1))
    (hub.net / "some/model/config.json").write_text('{"depths": [2]}')
    assert read_checkpoint("some/model").config == {"depths": [2]}
    hub.net = None  # and once it is here, without a net
    assert lists(load_checkpoint("some/model")) == {"a": [1]}
    assert read_checkpoint("some/model").config == {"depths": [2]}


def test_shards_on_the_hub(hub: Hub) -> None:
    assert hub.net is not None
    sharded(hub.net / "some/model")
    assert lists(load_checkpoint("some/model")) == {"a": [1], "b": [2], "c": [3]}
    (hub.cache / "some/model/two.safetensors").unlink()
    (hub.net / "some/model/two.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"some/model on the Hub has no two\.safetensors"):
        load_checkpoint("some/model")


def test_what_the_hub_does_not_have(hub: Hub) -> None:
    with pytest.raises(CheckpointError, match="no file some/other, and no repository of that name on the Hub"):
        load_checkpoint("some/other")
    with pytest.raises(CheckpointError, match=r"some/model on the Hub has none of model\.safetensors"):
        load_checkpoint("some/model")
    hub.net = None
    with pytest.raises(ConnectionError) as caught:
        load_checkpoint("some/model")
    assert str(caught.value) == (
        "load_checkpoint: some/model is not on this machine and the Hugging Face Hub cannot be reached (RuntimeError); "
        "download it elsewhere and give its path"
    )


def test_a_checksum_that_does_not_fit(hub: Hub) -> None:
    folder = hub.cache / "some/model"
    folder.mkdir(parents=True)
    save_checkpoint(folder / "blob.safetensors", tensors(a=1))
    (folder / "blob.safetensors").rename(folder / ("0" * 64))
    (folder / "model.safetensors").symlink_to(folder / ("0" * 64))
    (folder / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="is damaged: its SHA-256 is"):
        load_checkpoint("some/model")


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"pip install 'lucid-tensor\[hub\]'"):
        load_checkpoint("some/model")
