"""The commands from end to end, and one line with the right exit code for everything that goes wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lucid
from lucid import devices, models
from lucid.cli import COMMANDS, digits, main, photograph
from lucid.cli.loading import load_model
from lucid.cli.measure import Spread, in_turn
from lucid.errors import CheckpointError
from lucid.io import load_metadata, load_safetensors, save_safetensors
from tests.cli.calling import fails

GPU = devices.is_available("gpu")


def lucid_command(*arguments: str, before: str = "pass") -> "subprocess.CompletedProcess[str]":
    """`lucid ...` in an interpreter of its own, where the program `before` ran first."""
    program = f"import sys; {before}; from lucid.cli import main; sys.exit(main({list(arguments)!r}))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


# --- lucid run ---


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The JSON and the folder of one `lucid run --quick` on every device."""
    folder = tmp_path_factory.mktemp("quick") / "runs"
    done = lucid_command("run", "--quick", "--json", "--output", str(folder))
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads((folder / "run.json").read_text())
    return printed, folder


def test_the_devices_agree(quick: tuple[Any, Path]) -> None:
    found = quick[0]["photograph"]
    assert list(found["top5"]) == (["cpu", "gpu"] if GPU else ["cpu"])
    assert all(
        len(best) == 5 and best == sorted(best, key=lambda b: -b["probability"]) for best in found["top5"].values()
    )
    if GPU:
        assert found["largest_difference"] < 1e-6
        assert [b["class"] for b in found["top5"]["gpu"]] == [b["class"] for b in found["top5"]["cpu"]]


def test_every_time_says_what_it_was_measured_on(quick: tuple[Any, Path]) -> None:
    about = quick[0]["environment"]["devices"]
    rows = quick[0]["throughput"]["rows"]
    assert {row["device"] for row in rows} == set(about)
    for row in rows:
        assert row["images_per_second"] > 0
        assert row["runs_on"] == devices.describe(row["device"]) == about[row["device"]]
    assert quick[0]["digits"]["runs_on"] == about["cpu"]


def test_the_picture(quick: tuple[Any, Path]) -> None:
    with Image.open(quick[1] / "attention.png") as picture:
        assert picture.width > 3 * picture.height
        assert len(picture.convert("RGB").getcolors(picture.width * picture.height) or []) > 1000


def test_the_digits_are_learnt_and_their_weights_kept(quick: tuple[Any, Path]) -> None:
    result, path = quick[0]["digits"], quick[1] / "digits.safetensors"
    assert result["accuracy"] > 0.5  # after one epoch
    assert load_metadata(path)["accuracy"] == f"{result['accuracy']:.4f}"
    reader = digits.model()
    reader.load_state_dict(load_safetensors(path))
    assert digits.accuracy(reader, digits.digits("cpu")) == result["accuracy"]


def test_without_mlx_the_cpu_runs_and_the_gpu_is_explained(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "red.png")
    arguments = ("run", "--quick", "--image", str(tmp_path / "red.png"), "--output", str(tmp_path), "--seed", "3")
    done = lucid_command(*arguments, before="sys.modules['mlx'] = None")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        "Without the gpu: gpu: MLX could not be imported",
        "pip install 'mlx[cpu]'",
        "12,457,192 parameters, RANDOM weights (seed 3)",
        devices.describe("cpu"),
        "% of the test digits are read right, after 1 epochs",
    ):
        assert text in done.stdout
    assert json.loads((tmp_path / "run.json").read_text())["environment"]["devices"] == {"cpu": devices.describe("cpu")}


def test_a_gpu_that_is_asked_for_and_missing_is_a_failure(tmp_path: Path) -> None:
    done = lucid_command("run", "--device", "gpu", "--output", str(tmp_path), before="sys.modules['mlx'] = None")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("lucid run: gpu: MLX could not be imported")


# --- What goes wrong ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--device", "tpu"], "lucid run: argument --device: invalid choice: 'tpu' (choose from"),
        (["run", "--epochs", "0"], "argument --epochs: '0' is not at least 1; see lucid run --help"),
        (["run", "--seed", "-1"], "argument --seed: '-1' is no whole number"),
        (["fly"], "lucid: argument COMMAND: invalid choice: 'fly'"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, 2, message, *arguments)


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


def test_python_can_run_the_package() -> None:
    done = subprocess.run([sys.executable, "-m", "lucid", "fly"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:49]) == (2, "lucid: argument COMMAND: invalid choice: 'fly' (c")


def test_a_bad_image(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = ["run", "--quick", "--device", "cpu", "--output", tmp_path / "runs", "--image"]
    path = tmp_path / "photo.jpg"
    fails(capsys, 1, f"lucid run: load_image: {path}: there is no such file", *run, path)
    path.write_text("no photograph")
    fails(capsys, 1, f"lucid run: load_image: {path} is damaged or no image", *run, path)


def test_bad_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = ["run", "--quick", "--device", "cpu", "--output", tmp_path / "runs", "--weights"]
    path = tmp_path / "w.safetensors"
    fails(capsys, 1, f"{path}: there is no such file", *run, path)
    save_safetensors(path, {"head.weight": lucid.ones((10, 512))})
    fails(capsys, 1, f"create_model: {path} does not fit pvt_tiny", *run, path)
    path.write_bytes(path.read_bytes()[:-1])
    fails(capsys, 1, f"lucid run: load_safetensors: {path} is damaged", *run, path)
    save_safetensors(path, {"fc": lucid.ones(2)})
    fails(capsys, 1, "has the names of no model that lucid knows: fc", *run, path)


def test_a_folder_that_cannot_be_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    fails(capsys, 2, "runs is no folder", "run", "--quick", "--device", "cpu", "--output", tmp_path / "runs")


@pytest.mark.parametrize(("package", "extra"), [("rich", "run"), ("sklearn", "run"), ("PIL", "vision")])
def test_without_a_package_the_line_says_what_to_install(package: str, extra: str, tmp_path: Path) -> None:
    arguments = ("run", "--quick", "--device", "cpu", "--output", str(tmp_path))
    done = lucid_command(*arguments, before=f"sys.modules[{package!r}] = None")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"needs the package {package}; install it with: pip install 'lucid-tensor[{extra}]'" in done.stderr


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)])
def test_help_has_an_example(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*arguments, "--help"])
    assert f"example: lucid {' '.join(arguments)}" in " ".join(capsys.readouterr().out.split())


# --- The parts ---


@pytest.mark.parametrize("options", [{}, {"out_proj": True, "num_classes": 7}])
def test_weights_say_which_model_they_are_for(options: Any, tmp_path: Path) -> None:
    lucid.random.seed(1)
    model = models.pvt_tiny(**options).eval()
    save_safetensors(tmp_path / "w.safetensors", model.state_dict())
    loaded = load_model("pvt_tiny", tmp_path / "w.safetensors", 0)
    assert not loaded.training
    assert {name: x.shape for name, x in loaded.state_dict().items()} == {
        n: x.shape for n, x in model.state_dict().items()
    }
    assert (loaded.head.weight == model.head.weight).all()


def test_equal_seeds_give_equal_weights() -> None:
    one, other, third = (load_model("pvt_tiny", None, seed).head.weight for seed in (5, 5, 6))
    assert (one == other).all()
    assert not (one == third).all()


def test_top() -> None:
    assert photograph.top(lucid.asarray([0.1, 0.5, 0.0, 0.4]), 3) == [
        (1, 0.5),
        (3, pytest.approx(0.4)),
        (0, pytest.approx(0.1)),
    ]


def test_the_split_of_the_digits() -> None:
    data = digits.digits("cpu")
    assert (data.images.shape, data.test_images.shape) == ((1437, 1, 8, 8), (360, 1, 8, 8))
    assert (data.images.min().item(), data.images.max().item()) == (-1.0, 1.0)
    counts = np.bincount(data.test_labels.numpy())
    assert len(counts) == 10
    assert counts.min() >= 34
    assert (digits.digits("cpu").test_labels == data.test_labels).all()


def test_rounds_run_in_turn() -> None:
    calls: list[str] = []
    times = in_turn({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=2, warm_up=1)
    assert calls == list("ababab")
    assert [len(t.seconds) for t in times.values()] == [2, 2]


def test_spread() -> None:
    spread = Spread([3.0, 1.0, 2.0])
    assert (spread.median, spread.percent) == (2.0, 100.0)


def test_a_state_that_does_not_fit_names_the_file(tmp_path: Path) -> None:
    save_safetensors(tmp_path / "w.safetensors", {"head.weight": lucid.ones((10, 512))})
    with pytest.raises(CheckpointError, match=r"w\.safetensors does not fit pvt_tiny"):
        load_model("pvt_tiny", tmp_path / "w.safetensors", 0)
