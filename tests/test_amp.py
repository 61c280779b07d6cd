"""Mixed precision: which ops run in which dtype, and that training with it learns, skips and scales as it should."""

import threading

import pytest

import lucid
from lucid import Tensor, amp, models, nn, optim
from lucid.autograd import grad
from lucid.autograd.graph import order
from lucid.errors import CheckpointError, DTypeError, GradientError
from lucid.nn import functional as F

ON = pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])


def square(device: str) -> Tensor:
    return lucid.linspace(-1, 1, 16, device=device).reshape((4, 4))


FAST = {
    "matmul": lambda x: x @ x,
    "linear": lambda x: F.linear(x, x, x[0]),
    "conv2d": lambda x: F.conv2d(x[None, None], x[None, None, :2, :2], x[0, :1]),
    "conv2d of patches": lambda x: F.conv2d(x[None, None], x[None, None, :2, :2], x[0, :1], stride=2),
    "attention": lambda x: F.scaled_dot_product_attention(x[None, None], x[None, None], x[None, None]),
}
PRECISE = {
    "softmax": F.softmax,
    "log_softmax": F.log_softmax,
    "layer_norm": lambda x: F.layer_norm(x, (4,), x[0].astype(lucid.float32), x[1].astype(lucid.float32)),
    "cross_entropy": lambda x: F.cross_entropy(x, lucid.asarray([0, 1, 2, 3], device=x.device)),
    "mse_loss": lambda x: F.mse_loss(x, x),
    "sum": lucid.sum,
    "mean": lucid.mean,
    "var": lucid.var,
    "std": lucid.std,
    "prod": lucid.prod,
    "cumulative_sum": lambda x: lucid.cumulative_sum(x, axis=0),
    "exp": lucid.exp,
    "log": lambda x: lucid.log(x + 2),
    "pow": lambda x: (x + 2) ** 3.0,
    "square": lucid.square,
    "to the power of 2": lambda x: x**2,
}


@ON
@pytest.mark.parametrize("function", FAST.values(), ids=FAST)
def test_products_are_in_low_precision(device, dtype, function):
    x = square(device)
    with amp.autocast(device, dtype=dtype):
        assert function(x).dtype is dtype
        assert function(x.astype(lucid.float16)).dtype is dtype
        with amp.autocast(device, dtype=dtype, enabled=False):
            assert function(x).dtype is lucid.float32
        assert function(x).dtype is dtype
    assert function(x).dtype is lucid.float32


@ON
def test_the_state_of_a_recurrence_is_in_float32(device, dtype):
    """c adds up what is about 1 at each step: in bfloat16 it would stop at 256."""
    network = nn.LSTM(1, 1).to(device)
    for parameter in network.parameters():
        nn.init.constant_(parameter, 20.0)  # all gates are open, whatever comes
    with amp.autocast(device, dtype=dtype):
        out, (h, c) = network(lucid.ones((400, 1, 1), device=device))
    assert {x.dtype for x in (out, h, c)} == {lucid.float32}
    assert c.item() == 400


@ON
@pytest.mark.parametrize("function", PRECISE.values(), ids=PRECISE)
def test_what_rounding_would_spoil_is_in_float32(device, dtype, function):
    x = square(device).astype(dtype)
    before = function(x).dtype  # also met before, so that nothing learnt then may count
    with amp.autocast(device, dtype=dtype):
        assert function(x).dtype is lucid.float32
    assert function(x).dtype is before


@ON
def test_other_ops_and_other_dtypes_take_what_comes(device, dtype):
    x = square(device)
    with amp.autocast(device, dtype=dtype):
        low = x @ x
        assert (low + low).dtype is F.gelu(low).dtype is low.max().dtype is dtype
        assert (low + x).dtype is lucid.float32
        whole = lucid.ones((2, 2), dtype=lucid.int32, device=device)
        assert (whole @ whole).dtype is lucid.int32
        wide = lucid.ones((2, 2), dtype=lucid.float64)
        assert (wide @ wide).dtype is lucid.exp(wide).dtype is lucid.float64


def test_it_is_of_one_device_and_one_thread(device):
    x, found = square(device), []
    with amp.autocast("cpu", dtype=lucid.float16):
        expected = lucid.float16 if device == "cpu" else lucid.float32
        assert (x @ x).dtype is expected
        thread = threading.Thread(target=lambda: found.append((lucid.ones((2, 2)) @ lucid.ones((2, 2))).dtype))
        thread.start()
        thread.join()
    assert found == [lucid.float32]


def test_it_decorates_and_ends_after_errors(device):
    @amp.autocast(device, dtype=lucid.float16)
    def product(x):
        return x @ x

    assert product(square(device)).dtype is lucid.float16
    with pytest.raises(lucid.errors.ShapeError):
        product(lucid.ones((2, 3), device=device))
    assert (square(device) @ square(device)).dtype is lucid.float32


def test_other_dtypes_are_refused():
    with (
        pytest.raises(DTypeError, match=r"wanted lucid\.bfloat16 or lucid\.float16"),
        amp.autocast("cpu", dtype=lucid.float32),
    ):
        pass


def test_a_parameter_is_converted_once_and_again_when_it_changes(device):
    layer = nn.Linear(4, 4, bias=False).to(device)
    x = square(device)
    with amp.autocast(device, dtype=lucid.float16):
        first, second = layer(x), layer(x)
        nodes = order([first.node, second.node])
        assert [node.op.name for node in nodes if layer.weight.node in node.parents] == ["astype"]
        (first.sum() + second.sum()).backward()
        layer.zero_grad()
        layer(x).sum().backward()  # through a conversion that the pass before has not freed
        with lucid.no_grad():
            layer.weight.fill_(0.0)
            assert layer(x).tolist() == [[0.0] * 4] * 4
        assert layer(x).requires_grad
    assert layer.weight.grad.dtype is lucid.float32


def test_gradients_are_those_of_the_rounded_products(device):
    x, w = square(device), square(device).requires_grad_()
    with amp.autocast(device, dtype=lucid.float16):
        out = (x @ w).sum()
    (found,) = grad(out, [w])
    wanted = x.sum(axis=0)[:, None] + lucid.zeros((4, 4), device=device)
    assert found.dtype is lucid.float32
    assert abs(found - wanted).max().item() < 2e-3  # float16 has 11 bits


@ON
def test_compiled_functions_know_of_it(device, dtype):
    x = square(device)
    product = lucid.compile(lambda x: x @ x)
    for _ in range(2):
        assert product(x).dtype is lucid.float32
        with amp.autocast(device, dtype=dtype):
            assert product(x).dtype is dtype


# --- Scaling ---------------------------------------------------------------------------------------------------------


def stepped(device, wrap, losses):
    """Weight, state, and scales after steps whose loss is the weight times each of `losses`."""
    weight = lucid.asarray([1.0, 2.0], device=device, requires_grad=True)
    optimizer, scaler = optim.AdamW([weight], lr=0.1), amp.GradScaler(init_scale=8.0, growth_interval=2)

    def step(factor):
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()

    step, scales = wrap(step), []
    for loss in losses:
        step(lucid.asarray(loss, device=device))
        scales.append(scaler.get_scale())
    return weight.detach().tolist(), {k: x.tolist() for k, x in optimizer.state[0].items()}, scales


@pytest.mark.parametrize("wrap", [lambda f: f, lucid.compile], ids=["eager", "compiled"])
def test_steps_with_infinities_change_nothing_but_the_scale(device, wrap):
    inf = float("inf")
    weight, state, scales = stepped(device, wrap, [inf, 1.0, 1.0, inf, float("nan"), 1.0])
    assert scales == [4.0, 4.0, 8.0, 4.0, 2.0, 2.0]
    plain, plain_state, _ = stepped(device, lambda f: f, [1.0, 1.0, 1.0])
    assert state["step"] == 3
    assert weight == pytest.approx(plain, rel=1e-6)
    assert state["exp_avg"] == pytest.approx(plain_state["exp_avg"], rel=1e-6)


def test_gradients_are_unscaled_once(device):
    weight = lucid.asarray([3.0], device=device, requires_grad=True)
    optimizer, scaler = optim.SGD([weight], lr=1.0), amp.GradScaler(init_scale=1024.0)
    scaler.scale((weight * 2).sum()).backward()
    assert weight.grad.tolist() == [2048.0]
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == [2.0]
    with pytest.raises(GradientError, match="have been unscaled"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    assert weight.tolist() == [1.0]
    with pytest.raises(GradientError, match="has made its step"):
        scaler.step(optimizer)
    scaler.update()
    with pytest.raises(GradientError, match="no gradients were looked at"):
        scaler.update()


def test_a_scaler_that_is_off_does_nothing():
    weight = lucid.asarray([3.0], requires_grad=True)
    optimizer, scaler = optim.SGD([weight], lr=1.0), amp.GradScaler(enabled=False)
    scaler.scale((weight * 2).sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [1.0]


def test_a_scaler_goes_on_from_its_state():
    scaler = amp.GradScaler(init_scale=4.0)
    weight = lucid.asarray([1.0], requires_grad=True)
    optimizer = optim.SGD([weight], lr=0.0)
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    other = amp.GradScaler()
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict()
    assert other.state_dict()["_growth_tracker"] == 1
    with pytest.raises(CheckpointError, match="wanted a dict with scale"):
        other.load_state_dict({})


def test_numbers_that_are_no_scale_are_refused():
    with pytest.raises(ValueError, match=r"backoff_factor=2\.0"):
        amp.GradScaler(backoff_factor=2.0)


@ON
def test_pvt_learns_in_mixed_precision(device, dtype):
    lucid.random.seed(0)
    small = {"embed_dims": [16, 32], "depths": [1, 1], "num_heads": [1, 2], "sr_ratios": [2, 1], "mlp_ratios": [2, 2]}
    model = models.pvt_tiny(img_size=16, num_classes=4, drop_path_rate=0.0, **small).to(device)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    scaler = amp.GradScaler(enabled=dtype is lucid.float16)
    images = lucid.random.normal((8, 3, 16, 16), device=device)
    labels = lucid.asarray([0, 1, 2, 3] * 2, device=device)
    losses = []
    for _ in range(8):
        with amp.autocast(device, dtype=dtype):
            out = model(images)
            loss = F.cross_entropy(out, labels)
        assert out.dtype is dtype
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
        assert all(bool(lucid.isfinite(p.grad).all()) for p in model.parameters())
    assert losses[-1] < 0.7 * losses[0]
    assert {p.dtype for p in model.parameters()} == {lucid.float32}
