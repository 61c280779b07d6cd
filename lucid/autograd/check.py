"""Gradients checked against finite differences."""

import math
from collections.abc import Callable, Sequence

from .. import devices
from ..dtypes import COMPLEX, complex128, float64
from ..errors import DTypeError, GradientError
from ..tensor import Tensor
from .engine import grad

__all__ = ["check_gradients"]


def check_gradients(
    function: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    *,
    order: int = 2,
    step: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> None:
    """Compare the gradients of `function(*inputs)`, up to the given order, with central differences of `step`.

    Inputs that require gradients are varied, each in a fixed direction without any symmetry that an error could hide
    behind, which for complex inputs has both parts. The difference of an exact function is wrong by about step^2 times
    its third derivative and 1e-16 / step, which `rtol` and `atol` allow for.

    Raises DTypeError unless those inputs are float64 or complex128, GradientError, naming the input and the order,
    where they differ.

    >>> import lucid
    >>> check_gradients(lucid.sin, [lucid.asarray([0.5, 1.0], dtype=lucid.float64, requires_grad=True)])
    """
    inputs = list(inputs)
    varied = [i for i, x in enumerate(inputs) if x.requires_grad]
    if not varied:
        raise GradientError("check_gradients: no input requires gradients")
    for i in varied:
        if inputs[i].dtype not in (float64, complex128):
            raise DTypeError(
                f"check_gradients: input {i} is {inputs[i].dtype.name}; finite differences need float64 or complex128"
            )
    for n in range(1, order + 1):
        _compare(function, inputs, varied, n, step, rtol, atol)
        function = _slope(function, varied, n)


def _compare(
    function: Callable[..., Tensor],
    inputs: list[Tensor],
    varied: list[int],
    order: int,
    step: float,
    rtol: float,
    atol: float,
) -> None:
    """The gradient along a fixed direction of each input against the difference of values along it."""
    value = _weighted(function(*inputs), order)
    for i in varied:
        direction = _weights(inputs[i], 31 * order + i)
        (found,) = grad(value, [inputs[i]], retain_graph=True, allow_unused=True) if value.requires_grad else (None,)
        slope = 0.0 if found is None else _dot(found, direction).item()
        ends = []
        for sign in (1, -1):
            moved = list(inputs)
            moved[i] = (inputs[i].detach() + direction * (sign * step)).requires_grad_()
            ends.append(_weighted(function(*moved), order).item())
        difference = (ends[0] - ends[1]) / (2 * step)
        if not abs(slope - difference) <= atol + rtol * abs(difference):
            raise GradientError(
                f"check_gradients: derivative {order} of {_name(function)} with respect to input {i} of shape "
                f"{inputs[i].shape} is {slope:.9g} in a direction in which values differ by {difference:.9g}"
            )


def _slope(function: Callable[..., Tensor], varied: list[int], order: int) -> Callable[..., Tensor]:
    """The gradients of a function as a function: what the next order is the gradient of."""

    def slope(*inputs: Tensor) -> Tensor:
        value = _weighted(function(*inputs), order)
        at = [inputs[i] for i in varied]
        if not value.requires_grad:
            return value * 0.0
        found = grad(value, at, create_graph=True, allow_unused=True)
        parts = [_dot(g, _weights(g, 57 * order + i)) for i, g in enumerate(found) if g is not None]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    slope.__name__ = _name(function)
    return slope


def _name(function: Callable[..., Tensor]) -> str:
    return getattr(function, "__name__", "the function")


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """The dot product of two tensors, whose complex numbers count as pairs of real ones."""
    return (a.conj() * b).sum().astype(float64) if COMPLEX in (a.dtype.kind, b.dtype.kind) else (a * b).sum()


def _weighted(out: Tensor, salt: int) -> Tensor:
    return _dot(_weights(out, 7 * salt), out)


def _weights(like: Tensor, salt: int) -> Tensor:
    """Fixed numbers without symmetry, their parts between -1.5 and 1.5, in the shape and kind of a tensor."""
    backend = devices.backend("cpu")
    numbers: list[complex] = [_uneven(k, salt) for k in range(like.size)]
    if like.dtype.kind == COMPLEX:
        numbers = [x + 1j * _uneven(k + like.size, salt) for k, x in enumerate(numbers)]
    dtype = complex128 if like.dtype.kind == COMPLEX else float64
    return Tensor(backend.from_host("check_gradients", numbers, dtype).reshape(like.shape))


def _uneven(k: int, salt: int) -> float:
    return math.sin(2.3 * k + salt) + 0.5 * math.cos(5.1 * k * k + salt)
