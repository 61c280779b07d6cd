"""What README.md shows is what happens, and what it points at is there."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lucid
from lucid import memory, models, nn
from tests.models import test_pvt, test_pvt_v2

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
PATHS = {
    *re.findall(r"\]\((?!http)([^)#]+)\)", README),
    *re.findall(r"`((?:lucid|docs|tests|benchmarks)/[\w./]*)`", README),
    *re.findall(r"python (benchmarks/\w+\.py)", README),
}


def test_examples() -> None:
    example = doctest.DocTestParser().get_doctest("".join(EXAMPLES), {}, "examples", "README.md", 0)
    assert len(example.examples) > 10
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def test_there_are_examples_and_paths() -> None:
    assert len(EXAMPLES) == 3
    assert len(PATHS) > 10


@pytest.mark.parametrize("path", sorted(PATHS))
def test_paths(path: str) -> None:
    assert (ROOT / path).exists()


ROWS = {
    cells[0]: cells[1:]
    for cells in re.findall(r"^\| `(pvt_\w+)` " + 4 * r"\| *([\d,.]*) *" + r"\|$", README, re.MULTILINE)
}
COSTS = {name: cost for name, (*_, cost) in (test_pvt.TABLE | test_pvt_v2.TABLE).items()}  # as published


def test_all_models_are_there() -> None:
    assert sorted(ROWS) == models.list_models("pvt_*")


@pytest.fixture
def nothing_is_computed() -> Iterator[None]:
    """Models and what they are given are made on the gpu, which computes only what is looked at."""
    budget = memory.set_budget(2**60)
    with lucid.use_device("gpu"), nn.init.skipped():
        yield
    memory.set_budget(budget)


@pytest.mark.skipif(not lucid.is_available("gpu"), reason="counts on the gpu, where nothing is computed")
@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.parametrize("name", ROWS)
def test_models(name: str) -> None:
    parameters, with_projection, cost, _ = ROWS[name]
    assert f"{sum(p.size for p in models.create_model(name).parameters()):,}" == parameters
    summary = models.create_model(name, **({"out_proj": True} if with_projection else {})).summary((1, 3, 224, 224))
    assert f"{summary.parameters:,}" == (with_projection or parameters)
    assert f"{summary.multiply_adds / 1e9:.2f}" == cost
    assert summary.multiply_adds / 1e9 == pytest.approx(COSTS[name], rel=0.02)


def test_make_targets() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"^make ([\w-]+)|`make ([\w-]+)", README, re.MULTILINE)
    assert {"run", "test", "check", "parity"} <= {a or b for a, b in named} <= set(targets)
