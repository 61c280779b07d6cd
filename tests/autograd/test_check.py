"""Gradient checking, checked: right gradients pass, each kind of wrong one is caught and named."""

from collections.abc import Callable
from typing import Any

import pytest

import lucid
from lucid.autograd import Function, check_gradients
from lucid.errors import DTypeError, GradientError


def double(*values: float, requires_grad: bool = True) -> lucid.Tensor:
    return lucid.asarray(list(values), dtype=lucid.float64, requires_grad=requires_grad)


def with_gradient(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., lucid.Tensor]:
    """A function whose gradient is claimed to be `slope`."""

    class Claimed(Function):
        @staticmethod
        def forward(context: Any, x: lucid.Tensor) -> lucid.Tensor:
            context.save_for_backward(x)
            return value(x)

        @staticmethod
        def backward(context: Any, g: lucid.Tensor) -> lucid.Tensor:
            return g * slope(*context.saved_tensors)

    return Claimed.apply


def test_right_gradients_pass_in_every_order() -> None:
    check_gradients(lambda x, y: lucid.sin(x) * y**3, [double(0.5, 1.0), double(1.5, 0.7)], order=3)
    check_gradients(with_gradient(lambda x: x**3, lambda x: x * x * 3), [double(0.5, 1.5)], order=3)


def test_inputs_without_gradient_stay_as_they_are() -> None:
    whole = lucid.asarray([2, 3])
    check_gradients(lambda x, n: x * n, [double(0.5, 1.0), whole])


@pytest.mark.parametrize(
    ("slope", "derivative"),
    [
        (lambda x: x * x * 3.001, 1),
        (lambda x: -(x * x * 3), 1),
        (lambda x: x * 0, 1),
        (lambda x: lucid.flip(x * x * 3), 1),
        (lambda x: x * x.detach() * 3, 2),
        (lambda x: (x * x * 3).detach(), 2),
        (lambda x: x * x * 3 * float("nan"), 1),
    ],
)
def test_wrong_gradients_are_caught(slope: Callable[[Any], Any], derivative: int) -> None:
    function = with_gradient(lambda x: x**3, slope)
    with pytest.raises(GradientError, match=rf"derivative {derivative} of .* with respect to input 0 of shape \(2,\)"):
        check_gradients(function, [double(0.5, 1.5)])


def test_the_guilty_input_is_named() -> None:
    wrong = with_gradient(lambda x: x * 2, lambda x: x * 0 + 3)
    with pytest.raises(GradientError, match="with respect to input 1"):
        check_gradients(lambda x, y: x * wrong(y), [double(1.0), double(2.0)])


def test_a_gradient_that_is_missing_is_caught() -> None:
    with pytest.raises(GradientError, match="derivative 1"):
        check_gradients(lambda x, y: x * y.detach(), [double(1.0), double(2.0)])


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(GradientError, match="no input requires gradients"):
        check_gradients(lucid.sin, [double(1.0, requires_grad=False)])
    with pytest.raises(DTypeError, match="input 0 is float32; finite differences need float64"):
        check_gradients(lucid.sin, [lucid.ones(1, requires_grad=True)])


def test_complex_numbers_are_varied_in_both_parts() -> None:
    z = lucid.asarray([0.5 + 1j, -1.0 + 0.3j], dtype=lucid.complex128, requires_grad=True)
    check_gradients(lambda z, x: z * z * x + lucid.abs(z), [z, double(0.5, 1.5)])
    for wrong in (lambda z: z * z.detach().conj(), lambda z: z * 2 - z.detach()):
        with pytest.raises(GradientError, match="derivative 1 of"):
            check_gradients(wrong, [z])
