"""Module: what it holds, what it loads, where it moves, what it calls."""

import copy
import pickle
import re

import pytest

import lucid
from lucid import nn
from lucid.errors import CheckpointError, DeviceError, DTypeError, GradientError, ShapeError


class Net(nn.Module):
    """A parameter, buffers, children, and a layer that is there twice."""

    def __init__(self):
        self.first = nn.Linear(3, 4)
        self.scale = nn.Parameter(lucid.ones(4))
        self.register_buffer("mean", lucid.full((4,), 2.0))
        self.register_buffer("steps", lucid.asarray(7), persistent=False)
        self.blocks = nn.ModuleList([nn.Linear(4, 4, bias=False), nn.LayerNorm(4)])
        self.again = self.blocks[0]

    def forward(self, x):
        x = self.first(x) * self.scale - self.mean
        return self.again(self.blocks[1](self.blocks[0](x)))


NAMES = ["scale", "first.weight", "first.bias", "blocks.0.weight", "blocks.1.weight", "blocks.1.bias"]


def test_parameters_buffers_and_modules_have_dotted_names():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert [name for name, _ in net.named_buffers()] == ["mean", "steps"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "blocks", "blocks.0", "blocks.1"]
    assert [name for name, _ in net.named_children()] == ["first", "blocks", "again"]
    assert sum(p.size for p in net.parameters()) == 4 + 12 + 4 + 16 + 4 + 4


def test_a_parameter_is_a_tensor_that_its_module_finds_by_type():
    layer = nn.Module()
    layer.plain = lucid.ones(2, requires_grad=True)
    layer.weight = nn.Parameter(lucid.ones(2))
    layer.frozen = nn.Parameter(lucid.ones(2), requires_grad=False)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "frozen"]
    assert (layer.weight.requires_grad, layer.frozen.requires_grad) == (True, False)
    assert type(layer.weight * 2) is lucid.Tensor
    with pytest.raises(GradientError, match=r"pass data\.detach"):
        nn.Parameter(layer.weight * 2)
    with pytest.raises(TypeError, match="Parameter: data is list"):
        nn.Parameter([1.0])


def test_a_parameter_is_not_lost_by_assignment():
    net = Net()
    with pytest.raises(TypeError, match=r"Net.scale is a parameter and got Tensor; assign a Parameter"):
        net.scale = lucid.ones(4)
    with pytest.raises(TypeError, match=r"Net.mean is a buffer and got int; assign a Tensor"):
        net.mean = 3
    net.mean = lucid.zeros(4)
    net.scale = None
    assert "scale" not in net.state_dict()
    assert net.state_dict()["mean"].tolist() == [0.0] * 4
    del net.mean
    assert "mean" not in net.to(lucid.float64).state_dict()


def test_the_state_has_both_names_of_what_is_shared_and_no_buffer_that_is_not_persistent():
    state = Net().state_dict()
    assert list(state) == ["scale", "mean", *NAMES[1:], "again.weight"]
    assert all(type(x) is lucid.Tensor and not x.requires_grad for x in state.values())


def test_the_state_is_a_snapshot():
    net = Net()
    state = net.state_dict()
    with lucid.no_grad():
        net.scale.fill_(5.0)
    assert state["scale"].tolist() == [1.0] * 4


def test_loading_takes_over_values_in_the_modules_dtype_and_on_its_device(device):
    net, other = Net().to(device), Net().to(lucid.float64)
    held = net.scale
    result = net.load_state_dict(other.state_dict())
    assert result == ([], [])
    assert net.scale is held
    assert net.scale.requires_grad
    for (name, x), y in zip(net.state_dict().items(), other.state_dict().values()):
        assert (x.dtype, x.device) == (lucid.float32, device), name
        assert bool((x.cpu() == y.astype(lucid.float32)).all()), name


def misfit():
    """A state with two missing, two unexpected and two misshapen names."""
    state = Net().state_dict()
    del state["first.bias"], state["blocks.1.bias"]
    return state | {
        "head.weight": lucid.ones(1),
        "head.bias": lucid.ones(1),
        "scale": lucid.ones((4, 1)),
        "first.weight": lucid.ones((3, 4)),
    }


def test_one_error_lists_all_that_does_not_fit():
    with pytest.raises(CheckpointError) as caught:
        Net().load_state_dict(misfit())
    assert str(caught.value) == (
        "load_state_dict: the state does not fit Net; nothing was loaded\n"
        "  missing (2): first.bias, blocks.1.bias\n"
        "  unexpected (2): head.weight, head.bias\n"
        "  misshapen (2): scale is (4, 1), wanted (4,), first.weight is (3, 4), wanted (4, 3)"
    )


@pytest.mark.parametrize("strict", [True, False])
def test_a_state_that_does_not_fit_changes_nothing(strict):
    net = Net()
    before = {name: x.tolist() for name, x in net.state_dict().items()}
    with pytest.raises(CheckpointError, match="misshapen"):
        net.load_state_dict(misfit(), strict=strict)
    with pytest.raises(TypeError, match=r"blocks\.1\.bias is list; wanted a Tensor"):
        net.load_state_dict({**net.state_dict(), "scale": lucid.zeros(4), "blocks.1.bias": [1.0]})
    with pytest.raises(TypeError, match=r"load_state_dict: got Net; wanted tensors by name"):
        net.load_state_dict(net)
    assert {name: x.tolist() for name, x in net.state_dict().items()} == before


def test_loading_may_pass_over_names():
    net = Net()
    result = net.load_state_dict({"scale": lucid.zeros(4), "head.weight": lucid.ones(1)}, strict=False)
    assert net.scale.tolist() == [0.0] * 4
    assert result.unexpected_keys == ["head.weight"]
    assert result.missing_keys == [name for name in net.state_dict() if name != "scale"]


def test_moving_keeps_parameters_and_takes_gradients_along(device):
    net = Net()
    net(lucid.ones((2, 3))).sum().backward()
    held, grad, buffer = net.scale, net.scale.grad.tolist(), net.mean
    assert net.to(device, lucid.float16 if device == "gpu" else lucid.float64) is net
    wide = lucid.float16 if device == "gpu" else lucid.float64
    assert net.scale is held
    assert net.blocks[0] is net.again
    for x in (*net.parameters(), net.mean, net.scale.grad):
        assert (x.dtype, x.device) == (wide, device)
    assert net.steps.dtype is lucid.int64
    assert net.scale.grad.tolist() == pytest.approx(grad, rel=1e-3, abs=1e-3)
    assert (buffer.dtype, buffer.device) == (lucid.float32, "cpu")
    net.zero_grad()
    net(lucid.ones((2, 3), device=device, dtype=wide)).sum().backward()
    assert net.scale.grad.dtype is wide
    assert net.cpu().scale.device == "cpu"


def test_moving_moves_all_or_nothing(device):
    net = Net()
    net.blocks[1].bias = nn.Parameter(lucid.zeros(4, dtype=lucid.float64))
    if device == "cpu":
        with pytest.raises(DTypeError, match=r"to: .*int64 has no gradients"):
            net.to(lucid.int64)
        with pytest.raises(DTypeError, match="two dtypes"):
            net.to(lucid.float32, lucid.float64)
        with pytest.raises(DeviceError, match="'tpu'"):
            net.to("tpu")
    else:
        with pytest.raises(DTypeError, match="float64"):
            net.to("gpu")
    assert {p.device for p in net.parameters()} == {"cpu"}
    assert [p.dtype for p in net.parameters()] == [lucid.float32] * 5 + [lucid.float64]


def test_modes_reach_every_module():
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert all(module.training for module in net.train().modules())


def test_apply_goes_from_the_leaves_to_the_root():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Linear(1, 1))
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["ReLU", "Sequential", "Linear", "Sequential"]


def test_gradients_are_forgotten_and_switched_off():
    net = Net()
    net(lucid.ones((2, 3))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(lucid.ones((2, 3))).requires_grad


def test_hooks_see_and_replace_inputs_and_outputs():
    layer, seen = nn.Identity(), []
    before = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
    single = layer.register_forward_pre_hook(lambda module, inputs: inputs[0] * 10)
    after = layer.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].item(), output.item())))
    assert layer(lucid.asarray(1.0)).item() == 20.0
    assert seen == [(20.0, 20.0)]
    before.remove()
    before.remove()
    with layer.register_forward_hook(lambda module, inputs, output: -output):
        assert layer(lucid.asarray(1.0)).item() == -10.0
    single.remove()
    after.remove()
    assert layer(lucid.asarray(1.0)).item() == 1.0
    assert seen == [(20.0, 20.0), (10.0, 10.0)]


def test_hooks_may_see_options_and_come_first():
    class Scaled(nn.Module):
        def forward(self, x, scale=1.0):
            return x * scale

    layer, seen = Scaled(), []
    layer.register_forward_pre_hook(lambda module, inputs: seen.append(("pre", inputs)))
    layer.register_forward_pre_hook(
        lambda module, inputs, options: (inputs, {"scale": options["scale"] + 1}), with_kwargs=True, prepend=True
    )
    layer.register_forward_hook(lambda module, inputs, output: seen.append("last"))
    layer.register_forward_hook(lambda module, inputs, output: seen.append("second"), prepend=True)
    first = layer.register_forward_hook(
        lambda module, inputs, options, output: seen.append(options), with_kwargs=True, prepend=True
    )
    assert layer(2.0, scale=2.0) == 6.0
    assert seen == [("pre", (2.0,)), {"scale": 3.0}, "second", "last"]
    first.remove()
    layer(2.0, scale=2.0)
    assert seen[5:] == ["second", "last"]


class Pair(nn.Module):
    def forward(self, a, n, b):
        return a * b, (b * n,)


def test_backward_hooks_see_gradients_of_inputs_and_outputs(device):
    layer, seen = Pair(), []
    with layer.register_full_backward_hook(lambda *given: seen.append(given)):
        a, b = (lucid.asarray(x, device=device, requires_grad=True) for x in (2.0, 3.0))
        product, (tripled,) = layer(a, 3, b)
        (product * 5).backward(retain_graph=True)
        (product + tripled * 10).backward()
        module, (of_a, of_n, of_b), (of_product, of_tripled) = seen[0]
        assert module is layer
        assert (of_a.item(), of_n, of_b.item()) == (15.0, None, 10.0)
        assert (of_product.item(), of_tripled) == (5.0, None)
        assert [g.item() for g in seen[1][1] if g is not None] == [3.0, 32.0]
        assert [g.item() for g in seen[1][2]] == [1.0, 10.0]
        assert (a.grad.item(), b.grad.item()) == (18.0, 42.0)
        with lucid.no_grad():
            layer(a, 3, b)
    layer(a, 3, b)[0].backward()
    assert len(seen) == 2


def test_backward_hooks_replace_gradients_one_after_the_other():
    layer = nn.Identity()
    layer.register_full_backward_hook(lambda module, into, out: (into[0] + 1,))
    layer.register_full_backward_hook(lambda module, into, out: into[0] * 10, prepend=True)
    x = lucid.asarray(3.0, requires_grad=True)
    (slope,) = lucid.grad(layer(x * x), [x], create_graph=True)
    assert slope.item() == 66.0  # (1 * 10 + 1) * 2 x
    slope.backward()
    assert x.grad.item() == 22.0
    layer.register_full_backward_hook(lambda module, into, out: (lucid.ones(2),))
    with pytest.raises(
        ShapeError, match=r"Identity: a backward hook returned \[\(2,\)\]; wanted None, or for the inputs \[\(\)\]"
    ):
        layer(x).backward()


def test_a_backward_hook_of_a_module_whose_input_is_data():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda module, into, out: seen.append((into, out[0].tolist())))
    layer(lucid.ones((1, 2))).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert layer.weight.grad.tolist() == [[1.0, 1.0]]


@pytest.mark.gpu
def test_what_a_hook_writes_comes_out_of_a_graph():
    layer, kept = nn.Linear(2, 2).to("gpu"), [lucid.zeros((), device="gpu"), lucid.zeros((), device="gpu")]

    def note(module, inputs, output):
        kept[0] = output.detach().sum()

    def note_gradient(module, into, out):
        kept[1] = out[0].detach().sum()

    layer.register_forward_hook(note)
    layer.register_full_backward_hook(note_gradient)

    @lucid.compile
    def step(x):
        loss = layer(x).sum()
        loss.backward()
        return loss

    for scale in (1.0, 2.0):
        assert step(lucid.ones((3, 2), device="gpu") * scale).item() == kept[0].item()
        assert kept[1].item() == 6.0


def test_parts_have_dotted_names():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("blocks.1") is net.blocks[1]
    assert net.get_parameter("blocks.1.weight") is net.blocks[1].weight
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("mean") is net.mean
    for get, name, message in [
        (net.get_submodule, "blocks.2", "ModuleList has no module '2'; it has 0, 1"),
        (net.get_submodule, "scale", "Net has no module 'scale'; it has first, blocks, again"),
        (net.get_parameter, "first", "Net has no parameter 'first'; it has scale"),
        (net.get_parameter, "mean", "Net has no parameter 'mean'"),
        (net.get_buffer, "first.weight", "Linear has no buffer 'weight'; it has none"),
    ]:
        with pytest.raises(AttributeError, match=message):
            get(name)
    assert [name for name, _ in net.named_parameters("net")] == [f"net.{name}" for name in NAMES]
    assert [name for name, _ in net.named_buffers(prefix="a.b", recurse=False)] == ["a.b.mean", "a.b.steps"]


def test_a_name_that_is_not_there_says_what_it_is_here():
    class Broken(nn.Linear):
        @property
        def size(self):
            return self.weight.nothing

    for name, here in {
        "half": "to(lucid.float16)",
        "cuda": "gpu()",
        "add_module": "setattr(module, name, value)",
    }.items():
        with pytest.raises(AttributeError, match=f"no attribute '{name}'; it is {re.escape(here)} here"):
            getattr(Net(), name)
        assert not hasattr(nn.Linear(1, 1), name)
    with pytest.raises(AttributeError, match="object has no attribute 'nothing'"):
        print(Broken(1, 1).size)


def test_hooks_belong_to_one_module():
    first, second = nn.Identity(), nn.Identity()
    first.register_forward_hook(lambda module, inputs, output: 0)
    assert second(1) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_have_the_same_values_and_share_nothing(copied, device):
    net = Net().to(device)
    net(lucid.ones((2, 3), device=device)).sum().backward()
    net.scale.requires_grad_(False)
    handle = net.register_forward_hook(lambda module, inputs, output: 0)
    twin = copied(net.eval())
    assert not twin.training
    assert twin.again is twin.blocks[0]
    assert type(twin.scale) is nn.Parameter
    assert [p.requires_grad for p in twin.parameters()] == [False] + [True] * 5
    for (name, x), y in zip(net.named_parameters(), twin.parameters()):
        assert x is not y
        assert (x.tolist(), x.dtype, x.device) == (y.tolist(), y.dtype, y.device), name
        assert x.grad is y.grad is None or x.grad.tolist() == y.grad.tolist(), name
    with lucid.no_grad():
        twin.scale.fill_(3.0)
    assert net.scale.tolist() == [1.0] * 4
    handle.remove()  # copies have no hooks, so the twin's value is that of forward
    assert twin(lucid.ones((1, 3), device=device)).shape == (1, 4)


def test_the_repr_nests():
    assert repr(Net()) == "\n".join(
        [
            "Net(",
            "  (first): Linear(in_features=3, out_features=4, bias=True)",
            "  (blocks): ModuleList(",
            "    (0): Linear(in_features=4, out_features=4, bias=False)",
            "    (1): LayerNorm((4,), eps=1e-05)",
            "  )",
            "  (again): Linear(in_features=4, out_features=4, bias=False)",
            ")",
        ]
    )


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module: define forward"):
        nn.Module()(1)


def test_containers_are_lists():
    layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    layers.append(nn.GELU())
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "GELU"]
    assert isinstance(layers[:2], nn.ModuleList)
    assert isinstance(nn.Sequential(*layers)[1:], nn.Sequential)
    with pytest.raises(TypeError, match="ModuleList: got function; wanted a Module"):
        layers.append(lambda x: x)
    with pytest.raises(IndexError, match="ModuleList: index 3 for 3"):
        layers[3]


def made(kind, *numbers):
    """A container of values that are told apart by their numbers."""
    values = [nn.Parameter(lucid.full(1, float(n))) if kind is nn.ParameterList else nn.Linear(n, 1) for n in numbers]
    return nn.Sequential(*values) if kind is nn.Sequential else kind(values)


def numbers(container):
    return [int(x.item()) if isinstance(x, nn.Parameter) else x.in_features for x in container]


@pytest.mark.parametrize("kind", [nn.ModuleList, nn.Sequential, nn.ParameterList])
def test_containers_change_as_lists_do(kind):
    mine, theirs = made(kind, 1, 2, 3, 4, 5), [1, 2, 3, 4, 5]
    more = dict(zip(range(6, 20), made(kind, *range(6, 20))))
    changes = [
        lambda x, of: x.__setitem__(1, of(6)),
        lambda x, of: x.__setitem__(-1, of(7)),
        lambda x, of: x.__delitem__(0),
        lambda x, of: x.__delitem__(-2),
        lambda x, of: x.insert(0, of(8)),
        lambda x, of: x.insert(-1, of(9)),
        lambda x, of: x.insert(99, of(10)),
        lambda x, of: x.extend([of(11), of(12)]),
        lambda x, of: x.append(of(13)),
        lambda x, of: x.__iadd__([of(14)]),
        lambda x, of: x.__setitem__(slice(1, 3), [of(15), of(16), of(17)]),
        lambda x, of: x.pop(),
        lambda x, of: x.pop(-3),
        lambda x, of: x.__delitem__(slice(None, None, 2)),
    ]
    for change in changes:
        found, wanted = change(mine, more.get), change(theirs, int)
        assert numbers(mine) == theirs
        assert list(mine._held()) == list(map(str, range(len(theirs))))
        if isinstance(wanted, int):
            assert numbers([found]) == [wanted]
    assert numbers(mine[1:]) == theirs[1:]
    assert type(mine[1:]) is kind
    for wrong in (5, -6):
        with pytest.raises(IndexError, match=f"{kind.__name__}: index {wrong} for 4"):
            mine[wrong] = more[6]
    with pytest.raises(TypeError, match=r"(got|data is) int; wanted a"):
        mine[0] = 3
    with pytest.raises(TypeError, match="index='0' is str"):
        mine["0"]
    assert numbers(mine) == theirs


def test_a_layer_of_a_sequential_keeps_its_name():
    net = nn.Sequential({"first": nn.Linear(1, 1), "last": nn.Linear(2, 1)})
    net[-1] = nn.Linear(3, 1)
    assert [(name, layer.in_features) for name, layer in net.named_children()] == [("first", 1), ("last", 3)]
    assert [name for name, _ in net[1:].append(nn.ReLU()).named_children()] == ["last", "1"]
    tail = made(nn.Sequential, 1, 2, 3)[1:]
    assert [name for name, _ in tail.append(nn.ReLU()).named_children()] == ["1", "2", "3"]
    tail.insert(0, nn.ReLU())
    assert list(tail._held()) == ["0", "1", "2", "3"]
