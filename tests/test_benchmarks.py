"""The benchmarks compare like with like, and their tables go where they belong."""

import doctest
import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lucid
from benchmarks import dispatch, ops, peers, scaling, tables
from lucid.cli.measure import Spread
from lucid.cli.output import Output

SIZE = ops.Size(2, 64)
ROOT = tables.ROOT


@pytest.fixture(scope="module")
def libraries() -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ops, "SIZES", (SIZE,))
        return ops.libraries()


def array(x: Any) -> np.ndarray[Any, Any]:
    x = x.detach() if hasattr(x, "detach") else x
    return np.asarray(x.numpy() if hasattr(x, "numpy") else x)


@pytest.mark.parametrize("op", ops.OPS)
def test_all_libraries_compute_the_same(libraries: list[Any], op: str) -> None:
    inputs = [ops.numbers(shape, i) for i, shape in enumerate(ops.shapes(SIZE)[op])]
    found = [array(library.forward(library.functions[op], inputs)()) for library in libraries]
    slopes = [both() for library in libraries if (both := library.both(library.functions[op], inputs))]
    assert len(slopes) == len(libraries) - 1
    for x in found[1:]:
        np.testing.assert_allclose(x, found[0], rtol=1e-4, atol=1e-5 * abs(found[0]).max())
    for gradients in slopes[1:]:
        for g, wanted in zip(gradients, slopes[0], strict=True):
            np.testing.assert_allclose(array(g), array(wanted), rtol=1e-3, atol=1e-5 * abs(array(wanted)).max())


def test_all_libraries_update_the_same(libraries: list[Any]) -> None:
    values = [[ops.numbers((3, 5), seed)] for seed in (0, 1)]
    updates = [library.update(*values) for library in libraries]
    for _ in range(3):
        found = [array(update()[0]) for update in updates]
        for x in found[1:]:
            np.testing.assert_allclose(x, found[0], rtol=1e-5, atol=1e-6)
    assert abs(found[0] - values[0][0]).min() > 1e-3


def test_every_case_is_measured_and_drawn(libraries: list[Any]) -> None:
    seconds = ops.times(["softmax", ops.ADAMW], [SIZE], libraries[:2], rounds=1)
    assert {case[2:] for case in seconds} == {
        *((ops.FORWARD, name) for name in ("numpy", "lucid cpu")),
        (ops.BOTH, "lucid cpu"),
        *(("update", name) for name in ("numpy", "lucid cpu")),
    }
    (panel,) = ops.panels(seconds)
    assert set(panel.lines) == {"numpy", "lucid cpu", "lucid cpu, forward and backward"}


def test_attention_overtakes_the_mlp_where_their_multiply_adds_meet() -> None:
    """Counted by hand for the whole model: what is linear in the tokens of a stage, and what is quadratic."""
    _, count = scaling.shares(64, "cpu", rounds=1)
    wanted = {"attn": 0, "mlp": 0}
    for dim, tokens, cells, ratio, reduced in (
        (64, 256, 4, 8, 8), (128, 64, 4, 8, 4), (320, 16, 4, 4, 2), (512, 5, 5, 4, 1),
    ):  # fmt: skip
        reduction = cells * dim * dim * reduced**2 if reduced > 1 else 0
        wanted["attn"] += 2 * (tokens * dim * dim + cells * dim * 2 * dim + 2 * tokens * cells * dim + reduction)
        wanted["mlp"] += 2 * 2 * tokens * ratio * dim * dim
    assert count._asdict() == wanted
    assert scaling.meeting({64: 0.5, 128: 0.9}) is None
    assert scaling.meeting({64: 1.5, 128: 2.0}) == 64
    assert scaling.meeting({64: 2.0, 128: 0.5, 512: 2.0}) == pytest.approx(256)


def test_peaks_grow_with_the_batch(device: Any) -> None:
    one, eight = (scaling.peak(scaling.INFERENCE, scaling.Point(n, 64, 1), device) for n in (1, 8))
    assert 0 < one < eight


def test_ways_to_call_an_op() -> None:
    found = {name: way for name, way in dispatch.ways().items() if name in ("numpy", "lucid cpu")}
    seconds = dispatch.measure(found, rounds=1)
    assert seconds.keys() == set(product(dispatch.OPS, found))
    assert all(spread.median > 0 for spread in seconds.values())
    assert {name: [op for op, _ in points] for name, points in dispatch.panel(seconds, found).lines.items()} == {
        name: list(dispatch.OPS) for name in found
    }


def test_peers() -> None:
    """Of what is compiled, lucid's is the measure where there is one."""
    output = Output("peers", as_json=True)
    seconds = {"lucid": 2.0, "lucid compiled": 1.0, "mlx.nn": 4.0, "mlx.nn compiled": 4.0}
    times = {"wall": {(peers.INFERENCE, 8, name): Spread([t, t]) for name, t in seconds.items()}}
    peaks = {(8, "lucid"): 3, (8, "torch"): 6}
    peers.report(output, times, 64, 2)
    peers.report_peaks(output, peaks)
    assert [[row[-1] for row in table["rows"]] for table in output.results["tables"]] == [
        ["1.00", "1.00", "0.50", "0.25"],
        ["1.00", "0.50"],
    ]
    wall, memory = peers.panels(times, peaks)
    assert wall.lines["mlx.nn compiled"] == [(8, 4e3)]
    assert wall.dashed == ["lucid compiled", "mlx.nn compiled"]
    assert memory.lines["torch"] == [(8, 6e-6)]


def script(name: str, *arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
    """Run a benchmark where some packages are not installed."""
    missing = f"sys.modules.update(dict.fromkeys({without.split()!r})); sys.argv = {[name, *arguments]!r}"
    program = f"import runpy, sys; {missing}; runpy.run_path({name!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_missing_is_said_and_the_rest_is_measured(tmp_path: Path) -> None:
    run = script("benchmarks/dispatch.py", "--rounds", "1", "--output", str(tmp_path), without="mlx torch matplotlib")
    assert (run.returncode, run.stderr) == (0, "")
    for said in ("Without the gpu: ", "Without torch: ", "Without matplotlib: ", "│ lucid cpu, recorded │"):
        assert said in run.stdout
    assert "│ lucid gpu" not in run.stdout

    run = script("benchmarks/peers.py", *"--image-size 32 --batch-size 1 --training-size --rounds 1".split(),
                 "--output", str(tmp_path), without="torch")  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "Without torch: install it with: pip install 'lucid-tensor[parity]'" in run.stdout
    assert "│ inference │ lucid   │     1 │" in run.stdout
    assert (tmp_path / "peers.png").exists()


@pytest.mark.parametrize("name", ["dispatch", "ops", "peers", "pvt_throughput", "scaling"])
def test_a_folder_that_cannot_be_written_to(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = script(f"benchmarks/{name}.py", "--output", str(tmp_path / "file" / "runs"))
    assert run.returncode == 2
    assert "is no folder that can be written to" in run.stderr


def test_a_device_that_is_missing() -> None:
    run = script("benchmarks/peers.py", "gpu", without="mlx")
    assert run.returncode == 1
    assert run.stderr.startswith("benchmarks/peers.py: ")
    assert run.stderr.count("\n") == 1


def test_every_short_benchmark_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tables.PERFORMANCE.read_text(encoding="utf-8")
    monkeypatch.setattr(tables, "PERFORMANCE", tmp_path / "performance.md")
    tables.PERFORMANCE.write_text(text, encoding="utf-8")
    about = {"machine": "A machine", "python": "3", "packages": {"numpy": "2"}, "devices": {"cpu": "NumPy"}}
    table = {"title": "Times", "columns": ["op", "ms"], "rows": [["add", "1.5"]], "left": 1}
    for name in tables.SHORT:
        results = {"environment": about, "tables": [table], "notes": ["So."]}
        (tmp_path / f"{name}.json").write_text(json.dumps(results))
    monkeypatch.setattr("sys.argv", ["tables.py", "--from", str(tmp_path)])
    for _ in range(2):  # written twice they are the same
        assert tables.main() == 0
        written = tables.PERFORMANCE.read_text(encoding="utf-8")
        for name in tables.SHORT:
            block = written.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0]
            assert "A machine; Python 3, numpy 2; cpu: NumPy." in block
            assert "| op | ms |\n|---|---:|\n| add | 1.5 |\n\nSo." in block
    assert written.startswith(text[: text.index("<!-- ")])
    with pytest.raises(ValueError, match="wanted the lines <!-- nobody -->"):
        tables.replaced(text, "nobody", "")


@pytest.mark.parametrize("module", [scaling, tables])
def test_examples(module: Any) -> None:
    names = {"replaced", "_table", "meeting"}
    globs = {name: getattr(module, name) for name in names if hasattr(module, name)}
    assert globs
    for name, function in globs.items():
        for example in doctest.DocTestFinder().find(function, name, globs=globs):
            assert doctest.DocTestRunner().run(example).failed == 0


def test_the_default_device_stays() -> None:
    before = lucid.default_device()
    scaling.shares(32, "cpu", rounds=1)
    assert lucid.default_device() == before
