"""Products, decompositions, solutions, norms."""

from typing import Any

import lucid
from lucid import Tensor, linalg

from .adapting import Call, Unsupported, along, real


def sum_and_product(product: Call) -> Call:
    """addmm and its like: beta times the first and alpha times a product."""

    def call(x: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        found = product(a, b) * alpha
        return found if beta == 0 else x * beta + found

    return call


def inner(a: Tensor, b: Tensor) -> Tensor:
    return a * b if not a.ndim or not b.ndim else lucid.tensordot(a, b, axes=([-1], [-1]))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    if not isinstance(dims, int) and [a.shape[i] for i in dims[0]] != [b.shape[i] for i in dims[1]]:
        raise Unsupported("axes of different sizes that are summed over together")
    return lucid.tensordot(a, b, axes=dims if isinstance(dims, int) else tuple(dims))


def logdet(x: Tensor) -> Tensor:
    sign, size = linalg.slogdet(x)
    return size + lucid.log(sign) if x.dtype.name.startswith("complex") else lucid.where(sign < 0, float("nan"), size)


def cross(a: Tensor, b: Tensor, dim: Any = None) -> Tensor:
    first = next(i for i, n in enumerate(a.shape) if n == 3) if dim is None else dim
    return linalg.cross(a, b, axis=first)


def lower(x: Tensor, triangle: str) -> Tensor:
    """A Hermitian matrix of which the upper triangle counts, so that the lower one does."""
    return x if triangle == "L" else lucid.conj(x.mT)


def and_no_error(function: Call) -> Call:
    """What PyTorch's `_ex` functions return beside the result: that there was no error in any matrix."""

    def call(x: Tensor, *args: Any, check_errors: bool = False, **options: Any) -> Any:
        found = function(x, *args, **options)
        return found, lucid.zeros(x.shape[:-2], dtype=lucid.int32)

    return call


def solved(a: Tensor, b: Tensor, left: bool = True) -> Tensor:
    if b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1]):  # vectors, as many as there are matrices
        return linalg.solve(a, b[..., None])[..., 0] if left else linalg.solve(a.mT, b[..., None])[..., 0]
    return linalg.solve(a, b) if left else linalg.solve(a.mT, b.mT).mT


def solved_by_triangle(a: Tensor, b: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    return linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular)


def triangular_solve(b: Tensor, a: Tensor, upper: bool = True, transpose: bool = False,
                     unitriangular: bool = False) -> Any:  # fmt: skip
    turned = a.mT if transpose else a
    found = linalg.solve_triangular(turned, b, upper=upper != transpose, unitriangular=unitriangular)
    return found, lucid.broadcast_to(a, (*found.shape[:-2], *a.shape[-2:]))


def pinv(x: Tensor, *, atol: Any = None, rtol: Any = None, rcond: Any = None, hermitian: bool = False) -> Tensor:
    if hermitian:
        raise Unsupported("a matrix of which one triangle is read and all of it has a gradient")
    if atol is not None:
        raise Unsupported("an absolute tolerance, which the standard does not have")
    return linalg.pinv(x, rtol=rcond if rtol is None else rtol)


def rank(x: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    if atol is not None:
        raise Unsupported("an absolute tolerance, which the standard does not have")
    return linalg.matrix_rank(x, rtol=rtol)


def lstsq(a: Tensor, b: Tensor, rcond: Any = None, driver: Any = None) -> Any:
    """With residuals for more rows than columns alone, and ranks and singular values where the driver has them."""
    found = linalg.lstsq(a, b, rtol=rcond)
    none, of_rank = lucid.zeros((0,), dtype=found.residuals.dtype), lucid.zeros((0,), dtype=lucid.int64)
    residuals = found.residuals if a.shape[-2] > a.shape[-1] and driver != "gelsy" else none
    rank = found.rank if driver != "gels" else of_rank
    return found.solution, residuals, rank, found.singular_values.detach() if driver in ("gelsd", "gelss") else none


def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    return linalg.vector_norm(x, ord=ord, axis=along(x, dim), keepdims=keepdim)


def matrix_norm(x: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None) -> Tensor:
    return linalg.norm(x, ord=ord, axis=tuple(dim), keepdims=keepdim)


def norm(x: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    return linalg.norm(x, ord=ord, axis=along(x, dim), keepdims=keepdim)


def of_factor(factor: Tensor, upper: bool) -> Tensor:
    """The matrix of a factor, all of which PyTorch takes the gradient of."""
    return lucid.conj(factor.mT) @ factor if upper else factor @ lucid.conj(factor.mT)


def packed(x: Tensor, pivot: bool = True) -> tuple[Tensor, Tensor]:
    """L and U in one matrix, and the rows that LAPACK exchanges one after the other, counted from 1."""
    p, low, up = linalg.lu(x)
    m, n = x.shape[-2:]
    below = lucid.pad(low, [(0, 0)] * (x.ndim - 1) + [(0, n - low.shape[-1])])
    above = lucid.pad(up, [(0, 0)] * (x.ndim - 2) + [(0, m - up.shape[-2]), (0, 0)])
    order = lucid.reshape(lucid.argmax(real(p), axis=-2), (-1, m)).tolist() if p.size else []
    swaps = lucid.asarray([exchanges(row, min(m, n)) for row in order], dtype=lucid.int32)
    return lucid.tril(below, k=-1) + lucid.triu(above), lucid.reshape(swaps, (*x.shape[:-2], min(m, n)))


def exchanges(order: list[int], count: int) -> list[int]:
    rows, found = [*range(len(order))], []
    for i in range(count):
        j = rows.index(order[i])
        rows[i], rows[j] = rows[j], rows[i]
        found.append(j + 1)
    return found


def permutation(swaps: Tensor, m: int, dtype: Any) -> Tensor:
    """The matrices that undo exchanges of rows."""
    found = []
    for row in lucid.reshape(swaps, (-1, swaps.shape[-1])).tolist() if swaps.size else []:
        rows = [*range(m)]
        for i, j in enumerate(row):
            rows[i], rows[j - 1] = rows[j - 1], rows[i]
        found.append([[float(rows[c] == r) for c in range(m)] for r in range(m)])
    return lucid.reshape(lucid.asarray(found, dtype=dtype), (*swaps.shape[:-1], m, m))


def unpacked(lu: Tensor, pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    m, n = lu.shape[-2:]
    k = min(m, n)
    low = lucid.tril(lu[..., :k], k=-1) + lucid.eye(m, k, dtype=lu.dtype)
    return permutation(pivots, m, lu.dtype), low, lucid.triu(lu[..., :k, :])


def lu_solved(lu: Tensor, pivots: Tensor, b: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    p, low, up = unpacked(lu, pivots)
    x = p @ low @ up
    return solved(lucid.conj(x.mT) if adjoint else x, b, left)


def without_pivots(function: Call) -> Call:
    def call(x: Tensor, *args: Any, pivot: bool = True, **options: Any) -> Any:
        if not pivot:
            raise Unsupported("elimination in the order of the rows, which is not stable")
        return function(x, *args, **options)

    return call


def householder(a: Tensor, tau: Tensor) -> Tensor:
    m, n = a.shape[-2:]
    out = lucid.eye(m, dtype=a.dtype)
    for i in range(tau.shape[-1]):
        v = lucid.tril(a, k=-1)[..., i : i + 1] + lucid.eye(m, n, dtype=a.dtype)[:, i : i + 1]
        v = lucid.where(lucid.arange(m)[:, None] < i, 0.0, v)
        out = out - (out @ v) @ (lucid.conj(v.mT) * tau[..., i, None, None])
    return lucid.broadcast_to(out, (*a.shape[:-2], m, m))[..., :n]


def vander(x: Tensor, N: Any = None) -> Tensor:
    along(x, -1)
    return linalg.vander(x, n=N)


def svd(x: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    u, s, vh = linalg.svd(x, full_matrices=not some)
    return u, s, lucid.conj(vh.mT)


def qr(x: Tensor, mode: str = "reduced") -> Any:
    if mode == "r":
        raise Unsupported("R without Q")
    return linalg.qr(x, mode=mode)


NAMES: dict[str, Call] = {
    "matmul": lucid.matmul,
    "mm": lucid.matmul,
    "bmm": lucid.matmul,
    "mv": lucid.matmul,
    "dot": lucid.matmul,
    "vdot": lucid.vecdot,
    "inner": inner,
    "outer": linalg.outer,
    "kron": lucid.kron,
    "cross": cross,
    "tensordot": tensordot,
    "einsum": lambda operands, equation: lucid.einsum(equation, *operands),
    "trace": linalg.trace,
    "addmm": sum_and_product(lucid.matmul),
    "addmv": sum_and_product(lucid.matmul),
    "baddbmm": sum_and_product(lucid.matmul),
    "addbmm": sum_and_product(lambda a, b: lucid.sum(lucid.matmul(a, b), axis=0)),
    "addr": sum_and_product(linalg.outer),
    "matrix_exp": linalg.expm,
    "logdet": logdet,
    "cholesky": lambda x, upper=False: linalg.cholesky(x, upper=upper),
    "cholesky_solve": lambda b, factor, upper=False: linalg.solve(of_factor(factor, upper), b),
    "cholesky_inverse": lambda factor, upper=False: linalg.inv(of_factor(factor, upper)),
    "triangular_solve": triangular_solve,
    "pinverse": lambda x, rcond=1e-15: linalg.pinv(x, rtol=rcond),
    "qr": lambda x, some=True: linalg.qr(x, mode="reduced" if some else "complete"),
    "svd": svd,
    "lu": lambda x, pivot=True, get_infos=False: (
        *without_pivots(packed)(x, pivot=pivot),
        *[lucid.zeros(x.shape[:-2], dtype=lucid.int32)] * get_infos,
    ),
    "lu_solve": lambda b, lu, pivots: lu_solved(lu, pivots, b),
    "lu_unpack": unpacked,
    "linalg.cholesky": lambda x, upper=False: linalg.cholesky(x, upper=upper),
    "linalg.cholesky_ex": and_no_error(linalg.cholesky),
    "linalg.cond": linalg.cond,
    "linalg.cross": lambda a, b, dim=-1: linalg.cross(a, b, axis=dim),
    "linalg.det": linalg.det,
    "linalg.diagonal": lambda x, *, offset=0, dim1=-2, dim2=-1: linalg.diagonal(
        lucid.moveaxis(x, (dim1, dim2), (-2, -1)), offset=offset
    ),
    "linalg.eig": linalg.eig,
    "linalg.eigh": lambda x, UPLO="L": linalg.eigh(lower(x, UPLO)),
    "linalg.eigvals": linalg.eigvals,
    "linalg.eigvalsh": lambda x, UPLO="L": linalg.eigvalsh(lower(x, UPLO)),
    "linalg.householder_product": householder,
    "linalg.inv": linalg.inv,
    "linalg.inv_ex": and_no_error(linalg.inv),
    "linalg.lstsq": lstsq,
    "linalg.lu": without_pivots(linalg.lu),
    "linalg.lu_factor": without_pivots(packed),
    "linalg.lu_factor_ex": and_no_error(without_pivots(packed)),
    "linalg.lu_solve": lu_solved,
    "linalg.matrix_norm": matrix_norm,
    "linalg.matrix_power": linalg.matrix_power,
    "linalg.matrix_rank": rank,
    "linalg.multi_dot": linalg.multi_dot,
    "linalg.norm": norm,
    "linalg.pinv": pinv,
    "linalg.qr": qr,
    "linalg.slogdet": linalg.slogdet,
    "linalg.solve": solved,
    "linalg.solve_ex": and_no_error(solved),
    "linalg.solve_triangular": solved_by_triangle,
    "linalg.svd": linalg.svd,
    "linalg.svdvals": linalg.svdvals,
    "linalg.tensorinv": linalg.tensorinv,
    "linalg.tensorsolve": lambda a, b, dims=None: linalg.tensorsolve(a, b, axes=dims),
    "linalg.vander": vander,
    "linalg.vecdot": lambda a, b, dim=-1: linalg.vecdot(a, b, axis=dim),
    "linalg.vector_norm": vector_norm,
}
VARIANTS: dict[str, Call] = {
    "linalg.lstsq grad_oriented": lambda a, b, driver=None: lstsq(a, b, driver=driver)[:2],
    "linalg.pinv singular": lambda a, b: linalg.pinv(a @ b.mT),
}
