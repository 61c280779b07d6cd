"""Sets of values. How many there are depends on the values, so these wait for a gpu."""

from typing import NamedTuple

from .. import devices
from ..dtypes import COMPLEX, int64
from ..dtypes import bool as bool_dtype
from ..tensor import Tensor
from .arguments import ANY, Scalar, tensor, together
from .creation import asarray, ones
from .data_types import astype
from .elementwise import equal, logical_not, not_equal
from .indexing import take
from .manipulation import concat, reshape
from .searching import nonzero, searchsorted, where
from .sorting import sort
from .statistical import cumulative_sum
from .utility import any

__all__ = ["isin", "unique_all", "unique_consecutive", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """The distinct values, where each stands first, which one each element is, and how often each occurs."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The distinct values, and how often each occurs."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The distinct values, and which one each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Tensor, /) -> UniqueAll:
    """The distinct elements of x in order, with indices of the flattened x; nan is distinct from nan, 0 not from -0.

    The gradient of a value reaches the first element that has it.

    >>> import lucid
    >>> values, indices, inverse_indices, counts = unique_all(lucid.asarray([3, 1, 3]))
    >>> values.tolist(), indices.tolist(), inverse_indices.tolist(), counts.tolist()
    ([1, 3], [1, 0], [1, 0, 1], [1, 2])
    """
    return _unique("unique_all", x)


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """The distinct elements of x in order, and how often each occurs."""
    found = _unique("unique_counts", x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """The distinct elements of x in order, and which of them each element is: x is values[inverse_indices]."""
    found = _unique("unique_inverse", x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Tensor, /) -> Tensor:
    """The distinct elements of x in order.

    >>> import lucid
    >>> unique_values(lucid.asarray([3, 1, 3]))
    tensor([1, 3], dtype=int64, device='cpu')
    """
    return _unique("unique_values", x).values


def unique_consecutive(x: Tensor, /) -> UniqueAll:
    """The elements of the flattened x without those that equal the one before: where each stands, which one each is,
    and how often it is repeated.

    >>> import lucid
    >>> unique_consecutive(lucid.asarray([3, 3, 1, 3])).values
    tensor([3, 1, 3], dtype=int64, device='cpu')
    """
    x = reshape(tensor("unique_consecutive", x), (-1,))
    begins = concat([ones((min(x.size, 1),), dtype=bool_dtype, device=x.device), not_equal(x[1:], x[:-1])])
    (indices,) = nonzero(begins)
    ends = concat([indices[1:], asarray([x.size], device=x.device)]) if x.size else indices
    return UniqueAll(x[indices], indices, cumulative_sum(astype(begins, int64)) - 1, ends - indices)


def _unique(function: str, x: Tensor) -> UniqueAll:
    x = tensor(function, x)
    backend = devices.backend(x.device)
    found = devices.backend("cpu").unique(x.detach()._host())
    indices, inverse, counts = (Tensor(backend.from_numpy(a)) for a in found)
    return UniqueAll(take(reshape(x, (-1,)), indices), indices, inverse, counts)


def isin(x1: Tensor | Scalar, x2: Tensor | Scalar, /, *, invert: bool = False) -> Tensor:
    """For each element of x1, whether x2 has one equal to it; with `invert`, whether it has none. nan equals nothing.

    >>> import lucid
    >>> isin(lucid.asarray([1, 2, 5]), lucid.asarray([5, 1]))
    tensor([ True, False,  True], dtype=bool, device='cpu')
    """
    x1, x2 = together("isin", ANY, x1, x2)
    x1, x2 = x1.detach(), reshape(x2.detach(), (-1,))
    if not x2.size or x2.dtype.kind == COMPLEX:  # complex numbers have no order to search by
        found = any(equal(x1[..., None], x2), axis=-1)
    else:
        x2 = sort(x2)
        places = searchsorted(x2, x1)
        found = equal(x2[where(places < x2.size, places, 0)], x1)
    return logical_not(found) if invert else found
