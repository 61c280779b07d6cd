"""Decompositions of matrices."""

from typing import Any, NamedTuple

from ...autograd.graph import offer
from ...autograd.operation import apply, primitive
from ...dtypes import REAL, DType
from ...errors import GradientError
from ...tensor import Tensor
from ..elementwise import conj
from ..linear_algebra import matmul, matrix_transpose
from ..manipulation import concat
from ..searching import tril, triu
from .matrices import adjoint, matrices_of, rounded

__all__ = ["cholesky", "eig", "eigh", "eigvals", "eigvalsh", "qr", "svd", "svdvals"]

offer(tril)
offer(triu)


class EigResult(NamedTuple):
    """What `eig` and `eigh` find: matrices (..., n, n) have `eigenvalues` (..., n); vectors are columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """What `qr` finds: x = Q R."""

    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    """What `svd` finds: x = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _differences(x: Any) -> Any:
    """x_j - x_i in row i and column j."""
    return x[..., None, :] - x[..., :, None]


def _apart(xp: Any, x: Any, values: Any) -> Any:
    """x_ij / (values_j - values_i), and 0 on the diagonal."""
    one = xp.tril(xp.triu(xp.ones_like(x), k=0), k=0)
    return xp.quotients(x, _differences(values) + one) * (1 - one)


def _to_cholesky(xp: Any, g: Any, out: Any) -> Any:
    """I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527."""
    lh = adjoint(xp, out)
    p = xp.matmul(lh, g)
    half = xp.solve(lh, (xp.tril(p, k=0) + xp.tril(p, k=-1)) * 0.5)
    found = xp.solve(lh, adjoint(xp, half))
    return (found + adjoint(xp, found)) * 0.5


@primitive(holomorphic=False, x=_to_cholesky)
def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The lower triangular L in x = L L^H, for positive definite x (..., n, n); the `upper` U in x = U^H U.

    Only that triangle of x is read; the gradient is Hermitian. Raises LinAlgError if x is not positive definite.

    >>> import lucid
    >>> cholesky(lucid.asarray([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]], dtype=float32, device='cpu')
    """
    matrices = matrices_of("cholesky", x, square=True)
    if upper:
        return rounded(x, conj(matrix_transpose(apply(cholesky, conj(matrix_transpose(matrices))))))
    return rounded(x, apply(cholesky, matrices))


def _to_qr(xp: Any, g: Any, out: Any, mode: str) -> Any:
    """S. F. Walter, L. Lehmann, Algorithmic differentiation of linear algebra functions, arXiv:1001.1654."""
    (gq, gr), (q, r) = g, out
    if q.shape[-1] != r.shape[-1]:
        raise GradientError(
            "qr: mode='complete' of matrices with more rows than columns has no gradient; use 'reduced'"
        )
    m = xp.matmul(gr, adjoint(xp, r)) - xp.matmul(adjoint(xp, q), gq)
    half = (xp.triu(m, k=0) + xp.triu(m, k=1)) * 0.5
    return adjoint(xp, xp.solve(r, adjoint(xp, gq + xp.matmul(q, half + adjoint(xp, half)))))


@primitive(x=_to_qr)
def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthonormal columns Q and upper triangular R with x = Q R, for x (..., m, n).

    With mode "reduced" Q is (..., m, k) and R (..., k, n), where k = min(m, n); with "complete" Q is (..., m, m) and R
    (..., m, n). There is a gradient where the first k columns of x are independent, and Q has no more columns than x.

    >>> import lucid
    >>> [part.shape for part in qr(lucid.ones((3, 2)))]
    [(3, 2), (2, 2)]
    """
    matrices = matrices_of("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode={mode!r}; choose 'reduced' or 'complete'")
    m, n = matrices.shape[-2:]
    if m >= n:
        q, r = apply(qr, matrices, mode=mode)
    else:  # Q comes from the first m columns, and the others become Q^H x
        q, r = apply(qr, matrices[..., :m], mode="reduced")
        r = concat([r, matmul(conj(matrix_transpose(q)), matrices[..., m:])], axis=-1)
    return QRResult(rounded(x, q), rounded(x, r))


def _to_eigh(xp: Any, g: Any, out: Any, reached: Any, x_dtype: DType) -> Any:
    """M. B. Giles, Collected matrix derivative results for forward and reverse mode AD, 2008, section 3.1."""
    (gw, gv), (w, v) = g, out
    vh = adjoint(xp, v)
    if not reached[1]:
        return xp.matmul(v * gw[..., None, :], vh)
    turned = _apart(xp, xp.matmul(vh, gv), xp.astype(w, x_dtype))
    return xp.matmul(v * gw[..., None, :] + xp.matmul(v, turned + adjoint(xp, turned)) * 0.5, vh)


@primitive(x=_to_eigh)
def eigh(x: Tensor, /) -> EigResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors of symmetric or Hermitian matrices (..., n, n).

    Only the lower triangle of x is read; the gradient is Hermitian. It is that of functions that do not depend on the
    signs or phases of eigenvectors; those of equal eigenvalues have none, and raise LinAlgError.

    >>> import lucid
    >>> eigh(lucid.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.], dtype=float32, device='cpu')
    """
    values, vectors = apply(eigh, matrices_of("eigh", x, square=True))
    return EigResult(rounded(x, values), rounded(x, vectors))


def _to_eigenvalues(xp: Any, g: Any, x: Any) -> Any:
    _, v = xp.eigh(x)
    return xp.matmul(v * g[..., None, :], adjoint(xp, v))


@primitive(holomorphic=False, x=_to_eigenvalues)
def eigvalsh(x: Tensor, /) -> Tensor:
    """The eigenvalues, ascending, of symmetric or Hermitian matrices (..., n, n); the lower triangle is read."""
    return rounded(x, apply(eigvalsh, matrices_of("eigvalsh", x, square=True)))


def _to_eig(xp: Any, g: Any, out: Any, reached: Any, x_dtype: DType) -> Any:
    """For eigenvectors of length 1, whose phase does not count; C. Boeddeker et al., arXiv:1701.00392."""
    (gw, gv), (w, v) = g, out
    vh = adjoint(xp, v)
    found = gw[..., :, None] * vh
    if reached[1]:
        along = xp.real(xp.sum(xp.conj(v) * gv, axis=(v.ndim - 2,)))[..., None, :]
        turned = _apart(xp, xp.matmul(vh, gv) - xp.matmul(vh, v) * along, xp.conj(w))
        found = found + xp.matmul(turned, vh)
    found = xp.solve(vh, found)
    return xp.real(found) if x_dtype.kind == REAL else found


@primitive(x=_to_eig)
def eig(x: Tensor, /) -> EigResult:
    """Eigenvalues and eigenvectors of length 1 of square matrices (..., n, n): complex, in no order.

    The gradient is that of functions that do not depend on the phases of eigenvectors; those of equal eigenvalues have
    none, and raise LinAlgError.

    >>> import lucid
    >>> eig(lucid.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([2.+0.j, 1.+0.j], dtype=complex64, device='cpu')
    """
    return EigResult(*apply(eig, matrices_of("eig", x, square=True)))


def _to_complex_eigenvalues(xp: Any, g: Any, x: Any, x_dtype: DType) -> Any:
    vh = adjoint(xp, xp.eig(x)[1])
    found = xp.solve(vh, g[..., :, None] * vh)
    return xp.real(found) if x_dtype.kind == REAL else found


@primitive(holomorphic=False, x=_to_complex_eigenvalues)
def eigvals(x: Tensor, /) -> Tensor:
    """The eigenvalues of square matrices (..., n, n): complex, in no order."""
    return apply(eigvals, matrices_of("eigvals", x, square=True))


def _to_svd(xp: Any, g: Any, out: Any, reached: Any, x_dtype: DType) -> Any:
    """J. Townsend, Differentiating the singular value decomposition, 2016, for complex matrices too.

    With d = s_j - s_i, t = s_j + s_i and the skew parts a of u^H gu and b of v^H gv, its (a s_j + b s_i) / (d t) is
    (a + b) / 2d + (a - b) / 2t, which loses fewer digits where d is small; and (a + b) / d is twice the Hermitian part
    of (u^H gu + v^H gv) / d.
    """
    (gu, gs, gvh), (u, s, vh) = g, out
    k = s.shape[-1]
    u, gu, vh, gvh = u[..., :k], gu[..., :k], vh[..., :k, :], gvh[..., :k, :]
    if not reached[0] and not reached[2]:
        return xp.matmul(u * gs[..., None, :], vh)
    of_u, of_v = xp.matmul(adjoint(xp, u), gu), xp.matmul(gvh, adjoint(xp, vh))
    a, b = of_u - adjoint(xp, of_u), adjoint(xp, of_v) - of_v
    s = xp.astype(s, x_dtype)
    sums = s[..., None, :] + s[..., :, None]
    if x_dtype.kind == REAL:  # a - b is 0 on the diagonal, also where s is
        sums = sums + xp.tril(xp.triu(xp.ones_like(sums), k=0), k=0)
    apart = _apart(xp, of_u + adjoint(xp, of_v), s)
    turned = (apart + adjoint(xp, apart) + xp.quotients(a - b, sums)) * 0.5
    left = xp.matmul(u, turned) + u * gs[..., None, :]
    if u.shape[-2] > k:
        left = left + xp.quotients(gu - xp.matmul(u, of_u), s[..., None, :])
    found = xp.matmul(left, vh)
    if vh.shape[-1] > k:
        found = found + xp.matmul(u, xp.quotients(gvh - xp.matmul(of_v, vh), s[..., :, None]))
    return found


@primitive(x=_to_svd)
def svd(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult:
    """x (..., m, n) = U diag(S) Vh: singular values S (..., k), descending, k = min(m, n), and orthonormal vectors.

    U is (..., m, m) and Vh (..., n, n), or (..., m, k) and (..., k, n) without `full_matrices`. The gradient is that of
    functions that do not depend on the signs or phases of vectors, nor on those beyond the first k. Vectors of equal
    singular values have none, nor those of a singular value 0 if m and n differ: LinAlgError.

    >>> import lucid
    >>> svd(lucid.asarray([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.], dtype=float32, device='cpu')
    """
    found = apply(svd, matrices_of("svd", x), full_matrices=full_matrices)
    return SVDResult(*(rounded(x, part) for part in found))


def _to_singular_values(xp: Any, g: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return xp.matmul(u * g[..., None, :], vh)


@primitive(holomorphic=False, x=_to_singular_values)
def svdvals(x: Tensor, /) -> Tensor:
    """The singular values (..., min(m, n)), descending, of matrices (..., m, n)."""
    return rounded(x, apply(svdvals, matrices_of("svdvals", x)))
