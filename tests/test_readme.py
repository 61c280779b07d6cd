"""What README.md shows is what happens, and what it points at is there."""

import doctest
import re
from pathlib import Path

import pytest

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
    assert len(EXAMPLES) == 2
    assert len(PATHS) > 10


@pytest.mark.parametrize("path", sorted(PATHS))
def test_paths(path: str) -> None:
    assert (ROOT / path).exists()


def test_make_targets() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"^make ([\w-]+)|`make ([\w-]+)", README, re.MULTILINE)
    assert {"run", "test", "check", "parity"} <= {a or b for a, b in named} <= set(targets)
