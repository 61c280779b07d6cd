"""Linear algebra and Fourier transforms of NumPy arrays, for both devices: LAPACK and pocketfft, with lucid's errors.

LAPACK is run in double precision, as NumPy does by itself, and results take the precision of the arguments.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import LinAlgError

__all__ = [
    *("cholesky", "cofactor", "det", "eig", "eigh", "eigvals", "eigvalsh", "elimination", "expm", "inv", "pinv"),
    *("pivots", "qr", "quotients", "slogdet", "solve", "svd", "svdvals", "tril", "triu"),
    *("fourier", "real_fourier", "inverse_real_fourier"),
]

Array = Any

SINGULAR = "{}: a matrix is singular; add a multiple of lucid.eye to it, or use lucid.linalg.pinv or lucid.linalg.lstsq"
NOT_DEFINITE = (
    "cholesky: a matrix is not positive definite; add a multiple of lucid.eye to it, or use lucid.linalg.eigh"
)
NOT_FOUND = "{}: no result was found for a matrix, as for one that holds nan or inf; look at lucid.isfinite of it"

NOT_UNIQUE = (
    "the gradient of a decomposition: two eigenvalues or singular values are equal, or one is 0, so their vectors are "
    "not unique; use the values alone, or a function without decomposition, such as lucid.linalg.inv, pinv or expm"
)


def refusing(message: str, kernel: Callable[..., Any], finite: bool = False) -> Callable[..., Any]:
    """A kernel with the errors of LAPACK in lucid's words, also for nan and inf where LAPACK may not see them."""

    def call(*arrays: Array, **options: Any) -> Any:
        if finite and not np.isfinite(arrays[0]).all():
            raise LinAlgError(message)
        try:
            found = kernel(*arrays, **options)
        except np.linalg.LinAlgError:
            raise LinAlgError(message) from None
        return tuple(found) if isinstance(found, tuple) else found

    return call


def _complex(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The results complex even where NumPy sees that they are real."""

    def call(x: Array) -> Any:
        dtype, found = np.result_type(x.dtype, np.complex64), kernel(x)
        return tuple(a.astype(dtype) for a in found) if isinstance(found, tuple) else found.astype(dtype)

    return call


cholesky = refusing(NOT_DEFINITE, np.linalg.cholesky, finite=True)
det = np.linalg.det
eig = refusing(NOT_FOUND.format("eig"), _complex(np.linalg.eig))
eigh = refusing(NOT_FOUND.format("eigh"), np.linalg.eigh, finite=True)
eigvals = refusing(NOT_FOUND.format("eigvals"), _complex(np.linalg.eigvals))
eigvalsh = refusing(NOT_FOUND.format("eigvalsh"), np.linalg.eigvalsh, finite=True)
inv = refusing(SINGULAR.format("inv"), np.linalg.inv)
pinv = refusing(NOT_FOUND.format("pinv"), np.linalg.pinv, finite=True)
qr = refusing(NOT_FOUND.format("qr"), np.linalg.qr)
solve = refusing(SINGULAR.format("solve"), np.linalg.solve)
svd = refusing(NOT_FOUND.format("svd"), np.linalg.svd, finite=True)
svdvals = refusing(NOT_FOUND.format("svdvals"), np.linalg.svdvals, finite=True)
tril, triu = np.tril, np.triu


def quotients(x1: Array, x2: Array) -> Array:
    if not x2.all():
        raise LinAlgError(NOT_UNIQUE)
    return x1 / x2


def slogdet(x: Array) -> tuple[Array, Array]:
    sign, logarithm = np.linalg.slogdet(x)
    return np.asarray(sign), np.asarray(logarithm)


def _cofactor(x: Array) -> Array:
    """det(x) x^-T, which is there for singular matrices too: by singular values where there is no inverse."""
    d = np.asarray(np.linalg.det(x))[..., None, None]
    if np.all(d != 0):
        return d * np.linalg.inv(x).swapaxes(-1, -2)
    u, s, vh = np.linalg.svd(x)
    others = np.where(np.eye(x.shape[-1], dtype=bool), np.ones((), s.dtype), s[..., None, :])
    sign = np.asarray(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return (sign * (u * np.prod(others, -1)[..., None, :]).conj() @ vh.conj()).astype(x.dtype)


cofactor = refusing(NOT_FOUND.format("det"), _cofactor)


def _eliminated(x: Array, pivoting: bool) -> tuple[Array, Array]:
    """The order of the rows, and L and U in one matrix; a pivot of 0 is passed over."""
    a = x.astype(np.result_type(x.dtype, np.float64)).reshape(math.prod(x.shape[:-2]), *x.shape[-2:])
    order = np.tile(np.arange(a.shape[1]), (a.shape[0], 1))
    each = np.arange(a.shape[0])
    for k in range(min(a.shape[1:])):
        column = a[:, k:, k]
        size = np.abs(column.real) + np.abs(column.imag)  # which LAPACK takes for that of a complex number
        best = k + size.argmax(1) if pivoting else np.full(a.shape[0], k)
        for rows in (a, order):
            rows[each, k], rows[each, best] = rows[each, best], rows[each, k].copy()
        pivot = a[:, k, k, None]
        a[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)
        a[:, k + 1 :, k + 1 :] -= a[:, k + 1 :, k, None] * a[:, k, None, k + 1 :]
    return order.reshape(x.shape[:-1]), a.reshape(x.shape).astype(x.dtype)


def pivots(x: Array) -> Array:
    return _eliminated(x, pivoting=True)[0]


def elimination(x: Array) -> Array:
    return _eliminated(x, pivoting=False)[1]


PADE = [
    *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0),
    *(10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0),
]
PADE_REACH = 5.371920351148152


def _expm(x: Array) -> Array:
    """By a Padé approximant of degree 13 of the matrix halved s times, squared s times.

    N. J. Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal. Appl. 26
    (2005), algorithm 2.3.
    """
    if not x.size:
        return x
    a = x.astype(np.result_type(x.dtype, np.float64))
    norm = np.abs(a).sum(-2).max(-1)[..., None, None]
    halvings = np.ceil(np.log2(np.maximum(norm / PADE_REACH, 1)))
    a = a / 2**halvings
    powers = [np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape), a @ a]
    for _ in range(5):
        powers.append(powers[-1] @ powers[1])
    even = np.add.reduce([c * p for c, p in zip(PADE[::2], powers, strict=True)])
    odd = a @ np.add.reduce([c * p for c, p in zip(PADE[1::2], powers, strict=True)])
    out = np.linalg.solve(even - odd, even + odd)
    for i in range(int(halvings.max())):
        out = np.where(i < halvings, out @ out, out)
    return out.astype(x.dtype)


expm = refusing(NOT_FOUND.format("expm"), _expm, finite=True)


# --- Fourier transforms, without any factor --------------------------------------------------------------------------


def fourier(x: Array, axes: tuple[int, ...], inverse: bool) -> Array:
    return np.fft.ifftn(x, axes=axes, norm="forward") if inverse else np.fft.fftn(x, axes=axes)


def real_fourier(x: Array, axis: int) -> Array:
    return np.fft.rfft(x, axis=axis)


def inverse_real_fourier(x: Array, n: int, axis: int) -> Array:
    return np.fft.irfft(x, n, axis=axis, norm="forward")
