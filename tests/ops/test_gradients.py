"""Gradients: against finite differences in double precision to second order, and those of the gpu against the cpu's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import tree
from lucid.autograd import check_gradients, grad
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, cases, is_real, laid_out, on, uses_float64


def carries_gradient(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and (is_real(leaf) or leaf.dtype.kind == "c")


def differentiable(op: Op, sample: Sample) -> bool:
    return op.differentiable and any(map(carries_gradient, tree.leaves([sample.args, sample.options])))


def smooth(op: Op, sample: Sample) -> bool:
    return differentiable(op, sample) and sample.smooth and op.name != "astype"


def of_its_numbers(op: Op, sample: Sample, device: str) -> Callable[..., list[lucid.Tensor]]:
    """The op as a function of those arguments that carry gradients; it gives those results that do."""

    def function(*numbers: lucid.Tensor) -> list[lucid.Tensor]:
        given = iter(numbers)
        args, options = tree.map(
            lambda leaf: next(given) if carries_gradient(leaf) else on(device, leaf), (sample.args, sample.options)
        )
        return [x for x in tree.leaves(op.function(*args, **options)) if x.dtype.is_floating]

    return function


def numbers_of(sample: Sample) -> list[np.ndarray]:
    return [leaf for leaf in tree.leaves([sample.args, sample.options]) if carries_gradient(leaf)]


@pytest.mark.parametrize(("op", "sample"), cases(smooth))
def test_the_gradients_are_those_of_finite_differences(op: Op, sample: Sample) -> None:
    """Complex numbers are varied by their real and imaginary parts, and results looked at by theirs."""
    numbers, inputs = numbers_of(sample), []
    for x in numbers:
        parts = [x.real, x.imag] if x.dtype.kind == "c" else [x]
        inputs += [laid_out(part.astype(np.float64), "cpu", sample.layout).requires_grad_() for part in parts]

    def function(*parts: lucid.Tensor) -> lucid.Tensor:
        given = iter(parts)
        values = [next(given) + next(given) * 1j if x.dtype.kind == "c" else next(given) for x in numbers]
        out = []
        for x in of_its_numbers(op, sample, "cpu")(*values):
            out.append(x.astype(lucid.float64).flatten())
            if x.dtype is lucid.complex128:
                out.append((x * -1j).astype(lucid.float64).flatten())
        return lucid.concat(out)

    check_gradients(function, inputs)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(
    ("op", "sample"), cases(lambda op, sample: differentiable(op, sample) and not uses_float64(sample))
)
def test_the_gpu_has_the_gradients_of_the_cpu(device: str, op: Op, sample: Sample) -> None:
    """At edges and ties too, where finite differences know nothing."""
    gradients = []
    for where in ("cpu", device):
        inputs = [laid_out(x, where, sample.layout).requires_grad_() for x in numbers_of(sample)]
        outputs = [x for x in of_its_numbers(op, sample, where)(*inputs) if x.requires_grad]
        weights = [on(x.device, uneven(x)) for x in outputs]
        gradients.append(grad(outputs, inputs, weights, allow_unused=True) if outputs else ())
    assert_same(gradients[1], gradients[0], ulps=8 * op.ulps)


def uneven(x: lucid.Tensor) -> np.ndarray:
    """Numbers of either sign to weight a result with, so that errors do not cancel."""
    weights = np.sin(np.arange(1, x.size + 1) * 2.3).reshape(x.shape)
    return weights.astype(x.detach().numpy().dtype)
