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


MISSING = ("ASGD", "Adafactor", "Muon", "SparseAdam")
CASES += [
    (info.optim_cls.__name__, sample.kwargs)
    for info in optim_db
    if info.optim_cls.__name__ not in (*MISSING, "LBFGS")  # which has tests of its own below
    for sample in info.optim_inputs_func(device="cpu")
    if not isinstance(sample.kwargs.get("lr"), torch.Tensor)
]


def test_every_optimiser_is_here_or_missing() -> None:
    assert [name for name in MISSING if hasattr(optim, name)] == []
    assert {info.optim_cls.__name__ for info in optim_db} == {name for name, _ in CASES} | {"LBFGS", *MISSING}


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


Values = list[float]
LINES: dict[str, tuple[Values, Callable[[Any], Any]]] = {
    "rosenbrock": ([-1.2, 1.0, 0.3], lambda x: ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()),
    "quartic": ([2.0, -3.0], lambda x: (x**4).sum() + (x[0] - x[1]) ** 2),
    "a line": ([1.0, 2.0], lambda x: (x * 4).sum()),  # slopes that differ by 0; nothing is rounded here
    "waves": ([1.5, -0.7], lambda x: ((x * 5 - 0.4 * x**3) ** 2 - 0.1 * x**5 + x**6).sum()),
}


FEW = {"line_search_fn": "strong_wolfe", "max_iter": 6, "max_eval": 9, "lr": 0.125}
LIMITS: list[dict[str, Any]] = [
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "history_size": 2, "lr": 3.0},
    {"lr": 1e-3},
    {"lr": 1e-3, "max_iter": 3, "history_size": 1},
    {"lr": 0.1, "max_iter": 2, "tolerance_change": 1e-2, "tolerance_grad": 1e-1},
    FEW,
]


@pytest.mark.parametrize(
    ("line", "options"),
    [("a line", FEW), *((line, options) for line in LINES if line != "a line" for options in LIMITS)],
)
def test_lbfgs_goes_where_pytorchs_goes(line: str, options: dict[str, Any]) -> None:
    """Every place where the loss is computed, over several steps: many roundings apart, since each turns the next."""
    start, function = LINES[line]
    x = lucid.asarray(start, dtype=lucid.float64, requires_grad=True)
    y = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    found: list[list[Any]] = []
    for p, library in ((x, optim), (y, torch.optim)):
        optimizer = library.LBFGS([p], **options)  # type: ignore[attr-defined]
        seen: list[Any] = []

        def closure(p: Any = p, optimizer: Any = optimizer, seen: Any = seen) -> Any:
            optimizer.zero_grad()
            loss = function(p)
            loss.backward()
            seen.append([*p.detach().tolist(), loss.item()])
            return loss

        seen.append([optimizer.step(closure).item() for _ in range(4)])
        found.append([*seen, p.detach().tolist()])
    assert len(found[0]) == len(found[1])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("norm_type", [2.0, 1, float("inf"), 0.5])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
@pytest.mark.parametrize("make", [lambda p: p, lambda p: p[0]])
def test_clipping(max_norm: float, make: Callable[[Any], Any], norm_type: float) -> None:
    pair = Pair("float64")
    pair.backward(0)
    ours = optim.clip_grad_norm_(make(pair.lucid), max_norm, norm_type)
    theirs = torch.nn.utils.clip_grad_norm_(make(pair.torch), max_norm, norm_type)
    np.testing.assert_allclose(ours.item(), theirs.item(), rtol=1e-12)
    for x, y in zip(pair.lucid, pair.torch):
        assert x.grad is not None
        assert y.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5)
