"""Names of NumPy and PyTorch that are others here: the error says which."""

import re

import pytest

import lucid
from lucid.spellings import HERE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cumsum", "it is cumulative_sum here"),
        ("unsqueeze", "it is expand_dims here"),
        ("tensor", "it is asarray here"),
        ("clamp", "it is clip here"),
        ("nothing_like_it_at_all", "no attribute 'nothing_like_it_at_all'"),
    ],
)
def test_a_name_that_is_not_there(name: str, message: str) -> None:
    for holder in (lucid, lucid.ones(2)):
        with pytest.raises(AttributeError, match=re.escape(message)):
            getattr(holder, name)


def test_what_is_hinted_at_is_there_and_what_is_hinted_for_is_not() -> None:
    for name, here in HERE.items():
        assert name not in lucid.__dict__, name
        for path in re.findall(r"(?<![\w.])(?:io\.|random\.|linalg\.)?[a-z_]\w{2,}", here.replace("lucid.", "")):
            if path in ("for", "the", "last", "two", "axes", "key", "value", "gpu", "astype", "ndim", "size", "fill_"):
                continue
            found = lucid
            for part in path.split("."):
                found = getattr(found, part)


def test_dunders_are_asked_for_quietly() -> None:
    assert not hasattr(lucid.ones(2), "__cuda_array_interface__")
