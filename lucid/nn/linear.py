"""Linear: every output is a weighted sum of all inputs."""

from math import sqrt
from typing import Any

from ..errors import ShapeError
from ..ops.arguments import whole
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


class Linear(Module):
    """x W^T + b for x (..., in_features) gives (..., out_features).

    `weight` W is (out_features, in_features), `bias` b is (out_features,) or None. Both start uniformly between
    -1 / sqrt(in_features) and 1 / sqrt(in_features), as in PyTorch. Raises ShapeError for another number of features.

    >>> import lucid
    >>> Linear(3, 5)(lucid.ones((2, 3))).shape
    (2, 5)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features = whole("Linear", in_features, "in_features")
        self.out_features = whole("Linear", out_features, "out_features")
        self.weight = Parameter(zeros((self.out_features, self.in_features)))
        self.bias = Parameter(zeros(self.out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        r = 1 / sqrt(self.in_features) if self.in_features else 0.0
        init.uniform_(self.weight, -r, r)
        if self.bias is not None:
            init.uniform_(self.bias, -r, r)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        return output.size * self.in_features

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """x1^T W x2 + b for x1 (..., in1_features) and x2 (..., in2_features): (..., out_features).

    `weight` W is (out_features, in1_features, in2_features), `bias` b is (out_features,) or None. Both start uniformly
    between -1 / sqrt(in1_features) and 1 / sqrt(in1_features). Raises ShapeError for other numbers of features.

    >>> import lucid
    >>> Bilinear(3, 4, 5)(lucid.ones((2, 3)), lucid.ones((2, 4))).shape
    (2, 5)
    """

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True) -> None:
        self.in1_features = whole("Bilinear", in1_features, "in1_features")
        self.in2_features = whole("Bilinear", in2_features, "in2_features")
        self.out_features = whole("Bilinear", out_features, "out_features")
        if self.in1_features < 1:
            raise ShapeError(f"Bilinear: in1_features={in1_features}; wanted at least 1")
        self.weight = Parameter(zeros((self.out_features, self.in1_features, self.in2_features)))
        self.bias = Parameter(zeros(self.out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        r = 1 / sqrt(self.in1_features)
        init.uniform_(self.weight, -r, r)
        if self.bias is not None:
            init.uniform_(self.bias, -r, r)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return functional.bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = ("in1_features", "in2_features", "out_features")
        return ", ".join([*(f"{name}={getattr(self, name)}" for name in sizes), f"bias={self.bias is not None}"])


class Identity(Module):
    """x itself: the place of a layer that is left out.

    >>> import lucid
    >>> Identity()(lucid.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, *ignored: Any, **options: Any) -> None:
        """Takes the arguments of whatever layer it stands for."""

    def forward(self, x: Tensor) -> Tensor:
        return x
