"""Diagonals of matrices."""

from ...dtypes import DType
from ...tensor import Tensor
from .. import statistical
from ..arguments import NUMERIC, ready, tensor
from ..manipulation import reshape
from .matrices import shaped

__all__ = ["diagonal", "trace"]


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals (..., k) of matrices (..., m, n), `offset` places above the main one.

    >>> import lucid
    >>> diagonal(lucid.asarray([[1, 2], [3, 4]]), offset=1)
    tensor([2], dtype=int64, device='cpu')
    """
    x = shaped("diagonal", tensor("diagonal", x))
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
