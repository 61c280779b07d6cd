"""Gradients that flow through compiled functions and modules from outside are those of the functions themselves."""

import copy

import numpy as np
import pytest

import lucid
from lucid import autograd, nn, optim, random, tree
from lucid.errors import GradientError
from lucid.nn import functional as F


def same(device, use, tolerance=1e-5):
    """Compare what `use(wrap)` gives, leaf by leaf, compiled and not. Fused arithmetic may round once less."""
    found, wanted = [], []
    for wrap, out in ((lucid.compile, found), (lambda f: f, wanted)):
        random.seed(0)
        with lucid.use_device(device):
            out.extend(tree.leaves(use(wrap)))
    assert len(found) == len(wanted)
    for f, w in zip(found, wanted, strict=True):
        if isinstance(w, lucid.Tensor):
            assert (f.dtype, f.device, f.requires_grad) == (w.dtype, w.device, w.requires_grad)
            np.testing.assert_allclose(*(np.asarray(x.detach().tolist()) for x in (f, w)), tolerance, tolerance)
        else:
            assert f == w


def data(*shape):
    return lucid.linspace(-1, 1, int(np.prod(shape))).reshape(shape)


def test_the_usual_loop(device):
    """A model with dropout and batch norm in training, an optimiser outside, batches of two sizes."""

    def use(wrap):
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Dropout(0.3), nn.Linear(8, 2))
        optimizer = optim.AdamW(model.parameters(), lr=0.05)
        compiled, found = wrap(model), []
        for i in range(6):
            x, y = data(4 + i % 2, 3) * (i + 1), lucid.arange(4 + i % 2) % 2
            loss = F.cross_entropy(compiled(x), y)
            optimizer.zero_grad()
            loss.backward()
            found += [loss, [p.grad for p in model.parameters()]]
            optimizer.step()
            compiled.train(i != 3)
        return [found, model.state_dict(), list(random.get_state())]

    same(device, use, 1e-4)  # six steps of AdamW


@pytest.mark.gpu
def test_the_function_runs_once_for_the_graph_and_once_for_its_gradients():
    runs, weight = bytearray(), lucid.ones(2, device="gpu", requires_grad=True)
    compiled = lucid.compile(lambda x: (runs.append(1), x * weight)[1])
    for _ in range(4):
        compiled(lucid.ones(2, device="gpu")).sum().backward()
    assert (len(runs), weight.grad.tolist()) == (2, [4.0, 4.0])
    with lucid.no_grad():
        compiled(lucid.ones(2, device="gpu"))
    assert len(runs) == 3


def test_tensors_that_are_given(device):
    """Leaves, what was computed before, one tensor twice, one that is reached as well."""

    def use(wrap):
        x, z, weight = data(3).requires_grad_(), data(3).requires_grad_(), data(3).requires_grad_()
        f = wrap(lambda a, b, c, *, d: (a * b + lucid.exp(c) * d["k"] * weight).sum())
        for _ in range(2):
            y = lucid.tanh(z)
            f(x, y, x, d={"k": weight}).backward()
        return x.grad, z.grad, weight.grad

    same(device, use)


def test_two_handles_on_one_leaf(device):
    """A copy of a tensor collects gradients in the same place."""

    def use(wrap):
        weight = data(3).requires_grad_()
        other = copy.copy(weight)
        f = wrap(lambda x: (x * weight + other * 2 + copy.copy(x) * 3, copy.copy(weight)))
        for _ in range(2):
            out, copied = f(other)
            (out.sum() + (copied * 5).sum()).backward()
        return weight.grad, other.grad

    same(device, use)


def test_outputs_in_containers(device):
    """Each has its gradient or none, and what they do not depend on gets none."""

    def use(wrap):
        a, b, unused = (data(3).requires_grad_() for _ in range(3))

        def body(x):
            return {"a": a * x, "both": (a * b, [lucid.argsort(b), b.detach(), 5]), "un": unused.detach() * b}

        f, found = wrap(body), []
        for name in ("a", "both", "un"):
            out = f(data(3))
            found.append(out)
            (out[name][0] if name == "both" else out[name]).sum().backward()
            found += [a.grad, b.grad]
            assert unused.grad is None
            a.grad = b.grad = None
        out = f(data(3))
        (out["a"] * out["both"][0]).sum().backward()
        return found, a.grad, b.grad

    same(device, use)


def test_an_output_that_is_an_input(device):
    weight = data(2).to(device).requires_grad_()
    x, y = lucid.ones(2, device=device, requires_grad=True), lucid.ones(2, device=device)
    f = lucid.compile(lambda *xs: (*xs, copy.copy(xs[0]), weight))
    for _ in range(2):
        out = f(x, y, 2 * x)
        assert (out[0] is x, out[1] is y, out[4] is weight, out[3] is x) == (True, True, True, False)
        (out[3] * out[2]).sum().backward()
        assert x.grad.tolist() == [4.0, 4.0]
        x.grad = None


def test_leaves_that_are_made_inside(device):
    def body(x):
        made = lucid.full((2,), 3.0, device=device, requires_grad=True)
        return made, made * x

    f = lucid.compile(body)
    for _ in range(2):
        made, out = f(lucid.ones(2, device=device, requires_grad=True))
        assert made.is_leaf
        assert made.requires_grad
        (made * 2).sum().backward()
        assert made.grad.tolist() == [2.0, 2.0]
        out.sum().backward()


def test_backward_twice_and_a_graph_that_was_freed(device):
    weight = data(3).to(device).requires_grad_()
    f = lucid.compile(lambda x: (x * weight).sum())
    for _ in range(2):
        out = f(lucid.ones(3, device=device))
        out.backward(retain_graph=True)
        out.backward()
        assert weight.grad.tolist() == [2.0] * 3
        with pytest.raises(GradientError, match="freed by an earlier backward"):
            out.backward()
        weight.grad = None


def test_two_calls_before_one_backward(device):
    """Values are those of each call, though parameters and arguments change in between."""

    def use(wrap):
        model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 2))
        f, x = wrap(model), data(2, 3)
        first = f(x)
        second = f(x * 2)
        with lucid.no_grad():
            model[0].weight.mul_(3.0)
            x.fill_(7.0)
        ((first - f(x)) * second).sum().backward()
        return [p.grad for p in model.parameters()]

    same(device, use)


def test_gradients_accumulate(device):
    def use(wrap):
        model = nn.Linear(3, 2)
        f = wrap(model)
        for i in range(3):
            f(data(2, 3) * i).sum().backward()
        return [p.grad for p in model.parameters()]

    same(device, use)


def test_hooks_are_called_once(device):
    """Those of parameters and arguments outside, of results, and of tensors inside."""

    def use(wrap):
        seen, weight, x = [], data(3).requires_grad_(), data(3).requires_grad_()
        weight.register_hook(lambda g: (seen.append("weight"), g * 2)[1])
        x.register_hook(lambda g: (seen.append("x"), g * 3)[1])

        def body(x):
            inside = x * weight
            inside.register_hook(lambda g: g * 5)
            return inside * weight

        f, middle = wrap(body), x * 1
        middle.register_hook(lambda g: (seen.append("middle"), g * 7)[1])
        for _ in range(2):
            out = f(middle)
            out.register_hook(lambda g: (seen.append("out"), g * 11)[1])
            out.retain_grad()
            out.sum().backward(retain_graph=True)
        return seen, weight.grad, x.grad, out.grad

    same(device, use)


@pytest.mark.parametrize("dtype", [lucid.bfloat16, lucid.float16])
@pytest.mark.parametrize("inside", [True, False])
def test_autocast(device, dtype, inside):
    def use(wrap):
        model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
        autocast = lucid.amp.autocast(device, dtype)
        f, found = wrap(autocast(model.forward) if inside else model), []
        for _ in range(2):
            if inside:
                out = f(data(2, 3))
            else:
                with lucid.amp.autocast(device, dtype):
                    out = f(data(2, 3))
            (out * out).sum().backward()
            found.append(out)
        return found, [p.grad for p in model.parameters()]

    same(device, use, 2e-2 if dtype is lucid.bfloat16 else 2e-3)  # a few roundings of 2**-8 or 2**-11


def test_the_state_of_the_call_counts_and_not_that_of_backward(device):
    """Between a call and its backward pass a model goes into eval mode, and numbers change."""

    def use(wrap):
        model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
        scale = {"by": 2.0}
        f = wrap(lambda x: model(x) * scale["by"])
        out = f(data(4, 3))
        model.eval()
        scale["by"] = 7.0
        scale["new"] = 1
        (out * out).sum().backward()
        assert (scale, model.training) == ({"by": 7.0, "new": 1}, False)
        return [p.grad for p in model.parameters()], model.state_dict(), list(random.get_state())

    same(device, use)


def test_what_is_written_keeps_its_graph(device):
    """A hidden state through which gradients go back to earlier calls, in an attribute and in place."""

    class Cell(nn.Module):
        def __init__(self):
            self.weight, self.hidden = nn.Parameter(data(3)), lucid.zeros(3)
            self.sum = lucid.zeros(3)

        def forward(self, x):
            self.hidden = lucid.tanh(self.hidden * self.weight + x)
            self.sum += self.hidden
            return self.hidden * 2

    def use(wrap):
        model, found = Cell(), []
        f, x = wrap(model), data(3).requires_grad_()
        for _ in range(2):
            outs = [f(x * (i + 1)) for i in range(4)]
            (sum(outs) + model.hidden + model.sum).sum().backward()
            found += [outs, model.hidden, model.sum, model.weight.grad, x.grad]
            model.hidden, model.sum = model.hidden.detach(), model.sum.detach()
        return found

    same(device, use)


def test_an_argument_that_changes_in_place(device):
    def use(wrap):
        weight, start = data(3).requires_grad_(), data(3).requires_grad_()

        def body(x, y):
            x *= weight
            y += x
            return (x * y).sum()

        f = wrap(body)
        for _ in range(2):
            x, y = lucid.ones(3), start * 2
            (f(x, y) + (x * y).sum()).backward()
        return weight.grad, start.grad, x, y

    same(device, use)


def test_a_whole_step_may_return_its_loss(device):
    """The graph behind it was freed inside, so nothing is kept for it; another backward says so."""
    model = nn.Linear(3, 2).to(device)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @lucid.compile
    def step(x):
        optimizer.zero_grad()
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(3):
        loss = step(data(2, 3).to(device))
        assert loss.requires_grad
        with pytest.raises(GradientError, match="freed by an earlier backward"):
            loss.backward()


def test_a_step_inside_before_the_result(device):
    """What the second run inside the backward graph writes is dropped: the optimiser has made its step."""

    def use(wrap):
        model = nn.Linear(3, 2)
        optimizer = optim.AdamW(model.parameters(), lr=0.1)

        def body(x):
            optimizer.zero_grad()
            model(x).sum().backward()
            optimizer.step()
            return (model(x) * model.weight.grad.sum()).sum()

        f, found = wrap(body), []
        for _ in range(3):
            f(data(2, 3)).backward()
            found += [p.grad for p in model.parameters()]
        return found, model.state_dict(), optimizer.state

    same(device, use, 1e-4)  # AdamW's first step divides by the root of a square


def test_gradients_of_some_inputs_by_grad(device):
    def use(wrap):
        x, y, weight = (data(3).requires_grad_() for _ in range(3))
        f = wrap(lambda x, y: (x * y * y * weight).sum())
        found = [lucid.grad(f(x, y), [v]) for v in (x, y, weight) for _ in range(2)]
        return found, lucid.grad(f(x, y), [x, weight])

    same(device, use)


def test_second_derivatives(device):
    """They are those of the function, which runs again outside of any graph."""

    def use(wrap):
        x, weight = data(3).requires_grad_(), data(3).requires_grad_()
        f, found = wrap(lambda x: (lucid.exp(x * weight) + random.uniform(3)).sum()), []
        for _ in range(2):
            slopes = lucid.grad(f(x), [x, weight], create_graph=True)
            found += [slopes, lucid.grad((slopes[0] * slopes[1]).sum(), [x, weight])]
        f(x).backward(create_graph=True)
        found += [x.grad, weight.grad]
        (x.grad * weight.grad).sum().backward()
        return found, list(random.get_state())

    same(device, use)


def test_transforms(device):
    def use(wrap):
        f, x = wrap(lambda x: lucid.tanh(x @ data(3, 3))), data(3)
        total = lambda x: f(x).sum()  # noqa: E731
        found = [autograd.value_and_grad(total)(x), autograd.jacobian(f, x), autograd.hessian(total, x)]
        _, pullback = autograd.vjp(f, x)
        return found, pullback(data(3)), autograd.jvp(f, x, data(3))

    same(device, use)


def test_checkpoint_and_functions_of_the_users_own(device):
    class Cube(autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(context, g):
            return g * 3 * context.saved_tensors[0] * context.saved_tensors[0]

    def use(wrap):
        model, x = nn.Linear(3, 3), data(2, 3).requires_grad_()
        f = wrap(lambda x: Cube.apply(nn.checkpoint(model, x)))
        for _ in range(2):
            nn.checkpoint(f, x).sum().backward()
        return x.grad, [p.grad for p in model.parameters()]

    same(device, use)


@pytest.mark.gpu
def test_backward_of_a_compiled_call_inside_another():
    weight, x = lucid.ones(2, device="gpu", requires_grad=True), lucid.ones(2, device="gpu")
    inner = lucid.compile(lambda x: (x * weight).sum())
    outside = inner(x)

    @lucid.compile
    def outer(y):
        return lucid.grad(inner(y) * 2, [weight])[0]

    for _ in range(2):
        assert outer(x).tolist() == [2.0, 2.0]
    outside.backward()
    assert weight.grad.tolist() == [1.0, 1.0]


@pytest.mark.gpu
def test_an_inner_backward_that_would_leave_the_graph_says_so():
    x = lucid.ones(2, device="gpu", requires_grad=True)
    run = lucid.compile(lambda y: (y * y).sum().backward())
    with pytest.raises(GradientError, match="computed outside"):
        run(x * 2)
    run(x)
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.gpu
def test_a_gradient_that_cannot_flow_says_why():
    weight = lucid.ones(2, requires_grad=True)  # on the cpu
    out = lucid.compile(lambda x: x * weight.to("gpu"))(lucid.ones(2, device="gpu"))
    assert out.requires_grad
    with pytest.raises(GradientError, match="no input of its graph"):
        out.sum().backward()


@pytest.mark.gpu
def test_without_gradients_nothing_is_kept():
    import weakref

    weight = lucid.ones(2, device="gpu", requires_grad=True)
    f = lucid.compile(lambda x: x * weight)
    with lucid.no_grad():
        assert f(lucid.ones(2, device="gpu")).node is None
    out = f(lucid.ones(2, device="gpu"))
    node = weakref.ref(out)
    out.sum().backward()
    assert out.node.parents[:] == ()
    del out
    assert node() is None


@pytest.mark.gpu
def test_a_failing_backward_graph_leaves_everything_as_it_was():
    state = {"fails": [], "sum": lucid.zeros(2, device="gpu")}
    weight = lucid.ones(2, device="gpu", requires_grad=True)

    class Fails(autograd.Function):
        @staticmethod
        def forward(context, x):
            return x * 2

        @staticmethod
        def backward(context, g):
            if fail:
                raise KeyError("from backward")
            return g * 2

    def body(x):
        state["sum"] = state["sum"] + x
        return Fails.apply(x * weight)

    f, fail = lucid.compile(body), [True]
    out = f(lucid.ones(2, device="gpu"))
    before = random.get_state()
    for _ in range(2):
        with pytest.raises(KeyError, match="from backward"):
            out.sum().backward(retain_graph=True)
    assert (weight.tolist(), weight.grad, state["sum"].tolist()) == ([1.0, 1.0], None, [1.0, 1.0])
    assert random.get_state() == before
    fail.clear()
    out.sum().backward()
    assert weight.grad.tolist() == [2.0, 2.0]
