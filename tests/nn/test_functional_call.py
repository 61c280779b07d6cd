"""Modules run with other parameters: gradients of each sample, steps inside of steps, ensembles, and all put back."""

import pytest

import lucid
from lucid import nn
from lucid.autograd import grad, jvp, value_and_grad, vjp, vmap
from lucid.nn import functional_call


def mlp(device="cpu"):
    lucid.random.seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(device)


def own(module):
    return dict(module.named_parameters())


def contents(module):
    return [list(vars(m).items()) for m in module.modules()]


def is_same(before, after):
    return all(
        [name for name, _ in a] == [name for name, _ in b] and all(x is y for (_, x), (_, y) in zip(a, b))
        for a, b in zip(before, after, strict=True)
    )


def close(x, y, gap=1e-6):
    return x.shape == y.shape and abs(x - y).max().item() <= gap


def test_other_parameters_serve_for_one_call(device):
    net, x = mlp(device), lucid.random.normal((5, 3), device=device)
    before, plain = contents(net), net(x)
    others = {name: p.detach() * 2 for name, p in own(net).items()}
    assert close(functional_call(net, own(net), x), plain, 0)
    doubled = lucid.tanh(x @ others["0.weight"].mT + others["0.bias"]) @ others["2.weight"].mT + others["2.bias"]
    assert close(functional_call(net, others, (x,)), doubled)
    assert close(functional_call(net, [{"0.bias": others["0.bias"]}, {"0.bias": net[0].bias}], x), plain, 0)
    assert is_same(before, contents(net))


def test_everything_is_put_back_after_an_error():
    net = mlp()
    before = contents(net)
    with pytest.raises(lucid.errors.ShapeError):
        functional_call(net, {"0.weight": lucid.ones((4, 9))}, lucid.ones((1, 3)))
    with pytest.raises(KeyError, match=r"Sequential has no '0\.wieght'; it has 0\.weight, 0\.bias, 2\.weight, 2\.bias"):
        functional_call(net, {"0.bias": lucid.ones(4), "0.wieght": lucid.ones((4, 3))}, lucid.ones((1, 3)))
    with pytest.raises(TypeError, match=r"functional_call: 0\.bias is float; wanted a Tensor"):
        functional_call(net, {"0.bias": 1.0}, lucid.ones((1, 3)))
    assert is_same(before, contents(net))
    nested = functional_call(
        net, {"0.bias": lucid.zeros(4)}, functional_call(net, {}, lucid.ones((1, 3)))[:, :1] * lucid.ones(3)
    )
    assert nested.shape == (1, 2)
    assert is_same(before, contents(net))


def test_a_shared_parameter_is_replaced_under_all_names():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    x, two = lucid.ones((1, 2)), lucid.eye(2) * 2
    assert functional_call(net, {"0.weight": two}, x).tolist() == [[4.0, 4.0]]
    assert functional_call(net, {"1.weight": two}, x).tolist() == [[4.0, 4.0]]
    assert functional_call(net, {"0.weight": two, "1.weight": two * 5}, x).tolist() == [[20.0, 20.0]]


def test_modules_find_their_parameters_by_type():
    class Sum(nn.Module):
        def __init__(self):
            self.parts = nn.ParameterList([lucid.ones(2), lucid.ones(2)])

        def forward(self, *, scale):
            return sum(p for p in self.parts) * scale

    net = Sum()
    w = lucid.asarray([5.0, 6.0], requires_grad=True)
    out = functional_call(net, {"parts.1": w}, kwargs={"scale": 2})
    assert out.tolist() == [12.0, 14.0]
    out.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]
    assert net.parts[1].grad is None


def test_gradients_flow_to_what_is_given_in_all_transforms(device):
    net, x = mlp(device), lucid.random.normal((5, 3), device=device)

    def loss(parameters, x):
        return (functional_call(net, parameters, x) ** 2).sum()

    loss(own(net), x).backward()  # parameters of one's own are leaves still
    wanted = {name: p.grad for name, p in own(net).items()}
    net.zero_grad()
    _, found = value_and_grad(loss)(own(net), x)
    _, pullback = vjp(loss, own(net), x)
    pulled, _ = pullback(lucid.asarray(1.0, device=device))
    tangents = {name: lucid.ones_like(p.detach()) for name, p in own(net).items()}
    _, along = jvp(lambda p: loss(p, x), own(net), tangents)
    each = vmap(value_and_grad(loss), in_axes=(None, 0))(own(net), x)[1]
    for name, g in wanted.items():
        assert close(found[name], g, 1e-5)
        assert close(pulled[name], g, 1e-5)
        assert close(each[name].sum(axis=0), g, 1e-5)
    assert close(along, sum(g.sum() for g in wanted.values()), 1e-4)
    assert all(p.grad is None for p in net.parameters())


def test_a_step_inside_of_a_step(device):
    """MAML: the gradient through an inner step is that of the whole written out."""
    net, x = mlp(device), lucid.random.normal((5, 3), device=device)

    def outer(parameters):
        inner = (functional_call(net, parameters, x) ** 2).mean()
        slopes = grad(inner, list(parameters.values()), create_graph=True)
        moved = {name: p - 0.1 * g for (name, p), g in zip(parameters.items(), slopes)}
        return (functional_call(net, moved, x) ** 2).mean()

    names = list(own(net))
    found = grad(outer(own(net)), list(net.parameters()))
    for name, g in zip(names, found):
        step = 1e-3
        p = own(net)[name].detach()
        unit = lucid.ones_like(p)
        ends = [outer({**own(net), name: (p + unit * s).requires_grad_()}).item() for s in (step, -step)]
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(g.sum().item(), abs=2e-4)  # float32 of a loss near 1


def test_an_ensemble_runs_as_one(device):
    nets, x = [mlp(device) for _ in range(3)], lucid.random.normal((5, 3), device=device)
    for i, net in enumerate(nets):
        with lucid.no_grad():
            net[0].weight.copy_(net[0].weight * i)
    stacked = {name: lucid.stack([own(net)[name].detach() for net in nets]) for name in own(nets[0])}
    found = vmap(lambda parameters, x: functional_call(nets[0], parameters, x), in_axes=(0, None))(stacked, x)
    for y, net in zip(found, nets):
        assert close(y, net(x))


@pytest.mark.parametrize("compiled", [False, True])
def test_buffers_given_are_those_written_to(compiled, device):
    norm = nn.BatchNorm1d(2).to(device)
    x = lucid.asarray([[0.0, 2.0], [4.0, 2.0]], device=device)

    def call(buffers, x):
        return functional_call(norm, buffers, x)

    buffers = {name: b.clone() for name, b in norm.named_buffers()}
    for _ in range(2):
        (lucid.compile(call) if compiled else call)(buffers, x)
    assert buffers["running_mean"].tolist() == pytest.approx([0.38, 0.38])
    assert buffers["num_batches_tracked"].item() == 2
    assert norm.running_mean.tolist() == [0.0, 0.0]
    norm_of_each = vmap(lambda b, x: (functional_call(norm, b, x), b))
    several = {name: lucid.stack([b, b + 1]) for name, b in norm.named_buffers()}
    _, after = norm_of_each(several, lucid.stack([x, x]))
    assert after["running_mean"].tolist() == [pytest.approx([0.2, 0.2]), pytest.approx([1.1, 1.1])]


@pytest.mark.gpu
def test_a_compiled_training_step_of_values():
    net, x = mlp("gpu"), lucid.random.normal((5, 3), device="gpu")

    def step(parameters, x):
        value, slopes = value_and_grad(lambda p: (functional_call(net, p, x) ** 2).mean())(parameters)
        return value, {name: p - 0.1 * slopes[name] for name, p in parameters.items()}

    parameters = {name: p.detach() for name, p in own(net).items()}
    values = []
    for run in (step, lucid.compile(step)):
        now, before = parameters, contents(net)
        for _ in range(3):
            value, now = run(now, x)
        values.append(value.item())
        assert is_same(before, contents(net))
    assert values[0] == pytest.approx(values[1], rel=1e-6)
    assert values[0] < step(parameters, x)[0].item()


def test_a_checkpoint_inside_is_right():
    net = mlp()
    x = lucid.ones((1, 3))

    class Saving(nn.Module):
        def __init__(self):
            self.net = net

        def forward(self, x):
            return nn.checkpoint(self.net, x)

    given = {f"net.{name}": (p.detach() * 3).requires_grad_() for name, p in own(net).items()}
    plain = {name.removeprefix("net."): p for name, p in given.items()}
    wanted = grad((functional_call(net, plain, x) ** 2).sum(), list(given.values()))
    found = grad((functional_call(Saving(), given, x) ** 2).sum(), list(given.values()))
    assert all(close(g, w, 0) for g, w in zip(found, wanted))
