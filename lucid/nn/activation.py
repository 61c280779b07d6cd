"""Activations: functions of each element, and softmax, as modules."""

from ..tensor import Tensor
from . import functional
from .functional.activation import check_approximate
from .module import Module

__all__ = ["GELU", "ReLU", "Softmax"]


class GELU(Module):
    """x P(X <= x) for a standard normal X: x (1 + erf(x / sqrt(2))) / 2, or a formula near it if approximate="tanh".

    Hendrycks and Gimpel, 2016 (arXiv 1606.08415). Raises ValueError for another `approximate`.

    >>> import lucid
    >>> GELU()(lucid.asarray([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """

    def __init__(self, approximate: str = "none") -> None:
        check_approximate(approximate)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class ReLU(Module):
    """max(x, 0).

    >>> import lucid
    >>> ReLU()(lucid.asarray([-2.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x)


class Softmax(Module):
    """exp(x) divided by its sum along the axis `dim`.

    >>> import lucid
    >>> Softmax()(lucid.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
