"""Functions with a gradient of the user's own."""

from typing import Any

import pytest

import lucid
from lucid.autograd import Function, check_gradients, grad
from lucid.errors import DeviceError, GradientError, ShapeError


class Cube(Function):
    @staticmethod
    def forward(context: Any, x: lucid.Tensor) -> lucid.Tensor:
        context.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(context: Any, g: lucid.Tensor) -> lucid.Tensor:
        (x,) = context.saved_tensors
        return g * 3 * x * x


class ExponentialTimes(Function):
    """exp(x) times a number, from its own output."""

    @staticmethod
    def forward(context: Any, x: lucid.Tensor, factor: float, *, shift: float = 0.0) -> lucid.Tensor:
        out = lucid.exp(x) * factor + shift
        context.save_for_backward(out)
        context.shift = shift
        return out

    @staticmethod
    def backward(context: Any, g: lucid.Tensor) -> tuple[lucid.Tensor, None]:
        (out,) = context.saved_tensors
        return g * (out - context.shift), None


def test_value_and_gradient(device: str) -> None:
    x = lucid.asarray([2.0, 3.0], device=device, requires_grad=True)
    y = Cube.apply(x)
    y.sum().backward()
    assert (y.tolist(), x.grad.tolist()) == ([8.0, 27.0], [12.0, 27.0])
    assert "grad_fn=Cube" in repr(y)


def test_gradients_of_every_order() -> None:
    x = lucid.asarray([0.5, 1.5], dtype=lucid.float64, requires_grad=True)
    check_gradients(Cube.apply, [x], order=3)
    check_gradients(lambda x: ExponentialTimes.apply(x, 2.0, shift=1.0), [x], order=3)


def test_saved_output_continues_the_graph(device: str) -> None:
    x = lucid.asarray(0.0, device=device, requires_grad=True)
    (slope,) = grad(ExponentialTimes.apply(x, 3.0), [x], create_graph=True)
    assert grad(slope, [x])[0].item() == 3.0


def test_nothing_is_recorded_without_need(device: str) -> None:
    assert not Cube.apply(lucid.ones(2, device=device)).requires_grad
    with lucid.no_grad():
        assert not Cube.apply(lucid.ones(2, device=device, requires_grad=True)).requires_grad


def test_several_arguments(device: str) -> None:
    class Product(Function):
        @staticmethod
        def forward(context: Any, x: lucid.Tensor, name: str, y: lucid.Tensor) -> lucid.Tensor:
            context.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(context: Any, g: lucid.Tensor) -> Any:
            x, y = context.saved_tensors
            return g * y, None, g * x

    x, y = (lucid.asarray([n], device=device, requires_grad=True) for n in (2.0, 5.0))
    assert [g.tolist() for g in grad(Product.apply(x, "name", y), [x, y])] == [[5.0], [2.0]]
    assert grad(Product.apply(x, "name", x), [x])[0].tolist() == [4.0]


def test_what_is_not_given_back_right_is_named(device: str) -> None:
    def broken(result: Any) -> type[Function]:
        class Broken(Function):
            @staticmethod
            def forward(context: Any, x: lucid.Tensor) -> lucid.Tensor:
                return x * 2

            @staticmethod
            def backward(context: Any, g: lucid.Tensor) -> Any:
                return result(g)

        return Broken

    x = lucid.ones(2, device=device, requires_grad=True)
    with pytest.raises(GradientError, match=r"Broken\.backward: returned 2 gradients; wanted 1"):
        broken(lambda g: (g, g)).apply(x).sum().backward()
    with pytest.raises(ShapeError, match=r"Broken\.backward: gradient 0 has shape \(\); its argument has \(2,\)"):
        broken(lambda g: g.sum()).apply(x).sum().backward()
    with pytest.raises(TypeError, match=r"Broken\.backward: gradient 0 is float; wanted a Tensor or None"):
        broken(lambda g: 2.0).apply(x).sum().backward()
    if device == "gpu":
        with pytest.raises(DeviceError, match=r"Broken\.backward: gradient 0 is on cpu; its argument is on gpu"):
            broken(lambda g: g.cpu()).apply(x).sum().backward()
    broken(lambda g: None).apply(x).sum().backward()
    assert x.grad is None

    class NoTensor(Function):
        @staticmethod
        def forward(context: Any, x: lucid.Tensor) -> Any:
            return 1.0

    with pytest.raises(TypeError, match=r"NoTensor\.forward: returned float; wanted a Tensor"):
        NoTensor.apply(x)


def test_no_gradient_is_lost_through_a_keyword(device: str) -> None:
    x, shift = (lucid.ones(2, device=device, requires_grad=True) for _ in range(2))
    with pytest.raises(GradientError, match=r"ExponentialTimes\.apply: gradients flow through shift; pass it by pos"):
        ExponentialTimes.apply(x, 2.0, shift=shift)
    assert ExponentialTimes.apply(x, 2.0, shift=shift.detach()).requires_grad


def test_an_unwritten_half_says_what_to_write() -> None:
    class Empty(Function):
        pass

    with pytest.raises(NotImplementedError, match="write a static method forward"):
        Empty.apply(lucid.ones(1))
    with pytest.raises(NotImplementedError, match="write a static method backward"):
        Function.backward(None, lucid.ones(1))


def test_a_function_may_give_back_its_input(device: str) -> None:
    """The input stays what it was."""

    class Same(Function):
        @staticmethod
        def forward(context: Any, x: lucid.Tensor) -> lucid.Tensor:
            return x

        @staticmethod
        def backward(context: Any, g: lucid.Tensor) -> lucid.Tensor:
            return g * -1

    x = lucid.ones(2, device=device, requires_grad=True)
    y = Same.apply(x)
    assert x.is_leaf
    assert not y.is_leaf
    assert grad(y.sum(), [x])[0].tolist() == [-1.0, -1.0]
