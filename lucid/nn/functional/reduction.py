"""What becomes of the losses of many predictions: their mean, their sum, or nothing."""

from typing import Any

from ...errors import DeviceError, ShapeError
from ...ops.arguments import REAL_FLOATING, broadcast_shapes, choose, precise, tensor, together
from ...ops.statistical import mean, sum
from ...tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(function: str, reduction: str) -> None:
    """Raise ValueError for a reduction that is not there."""
    choose(function, "reduction", reduction, REDUCTIONS)


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean of the losses, their sum, or the losses themselves."""
    return mean(losses) if reduction == "mean" else sum(losses) if reduction == "sum" else losses


def together_of_one_shape(function: str, reduction: str, *tensors: Any) -> list[Tensor]:
    """Tensors of one real floating dtype. Raises ShapeError if their shapes differ, ValueError for the reduction."""
    check_reduction(function, reduction)
    shapes = [tensor(function, x, name).shape for x, name in zip(tensors, ("input", "target"))]
    if shapes[0] != shapes[1]:
        raise ShapeError(f"{function}: got input {shapes[0]} and target {shapes[1]}; wanted one shape for both")
    return together(function, precise(REAL_FLOATING), *tensors)


def together_broadcast(function: str, reduction: str, *tensors: Any) -> list[Tensor]:
    """Tensors of one real floating dtype that broadcast. Raises ShapeError if not, ValueError for the reduction."""
    check_reduction(function, reduction)
    broadcast_shapes(function, *(tensor(function, x, "input").shape for x in tensors))
    return together(function, precise(REAL_FLOATING), *tensors)


def check_device(function: str, input: Tensor, **others: Tensor | None) -> None:
    """Raise DeviceError if one of the others is elsewhere than the input, TypeError if it is no tensor."""
    for name, given in others.items():
        if given is not None and tensor(function, given, name).device != input.device:
            raise DeviceError(
                f"{function}: input is on {input.device}, {name} on {given.device}; move it with .to(device)"
            )
