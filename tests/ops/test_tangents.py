"""Derivatives along a direction for every op: of first and second order, against differences in double precision.

Complex numbers are moved along complex directions; a difference along one is the derivative, holomorphic or not.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import tree
from lucid.autograd import hvp, jvp, value_and_grad
from tests.op_samples import Op, Sample, cases, is_real, on

STEP = 1e-6
Tensors = tuple[lucid.Tensor, ...]


def carries_gradient(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and (is_real(leaf) or leaf.dtype.kind == "c")


def numbers_of(sample: Sample) -> list[np.ndarray]:
    return [leaf for leaf in tree.leaves([sample.args, sample.options]) if carries_gradient(leaf)]


def smooth(op: Op, sample: Sample) -> bool:
    """The samples that are written down, without their variants in other layouts and dtypes."""
    plain = sample.layout == "rows" and sample.note not in ("float16", "bfloat16", "float64")
    return op.differentiable and sample.smooth and plain and bool(numbers_of(sample)) and op.name != "astype"


def of_numbers(op: Op, sample: Sample) -> Callable[..., list[lucid.Tensor]]:
    """The op as a function of those arguments that carry gradients; it gives those results that do."""

    def function(*numbers: lucid.Tensor) -> list[lucid.Tensor]:
        given = iter(numbers)
        args, options = tree.map(
            lambda leaf: next(given) if carries_gradient(leaf) else on("cpu", leaf), (sample.args, sample.options)
        )
        return [x for x in tree.leaves(op.function(*args, **options)) if x.dtype.is_floating]

    return function


def uneven(like: Any, salt: int) -> lucid.Tensor:
    """Numbers without symmetry in the shape and kind of others, in double precision."""
    count = np.arange(1, like.size + 1)
    weights = np.sin(2.3 * count + salt) + 0.4 * np.cos(5.1 * count + salt)
    kind = like.dtype.kind if isinstance(like, np.ndarray) else "c" if like.dtype.kind == lucid.complex64.kind else "f"
    if kind == "c":
        weights = weights + 1j * np.cos(1.7 * count + salt)
    return lucid.asarray(weights.reshape(like.shape))


def summed(outputs: list[lucid.Tensor]) -> lucid.Tensor:
    """One real number made of all results."""
    parts = [(x * uneven(x, i)).astype(lucid.float64).sum() for i, x in enumerate(outputs)]
    return lucid.stack(parts).sum() if parts else lucid.zeros((), dtype=lucid.float64)


def differences(function: Callable[..., Any], at: Tensors, along: Tensors) -> list[np.ndarray]:
    ends = [
        [y.numpy() for y in tree.leaves(function(*(x + v * (sign * STEP) for x, v in zip(at, along, strict=True))))]
        for sign in (1, -1)
    ]
    return [(a - b) / (2 * STEP) for a, b in zip(*ends, strict=True)]


def compare(found: Any, wanted: list[np.ndarray]) -> None:
    """A difference is wrong by STEP^2 times a third derivative, and by 1e-16 / STEP times the largest value."""
    leaves = tree.leaves(found)
    assert len(leaves) == len(wanted)
    for x, y in zip(leaves, wanted, strict=True):
        assert x.dtype in (lucid.float64, lucid.complex128)
        np.testing.assert_allclose(x.numpy(), y, rtol=1e-5, atol=1e-7 * max(1, np.abs(y).max(initial=0)))


@pytest.mark.parametrize(("op", "sample"), cases(smooth))
def test_tangents_are_differences_to_second_order(op: Op, sample: Sample) -> None:
    function = of_numbers(op, sample)
    numbers = numbers_of(sample)
    at = tuple(lucid.asarray(x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)) for x in numbers)
    v, w = (tuple(uneven(x, salt + i) for i, x in enumerate(numbers)) for salt in (1, 20))

    def slope(*numbers: lucid.Tensor) -> Tensors:
        return value_and_grad(lambda *n: summed(function(*n)), range(len(numbers)))(*numbers)[1]

    def along_v(*numbers: lucid.Tensor) -> Any:
        return jvp(function, numbers, v)[1]

    values, tangents = jvp(function, at, v)
    for x, y in zip(values, function(*at), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())
    compare(tangents, differences(function, at, v))
    compare(jvp(along_v, at, w)[1], differences(along_v, at, w))
    compare(jvp(slope, at, w)[1], differences(slope, at, w))
    if all(x.dtype is lucid.float64 for x in at):
        compare(hvp(lambda *n: summed(function(*n)), at, w), differences(slope, at, w))
