"""Areas under functions that are given by points."""

from ..tensor import Tensor
from .arguments import FLOATING, number, one_axis, ready, tensor
from .elementwise import add, multiply
from .manipulation import reshape
from .statistical import cumulative_sum, sum
from .utility import diff

__all__ = ["cumulative_trapezoid", "trapezoid"]


def trapezoid(x: Tensor, places: Tensor | None = None, /, *, step: float = 1.0, axis: int = -1) -> Tensor:
    """The area under the values x along an axis, with straight lines between them.

    They stand at `places`, which broadcast with x, or are one axis (n,); or else `step` apart.

    >>> import lucid
    >>> trapezoid(lucid.asarray([1.0, 3.0, 3.0]), step=2.0)
    tensor(10., dtype=float32, device='cpu')
    """
    return sum(_areas("trapezoid", x, places, step, axis), axis=axis)


def cumulative_trapezoid(x: Tensor, places: Tensor | None = None, /, *, step: float = 1.0, axis: int = -1) -> Tensor:
    """The areas from the first value to the second, third, ...; the arguments are those of `trapezoid`.

    >>> import lucid
    >>> cumulative_trapezoid(lucid.asarray([1.0, 3.0, 3.0]))
    tensor([2., 5.], dtype=float32, device='cpu')
    """
    return cumulative_sum(_areas("cumulative_trapezoid", x, places, step, axis), axis=axis)


def _areas(function: str, x: Tensor, places: Tensor | None, step: float, axis: int) -> Tensor:
    """The area between each two neighbours."""
    x = ready(function, FLOATING, x)
    axis = one_axis(function, x.ndim, axis) - x.ndim  # from the end, where shapes broadcast
    rest = [slice(None)] * (-axis - 1)
    both = add(x[(..., slice(1, None), *rest)], x[(..., slice(0, -1), *rest)])
    if places is None:
        return both * (0.5 * number(function, step, "step"))
    places = tensor(function, places, "places")
    if places.ndim == 1:
        places = reshape(places, (-1, *[1] * len(rest)))
    return multiply(both, diff(places, axis=axis)) * 0.5
