"""Files that PyTorch and Transformers themselves wrote, as models of lucid; and files of lucid that they read."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import PvtConfig, PvtForImageClassification, PvtV2Config, PvtV2ForImageClassification

import lucid
from lucid import models
from lucid.cli import main
from lucid.io import load_checkpoint

NAMES = {"pvt_tiny": (PvtForImageClassification, PvtConfig), "pvt_v2_b0": (PvtV2ForImageClassification, PvtV2Config)}
EACH = pytest.mark.parametrize("name", NAMES)


def hugging_face(name: str, **options: Any) -> Any:
    model, config = NAMES[name]
    torch.manual_seed(0)
    made = model(config(num_labels=7, **options)).eval()
    with torch.no_grad():
        for p in made.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    return made


def assert_same_scores(ours: Any, theirs: Any) -> None:
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad(), lucid.no_grad():
        found, wanted = ours.eval()(lucid.asarray(images.numpy())).numpy(), theirs(images).logits.numpy()
    assert abs(wanted).max() > 0.1
    assert abs(found - wanted).max() < 1e-4


def assert_same_bits(path: Path, state: dict[str, torch.Tensor]) -> None:
    found = load_checkpoint(path, "cpu")
    assert found.keys() == state.keys()
    for name, x in state.items():
        assert found[name].dtype.name == str(x.dtype).removeprefix("torch."), name
        assert found[name].numpy().tobytes() == x.contiguous().view(torch.uint8).numpy().tobytes(), name


@EACH
@pytest.mark.parametrize("options", [{}, {"max_shard_size": "2MB"}], ids=["whole", "sharded"])
def test_what_transformers_saves(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    theirs = hugging_face(name, layer_norm_eps=1e-3)  # an eps that is seen
    theirs.save_pretrained(tmp_path, **options)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == bool(options)
    assert_same_bits(tmp_path, theirs.state_dict())
    assert_same_scores(models.create_model(name, weights=tmp_path), theirs)


@EACH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("zipped", [True, False], ids=["new", "old"])
def test_what_pytorch_saves(name: str, dtype: torch.dtype, zipped: bool, tmp_path: Path) -> None:
    theirs = hugging_face(name).to(dtype)
    state = {f"module.{key}": x for key, x in theirs.state_dict().items()}
    path = tmp_path / "x.pth"
    torch.save({"model": state, "epoch": 1}, path, _use_new_zipfile_serialization=zipped)
    assert_same_bits(path, theirs.state_dict())
    assert_same_scores(models.create_model(name, weights=path), theirs.float())


@EACH
def test_through_every_dialect_and_format_to_transformers(name: str, tmp_path: Path) -> None:
    theirs = hugging_face(name)
    save_file(theirs.state_dict(), tmp_path / "0.safetensors")
    paths = [tmp_path / "0.safetensors"]
    for i, dialect in enumerate(["official", *(["timm"] if "v2" in name else []), "huggingface", "lucid"], 1):
        paths.append(tmp_path / f"{i}{'.npz' if i % 2 else '.safetensors'}")
        assert main(["convert", str(paths[-2]), str(paths[-1]), "--to", dialect]) == 0
    end = tmp_path / "end"
    theirs.config.save_pretrained(end)
    assert main(["convert", str(paths[-1]), str(end / "model.safetensors"), "--to", "huggingface"]) == 0
    again = NAMES[name][0].from_pretrained(end)
    assert all(torch.equal(x, again.state_dict()[key]) for key, x in theirs.state_dict().items())


@pytest.mark.parametrize("zipped", [True, False], ids=["new", "old"])
def test_loading_takes_no_more_than_twice_the_file(zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({f"{i}": torch.randn(1000, 1000) for i in range(10)}, path, _use_new_zipfile_serialization=zipped)
    load_checkpoint(path, "cpu")
    tracemalloc.start()
    kept = load_checkpoint(path, "cpu")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(kept) == 10
    print(f"\nThe peak is {peak / path.stat().st_size:.2f} times the file.")
    assert peak <= 2 * path.stat().st_size
