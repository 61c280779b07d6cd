"""Parameters as one vector, sequences side by side, and hints for what is elsewhere."""

import copy
import pickle
from operator import attrgetter

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
    for name, here in utils.ELSEWHERE.items():
        with pytest.raises(AttributeError, match=f"it is lucid.{here} here"):
            getattr(utils, name)
        assert callable(attrgetter(here)(lucid))
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        print(utils.nothing)


LAYERS = [lambda: nn.Linear(4, 3), lambda: nn.Conv2d(4, 6, 3, groups=2), lambda: nn.ConvTranspose1d(3, 2, 3)]


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_begins_as_it_was_and_learns_norms(make, dim, device):
    layer = make().to(device)
    before = layer.weight.detach()
    assert utils.parametrizations.weight_norm(layer, dim=dim) is layer
    assert abs(layer.weight - before).max().item() < 1e-6
    norms = layer.get_parameter("parametrizations.weight.original0")
    assert norms.size == (1 if dim is None else before.shape[dim])
    assert [name for name, _ in layer.named_parameters()][1:] == [
        f"parametrizations.weight.original{i}" for i in (0, 1)
    ]
    (layer.weight**2).sum().backward()
    assert abs(norms.grad - 2 * norms).max().item() < 1e-5  # the sum of squares is that of norms
    assert abs(layer.get_parameter("parametrizations.weight.original1").grad).max().item() < 1e-5
    twins = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    with lucid.no_grad():
        norms.copy_(norms * 3)
    assert abs(layer.weight - before * 3).max().item() < 1e-5
    assert all(abs(twin.weight - before).max().item() < 1e-6 for twin in twins)


@pytest.mark.parametrize("make", LAYERS)
def test_spectral_norm_makes_the_largest_singular_value_1(make, device):
    lucid.random.seed(0)
    layer = make().to(device)
    utils.parametrizations.spectral_norm(layer, n_power_iterations=50)
    axis = int(isinstance(layer, nn.ConvTranspose1d))
    matrix = lucid.moveaxis(layer.weight.detach(), axis, 0).reshape((layer.weight.shape[axis], -1))
    assert lucid.linalg.svdvals(matrix)[0].item() == pytest.approx(1, abs=1e-3)
    first = [name for name, _ in layer.named_buffers()]
    assert first == ["parametrizations.weight.0._u", "parametrizations.weight.0._v"]
    layer.eval()
    u = layer.get_buffer(first[0])
    before, _ = u.tolist(), layer.weight
    assert u.tolist() == before
    state = layer.state_dict()
    other = utils.parametrizations.spectral_norm(make().to(device)).eval()
    other.load_state_dict(state)
    assert abs(other.weight - layer.weight).max().item() < 1e-6


def test_computed_weights_serve_like_others():
    layer = utils.parametrizations.weight_norm(nn.Linear(2, 1))
    x, doubled = lucid.ones((1, 2)), {"parametrizations.weight.original0": lucid.asarray([[2.0]])}
    direction = layer.weight.detach() / layer.get_parameter("parametrizations.weight.original0").detach()
    wanted = (x @ direction.mT * 2 + layer.bias).item()
    assert nn.functional_call(layer, doubled, x).item() == pytest.approx(wanted, rel=1e-6)
    with pytest.raises(TypeError, match=r"Linear.weight is computed; call remove_parametrizations"):
        layer.weight = nn.Parameter(lucid.ones((1, 2)))
    with pytest.raises(AttributeError, match="Linear has no parameter 'weight'; it has bias"):
        utils.parametrizations.spectral_norm(layer)
    with pytest.raises(ValueError, match="2 tensors are learnt for 'weight'"):
        utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    value = layer.weight.tolist()
    assert utils.parametrize.is_parametrized(layer, "weight")
    utils.parametrize.remove_parametrizations(layer, "weight")
    assert not utils.parametrize.is_parametrized(layer)
    assert type(layer.weight) is nn.Parameter
    assert (layer.weight.tolist(), layer.weight.requires_grad) == (value, True)
    assert sorted(name for name, _ in layer.named_parameters()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="Linear does not compute 'weight'"):
        utils.parametrize.remove_parametrizations(layer, "weight")


@pytest.mark.gpu
def test_a_compiled_step_with_a_spectral_norm():
    lucid.random.seed(0)
    layers = [utils.parametrizations.spectral_norm(nn.Linear(4, 3)).to("gpu") for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    x = lucid.random.normal((5, 4), device="gpu")
    values = []
    for layer, around in zip(layers, (lambda f: f, lucid.compile)):
        optimizer = lucid.optim.SGD(layer.parameters(), lr=0.01)

        def step(layer=layer, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (layer(x) ** 2).sum()
            loss.backward()
            optimizer.step()
            return loss

        run = around(step)
        values.append([run().item() for _ in range(3)])
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    assert values[0][2] < values[0][0]


def test_a_name_that_cannot_be_computed_leaves_the_parameter() -> None:
    module = nn.Module()
    module.values = nn.Parameter(lucid.ones((2, 2)))
    with pytest.raises(KeyError):
        nn.utils.parametrizations.weight_norm(module, "values")
    assert module.values.tolist() == [[1.0, 1.0], [1.0, 1.0]]
