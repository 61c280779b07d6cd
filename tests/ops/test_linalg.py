"""lucid.linalg: values against NumPy and SciPy, gradients to second order, both devices, and what is refused."""

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import lucid
from lucid import linalg, tree
from lucid.autograd import check_gradients, grad
from lucid.errors import CompileError, GradientError, LinAlgError, ShapeError
from tests.op_samples import numbers

inf = math.inf
KINDS = {"real": np.float64, "complex": np.complex128}
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def some(*shape: int, kind: str = "real", salt: int = 0) -> np.ndarray:
    return numbers(*shape, dtype=KINDS[kind], salt=salt)


def turned(x: np.ndarray) -> np.ndarray:
    return np.conj(x.swapaxes(-1, -2))


def definite(*shape: int, kind: str = "real") -> np.ndarray:
    x = some(*shape, kind=kind)
    return x @ turned(x) + np.eye(shape[-1])


def h(x: lucid.Tensor) -> lucid.Tensor:
    return lucid.conj(x.mT)


# --- Values ----------------------------------------------------------------------------------------------------------

Case = tuple[str, Callable[..., Any], Callable[..., Any], list[np.ndarray]]


def values(kind: str) -> list[Case]:
    """What is to be computed, what NumPy makes of it, and of what."""
    n = partial(some, kind=kind)
    square, tall, wide, d = n(2, 3, 3), n(4, 3), n(2, 3), definite(2, 3, 3, kind=kind)
    vector, right = n(3), n(2, 3, 2)
    low = np.outer([1, 2, -1, 3], [1, -2, 4]).astype(KINDS[kind])
    triangle = np.tril(square[0])
    norms: list[Case] = [
        (
            f"{name} {ord}",
            lambda x, o=ord, f=function: f(x, ord=o),
            lambda x, o=ord, a=axis: np.linalg.norm(x, o, a),
            [tall],
        )
        for name, function, axis, orders in (
            ("matrix_norm", linalg.matrix_norm, (-2, -1), ("fro", "nuc", 1, -1, 2, -2, inf, -inf)),
            (
                "vector_norm",
                lambda x, ord: linalg.vector_norm(x, ord=ord, axis=1),
                1,
                (0, 0.5, 1, 2, 3, -1, -2.5, inf, -inf),
            ),
        )
        for ord in orders
    ]
    return [
        ("cholesky", linalg.cholesky, np.linalg.cholesky, [d]),
        ("cholesky upper", lambda x: linalg.cholesky(x, upper=True), lambda x: np.linalg.cholesky(x, upper=True), [d]),
        ("cross", linalg.cross, np.cross, [n(2, 3), vector]),
        ("cross along the first axis", lambda x, y: linalg.cross(x, y, axis=-2), lambda x, y: np.cross(x, y, axis=0),
         [n(3, 2), n(3, 2, salt=1)]),
        ("det", linalg.det, np.linalg.det, [square]),
        ("diagonal", linalg.diagonal, lambda x: np.diagonal(x, 0, -2, -1), [right]),
        ("diagonal above", lambda x: linalg.diagonal(x, offset=1), lambda x: np.diagonal(x, 1, -2, -1), [right]),
        ("diagonal below", lambda x: linalg.diagonal(x, offset=-2), lambda x: np.diagonal(x, -2, -2, -1), [right]),
        ("diagonal far off", lambda x: linalg.diagonal(x, offset=9), lambda x: np.diagonal(x, 9, -2, -1), [right]),
        ("diag_embed", linalg.diag_embed, lambda x: np.stack([np.diag(row) for row in x]), [wide[:2]]),
        ("diag_embed above", lambda x: linalg.diag_embed(x, offset=2), lambda x: np.diag(x, 2), [vector]),
        ("diag_embed below", lambda x: linalg.diag_embed(x, offset=-1), lambda x: np.diag(x, -1), [vector]),
        ("eigh", lambda x: linalg.eigh(x).eigenvalues, np.linalg.eigvalsh, [d]),
        ("eigvalsh", linalg.eigvalsh, np.linalg.eigvalsh, [d]),
        ("eigvals", linalg.eigvals, lambda x: np.linalg.eigvals(x).astype(complex), [square]),
        ("expm", linalg.expm, scipy.linalg.expm, [square * np.array([0.01, 9.0])[:, None, None]]),
        ("inv", linalg.inv, np.linalg.inv, [square]),
        ("lstsq", lambda *x: linalg.lstsq(*x)[0], lambda *x: np.linalg.lstsq(*x)[0], [tall, n(4, 2)]),
        ("lstsq of a vector", lambda *x: linalg.lstsq(*x)[0], lambda *x: np.linalg.lstsq(*x)[0], [wide, wide[:, 0]]),
        ("lstsq without full rank", lambda *x: linalg.lstsq(*x)[0], lambda *x: np.linalg.lstsq(*x)[0], [low, tall]),
        ("residuals", lambda *x: linalg.lstsq(*x)[1], lambda *x: np.linalg.lstsq(*x)[1], [tall, n(4, 2)]),
        ("matrix_power", lambda x: linalg.matrix_power(x, 5), lambda x: np.linalg.matrix_power(x, 5), [square]),
        ("matrix_power 0", lambda x: linalg.matrix_power(x, 0), lambda x: np.linalg.matrix_power(x, 0), [square]),
        ("matrix_power -3", lambda x: linalg.matrix_power(x, -3), lambda x: np.linalg.matrix_power(x, -3), [square]),
        ("matrix_rank", linalg.matrix_rank, np.linalg.matrix_rank, [np.stack([tall, low])]),
        ("matrix_rank rtol", lambda x: linalg.matrix_rank(x, rtol=0.9),
         lambda x: np.linalg.matrix_rank(x, rtol=0.9), [square]),
        ("multi_dot", lambda *x: linalg.multi_dot(x), lambda *x: np.linalg.multi_dot(x), [vector, tall.T, tall]),
        ("norm", linalg.norm, np.linalg.norm, [square]),
        ("norm of a vector", lambda x: linalg.norm(x, ord=3), lambda x: np.linalg.norm(x, 3), [vector]),
        ("norm of a matrix", lambda x: linalg.norm(x, ord="nuc"), lambda x: np.linalg.norm(x, "nuc"), [tall]),
        ("norm, axes", lambda x: linalg.norm(x, ord=1, axis=(2, 0), keepdims=True),
         lambda x: np.linalg.norm(x, 1, (2, 0), keepdims=True), [right]),
        ("outer", linalg.outer, np.linalg.outer, [vector, wide[0]]),
        ("pinv", linalg.pinv, np.linalg.pinv, [np.stack([tall, low])]),
        ("pinv rtol", lambda x, r: linalg.pinv(x, rtol=r), lambda x, r: np.linalg.pinv(x, rtol=r),
         [square, np.array([0.4, 0.0])]),
        ("slogdet", linalg.slogdet, np.linalg.slogdet, [square]),
        ("solve", linalg.solve, np.linalg.solve, [square, right]),
        ("solve a vector", linalg.solve, np.linalg.solve, [square, vector]),
        ("solve_triangular", lambda *x: linalg.solve_triangular(*x, upper=False),
         scipy.linalg.solve, [triangle, right[0]]),
        ("solve_triangular left", lambda a, b: linalg.solve_triangular(a.mT, b.mT, upper=True, left=False).mT,
         scipy.linalg.solve, [triangle, right[0]]),
        ("solve_triangular unit", lambda *x: linalg.solve_triangular(*x, upper=True, unitriangular=True),
         lambda a, b: scipy.linalg.solve_triangular(a, b, unit_diagonal=True), [square[0], vector]),
        ("svd", lambda x: linalg.svd(x).S, np.linalg.svdvals, [tall]),
        ("svdvals", linalg.svdvals, np.linalg.svdvals, [right]),
        ("tensordot", linalg.tensordot, np.tensordot, [n(2, 3, 4), n(3, 4, 2)]),
        ("tensordot, axes", lambda *x: linalg.tensordot(*x, axes=((0, -1), (1, 0))),
         lambda *x: np.tensordot(*x, axes=((0, -1), (1, 0))), [n(2, 3, 4), n(4, 2, 5)]),
        ("tensordot 0", lambda *x: linalg.tensordot(*x, axes=0), lambda *x: np.tensordot(*x, axes=0), [tall, wide]),
        *((f"lu {shape}", lambda x: linalg.lu(x)[1:], lambda x: scipy.linalg.lu(x)[1:], [n(*shape)])
          for shape in ((3, 3), (2, 4, 3), (3, 5))),
        ("lu of a singular matrix", lambda x: linalg.lu(x).U, lambda x: scipy.linalg.lu(x)[2], [low[:3]]),
        ("tensorinv", linalg.tensorinv, np.linalg.tensorinv, [n(2, 3, 3, 2)]),
        ("tensorsolve", linalg.tensorsolve, np.linalg.tensorsolve, [n(2, 3, 6), n(2, 3)]),
        ("tensorsolve, axes", lambda *x: linalg.tensorsolve(*x, axes=(0, 2)),
         lambda *x: np.linalg.tensorsolve(*x, axes=(0, 2)), [n(3, 4, 4, 3), n(3, 4)]),
        ("vander", linalg.vander, lambda x: np.vander(x, increasing=True), [vector]),
        ("vander, n", lambda x: linalg.vander(x, n=5), lambda x: np.vander(x, 5, increasing=True), [vector]),
        ("trace", linalg.trace, lambda x: np.trace(x, 0, -2, -1), [right]),
        ("vecdot", linalg.vecdot, np.vecdot, [square, vector]),
        *((f"cond {p}", lambda x, p=p: linalg.cond(x, p), lambda x, p=p: np.linalg.cond(x, p), [square[0]])
          for p in (None, 2, -2, 1, -1, inf, "fro", "nuc")),
        *norms,
    ]  # fmt: skip


ALL = [pytest.param(kind, *case, id=f"{kind} {case[0]}") for kind in KINDS for case in values(kind)]
SINGLE = {np.float64: np.float32, np.complex128: np.complex64}


@pytest.mark.parametrize(("kind", "name", "function", "reference", "arrays"), ALL)
def test_values_are_those_of_numpy(
    device: str,
    kind: str,
    name: str,
    function: Callable[..., Any],
    reference: Callable[..., Any],
    arrays: list[np.ndarray],
) -> None:
    """In double precision on the cpu; in single precision on both devices."""
    for single in (False, True) if device == "cpu" else (True,):
        given = [x.astype(SINGLE[x.dtype.type]) if single else x for x in arrays]
        found = tree.leaves(function(*(lucid.asarray(x, device=device) for x in given)))
        wanted = reference(*(x.astype(KINDS["complex" if x.dtype.kind == "c" else "real"]) for x in given))
        wanted = list(wanted) if isinstance(wanted, tuple) else [np.asarray(wanted)]
        off = 2e-3 if single and "rank" in name else 2e-4 if single else 1e-9
        for x, y in zip(found, wanted, strict=True):
            assert (x.device, x.shape) == (device, y.shape)
            assert x.dtype.name == (y.dtype if not single or y.dtype.kind == "i" else SINGLE[y.dtype.type]().dtype).name
            np.testing.assert_allclose(x.numpy(), y, rtol=off, atol=off)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (3, 5), (0, 3), (3, 0), (0, 2, 2), (2, 0, 0)])
def test_decompositions_make_what_was_decomposed(device: str, kind: str, shape: tuple[int, ...]) -> None:
    host = some(*shape, kind=kind).astype(SINGLE[KINDS[kind]])
    x, (m, n) = lucid.asarray(host, device=device), shape[-2:]
    k = min(m, n)

    def same(found: lucid.Tensor, wanted: Any) -> None:
        np.testing.assert_allclose(
            found.numpy(), np.broadcast_to(np.asarray(wanted), found.shape), rtol=1e-4, atol=1e-5
        )

    for mode, columns in (("reduced", k), ("complete", m)):
        q, r = linalg.qr(x, mode=mode)
        assert (q.shape, r.shape) == ((*shape[:-2], m, columns), (*shape[:-2], columns, n))
        same(q @ r, host)
        same(h(q) @ q, np.eye(columns))
        same(lucid.tril(r, k=-1), 0)
    for full in (False, True):
        u, s, vh = linalg.svd(x, full_matrices=full)
        assert (u.shape[-1], vh.shape[-2]) == ((m, n) if full else (k, k))
        assert s.dtype is lucid.float32
        same((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], host)
        same(h(u) @ u, np.eye(u.shape[-1]))
        same(vh @ h(vh), np.eye(vh.shape[-2]))
    p, lower, upper = linalg.lu(x)
    assert (p.shape[-2:], lower.shape[-2:], upper.shape[-2:]) == ((m, m), (m, k), (k, n))
    same(p @ lower @ upper, host)
    same(h(p) @ p, np.eye(m))
    if m == n:
        hermitian = x + h(x)
        w, v = linalg.eigh(hermitian)
        same((v * w[..., None, :]) @ h(v), hermitian.numpy())
        w, v = linalg.eig(x)
        assert (w.dtype, v.dtype) == (lucid.complex64, lucid.complex64)
        same(x @ v, (v * w[..., None, :]).numpy())


def test_results_have_the_names_of_the_standard(device: str) -> None:
    x = lucid.eye(2, device=device)
    names = {"eigh": "eigenvalues eigenvectors", "eig": "eigenvalues eigenvectors", "qr": "Q R", "svd": "U S Vh"}
    for function, fields in (names | {"slogdet": "sign logabsdet"}).items():
        assert getattr(linalg, function)(x)._fields == tuple(fields.split())
    assert linalg.lstsq(x, x)._fields == ("solution", "residuals", "rank", "singular_values")
    assert all(hasattr(linalg, name) for name in linalg.__all__)
    assert linalg.matmul is lucid.matmul
    assert linalg.tensordot is lucid.tensordot


@pytest.mark.parametrize("shape", [(5, 0), (0, 5), (0, 0), (2, 0, 3)])
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, 2, inf])
def test_the_norm_of_a_matrix_without_elements_is_0(ord: Any, shape: tuple[int, ...], device: str) -> None:
    found = linalg.matrix_norm(lucid.zeros(shape, device=device), ord=ord)
    np.testing.assert_array_equal(found.numpy(), np.linalg.norm(np.zeros(shape), ord, (-2, -1)))
    if ord in (1, 2, inf) and shape != (2, 0, 3):
        with pytest.raises(ShapeError, match="no elements"):
            linalg.matrix_norm(lucid.zeros((0, 0), device=device), ord=-ord)


def test_rows_are_exchanged_as_lapack_does(device: str) -> None:
    """Of a complex number, |re| + |im| is the size: here 2 + 2i counts for more than 3."""
    x = np.array([[3, 1], [2 + 2j, 1]], np.complex64)
    p, low, up = linalg.lu(lucid.asarray(x, device=device))
    for found, wanted in zip((p, low, up), scipy.linalg.lu(x), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6)
    assert p.tolist() == [[0, 1], [1, 0]]


def test_powers_of_integers_in_64_bits(device: str) -> None:
    x = lucid.asarray([100, -3], dtype=lucid.int8, device=device)
    assert linalg.vander(x, n=4).tolist() == [[1, 100, 10_000, 1_000_000], [1, -3, 9, -27]]


def test_16_bit_numbers_and_integers(device: str) -> None:
    for dtype in (lucid.float16, lucid.bfloat16):
        x = lucid.asarray([[4.0, 2.0], [2.0, 2.0]], dtype=dtype, device=device)
        for function in (
            linalg.inv,
            linalg.cholesky,
            linalg.det,
            linalg.pinv,
            linalg.svdvals,
            linalg.expm,
            linalg.cond,
        ):
            assert function(x).dtype is dtype
        for result in (linalg.qr(x), linalg.svd(x), linalg.eigh(x), linalg.slogdet(x)):
            assert {part.dtype for part in result} == {dtype}
        assert linalg.solve(x, x).tolist() == [[1.0, 0.0], [0.0, 1.0]]
        assert linalg.eig(x).eigenvalues.dtype is lucid.complex64
        assert linalg.matrix_rank(x).dtype is lucid.int64
        large = lucid.asarray([300.0, 400.0], dtype=lucid.float16, device=device)
        assert linalg.vector_norm(large).item() == 500.0  # whose squares are no float16
    whole = lucid.asarray([[2, 0], [0, 4]], device=device)
    assert linalg.inv(whole).tolist() == [[0.5, 0.0], [0.0, 0.25]]
    assert linalg.det(whole).dtype is lucid.float32
    small = lucid.asarray([[100, 0], [0, 100]], dtype=lucid.int8, device=device)
    assert linalg.trace(small).item() == 200


def test_only_one_triangle_is_read(device: str) -> None:
    x = lucid.asarray([[4.0, 99.0], [2.0, 2.0]], device=device)
    assert linalg.cholesky(x).tolist() == [[2.0, 0.0], [1.0, 1.0]]
    assert linalg.cholesky(x.mT, upper=True).tolist() == [[2.0, 1.0], [0.0, 1.0]]
    np.testing.assert_allclose(
        linalg.eigvalsh(x).numpy(), linalg.eigvalsh(lucid.tril(x) + lucid.tril(x, k=-1).mT).numpy()
    )
    nan = lucid.asarray([[2.0, math.nan], [1.0, 1.0]], device=device)
    assert linalg.solve_triangular(nan, lucid.ones(2, device=device), upper=False).tolist() == [0.5, 0.5]


def test_a_long_chain_is_multiplied_in_the_best_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, multiplications = (30, 35, 15, 5, 10, 20, 25), []

    def counted(a: lucid.Tensor, b: lucid.Tensor) -> lucid.Tensor:
        multiplications.append(a.shape[0] * a.shape[1] * b.shape[1])
        return lucid.matmul(a, b)

    monkeypatch.setattr(linalg.products, "matmul", counted)
    linalg.multi_dot([lucid.ones(pair) for pair in pairwise(sizes)])
    assert sum(multiplications) == 15125


# --- Gradients -------------------------------------------------------------------------------------------------------


def joined(*results: lucid.Tensor) -> lucid.Tensor:
    return lucid.concat([x.flatten() for x in results])


def of_definite(function: Callable[[lucid.Tensor], lucid.Tensor]) -> Callable[[lucid.Tensor], lucid.Tensor]:
    """Of a Hermitian matrix, all of which varies."""
    return lambda x: function(x @ h(x) + lucid.eye(x.shape[-1]))


def without_phase(v: lucid.Tensor) -> lucid.Tensor:
    """Eigenvectors as they are whatever phase they come with."""
    return v * lucid.conj(v[..., :1, :])


def pairs(x: lucid.Tensor, **options: Any) -> lucid.Tensor:
    """Of a singular value decomposition what does not depend on phases."""
    u, s, vh = linalg.svd(x, **options)
    k = s.shape[-1]
    return joined(s, u[..., :, None, :k] * h(lucid.conj(vh))[..., None, :, :k])


def gradients(kind: str) -> dict[str, tuple[Callable[..., lucid.Tensor], list[np.ndarray]]]:
    n = partial(some, kind=kind)
    square, tall, wide = n(2, 3, 3), n(4, 2), n(2, 3)
    vector, right = n(3), n(3, 2)
    return {
        "cholesky": (of_definite(linalg.cholesky), [square]),
        "cholesky upper": (of_definite(lambda x: linalg.cholesky(x, upper=True)), [square]),
        "cond": (linalg.cond, [tall]),
        "cond 1": (lambda x: linalg.cond(x, 1), [square]),
        "cross": (lambda *x: linalg.cross(*x, axis=-2), [n(3, 2), n(3, 1)]),
        "det": (linalg.det, [square]),
        "diagonal": (lambda x: linalg.diagonal(x, offset=-1), [tall]),
        "eig": (lambda x: joined(linalg.eig(x)[0], without_phase(linalg.eig(x)[1])), [square]),
        "eigh": (of_definite(lambda x: joined(linalg.eigh(x)[0], without_phase(linalg.eigh(x)[1]))), [square]),
        "eigvals": (linalg.eigvals, [square]),
        "eigvalsh": (of_definite(linalg.eigvalsh), [square]),
        "expm": (linalg.expm, [square]),
        "inv": (linalg.inv, [square]),
        "lstsq": (lambda *x: joined(*linalg.lstsq(*x)[:2]), [tall, n(4, 3)]),
        "diag_embed": (lambda x: linalg.diag_embed(x, offset=-1), [wide]),
        "lu": (lambda x: joined(*linalg.lu(x)[1:]), [square]),
        "lu tall": (lambda x: joined(*linalg.lu(x)[1:]), [tall]),
        "lu wide": (lambda x: joined(*linalg.lu(x)[1:]), [wide]),
        "tensorinv": (linalg.tensorinv, [n(2, 3, 3, 2)]),
        "tensorsolve": (linalg.tensorsolve, [n(2, 3, 6), n(2, 3)]),
        "vander": (lambda x: linalg.vander(x, n=4), [vector]),
        "matrix_power": (lambda x: linalg.matrix_power(x, -3), [square]),
        "multi_dot": (lambda *x: linalg.multi_dot(x), [vector, right, wide]),
        "outer": (linalg.outer, [vector, right[:, 0]]),
        "pinv tall": (linalg.pinv, [tall]),
        "pinv wide": (linalg.pinv, [wide]),
        "pinv without full rank": (lambda x, y: linalg.pinv(x @ y), [tall, wide]),
        "qr square": (lambda x: joined(*linalg.qr(x)), [square]),
        "qr tall": (lambda x: joined(*linalg.qr(x)), [tall]),
        "qr wide": (lambda x: joined(*linalg.qr(x)), [wide]),
        "slogdet": (lambda x: joined(*linalg.slogdet(x)), [square]),
        "solve": (linalg.solve, [square, right]),
        "solve a vector": (linalg.solve, [square, vector]),
        "solve_triangular": (lambda *x: linalg.solve_triangular(*x, upper=False), [square, right]),
        "solve_triangular upper": (
            lambda *x: linalg.solve_triangular(*x, upper=True, left=False, unitriangular=True), [square, wide]),
        "svd square": (pairs, [square]),
        "svd tall": (lambda x: pairs(x, full_matrices=False), [tall]),
        "svd wide": (pairs, [wide]),
        "svdvals": (linalg.svdvals, [tall]),
        "tensordot": (lambda *x: linalg.tensordot(*x, axes=([2, 0], [0, 1])), [n(2, 3, 4), n(4, 2, 2)]),
        "trace": (linalg.trace, [square]),
        "vecdot": (linalg.vecdot, [square, vector]),
        **{f"vector_norm {o}": (lambda x, o=o: linalg.vector_norm(x, ord=o, axis=-1), [square])
           for o in (0, 0.5, 1, 2, 3, -1.5, inf, -inf)},
        **{f"matrix_norm {o}": (lambda x, o=o: linalg.matrix_norm(x, ord=o), [tall])
           for o in ("fro", "nuc", 1, -1, 2, -2, inf, -inf)},
    }  # fmt: skip


SLOPES = [pytest.param(*case, id=f"{kind} {name}") for kind in KINDS for name, case in gradients(kind).items()]


@pytest.mark.parametrize(("function", "arrays"), SLOPES)
def test_gradients_are_those_of_finite_differences(
    function: Callable[..., lucid.Tensor], arrays: list[np.ndarray]
) -> None:
    check_gradients(function, [lucid.asarray(x, requires_grad=True) for x in arrays], rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("function", "arrays"), SLOPES)
def test_the_gpu_has_the_gradients_of_the_cpu(
    device: str, function: Callable[..., lucid.Tensor], arrays: list[np.ndarray]
) -> None:
    single = [x.astype(SINGLE[x.dtype.type]) for x in arrays]
    found = []
    for where in ("cpu", device):
        inputs = [lucid.asarray(x, device=where, requires_grad=True) for x in single]
        with lucid.use_device(where):
            out = function(
                *(x.astype(lucid.complex64 if x.dtype.kind.startswith("c") else lucid.float32) for x in inputs)
            )
        weights = np.sin(np.arange(1.0, out.size + 1) * 2.3).reshape(out.shape)
        found.append(grad(out, inputs, lucid.asarray(weights, device="cpu").astype(out.dtype).to(where)))
    for x, y in zip(*found, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-2, atol=1e-3)


AT_POINTS: list[tuple[str, Callable[..., lucid.Tensor], Any, Any]] = [
    ("norm at 0", linalg.vector_norm, [0.0, 0.0], [0.0, 0.0]),
    ("norm 3 at 0", lambda x: linalg.vector_norm(x, ord=3), [0.0, 0.0], [0.0, 0.0]),
    ("norm 1 at 0", lambda x: linalg.vector_norm(x, ord=1), [0.0, -2.0], [0.0, -1.0]),
    ("largest of ties", lambda x: linalg.vector_norm(x, ord=inf), [1.0, -1.0], [0.5, -0.5]),
    ("norm 0", lambda x: linalg.vector_norm(x, ord=0), [0.0, 3.0], [0.0, 0.0]),
    ("det of rank 1", linalg.det, SINGULAR, [[4.0, -2.0], [-2.0, 1.0]]),
    ("det of 0", linalg.det, [[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
    ("equal eigenvalues", lambda x: linalg.eigh(x).eigenvalues.sum(), np.eye(2), np.eye(2)),
    ("equal singular values", lambda x: linalg.matrix_norm(x, ord="nuc"), np.eye(2), np.eye(2)),
    ("a singular value of 0", lambda x: rebuilt(x)[0, 1], [[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]),
    ("pinv", lambda x: linalg.pinv(x)[0, 1], np.eye(2), [[0.0, -1.0], [0.0, 0.0]]),
]  # fmt: skip


def rebuilt(x: lucid.Tensor) -> lucid.Tensor:
    u, s, vh = linalg.svd(x, full_matrices=False)
    return u @ (s[:, None] * vh)


@pytest.mark.parametrize(("function", "at", "wanted"), [p[1:] for p in AT_POINTS], ids=[p[0] for p in AT_POINTS])
def test_gradient_at_special_points(device: str, function: Callable[..., lucid.Tensor], at: Any, wanted: Any) -> None:
    """Where PyTorch has a gradient, its own."""
    x = lucid.asarray(np.float32(at), device=device, requires_grad=True)
    (found,) = grad(function(x), [x])
    np.testing.assert_allclose(found.numpy(), np.float32(wanted), atol=1e-5)


def test_what_has_no_gradient_says_so(device: str) -> None:
    x = lucid.ones((3, 2), device=device, requires_grad=True)
    with pytest.raises(GradientError, match="mode='complete' of matrices with more rows than columns"):
        linalg.qr(x, mode="complete").Q.sum().backward()
    twice = lucid.asarray(np.array(SINGULAR), dtype=lucid.float32, device=device, requires_grad=True)
    (slope,) = grad(linalg.det(twice), [twice], create_graph=True)
    with pytest.raises(LinAlgError, match="inv: a matrix is singular"):
        grad(slope.sum(), [twice])
    equal = lucid.eye(2, device=device).requires_grad_()
    for function in (linalg.eigh, linalg.eig, linalg.svd):
        with pytest.raises(LinAlgError, match="two eigenvalues or singular values are equal, or one is 0"):
            lucid.abs(function(equal)[-1][0, 0]).backward()
    with pytest.raises(LinAlgError, match="so their vectors are not unique"):
        rebuilt(equal).sum().backward()
    tall = lucid.zeros((2, 1), device=device, requires_grad=True)
    with pytest.raises(LinAlgError, match="so their vectors are not unique"):
        rebuilt(tall).sum().backward()


# --- What is refused -------------------------------------------------------------------------------------------------

INDEFINITE = [[1.0, 2.0], [2.0, 1.0]]
NAN = [[math.nan, 1.0], [1.0, 1.0]]
SQUARE = ("cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv", "slogdet")
MATRICES = (*SQUARE, "pinv", "qr", "svd", "svdvals")


@pytest.mark.parametrize(
    ("function", "at", "error", "message"),
    [
        *((getattr(linalg, f), [[1.0, 2.0]], ShapeError, rf"{f}: x has shape \(1, 2\); wanted square") for f in SQUARE),
        *((getattr(linalg, f), [1.0], ShapeError, rf"{f}: x has shape \(1,\); wanted matrices") for f in MATRICES),
        (linalg.cholesky, INDEFINITE, LinAlgError, "cholesky: a matrix is not positive definite; add"),
        (linalg.cholesky, [np.eye(2), INDEFINITE], LinAlgError, "not positive definite"),
        (linalg.cholesky, NAN, LinAlgError, "not positive definite"),
        (linalg.inv, SINGULAR, LinAlgError, "inv: a matrix is singular; add"),
        (lambda x: linalg.solve(x, x), SINGULAR, LinAlgError, "solve: a matrix is singular; add"),
        (lambda x: linalg.matrix_power(x, -1), SINGULAR, LinAlgError, "inv: a matrix is singular"),
        (lambda x: linalg.solve_triangular(x * 0, x, upper=True), SINGULAR, LinAlgError, "a matrix is singular"),
        (linalg.lu, [1.0], ShapeError, r"lu: x has shape \(1,\); wanted matrices"),
        (linalg.diag_embed, 1.0, ShapeError, r"diag_embed: x has shape \(\)"),
        (linalg.vander, 1.0, ShapeError, r"vander: n=None and x of shape \(\)"),
        (linalg.tensorinv, INDEFINITE, ShapeError, "tensorinv: ind=2 of shape"),
        (lambda x: linalg.tensorsolve(x, x[0, :1]), INDEFINITE, ShapeError, "tensorsolve: shapes"),
        (linalg.svd, NAN, LinAlgError, "svd: no result was found for a matrix, as for one that holds nan"),
        (linalg.svdvals, NAN, LinAlgError, "svdvals: no result"),
        (linalg.pinv, NAN, LinAlgError, "pinv: no result"),
        (linalg.eig, NAN, LinAlgError, "eig: no result"),
        (linalg.eigh, NAN, LinAlgError, "eigh: no result"),
        (linalg.eigvalsh, NAN, LinAlgError, "eigvalsh: no result"),
        (linalg.expm, NAN, LinAlgError, "expm: no result"),
        (lambda x: linalg.solve(x, x[:1]), INDEFINITE, ShapeError, "solve: 2 rows of x1 meet 1 of x2"),
        (lambda x: linalg.pinv(x, rtol=x[0]), INDEFINITE, ShapeError, r"pinv: rtol has shape \(2,\); wanted a number"),
        (lambda x: linalg.lstsq(x, x[:1]), INDEFINITE, ShapeError, "lstsq: 2 rows of x1 meet 1 of x2"),
        (lambda x: linalg.qr(x, mode="r"), INDEFINITE, ValueError, "qr: mode='r'; choose"),
        (lambda x: linalg.matrix_norm(x, ord=3), INDEFINITE, ValueError, "matrix_norm: ord=3; choose"),
        (lambda x: linalg.vector_norm(x, ord="fro"), INDEFINITE, ValueError, "vector_norm: ord='fro'; wanted"),
        (lambda x: linalg.norm(x, axis=(0, 1, 2)), [INDEFINITE], ShapeError, "norm: axis="),
        (lambda x: linalg.cross(x, x), INDEFINITE, ShapeError, "cross: vectors of lengths 2 and 2 along axis"),
        (lambda x: linalg.outer(x, x), INDEFINITE, ShapeError, "outer: shapes"),
        (lambda x: linalg.multi_dot([x]), INDEFINITE, ShapeError, "multi_dot: got 1 arrays"),
        (lambda x: linalg.multi_dot([x, x[0], x]), INDEFINITE, ShapeError, "multi_dot: got 3 arrays"),
        (lambda x: linalg.tensordot(x, x[:1]), INDEFINITE, ShapeError, "tensordot: shapes"),
        (lambda x: linalg.tensordot(x, x, axes=3), INDEFINITE, ShapeError, "tensordot: axes=3"),
        (lambda x: linalg.vecdot(x, x[0, :1]), INDEFINITE, ShapeError, "vecdot: vectors of lengths 2 and 1"),
        (lambda x: linalg.inv([[1.0]]), INDEFINITE, TypeError, "inv: x is list; wanted a Tensor"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(
    device: str, function: Callable[..., Any], at: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        function(lucid.asarray(np.float32(at), device=device))
    assert type(caught.value) is error


def test_a_singular_matrix_has_an_infinite_condition_number(device: str) -> None:
    x = lucid.asarray(np.float32([SINGULAR, np.eye(2)]), device=device)
    assert linalg.cond(x, 1).tolist() == [inf, 1.0]
    assert linalg.cond(x)[1].item() == 1.0


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_inside_a_compiled_function_it_says_so(device: str) -> None:
    x = lucid.eye(2, device=device)
    with pytest.raises(CompileError, match=r"inv: runs in NumPy, .* call it outside of lucid\.compile"):
        lucid.compile(linalg.inv)(x)
    assert lucid.compile(lambda x: linalg.trace(linalg.matrix_power(x, 3)) + linalg.norm(x, ord=1))(x).item() == 3.0
