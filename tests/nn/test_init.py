"""Starting values: where they lie, how they are spread, and that graphs know nothing of them."""

import math

import pytest

import lucid
from lucid import nn
from lucid.errors import ShapeError
from lucid.nn import init


def test_filling_is_in_place_unrecorded_and_returns_the_tensor(device):
    p = nn.Parameter(lucid.zeros((4, 5), device=device))
    for fill in (
        init.uniform_,
        init.normal_,
        init.trunc_normal_,
        init.ones_,
        init.xavier_uniform_,
        init.eye_,
        init.zeros_,
    ):
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
        (lambda x: init.kaiming_normal_(x, 1.0), -0.5, 0.5, 0, 0.1),
        (lambda x: init.kaiming_normal_(x, mode="fan_out", nonlinearity="selu"), -0.2, 0.2, 0, 0.75 / 20),
        (lambda x: init.xavier_normal_(x, 3), -1, 1, 0, 3 * math.sqrt(2 / 500)),
        (lambda x: init.orthogonal_(x, 2), -0.5, 0.5, 0, 2 / 20),
        (lambda x: init.sparse_(x, 0.75, std=3), -15, 15, 0, 1.5),
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
    with pytest.raises(ValueError, match="kaiming_uniform_: mode='fan_avg'; choose among fan_in, fan_out"):
        init.kaiming_uniform_(lucid.zeros((2, 2)), mode="fan_avg")
    with pytest.raises(ValueError, match="calculate_gain: nonlinearity='swish'; choose among linear, conv1d"):
        init.kaiming_normal_(lucid.zeros((2, 2)), nonlinearity="swish")
    for fill in (init.kaiming_uniform_, init.xavier_normal_, init.orthogonal_):
        assert fill(lucid.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float16])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (3, 2, 4), (9, 2, 2, 2)])
def test_orthogonal_matrices(shape, dtype, device):
    x = init.orthogonal_(lucid.zeros(shape, dtype=dtype, device=device), 3.0)
    assert (x.shape, x.dtype, x.device) == (shape, dtype, device)
    rows = x.astype(lucid.float32).reshape((shape[0], -1))
    rows = rows if rows.shape[0] <= rows.shape[1] else rows.mT
    gap = abs(rows @ rows.mT - 9 * lucid.eye(rows.shape[0], device=device)).max().item()
    assert gap < (1e-5 if dtype is lucid.float32 else 2e-2)  # a product of 8 numbers up to 3, rounded to 11 bits


def test_every_orthogonal_matrix_is_equally_likely():
    """Both signs of the diagonal and of the determinant: QR alone would fix them."""
    lucid.random.seed(0)
    drawn = [init.orthogonal_(lucid.zeros((2, 2))) for _ in range(200)]
    for numbers in ([x[0, 0].item() for x in drawn], [lucid.linalg.det(x).item() for x in drawn]):
        assert 70 < sum(number > 0 for number in numbers) < 130


def test_sparse_columns(device):
    x = init.sparse_(lucid.ones((7, 50), device=device), 0.3)
    assert (x == 0).sum(axis=0).tolist() == [3] * 50
    assert len(set(map(tuple, (x == 0).mT.tolist()))) > 10
    assert 0.009 < init.sparse_(lucid.ones((100, 100), device=device), 0.0).std().item() < 0.011
    with pytest.raises(ValueError, match=r"sparse_: sparsity=1\.5; wanted a number from 0 to 1"):
        init.sparse_(x, 1.5)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kernel", [(3,), (3, 5), (1, 3, 3)])
def test_dirac_gives_back_channels(groups, kernel, device):
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1]
    layer = conv(4, 6, kernel, padding=tuple(k // 2 for k in kernel), groups=groups, bias=False).to(device)
    init.dirac_(layer.weight, groups)
    x = lucid.random.normal((2, 4, *(5,) * len(kernel)), device=device)
    each, gives = 4 // groups, 6 // groups
    y = layer(x)
    for g in range(groups):
        assert bool((y[:, g * gives : g * gives + each] == x[:, g * each : (g + 1) * each]).all())
    assert y.count_nonzero() == x.count_nonzero()
    with pytest.raises(ValueError, match="dirac_: groups=4; wanted a number that divides the 6 outputs"):
        init.dirac_(layer.weight, 4)
    for fill, shape in ((init.dirac_, (2, 2)), (init.eye_, (2, 2, 2)), (lambda x: init.sparse_(x, 0.5), (3,))):
        with pytest.raises(ShapeError, match=r"the shape is \("):
            fill(lucid.zeros(shape))


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
