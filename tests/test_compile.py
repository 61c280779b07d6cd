"""A compiled function does what it does without compiling, on both devices, and says where it cannot."""

from functools import partial

import pytest

import lucid
from lucid import nn
from lucid.compile import ENTRIES
from lucid.errors import CompileError, GradientError


class Counted:
    """A function that counts how often its Python body runs."""

    def __init__(self, function):
        self.function, self.runs = function, bytearray()

    def __call__(self, *args):
        self.runs.append(1)  # not a number, since one that changes may not be compiled
        return self.function(*args)


def test_the_body_runs_once_for_many_calls(device):
    body = Counted(lambda x: x * 2 + 1)
    compiled = lucid.compile(lambda x: body(x))
    for i in range(4):
        assert compiled(lucid.full(3, float(i), device=device)).tolist() == [2.0 * i + 1] * 3
    assert len(body.runs) == (1 if device == "gpu" else 4)


def test_another_shape_or_dtype_or_option_is_another_graph(device):
    compiled = lucid.compile(lambda x, scale: x * scale)
    for shape, dtype, scale in ((2, lucid.float32, 3), (4, lucid.float32, 3), (2, lucid.int32, 3), (2, lucid.int32, 5)):
        x = lucid.ones(shape, dtype=dtype, device=device)
        for _ in range(2):
            out = compiled(x, scale)
            assert (out.tolist(), out.dtype, out.device) == ([scale] * shape, dtype, device)


def test_nested_arguments_and_results(device):
    compiled = lucid.compile(lambda tree, *, k: {"sum": tree["a"] + tree["b"][0], "k": (k, [tree["a"]])})
    a, b = lucid.ones(2, device=device), lucid.full(2, 3.0, device=device)
    for _ in range(2):
        out = compiled({"a": a, "b": [b]}, k="word")
        assert out["sum"].tolist() == [4.0, 4.0]
        assert out["k"][0] == "word"
        assert out["k"][1][0].tolist() == [1.0, 1.0]


def training(device, wrap):
    """Losses, parameters and gradients of a few steps with momentum, whose buffers the first step makes."""
    weight = lucid.linspace(-1, 1, 6, device=device).reshape((3, 2)).requires_grad_()
    state = {}
    data = lucid.linspace(0, 1, 12, device=device).reshape((4, 3))

    def step(x):
        weight.grad = None
        loss = lucid.square(lucid.tanh(x @ weight)).mean()
        loss.backward()
        with lucid.no_grad():
            state["momentum"] = state["momentum"] * 0.9 + weight.grad if state else weight.grad
            weight.sub_(state["momentum"] * 0.5)
        return loss.detach()

    step = wrap(step)
    losses = [step(data * (i + 1)).item() for i in range(6)]
    return losses, weight.detach().tolist(), weight.grad.tolist(), state["momentum"].tolist()


def test_a_training_step_compiles_with_all_its_state(device):
    for found, wanted in zip(training(device, lucid.compile), training(device, lambda f: f), strict=True):
        flat = zip(lucid.asarray(found).reshape(-1).tolist(), lucid.asarray(wanted).reshape(-1).tolist(), strict=True)
        assert all(abs(f - w) < 1e-6 for f, w in flat)  # fused arithmetic may round once less


def test_random_draws_are_fresh_and_the_same_as_without(device):
    def draw():
        return lucid.random.uniform(3, device=device), lucid.random.normal(2, device=device)

    lucid.random.seed(5)
    wanted = [[x.tolist() for x in draw()] for _ in range(3)]
    x = lucid.zeros((), device=device)
    compiled = lucid.compile(lambda x: [a + x for a in draw()])
    lucid.random.seed(5)
    found = [[a.tolist() for a in compiled(x)] for _ in range(3)]
    assert [f[0] for f in found] == [w[0] for w in wanted]
    assert found[0] != found[1]
    assert all(abs(a - b) < 1e-6 for f, w in zip(found, wanted, strict=True) for a, b in zip(f[1], w[1], strict=True))


def test_writing_to_an_argument_reaches_the_caller(device):
    @lucid.compile
    def increment(x):
        x += 1
        return x * 2

    x = lucid.zeros(2, device=device)
    assert [increment(x).tolist() for _ in range(3)] == [[2.0, 2.0], [4.0, 4.0], [6.0, 6.0]]
    assert x.tolist() == [3.0, 3.0]


def test_the_gradient_of_an_argument_reaches_the_caller(device):
    @lucid.compile
    def run(x):
        (x * x).sum().backward()

    x = lucid.asarray([1.0, 2.0], device=device, requires_grad=True)
    run(x)
    assert x.grad.tolist() == [2.0, 4.0]
    run(x)
    assert x.grad.tolist() == [4.0, 8.0]


@pytest.mark.gpu
@pytest.mark.parametrize(
    "reads", [lambda x: x if x.sum() > 0 else -x, lambda x: x * x[0].item(), lambda x: x.detach().numpy(), repr]
)
def test_reading_a_value_while_tracing_is_an_error_that_names_compile(reads):
    weight = lucid.ones(2, device="gpu", requires_grad=True)
    with pytest.raises(CompileError, match=r"lucid\.compile"):
        lucid.compile(lambda x: reads(x * weight.detach()))(lucid.ones(2, device="gpu"))
    assert weight.tolist() == [1.0, 1.0]


@pytest.mark.gpu
def test_a_failed_trace_leaves_everything_as_it_was():
    weight = lucid.ones(2, device="gpu", requires_grad=True)

    @lucid.compile
    def step(x):
        (weight * x).sum().backward()
        with lucid.no_grad():
            weight.sub_(weight.grad)
        raise KeyError("from the body")

    with pytest.raises(KeyError, match="from the body"):
        step(lucid.ones(2, device="gpu"))
    assert weight.tolist() == [1.0, 1.0]
    assert weight.grad is None


@pytest.mark.gpu
def test_a_number_that_changes_is_an_error_that_names_it():
    counter = {"steps": 0}

    @lucid.compile
    def step(x):
        counter["steps"] += 1
        return x * counter["steps"]

    with pytest.raises(CompileError, match=r"changed counter\[0\] from 0 to 1"):
        step(lucid.ones(2, device="gpu"))


@pytest.mark.gpu
def test_a_number_that_changes_outside_is_seen():
    rate = {"lr": 2.0}
    scale = lucid.compile(lambda x: x * rate["lr"])
    x = lucid.ones(2, device="gpu")
    assert scale(x).tolist() == [2.0, 2.0]
    rate["lr"] = 5.0
    assert scale(x).tolist() == [5.0, 5.0]


@pytest.mark.gpu
def test_backward_from_outside_says_why_not():
    weight = lucid.ones(2, device="gpu", requires_grad=True)
    out = lucid.compile(lambda x: x * weight)(lucid.ones(2, device="gpu"))
    assert out.requires_grad
    with pytest.raises(GradientError, match="compiled function"):
        out.sum().backward()


@pytest.mark.gpu
def test_graphs_are_bounded_in_number():
    body = Counted(lambda x, k: x * k)
    compiled = lucid.compile(lambda x, k: body(x, k))
    x = lucid.ones(2, device="gpu")
    for k in range(ENTRIES + 1):
        compiled(x, k)
    compiled(x, ENTRIES)
    assert len(body.runs) == ENTRIES + 1
    compiled(x, 0)  # the oldest had to go
    assert len(body.runs) == ENTRIES + 2


@pytest.mark.gpu
def test_what_is_captured_anywhere_is_seen_to_change():
    weight, default, bound = (lucid.ones(1, device="gpu") for _ in range(3))

    def run(scale, x, d=default):
        return (lambda: weight * x)() * d * sum([weight for _ in range(1)]) * scale.k.weight

    class Scale:
        def __init__(self):
            self.k = nn.LayerNorm(1).gpu()

    scale = Scale()
    compiled, given = lucid.compile(partial(run, scale)), lucid.compile(run)
    for tensor in (weight, default, scale.k.weight):
        assert [f.item() for f in (compiled(bound), given(scale, bound))] == [run(scale, bound).item()] * 2
        with lucid.no_grad():
            tensor.fill_(3.0)
    assert [f.item() for f in (compiled(bound), given(scale, bound))] == [81.0] * 2
