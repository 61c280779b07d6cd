"""Putting tensors together in blocks and taking them apart, into chunks and sliding windows; turning them."""

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import axes as as_axes
from .arguments import one_axis, several, tensor, tensors, whole
from .creation import arange
from .linalg import diag_embed, diagonal
from .manipulation import concat, flip, moveaxis, permute_dims, reshape, split

__all__ = ["block", "chunk", "diag_embed", "diagonal", "dstack", "hstack", "rot90", "unfold", "vstack"]


def vstack(arrays: Sequence[Tensor], /) -> Tensor:
    """Tensors under one another, joined along their first axis; a vector (n,) is a row.

    >>> import lucid
    >>> vstack([lucid.arange(2), lucid.zeros((1, 2), dtype=lucid.int64)])
    tensor([[0, 1],
            [0, 0]], dtype=int64, device='cpu')
    """
    return concat(_with_axes("vstack", arrays, 2), axis=0)


def hstack(arrays: Sequence[Tensor], /) -> Tensor:
    """Tensors side by side: joined along their second axis, vectors along their only one.

    >>> import lucid
    >>> hstack([lucid.arange(2), lucid.arange(1)])
    tensor([0, 1, 0], dtype=int64, device='cpu')
    """
    parts = _with_axes("hstack", arrays, 1)
    return concat(parts, axis=0 if parts[0].ndim == 1 else 1)


def dstack(arrays: Sequence[Tensor], /) -> Tensor:
    """Tensors behind one another, joined along their third axis; (n,) counts as (1, n, 1), (m, n) as (m, n, 1).

    >>> import lucid
    >>> dstack([lucid.zeros(2), lucid.ones(2)]).shape
    (1, 2, 2)
    """
    return concat(_with_axes("dstack", arrays, 3), axis=2)


def _with_axes(function: str, arrays: Sequence[Tensor], least: int) -> list[Tensor]:
    """Tensors of at least so many axes; of three the new ones stand around, otherwise before."""
    found = []
    for x in tensors(function, arrays):
        shape = x.shape
        behind = (1,) if least == 3 and len(shape) < 3 else ()
        found.append(reshape(x, (*(1,) * (least - len(behind) - len(shape)), *shape, *behind)))
    return found


def block(arrays: Any, /) -> Tensor:
    """A tensor put together of blocks in nested lists: the innermost are joined along the last axis, and so outwards.

    Raises ValueError for lists nested to different depths, ShapeError for blocks that do not fit.

    >>> import lucid
    >>> one = lucid.ones((1, 1))
    >>> block([[one, one * 2], [one * 3, one * 4]])
    tensor([[1., 2.],
            [3., 4.]], dtype=float32, device='cpu')
    """
    depths = set(_depths(arrays, 0))
    if len(depths) != 1 or -1 in depths:
        raise ValueError(f"block: lists nested {sorted(depths)} deep; wanted one depth, and no empty list")
    (depth,) = depths
    ndim = max(depth, *(x.ndim for x in _blocks(arrays)))
    return _joined(arrays, ndim, depth)


def _depths(arrays: Any, depth: int) -> list[int]:
    if not isinstance(arrays, list):
        return [depth]
    return [d for a in arrays for d in _depths(a, depth + 1)] or [-1]


def _blocks(arrays: Any) -> list[Tensor]:
    if isinstance(arrays, list):
        return [x for a in arrays for x in _blocks(a)]
    return [tensor("block", arrays, "a block")]


def _joined(arrays: Any, ndim: int, depth: int) -> Tensor:
    if isinstance(arrays, list):
        return concat([_joined(a, ndim, depth - 1) for a in arrays], axis=-depth)
    return reshape(arrays, (*(1,) * (ndim - arrays.ndim), *arrays.shape))


def chunk(x: Tensor, chunks: int, /, axis: int = 0) -> tuple[Tensor, ...]:
    """x cut along an axis into at most `chunks` parts of one size, of which the last may be smaller.

    Raises ValueError for less than one.

    >>> import lucid
    >>> [part.tolist() for part in chunk(lucid.arange(5), 3)]
    [[0, 1], [2, 3], [4]]
    """
    x = tensor("chunk", x)
    axis, count = one_axis("chunk", x.ndim, axis), whole("chunk", chunks, "chunks")
    if count < 1:
        raise ValueError(f"chunk: chunks={chunks}; wanted at least 1")
    n = x.shape[axis]
    size = -(-n // count)
    if not size:
        return split(x, [0] * count, axis=axis)
    return split(x, [min(size, n - start) for start in range(0, n, size)], axis=axis)


def unfold(x: Tensor, size: int, step: int = 1, /, *, axis: int = -1) -> Tensor:
    """The windows of `size` elements along an axis that begin at every `step`-th one; they lie along a new last axis.

    The axis then counts the windows. Raises ShapeError for windows longer than the axis, ValueError for a step below 1.

    >>> import lucid
    >>> unfold(lucid.arange(4), 2)
    tensor([[0, 1],
            [1, 2],
            [2, 3]], dtype=int64, device='cpu')
    """
    x = tensor("unfold", x)
    axis, size, step = one_axis("unfold", x.ndim, axis), whole("unfold", size, "size"), whole("unfold", step, "step")
    if step < 1:
        raise ValueError(f"unfold: step={step}; wanted at least 1")
    if not 0 <= size <= x.shape[axis]:
        raise ShapeError(f"unfold: size={size} of axis {axis} of size {x.shape[axis]}; choose 0 to {x.shape[axis]}")
    starts = arange(0, x.shape[axis] - size + 1, step, device=x.device)
    places = reshape(starts, (-1, 1)) + arange(size, device=x.device)
    return moveaxis(x[(*[slice(None)] * axis, places)], axis + 1, -1)


def rot90(x: Tensor, /, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """x turned by k right angles in the plane of two axes, from the first towards the second.

    Raises ShapeError unless there are two of them.

    >>> import lucid
    >>> rot90(lucid.asarray([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]], dtype=int64, device='cpu')
    """
    x = tensor("rot90", x)
    plane = as_axes("rot90", x, several("rot90", axes, "axes"))
    if len(plane) != 2:
        raise ShapeError(f"rot90: axes={axes}; wanted two")
    first, second = plane
    swapped = [second if i == first else first if i == second else i for i in range(x.ndim)]
    turned = {
        0: lambda: flip(x, axis=()),
        1: lambda: permute_dims(flip(x, axis=second), swapped),
        2: lambda: flip(x, axis=plane),
        3: lambda: flip(permute_dims(x, swapped), axis=second),
    }
    return turned[whole("rot90", k, "k") % 4]()
