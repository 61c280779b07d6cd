"""Weighted sums of all inputs."""

from ...errors import ShapeError
from ...ops import dense
from ...ops.arguments import check_tensors
from ...ops.arguments import tensor as as_tensor
from ...ops.contraction import einsum
from ...tensor import Tensor

__all__ = ["bilinear", "linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input W^T + b for input (..., i), weight W (o, i) and bias b (o,): (..., o).

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> linear(lucid.ones((2, 3)), lucid.ones((4, 3))).shape
    (2, 4)
    """
    return dense.linear(as_tensor("linear", input, "input"), weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1^T W[o] x2 + b[o] for input1 (..., i), input2 (..., j), weight W (o, i, j) and bias b (o,): (..., o).

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> bilinear(lucid.ones((2, 3)), lucid.ones((2, 4)), lucid.ones((5, 3, 4))).shape
    (2, 5)
    """
    check_tensors("bilinear", input1=input1, input2=input2, weight=weight, **({} if bias is None else {"bias": bias}))
    shapes = input1.shape[-1:] + input2.shape[-1:], (weight.shape[:1] if bias is None else bias.shape)
    if weight.ndim != 3 or shapes != (weight.shape[1:], weight.shape[:1]) or input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear: got {input1.shape}, {input2.shape}, weight {weight.shape}, bias "
            f"{bias if bias is None else bias.shape}; wanted (..., i), (..., j), (o, i, j) and (o,)"
        )
    out = einsum("...i,oij,...j->...o", input1, weight, input2)
    return out if bias is None else out + bias
