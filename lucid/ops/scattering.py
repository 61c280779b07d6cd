"""Reading and writing at places that tensors of indices name. What writes gives a new tensor, and x stays."""

from typing import Any

from ..autograd.batches import with_key
from ..autograd.operation import apply, primitive
from ..dtypes import BOOL, int64
from ..errors import DTypeError, ShapeError
from ..tensor import Tensor
from .arguments import (
    INTEGERS,
    ORDERED,
    REAL_FLOATING,
    Domain,
    Scalar,
    broadcast_shapes,
    choose,
    number,
    one_axis,
    ready,
    tensor,
    together,
    whole,
)
from .creation import arange, full, full_like, ones_like, zeros
from .data_types import astype, iinfo
from .elementwise import equal, greater, less, logical_and
from .indexing import canonical, getitem, scatter_add, setitem, take, take_along_axis
from .manipulation import broadcast_arrays, broadcast_to, reshape, stack
from .searching import nonzero, searchsorted, where
from .statistical import exact, max

__all__ = [
    "argwhere", "gather", "index_add", "index_select", "interp", "masked_fill", "masked_select", "one_hot",
    "put_along_axis", "scatter",
]  # fmt: skip

REDUCTIONS = (None, "sum", "mean", "prod", "amax", "amin")


def gather(x: Tensor, indices: Tensor, /, axis: int) -> Tensor:
    """The elements of x at `indices` along an axis; the result has the shape of the indices.

    Unlike `take_along_axis` it does not broadcast: along other axes x may be larger than the indices, and what lies
    beyond them is left out. Raises ShapeError if it is smaller, IndexError for an index that is not there.

    >>> import lucid
    >>> gather(lucid.asarray([[1, 2], [3, 4]]), lucid.asarray([[1]]), axis=1)
    tensor([[2]], dtype=int64, device='cpu')
    """
    x, indices, axis = _at_places("gather", x, indices, axis)
    return take_along_axis(_part(x, indices.shape, axis), indices, axis=axis)


def _at_places(function: str, x: Tensor, indices: Tensor, axis: int) -> tuple[Tensor, Tensor, int]:
    x, indices = tensor(function, x), ready(function, INTEGERS, indices, "indices")
    axis = one_axis(function, x.ndim, axis)
    if x.ndim != indices.ndim or [a for a in _beside(axis, x.ndim) if indices.shape[a] > x.shape[a]]:
        raise ShapeError(
            f"{function}: indices of shape {indices.shape} for x of shape {x.shape}; "
            f"wanted as many axes, none of them longer but axis {axis}"
        )
    return x, indices, axis


def _beside(axis: int, ndim: int) -> list[int]:
    return [a for a in range(ndim) if a != axis]


def _part(x: Tensor, shape: tuple[int, ...], axis: int) -> Tensor:
    """The beginning of x that has `shape`, and all of it along `axis`."""
    key = tuple(slice(x.shape[i] if i == axis else n) for i, n in enumerate(shape))
    return x if tuple(part.stop for part in key) == x.shape else x[key]


def _key(indices: Tensor, axis: int) -> tuple[Tensor, ...]:
    """The indices along an axis as a key for all axes: along the others each element keeps its place."""
    places = []
    for i, size in enumerate(indices.shape):
        along = [size if a == i else 1 for a in range(indices.ndim)]
        places.append(indices if i == axis else reshape(arange(size, device=indices.device), along))
    return tuple(places)


def scatter(
    x: Tensor,
    indices: Tensor,
    source: Tensor | Scalar,
    /,
    axis: int,
    *,
    reduce: str | None = None,
    include_self: bool = True,
) -> Tensor:
    """x with the elements of `source` at `indices` along an axis: out[i][indices[i][j]] = source[i][j] for axis 1.

    `reduce` says what becomes of several elements in one place and of the one that was there, which is left out without
    `include_self`: "sum", "mean", "prod", "amax" or "amin". For None an element takes the place, any one of several.
    Extreme elements that are equal share the gradient.

    Raises ValueError for another `reduce`, DTypeError for the extremes of complex numbers, ShapeError for shapes that
    do not fit, IndexError for an index that is not there.

    >>> import lucid
    >>> scatter(lucid.zeros(3), lucid.asarray([0, 2, 2]), lucid.ones(3), axis=0, reduce="sum")
    tensor([1., 0., 2.], dtype=float32, device='cpu')
    """
    choose("scatter", "reduce", reduce, REDUCTIONS)
    x, indices, axis = _at_places("scatter", x, indices, axis)
    if isinstance(source, Tensor):
        if source.ndim != x.ndim or [a for a, n in enumerate(indices.shape) if n > source.shape[a]]:
            raise ShapeError(f"scatter: source of shape {source.shape} for indices of shape {indices.shape}")
        source = astype(_part(source, indices.shape, -1), x.dtype, copy=False)
    else:
        source = full_like(zeros(indices.shape, dtype=x.dtype, device=x.device), number("scatter", source, "source"))
    if not indices.size:
        return x
    if reduce in ("amax", "amin"):
        x = ready("scatter", ORDERED, x)
    key = _key(indices, axis)
    if reduce is None:
        return setitem(x, source, key)
    places = canonical(x, key)
    dtype, x, source = x.dtype, exact(x), exact(source)
    if reduce in ("sum", "mean"):
        total = scatter_add(source, places, x.shape)
        if reduce == "sum" and include_self:
            return astype(x + total, dtype, copy=False)
        count = scatter_add(ones_like(source.detach()), places, x.shape)
        total = x + total if include_self else where(greater(count, 0), total, x)
        if reduce == "mean":
            count = count + 1 if include_self else where(greater(count, 0), count, 1)
            total = total / count if x.dtype.is_floating else total // count
        return astype(total, dtype, copy=False)
    if not include_self:
        touched = greater(scatter_add(ones_like(source.detach()), places, x.shape), 0)
        x = where(touched, {"prod": 1, "amax": _end(x, -1), "amin": _end(x, 1)}[reduce], x)
    return astype(scatter_reduce(x, source, places, reduce), dtype, copy=False)


def _shares(xp: Any, x: Any, values: Any, out: Any, key: Any, g: Any) -> tuple[Any, Any]:
    """The gradient of an extreme value, shared by all that are equal to it: those of x, and those of the values."""
    own, hit = x == out, values == xp.getitem(out, key=key)
    one, zero = xp.ones_like(x), xp.zeros_like(x)
    hits = xp.where(hit, xp.ones_like(values), xp.zeros_like(values))
    count = xp.where(own, one, zero) + xp.scatter_add(hits, key=key, shape=x.shape)
    share = g / xp.where(count == 0, one, count)
    return xp.where(own, share, zero), xp.where(hit, xp.getitem(share, key=key), xp.zeros_like(values))


def _others(xp: Any, x: Any, values: Any, key: Any, g: Any) -> tuple[Any, Any]:
    """The gradient of a product: that of the other factors. The sum of what is 0 stands for a 0 that is alone, so that
    its own derivative is 1.
    """

    def parted(factor: Any) -> tuple[Any, Any, Any]:
        """What is not 0, or 1; what is 0; and where that is."""
        none, one, zero = factor == 0, xp.ones_like(factor), xp.zeros_like(factor)
        return xp.where(none, one, factor), xp.where(none, factor, zero), xp.where(none, one, zero)

    def total(own: Any, written: Any) -> Any:
        return own + xp.scatter_add(written, key=key, shape=own.shape)

    own, written = parted(x), parted(values)
    zeros, count = total(own[1], written[1]), total(own[2], written[2])
    whole = g * xp.scatter_reduce(own[0], written[0], key=key, reduce="prod")

    def of(parts: tuple[Any, Any, Any], zeros: Any, count: Any, whole: Any) -> Any:
        factor, zero, none = parts
        others, one = count - none, xp.ones_like(factor)
        return whole / factor * xp.where(others == 0, one, xp.where(others == 1, zeros - zero, xp.zeros_like(factor)))

    return of(own, zeros, count, whole), of(written, *(xp.getitem(t, key=key) for t in (zeros, count, whole)))


def _to_scattered(place: int) -> Any:
    def rule(xp: Any, g: Any, x: Any, values: Any, out: Any, key: Any, reduce: str) -> Any:
        return (_others(xp, x, values, key, g) if reduce == "prod" else _shares(xp, x, values, out, key, g))[place]

    return rule


@primitive(x=_to_scattered(0), values=_to_scattered(1))
def scatter_reduce(x: Tensor, values: Tensor, /, key: Any, reduce: str) -> Tensor:
    """x with `values` at a canonical `key`, multiplied ("prod") with what is there, or the extreme ("amax", "amin")."""
    return apply(scatter_reduce, with_key(x, key), values, key=key, reduce=reduce)


def _end(x: Tensor, sign: int) -> Any:
    """The largest value of the dtype of x, or the least."""
    if x.dtype.kind == BOOL:
        return sign > 0
    if x.dtype.is_floating:
        return sign * float("inf")
    return iinfo(x.dtype).max if sign > 0 else iinfo(x.dtype).min


def put_along_axis(x: Tensor, indices: Tensor, values: Tensor | Scalar, /, axis: int = -1) -> Tensor:
    """x with `values` at `indices` along an axis; the indices broadcast with x along the others, and the values too.

    >>> import lucid
    >>> put_along_axis(lucid.asarray([[1, 2], [3, 4]]), lucid.asarray([[1], [0]]), 9, axis=1)
    tensor([[1, 9],
            [9, 4]], dtype=int64, device='cpu')
    """
    x, indices = tensor("put_along_axis", x), ready("put_along_axis", INTEGERS, indices, "indices")
    axis = one_axis("put_along_axis", x.ndim, axis)
    if x.ndim != indices.ndim:
        raise ShapeError(f"put_along_axis: x has {x.ndim} axes and indices {indices.ndim}; they must be as many")
    shape = tuple(n if i == axis else size for i, (n, size) in enumerate(zip(indices.shape, x.shape, strict=True)))
    values = number("put_along_axis", values, "values")
    written = values if isinstance(values, Tensor) else full((), values, device=x.device)
    return setitem(x, written, _key(broadcast_to(indices, shape), axis))


def index_select(x: Tensor, indices: Tensor, /, axis: int) -> Tensor:
    """The parts of x at `indices` (n,) along an axis.

    >>> import lucid
    >>> index_select(lucid.asarray([[1, 2], [3, 4]]), lucid.asarray([1, 1]), axis=0)
    tensor([[3, 4],
            [3, 4]], dtype=int64, device='cpu')
    """
    x = tensor("index_select", x)
    return take(x, _places("index_select", indices), axis=one_axis("index_select", x.ndim, axis))


def _places(function: str, indices: Tensor) -> Tensor:
    indices = ready(function, INTEGERS, indices, "indices")
    if indices.ndim != 1:
        raise ShapeError(f"{function}: indices have shape {indices.shape}; wanted one axis (n,)")
    return indices


def index_add(x: Tensor, indices: Tensor, source: Tensor, /, axis: int, *, alpha: Scalar = 1) -> Tensor:
    """x with `alpha` times the parts of `source` added at `indices` (n,) along an axis, once for each time named.

    >>> import lucid
    >>> index_add(lucid.zeros(2), lucid.asarray([1, 1]), lucid.ones(2), axis=0)
    tensor([0., 2.], dtype=float32, device='cpu')
    """
    x, indices = tensor("index_add", x), _places("index_add", indices)
    axis, dtype = one_axis("index_add", x.ndim, axis), x.dtype
    wanted = (*x.shape[:axis], indices.shape[0], *x.shape[axis + 1 :])
    if tensor("index_add", source, "source").shape != wanted:
        raise ShapeError(f"index_add: source has shape {source.shape}; wanted {wanted}")
    key = canonical(x, (*[slice(None)] * axis, indices))
    added = scatter_add(exact(astype(source, dtype, copy=False)), key, x.shape)
    return astype(exact(x) + (added if alpha == 1 else added * number("index_add", alpha, "alpha")), dtype, copy=False)


def masked_fill(x: Tensor, mask: Tensor, value: Tensor | Scalar, /) -> Tensor:
    """x with `value`, a number or a tensor without axes, where the mask is true; they broadcast, the dtype of x stays.

    Raises DTypeError for a value of another kind, such as a fraction among integers.

    >>> import lucid
    >>> masked_fill(lucid.ones(2), lucid.asarray([True, False]), -1)
    tensor([-1.,  1.], dtype=float32, device='cpu')
    """
    x, mask = tensor("masked_fill", x), _mask("masked_fill", mask)
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(f"masked_fill: value has shape {value.shape}; wanted a number, or a tensor without axes")
    broadcast_shapes("masked_fill", x.shape, mask.shape)
    found = where(mask, number("masked_fill", value, "value"), x)
    if found.dtype.kind != x.dtype.kind:
        what = value.dtype.name if isinstance(value, Tensor) else value
        raise DTypeError(f"masked_fill: {x.dtype.name} does not hold {what}; convert x with astype first")
    return astype(found, x.dtype, copy=False)


MASKS = Domain((BOOL,))


def _mask(function: str, mask: Tensor) -> Tensor:
    return ready(function, MASKS, mask, "mask")


def masked_select(x: Tensor, mask: Tensor, /) -> Tensor:
    """The elements of x where the mask is true, in one axis, row by row; the two broadcast. Waits for a gpu.

    >>> import lucid
    >>> masked_select(lucid.asarray([1, 2, 3]), lucid.asarray([True, False, True]))
    tensor([1, 3], dtype=int64, device='cpu')
    """
    x, mask = tensor("masked_select", x), _mask("masked_select", mask)
    broadcast_shapes("masked_select", x.shape, mask.shape)
    x, mask = broadcast_arrays(x, mask)
    return getitem(reshape(x, (-1,)), reshape(mask, (-1,)))


def one_hot(x: Tensor, num_classes: int | None = None, /) -> Tensor:
    """For each whole number a row (num_classes,) of zeros, int64, with 1 at that place.

    For None there are as many places as the largest number needs, which is read. Raises IndexError for a number that
    has no place.

    >>> import lucid
    >>> one_hot(lucid.asarray([1, 0]), 3)
    tensor([[0, 1, 0],
            [1, 0, 0]], dtype=int64, device='cpu')
    """
    x = ready("one_hot", INTEGERS, x)
    if num_classes is None:
        if not x.size:
            raise ShapeError("one_hot: no elements, so there is no largest one; give num_classes")
        num_classes = int(max(x).item()) + 1
    classes = arange(whole("one_hot", num_classes, "num_classes"), device=x.device)
    (places,) = canonical(classes, x) if x.ndim else canonical(classes, reshape(x, (1,)))
    return astype(equal(reshape(Tensor(places), (*x.shape, 1)), classes), int64)


def argwhere(x: Tensor, /) -> Tensor:
    """The places of the elements that are not 0, a row of indices (n, axes) for each, int64. Waits for a gpu.

    >>> import lucid
    >>> argwhere(lucid.asarray([[0, 5], [7, 0]]))
    tensor([[0, 1],
            [1, 0]], dtype=int64, device='cpu')
    """
    x = tensor("argwhere", x)
    if not x.ndim:
        return zeros((nonzero(reshape(x, (1,)))[0].shape[0], 0), dtype=int64, device=x.device)
    return stack(nonzero(x), axis=-1)


def interp(x: Tensor, places: Tensor, values: Tensor, /) -> Tensor:
    """The piecewise linear function through the points (places, values), both (n,), at each element of x.

    The places are in ascending order. Beyond them the function stays what it is at the end.

    Raises ShapeError unless there is a value for each place, and at least one.

    >>> import lucid
    >>> interp(lucid.asarray([0.5, 9.0]), lucid.asarray([0.0, 1.0]), lucid.asarray([10.0, 20.0]))
    tensor([15., 20.], dtype=float32, device='cpu')
    """
    given = (tensor("interp", t, name) for t, name in ((x, "x"), (places, "places"), (values, "values")))
    x, places, values = together("interp", REAL_FLOATING, *given)
    if places.ndim != 1 or places.shape != values.shape or not places.size:
        raise ShapeError(f"interp: places {places.shape} and values {values.shape}; wanted both (n,), n at least 1")
    if places.shape[0] == 1:
        return where(equal(x, x), values[0], x)
    after = searchsorted(places, x.detach(), side="right").clip(1, places.shape[0] - 1)
    x0, x1, y0, y1 = places[after - 1], places[after], values[after - 1], values[after]
    inside = logical_and(greater(x, places[0]), less(x, places[-1]))
    share = (where(inside, x, x0) - x0) / (x1 - x0)
    out = where(less(x, places[-1]), where(greater(x, places[0]), y0 + (y1 - y0) * share, values[0]), values[-1])
    return where(equal(x, x), out, x)
