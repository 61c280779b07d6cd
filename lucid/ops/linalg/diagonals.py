"""Diagonals of matrices."""

from ...dtypes import DType, as_dtype
from ...errors import ShapeError
from ...tensor import Tensor
from .. import statistical
from ..arguments import NUMERIC, ready, tensor, whole
from ..creation import arange, zeros_like
from ..elementwise import equal
from ..manipulation import pad, reshape
from ..searching import where
from .matrices import shaped

__all__ = ["diag_embed", "diagonal", "trace"]


def diagonal(x: Tensor, /, offset: int = 0) -> Tensor:
    """The diagonals (..., k) of matrices (..., m, n), `offset` places above the main one.

    >>> import lucid
    >>> diagonal(lucid.asarray([[1, 2], [3, 4]]), offset=1)
    tensor([2], dtype=int64, device='cpu')
    """
    return _diagonal("diagonal", tensor("diagonal", x), offset)


def _diagonal(function: str, x: Tensor, offset: int) -> Tensor:
    x, offset = shaped(function, x), whole(function, offset, "offset")
    m, n = x.shape[-2:]
    first = -offset * n if offset < 0 else offset
    length = sorted((m + offset, n) if offset < 0 else (m, n - offset))[0]
    flat = reshape(x, (*x.shape[:-2], m * n))
    return flat[..., first : first + length * (n + 1) : n + 1] if length > 0 else flat[..., :0]


def diag_embed(x: Tensor, /, offset: int = 0) -> Tensor:
    """Matrices (..., n, n) with x (..., k) on the diagonal `offset` places above the main one, and zeros elsewhere.

    >>> import lucid
    >>> diag_embed(lucid.asarray([1, 2]))
    tensor([[1, 0],
            [0, 2]], dtype=int64, device='cpu')
    """
    x = tensor("diag_embed", x)
    if not x.ndim:
        raise ShapeError("diag_embed: x has shape (); wanted vectors, with one axis or more")
    n = x.shape[-1] + abs(whole("diag_embed", offset, "offset"))
    x = pad(x, [(0, 0)] * (x.ndim - 1) + [(0, abs(offset))])
    places = arange(n, device=x.device)
    on = equal(places, places[:, None] + offset)
    return where(on, x[..., :, None] if offset > 0 else x[..., None, :], zeros_like(x[..., None]))


def trace(x: Tensor, /, offset: int = 0, *, dtype: DType | None = None) -> Tensor:
    """The sums (...) of the diagonals of matrices (..., m, n), `offset` places above the main one.

    Integers add up in 64 bits. Raises ShapeError if there are no matrices.
    """
    dtype = None if dtype is None else as_dtype("trace", dtype)
    return statistical.sum(_diagonal("trace", ready("trace", NUMERIC, x), offset), axis=-1, dtype=dtype)
