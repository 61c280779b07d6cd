"""Inverses, and solutions of linear equations."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...autograd.batches import with_key
from ...autograd.operation import apply, primitive
from ...errors import ShapeError
from ...tensor import Tensor
from .. import statistical
from ..arguments import axes as as_axes
from ..arguments import several, tensor, whole
from ..creation import eye
from ..elementwise import abs, square
from ..linear_algebra import matmul, matrix_transpose
from ..manipulation import flip, moveaxis, reshape
from ..searching import tril, triu
from ..statistical import exact
from .decompositions import svdvals
from .matrices import adjoint, equations, matrices_of, rank_of, rounded, tolerance

__all__ = ["inv", "lstsq", "pinv", "solve", "solve_triangular", "tensorinv", "tensorsolve"]


class LstsqResult(NamedTuple):
    """What `lstsq` finds; `residuals` are the sums of squares of x1 solution - x2, one for each column of x2."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def _to_inverse(xp: Any, g: Any, out: Any) -> Any:
    transposed = xp.matrix_transpose(out)
    return -xp.matmul(xp.matmul(transposed, g), transposed)


@primitive(x=_to_inverse)
def inv(x: Tensor, /) -> Tensor:
    """The inverses of square matrices (..., n, n). Raises LinAlgError if one of them is singular.

    >>> import lucid
    >>> inv(lucid.asarray([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]], dtype=float32, device='cpu')
    """
    return rounded(x, apply(inv, matrices_of("inv", x, square=True)))


def _to_left(xp: Any, g: Any, x1: Any, out: Any) -> Any:
    return -xp.matmul(xp.solve(xp.matrix_transpose(x1), g), xp.matrix_transpose(out))


@primitive(x1=_to_left, x2=lambda xp, g, x1: xp.solve(xp.matrix_transpose(x1), g))
def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The x in x1 x = x2 for square x1 (..., n, n) and x2 (..., n, k), or one vector (n,). Leading axes broadcast.

    Raises ShapeError if n differs, LinAlgError if a matrix x1 is singular.

    >>> import lucid
    >>> solve(lucid.asarray([[2.0, 0.0], [0.0, 4.0]]), lucid.asarray([1.0, 1.0]))
    tensor([0.5 , 0.25], dtype=float32, device='cpu')
    """
    a, b, vector = equations("solve", x1, x2, square=True)
    found = rounded(a, apply(solve, exact(a), exact(b)))
    return found[..., 0] if vector else found


def solve_triangular(
    x1: Tensor, x2: Tensor, /, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The x in x1 x = x2, for an upper or lower triangle x1 (..., n, n): the rest of it is not read.

    Or the x in x x1 = x2 if not `left`. A `unitriangular` matrix counts as having ones on its diagonal.

    Raises LinAlgError for a 0 on the diagonal.

    >>> import lucid
    >>> solve_triangular(lucid.asarray([[2.0, 9.0], [1.0, 1.0]]), lucid.asarray([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]], dtype=float32, device='cpu')
    """
    if not left:
        x1, x2 = matrix_transpose(x1), matrix_transpose(x2)
        return matrix_transpose(solve_triangular(x1, x2, upper=not upper, unitriangular=unitriangular))
    x1, x2, vector = equations("solve_triangular", x1, x2, square=True)
    if unitriangular:
        ones = eye(x1.shape[-1], dtype=x1.dtype, device=x1.device)
        x1 = (triu(x1, k=1) if upper else tril(x1, k=-1)) + ones
    if not upper:  # turned round it is upper, and elimination leaves an upper triangle as it is
        x1, x2 = flip(tril(x1), axis=(-2, -1)), flip(x2, axis=-2)
    found = solve(triu(x1), x2)
    found = found if upper else flip(found, axis=-2)
    return found[..., 0] if vector else found


def tensorsolve(x1: Tensor, x2: Tensor, /, *, axes: Sequence[int] | None = None) -> Tensor:
    """The x for which `tensordot` of x1 and x over all axes of x is x2; `axes` of x1 are moved to its end first.

    Raises ShapeError unless the axes of x2 and the others have as many elements.

    >>> import lucid
    >>> tensorsolve(lucid.reshape(lucid.eye(4) * 2, (2, 2, 4)), lucid.ones((2, 2)))
    tensor([0.5, 0.5, 0.5, 0.5], dtype=float32, device='cpu')
    """
    x1, x2 = tensor("tensorsolve", x1, "x1"), tensor("tensorsolve", x2, "x2")
    if axes:
        places = as_axes("tensorsolve", x1, several("tensorsolve", axes, "axes"))
        x1 = moveaxis(x1, places, tuple(range(x1.ndim - len(places), x1.ndim)))
    rest = x1.shape[x2.ndim :]
    if x1.size != x2.size**2 or prod(rest) != x2.size:
        raise ShapeError(f"tensorsolve: shapes {x1.shape} and {x2.shape} do not fit; wanted a square of {x2.size}")
    return reshape(solve(reshape(x1, (x2.size, x2.size)), reshape(x2, (-1,))), rest)


def tensorinv(x: Tensor, /, *, ind: int = 2) -> Tensor:
    """The inverse of x for `tensordot`, whose first `ind` axes have as many elements as the others, and come last.

    >>> import lucid
    >>> tensorinv(lucid.reshape(lucid.eye(4) * 2, (4, 2, 2)), ind=1).shape
    (2, 2, 4)
    """
    x, ind = tensor("tensorinv", x), whole("tensorinv", ind, "ind")
    first, rest = x.shape[:ind], x.shape[ind:]
    if ind < 1 or prod(first) != prod(rest):
        raise ShapeError(f"tensorinv: ind={ind} of shape {x.shape}; wanted as many elements before it as behind it")
    return reshape(inv(reshape(x, (prod(first), prod(rest)))), (*rest, *first))


def _to_pseudoinverse(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems, 1973."""
    p, ph, gh, mul = out, adjoint(xp, out), adjoint(xp, g), xp.matmul
    outside = mul(gh, mul(p, ph))  # (1 - x p) g^H p p^H + p^H p g^H (1 - p x) - p^H g p^H
    inside = mul(mul(ph, p), gh)
    return outside - mul(mul(x, p), outside) + inside - mul(mul(inside, p), x) - mul(mul(ph, g), ph)


@primitive(holomorphic=False, x=_to_pseudoinverse)
def pinv(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """The Moore-Penrose pseudo-inverses (..., n, m) of matrices (..., m, n).

    Singular values up to `rtol` (a number, or one for each matrix) times the largest count as 0; max(m, n) times the
    rounding error of the dtype if not given. The gradient holds while the rank stays the same.

    >>> import lucid
    >>> pinv(lucid.asarray([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5, 0. ],
            [0. , 0. ]], dtype=float32, device='cpu')
    """
    matrices = matrices_of("pinv", x)
    rtol = tolerance("pinv", x, rtol)
    rtol = rtol.array if isinstance(rtol, Tensor) else rtol
    return rounded(x, apply(pinv, with_key(matrices, (rtol,)), rtol=rtol))


def lstsq(x1: Tensor, x2: Tensor, /, *, rtol: float | Tensor | None = None) -> LstsqResult:
    """The x of least norm among those for which x1 x is nearest to x2, with (..., m, n) and (..., m, k) or one vector.

    `rtol` is that of `pinv`. Residuals are there at any rank.

    >>> import lucid
    >>> lstsq(lucid.asarray([[2.0], [0.0]]), lucid.asarray([4.0, 1.0])).solution
    tensor([2.], dtype=float32, device='cpu')
    """
    a, b, vector = equations("lstsq", x1, x2)
    a, b, low, rtol = exact(a), exact(b), a, tolerance("lstsq", a, rtol)
    solution = matmul(pinv(a, rtol=rtol), b)
    residuals = statistical.sum(square(abs(matmul(a, solution) - b)), axis=-2)
    singular = svdvals(a)
    if vector:
        solution, residuals = solution[..., 0], residuals[..., 0]
    return LstsqResult(rounded(low, solution), rounded(low, residuals), rank_of(singular, rtol), rounded(low, singular))
