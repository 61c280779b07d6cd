"""Names of NumPy and PyTorch that are others here: the error says which."""

import re
from typing import Any

import pytest

import lucid
from lucid import Tensor
from lucid.spellings import HERE, IN_PLACE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cumsum", "it is cumulative_sum here"),
        ("unsqueeze", "it is expand_dims here"),
        ("tensor", "it is asarray here"),
        ("clamp", "it is clip here"),
        ("relu", "it is nn.functional.relu here"),
        ("contiguous", "it is not needed here, since tensors are values"),
        ("masked_fill_", "x.masked_fill gives a new tensor here"),
        ("clamp_", "clip gives a new tensor here"),
        ("scatter_add", 'it is scatter, with reduce="sum", here'),
        ("randn_like", "it is random.normal(x.shape) here"),
        ("nothing_like_it_at_all", "no attribute 'nothing_like_it_at_all'"),
    ],
)
def test_a_name_that_is_not_there(name: str, message: str) -> None:
    for holder in (lucid, lucid.ones(2)):
        with pytest.raises(AttributeError, match=re.escape(message)):
            getattr(holder, name)


WORDS = "x key value shape axes dtype device reduce or with for the last two astype item".split()


def test_what_is_hinted_at_is_there_and_what_is_hinted_for_is_not() -> None:
    for name, here in HERE.items():
        assert name not in lucid.__dict__ or name == "bool", name
        assert not hasattr(Tensor, name) or name == "array", name
        for path in re.findall(r"[a-z_]\w*(?:\.\w+)*", here):
            if path not in WORDS:
                assert is_there(path.removeprefix("x.").removeprefix("lucid.")), f"{name}: {path}"


def is_there(path: str) -> bool:
    found = Tensor if hasattr(Tensor, path.split(".")[0]) else lucid
    for part in path.split("."):
        found = getattr(found, part, None)
    return found is not None


def test_what_is_done_in_place_has_a_function_that_is_not() -> None:
    for name in IN_PLACE:
        assert not hasattr(Tensor, f"{name}_")
        assert name in HERE or hasattr(Tensor, name), name


@pytest.mark.parametrize(
    ("holder", "name", "message"),
    [
        (lucid.random, "randn", "it is random.normal((2, 3)) here"),
        (lucid.random, "rand", "it is random.uniform((2, 3)) here"),
        (lucid.random, "randint", "it is random.integers here"),
        (lucid.random, "shuffle", "it is random.permutation here"),
        (lucid.fft, "fft2", "it is fft.fftn, with axes=(-2, -1), here"),
        (lucid.linalg, "dot", "it is matmul, or @ here"),
        (lucid.linalg, "nothing_like_it_at_all", "has no attribute 'nothing_like_it_at_all'"),
        (lucid, "cuda", 'it is x.gpu(), or device="gpu", here'),
    ],
)
def test_the_modules_tell_too(holder: Any, name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(message)):
        getattr(holder, name)


def test_dunders_are_asked_for_quietly() -> None:
    assert not hasattr(lucid.ones(2), "__cuda_array_interface__")
