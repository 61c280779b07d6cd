"""Weighted sums of all inputs."""

from ...errors import ShapeError
from ...ops import linear_algebra
from ...ops.arguments import tensor as as_tensor
from ...tensor import Tensor

__all__ = ["linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input W^T + b for input (..., i), weight W (o, i) and bias b (o,): (..., o).

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> linear(lucid.ones((2, 3)), lucid.ones((4, 3))).shape
    (2, 4)
    """
    return linear_algebra.linear(as_tensor("linear", input, "input"), weight, bias)
