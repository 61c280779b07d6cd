"""What docs/coming_from.md says is so: its examples, and both sides of its tables (PyTorch's in tests/parity)."""

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import DType

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "coming_from.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `(.+)` \| `(.+)` \| `(.+)` \| `(.+)` \|$", PAGE, re.MULTILINE)
VALUES = {"x": [4.0, 1.0, 3.0, 2.0], "i": [0, 1], "m": [[1.0, 2.0], [3.0, 4.0]]}


def test_examples() -> None:
    example = doctest.DocTestParser().get_doctest("".join(EXAMPLES), {}, "examples", "coming_from.md", 0)
    assert len(example.examples) > 30
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def shown(value: Any) -> str:
    """A value as the tables show it: numbers to three places after the point, tuples as lists, dtypes by name."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, np.dtype | DType):
        return value.name
    if hasattr(value, "tolist"):
        return shown(value.tolist())
    return repr(round(value, 3))


def evaluated(code: str) -> str:
    given = {name: lucid.asarray(values) for name, values in VALUES.items()}
    return shown(eval(code, {"lucid": lucid, "np": np, **given}))


def test_there_are_rows() -> None:
    assert len(ROWS) == 14
    assert all(f"`{name} = {str(values).replace('.0', '.')}`" in PAGE for name, values in VALUES.items())


@pytest.mark.parametrize(("theirs", "gives", "here", "instead"), ROWS)
def test_rows(theirs: str, gives: str, here: str, instead: str) -> None:
    ours = theirs.replace("torch.", "lucid.").replace("np.", "lucid.")
    assert (evaluated(ours), evaluated(instead)) == (here, gives)
    assert here != gives
    if "np." in theirs:
        assert evaluated(theirs) == gives


def test_a_run_goes_on_only_with_all_of_its_state() -> None:
    """The page saves no more than is needed: without any one part, other weights come out."""
    for without in (
        PAGE.replace(">>> lucid.random.set_state(state", ">>> _ = (state"),
        *(PAGE.replace("_ = part.load_state_dict(of)", f"_ = part is others[{i}] or part.load_state_dict(of)")
          for i in range(3)),
    ):  # fmt: skip
        assert without != PAGE
        code = "".join(re.findall(r"^```python\n(.*?)^```", without, re.DOTALL | re.MULTILINE))
        example = doctest.DocTestParser().get_doctest(code, {}, "examples", "coming_from.md", 0)
        assert doctest.DocTestRunner(verbose=False).run(example, out=lambda text: None).failed == 1
