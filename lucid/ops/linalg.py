"""Linear algebra: the `linalg` extension of the Array API standard, and what NumPy and PyTorch have beside it.

Matrices stand in the last two axes; other axes count them. 16-bit numbers are computed with in float32, and integers
become float32. On a gpu most of this runs on the processor, in the same memory, and waits for its input.

Gradient rules write `_h` for the conjugate transpose, and the dot product of two matrices is the real part of
sum(conj(a) * b). Gradients of eigenvectors and singular vectors are quotients by the distances of values: where these
are 0 LinAlgError is raised, while the gradients of values alone are there always.
"""

from collections.abc import Callable, Sequence
from math import inf
from operator import index
from typing import Any, NamedTuple

from ..autograd.graph import offer
from ..autograd.operation import apply, primitive
from ..dtypes import REAL, DType, bfloat16, float16
from ..errors import GradientError, ShapeError
from ..tensor import Tensor
from . import statistical
from .arguments import FLOATING, NUMERIC, Axis, axes, broadcast_shapes, one_axis, ready, tensor, together
from .creation import eye
from .data_types import astype
from .elementwise import abs, conj, sqrt, square
from .elementwise import pow as power
from .linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from .manipulation import broadcast_to, concat, flip, reshape, roll
from .searching import tril, triu, where
from .statistical import exact

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer", "pinv",
    "qr", "slogdet", "solve", "solve_triangular", "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip

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


class SlogdetResult(NamedTuple):
    """What `slogdet` finds: det(x) = sign exp(logabsdet)."""

    sign: Tensor
    logabsdet: Tensor


class LstsqResult(NamedTuple):
    """What `lstsq` finds; `residuals` are the sums of squares of x1 solution - x2, one for each column of x2."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


# --- Arguments -------------------------------------------------------------------------------------------------------


def _matrices(function: str, x: Any, name: str = "x", square: bool = False) -> Tensor:
    """x as floating-point matrices, square ones if asked for, in single precision at least."""
    return exact(_shaped(function, ready(function, FLOATING, x, name), name, square))


def _shaped(function: str, x: Tensor, name: str = "x", square: bool = False) -> Tensor:
    if x.ndim < 2:
        raise ShapeError(f"{function}: {name} has shape {x.shape}; wanted matrices, with two axes or more")
    if square and x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{function}: {name} has shape {x.shape}; wanted square matrices, (..., n, n)")
    return x


def _as(x: Tensor, found: Tensor) -> Tensor:
    """A real result in the precision of x, if that is less than it was computed in."""
    return astype(found, x.dtype) if x.dtype in (float16, bfloat16) and found.dtype.kind == REAL else found


def _h(xp: Any, x: Any) -> Any:
    """The conjugate transpose."""
    return xp.conj(xp.matrix_transpose(x))


@primitive(x1=lambda xp, g, x2: xp.quotients(g, x2), x2=lambda xp, g, x2, out: -xp.quotients(g * out, x2))
def quotients(x1: Tensor, x2: Tensor, /) -> Tensor:
    """x1 / x2 in the gradient of a decomposition. Raises LinAlgError for a 0 in x2: not even 0 / 0 is known there."""
    return apply(quotients, x1, x2)


def _differences(x: Any) -> Any:
    """x_j - x_i in row i and column j."""
    return x[..., None, :] - x[..., :, None]


def _apart(xp: Any, x: Any, values: Any) -> Any:
    """x_ij / (values_j - values_i), and 0 on the diagonal."""
    one = xp.tril(xp.triu(xp.ones_like(x), k=0), k=0)
    return xp.quotients(x, _differences(values) + one) * (1 - one)


# --- Inverses and solutions ------------------------------------------------------------------------------------------


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
    return _as(x, apply(inv, _matrices("inv", x, square=True)))


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
    a, b, vector = _equations("solve", x1, x2, square=True)
    found = _as(a, apply(solve, exact(a), exact(b)))
    return found[..., 0] if vector else found


def _equations(function: str, x1: Tensor, x2: Tensor, square: bool = False) -> tuple[Tensor, Tensor, bool]:
    """Both sides of equations as matrices of one dtype, and whether the right side was one vector."""
    a, b = together(function, FLOATING, tensor(function, x1, "x1"), tensor(function, x2, "x2"))
    vector = b.ndim == 1
    a, b = _shaped(function, a, "x1", square), _shaped(function, b[:, None] if vector else b, "x2")
    if a.shape[-2] != b.shape[-2]:
        raise ShapeError(f"{function}: {a.shape[-2]} rows of x1 meet {b.shape[-2]} of x2; wanted as many of both")
    broadcast_shapes(function, a.shape[:-2], b.shape[:-2])
    return a, b, vector


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
    x1, x2, vector = _equations("solve_triangular", x1, x2, square=True)
    if unitriangular:
        ones = eye(x1.shape[-1], dtype=x1.dtype, device=x1.device)
        x1 = (triu(x1, k=1) if upper else tril(x1, k=-1)) + ones
    if not upper:  # turned round it is upper, and elimination leaves an upper triangle as it is
        x1, x2 = flip(tril(x1), axis=(-2, -1)), flip(x2, axis=-2)
    found = solve(triu(x1), x2)
    found = found if upper else flip(found, axis=-2)
    return found[..., 0] if vector else found


def _to_pseudoinverse(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems, 1973."""
    p, ph, gh, mul = out, _h(xp, out), _h(xp, g), xp.matmul
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
    matrices = _matrices("pinv", x)
    rtol = _tolerance(x, rtol)
    return _as(x, apply(pinv, matrices, rtol=rtol.array if isinstance(rtol, Tensor) else rtol))


EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 2.0**-52, "complex128": 2.0**-52}


def _tolerance(x: Tensor, rtol: float | Tensor | None) -> float | Tensor:
    """What counts as 0 beside the largest singular value of x."""
    rounding = EPSILON.get(x.dtype.name, 2.0**-23)
    return sorted(x.shape[-2:])[-1] * rounding if rtol is None else rtol


def lstsq(x1: Tensor, x2: Tensor, /, *, rtol: float | Tensor | None = None) -> LstsqResult:
    """The x of least norm among those for which x1 x is nearest to x2, with (..., m, n) and (..., m, k) or one vector.

    `rtol` is that of `pinv`. Residuals are there at any rank.

    >>> import lucid
    >>> lstsq(lucid.asarray([[2.0], [0.0]]), lucid.asarray([4.0, 1.0])).solution
    tensor([2.], dtype=float32, device='cpu')
    """
    a, b, vector = _equations("lstsq", x1, x2)
    a, b, low, rtol = exact(a), exact(b), a, _tolerance(a, rtol)
    solution = matmul(pinv(a, rtol=rtol), b)
    residuals = statistical.sum(square(abs(matmul(a, solution) - b)), axis=-2)
    singular = svdvals(a)
    if vector:
        solution, residuals = solution[..., 0], residuals[..., 0]
    return LstsqResult(_as(low, solution), _as(low, residuals), _rank(singular, rtol), _as(low, singular))


# --- Determinants ----------------------------------------------------------------------------------------------------


@primitive(x=lambda xp, g, x: g[..., None, None] * xp.cofactor(x))
def det(x: Tensor, /) -> Tensor:
    """The determinants (...) of square matrices (..., n, n). The gradient is right for singular matrices too.

    >>> import lucid
    >>> det(lucid.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2., dtype=float32, device='cpu')
    """
    return _as(x, apply(det, _matrices("det", x, square=True)))


def _to_cofactor(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """From d(x^-T) = -x^-T dx^T x^-T and d(det x) = det(x) sum(x^-T * dx); singular matrices have it, but not here."""
    transposed = xp.matrix_transpose(xp.inv(x))
    dot = xp.sum(g * out, axis=(out.ndim - 2, out.ndim - 1), keepdims=True)
    return dot * transposed - xp.matmul(xp.matmul(out, xp.matrix_transpose(g)), transposed)


@primitive(x=_to_cofactor)
def cofactor(x: Tensor, /) -> Tensor:
    """det(x) x^-T, the gradient of `det`, which singular matrices have as well."""
    return _as(x, apply(cofactor, _matrices("cofactor", x, square=True)))


def _to_slogdet(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """With t = trace(x^-1 dx): d logabsdet = Re t, d sign = i sign Im t."""
    (g_sign, g_log), (sign, _) = g, out
    if xp.is_complex(sign):
        g_log = g_log - xp.imag(xp.conj(g_sign) * sign) * 1j
    return g_log[..., None, None] * _h(xp, xp.inv(x))


@primitive(x=_to_slogdet)
def slogdet(x: Tensor, /) -> SlogdetResult:
    """Determinants of square matrices (..., n, n) that may be too large or small for a number: signs and logarithms.

    >>> import lucid
    >>> slogdet(lucid.asarray([[1.0, 0.0], [0.0, -1.0]])).sign
    tensor(-1., dtype=float32, device='cpu')
    """
    sign, logabsdet = apply(slogdet, _matrices("slogdet", x, square=True))
    return SlogdetResult(_as(x, sign), _as(x, logabsdet))


# --- Decompositions --------------------------------------------------------------------------------------------------


def _to_cholesky(xp: Any, g: Any, out: Any) -> Any:
    """I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527."""
    lh = _h(xp, out)
    p = xp.matmul(lh, g)
    half = xp.solve(lh, (xp.tril(p, k=0) + xp.tril(p, k=-1)) * 0.5)
    found = xp.solve(lh, _h(xp, half))
    return (found + _h(xp, found)) * 0.5


@primitive(holomorphic=False, x=_to_cholesky)
def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The lower triangular L in x = L L^H, for positive definite x (..., n, n); the `upper` U in x = U^H U.

    Only that triangle of x is read; the gradient is Hermitian. Raises LinAlgError if x is not positive definite.

    >>> import lucid
    >>> cholesky(lucid.asarray([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]], dtype=float32, device='cpu')
    """
    matrices = _matrices("cholesky", x, square=True)
    if upper:
        return _as(x, conj(matrix_transpose(apply(cholesky, conj(matrix_transpose(matrices))))))
    return _as(x, apply(cholesky, matrices))


def _to_qr(xp: Any, g: Any, out: Any, mode: str) -> Any:
    """S. F. Walter, L. Lehmann, Algorithmic differentiation of linear algebra functions, arXiv:1001.1654."""
    (gq, gr), (q, r) = g, out
    if q.shape[-1] != r.shape[-1]:
        raise GradientError(
            "qr: mode='complete' of matrices with more rows than columns has no gradient; use 'reduced'"
        )
    m = xp.matmul(gr, _h(xp, r)) - xp.matmul(_h(xp, q), gq)
    half = (xp.triu(m, k=0) + xp.triu(m, k=1)) * 0.5
    return _h(xp, xp.solve(r, _h(xp, gq + xp.matmul(q, half + _h(xp, half)))))


@primitive(x=_to_qr)
def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthonormal columns Q and upper triangular R with x = Q R, for x (..., m, n).

    With mode "reduced" Q is (..., m, k) and R (..., k, n), where k = min(m, n); with "complete" Q is (..., m, m) and R
    (..., m, n). There is a gradient where the first k columns of x are independent, and Q has no more columns than x.

    >>> import lucid
    >>> [part.shape for part in qr(lucid.ones((3, 2)))]
    [(3, 2), (2, 2)]
    """
    matrices = _matrices("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode={mode!r}; choose 'reduced' or 'complete'")
    m, n = matrices.shape[-2:]
    if m >= n:
        q, r = apply(qr, matrices, mode=mode)
    else:  # Q comes from the first m columns, and the others become Q^H x
        q, r = apply(qr, matrices[..., :m], mode="reduced")
        r = concat([r, matmul(conj(matrix_transpose(q)), matrices[..., m:])], axis=-1)
    return QRResult(_as(x, q), _as(x, r))


def _to_eigh(xp: Any, g: Any, out: Any, reached: Any, x_dtype: DType) -> Any:
    """M. B. Giles, Collected matrix derivative results for forward and reverse mode AD, 2008, section 3.1."""
    (gw, gv), (w, v) = g, out
    vh = _h(xp, v)
    if not reached[1]:
        return xp.matmul(v * gw[..., None, :], vh)
    turned = _apart(xp, xp.matmul(vh, gv), xp.astype(w, x_dtype))
    return xp.matmul(v * gw[..., None, :] + xp.matmul(v, turned + _h(xp, turned)) * 0.5, vh)


@primitive(x=_to_eigh)
def eigh(x: Tensor, /) -> EigResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors of symmetric or Hermitian matrices (..., n, n).

    Only the lower triangle of x is read; the gradient is Hermitian. It is that of functions that do not depend on the
    signs or phases of eigenvectors; those of equal eigenvalues have none, and raise LinAlgError.

    >>> import lucid
    >>> eigh(lucid.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.], dtype=float32, device='cpu')
    """
    values, vectors = apply(eigh, _matrices("eigh", x, square=True))
    return EigResult(_as(x, values), _as(x, vectors))


def _to_eigenvalues(xp: Any, g: Any, x: Any) -> Any:
    _, v = xp.eigh(x)
    return xp.matmul(v * g[..., None, :], _h(xp, v))


@primitive(holomorphic=False, x=_to_eigenvalues)
def eigvalsh(x: Tensor, /) -> Tensor:
    """The eigenvalues, ascending, of symmetric or Hermitian matrices (..., n, n); the lower triangle is read."""
    return _as(x, apply(eigvalsh, _matrices("eigvalsh", x, square=True)))


def _to_eig(xp: Any, g: Any, out: Any, reached: Any, x_dtype: DType) -> Any:
    """For eigenvectors of length 1, whose phase does not count; C. Boeddeker et al., arXiv:1701.00392."""
    (gw, gv), (w, v) = g, out
    vh = _h(xp, v)
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
    return EigResult(*apply(eig, _matrices("eig", x, square=True)))


def _to_complex_eigenvalues(xp: Any, g: Any, x: Any, x_dtype: DType) -> Any:
    vh = _h(xp, xp.eig(x)[1])
    found = xp.solve(vh, g[..., :, None] * vh)
    return xp.real(found) if x_dtype.kind == REAL else found


@primitive(holomorphic=False, x=_to_complex_eigenvalues)
def eigvals(x: Tensor, /) -> Tensor:
    """The eigenvalues of square matrices (..., n, n): complex, in no order."""
    return apply(eigvals, _matrices("eigvals", x, square=True))


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
    of_u, of_v = xp.matmul(_h(xp, u), gu), xp.matmul(gvh, _h(xp, vh))
    a, b = of_u - _h(xp, of_u), _h(xp, of_v) - of_v
    s = xp.astype(s, x_dtype)
    sums = s[..., None, :] + s[..., :, None]
    if x_dtype.kind == REAL:  # a - b is 0 on the diagonal, also where s is
        sums = sums + xp.tril(xp.triu(xp.ones_like(sums), k=0), k=0)
    apart = _apart(xp, of_u + _h(xp, of_v), s)
    turned = (apart + _h(xp, apart) + xp.quotients(a - b, sums)) * 0.5
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
    found = apply(svd, _matrices("svd", x), full_matrices=full_matrices)
    return SVDResult(*(_as(x, part) for part in found))


def _to_singular_values(xp: Any, g: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return xp.matmul(u * g[..., None, :], vh)


@primitive(holomorphic=False, x=_to_singular_values)
def svdvals(x: Tensor, /) -> Tensor:
    """The singular values (..., min(m, n)), descending, of matrices (..., m, n)."""
    return _as(x, apply(svdvals, _matrices("svdvals", x)))


# --- Powers and products ---------------------------------------------------------------------------------------------


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
    return _as(x, apply(expm, _matrices("expm", x, square=True)))


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Square matrices (..., n, n) to the power n, of the inverse if n is negative.

    >>> import lucid
    >>> matrix_power(lucid.asarray([[1, 1], [0, 1]]), 3)
    tensor([[1, 3],
            [0, 1]], dtype=int64, device='cpu')
    """
    x, n = _shaped("matrix_power", tensor("matrix_power", x), square=True), index(n)
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
    inputs = [tensor("multi_dot", x, f"arrays[{i}]") for i, x in enumerate(arrays)]
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


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
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


# --- Diagonals -------------------------------------------------------------------------------------------------------


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals (..., k) of matrices (..., m, n), `offset` places above the main one.

    >>> import lucid
    >>> diagonal(lucid.asarray([[1, 2], [3, 4]]), offset=1)
    tensor([2], dtype=int64, device='cpu')
    """
    x = _shaped("diagonal", tensor("diagonal", x))
    m, n = x.shape[-2:]
    first = -offset * n if offset < 0 else offset
    length = sorted((m + offset, n) if offset < 0 else (m, n - offset))[0]
    flat = reshape(x, (*x.shape[:-2], m * n))
    return flat[..., first : first + length * (n + 1) : n + 1] if length > 0 else flat[..., :0]


def trace(x: Tensor, /, *, offset: int = 0, dtype: DType | None = None) -> Tensor:
    """The sums (...) of the diagonals of matrices (..., m, n), `offset` places above the main one.

    Integers add up in 64 bits. Raises ShapeError if there are no matrices.
    """
    return statistical.sum(diagonal(ready("trace", NUMERIC, x), offset=offset), axis=-1, dtype=dtype)


# --- Norms -----------------------------------------------------------------------------------------------------------


def _root(x: Tensor, root: Callable[[Tensor], Tensor]) -> Tensor:
    """A root of numbers from 0 on, whose gradient at 0 is 0."""
    zero = x == 0
    return where(zero, 0.0, root(where(zero, 1.0, x)))


def vector_norm(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False, ord: int | float = 2) -> Tensor:
    """The norms sum(abs(x) ** ord) ** (1 / ord) of the vectors along axes, all of them for None.

    `ord` may be inf (the largest absolute value), -inf (the smallest) and 0 (how many are not 0). The gradient at
    a norm of 0 is 0.

    >>> import lucid
    >>> vector_norm(lucid.asarray([3.0, 4.0]))
    tensor(5., dtype=float32, device='cpu')
    """
    low = ready("vector_norm", FLOATING, x)
    x = exact(low)
    along: dict[str, Any] = {"axis": axes("vector_norm", x, axis), "keepdims": keepdims}
    if not isinstance(ord, int | float):
        raise ValueError(f"vector_norm: ord={ord!r}; wanted a number, inf or -inf")
    size = x if x.dtype.kind == REAL and ord == 2 else abs(x)
    if ord == 2:
        found = _root(statistical.sum(square(size), **along), sqrt)
    elif ord in (inf, -inf):
        found = (statistical.max if ord > 0 else statistical.min)(size, **along)
    elif ord == 0:
        found = statistical.sum(where(size != 0, 1.0, size), **along)
    elif ord == 1:
        found = statistical.sum(size, **along)
    else:
        zero = size == 0
        powers = where(zero, 0.0 if ord > 0 else inf, power(where(zero, 1.0, size), ord))
        found = _root(statistical.sum(powers, **along), lambda s: power(s, 1 / ord))
    return _as(low, found)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: int | float | str | None = "fro") -> Tensor:
    """The norms (...) of matrices (..., m, n).

    `ord` is "fro" (or None; the root of the sum of squares), "nuc" (the sum of singular values), 2 or -2 (the largest
    or smallest singular value), 1 or -1 (the largest or smallest sum of a column), inf or -inf (of a row).

    >>> import lucid
    >>> matrix_norm(lucid.asarray([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    tensor(7., dtype=float32, device='cpu')
    """
    low = ready("matrix_norm", FLOATING, x)
    x = _matrices("matrix_norm", low)
    if ord in ("fro", None):
        return vector_norm(low, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        singular = svdvals(x)
        found = statistical.sum(singular, axis=-1) if ord == "nuc" else singular[..., 0 if ord == 2 else -1]
        found = found[..., None, None] if keepdims else found
    elif ord in (1, -1, inf, -inf):
        column = ord in (1, -1)
        sums = statistical.sum(abs(x), axis=-2 if column else -1, keepdims=True)
        extreme = statistical.max if ord in (1, inf) else statistical.min
        found = extreme(sums, axis=(-2, -1), keepdims=keepdims)
    else:
        raise ValueError(f"matrix_norm: ord={ord!r}; choose 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    return _as(low, found)


def norm(x: Tensor, /, *, ord: int | float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`vector_norm` along one axis, `matrix_norm` along two; without `axis`, of x as one vector or one matrix.

    Without `ord` and `axis`, the root of the sum of all squares.

    >>> import lucid
    >>> norm(lucid.asarray([[3.0, 4.0]]), ord=1)
    tensor(4., dtype=float32, device='cpu')
    """
    x = tensor("norm", x)
    if axis is None and (ord is None or x.ndim == 1):
        return vector_norm(x, keepdims=keepdims, ord=2 if ord is None else ord)  # type: ignore[arg-type]
    along = axes("norm", x, axis)
    if len(along) == 1:
        return vector_norm(x, axis=along, keepdims=keepdims, ord=2 if ord is None else ord)  # type: ignore[arg-type]
    if len(along) != 2:
        raise ShapeError(f"norm: axis={axis} of shape {x.shape}; wanted one axis for vectors or two for matrices")
    rest = tuple(i for i in range(x.ndim) if i not in along)
    found = matrix_norm(x.permute_dims((*rest, *along)), ord=ord)
    return reshape(found, tuple(1 if i in along else n for i, n in enumerate(x.shape))) if keepdims else found


def _rank(singular: Tensor, rtol: float | Tensor) -> Tensor:
    largest = singular[..., :1]
    limit = rtol[..., None] if isinstance(rtol, Tensor) else rtol
    return statistical.sum(singular.detach() > (largest * limit).detach(), axis=-1)


def matrix_rank(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """How many singular values (...) of matrices (..., m, n) count as more than 0; `rtol` is that of `pinv`.

    >>> import lucid
    >>> matrix_rank(lucid.asarray([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1, dtype=int64, device='cpu')
    """
    return _rank(svdvals(_matrices("matrix_rank", x)), _tolerance(x, rtol))


def cond(x: Tensor, /, p: int | float | str | None = None) -> Tensor:
    """The condition numbers (...) of matrices: the norm times that of the inverse, infinite for singular ones.

    `p` is the `ord` of `matrix_norm`; for None, 2 and -2 singular values tell, and matrices need not be square.

    >>> import lucid
    >>> cond(lucid.asarray([[2.0, 0.0], [0.0, 8.0]]))
    tensor(4., dtype=float32, device='cpu')
    """
    matrices = _matrices("cond", x, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        singular = svdvals(matrices)
        largest, smallest = singular[..., 0], singular[..., -1]
        return _as(x, smallest / largest if p == -2 else largest / smallest)
    regular = slogdet(matrices.detach()).sign != 0
    ones = eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    inverse = inv(where(regular[..., None, None], matrices, ones))
    return _as(x, where(regular, matrix_norm(matrices, ord=p) * matrix_norm(inverse, ord=p), inf))
