"""Starting values: where they lie, how they are spread, and that graphs know nothing of them."""

import math

import pytest

import lucid
from lucid import nn
from lucid.errors import ShapeError
from lucid.nn import init


def test_filling_is_in_place_unrecorded_and_returns_the_tensor(device):
    p = nn.Parameter(lucid.zeros((4, 5), device=device))
    for fill in (init.uniform_, init.normal_, init.trunc_normal_, init.ones_, init.xavier_uniform_, init.zeros_):
        assert fill(p) is p
        assert (p.is_leaf, p.requires_grad, p.device, p.dtype) == (True, True, device, lucid.float32)
    assert init.constant_(p, 0.5).tolist() == [[0.5] * 5] * 4


@pytest.mark.parametrize(
    ("fill", "low", "high", "mean", "std"),
    [
        (lambda x: init.uniform_(x, -1, 3), -1, 3, 1, 4 / math.sqrt(12)),
        (lambda x: init.normal_(x, 2, 0.5), -1, 5, 2, 0.5),
        (lambda x: init.trunc_normal_(x, std=0.02), -0.2, 0.2, 0, 0.02),
        (lambda x: init.trunc_normal_(x, 0, 1, -1, 1), -1, 1, 0, 0.53956),
        (lambda x: init.kaiming_uniform_(x), -math.sqrt(6 / 100), math.sqrt(6 / 100), 0, math.sqrt(2 / 100)),
        (lambda x: init.kaiming_uniform_(x, math.sqrt(5)), -0.1, 0.1, 0, 0.1 / math.sqrt(3)),
        (lambda x: init.kaiming_uniform_(x, mode="fan_out", nonlinearity="tanh"), -0.145, 0.145, 0, 5 / 3 / 20),
        (
            lambda x: init.xavier_uniform_(x, 2),
            -2 * math.sqrt(6 / 500),
            2 * math.sqrt(6 / 500),
            0,
            2 * math.sqrt(2 / 500),
        ),
    ],
)
def test_distributions(fill, low, high, mean, std):
    lucid.random.seed(0)
    x = fill(lucid.zeros((400, 100)))
    assert low <= x.min().item() < x.max().item() <= high
    assert x.mean().item() == pytest.approx(mean, abs=4 * std / 200)
    assert x.std().item() == pytest.approx(std, rel=0.02)


def test_fans_count_the_kernel():
    assert init.fans("f", lucid.zeros((8, 3, 2, 5))) == (30, 80)
    with pytest.raises(ShapeError, match=r"xavier_uniform_: the shape is \(3,\)"):
        init.xavier_uniform_(lucid.zeros(3))
    with pytest.raises(ValueError, match="mode='fan_avg'"):
        init.kaiming_uniform_(lucid.zeros((2, 2)), mode="fan_avg")


def test_a_generator_of_ones_own_leaves_the_default_alone():
    before = lucid.random.default_generator.state
    first, second = (init.normal_(lucid.zeros(4), generator=lucid.random.Generator(5)).tolist() for _ in range(2))
    assert first == second
    assert lucid.random.default_generator.state == before


def test_skipping_draws_nothing():
    before = lucid.random.default_generator.state
    with init.skipped():
        layer = nn.LayerNorm(2)
        nn.Linear(3, 4)
    assert lucid.random.default_generator.state == before
    assert layer.weight.tolist() == [0.0, 0.0]
    assert nn.LayerNorm(2).weight.tolist() == [1.0, 1.0]
