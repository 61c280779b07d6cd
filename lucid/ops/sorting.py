"""Order."""

from ..autograd.operation import apply, primitive
from ..tensor import Tensor
from .arguments import ORDERED, one_axis, ready
from .indexing import take_along_axis

__all__ = ["argsort", "sort"]


@primitive()
def argsort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices, int64, that sort x along an axis; equal elements keep their order, nan is largest.

    >>> import lucid
    >>> argsort(lucid.asarray([3, 1, 2]))
    tensor([1, 2, 0], dtype=int64, device='cpu')
    """
    return _order("argsort", x, axis, descending)


def _order(function: str, x: Tensor, axis: int, descending: bool) -> Tensor:
    x = ready(function, ORDERED, x)
    return apply(argsort, x, axis=one_axis(function, x.ndim, axis), descending=bool(descending))


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x with its elements in order along an axis; nan is largest."""
    return take_along_axis(x, _order("sort", x, axis, descending), axis=axis)
