"""What does not belong elsewhere: truth of many elements, and differences."""

from ..autograd.operation import apply, primitive
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import LOGICAL, Axis, axes, one_axis, ready, tensor, whole
from .elementwise import subtract
from .manipulation import concat

__all__ = ["all", "any", "diff"]


@primitive()
def any(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether at least one element is not 0."""
    x = ready("any", LOGICAL, x)
    return apply(any, x, axis=axes("any", x, axis), keepdims=bool(keepdims))


@primitive()
def all(x: Tensor, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether no element is 0."""
    x = ready("all", LOGICAL, x)
    return apply(all, x, axis=axes("all", x, axis), keepdims=bool(keepdims))


def diff(
    x: Tensor, /, n: int = 1, axis: int = -1, *, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """The differences of neighbours along an axis, taken `n` times, of x with `prepend` before and `append` after it.

    Raises ShapeError for a negative `n`.

    >>> import lucid
    >>> diff(lucid.asarray([1, 4, 9, 16]))
    tensor([3, 5, 7], dtype=int64, device='cpu')
    >>> diff(lucid.asarray([1, 4, 9, 16]), n=2)
    tensor([2, 2], dtype=int64, device='cpu')
    """
    x = tensor("diff", x)
    axis = one_axis("diff", x.ndim, axis)
    if whole("diff", n, "n") < 0:
        raise ShapeError(f"diff: n={n} is negative; wanted how many times to take differences")
    if n and (prepend is not None or append is not None):
        parts = (("prepend", prepend), ("x", x), ("append", append))
        x = concat([tensor("diff", part, name) for name, part in parts if part is not None], axis=axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        x = subtract(x[(*lead, slice(1, None))], x[(*lead, slice(0, -1))])
    return x
