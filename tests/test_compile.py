"""A compiled function does what it does without compiling, on both devices, and says where it cannot."""

import copy
import math
import sys
from collections import deque
from functools import partial

import numpy as np
import pytest

import lucid
from lucid import memory, nn, optim
from lucid.compiler.compile import ENTRIES
from lucid.errors import CompileError, ShapeError


class Counted:
    """A function that counts how often its Python body runs."""

    def __init__(self, function):
        self.function, self.runs = function, bytearray()

    def __call__(self, *args):
        self.runs.append(1)  # not a number, since one that changes may not be compiled
        return self.function(*args)


def test_it_decorates_with_brackets_too(device):
    @lucid.compile()
    def double(x):
        return x * 2

    assert double(lucid.ones(2, device=device)).tolist() == [2.0, 2.0]


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


class Slots:
    __slots__ = ("gone", "new", "value")


class Everything(nn.Module):
    """All kinds of places where a function may leave what it computed."""

    def __init__(self, make):
        self.layer, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.optimizer, self.scaler = make(self.parameters()), lucid.amp.GradScaler(init_scale=4.0)
        self.schedule = optim.lr_scheduler.StepLR(self.optimizer, step_size=1)
        self.hidden, self.seen, self.named, self.words = lucid.zeros((), device="gpu"), [], {"a": 1, "b": 2}, {"x"}
        self.inside, self.generator, self.slots = (
            [[], (lucid.ones(1, device="gpu"), {})],
            lucid.random.Generator(3),
            Slots(),
        )
        self.slots.value, self.slots.gone = 1.0, 2.0


MADE_INSIDE = "old"


@pytest.mark.gpu
@pytest.mark.parametrize("error", [None, KeyError, KeyboardInterrupt, CompileError])
@pytest.mark.parametrize("make", [optim.AdamW, lambda params: optim.SGD(params, lr=0.1, momentum=0.9)])
def test_a_failed_trace_leaves_nothing_in_what_it_reached(make, error):
    lucid.random.seed(0)
    held = Everything(make).gpu()
    counter = 0

    def step(x):
        nonlocal counter
        global MADE_INSIDE, NEVER_MADE
        loss = held.norm(held.layer(x + lucid.random.normal(3, device="gpu"))).sum()
        held.scaler.scale(loss).backward()  # adds to gradients, so that it is first traced in vain
        held.scaler.step(held.optimizer)
        if error is None:
            return held.scaler.update()
        held.hidden += 1
        held.seen.append(held.hidden)
        held.named["c"] = held.named.pop("a")
        held.words |= {"y"}
        held.inside[0].append(loss)
        held.inside[1][1]["loss"] = held.inside
        held.schedule.step()
        held.slots.value, held.slots.new = loss, loss
        del held.slots.gone
        held.new = held.generator.bits((2,), "gpu")
        held.layer = held.norm
        counter, MADE_INSIDE, NEVER_MADE = loss, loss, loss
        raise error

    def state():
        """All that there is, in a form that can be compared."""
        groups = held.optimizer.state_dict()["param_groups"]
        return {
            "tensors": {name: x.tolist() for name, x in held.state_dict().items()},
            "gradients": [p.grad is None for p in held.parameters()],
            "optimizer": (
                held.optimizer.state,
                groups,
                held.optimizer.param_groups[0].rate("gpu", lucid.float32).item(),
            ),
            "scaler": (held.scaler._scale, held.scaler._steps, held.scaler._infinite, held.scaler._stepped),
            "attributes": list(vars(held)),
            "containers": (held.hidden.item(), held.seen, list(held.named.items()), held.words, held.inside[0]),
            "inside": (held.inside[1][1], held.slots.value, held.slots.gone, hasattr(held.slots, "new")),
            "generators": (held.generator.state, lucid.random.get_state()),
            "schedule": held.schedule.steps,
            "names": (counter, MADE_INSIDE, "NEVER_MADE" in globals()),
        }

    x, before = lucid.linspace(-1, 1, 12, device="gpu").reshape((4, 3)), copy.deepcopy(state())
    if error is not None:
        for _ in range(2):
            with pytest.raises(error):
                lucid.compile(step)(x)
            assert state() == before
    error, twin = None, copy.deepcopy(held)
    lucid.random.seed(5)
    lucid.compile(step)(x)
    found, held = state(), twin
    lucid.random.seed(5)
    step(x)
    assert str(found["scaler"]) == str(state()["scaler"])
    for name, value in state()["tensors"].items():
        np.testing.assert_allclose(found["tensors"][name], value, rtol=1e-5, atol=1e-6)  # fused arithmetic


@pytest.mark.gpu
def test_a_trace_that_is_refused_leaves_everything_as_it_was():
    """A number that changes is an error after the function has run; what it wrote must not stay."""
    state = {"steps": 0, "sum": lucid.zeros(2, device="gpu")}

    @lucid.compile
    def step(x):
        state["steps"] += 1
        state["sum"], state["last"] = state["sum"] + x, x * 2

    with pytest.raises(CompileError, match="changed state"):
        step(lucid.ones(2, device="gpu"))
    assert state.keys() == {"steps", "sum"}
    assert (state["steps"], state["sum"].tolist()) == (0, [0.0, 0.0])


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
def test_a_schedule_that_steps_inside_is_told_to_step_outside():
    weight = lucid.ones(2, device="gpu", requires_grad=True)
    schedule = optim.lr_scheduler.StepLR(optim.SGD([weight], lr=0.5), step_size=1)

    @lucid.compile
    def step(x):
        schedule.step()
        return x * 2

    with pytest.raises(CompileError, match=r"changed schedule\.steps from 0 to 1.*outside, as the step\(\)"):
        step(lucid.ones(2, device="gpu"))
    assert schedule.get_last_lr() == [0.5]


@pytest.mark.gpu
def test_a_number_that_changes_outside_is_seen():
    rate = {"lr": 2.0}
    scale = lucid.compile(lambda x: x * rate["lr"])
    x = lucid.ones(2, device="gpu")
    assert scale(x).tolist() == [2.0, 2.0]
    rate["lr"] = 5.0
    assert scale(x).tolist() == [5.0, 5.0]


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


# --- What makes a graph another one ----------------------------------------------------------------------------------


class Layers(nn.Module):
    def __init__(self):
        self.first, self.act, self.last = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)
        self.scale, self.dtype, self.function = 2.0, lucid.float32, lucid.exp

    def forward(self, x):
        return self.function(self.last(self.act(self.first(x))) * self.scale).astype(self.dtype)


def double(x):
    return x * 2


def halve(x):
    return x * 0.5


def with_new_weights(model):
    model.first.weight = nn.Parameter(lucid.ones((4, 3), device=model.first.weight.device))


CHANGES = {
    "a number": lambda model: setattr(model, "scale", 3.0),
    "the sign of zero": lambda model: setattr(model, "scale", -0.0),
    "a module of another class": lambda model: setattr(model, "act", nn.GELU()),
    "a dtype": lambda model: setattr(model, "dtype", lucid.float16),
    "a function of lucid": lambda model: setattr(model, "function", lucid.tanh),
    "a function of the caller": lambda model: setattr(model, "function", double),
    "another function of the caller": lambda model: setattr(model, "function", halve),
    "a parameter in its place": lambda model: model.first.weight.requires_grad_(False).fill_(1.0),
    "another parameter": with_new_weights,
    "a parameter that is gone": lambda model: setattr(model.first, "bias", None),
    "a layer that is shared": lambda model: setattr(model, "act", model.act),
    "the dtype of all": lambda model: model.to(lucid.float16),
    "a loaded state": lambda model: model.load_state_dict({k: x * 2 for k, x in model.state_dict().items()}),
    "a method": lambda model: setattr(model, "forward", lambda x: x.sum()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_outside_is_seen_at_the_next_call(device, change):
    lucid.random.seed(0)
    model = Layers().to(device)
    compiled, x = lucid.compile(lambda x: model(x)), lucid.linspace(-1, 1, 6, device=device).reshape((2, 3))
    for _ in range(3):  # traced, found again, and recognised without a walk
        compiled(x)
    with lucid.no_grad():
        change(model)
    if model.first.weight.dtype is lucid.float16:
        x = x.astype(lucid.float16)
    for _ in range(3):
        found, wanted = compiled(x), model(x)
        assert found.dtype is wanted.dtype
        assert abs(found - wanted).max().item() <= 1e-6 * abs(wanted).max().item()


def test_train_and_eval_mode_have_their_own_graphs(device):
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).to(device)
    body = Counted(lambda x: model(x))
    compiled, x = lucid.compile(lambda x: body(x)), lucid.ones((8, 3), device=device)
    for training in (True, False, True, False):
        model.train(training)
        zeros = (compiled(x) == 0).sum().item()
        assert (zeros > 0) is training
    assert len(body.runs) == (2 if device == "gpu" else 4)


def test_keys_and_lengths_of_containers_count(device):
    state = {"a": lucid.full((), 2.0, device=device), "b": lucid.full((), 5.0, device=device)}
    steps = []
    compiled = lucid.compile(lambda x: x * state["b"] * (len(steps) + 1))
    x = lucid.ones((), device=device)
    assert [compiled(x).item() for _ in range(3)] == [5.0] * 3
    state["b"], state["a"] = state.pop("a"), state.pop("b")
    assert compiled(x).item() == 2.0
    steps.append(None)
    assert compiled(x).item() == 4.0


def test_one_tensor_given_twice_is_not_two(device):
    @lucid.compile
    def run(a, b):
        (a * b).sum().backward()

    x, y = (lucid.asarray([3.0], device=device, requires_grad=True) for _ in range(2))
    for _ in range(2):
        x.grad = y.grad = None
        run(x, x)
        assert x.grad.tolist() == [6.0]
        x.grad = None
        run(x, y)
        assert (x.grad.tolist(), y.grad.tolist()) == ([3.0], [3.0])


def test_a_tensor_that_is_given_and_reached_is_one(device):
    weight = lucid.asarray([3.0], device=device, requires_grad=True)

    @lucid.compile
    def run(x):
        weight.grad = None
        (x * weight).sum().backward()

    for _ in range(3):
        run(weight)
        assert weight.grad.tolist() == [6.0]


@pytest.mark.gpu
def test_values_of_tensors_on_the_cpu_are_seen_to_change():
    """They are built into the graph, so that other values need another one."""
    weight = lucid.full((2,), 3.0)
    compiled = lucid.compile(lambda x, y: x * weight.to("gpu") + y.to("gpu"))
    x = lucid.ones(2, device="gpu")
    for y in (1.0, 2.0):
        assert compiled(x, lucid.full((2,), y)).tolist() == [3.0 + y] * 2
    weight.fill_(5.0)
    assert compiled(x, lucid.full((2,), 1.0)).tolist() == [6.0] * 2


def test_modes_and_the_default_device_count(device):
    weight = lucid.ones(2, device=device, requires_grad=True)
    compiled = lucid.compile(lambda x: (x * weight, lucid.is_grad_enabled(), lucid.ones(1).device))
    x = lucid.ones(2, device=device)
    for _ in range(2):
        out, recording, _ = compiled(x)
        assert (out.requires_grad, recording) == (True, True)
        with lucid.no_grad():
            out, recording, _ = compiled(x)
        assert (out.requires_grad, recording) == (False, False)
        for default in {"cpu", device}:
            with lucid.use_device(default):
                assert compiled(x)[2] == default


@pytest.mark.gpu
def test_gradients_that_are_read_go_into_the_graph():
    """A function that adds to gradients, beside one that forgets them first, which need not be given them."""
    weight = lucid.asarray([2.0], device="gpu", requires_grad=True)
    adds = lucid.compile(lambda x: (weight * x).sum().backward())
    for i in range(4):
        adds(lucid.ones(1, device="gpu"))
        assert weight.grad.tolist() == [i + 1.0]

    body = Counted(lambda x: (setattr(weight, "grad", None), (weight * x).sum().backward())[0])
    forgets = lucid.compile(lambda x: body(x))
    for grad in (None, lucid.ones(1, device="gpu"), None):
        weight.grad = grad
        forgets(lucid.ones(1, device="gpu"))
        assert weight.grad.tolist() == [1.0]
    assert len(body.runs) == 1
    untouched = lucid.compile(lambda x: x * weight.detach())
    untouched(lucid.ones(1, device="gpu"))
    assert weight.grad.tolist() == [1.0]


# --- Modules, whole steps, errors ------------------------------------------------------------------------------------


def test_a_compiled_module_is_still_the_module(device):
    model = Layers().to(device)
    compiled, x = lucid.compile(model), lucid.linspace(-1, 1, 6, device=device).reshape((2, 3))
    assert isinstance(compiled, Layers)
    assert repr(compiled) == repr(model)
    assert list(compiled.state_dict()) == list(model.state_dict())
    assert all(a is b for a, b in zip(compiled.parameters(), model.parameters(), strict=True))
    compiled.eval()
    assert not model.training
    for _ in range(3):
        assert abs(compiled(x) - model(x)).max().item() < 1e-6
    compiled.scale = 5.0
    assert abs(compiled(x) - model(x)).max().item() < 1e-4
    copied = copy.deepcopy(compiled)
    with lucid.no_grad():
        model.first.weight.fill_(0.0)
    assert abs(copied(x) - model(x)).max().item() > 0.1
    assert abs(compiled(x) - model(x)).max().item() < 1e-4


def test_a_compiled_function_inside_another_is_part_of_it(device):
    weight = lucid.ones(2, device=device, requires_grad=True)
    inner = lucid.compile(lambda x: x * weight)

    @lucid.compile
    def outer(x):
        weight.grad = None
        inner(x).sum().backward()

    for _ in range(3):
        outer(lucid.full((2,), 3.0, device=device))
        assert weight.grad.tolist() == [3.0, 3.0]


def learning(device, wrap):
    """A few steps with everything: dropout, clipping, momentum, decay, a schedule."""
    lucid.random.seed(1)
    model = nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Dropout(0.3), nn.Linear(8, 2)).to(device)
    optimizer = optim.AdamW(model.parameters(), lr=0.05)
    schedule = optim.lr_scheduler.CosineWithWarmup(optimizer, total_steps=6, warmup_steps=2)
    body = Counted(lambda: None)

    def step(images, labels):
        body()
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        norm = optim.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        return {"loss": loss.detach(), "norm": norm}

    step, found = wrap(step), []
    for i in range(6):
        images = lucid.linspace(-1, 1, 12, device=device).reshape((4, 3)) * (i + 1)
        out = step(images, lucid.asarray([0, 1, 0, 1], device=device))
        schedule.step()
        found += [out["loss"].item(), out["norm"].item()]
    return found + [p.sum().item() for p in model.parameters()], len(body.runs)


def test_a_whole_training_step_compiles(device):
    found, runs = learning(device, lucid.compile)
    wanted, _ = learning(device, lambda f: f)
    assert found == pytest.approx(wanted, rel=1e-4)  # fused arithmetic rounds less often, through six steps
    assert runs == (2 if device == "gpu" else 6)  # the first one makes the optimiser's state


@pytest.mark.gpu
def test_an_index_out_of_bounds_inside_raises_as_outside():
    x = lucid.arange(5, device="gpu")
    pick = lucid.compile(lambda places: x[places] * 2)
    for _ in range(2):
        assert pick(lucid.asarray([0, 4], device="gpu")).tolist() == [0, 8]
        with pytest.raises(IndexError, match="has 5 places: index 5 is outside"):
            pick(lucid.asarray([0, 5], device="gpu")).tolist()


def test_a_value_that_does_not_fit_is_refused_inside_as_outside(device):
    def write(x, places, value):
        x = x * 1
        x[places] = value
        return x

    given = [lucid.zeros((3, 4), device=device), lucid.asarray([0, 1], device=device), lucid.zeros(5, device=device)]
    for function in (write, lucid.compile(write)):
        with pytest.raises(ShapeError, match=r"setitem: a value of shape \(5,\) does not broadcast"):
            function(*given)


@pytest.mark.gpu
def test_the_log_says_which_argument_made_it_trace_again(caplog):
    compiled = lucid.compile(lambda images, *, scale: images * scale)
    x = lucid.ones((4, 2), device="gpu")
    compiled(x, scale=2)
    caplog.clear()
    compiled(x[:3], scale=2)
    compiled(x, scale=3)
    compiled(x, scale=3)
    assert [record.message.split("; ")[0] for record in caplog.records] == [
        "compile: <lambda> is traced again, because argument 0 was float32 (4, 2) and is float32 (3, 2)",
        "compile: <lambda> is traced again, because argument 0 was float32 (3, 2) and is float32 (4, 2)",
        "compile: <lambda> is traced again, because argument scale was 2 and is 3",
    ]
    assert [record.message.split("; ")[1] for record in caplog.records[1:]] == [
        f"graphs of {ENTRIES} kinds are kept",
        'give it as lucid.asarray(3, device="gpu"), and one graph serves all values',
    ]
    caplog.clear()
    compiled(x.requires_grad_(), scale=3)
    compiled(x * 1, scale=3)
    assert [record.message.split("argument ")[1].split("; ")[0] for record in caplog.records] == [
        "0 was float32 (4, 2) and is float32 (4, 2), requiring gradients",
        "0 was float32 (4, 2), requiring gradients and is float32 (4, 2), computed by a recorded op",
    ]
    compiled(x, scale=lucid.asarray(3, device="gpu"))
    caplog.clear()
    compiled(x, scale=lucid.asarray(4, device="gpu"))
    assert not caplog.records


@pytest.mark.gpu
def test_a_call_that_finds_all_as_it_was_walks_nowhere(monkeypatch):
    model = Layers().gpu()
    compiled, x = lucid.compile(lambda x: model(x)), lucid.ones((2, 3), device="gpu")
    compiled(x)
    monkeypatch.setattr(sys.modules["lucid.compiler.compile"], "Reach", None)
    for _ in range(3):
        compiled(x)


@pytest.mark.gpu
def test_what_stays_on_the_cpu_costs_no_walk_when_a_gpu_is_there(monkeypatch):
    model, x = Layers(), lucid.ones((2, 3))
    compiled = lucid.compile(lambda x: model(x))
    compiled(x)
    monkeypatch.setattr(sys.modules["lucid.compiler.compile"], "Reach", None)
    compiled(x)
    monkeypatch.undo()
    model.gpu()
    body = Counted(lambda x: model(x))
    compiled = lucid.compile(lambda x: body(x))
    for _ in range(2):
        assert compiled(x.gpu()).device == "gpu"
    assert len(body.runs) == 1


@pytest.mark.parametrize("number", [math.nan, complex(1, math.inf), complex(-math.inf, math.nan)])
def test_a_complex_number_need_not_be_finite(device, number):
    def function(x):
        return lucid.where(lucid.real(x) > 0, x, number), 0.25**x  # which looks for 0, and knows nan

    x = lucid.asarray([1 + 2j, -1 + 0.5j], device=device)
    for found, wanted in zip(lucid.compile(function)(x), function(x), strict=True):
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.gpu
def test_only_the_latest_graph_holds_the_arrays_that_it_left() -> None:
    weight = lucid.ones((512, 512), device="gpu")
    nbytes = weight.size * 4

    @lucid.compile
    def grown(x: lucid.Tensor) -> lucid.Tensor:
        weight.copy_(weight + 1)
        return x @ weight[:, :1]

    grown(lucid.ones((1, 512), device="gpu")).tolist()
    before = memory.active()
    for n in range(2, 10):
        grown(lucid.ones((n, 512), device="gpu")).tolist()
    assert memory.active() - before < 3 * nbytes
    assert weight[0, 0].item() == 10


@pytest.mark.gpu
def test_a_queue_that_a_trace_appends_to_is_as_before() -> None:
    seen: deque[lucid.Tensor] = deque(maxlen=2)

    @lucid.compile
    def f(x: lucid.Tensor) -> lucid.Tensor:
        seen.append(x.sum())
        raise KeyError("no")

    with pytest.raises(KeyError):
        f(lucid.ones(2, device="gpu"))
    assert not seen
    assert seen.maxlen == 2


@pytest.mark.gpu
def test_a_graph_draws_from_the_generator_that_is_there_now() -> None:
    drawn = {"from": lucid.random.Generator(1)}

    @lucid.compile
    def f(x: lucid.Tensor) -> lucid.Tensor:
        return (x * lucid.random.normal((2,), device="gpu", generator=drawn["from"])).sum()

    x = lucid.ones(2, device="gpu", requires_grad=True)
    f(x)
    drawn["from"] = lucid.random.Generator(2)
    f(x).backward()
    wanted = lucid.random.normal((2,), device="gpu", generator=lucid.random.Generator(2))
    assert x.grad.tolist() == wanted.tolist()
