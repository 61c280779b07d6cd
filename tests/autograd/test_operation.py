"""Primitives and composites: one declaration serves every order, and what it names is all it keeps."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import devices
from lucid.autograd import check_gradients, grad
from lucid.autograd.graph import OPS
from lucid.autograd.operation import apply, composite, primitive, sum_to
from lucid.errors import DeviceError

Offer = Callable[[str, Callable[..., Any]], None]


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Give every backend a kernel, until the end of the test."""
    backends = [devices.backend(device) for device in ("cpu", "gpu") if lucid.is_available(device)]
    known = set(vars(OPS))
    yield lambda name, kernel: [monkeypatch.setattr(b, name, kernel, raising=False) for b in backends] and None
    for name in set(vars(OPS)) - known:
        delattr(OPS, name)


def test_a_declaration_and_a_kernel_make_an_op(device: str, offer: Offer) -> None:
    offer("cubed", lambda x: x * x * x)

    @primitive(x=lambda g, x: g * x * x * 3)
    def cubed(x, /):
        return apply(cubed, x)

    x = lucid.asarray([2.0], device=device, requires_grad=True)
    (slope,) = grad(cubed(x), [x], create_graph=True)
    assert (slope.item(), grad(slope, [x])[0].item()) == (12.0, 12.0)
    check_gradients(cubed, [lucid.asarray([0.5], dtype=lucid.float64, requires_grad=True)], order=3)
    assert "grad_fn=cubed" in repr(cubed(x))


def test_a_composite_without_a_kernel_is_its_body(device: str) -> None:
    @composite
    def _lonely(x, /):
        return x * x

    x = lucid.asarray(3.0, device=device, requires_grad=True)
    assert grad(_lonely(x), [x])[0].item() == 6.0
    assert _lonely.op.name == "lonely"


def test_the_first_order_is_the_kernels_and_the_second_the_bodys(device: str, offer: Offer) -> None:
    offer("doubled", lambda x: x * 2)
    offer("doubled_vjp", lambda x: (x * 2, lambda g, wanted: [g * 20]))

    @composite
    def _doubled(x, /):
        return x * 2

    x = lucid.asarray(3.0, device=device, requires_grad=True)
    assert grad(_doubled(x), [x])[0].item() == 20.0
    assert grad(_doubled(x), [x], create_graph=True)[0].item() == 2.0


def test_a_kernel_may_decline(device: str, offer: Offer) -> None:
    offer("doubled", lambda x: NotImplemented)
    offer("doubled_vjp", lambda x: NotImplemented)

    @composite
    def _doubled(x, /):
        return x + x

    x = lucid.asarray(3.0, device=device, requires_grad=True)
    assert _doubled(x.detach()).item() == 6.0
    assert grad(_doubled(x), [x])[0].item() == 2.0


def test_what_is_not_asked_for_is_not_computed(device: str, offer: Offer) -> None:
    def unasked(g):
        raise AssertionError("nobody wants this gradient")

    offer("plus", lambda x, y: x + y)

    @primitive(x=lambda g: g, y=unasked)
    def plus(x, y, /):
        return apply(plus, x, y)

    x, y = (lucid.ones(1, device=device, requires_grad=True) for _ in range(2))
    plus(x, y.detach()).backward()
    assert grad(plus(x, y), [x])[0].item() == x.grad.item() == 1.0
    with pytest.raises(AssertionError, match="nobody wants"):
        grad(plus(x, y), [y])


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ((3,), (2, 3)),
        ((1, 3), (2, 3)),
        ((2, 1), (2, 3)),
        ((), (2, 3)),
        ((1, 1), (2, 3)),
        ((0, 1), (0, 3)),
        ((2, 3), (2, 3)),
    ],
)
def test_broadcasting_is_undone(shape: tuple[int, ...], given: tuple[int, ...]) -> None:
    g = np.arange(np.prod(given), dtype=np.float64).reshape(given)
    found = sum_to(devices.backend("cpu"), g, shape)
    assert found.shape == shape
    lead = len(given) - len(shape)
    repeated = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n != given[i + lead])
    np.testing.assert_array_equal(found, g.sum(axis=repeated).reshape(shape))


def test_equal_sizes_are_not_taken_for_broadcasting(device: str) -> None:
    """A bias as long as the batch: matched by place, not by size."""
    x, bias = lucid.zeros((3, 3), device=device), lucid.zeros(3, device=device, requires_grad=True)
    weights = lucid.asarray([[1.0, 2.0, 3.0]] * 3, device=device)
    assert grad(x + bias, [bias], weights)[0].tolist() == [3.0, 6.0, 9.0]


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_the_devices_of_an_op_are_one(device: str) -> None:
    x, y = lucid.ones(1), lucid.ones(1, device=device)
    for mix in (lucid.atan2, lucid.matmul, lucid.multiply):
        with pytest.raises(DeviceError, match=rf"{mix.__name__}: the inputs are on different devices \(cpu, gpu\)"):
            mix(x, y)


def test_the_gradient_of_a_complex_input_is_that_of_its_parts(device: str) -> None:
    """L = |z|^2 = x^2 + y^2: dL/dx + i dL/dy = 2 z."""
    z = lucid.asarray([3 + 4j], device=device, requires_grad=True)
    (found,) = grad((lucid.abs(z) ** 2).sum(), [z])
    np.testing.assert_allclose(found.numpy(), [6 + 8j], rtol=1e-6)
    (found,) = grad((z * lucid.conj(z)).astype(lucid.float32).sum(), [z])
    np.testing.assert_allclose(found.numpy(), [6 + 8j], rtol=1e-6)
