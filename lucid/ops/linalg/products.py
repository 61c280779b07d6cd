"""Powers and products of matrices and vectors."""

from collections.abc import Sequence
from typing import Any

from ...autograd.operation import apply, primitive
from ...dtypes import DEFAULT_INT
from ...errors import ShapeError
from ...tensor import Tensor
from ..arguments import NUMERIC, one_axis, several, tensor, together, whole
from ..creation import arange, eye
from ..data_types import astype
from ..elementwise import pow as power
from ..linear_algebra import matmul
from ..manipulation import broadcast_to, roll
from .matrices import matrices_of, rounded, shaped
from .solvers import inv

__all__ = ["cross", "expm", "matrix_power", "multi_dot", "outer", "vander"]


def _to_exponential(xp: Any, g: Any, x: Any) -> Any:
    """The corner of exp [[x^T, g], [0, x^T]]; R. Mathias, A chain rule for matrix functions, 1996."""
    n, before = x.shape[-1], ((0, 0),) * (x.ndim - 2)
    xt, low, high = xp.matrix_transpose(x), (0, x.shape[-1]), (x.shape[-1], 0)
    blocks = xp.pad(xt, widths=(*before, low, low)) + xp.pad(xt, widths=(*before, high, high))
    return xp.expm(blocks + xp.pad(g, widths=(*before, low, high)))[..., :n, n:]


@primitive(x=_to_exponential)
def expm(x: Tensor, /) -> Tensor:
    """The matrix exponentials 1 + x + x x / 2! + ... of square matrices (..., n, n).

    >>> import lucid
    >>> expm(lucid.asarray([[0.0, 2.0], [0.0, 0.0]]))
    tensor([[1., 2.],
            [0., 1.]], dtype=float32, device='cpu')
    """
    return rounded(x, apply(expm, matrices_of("expm", x, square=True)))


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Square matrices (..., n, n) to the power n, of the inverse if n is negative.

    >>> import lucid
    >>> matrix_power(lucid.asarray([[1, 1], [0, 1]]), 3)
    tensor([[1, 3],
            [0, 1]], dtype=int64, device='cpu')
    """
    x, n = shaped("matrix_power", tensor("matrix_power", x), square=True), whole("matrix_power", n, "n")
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return broadcast_to(eye(x.shape[-1], dtype=x.dtype, device=x.device), x.shape)
    half = matrix_power(x, n // 2) if n > 1 else None
    squared = None if half is None else matmul(half, half)
    return x if squared is None else matmul(squared, x) if n % 2 else squared


def multi_dot(arrays: Sequence[Tensor], /) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    The first may be a vector, which stands for a row, and the last one, which stands for a column.

    >>> import lucid
    >>> multi_dot([lucid.ones((2, 3)), lucid.ones((3, 4)), lucid.ones(4)]).shape
    (2,)
    """
    inputs = [tensor("multi_dot", x, f"arrays[{i}]") for i, x in enumerate(several("multi_dot", arrays, "arrays"))]
    wrong = [x.shape for i, x in enumerate(inputs) if x.ndim != 2 and not (x.ndim == 1 and i in (0, len(inputs) - 1))]
    if len(inputs) < 2 or wrong:
        raise ShapeError(f"multi_dot: got {len(inputs)} arrays {wrong or ''}; wanted two matrices or more")
    rows = [1 if i == 0 and x.ndim == 1 else x.shape[0] for i, x in enumerate(inputs)]
    sizes = [*rows, 1 if inputs[-1].ndim == 1 else inputs[-1].shape[1]]
    best: dict[tuple[int, int], tuple[int, int]] = {
        (i, i): (0, i) for i in range(len(inputs))
    }  # cost, place of the cut
    for length in range(1, len(inputs)):
        for i in range(len(inputs) - length):
            j = i + length
            best[i, j] = sorted(
                (best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )[0]

    def product(i: int, j: int) -> Tensor:
        return inputs[i] if i == j else matmul(product(i, best[i, j][1]), product(best[i, j][1] + 1, j))

    return product(0, len(inputs) - 1)


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The products (n, m) of all pairs of elements of two vectors (n,) and (m,)."""
    x1, x2 = tensor("outer", x1, "x1"), tensor("outer", x2, "x2")
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"outer: shapes {x1.shape} and {x2.shape}; wanted two vectors")
    return x1[:, None] * x2


def vander(x: Tensor, /, *, n: int | None = None) -> Tensor:
    """The powers 0, 1, ..., n - 1 of each element of x (..., k), in rows (..., k, n); n is k if not given.

    Those of bools and integers are int64.

    >>> import lucid
    >>> vander(lucid.asarray([2, 3]), n=3)
    tensor([[1, 2, 4],
            [1, 3, 9]], dtype=int64, device='cpu')
    """
    x = tensor("vander", x)
    x = x if x.dtype.is_floating else astype(x, DEFAULT_INT)
    n = n if n is None else whole("vander", n, "n")
    if not x.ndim or (n is not None and n < 0):
        raise ShapeError(f"vander: n={n} and x of shape {x.shape}; wanted vectors, and a number of powers")
    powers = arange(x.shape[-1] if n is None else n, device=x.device)
    return power(x[..., None], astype(powers, x.dtype))


def cross(x1: Tensor, x2: Tensor, /, axis: int = -1) -> Tensor:
    """The cross products of the vectors of length 3 along an axis of both; other axes broadcast.

    >>> import lucid
    >>> cross(lucid.asarray([1, 0, 0]), lucid.asarray([0, 1, 0]))
    tensor([0, 0, 1], dtype=int64, device='cpu')
    """
    x1, x2 = together("cross", NUMERIC, tensor("cross", x1, "x1"), tensor("cross", x2, "x2"))
    lengths = [x.shape[one_axis("cross", x.ndim, axis)] for x in (x1, x2)]
    if lengths != [3, 3]:
        raise ShapeError(f"cross: vectors of lengths {lengths[0]} and {lengths[1]} along axis {axis}; wanted 3")
    (a1, a2), (b1, b2) = ((roll(x, -1, axis=axis), roll(x, -2, axis=axis)) for x in (x1, x2))
    return a1 * b2 - a2 * b1
