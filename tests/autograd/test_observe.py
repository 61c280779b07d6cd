"""An observer sees each op of its thread once, whatever way it runs, and leaves nothing behind."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

import lucid
from lucid.autograd.observe import OBSERVER, TABLES, Step, observe
from lucid.nn import functional as F

SEEN = list[Step]


def noting(seen: SEEN) -> Callable[..., Any]:
    def around(step: Step, compute: Callable[[], Any]) -> Any:
        seen.append(step)
        return compute()

    return around


def test_primitives_and_their_gradients(device: Any) -> None:
    x = lucid.asarray([1.0, 2.0], device=device, requires_grad=True)
    seen: SEEN = []
    with observe(noting(seen)):
        y = lucid.exp(x) * 2 + x[0]
        y.sum().backward()
    names = [step.name for step in seen]
    assert names[:4] == ["exp", "multiply", "getitem", "add"]
    assert names[4:] == ["sum", *(f"gradient of {name}" for name in names[5:] and [n[12:] for n in names[5:]])]
    assert sorted(n[12:] for n in names[5:]) == sorted(names[:5])
    assert all(type(step.inputs[0]) is type(x.array) for step in seen)


def test_a_composite_is_seen_with_its_kernel_or_as_its_body() -> None:
    x = lucid.ones((2, 4), requires_grad=True)
    seen: SEEN = []
    with observe(noting(seen)):
        F.gelu(x).sum().backward()
    assert [step.name for step in seen] == ["gelu", "sum", "gradient of sum", "gradient of gelu"]
    seen.clear()
    with observe(noting(seen)):
        F.gelu(x.astype(lucid.float16))  # for which no kernel is: the body runs
    assert "gelu" in [step.name for step in seen]
    assert "erf" in [step.name for step in seen]


class Doubled(lucid.autograd.Function):
    @staticmethod
    def forward(context: Any, x: lucid.Tensor) -> lucid.Tensor:
        return lucid.add(x, x)

    @staticmethod
    def backward(context: Any, g: lucid.Tensor) -> lucid.Tensor:
        return lucid.multiply(g, 2.0)


def test_ops_of_a_users_function_are_seen() -> None:
    x = lucid.ones(3, requires_grad=True)
    seen: SEEN = []
    with observe(noting(seen)):
        Doubled.apply(x).sum().backward()
    assert [step.name for step in seen] == ["add", "sum", "gradient of sum", "multiply"]


def test_ops_with_several_outputs() -> None:
    x = lucid.asarray([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    seen: SEEN = []
    with observe(noting(seen)):
        lucid.linalg.eigh(x).eigenvalues.sum().backward()
    assert [step.name for step in seen][-2:] == ["gradient of sum", "gradient of eigh"]
    assert sum(array is None for array in seen[-1].inputs) == 1  # no gradient reached the eigenvectors


def test_an_observer_can_change_a_result() -> None:
    with observe(lambda step, compute: compute() + 1):
        found = lucid.add(lucid.ones(2), lucid.ones(2))
    assert found.tolist() == [3.0, 3.0]
    assert lucid.add(lucid.ones(2), lucid.ones(2)).tolist() == [2.0, 2.0]


def test_what_runs_inside_a_step_is_not_seen() -> None:
    x, seen = lucid.ones(2), []

    def around(step: Step, compute: Callable[[], Any]) -> Any:
        seen.append(step.name)
        lucid.exp(x)
        return compute()

    with observe(around):
        lucid.negative(x)
    assert seen == ["negative"]


def test_the_innermost_observer_sees_and_the_outer_one_comes_back() -> None:
    x = lucid.ones(2)
    outer: SEEN = []
    inner: SEEN = []
    with observe(noting(outer)):
        lucid.exp(x)
        with observe(noting(inner)):
            lucid.negative(x)
        lucid.abs(x)
    assert [step.name for step in outer] == ["exp", "abs"]
    assert [step.name for step in inner] == ["negative"]


def test_other_threads_are_not_seen() -> None:
    x = lucid.ones(2)
    seen: SEEN = []
    with observe(noting(seen)):
        thread = threading.Thread(target=lambda: lucid.exp(x))
        thread.start()
        thread.join()
        lucid.negative(x)
    assert [step.name for step in seen] == ["negative"]


def test_it_leaves_nothing_behind() -> None:
    def fail(step: Step, compute: Callable[[], Any]) -> Any:
        raise KeyError(step.name)

    x = lucid.ones(2)
    with pytest.raises(KeyError, match="exp"), observe(fail):
        lucid.exp(x)
    assert OBSERVER.around is None
    assert not OBSERVER.inside
    lucid.exp(x)
    kernels = [kernel for table in TABLES for kernel in table.values() if kernel]
    assert kernels
    assert not any("observe" in kernel.__module__ for kernel in kernels)
