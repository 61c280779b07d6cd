"""Gaussian elimination: the decomposition into triangles."""

from typing import Any, NamedTuple

from ...autograd.operation import apply, primitive
from ...tensor import Tensor
from ..creation import arange, eye
from ..data_types import astype
from ..elementwise import equal
from ..indexing import take_along_axis
from ..linear_algebra import matrix_transpose
from ..manipulation import concat
from ..searching import tril, triu
from .matrices import adjoint, matrices_of, rounded
from .solvers import solve

__all__ = ["lu"]


class LUResult(NamedTuple):
    """What `lu` finds: x = P L U."""

    P: Tensor
    L: Tensor
    U: Tensor


@primitive()
def pivots(x: Tensor, /) -> Tensor:
    """The order, int64, in which elimination takes the rows of matrices, so that each pivot is the largest."""
    return apply(pivots, x)


def _to_elimination(xp: Any, g: Any, out: Any) -> Any:
    """From dx = dL U + L dU: the two triangles of L^-1 dx U^-1 are L^-1 dL and dU U^-1."""
    upper = xp.triu(out, k=0)
    lower = out - upper
    lower = lower + xp.tril(xp.triu(xp.ones_like(out), k=0), k=0)
    of_lower = xp.tril(xp.matmul(adjoint(xp, lower), xp.tril(g, k=-1)), k=-1)
    of_upper = xp.triu(xp.matmul(xp.triu(g, k=0), adjoint(xp, upper)), k=0)
    found = xp.solve(adjoint(xp, lower), of_lower + of_upper)
    return adjoint(xp, xp.solve(upper, adjoint(xp, found)))


@primitive(holomorphic=False, x=_to_elimination)
def elimination(x: Tensor, /) -> Tensor:
    """L, whose diagonal of ones is not written down, and U in one matrix, where L U is a square matrix x."""
    return apply(elimination, x)


def lu(x: Tensor, /) -> LUResult:
    """Lower triangular L with ones on its diagonal, upper triangular U and a permutation P with x = P L U.

    With k = min(m, n), x is (..., m, n), P (..., m, m), L (..., m, k) and U (..., k, n). There is a gradient where the
    first k columns are independent. Raises LinAlgError if m > n and they are not.

    >>> import lucid
    >>> lu(lucid.asarray([[1.0, 2.0], [2.0, 2.0]])).U
    tensor([[2., 2.],
            [0., 1.]], dtype=float32, device='cpu')
    """
    matrices = matrices_of("lu", x)
    (m, n), k = matrices.shape[-2:], sorted(matrices.shape[-2:])[0]
    order = pivots(matrices.detach())
    rows = take_along_axis(matrices, order[..., None], axis=-2)
    packed = elimination(rows[..., :k, :k])
    upper = triu(packed)
    lower = tril(packed, k=-1) + eye(k, dtype=packed.dtype, device=packed.device)
    if m > n:
        rest = solve(matrix_transpose(upper), matrix_transpose(rows[..., k:, :]))
        lower = concat([lower, matrix_transpose(rest)], axis=-2)
    elif n > m:
        upper = concat([upper, solve(lower, rows[..., k:])], axis=-1)
    here = equal(arange(m, device=x.device)[:, None], order[..., None, :])
    return LUResult(astype(here, rounded(x, lower).dtype), rounded(x, lower), rounded(x, upper))
