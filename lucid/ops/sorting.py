"""Order."""

from ..autograd.operation import apply, primitive
from ..tensor import Tensor
from .arguments import ORDERED, one_axis, ready
from .indexing import take_along_axis

__all__ = ["argsort", "sort"]


@primitive()
def argsort(x: Tensor, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices, int64, that sort x along an axis; equal elements keep their order, nan is largest.

    >>> import lucid
    >>> argsort(lucid.asarray([3, 1, 2]))
    tensor([1, 2, 0], dtype=int64, device='cpu')
    """
    return in_order("argsort", x, axis, descending)


def in_order(
    function: str, x: Tensor, axis: int, descending: bool = False, part: tuple[int, int] | None = None
) -> Tensor:
    """The indices of argsort, or those from one place to before another alone."""
    x = ready(function, ORDERED, x)
    axis = one_axis(function, x.ndim, axis)
    return apply(argsort, x, axis=axis, descending=bool(descending), part=part or (0, x.shape[axis]))


def sort(x: Tensor, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """x with its elements in order along an axis; nan is largest."""
    return take_along_axis(x, in_order("sort", x, axis, descending), axis=axis)
