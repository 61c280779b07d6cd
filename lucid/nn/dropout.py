"""Dropout, of elements and of whole paths: noise that acts in train mode alone."""

from collections.abc import Callable
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional
from .applied import without_example
from .functional.noise import probability
from .module import Module

__all__ = [
    "AlphaDropout", "DropPath", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout",
]  # fmt: skip


class Dropout(Module):
    """In train mode, each element is 0 with probability p and x / (1 - p) otherwise; in eval mode x.

    Srivastava et al., Dropout, 2014. `inplace` changes nothing, since tensors are values. Raises ValueError for p
    outside [0, 1].

    >>> import lucid
    >>> Dropout(0.5).eval()(lucid.ones(2)).tolist()
    [1.0, 1.0]
    """

    function: ClassVar[Callable[..., Tensor]] = staticmethod(functional.dropout)

    def __init_subclass__(cls, function: Callable[..., Tensor] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if function is not None:
            cls.function, cls.__doc__ = staticmethod(function), cls.__doc__ or without_example(function.__doc__ or "")

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p = probability(type(self).__name__, p)

    def forward(self, x: Tensor) -> Tensor:
        return type(self).function(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class DropPath(Dropout, function=functional.drop_path):
    """In train mode, each sample x[i] is 0 with probability p and x[i] / (1 - p) otherwise; in eval mode x.

    Stochastic depth: around it goes a residual connection. Huang et al., 2016 (arXiv 1603.09382). Raises ValueError for
    p outside [0, 1].

    >>> import lucid
    >>> DropPath(1.0)(lucid.ones((2, 3))).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """


# fmt: off
class Dropout1d(Dropout, function=functional.dropout1d): ...
class Dropout2d(Dropout, function=functional.dropout2d): ...
class Dropout3d(Dropout, function=functional.dropout3d): ...
class AlphaDropout(Dropout, function=functional.alpha_dropout): ...
class FeatureAlphaDropout(Dropout, function=functional.feature_alpha_dropout): ...
# fmt: on
