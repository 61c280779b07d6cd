"""Tensors by name from whatever somebody published: the format is found by looking into the file.

>>> import lucid, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     save_checkpoint(f"{folder}/model.npz", {"w": lucid.ones(2)})
...     load_checkpoint(f"{folder}/model.npz")
{'w': tensor([1., 1.], dtype=float32, device='cpu')}
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..devices import Device
from ..errors import CheckpointError
from ..tensor import Tensor
from .archives import Archive, damage_seen, mapped
from .files import check_path
from .hub import hub_files
from .npz import read_npz, save_npz
from .pytorch import LEGACY, Layout, read_legacy, read_zip
from .safetensors import load_metadata, load_safetensors, save_safetensors

__all__ = ["Checkpoint", "load_checkpoint", "read_checkpoint", "save_checkpoint"]

PathLike = str | os.PathLike[str]

# What folders and the Hub call the file of the weights, the one that is preferred first.
FILES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
CONFIG = "config.json"
# Under which key files keep their tensors, first those that are trained, then their running means.
PARTS = """
    state_dict model model_state_dict module network net weights params state_dict_ema model_ema ema_state_dict ema
""".split()
WRAPPERS = ("module.", "_orig_mod.")  # what torch's DataParallel and compile put before every name
HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
SUFFIXES = (".safetensors", ".npz", ".pth", ".pt", ".bin", ".json")
RELEASE = "https://github.com/whai362/PVT/releases/download/v2"


class Checkpoint(NamedTuple):
    """What was found: tensors by name, texts about them, and what the config.json beside them says."""

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    config: dict[str, Any]


def load_checkpoint(source: PathLike, device: Device | None = None, part: str | None = None) -> dict[str, Tensor]:
    """The tensors by name of a file, of a folder, or of a name on the Hugging Face Hub such as "timm/pvt_v2_b0.in1k".

    Files may be safetensors, also in shards with an index, .npz, or what `torch.save` wrote, of whatever version: that
    is read without PyTorch, and nothing in it is run. Of a file that has several models, as a running mean beside the
    trained one, `part` names the key of one; without it the trained one is taken. `module.` before all names is
    dropped. Damage is seen where the format has checksums, as .npz and the newer .pth do: a number that was changed in
    a safetensors file, or in a .pth from before PyTorch 1.6, cannot be known.

    Raises CheckpointError for a file that is damaged, unknown, or asks for more than tensors and plain containers;
    FileNotFoundError for one that is not there; ConnectionError where the Hub would be needed and cannot be reached;
    DTypeError for a dtype that the device lacks.
    """
    return read_checkpoint(source, device, part).tensors


def save_checkpoint(path: PathLike, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors in the format that the suffix of `path` says: .safetensors or .npz, which has no metadata.

    Raises ValueError for another suffix, and as `save_safetensors` and `save_npz` do.
    """
    check_path("save_checkpoint", path)
    suffix = Path(path).suffix
    if suffix == ".safetensors":
        save_safetensors(path, tensors, metadata)
    elif suffix == ".npz":
        save_npz(path, tensors)
    else:
        raise ValueError(f"save_checkpoint: {path}: lucid writes .safetensors and .npz; choose one of these suffixes")


def read_checkpoint(
    source: PathLike, device: Device | None = None, part: str | None = None, function: str = "load_checkpoint"
) -> Checkpoint:
    """As `load_checkpoint`, with what else there is about the tensors."""
    path = _found(source, function)
    tensors, metadata = _read(path, device, part, function)
    config, beside = {}, path.with_name(CONFIG)
    if beside.is_file():
        with damage_seen(function, beside):
            config = json.loads(beside.read_text(encoding="utf-8"))
    return Checkpoint(path, _unwrapped(tensors), metadata, config if isinstance(config, dict) else {})


def _found(source: PathLike, function: str) -> Path:
    """The file of the weights."""
    path = Path(source)
    if path.is_dir():
        for name in FILES:
            if (path / name).is_file():
                return path / name
        raise FileNotFoundError(f"{function}: {path} has none of {', '.join(FILES)}")
    if path.is_file():
        return path
    if isinstance(source, str) and HUB_NAME.fullmatch(source) and path.suffix not in SUFFIXES:
        return hub_files(source, FILES, CONFIG, function)
    if re.fullmatch(r"pvt_\w+\.pth", path.name):
        raise FileNotFoundError(f"{function}: {path}: there is no such file; put there {RELEASE}/{path.name}")
    raise FileNotFoundError(f"{function}: {path}: there is no such file")


def _read(
    path: Path, device: Device | None, part: str | None, function: str
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of one file, and the texts about them."""
    if path.name.endswith(".index.json"):
        return _sharded(path, device, function), {}
    with damage_seen(function, path), mapped(path) as content:
        if content[:2] == b"PK":
            archive = Archive(content)
            if not any(f"/{name}".endswith("/data.pkl") for name in archive.entries):
                return read_npz(archive, device, function), {}
            containers, storages = read_zip(archive)
            return storages.load(_model(containers, part), device, function), {}
        if LEGACY in content[:32]:
            containers, storages = read_legacy(content)
            return storages.load(_model(containers, part), device, function), {}
        if content[8:9] != b"{":
            raise CheckpointError(
                "it is damaged, or no format that lucid reads: safetensors, .npz, and what torch.save writes"
            )
    return load_safetensors(path, device), load_metadata(path)


def _sharded(index: Path, device: Device | None, function: str) -> dict[str, Tensor]:
    """The tensors of several files, of which an index says who has which."""
    shards: dict[str, dict[str, Tensor]] = {}
    with damage_seen(function, index):
        files = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        for name in dict.fromkeys(files.values()):
            if Path(name).name != name or name.endswith(".json"):
                raise CheckpointError(f"{name!r:.100} is no name of a file beside it")
            if not index.with_name(name).is_file():
                raise CheckpointError(f"the shard {name} is missing")
            shards[name] = _read(index.with_name(name), device, None, function)[0]
        for name, file in files.items():
            if name not in shards[file]:
                raise CheckpointError(f"{name} should be in {file}, which does not have it")
    return {name: shards[file][name] for name, file in files.items()}


def _model(found: Any, part: str | None, depth: int = 0) -> dict[str, Layout]:
    """The state dict in nested containers: under `part`, or else where files usually have it."""
    if not isinstance(found, dict):
        raise CheckpointError(f"it holds {type(found).__name__}, not tensors by name; save model.state_dict()")
    if part is not None:
        if not isinstance(found.get(part), dict):
            raise CheckpointError(f"it has no part {part!r}; it has {_listed(found)}")
        return _model(found[part], None, depth + 1)
    nested = [name for name, value in found.items() if isinstance(value, dict) and value]
    for name in PARTS:
        if name in nested and depth < 3:
            return _model(found[name], None, depth + 1)
    layouts = {name: x for name, x in found.items() if isinstance(x, Layout)}
    if not layouts and found:
        raise CheckpointError(f"it holds no tensors by name where lucid looks, but {_listed(found)}")
    if not all(isinstance(name, str) for name in layouts):
        raise CheckpointError("its tensors have names that are not text")
    return layouts


def _listed(found: dict[Any, Any]) -> str:
    names = [f"{name!r:.50}" for name in found][:12]
    return ", ".join([*names, *(["..."] if len(found) > len(names) else [])]) or "nothing"


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the words that wrappers of models put before every name."""
    for wrapper in WRAPPERS * 2:
        if tensors and all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): x for name, x in tensors.items()}
    return tensors
