"""Open this first: what lucid does, on each device, in four short programs."""

import math

import lucid


def test_tensors_compute(device: str) -> None:
    x = lucid.asarray([[1.0, 2.0], [3.0, 4.0]], device=device)
    y = lucid.sqrt(x @ x.T + 1).sum(axis=0)
    assert (y.shape, y.dtype, y.device) == ((2,), lucid.float32, device)
    assert math.isclose(y[0].item(), math.sqrt(6) + math.sqrt(12), rel_tol=1e-6)


def test_gradients_flow(device: str) -> None:
    x = lucid.asarray(3.0, device=device, requires_grad=True)
    (x**2 + lucid.sin(x)).backward()
    assert math.isclose(x.grad.item(), 6 + math.cos(3), rel_tol=1e-6)


def test_gradients_of_gradients(device: str) -> None:
    x = lucid.asarray(3.0, device=device, requires_grad=True)
    (slope,) = lucid.grad(x**3, [x], create_graph=True)
    (curvature,) = lucid.grad(slope, [x])
    assert (slope.item(), curvature.item()) == (27.0, 18.0)


def test_a_line_is_fitted(device: str) -> None:
    lucid.random.seed(0)
    x = lucid.random.uniform((64, 1), device=device)
    y = x * 2 + 1
    slope, offset = lucid.zeros(1, device=device, requires_grad=True), lucid.zeros(1, device=device, requires_grad=True)
    for _ in range(200):
        loss = lucid.mean((x * slope + offset - y) ** 2)
        loss.backward()
        with lucid.no_grad():
            for weight in (slope, offset):
                weight -= 0.5 * weight.grad
                weight.grad = None
    assert abs(slope.item() - 2) < 1e-2
    assert abs(offset.item() - 1) < 1e-2
