"""Reading and writing parts of a tensor, as NumPy has it, with bounds checked before anything is read.

A key is canonical when it is a tuple of integers, slices, None, and integer arrays of the backend; that is what
primitives see. Boolean masks have become the integer arrays of their true places.
"""

from collections.abc import Sequence
from functools import reduce
from operator import index
from typing import Any

from .. import devices
from ..autograd.batches import with_key
from ..autograd.operation import apply, primitive, sum_to
from ..backends import backend_of
from ..dtypes import BOOL, OF_SCALAR, REAL, SIGNED, UNSIGNED, DType, int64
from ..errors import DTypeError, ShapeError
from ..tensor import Tensor
from . import utility
from .arguments import broadcast_shapes, one_axis, scalar_type, tensor
from .creation import arange, asarray, full
from .data_types import astype
from .elementwise import greater_equal, less, logical_and
from .manipulation import broadcast_to, expand_dims, reshape
from .searching import nonzero, where

__all__ = ["take", "take_along_axis"]


@primitive(keeps_dtype=True, x=lambda xp, g, key, x_shape: xp.scatter_add(g, key=key, shape=x_shape))
def getitem(x: Tensor, /, key: Any) -> Tensor:
    """x[key]."""
    plain = _plain(x.array.shape, key if isinstance(key, tuple) else (key,))
    if plain is None:
        x, plain = _ready(x, key)
        x = with_key(x, plain)
    return apply(getitem, x, key=plain)


@primitive(values=lambda xp, g, key: xp.getitem(g, key=key))
def scatter_add(values: Tensor, /, key: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape`, with `values` added at a canonical `key`, once for each time that it names a place."""
    return apply(scatter_add, with_key(values, key), key=key, shape=shape)


@primitive(
    x=lambda xp, g, key: xp.setitem(g, xp.zeros_like(xp.getitem(g, key=key)), key=key),
    value=lambda xp, g, key, value_shape: sum_to(xp, xp.getitem(g, key=key), value_shape),
)
def setitem(x: Tensor, value: Tensor, /, key: Any) -> Tensor:
    """What x is after `x[key] = value`: the dtype of x stays.

    Raises ShapeError if the value does not broadcast to the part, IndexError for a place that is not there.
    """
    value = _value(x, value)
    if isinstance(key, Tensor) and key.dtype.kind == BOOL and key.shape == x.shape and not value.ndim:
        return where(key, value, x)
    shape = x.shape
    x, key = _ready(x, key)
    x = with_key(x, key)
    before = apply(getitem, x.detach(), key=key)
    part = before.shape
    while value.ndim > len(part) and value.shape[0] == 1:
        value = reshape(value, value.shape[1:])
    if not _stretches(value.shape, part):
        devices.backend(x.device).wait([])  # an index that is not there is the first error on every device
        raise ShapeError(f"setitem: a value of shape {value.shape} does not broadcast to the part of shape {part}")
    if key.unchecked:  # the error comes when a value is read: until then x must stay what it was
        value = where(reduce(logical_and, (_are_inside(*of) for of in key.unchecked)), value, before)
    out = apply(setitem, x, value, key=key)
    return out if out.shape == shape else reshape(out, shape)


def _stretches(shape: tuple[int, ...], part: tuple[int, ...]) -> bool:
    """Whether a value of this shape broadcasts to a part of that one."""
    behind = part[len(part) - len(shape) :]
    return len(shape) <= len(part) and all(n in (1, size) for n, size in zip(shape, behind, strict=True))


WHOLE = slice(None)


class Key(tuple[Any, ...]):
    """A canonical key, and those of its indices that a gpu has yet to compute, with the sizes of their axes."""

    unchecked: Sequence[tuple[Tensor, int]] = ()


def _ready(x: Tensor, key: Any) -> tuple[Tensor, Key]:
    """x and the canonical key. One that a gradient rule passes on is that already, and stays."""
    if type(key) is Key:
        return x, key
    x, key = _with_axes_for_bools(x, key)
    return x, canonical(x, key)


def _value(x: Tensor, value: Any) -> Tensor:
    """What is written, as a tensor with the dtype and device of x."""
    if isinstance(value, bool | int | float | complex):
        _check_fits(x, OF_SCALAR[scalar_type("setitem", value)])
        return full((), value, dtype=x.dtype, device=x.device)
    if not isinstance(value, Tensor):
        value = asarray(value, device=x.device)
    if value.dtype is x.dtype:
        return value
    _check_fits(x, value.dtype)
    return astype(value, x.dtype)


def _check_fits(x: Tensor, dtype: DType) -> None:
    order = (BOOL, UNSIGNED, SIGNED, REAL)
    ranks = [order.index(d.kind) if d.kind in order else len(order) for d in (dtype, x.dtype)]
    if ranks[0] > max(ranks[1], 2 if ranks[1] else 0):
        raise DTypeError(f"setitem: {dtype.name} values do not fit into {x.dtype.name}; convert one with astype")


def _with_axes_for_bools(x: Tensor, key: Any) -> tuple[Tensor, Any]:
    """A mask without axes chooses all or nothing: it becomes a mask (1,) on an axis that x gets for it."""
    parts = key if isinstance(key, tuple) else (key,)
    if not any(map(_is_bool, parts)):
        return x, key
    result, axis = [], 0
    for i, part in enumerate(parts):
        if _is_bool(part):
            x, part = expand_dims(x, axis), reshape(part, (1,))
        result.append(part)
        axis += _axes_read(_as_index(part))
        if part is Ellipsis:
            axis = x.ndim - sum(_axes_read(_as_index(rest)) for rest in parts[i + 1 :] if not _is_bool(rest))
    return x, tuple(result)


def _is_bool(part: Any) -> bool:
    return isinstance(part, Tensor) and not part.ndim and part.dtype.kind == BOOL


def canonical(x: Tensor, key: Any, missing: str | None = None) -> Key:
    """The key as primitives see it. Raises IndexError for one that does not fit x.

    For an index in a tensor that is not there, the error begins with what is `missing`.
    """
    parts = [_as_index(part) for part in (key if isinstance(key, tuple) else (key,))]
    used = sum(map(_axes_read, parts))
    if used > x.ndim or sum(part is Ellipsis for part in parts) > 1:
        raise IndexError(f"getitem: {used} indices for a tensor of shape {x.shape} with {x.ndim} axes")
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    place = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[place : place + 1] = [slice(None)] * (x.ndim - used)
    laid: list[tuple[Any, int]] = []  # parts with the axes that they read; masks are ready, as the places that are true
    axis = 0
    for part in parts:
        laid += [(place, axis) for place in (_masked(x, part, axis) if _is_mask(part) else [part])]
        axis += _axes_read(part)
    shape = broadcast_shapes("getitem", *(tuple(part.shape) for part, _ in laid if hasattr(part, "shape")))
    if 0 in shape:  # no place is named, so none is outside; but an index without axes is checked as an integer is
        laid = [(broadcast_to(p, shape) if isinstance(p, Tensor) and p.ndim else p, axis) for p, axis in laid]
    # All parts first, since an error must leave nothing to be told later.
    known = [(_known(x, part, axis, missing), axis) for part, axis in laid]
    key = Key(_bounded(x, part, axis, missing) if isinstance(part, Tensor) else part for part, axis in known)
    if x.device != "cpu":
        key.unchecked = [(part, x.shape[axis]) for part, axis in known if isinstance(part, Tensor)]
    return key


def _plain(shape: Sequence[int], parts: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The canonical key where it is the usual one, of integers and slices that fit; None for all else."""
    if len(parts) > len(shape):
        return None
    result: list[Any] = []
    for part, size in zip(parts, shape):
        if part.__class__ is int and -size <= part < size:
            result.append(part % size)
        elif part.__class__ is slice:
            result.append(part if part == WHOLE else _canonical_slice(part, size))
        else:
            return None
    return tuple(result)


def _as_index(part: Any) -> Any:
    """Lists and arrays as tensors: int64, or masks of bools."""
    if isinstance(part, bool):
        raise IndexError("getitem: a bool is not an index; use lucid.where")
    if not isinstance(part, list) and not hasattr(part, "__array__"):
        return part
    if not isinstance(part, Tensor):
        part = asarray(part, device="cpu")
        part = astype(part, int64) if part.dtype.kind == REAL and not part.size else part  # [] names no place
        if not part.ndim and part.dtype.kind in (SIGNED, UNSIGNED):
            return part.item()
    if part.dtype.kind == BOOL:
        if not part.ndim:
            raise IndexError("getitem: a bool without axes is not an index; use lucid.where")
        return part
    if part.dtype.kind not in (SIGNED, UNSIGNED):
        raise IndexError(f"getitem: indices are {part.dtype.name}; wanted integers or a mask of bools")
    return astype(part, int64)


def _is_mask(part: Any) -> bool:
    return isinstance(part, Tensor) and part.dtype.kind == BOOL


def _axes_read(part: Any) -> int:
    """How many axes of a tensor one part of a key reads."""
    return 0 if part is None or part is Ellipsis else part.ndim if _is_mask(part) else 1


def _is_ready(part: Any) -> bool:
    return hasattr(part, "shape") and not isinstance(part, Tensor)


def _masked(x: Tensor, mask: Tensor, axis: int) -> list[Any]:
    """The places where a mask is true, as an integer array for each axis that it covers."""
    covered = x.shape[axis : axis + mask.ndim]
    if mask.shape != covered and (mask.size or any(n not in (0, size) for n, size in zip(mask.shape, covered))):
        raise IndexError(f"getitem: a mask of shape {mask.shape} was laid on axes of shape {covered}; make them equal")
    return [_brought(x, places, places.array) for places in nonzero(mask)]


def _brought(x: Tensor, part: Tensor, array: Any) -> Any:
    """An array of indices on the device of x: from the host, where indices are often made, they come by themselves."""
    if part.device == x.device:
        return array
    if part.device == "cpu":
        return backend_of[type(array)].to_device(array, x.device)
    raise IndexError(f"getitem: the tensor is on {x.device}, its index on {part.device}; move it with .to(device)")


def from_front(indices: Tensor, size: int) -> Tensor:
    """Indices of which a negative one, that would count from the end, becomes `size`, where nothing is."""
    return where(less(indices, 0), size, indices)


def inside(indices: Tensor, size: int, where: str) -> Tensor:
    """Indices of an axis of this size. If one is none, the IndexError begins with `where`.

    It is raised here, or for indices that a gpu computed where a value is next read.
    """
    return Tensor(backend_of[type(indices.array)].bounded(indices.array, size, where))


def _known(x: Tensor, part: Any, axis: int, missing: str | None) -> Any:
    """A part of a key, checked against the axis that it reads; indices on the device of x stay to be checked."""
    if part is None or _is_ready(part):
        return part
    size = x.shape[axis]
    if isinstance(part, slice):
        return _canonical_slice(part, size)
    if isinstance(part, Tensor):
        if part.device == x.device:
            return part
        return _brought(x, part, _bounded(x, part, axis, missing) if part.device == "cpu" else part.array)
    try:
        place = index(part)
    except TypeError:
        raise IndexError(
            f"getitem: {type(part).__name__} is not an index; wanted integers, slices, None, ..., or a mask of bools"
        ) from None
    if not -size <= place < size:
        raise IndexError(f"getitem: index {place} is outside axis {axis} of size {size}")
    return place % size


def _bounded(x: Tensor, part: Tensor, axis: int, missing: str | None) -> Any:
    """An integer array, checked against the axis that it reads."""
    size = x.shape[axis]
    return inside(part, size, missing or f"getitem: axis {axis} of shape {x.shape} has {size} places").array


def _are_inside(indices: Tensor, size: int) -> Tensor:
    return utility.all(logical_and(greater_equal(indices, -size), less(indices, size)))


def _canonical_slice(part: slice, size: int) -> slice:
    """The same slice, counted from the front. Where it goes backwards, -1 stands for before the first place."""
    start, stop, step = part.indices(size)
    if start < 0:
        return slice(0, 0, 1)
    return slice(start, None if stop < 0 else stop, step)


def take(x: Tensor, indices: Tensor, /, axis: int | None = None) -> Tensor:
    """The elements of x at `indices` along an axis, which may be left out for a tensor with one.

    >>> import lucid
    >>> take(lucid.asarray([5, 6, 7]), lucid.asarray([2, 0]))
    tensor([7, 5], dtype=int64, device='cpu')
    """
    x = tensor("take", x)
    if axis is None:
        if x.ndim != 1:
            raise ShapeError(f"take: axis is needed for a tensor of {x.ndim} axes")
        axis = 0
    return getitem(x, (*[slice(None)] * one_axis("take", x.ndim, axis), tensor("take", indices, "indices")))


def take_along_axis(x: Tensor, indices: Tensor, /, axis: int = -1) -> Tensor:
    """The elements of x at `indices` along an axis, both broadcast together along the others.

    >>> import lucid
    >>> take_along_axis(lucid.asarray([[1, 2], [3, 4]]), lucid.asarray([[1], [0]]), axis=1)
    tensor([[2],
            [3]], dtype=int64, device='cpu')
    """
    x, indices = tensor("take_along_axis", x), tensor("take_along_axis", indices, "indices")
    if x.ndim != indices.ndim:
        raise ShapeError(f"take_along_axis: x has {x.ndim} axes and indices {indices.ndim}; they must be as many")
    axis = one_axis("take_along_axis", x.ndim, axis)
    shapes = [(*t.shape[:axis], 1, *t.shape[axis + 1 :]) for t in (x, indices)]
    around = broadcast_shapes("take_along_axis", *shapes)
    x = broadcast_to(x, (*around[:axis], x.shape[axis], *around[axis + 1 :]))
    places = []
    for i, size in enumerate(around):
        along = [1] * x.ndim
        along[i] = size
        places.append(indices if i == axis else reshape(arange(size, device=x.device), along))
    return getitem(x, tuple(places))
