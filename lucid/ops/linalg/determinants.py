"""Determinants."""

from typing import Any, NamedTuple

from ...autograd.operation import apply, primitive
from ...tensor import Tensor
from .matrices import adjoint, matrices_of, rounded

__all__ = ["det", "slogdet"]


class SlogdetResult(NamedTuple):
    """What `slogdet` finds: det(x) = sign exp(logabsdet)."""

    sign: Tensor
    logabsdet: Tensor


@primitive(x=lambda xp, g, x: g[..., None, None] * xp.cofactor(x))
def det(x: Tensor, /) -> Tensor:
    """The determinants (...) of square matrices (..., n, n). The gradient is right for singular matrices too.

    >>> import lucid
    >>> det(lucid.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2., dtype=float32, device='cpu')
    """
    return rounded(x, apply(det, matrices_of("det", x, square=True)))


def _to_cofactor(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """From d(x^-T) = -x^-T dx^T x^-T and d(det x) = det(x) sum(x^-T * dx); singular matrices have it, but not here."""
    transposed = xp.matrix_transpose(xp.inv(x))
    dot = xp.sum(g * out, axis=(out.ndim - 2, out.ndim - 1), keepdims=True)
    return dot * transposed - xp.matmul(xp.matmul(out, xp.matrix_transpose(g)), transposed)


@primitive(x=_to_cofactor)
def cofactor(x: Tensor, /) -> Tensor:
    """det(x) x^-T, the gradient of `det`, which singular matrices have as well."""
    return rounded(x, apply(cofactor, matrices_of("cofactor", x, square=True)))


def _to_slogdet(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """With t = trace(x^-1 dx): d logabsdet = Re t, d sign = i sign Im t."""
    (g_sign, g_log), (sign, _) = g, out
    if xp.is_complex(sign):
        g_log = g_log - xp.imag(xp.conj(g_sign) * sign) * 1j
    return g_log[..., None, None] * adjoint(xp, xp.inv(x))


@primitive(x=_to_slogdet)
def slogdet(x: Tensor, /) -> SlogdetResult:
    """Determinants of square matrices (..., n, n) that may be too large or small for a number: signs and logarithms.

    >>> import lucid
    >>> slogdet(lucid.asarray([[1.0, 0.0], [0.0, -1.0]])).sign
    tensor(-1., dtype=float32, device='cpu')
    """
    sign, logabsdet = apply(slogdet, matrices_of("slogdet", x, square=True))
    return SlogdetResult(rounded(x, sign), rounded(x, logabsdet))
