"""Memory stays flat in loops that hold nothing, although nobody reads a value there."""

import gc
from contextlib import contextmanager
from unittest import mock

import pytest

import lucid
from lucid import devices, memory, models, optim
from lucid.nn import functional as F

pytestmark = pytest.mark.gpu

MEGABYTE = 1024**2


def test_what_tensors_hold_is_counted():
    before = memory.active()
    x = lucid.random.normal((1024, 256), device="gpu")
    x.sum().item()
    assert memory.active() - before >= MEGABYTE
    memory.reset_peak()
    assert memory.peak() >= memory.active() - MEGABYTE
    del x
    gc.collect()
    assert memory.active() - before < MEGABYTE


@pytest.fixture
def budget():
    before = memory.set_budget(8 * MEGABYTE)
    yield 8 * MEGABYTE
    assert memory.set_budget(before) == 8 * MEGABYTE


def growth(step, rounds):
    """How far memory grew at most while a step ran many times, after a first few."""
    for _ in range(5):
        step()
    gc.collect()
    lucid.zeros(1, device="gpu").item()
    base = memory.active()
    memory.reset_peak()
    for _ in range(rounds):
        step()
    return memory.peak() - base


@contextmanager
def starts_counted():
    """A list with an entry for each time that evaluation begins in the background. A mock would hold the arrays."""
    mx, starts = devices.backend("gpu").mx, []
    real = mx.async_eval
    with mock.patch.object(mx, "async_eval", lambda *arrays: starts.append(1) or real(*arrays)):
        yield starts


def test_forward_passes_that_nobody_reads_do_not_pile_up(budget):
    weight = lucid.random.normal((256, 256), device="gpu")

    def forward():
        lucid.tanh(weight @ weight + 1.0)  # 3/4 MB of results, never read

    assert growth(forward, 300) < 4 * budget  # one budget computes while the next one gathers; all would be 225 MB


@pytest.mark.parametrize("wrap", [lambda f: f, lucid.compile], ids=["eager", "compiled"])
def test_one_value_that_is_carried_on_does_not_hold_its_past(budget, wrap):
    total = [lucid.random.normal((256, 256), device="gpu")]

    halve = wrap(lambda x: x * 0.5 + 1.0)

    def add():
        total[0] = halve(total[0])

    with starts_counted() as starts:
        assert growth(add, 500) < 4 * budget
    assert len(starts) > 10


@pytest.mark.parametrize("wrap", [lambda f: f, lucid.compile], ids=["eager", "compiled"])
def test_training_steps_that_nobody_reads_do_not_pile_up(wrap):
    small = {"embed_dims": [16, 32], "depths": [1, 1], "num_heads": [1, 2], "sr_ratios": [2, 1], "mlp_ratios": [2, 2]}
    model = models.pvt_tiny(img_size=16, num_classes=4, **small).gpu()
    optimizer = optim.AdamW(model.parameters())
    images = lucid.random.normal((4, 3, 16, 16), device="gpu")
    labels = lucid.asarray([0, 1, 2, 3], device="gpu")

    @wrap
    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()

    one = growth(step, 1)
    with starts_counted() as starts:
        assert growth(step, 40) < 6 * one + MEGABYTE
    assert len(starts) >= 40  # each step begins to compute what it left


def test_checks_of_indices_that_nobody_reads_do_not_pile_up():
    from lucid.backends import mlx_graph

    x, places = lucid.arange(5, device="gpu"), lucid.asarray([0, 4], device="gpu")
    x.numpy()  # checks what others left
    for _ in range(50):
        x[places]
    assert len(mlx_graph._state.checks) == 1  # for each axis of each shape, however often it is indexed
    with pytest.raises(ValueError, match="size=0"):
        memory.set_budget(0)


def test_the_program_runs_a_few_evaluations_ahead_and_no_more():
    from lucid.backends import mlx_graph

    backend = devices.backend("gpu")
    for i in range(5):
        backend.start([lucid.random.normal((8,), device="gpu").array + i])
        assert len(mlx_graph._state.running) <= mlx_graph.AHEAD
