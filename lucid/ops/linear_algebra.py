"""Products of matrices."""

from math import prod
from typing import Any

from ..autograd.operation import apply, primitive
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import ANY, broadcast_shapes, tensor, together

__all__ = ["matmul", "matrix_transpose"]


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


@primitive(x1=lambda xp, g, x2: xp.matmul(g, xp.matrix_transpose(x2)), x2=_to_right)
def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The product of matrices (..., n, k) and (..., k, m), whose leading axes broadcast.

    A vector (k,) stands for one row on the left, for one column on the right.

    Raises ShapeError if the sizes k differ.

    >>> import lucid
    >>> matmul(lucid.asarray([[1, 2]]), lucid.asarray([[3], [4]]))
    tensor([[11]], dtype=int64, device='cpu')
    """
    x1, x2 = together("matmul", ANY, tensor("matmul", x1, "x1"), tensor("matmul", x2, "x2"))
    _check_shapes("matmul", x1, x2)
    if x1.ndim > 1 and x2.ndim > 1:
        return apply(matmul, x1, x2)
    row, column = x1.ndim == 1, x2.ndim == 1
    out = apply(matmul, x1[None, :] if row else x1, x2[:, None] if column else x2)
    return out[..., 0, 0] if row and column else out[..., 0, :] if row else out[..., 0]


@primitive(x=lambda xp, g: xp.matrix_transpose(g))
def matrix_transpose(x: Tensor, /) -> Tensor:
    """x with its last two axes exchanged."""
    x = tensor("matrix_transpose", x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: shape {x.shape}; wanted two axes or more")
    return apply(matrix_transpose, x)
