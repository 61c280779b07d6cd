"""How samples relate to each other: distances, covariances, correlations."""

from math import inf
from typing import Any

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import FLOATING, INTEGERS, REAL_FLOATING, broadcast_shapes, number, ready, tensor, together
from .data_types import astype
from .elementwise import abs, conj, real, sqrt
from .linalg import diagonal, vector_norm
from .linear_algebra import matmul, matrix_transpose
from .manipulation import reshape, squeeze
from .searching import where
from .statistical import exact, mean, sum

__all__ = ["cdist", "corrcoef", "cov"]


def cdist(x1: Tensor, x2: Tensor, /, *, p: float = 2.0) -> Tensor:
    """The distances (..., n, m) of all vectors of x1 (..., n, k) from all of x2 (..., m, k); leading axes broadcast.

    A distance is the `linalg.vector_norm` of order `p` of the difference.

    >>> import lucid
    >>> cdist(lucid.asarray([[0.0, 0.0], [3.0, 4.0]]), lucid.asarray([[0.0, 0.0]]))
    tensor([[0.],
            [5.]], dtype=float32, device='cpu')
    """
    x1, x2 = together("cdist", REAL_FLOATING, tensor("cdist", x1, "x1"), tensor("cdist", x2, "x2"))
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"cdist: shapes {x1.shape} and {x2.shape}; wanted (..., n, k) and (..., m, k)")
    if number("cdist", p, "p") < 0:
        raise ValueError(f"cdist: p={p}; wanted an order of at least 0")
    broadcast_shapes("cdist", x1.shape[:-2], x2.shape[:-2])
    if p == 2:
        return _distances(x1, x2)
    between = _between(x1, x2)
    return vector_norm(between, axis=-1, ord=p) if between.shape[-1] or p != inf else sum(between, axis=-1)


@composite
def _distances(x1: Tensor, x2: Tensor, /) -> Tensor:
    return vector_norm(_between(x1, x2), axis=-1)


def _between(x1: Tensor, x2: Tensor) -> Tensor:
    return x1[..., :, None, :] - x2[..., None, :, :]


def cov(
    x: Tensor, /, *, correction: float = 1, frequencies: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """The covariances (n, n) of variables (n, samples), or the variance () of one, (1, samples) or (samples,).

    Sums of products of distances from the mean are divided by the number of samples less `correction`. `frequencies`
    (samples,), integers, say how often each sample occurred; `weights` (samples,) how much it counts.

    Raises ShapeError for more than two axes, or weights of another shape.

    >>> import lucid
    >>> cov(lucid.asarray([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]], dtype=float32, device='cpu')
    """
    low, correction = ready("cov", FLOATING, x), number("cov", correction, "correction")
    if low.ndim > 2:
        raise ShapeError(f"cov: x has shape {low.shape}; wanted (samples,) or (variables, samples)")
    rows = exact(low if low.ndim == 2 else reshape(low, (1, -1)))
    if frequencies is not None:
        ready("cov", INTEGERS, frequencies, "frequencies")
    given = [tensor("cov", w, "weights") for w in (frequencies, weights) if w is not None]
    if any(w.shape != rows.shape[1:] for w in given):
        raise ShapeError(f"cov: weights of shape {given[0].shape} for {rows.shape[1]} samples; wanted one for each")
    if not given:
        centred = rows - mean(rows, axis=1, keepdims=True)
        return _shaped(low, matmul(centred, conj(matrix_transpose(centred))) / _at_least_0(rows.shape[1] - correction))
    each = given[0] if len(given) == 1 else given[0] * given[1]
    each = astype(each, real(rows).dtype if rows.dtype.name.startswith("complex") else rows.dtype, copy=False)
    total: Any = sum(each)
    centred = rows - sum(rows * each, axis=1, keepdims=True) / total
    lost = correction * (sum(each * weights) / total if weights is not None else 1)
    count = total - lost
    count = where(count > 0, count, 0.0)
    return _shaped(low, matmul(centred * each, conj(matrix_transpose(centred))) / count)


def _at_least_0(count: float) -> float:
    return count if count > 0 else 0.0


def _shaped(x: Tensor, matrix: Tensor) -> Tensor:
    return astype(squeeze(matrix, (0, 1)) if matrix.shape == (1, 1) else matrix, x.dtype, copy=False)


def corrcoef(x: Tensor, /) -> Tensor:
    """The correlations (n, n) of variables (n, samples), from -1 to 1: covariances over standard deviations.

    >>> import lucid
    >>> corrcoef(lucid.asarray([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]], dtype=float32, device='cpu')
    """
    x = ready("corrcoef", FLOATING, x)
    found = cov(exact(x))
    if found.ndim == 0:
        return astype(found / found, x.dtype, copy=False)
    variances = diagonal(found)
    deviations = sqrt(real(variances) if variances.dtype.name.startswith("complex") else variances)
    found = found / deviations[:, None] / deviations[None, :]
    limited = abs(found).detach()
    return astype(where(limited > 1, found / limited, found), x.dtype, copy=False)
