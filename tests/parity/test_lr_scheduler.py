"""Learning-rate schedules beside PyTorch's, step by step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import lucid
from lucid import optim

STEPS = 30

CASES: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 4}),
    ("MultiStepLR", {"milestones": [3, 3, 11], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("LinearLR", {"start_factor": 0.25, "total_iters": 7}),
    ("LinearLR", {"end_factor": 0.0}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 3}),
    ("PolynomialLR", {"total_iters": 12, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": lambda t: 1 / (1 + t)}),
    ("LambdaLR", {"lr_lambda": [lambda t: 0.9**t, lambda t: 1.0 + t]}),
    ("MultiplicativeLR", {"lr_lambda": lambda t: 0.9}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": STEPS + 1}),
    ("OneCycleLR", {"max_lr": [0.3, 0.2], "epochs": 5, "steps_per_epoch": 9, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 40, "three_phase": True, "div_factor": 5.0}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": [0.1, 0.0], "max_lr": [0.3, 0.2], "step_size_up": 4, "step_size_down": 3,
                  "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 2, "step_size_down": 5, "mode": "exp_range",
                  "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 3, "scale_fn": lambda n: 1 / n}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 3, "scale_fn": lambda t: 1 / (1 + t),
                  "scale_mode": "iterations"}),
]  # fmt: skip


def both(optimizer: str = "SGD", **options: Any) -> tuple[Any, Any]:
    """The same two groups in lucid and in PyTorch."""
    made = []
    for library, ones in ((optim, lucid.ones), (torch.optim, torch.ones)):
        groups = [{"params": [ones((2,))]}, {"params": [ones((3,))], "lr": 0.05}]
        made.append(getattr(library, optimizer)(groups, lr=0.2, **options))
    return made[0], made[1]


def rates(optimizer: Any) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


def agree(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(rates(ours), [float(rate) for rate in rates(theirs)], rtol=1e-9, atol=1e-15)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), CASES)
def test_rates(name: str, options: dict[str, Any]) -> None:
    ours, theirs = both("Adam")
    mine = getattr(optim.lr_scheduler, name)(ours, **options)
    its = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(STEPS):
        agree(ours, theirs)
        np.testing.assert_allclose(ours.param_groups[0]["betas"][0], theirs.param_groups[0]["betas"][0], rtol=1e-9)
        mine.step()
        its.step()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make",
    [
        lambda s, o: [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 20)],
        lambda s, o: [s.ConstantLR(o, 0.5), s.ExponentialLR(o, 0.9), s.StepLR(o, 3)],
    ],
)
def test_one_after_the_other(make: Callable[[Any, Any], Any]) -> None:
    ours, theirs = both()
    pair = []
    for schedules, optimizer in ((optim.lr_scheduler, ours), (torch.optim.lr_scheduler, theirs)):
        parts = make(schedules, optimizer)
        pair.append(schedules.SequentialLR(optimizer, parts, milestones=[5, 12][: len(parts) - 1]))
    for _ in range(STEPS):
        agree(ours, theirs)
        for schedule in pair:
            schedule.step()


@pytest.mark.filterwarnings("ignore")
def test_all_at_once() -> None:
    ours, theirs = both()
    pair = []
    for schedules, optimizer in ((optim.lr_scheduler, ours), (torch.optim.lr_scheduler, theirs)):
        parts = [
            schedules.LinearLR(optimizer, 0.1, total_iters=5),
            schedules.ExponentialLR(optimizer, 0.9),
            schedules.StepLR(optimizer, 3),
            schedules.CosineAnnealingLR(optimizer, STEPS + 1),
        ]
        pair.append(schedules.ChainedScheduler(parts))
    for _ in range(STEPS):
        agree(ours, theirs)
        for schedule in pair:
            schedule.step()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 0.5, "patience": 1, "cooldown": 2},
        {"mode": "max", "patience": 0, "threshold": 0.1, "threshold_mode": "abs"},
        {"patience": 0, "threshold": 0.3, "min_lr": 0.01, "factor": 0.3},
    ],
)
def test_plateaus(options: dict[str, Any]) -> None:
    ours, theirs = both()
    mine = optim.lr_scheduler.ReduceLROnPlateau(ours, **options)
    its = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for measure in np.random.default_rng(0).normal(size=60).cumsum():
        mine.step(measure)
        its.step(measure)
        agree(ours, theirs)
