"""Dropout, of elements and of whole paths: noise that acts in train mode alone."""

from ..tensor import Tensor
from . import functional
from .functional.noise import probability
from .module import Module

__all__ = ["DropPath", "Dropout"]


class Dropout(Module):
    """In train mode, each element is 0 with probability p and x / (1 - p) otherwise; in eval mode x.

    Srivastava et al., Dropout, 2014. Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> Dropout(0.5).eval()(lucid.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability(type(self).__name__, p)

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class DropPath(Dropout):
    """In train mode, each sample x[i] is 0 with probability p and x[i] / (1 - p) otherwise; in eval mode x.

    Stochastic depth: around it goes a residual connection. Huang et al., 2016 (arXiv 1603.09382). Raises ValueError for
    p outside [0, 1].

    >>> import lucid
    >>> DropPath(1.0)(lucid.ones((2, 3))).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.drop_path(x, self.p, self.training)
