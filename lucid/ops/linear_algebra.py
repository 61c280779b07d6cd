"""Products of matrices and vectors."""

from collections.abc import Sequence
from math import prod
from typing import Any

from ..autograd.modes import MODES
from ..autograd.operation import apply, primitive
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import ANY, broadcast_shapes, fast, one_axis, several, tensor, together, whole
from .arguments import axes as as_axes
from .elementwise import conj
from .manipulation import moveaxis, permute_dims, reshape

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]


def _check_shapes(function: str, x1: Tensor, x2: Tensor) -> None:
    inner = x1.shape[-1] if x1.ndim else None, x2.shape[-2 if x2.ndim > 1 else -1] if x2.ndim else None
    if None in inner or inner[0] != inner[1]:
        raise ShapeError(
            f"{function}: shapes {x1.shape} and {x2.shape} do not fit; "
            "wanted (..., n, k) and (..., k, m), or vectors (k,)"
        )
    broadcast_shapes(function, x1.shape[:-2], x2.shape[:-2])


def _to_right(xp: Any, g: Any, x1: Any, x2_shape: tuple[int, ...]) -> Any:
    """x1^T g; where all of x1 was multiplied by one matrix, in one product and not as a sum of many."""
    if len(x2_shape) == 2 < x1.ndim:
        rows = prod(x1.shape[:-1])
        x1, g = xp.reshape(x1, (rows, x1.shape[-1])), xp.reshape(g, (rows, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(x1), g)


@primitive(keeps_dtype=True, x1=lambda xp, g, x2: xp.matmul(g, xp.matrix_transpose(x2)), x2=_to_right)
def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The product of matrices (..., n, k) and (..., k, m), whose leading axes broadcast.

    A vector (k,) stands for one row on the left, for one column on the right.

    Raises ShapeError if the sizes k differ.

    >>> import lucid
    >>> matmul(lucid.asarray([[1, 2]]), lucid.asarray([[3], [4]]))
    tensor([[11]], dtype=int64, device='cpu')
    """
    same = isinstance(x1, Tensor) and isinstance(x2, Tensor) and x1._dtype is x2._dtype is not None
    if not same or MODES.casting is not None:
        x1, x2 = together("matmul", fast(ANY), tensor("matmul", x1, "x1"), tensor("matmul", x2, "x2"))
    if x1.array.ndim > 1 and x2.array.ndim > 1:
        try:
            return apply(matmul, x1, x2)
        except ValueError:
            _check_shapes("matmul", x1, x2)
            raise
    _check_shapes("matmul", x1, x2)
    row, column = x1.ndim == 1, x2.ndim == 1
    out = apply(matmul, x1[None, :] if row else x1, x2[:, None] if column else x2)
    return out[..., 0, 0] if row and column else out[..., 0, :] if row else out[..., 0]


@primitive(keeps_dtype=True, x=lambda xp, g: xp.matrix_transpose(g))
def matrix_transpose(x: Tensor, /) -> Tensor:
    """x with its last two axes exchanged."""
    x = tensor("matrix_transpose", x)
    if x.array.ndim < 2:
        raise ShapeError(f"matrix_transpose: shape {x.shape}; wanted two axes or more")
    return apply(matrix_transpose, x)


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Products of elements, summed over pairs of axes: the other axes of x1 remain, and then those of x2.

    `axes` holds the axes of x1 and those of x2 that belong together, or is the number of them: the last ones of x1 and
    the first ones of x2.

    Raises ShapeError if the sizes of a pair differ.

    >>> import lucid
    >>> tensordot(lucid.ones((2, 3)), lucid.ones((4, 3)), axes=([1], [1])).shape
    (2, 4)
    """
    x1, x2 = together("tensordot", fast(ANY), tensor("tensordot", x1, "x1"), tensor("tensordot", x2, "x2"))
    if isinstance(axes, tuple | list):
        if len(axes) != 2:
            raise ShapeError(f"tensordot: axes={axes}; wanted the axes of x1 and those of x2, or a number of axes")
        first, second = (several("tensordot", part, "axes") for part in axes)
    else:
        n = whole("tensordot", axes, "axes")
        if not 0 <= n <= min(x1.ndim, x2.ndim):
            raise ShapeError(f"tensordot: axes={n} for shapes {x1.shape} and {x2.shape}, which do not have as many")
        first, second = tuple(range(x1.ndim - n, x1.ndim)), tuple(range(n))
    a, b = as_axes("tensordot", x1, first), as_axes("tensordot", x2, second)
    sizes = [x1.shape[i] for i in a]
    if sizes != [x2.shape[i] for i in b]:
        raise ShapeError(
            f"tensordot: shapes {x1.shape} and {x2.shape} do not fit along axes={axes}; wanted pairs of equal sizes"
        )
    rest1, rest2 = ([i for i in range(x.ndim) if i not in used] for x, used in ((x1, a), (x2, b)))
    rows, columns = [x1.shape[i] for i in rest1], [x2.shape[i] for i in rest2]
    left = reshape(permute_dims(x1, (*rest1, *a)), (prod(rows), prod(sizes)))
    right = reshape(permute_dims(x2, (*b, *rest2)), (prod(sizes), prod(columns)))
    return reshape(matmul(left, right), (*rows, *columns))


def vecdot(x1: Tensor, x2: Tensor, /, axis: int = -1) -> Tensor:
    """The dot products of the vectors along an axis of both, the first ones conjugated; other axes broadcast.

    Raises ShapeError if the vectors differ in length.

    >>> import lucid
    >>> vecdot(lucid.asarray([1j, 2.0]), lucid.asarray([1j, 3.0]))
    tensor(7.+0.j, dtype=complex64, device='cpu')
    """
    x1, x2 = together("vecdot", ANY, tensor("vecdot", x1, "x1"), tensor("vecdot", x2, "x2"))
    x1, x2 = (moveaxis(x, one_axis("vecdot", x.ndim, axis), -1) for x in (x1, x2))
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"vecdot: vectors of lengths {x1.shape[-1]} and {x2.shape[-1]}; wanted equal ones")
    broadcast_shapes("vecdot", x1.shape[:-1], x2.shape[:-1])
    return matmul(conj(x1)[..., None, :] if x1.dtype.is_floating else x1[..., None, :], x2[..., None])[..., 0, 0]
