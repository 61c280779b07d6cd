"""Optimisers beside formulas written out in NumPy, and what they promise about state, checkpoints and memory."""

import copy
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import devices, optim
from lucid.errors import CheckpointError, DTypeError, GradientError

START = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
GRADIENTS = [np.cos(np.arange(6.0).reshape(2, 3) * (i + 1)) for i in range(6)]


def sgd(p: Any, lr: float, momentum: float = 0, dampening: float = 0, decay: float = 0, nesterov: bool = False) -> Any:
    buffer = None
    for g in GRADIENTS:
        g = g + decay * p
        buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
        p = p - lr * (g + momentum * buffer if nesterov else buffer if momentum else g)
    return p


def adamw(
    p: Any, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 1e-2
) -> Any:
    m = v = np.zeros_like(p)
    for t, g in enumerate(GRADIENTS, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        p = p - lr * decay * p
        p = p - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return p


OPTIMIZERS: list[tuple[Callable[..., optim.Optimizer], Any]] = [
    (lambda p: optim.SGD(p, lr=0.1), sgd(START, 0.1)),
    (lambda p: optim.SGD(p, lr=0.1, weight_decay=0.3), sgd(START, 0.1, decay=0.3)),
    (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), sgd(START, 0.1, 0.9)),
    (lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5), sgd(START, 0.1, 0.9, 0.5)),
    (lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), sgd(START, 0.1, 0.9, nesterov=True)),
    (lambda p: optim.AdamW(p), adamw(START)),
    (lambda p: optim.AdamW(p, 0.1, (0.5, 0.6), 0.01, 0.2), adamw(START, 0.1, 0.5, 0.6, 0.01, 0.2)),
    (lambda p: optim.AdamW(p, 0.1, betas=(0.0, 0.6)), adamw(START, 0.1, 0.0, 0.6)),
]


def parameter(dtype: Any = None, device: Any = "cpu", values: Any = START) -> lucid.Tensor:
    return lucid.asarray(values, dtype=dtype or lucid.float32, device=device, requires_grad=True)


def run(optimizer: optim.Optimizer, p: lucid.Tensor, gradients: Any = GRADIENTS) -> None:
    for g in gradients:
        p.grad = lucid.asarray(g, dtype=p.dtype, device=p.device)
        optimizer.step()


@pytest.mark.parametrize(("make", "expected"), OPTIMIZERS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(lucid.float64, 1e-12), (lucid.float32, 1e-6)])
def test_values(make: Any, expected: Any, dtype: Any, tolerance: float) -> None:
    p = parameter(dtype)
    run(make([p]), p)
    np.testing.assert_allclose(p.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.gpu
@pytest.mark.parametrize(("make", "expected"), OPTIMIZERS)
def test_values_on_gpu(make: Any, expected: Any) -> None:
    p = parameter(device="gpu")
    run(make([p]), p)
    assert p.device == "gpu"
    np.testing.assert_allclose(p.detach().numpy(), expected, rtol=2e-6, atol=2e-6)


def test_small_numbers_of_16_bits_are_not_lost(device: str) -> None:
    """v is about 1e-10 here, which float16 rounds to 0: its state and the arithmetic are float32."""
    p = parameter(lucid.float16, device, [1.0])
    optimizer = optim.AdamW([p], lr=0.25, weight_decay=0.0)
    p.grad = lucid.asarray([1e-5], dtype=lucid.float16, device=device)
    optimizer.step()
    assert p.dtype is lucid.float16
    assert p.tolist() == pytest.approx([0.75], abs=1e-3)
    assert optimizer.state[0]["exp_avg_sq"].dtype is lucid.float32


def test_a_step_changes_handles_and_no_values() -> None:
    p = parameter()
    before, same, loss = p.detach(), p, (p * p).sum()
    optimizer = optim.SGD([p], lr=0.5)
    loss.backward()
    optimizer.step()
    assert same is p
    assert p.requires_grad
    assert p.is_leaf
    np.testing.assert_array_equal(before.numpy(), START)
    np.testing.assert_array_equal(p.detach().numpy(), 0 * START)


def test_named_parameters_serve_too() -> None:
    net = lucid.nn.Linear(2, 1)
    for optimizer in (optim.Adam(net.named_parameters()), optim.Adam([{"params": net.named_parameters(), "lr": 0.1}])):
        (group,) = optimizer.param_groups
        assert [p is q for p, q in zip(group["params"], net.parameters(), strict=True)] == [True, True]
    with pytest.raises(TypeError, match="parameter 0 is tuple; wanted a Tensor"):
        optim.Adam([(net.weight, net.bias)])


def test_parameters_without_gradient_stay() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.AdamW([p, q])
    p.grad = lucid.ones((2, 3))
    optimizer.step()
    np.testing.assert_array_equal(q.detach().numpy(), START)
    assert list(optimizer.state) == [0]


def test_parameters_that_move_together_share_their_count() -> None:
    a, b, c = parameter(), parameter(), parameter()
    optimizer = optim.SGD([{"params": [a, b]}, {"params": c, "lr": 1.0}])

    def step(*moving: lucid.Tensor) -> list[int]:
        for p in (a, b, c):
            p.grad = lucid.ones((2, 3)) if any(p is m for m in moving) else None
        optimizer.step()
        return [int(state["step"]) for _, state in sorted(optimizer.state.items())]

    assert step(a, b, c) == [1, 1, 1]
    assert step(a, b, c) == [2, 2, 2]
    assert len({id(state["step"]) for state in optimizer.state.values()}) == 1
    assert step(a, c) == [3, 2, 3]
    assert step(b) == [3, 3, 3]
    assert step(a, b, c) == [4, 4, 4]


def test_each_parameter_is_corrected_for_its_own_count() -> None:
    p, q = parameter(lucid.float64), parameter(lucid.float64)
    optimizer = optim.AdamW([p, q], lr=0.1)
    for _ in range(4):
        p.grad = lucid.ones((2, 3), dtype=lucid.float64)
        optimizer.step()
    for g in GRADIENTS:
        p.grad = q.grad = lucid.asarray(g)
        optimizer.step()
    np.testing.assert_allclose(q.detach().numpy(), adamw(START, 0.1), rtol=1e-12)


def test_groups_have_options_of_their_own() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=1.0)
    for x in (p, q):
        x.grad = lucid.ones((2, 3))
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 10.0
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), START - 11)
    np.testing.assert_allclose(q.detach().numpy(), START - 1)


def test_a_closure_runs_recorded_before_the_update_and_its_loss_is_returned(device: str) -> None:
    p = parameter(device=device, values=[3.0])
    optimizer = optim.SGD([p], lr=0.5)

    def closure() -> lucid.Tensor:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with lucid.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.tolist() == [0.0]
    assert optimizer.step(closure, skip=lucid.asarray(True)).item() == 0.0
    p.grad = None
    assert optimizer.step(lambda: "nothing to update") == "nothing to update"
    assert optimizer.step() is None  # type: ignore[func-returns-value]


def test_an_option_counts_from_the_next_step_on(device: str) -> None:
    """After steps that were alike, for which a gpu makes a kernel."""
    p = parameter(device=device, values=[0.0])
    optimizer = optim.SGD([p], lr=1.0, weight_decay=0.0)
    places = []
    for lr, decay in [(1.0, 0.0)] * 3 + [(0.5, 0.0)] * 2 + [(0.5, 1.0)] * 3 + [(0.5, 0.0)]:
        optimizer.param_groups[0].update(lr=lr, weight_decay=decay)
        p.grad = lucid.ones(1, device=device)
        optimizer.step()
        places.append(p.detach().tolist()[0])
    assert places == [-1.0, -2.0, -3.0, -3.5, -4.0, -2.5, -1.75, -1.375, -1.875]


class Noisy(optim.Optimizer):
    """An update that depends on more than its arguments."""

    scale = 1.0

    def start(self, value: lucid.Tensor, options: Any) -> dict[str, lucid.Tensor]:
        return {}

    def update(self, value: lucid.Tensor, g: lucid.Tensor, state: Any, now: Any) -> Any:
        return value - g * self.scale + lucid.random.normal(value.shape, device=value.device), {}


def test_an_update_of_ones_own_runs_at_each_step(device: str) -> None:
    p = parameter(device=device, values=[0.0])
    optimizer, noise = Noisy([p], lr=1.0), []
    for i in range(5):
        optimizer.scale, before = float(2**i), p.detach()
        p.grad = lucid.ones(1, device=device)
        optimizer.step()
        noise.append((p.detach() - before).item() + optimizer.scale)
    assert len(set(noise)) == 5
    assert max(map(abs, noise)) < 6


def test_zero_grad() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.SGD([p, q])
    p.grad = lucid.ones((2, 3))
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is not None
    assert p.grad.tolist() == np.zeros((2, 3)).tolist()
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


P = parameter()
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: optim.SGD([]), ValueError, "SGD: there are no parameters"),
    (lambda: optim.SGD(iter(())), ValueError, "used up"),
    (lambda: optim.SGD([{"params": []}]), ValueError, "a group has no parameters"),
    (lambda: optim.SGD(P), TypeError, "params is Tensor; wanted a list"),
    (lambda: optim.SGD({"params": [P]}), TypeError, "params is dict"),
    (lambda: optim.SGD([{"lr": 1.0}]), TypeError, "wanted a dict with 'params'"),
    (lambda: optim.SGD([{"params": [P]}, P]), TypeError, "got a group Tensor"),  # type: ignore[list-item]
    (lambda: optim.SGD([START]), TypeError, "parameter 0 is ndarray; wanted a Tensor"),  # type: ignore[list-item]
    (lambda: optim.SGD([P, lucid.ones(2, dtype=lucid.int32)]), DTypeError, "parameter 1 is int32"),
    (lambda: optim.SGD([P * 2]), GradientError, "parameter 0 was computed by a recorded op"),
    (lambda: optim.SGD([P, P]), ValueError, "parameter 1, of shape (2, 3), was given before"),
    (lambda: optim.SGD([{"params": P}, {"params": P}]), ValueError, "given before"),
    (lambda: optim.SGD([P], lr=-1.0), ValueError, "SGD: lr=-1.0; wanted a number from 0 to below inf"),
    (lambda: optim.SGD([P], lr=float("nan")), ValueError, "lr=nan"),
    (lambda: optim.SGD([P], lr="fast"), ValueError, "lr='fast'"),  # type: ignore[arg-type]
    (lambda: optim.SGD([P], nesterov=True), ValueError, "nesterov=True needs a momentum"),
    (lambda: optim.SGD([P], momentum=0.9, dampening=0.1, nesterov=True), ValueError, "no dampening"),
    (lambda: optim.SGD([{"params": P, "nesterov": True}]), ValueError, "nesterov=True needs a momentum"),
    (lambda: optim.AdamW([P], betas=(0.9, 1.0)), ValueError, "betas=(0.9, 1.0); wanted 2 numbers from 0 to below 1"),
    (lambda: optim.AdamW([P], betas=0.9), ValueError, "betas=0.9; wanted 2 numbers"),  # type: ignore[arg-type]
    (lambda: optim.AdamW([P], betas=(0.9,)), ValueError, "wanted 2 numbers"),  # type: ignore[arg-type]
    (lambda: optim.AdamW([{"params": P, "decay": 0.1}]), TypeError, "'decay' is no option; there are lr, betas, eps"),
    (lambda: optim.clip_grad_norm_([P], 0.0), ValueError, "max_norm=0.0; wanted a number above 0"),
    (lambda: optim.clip_grad_norm_([P], 1.0, 0), ValueError, "norm_type=0; wanted a number above 0, or inf"),
    (lambda: optim.clip_grad_value_([P], -1.0), ValueError, "clip_value=-1.0; wanted a number from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_errors(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_a_learning_rate_that_is_no_number_changes_nothing() -> None:
    (group,) = optim.SGD([P], lr=0.5).param_groups
    with pytest.raises(TypeError, match="lr='fast' is str; wanted a number"):
        group["lr"] = "fast"
    assert group["lr"] == 0.5
    group["lr"] = START.max()
    assert group["lr"] == START.max()


# --- Checkpoints ---


@pytest.mark.parametrize(("make", "expected"), OPTIMIZERS)
def test_another_optimizer_goes_on_from_a_state(make: Any, expected: Any, device: str) -> None:
    p = parameter(device=device)
    first = make([p])
    run(first, p, GRADIENTS[:3])
    state, values = first.state_dict(), p.detach()
    snapshot = copy.deepcopy(state)
    run(first, p, GRADIENTS[3:])  # does not change the state that was taken

    q = lucid.asarray(values, requires_grad=True)
    second = make([q])
    second.load_state_dict(state)
    run(second, q, GRADIENTS[3:])
    np.testing.assert_array_equal(q.detach().numpy(), p.detach().numpy())

    third = make([r := lucid.asarray(values, requires_grad=True)])
    third.load_state_dict(snapshot)
    run(third, r, GRADIENTS[3:])
    np.testing.assert_array_equal(r.detach().numpy(), p.detach().numpy())


def test_a_state_brings_its_options_and_shares_its_counts() -> None:
    p, q = parameter(), parameter()
    first = optim.SGD([p, q], lr=0.5, momentum=0.9)
    p.grad = q.grad = lucid.ones((2, 3))
    first.step()
    second = optim.SGD([parameter(), parameter()], lr=0.1, momentum=0.5)
    second.load_state_dict(first.state_dict())
    assert second.param_groups[0]["lr"] == 0.5
    assert second.param_groups[0]["momentum"] == 0.9
    assert second.state[0]["step"] is second.state[1]["step"]
    assert second.state[0]["step"] is not first.state[0]["step"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {"state": {}}, "wanted a dict with 'state' and 'param_groups'"),
        (lambda s: {"state": 3, "param_groups": 3}, "wanted a dict"),
        (lambda s: s["param_groups"].pop(), "groups of [1, 1] parameters"),
        (lambda s: s["param_groups"][0]["params"].append(1), "groups of [1, 1] parameters"),
        (lambda s: s["param_groups"][1].update(lr=-1.0), "AdamW: lr=-1.0"),
        (lambda s: s["param_groups"][1].update(speed=1.0), "'speed' is no option"),
        (lambda s: s["state"].update({7: s["state"][0]}), "there is a state for 7"),
        (lambda s: s["state"][1].pop("exp_avg"), "the state of parameter 1 has"),
        (lambda s: s["state"][1].update(exp_avg=lucid.ones(2)), "the state of parameter 1 has"),
        (lambda s: s["state"][1].update(exp_avg=None), "'exp_avg': 'NoneType'"),
        (lambda s: s["state"].update({1: 5}), "the state of parameter 1 is int; wanted a dict"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change: Callable[[Any], Any], message: str) -> None:
    p, q = parameter(), parameter()
    optimizer = optim.AdamW([{"params": p, "lr": 0.5}, {"params": q}])
    p.grad = q.grad = lucid.ones((2, 3))
    optimizer.step()
    other = optim.AdamW([{"params": parameter()}, {"params": parameter()}])
    state = optimizer.state_dict()
    changed = change(state)
    with pytest.raises(CheckpointError) as caught:
        other.load_state_dict(changed if isinstance(changed, dict) and "state" in changed else state)
    assert message in str(caught.value)
    assert other.state == {}
    assert [group["lr"] for group in other.param_groups] == [1e-3, 1e-3]


# --- L-BFGS ---


def rosenbrock(p: lucid.Tensor, optimizer: optim.Optimizer, seen: list[float]) -> Callable[[], lucid.Tensor]:
    def closure() -> lucid.Tensor:
        optimizer.zero_grad()
        loss = ((1 - p[:-1]) ** 2 + 100 * (p[1:] - p[:-1] ** 2) ** 2).sum()
        loss.backward()
        seen.append(loss.item())
        return loss

    return closure


@pytest.mark.parametrize("history_size", [100, 2, 0])
def test_lbfgs_goes_on_from_a_state(history_size: int, device: str) -> None:
    def made(values: Any) -> tuple[lucid.Tensor, optim.LBFGS, Callable[[], lucid.Tensor], list[float]]:
        p = parameter(device=device, values=values)
        optimizer = optim.LBFGS([p], max_iter=5, history_size=history_size, line_search_fn="strong_wolfe")
        seen: list[float] = []
        return p, optimizer, rosenbrock(p, optimizer, seen), seen

    p, first, closure, seen = made([-1.0, 1.5, 0.5])
    with lucid.no_grad():
        assert first.step(closure).item() == pytest.approx(seen[0])
    state, values = first.state_dict(), p.tolist()
    assert state["state"][0]["history"].shape == (min(4, history_size), 2, 3)
    first.step(closure)
    q, second, closure, seen = made(values)
    second.load_state_dict(state)
    second.step(closure)
    assert q.tolist() == p.tolist()
    assert seen[-1] < seen[0]
    assert state["state"][0]["step"].item() == 5
    for change in ({"d": lucid.ones(2)}, {"history": lucid.ones((4, 2))}, {"history": None}):
        with pytest.raises(CheckpointError, match="the state of parameter 0 has"):
            second.load_state_dict({**state, "state": {0: {**state["state"][0], **change}}})


def test_lbfgs_needs_a_closure_and_one_group() -> None:
    with pytest.raises(TypeError, match="wanted a closure that computes the loss and its gradients, and nothing else"):
        optim.LBFGS([P]).step()
    with pytest.raises(ValueError, match="LBFGS: got a second group"):
        optim.LBFGS([{"params": P}, {"params": parameter()}])
    with pytest.raises(ValueError, match="line_search_fn='wolfe'; choose among None, strong_wolfe"):
        optim.LBFGS([P], line_search_fn="wolfe")


def test_a_parameter_without_a_gradient_stays_under_lbfgs() -> None:
    p, q = parameter(values=[3.0]), parameter(lucid.float16, values=[2.0])
    optimizer = optim.LBFGS([q, p], lr=0.5)

    def closure() -> lucid.Tensor:
        p.grad = None
        (loss := (p * p).sum()).backward()
        return loss

    optimizer.step(closure)
    assert (q.tolist(), q.dtype) == ([2.0], lucid.float16)
    assert p.tolist() == pytest.approx([0.0], abs=1e-4)


# --- Clipping ---


def test_clipping(device: str) -> None:
    p, q = (lucid.zeros(2, device=device, requires_grad=True) for _ in range(2))
    p.grad, q.grad = (lucid.asarray(g, device=device) for g in ([2.0, 4.0], [5.0, 6.0]))
    norm = optim.clip_grad_norm_((x for x in (p, q)), 4.5)
    assert norm.device == device
    assert norm.item() == 9.0
    assert (p.grad.tolist(), q.grad.tolist()) == ([1.0, 2.0], [2.5, 3.0])
    assert optim.clip_grad_norm_([p, q], 100.0).item() == 4.5
    assert p.grad.tolist() == [1.0, 2.0]
    assert optim.clip_grad_norm_([lucid.ones(1)], 1.0).item() == 0.0


@pytest.mark.parametrize(
    ("norm_type", "norm", "clipped"),
    [(1.0, 17.0, [2.0, 4.0, 5.0, 6.0]), (float("inf"), 6.0, [2.0, 4.0, 5.0, 6.0]), (3, 413 ** (1 / 3), [2, 4, 5, 6])],
)
def test_clipping_by_other_norms(norm_type: float, norm: float, clipped: list[float], device: str) -> None:
    p, q = (lucid.zeros(2, device=device, requires_grad=True) for _ in range(2))
    empty = lucid.zeros((0, 2), device=device, requires_grad=True)
    p.grad, q.grad = (lucid.asarray(g, device=device) for g in ([2.0, -4.0], [5.0, 6.0]))
    empty.grad = lucid.zeros((0, 2), device=device)
    assert optim.clip_grad_norm_([empty, p, q], norm / 2, norm_type).item() == pytest.approx(norm, rel=1e-6)
    found = [abs(x) for x in p.grad.tolist() + q.grad.tolist()]
    assert found == pytest.approx([x / 2 for x in clipped], rel=1e-6)


def test_clipping_each_value(device: str) -> None:
    p, q = (lucid.zeros(2, device=device, requires_grad=True) for _ in range(2))
    p.grad = lucid.asarray([2.0, -4.0], device=device)
    optim.clip_grad_value_([p, q], 3.0)
    assert (p.grad.tolist(), q.grad) == ([2.0, -3.0], None)
    optim.clip_grad_value_(p, 0)
    assert p.grad.tolist() == [0.0, 0.0]


def test_the_norm_of_float16_gradients_does_not_overflow() -> None:
    p = lucid.zeros(2, dtype=lucid.float16, requires_grad=True)
    p.grad = lucid.asarray([3e3, 4e3], dtype=lucid.float16)
    assert optim.clip_grad_norm_(p, 5.0).item() == 5000.0
    assert p.grad.dtype is lucid.float16
    np.testing.assert_allclose(p.grad.numpy(), [3, 4], rtol=1e-3)


# --- The gpu's laziness ---


def test_a_step_starts_the_evaluation_of_what_it_changed(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    backend = devices.backend(device)
    p, frozen = parameter(device=device), parameter(device=device)
    optimizer = optim.AdamW([p, frozen])
    p.grad = lucid.ones((2, 3), device=device)
    monkeypatch.setattr(backend, "start", started.append)
    optimizer.step()
    assert len(started) == 1
    assert {id(x) for x in started[0]} == {id(x.array) for x in (p, *optimizer.state[0].values())}


@pytest.mark.gpu
def test_memory_stays_flat_when_nobody_reads_a_value() -> None:
    """300 steps on a parameter of 1 MB: what is alive stays a few MB."""
    import mlx.core as mx

    p = lucid.zeros((512, 512), device="gpu", requires_grad=True)
    optimizer = optim.AdamW([p])
    mx.reset_peak_memory()
    base = mx.get_active_memory()
    for _ in range(300):
        optimizer.zero_grad()
        ((p - 1.0) * (p - 1.0)).sum().backward()
        optimizer.step()
    p.detach().numpy()
    assert mx.get_peak_memory() - base < 64e6


@pytest.mark.gpu
def test_one_compiled_step_serves_all_learning_rates_and_counts() -> None:
    traces = count()
    data = lucid.asarray(START, dtype=lucid.float32, device="gpu")

    def train(compiled: bool) -> Any:
        p = parameter(device="gpu", values=0 * START)
        optimizer = optim.AdamW([p], lr=0.5)
        schedule = optim.lr_scheduler.CosineWithWarmup(optimizer, 10, warmup_steps=3, warmup_start=0.1)

        def step(x: lucid.Tensor) -> lucid.Tensor:
            next(traces)
            loss = ((p - x) * (p - x)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        run_step = lucid.compile(step) if compiled else step
        losses = []
        for _ in range(10):
            losses.append(run_step(data).item())
            schedule.step()
        return losses

    plain = train(compiled=False)
    assert next(traces) == 10
    np.testing.assert_allclose(train(compiled=True), plain, rtol=1e-4)
    assert next(traces) < 10 + 1 + 4


def test_an_error_within_the_line_search_leaves_the_parameters() -> None:
    x = lucid.asarray([-1.5, 2.0], requires_grad=True)
    optimizer, calls = optim.LBFGS([x], line_search_fn="strong_wolfe"), []

    def closure() -> lucid.Tensor:
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("no")
        optimizer.zero_grad()
        loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        loss.backward()
        return loss

    with pytest.raises(KeyError):
        optimizer.step(closure)
    assert x.tolist() == [-1.5, 2.0]
