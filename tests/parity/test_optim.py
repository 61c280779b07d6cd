"""Optimisers, clipping and their state beside PyTorch's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

import lucid
from lucid import optim

SHAPES = ((3, 4), (5,), ())
STEPS = 20

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0}),
    ("AdamW", {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.03, "betas": (0.0, 0.9)}),
]


MISSING = ("ASGD", "Adafactor", "LBFGS", "Muon", "SparseAdam")
CASES += [
    (info.optim_cls.__name__, sample.kwargs)
    for info in optim_db
    if info.optim_cls.__name__ not in MISSING
    for sample in info.optim_inputs_func(device="cpu")
    if not isinstance(sample.kwargs.get("lr"), torch.Tensor)
]


def test_every_optimiser_is_here_or_missing() -> None:
    assert [name for name in MISSING if hasattr(optim, name)] == []
    assert {info.optim_cls.__name__ for info in optim_db} == {name for name, _ in CASES} | {*MISSING}


class Pair:
    """The same parameters in lucid and in PyTorch, and gradients that depend on their values."""

    def __init__(self, dtype: str, device: str = "cpu") -> None:
        rng = np.random.default_rng(0)
        start = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
        self.targets = [rng.normal(size=(STEPS, *shape)).astype(dtype) for shape in SHAPES]
        self.lucid = [lucid.asarray(x, device=device, requires_grad=True) for x in start]
        self.torch = [torch.tensor(x, requires_grad=True) for x in start]

    def backward(self, i: int, without: tuple[int, ...] = ()) -> None:
        """The gradients of the i-th loss, but none for the parameters `without`."""
        for n, (x, y, target) in enumerate(zip(self.lucid, self.torch, self.targets)):
            if n not in without:
                (((x - lucid.asarray(target[i], device=x.device)) ** 2).sum() * (n + 1)).backward()
                (((y - torch.tensor(target[i])) ** 2).sum() * (n + 1)).backward()

    def agree(self, tolerance: float) -> None:
        for x, y in zip(self.lucid, self.torch):
            np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=tolerance, atol=tolerance)


def step(pair: Pair, ours: Any, theirs: Any, i: int, without: tuple[int, ...] = ()) -> None:
    for optimizer in (ours, theirs):
        optimizer.zero_grad()
    pair.backward(i, without)
    for optimizer in (ours, theirs):
        optimizer.step()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_steps(name: str, options: dict[str, Any], dtype: str, tolerance: float) -> None:
    pair = Pair(dtype)
    ours, theirs = getattr(optim, name)(pair.lucid, **options), getattr(torch.optim, name)(pair.torch, **options)
    for i in range(STEPS):
        step(pair, ours, theirs, i)
        pair.agree(max(tolerance, 1e-6) if name == "NAdam" else tolerance)  # PyTorch keeps a product in float32


@pytest.mark.gpu
@pytest.mark.parametrize(("name", "options"), CASES)
def test_steps_on_gpu(name: str, options: dict[str, Any]) -> None:
    pair = Pair("float32", "gpu")
    ours, theirs = getattr(optim, name)(pair.lucid, **options), getattr(torch.optim, name)(pair.torch, **options)
    for i in range(STEPS):
        step(pair, ours, theirs, i)
    pair.agree(1e-5)


def test_groups_and_a_learning_rate_that_changes() -> None:
    pair = Pair("float64")

    def groups(params: list[Any]) -> list[dict[str, Any]]:
        return [{"params": params[:1]}, {"params": params[1:], "lr": 0.2, "weight_decay": 0.0}]

    ours, theirs = optim.AdamW(groups(pair.lucid)), torch.optim.AdamW(groups(pair.torch))
    for i in range(STEPS):
        for optimizer in (ours, theirs):
            optimizer.param_groups[1]["lr"] *= 0.9  # type: ignore[attr-defined]
        step(pair, ours, theirs, i)
    pair.agree(1e-12)


def test_parameters_that_sometimes_have_no_gradient() -> None:
    """Each has a count of steps of its own."""
    pair = Pair("float64")
    ours, theirs = optim.AdamW(pair.lucid, lr=0.1), torch.optim.AdamW(pair.torch, lr=0.1)
    for i in range(STEPS):
        step(pair, ours, theirs, i, without=(i % 4,) if i > 2 else (1, 2))
        pair.agree(1e-12)


@pytest.mark.parametrize("max_norm", [0.5, 1e6])
@pytest.mark.parametrize("make", [lambda p: p, lambda p: p[0]])
def test_clipping(max_norm: float, make: Callable[[Any], Any]) -> None:
    pair = Pair("float64")
    pair.backward(0)
    ours = optim.clip_grad_norm_(make(pair.lucid), max_norm)
    theirs = torch.nn.utils.clip_grad_norm_(make(pair.torch), max_norm)
    np.testing.assert_allclose(ours.item(), theirs.item(), rtol=1e-12)
    for x, y in zip(pair.lucid, pair.torch):
        assert x.grad is not None
        assert y.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5)
