"""`lucid classify`: the same answer however pictures are given, and one line for each that cannot be read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lucid
from lucid import devices, models
from lucid.cli import options
from lucid.cli.classify import classes_of, pictures
from lucid.io import ImageError, imagenet_classes, preprocess, save_safetensors
from tests.cli.calling import call, fails

SMALL = ("--image-size", "64")
LUCID_KEYS = {"model", "weights", "device", "runs_on", "images", "tables"}


@pytest.fixture(autouse=True)
def no_measurements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them in a folder inside, and a file that is none."""
    (tmp_path / "inside").mkdir()
    for i, name in enumerate(("b.png", "a.jpg", "inside/c.PNG")):
        pixels = np.random.default_rng(i).integers(0, 256, (70, 80 + i, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folder_is_its_pictures(folder: Path) -> None:
    assert list(pictures([folder])) == [folder / name for name in ("a.jpg", "b.png", "inside/c.PNG")]
    assert list(pictures([folder / "notes.txt", folder / "inside"])) == [folder / "notes.txt", folder / "inside/c.PNG"]
    (folder / "empty").mkdir()
    with pytest.raises(ImageError, match="empty: there are no pictures in this folder"):
        list(pictures([folder / "empty"]))


def test_weights_by_their_name_on_the_hub(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command hands the name on as it was typed: a path would never be looked for on the Hub."""

    def asked(name: str, *rest: Any) -> Path:
        raise ConnectionError(f"the Hub was asked for {name}")

    monkeypatch.setattr("lucid.io.checkpoints.hub_files", asked)
    for command in (
        ("classify", folder),
        ("attention", folder / "b.png"),
        ("run", "--quick", "--image", folder / "b.png"),
    ):
        fails(capsys, 1, "the Hub was asked for someone/something", *command, "--weights", "someone/something")


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_the_answer_is_the_models(folder: Path, batch: int, capsys: pytest.CaptureFixture[str]) -> None:
    called = call(capsys, "classify", folder, *SMALL, "--topk", 3, "--batch-size", batch, "--json", "--seed", 4)
    assert (called.code, called.err) == (0, "")
    result = json.loads(called.out)
    assert result.keys() == LUCID_KEYS
    assert (result["weights"], result["runs_on"]) == ("RANDOM weights (seed 4)", devices.describe("cpu"))
    lucid.random.seed(4)
    model = models.pvt_tiny().eval()
    for found in result["images"]:
        expected = lucid.nn.functional.softmax(model(preprocess(found["image"], size=64)[None]))[0].detach().numpy()
        best = np.argsort(-expected)[:3]
        assert [top["class"] for top in found["top"]] == best.tolist()
        assert [top["name"] for top in found["top"]] == [imagenet_classes()[i].name for i in best]
        np.testing.assert_allclose([top["probability"] for top in found["top"]], expected[best], rtol=1e-4)


def test_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called = call(capsys, "classify", folder / "a.jpg", *SMALL, "--topk", 1)
    assert called.code == 0
    assert "RANDOM weights (seed 0); cpu: NumPy" in called.out
    assert "what they name means nothing" in called.out
    assert "0." in called.out
    assert sum(label.name in called.out for label in imagenet_classes()) >= 1


def test_a_damaged_picture_does_not_stop_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = folder / "b.png"
    bad.write_bytes(bad.read_bytes()[:100])
    called = call(capsys, "classify", folder, *SMALL, "--json")
    assert (called.code, called.err.count("\n")) == (1, 1)
    assert called.err.startswith(f"lucid classify: load_image: {bad} is damaged or no image")
    first, second, third = json.loads(called.out)["images"]
    assert second == {"image": str(bad), "error": called.err.removeprefix("lucid classify: ").rstrip()}
    assert len(first["top"]) == len(third["top"]) == 5


def test_recipes_differ(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def probabilities(recipe: str) -> Any:
        called = call(capsys, "classify", folder / "a.jpg", *SMALL, "--json", "--recipe", recipe)
        return [top["probability"] for top in json.loads(called.out)["images"][0]["top"]]

    assert probabilities("official") != probabilities("huggingface") != probabilities("timm")


def test_weights_and_other_classes(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lucid.random.seed(1)
    model = models.pvt_tiny(num_classes=7).eval()
    path = tmp_path / "w.safetensors"
    save_safetensors(path, model.state_dict())
    called = call(capsys, "classify", folder / "a.jpg", *SMALL, "--json", "--weights", path)
    result = json.loads(called.out)
    assert result["weights"] == f"weights of {path}"
    assert len(result["images"][0]["top"]) == 5
    assert all(top.keys() == {"class", "name", "probability"} for top in result["images"][0]["top"])


def test_the_device_is_what_was_faster(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def found(answer: Any) -> str:
        def faster(model: str, batch_size: int, *, image_size: int) -> Any:
            asked.append((model, batch_size, image_size))
            return answer

        monkeypatch.setattr(options, "faster_device", faster)
        called = call(capsys, "classify", folder, *SMALL, "--batch-size", 9)
        assert called.code == 0
        return called.out

    for device in devices.DEVICES:
        if devices.is_available(device):
            assert f"{device}: {devices.describe(device)}" in found(device)
    shown = found(None)
    assert f"cpu: {devices.describe('cpu')}" in shown
    assert "`lucid bench pvt_tiny` measures which is faster" in shown
    assert set(asked) == {("pvt_tiny", 3, 64)}


def test_classes() -> None:
    assert classes_of(lucid.asarray([0.25, 0.75]), 1) == [{"class": 1, "name": "class 1", "probability": 0.75}]


def test_what_goes_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = folder / "no.jpg"
    fails(capsys, 1, f"lucid classify: load_image: {missing}: there is no such file", "classify", missing)
    fails(capsys, 1, "an image is 8 x 8; wanted at least", "classify", folder / "a.jpg", "--image-size", 8)
    fails(capsys, 2, "invalid choice: 'mine'", "classify", folder, "--recipe", "mine")
    fails(capsys, 2, "the following arguments are required: IMAGE", "classify")
