"""The learning rate of the PVT recipe, point by point, and where it may stand."""

from math import cos, pi
from typing import Any

import pytest

import lucid
from lucid import optim
from lucid.errors import CheckpointError
from lucid.optim.lr_scheduler import CosineWithWarmup


def optimizer(*rates: float) -> optim.SGD:
    return optim.SGD([{"params": lucid.zeros(1), "lr": lr} for lr in rates])


def test_the_recipe() -> None:
    """300 epochs from 5e-4 to 1e-5, 5 of them warm-up from 1e-6."""
    sgd = optimizer(5e-4, 1e-3)
    schedule = CosineWithWarmup(sgd, 300, warmup_steps=5, warmup_start=1e-6, final=1e-5)
    rates = []
    for _ in range(320):
        rates.append([group["lr"] for group in sgd.param_groups])
        schedule.step()
    for t, (first, second) in enumerate(rates):
        if t < 5:
            assert first == pytest.approx(1e-6 + (5e-4 - 1e-6) * t / 5)
            assert second == pytest.approx(1e-6 + (1e-3 - 1e-6) * t / 5)
        elif t < 300:
            assert first == pytest.approx(1e-5 + 4.9e-4 * (1 + cos(pi * (t - 5) / 295)) / 2)
            assert second == pytest.approx(1e-5 + 9.9e-4 * (1 + cos(pi * (t - 5) / 295)) / 2)
        else:
            assert first == second == 1e-5
    assert rates[0][0] == 1e-6
    assert rates[5] == [5e-4, 1e-3]


def test_without_warm_up() -> None:
    sgd = optimizer(2.0)
    schedule = CosineWithWarmup(sgd, 2)
    rates = [sgd.param_groups[0]["lr"]]
    for _ in range(3):
        schedule.step()
        rates.append(sgd.param_groups[0]["lr"])
    assert rates == pytest.approx([2.0, 1.0, 0.0, 0.0])


def test_a_state_goes_on() -> None:
    first, second = optimizer(1.0), optimizer(7.0)
    one = CosineWithWarmup(first, 10, warmup_steps=4)
    two = CosineWithWarmup(second, 10, warmup_steps=4)
    for _ in range(6):
        one.step()
    two.load_state_dict(one.state_dict())
    for _ in range(3):
        assert first.param_groups[0]["lr"] == second.param_groups[0]["lr"] > 0
        one.step()
        two.step()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"steps": 3},
        {"steps": 3, "rates": [1.0, 2.0]},
        {"steps": -1, "rates": [1.0]},
        {"steps": 1.5, "rates": [1.0]},
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state: Any) -> None:
    sgd = optimizer(1.0)
    schedule = CosineWithWarmup(sgd, 10)
    with pytest.raises(CheckpointError, match="wanted 'steps' and 1 'rates'"):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == {"steps": 0, "rates": [1.0]}


@pytest.mark.parametrize(
    "options",
    [
        {"total_steps": 0},
        {"total_steps": 5, "warmup_steps": 6},
        {"total_steps": 5, "warmup_steps": -1},
        {"total_steps": 5, "warmup_start": -1.0},
        {"total_steps": 5, "final": -1.0},
    ],
)
def test_numbers_that_are_no_schedule(options: Any) -> None:
    with pytest.raises(ValueError, match="wanted 0 <= warmup_steps <= total_steps"):
        CosineWithWarmup(optimizer(1.0), **options)


def test_chained_schedules_need_one_optimizer() -> None:
    first, second = (optim.SGD([lucid.ones(1)], lr=lr) for lr in (1.0, 0.0))
    schedule, other = optim.lr_scheduler.ExponentialLR(first, 0.1), optim.lr_scheduler.ExponentialLR(second, 0.1)
    for schedules in ([], [schedule, other]):
        with pytest.raises(ValueError, match="wanted at least one, all of the same optimiser"):
            optim.lr_scheduler.ChainedScheduler(schedules)
    assert optim.lr_scheduler.ChainedScheduler([other, other]).rates_at(3) == [0.0]
    with pytest.raises(ValueError, match="CyclicLR: mode='square'; choose among triangular"):
        optim.lr_scheduler.CyclicLR(first, 0.1, 0.2, mode="square")


def test_chains_and_sequences_change_momentum_too() -> None:
    schedules = optim.lr_scheduler
    for make in (lambda o, s: schedules.ChainedScheduler([s]), lambda o, s: schedules.SequentialLR(o, [s], [])):
        optimizer = optim.SGD([lucid.ones(1)], lr=0.1, momentum=0.9)
        schedule = make(optimizer, schedules.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2))
        schedule.step()
        assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.85)
        with pytest.raises(TypeError, match="got ReduceLROnPlateau; wanted schedules"):
            schedules.ChainedScheduler([optim.lr_scheduler.ReduceLROnPlateau(optimizer)])
        with pytest.raises(ValueError, match="steps of 0 up"):
            schedules.CyclicLR(optimizer, 0.1, 0.5, step_size_up=0)
