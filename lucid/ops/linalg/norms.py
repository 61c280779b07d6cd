"""Sizes of vectors and matrices: norms, ranks, condition numbers."""

from collections.abc import Callable
from math import inf
from typing import Any

from ...dtypes import REAL
from ...errors import ShapeError
from ...tensor import Tensor
from .. import statistical
from ..arguments import FLOATING, Axis, axes, ready, tensor
from ..creation import eye
from ..elementwise import abs, sqrt, square
from ..elementwise import pow as power
from ..manipulation import pad, reshape
from ..searching import where
from ..statistical import exact
from .decompositions import svdvals
from .determinants import slogdet
from .matrices import matrices_of, rank_of, rounded, tolerance
from .solvers import inv

__all__ = ["cond", "matrix_norm", "matrix_rank", "norm", "vector_norm"]


def _root(x: Tensor, root: Callable[[Tensor], Tensor]) -> Tensor:
    """A root of numbers from 0 on, whose gradient at 0 is 0."""
    zero = x == 0
    return where(zero, 0.0, root(where(zero, 1.0, x)))


def vector_norm(x: Tensor, /, ord: int | float = 2, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
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
    return rounded(low, found)


def matrix_norm(x: Tensor, /, ord: int | float | str | None = "fro", *, keepdims: bool = False) -> Tensor:
    """The norms (...) of matrices (..., m, n).

    `ord` is "fro" (or None; the root of the sum of squares), "nuc" (the sum of singular values), 2 or -2 (the largest
    or smallest singular value), 1 or -1 (the largest or smallest sum of a column), inf or -inf (of a row). The largest
    of none is 0; the smallest of none raises ShapeError.

    >>> import lucid
    >>> matrix_norm(lucid.asarray([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    tensor(7., dtype=float32, device='cpu')
    """
    low = ready("matrix_norm", FLOATING, x)
    x = matrices_of("matrix_norm", low)
    if ord in ("fro", None):
        return vector_norm(low, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        singular = svdvals(x)
        found = statistical.sum(singular, axis=-1) if ord == "nuc" else _end(singular, ord == 2)
        found = found[..., None, None] if keepdims else found
    elif ord in (1, -1, inf, -inf):
        sums = statistical.sum(abs(x), axis=-2 if ord in (1, -1) else -1)
        found = _end(sums, ord in (1, inf))
        found = found[..., None, None] if keepdims else found
    else:
        raise ValueError(f"matrix_norm: ord={ord!r}; choose 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    return rounded(low, found)


def _end(sizes: Tensor, largest: bool) -> Tensor:
    """The largest of sizes (..., n), 0 if there is none, or the smallest."""
    if largest:
        return statistical.max(
            sizes if sizes.shape[-1] else pad(sizes, [(0, 0)] * (sizes.ndim - 1) + [(0, 1)]), axis=-1
        )
    return statistical.min(sizes, axis=-1)


def norm(x: Tensor, /, ord: int | float | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
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


def matrix_rank(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """How many singular values (...) of matrices (..., m, n) count as more than 0; `rtol` is that of `pinv`.

    >>> import lucid
    >>> matrix_rank(lucid.asarray([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1, dtype=int64, device='cpu')
    """
    return rank_of(svdvals(matrices_of("matrix_rank", x)), tolerance("matrix_rank", x, rtol))


def cond(x: Tensor, /, p: int | float | str | None = None) -> Tensor:
    """The condition numbers (...) of matrices: the norm times that of the inverse, infinite for singular ones.

    `p` is the `ord` of `matrix_norm`; for None, 2 and -2 singular values tell, and matrices need not be square.

    >>> import lucid
    >>> cond(lucid.asarray([[2.0, 0.0], [0.0, 8.0]]))
    tensor(4., dtype=float32, device='cpu')
    """
    matrices = matrices_of("cond", x, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        singular = svdvals(matrices)
        largest, smallest = singular[..., 0], singular[..., -1]
        return rounded(x, smallest / largest if p == -2 else largest / smallest)
    regular = slogdet(matrices.detach()).sign != 0
    ones = eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    inverse = inv(where(regular[..., None, None], matrices, ones))
    return rounded(x, where(regular, matrix_norm(matrices, ord=p) * matrix_norm(inverse, ord=p), inf))
