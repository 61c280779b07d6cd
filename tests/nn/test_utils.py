"""Parameters as one vector, sequences side by side, and hints for what is elsewhere."""

import pytest

import lucid
from lucid import nn
from lucid.errors import ShapeError
from lucid.nn import utils


def test_parameters_become_a_vector_and_come_back(device):
    net = nn.Linear(3, 2).to(device)
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.tolist() == [x for row in net.weight.tolist() for x in row] + net.bias.tolist()
    (vector * 2).sum().backward()
    assert net.bias.grad.tolist() == [2.0, 2.0]
    held = net.weight
    utils.vector_to_parameters(lucid.arange(8, device=device), net.parameters())
    assert net.weight is held
    assert (held.dtype, held.requires_grad, held.is_leaf) == (lucid.float32, True, True)
    assert (net.weight.tolist(), net.bias.tolist()) == ([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], [6.0, 7.0])
    with pytest.raises(ShapeError, match=r"vec has shape \(9,\); wanted \(8,\)"):
        utils.vector_to_parameters(lucid.zeros(9), net.parameters())
    with pytest.raises(ValueError, match="parameters_to_vector: there are no parameters"):
        utils.parameters_to_vector([])


@pytest.mark.parametrize("side", ["right", "left"])
def test_sequences_side_by_side(side, device):
    first, second = lucid.ones((3, 2), device=device, requires_grad=True), lucid.full((1, 2), 2.0, device=device)
    found = utils.rnn.pad_sequence([first, second], True, -1.0, side)
    rows = [[2.0, 2.0], [-1.0, -1.0], [-1.0, -1.0]]
    assert found.tolist() == [[[1.0, 1.0]] * 3, rows if side == "right" else rows[::-1]]
    turned = utils.rnn.pad_sequence((x for x in [first, second]), padding_value=-1.0, padding_side=side)
    assert turned.permute_dims((1, 0, 2)).tolist() == found.tolist()
    found.sum().backward()
    assert first.grad.tolist() == [[1.0, 1.0]] * 3
    for wrong in ([], [first, lucid.ones((1, 3), device=device)], [lucid.asarray(1.0)]):
        with pytest.raises((ShapeError, TypeError), match="pad_sequence"):
            utils.rnn.pad_sequence(wrong)


def test_what_is_elsewhere_is_hinted_at():
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        with pytest.raises(AttributeError, match=f"it is lucid.optim.{name} here"):
            getattr(utils, name)
        assert hasattr(lucid.optim, name)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        print(utils.nothing)
