"""Every function of nn.functional and every module on the gpu against the cpu: value, gradients, and what it keeps."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

import lucid
from lucid import Tensor, nn, tree
from tests.comparing import assert_same
from tests.nn.samples import FUNCTIONS, HOLDERS, MODULES
from tests.op_samples import Sample, on
from tests.op_samples.writing import numbers

ULPS = 256  # sums of a few hundred terms near 1, which cancel


def all_of(function: Callable[..., Any], device: str, args: Any, options: Any) -> list[Any]:
    """The value, and the gradients of all arguments for a sum of it that weighs every element differently."""
    lucid.random.seed(0)
    args, options = on(device, (args, options))
    inputs = [x for x in tree.leaves([args, options]) if isinstance(x, Tensor) and x.dtype.is_floating]
    for x in inputs:
        x.requires_grad_()
    out = function(*args, **options)
    moving = [x for x in tree.leaves([out]) if isinstance(x, Tensor) and x.requires_grad]
    if moving:
        lucid.autograd.backward(moving, [on(device, numbers(*x.shape, salt=9)) for x in moving])
    return [out, [x.grad for x in inputs]]


@pytest.mark.gpu
@pytest.mark.parametrize(("name", "of"), [(name, of) for name, samples in FUNCTIONS.items() for of in samples])
def test_a_function_gives_on_the_gpu_what_it_gives_on_the_cpu(name: str, of: Sample) -> None:
    found, wanted = (all_of(getattr(nn.functional, name), at, of.args, of.options) for at in ("gpu", "cpu"))
    assert_same(found, wanted, ulps=ULPS)


@pytest.mark.gpu
@pytest.mark.parametrize("name", MODULES)
def test_a_module_gives_on_the_gpu_what_it_gives_on_the_cpu(name: str) -> None:
    args, options, inputs = MODULES[name]

    def run(device: str) -> list[Any]:
        """In training, then in evaluation; and what the module is afterwards."""
        lucid.random.seed(1)
        module = getattr(nn, name)(*deepcopy(args), **options).to(device)
        found = [all_of(module.train(training), device, inputs, {}) for training in (True, False)]
        return [found, [x.grad for x in module.parameters()], module.state_dict()]

    assert_same(run("gpu"), run("cpu"), ulps=ULPS)


def test_every_function_and_every_module_has_samples() -> None:
    assert set(FUNCTIONS) == set(nn.functional.__all__)
    assert set(MODULES) | set(HOLDERS) == {name for chapter in nn.CHAPTERS for name in chapter.__all__}
