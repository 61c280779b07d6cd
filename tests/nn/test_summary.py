"""The table of a module: shapes, parameters and multiply-adds that can be counted by hand."""

import pytest

import lucid
from lucid import nn


def test_multiply_adds_by_hand():
    linear = nn.Linear(3, 5)
    assert linear.summary((2, 7, 3)).multiply_adds == 2 * 7 * 5 * 3
    convolution = nn.Conv2d(4, 6, (2, 3), stride=(2, 3), groups=2)
    assert convolution.summary((2, 4, 8, 9)).multiply_adds == 2 * 6 * (4 * 3) * (2 * 2 * 3)
    attention = nn.SpatialReductionAttention(8, 2, 2)
    n, m = 4 * 6, 2 * 3
    linears, reduction, products = n * 8 * 8 + m * 8 * 16 + n * 8 * 8, m * 8 * 8 * 4, 2 * n * m * 8
    assert attention.summary((1, n, 8), 4, 6).multiply_adds == linears + reduction + products


def test_a_layer_that_is_called_twice_counts_twice_but_has_its_parameters_once():
    layer = nn.Linear(4, 4, bias=False)
    summary = nn.Sequential(layer, nn.ReLU(), layer).summary((1, 4))
    assert (summary.parameters, summary.multiply_adds) == (16, 32)


def test_the_table():
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 1000)), nn.Identity())
    assert str(model.summary((1, 4))) == "\n".join(
        [
            "module           output     parameters  multiply-adds",
            "Sequential       (1, 1000)       5,000          4,000",
            "  0  Sequential  (1, 1000)       5,000          4,000",
            "    0  Linear    (1, 1000)       5,000          4,000",
            "  1  Identity    (1, 1000)           0              0",
        ]
    )
    assert len(str(model.summary((1, 4), depth=1)).splitlines()) == 4


def test_the_run_leaves_no_trace(device):
    model = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5)).to(device, lucid.float16)
    model[1].eval()
    before = lucid.random.default_generator.state
    summary = model.summary(lucid.ones((3, 4), device=device, dtype=lucid.float16))
    assert [row.output_shape for row in summary.rows] == [(3, 2)] * 3
    assert model.summary((3, 4)).rows == summary.rows
    assert lucid.random.default_generator.state == before
    assert [module.training for module in model.modules()] == [True, True, False]
    assert not any(module._forward_hooks for module in model.modules())
    with pytest.raises(ValueError, match="linear: got x"):
        model.summary((3, 5))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
