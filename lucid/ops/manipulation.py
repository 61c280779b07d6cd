"""Shapes: the same elements in another arrangement."""

from collections.abc import Callable, Sequence
from copy import copy
from math import prod
from typing import Any

from ..autograd.operation import apply, primitive
from ..dtypes import SIGNED, UNSIGNED
from ..errors import ShapeError
from ..tensor import Tensor
from . import arguments
from .arguments import (
    ANY,
    Axis,
    Scalar,
    as_shape,
    axes,
    choose,
    fitting,
    one_axis,
    several,
    tensor,
    tensors,
    together,
    whole,
    wholes,
)

__all__ = [
    "broadcast_arrays", "broadcast_shapes", "broadcast_to", "concat", "expand_dims", "flatten", "flip", "moveaxis",
    "pad", "permute_dims", "repeat", "reshape", "roll", "split", "squeeze", "stack", "tile", "unflatten", "unstack",
]  # fmt: skip


@primitive(keeps_dtype=True, x=lambda xp, g, x_shape: xp.reshape(g, x_shape))
def reshape(x: Tensor, /, shape: int | Sequence[int], *, copy: bool | None = None) -> Tensor:
    """x with another shape, elements in row-major order; one size may be -1, which takes what is left.

    Raises ShapeError if the number of elements differs.

    >>> import lucid
    >>> reshape(lucid.arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]], dtype=int64, device='cpu')
    """
    try:
        if isinstance(x, Tensor) and shape.__class__ is tuple and (not shape or min(shape) >= 0):
            return apply(reshape, x, shape=shape)  # the usual case
    except (TypeError, ValueError):
        pass  # what follows says what is wrong, if anything is
    x = tensor("reshape", x)
    sizes = wholes("reshape", shape if isinstance(shape, tuple | list) else (shape,), "shape")
    if sizes.count(-1) == 1:
        known = -prod(sizes)
        if known > 0 and x.size % known == 0:
            sizes = tuple(x.size // known if n == -1 else n for n in sizes)
    if prod(sizes) != x.size or min(sizes, default=0) < 0:
        raise ShapeError(f"reshape: {x.size} elements of shape {x.shape} do not fill shape {shape}")
    return apply(reshape, x, shape=sizes)


def flatten(x: Tensor, /, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """x with the axes from `start_axis` to `end_axis` joined to one."""
    x = tensor("flatten", x)
    if not x.ndim:
        return reshape(x, (1,))
    start, end = one_axis("flatten", x.ndim, start_axis), one_axis("flatten", x.ndim, end_axis)
    if start > end:
        raise ShapeError(f"flatten: start_axis={start_axis} comes after end_axis={end_axis}")
    return reshape(x, (*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def unflatten(x: Tensor, /, shape: Sequence[int], axis: int) -> Tensor:
    """x with an axis taken apart into several of `shape`, of which one size may be -1. The inverse of `flatten`.

    >>> import lucid
    >>> unflatten(lucid.zeros((6, 2)), (3, -1), axis=0).shape
    (3, 2, 2)
    """
    x = tensor("unflatten", x)
    axis, sizes = one_axis("unflatten", x.ndim, axis), [*wholes("unflatten", shape, "shape")]
    known = prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known > 0:
        sizes[sizes.index(-1)] = x.shape[axis] // known
    if any(n < 0 for n in sizes) or prod(sizes) != x.shape[axis]:
        raise ShapeError(f"unflatten: shape={tuple(shape)} for axis {axis} of size {x.shape[axis]}; wanted its product")
    return reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(axes.index, range(len(axes))))


@primitive(keeps_dtype=True, x=lambda xp, g, axes: xp.permute_dims(g, _inverse(axes)))
def permute_dims(x: Tensor, /, axes: Sequence[int]) -> Tensor:
    """x with its axes in the order `axes`. Raises ShapeError unless each is named once."""
    try:
        if isinstance(x, Tensor) and axes.__class__ is tuple and (not axes or min(axes) >= 0):
            return apply(permute_dims, x, axes=axes)  # the usual case
    except (TypeError, ValueError, IndexError):
        pass  # what follows says what is wrong, if anything is
    x = tensor("permute_dims", x)
    order = arguments.axes("permute_dims", x, several("permute_dims", axes, "axes"))
    if len(order) != x.ndim:
        raise ShapeError(f"permute_dims: axes={tuple(axes)} names {len(order)} of {x.ndim} axes; name each once")
    return apply(permute_dims, x, axes=order)


def moveaxis(x: Tensor, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Tensor:
    """x with the axes `source` moved to the places `destination`, and the others in their order."""
    x = tensor("moveaxis", x)
    froms, tos = axes("moveaxis", x, source), axes("moveaxis", x, destination)
    if len(froms) != len(tos):
        raise ShapeError(f"moveaxis: source={source} and destination={destination} differ in length")
    order = [i for i in range(x.ndim) if i not in froms]
    for to, source_axis in sorted(zip(tos, froms, strict=True)):
        order.insert(to, source_axis)
    return permute_dims(x, order)


def expand_dims(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """x with new axes of size 1 at the places `axis` of the result."""
    x = tensor("expand_dims", x)
    places = axis if isinstance(axis, tuple) else (axis,)
    ndim = x.ndim + len(places)
    new = {one_axis("expand_dims", ndim, a) for a in places}
    if len(new) != len(places):
        raise ShapeError(f"expand_dims: axis={axis} names an axis twice")
    sizes = iter(x.shape)
    return reshape(x, tuple(1 if i in new else next(sizes) for i in range(ndim)))


def squeeze(x: Tensor, /, axis: Axis = None) -> Tensor:
    """x without the axes `axis`, without all of size 1 for None. Raises ShapeError if one has a size other than 1."""
    x = tensor("squeeze", x)
    dropped = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else axes("squeeze", x, axis)
    if any(x.shape[a] != 1 for a in dropped):
        raise ShapeError(f"squeeze: axis={axis} of shape {x.shape} is not of size 1")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in dropped))


@primitive(keeps_dtype=True, x=lambda g: g)
def broadcast_to(x: Tensor, /, shape: Sequence[int]) -> Tensor:
    """x repeated along new and size-1 axes to fill `shape`. Raises ShapeError if it does not fit."""
    x = tensor("broadcast_to", x)
    shape = as_shape("broadcast_to", shape)
    if arguments.broadcast_shapes("broadcast_to", x.shape, shape) != shape:
        raise ShapeError(f"broadcast_to: shape {x.shape} does not broadcast to {shape}")
    return copy(x) if shape == x.shape else apply(broadcast_to, x, shape=shape)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to. Raises ShapeError if they do not."""
    return arguments.broadcast_shapes("broadcast_shapes", *(as_shape("broadcast_shapes", s) for s in shapes))


def broadcast_arrays(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, each broadcast to the shape of all of them together."""
    shape = broadcast_shapes(*(tensor("broadcast_arrays", x).shape for x in tensors))
    return tuple(broadcast_to(x, shape) for x in tensors)


def _part(xp: Any, g: Any, shapes: Sequence[tuple[int, ...]], position: int, axis: int) -> Any:
    """The part of g that the input at `position` became when inputs were joined along `axis`."""
    start = sum(shape[axis] for shape in shapes[:position])
    return xp.getitem(g, key=(*[slice(None)] * axis, slice(start, start + shapes[position][axis], 1)))


@primitive(keeps_dtype=True, arrays=_part)
def concat(arrays: Sequence[Tensor], /, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis; each flattened first if `axis` is None.

    Raises ShapeError if their shapes differ elsewhere.

    >>> import lucid
    >>> concat([lucid.ones(2), lucid.zeros(1)])
    tensor([1., 1., 0.], dtype=float32, device='cpu')
    """
    inputs = together("concat", ANY, *tensors("concat", arrays))
    if axis is None:
        inputs, axis = [reshape(x, (-1,)) for x in inputs], 0
    axis = one_axis("concat", inputs[0].ndim, axis)
    shapes = [x.shape for x in inputs]
    if any(len(s) != len(shapes[0]) or _without(s, axis) != _without(shapes[0], axis) for s in shapes):
        raise ShapeError(f"concat: shapes {', '.join(map(str, shapes))} differ outside axis {axis}")
    return apply(concat, *inputs, axis=axis)


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def stack(arrays: Sequence[Tensor], /, axis: int = 0) -> Tensor:
    """Tensors of one shape, joined along a new axis.

    >>> import lucid
    >>> stack([lucid.ones(2), lucid.zeros(2)]).shape
    (2, 2)
    """
    arrays = tensors("stack", arrays)
    if any(x.shape != arrays[0].shape for x in arrays):
        raise ShapeError(f"stack: shapes {', '.join(str(x.shape) for x in arrays)} differ")
    axis = one_axis("stack", arrays[0].ndim + 1, axis)
    return concat([expand_dims(x, axis) for x in arrays], axis=axis)


def unstack(x: Tensor, /, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of x along an axis, without that axis."""
    x = tensor("unstack", x)
    return tuple(_slices(x, one_axis("unstack", x.ndim, axis)))


def _slices(x: Tensor, axis: int) -> list[Tensor]:
    """By halves, since the gradient of a slice is as large as what it was cut from."""
    lead, length = [slice(None)] * axis, x.shape[axis]
    if length <= 8:
        return [x[(*lead, i)] for i in range(length)]
    halves = x[(*lead, slice(length // 2))], x[(*lead, slice(length // 2, None))]
    return [*_slices(halves[0], axis), *_slices(halves[1], axis)]


def split(x: Tensor, /, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """x cut along an axis, into `sections` equal parts or into parts of the given sizes.

    Raises ShapeError if the sizes do not add up.

    >>> import lucid
    >>> [part.tolist() for part in split(lucid.arange(5), (2, 3))]
    [[0, 1], [2, 3, 4]]
    """
    x = tensor("split", x)
    axis = one_axis("split", x.ndim, axis)
    length = x.shape[axis]
    if isinstance(sections, int):
        sizes: Sequence[int] = [length // max(sections, 1)] * sections
    else:
        sizes = wholes("split", sections, "sections")
    if sum(sizes) != length or min(sizes, default=0) < 0:
        raise ShapeError(f"split: sections={sections} do not divide axis {axis} of size {length}")
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    lead = [slice(None)] * axis
    return tuple(x[(*lead, slice(start, start + size))] for start, size in zip(starts, sizes, strict=True))


@primitive(x=lambda xp, g, axis: xp.flip(g, axis=axis))
def flip(x: Tensor, /, axis: Axis = None) -> Tensor:
    """x with the order of elements turned round along axes, along all of them for None."""
    x = tensor("flip", x)
    return apply(flip, x, axis=axes("flip", x, axis))


@primitive(x=lambda xp, g, shift, axis: xp.roll(g, tuple(-s for s in shift), axis=axis))
def roll(x: Tensor, /, shift: int | tuple[int, ...], axis: Axis = None) -> Tensor:
    """x with elements moved by `shift` places along axes, those that leave at one end coming back at the other."""
    x = tensor("roll", x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), x.shape)
    places = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = wholes("roll", shift if isinstance(shift, tuple | list) else (shift,) * len(places), "shift")
    if len(shifts) != len(places):
        raise ShapeError(f"roll: shift={shift} and axis={axis} differ in length")
    return apply(roll, x, shift=shifts, axis=tuple(one_axis("roll", x.ndim, a) for a in places))


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """Each element of x `repeats` times, along an axis, or along the flattened x for None.

    A tensor of one axis holds a count for each element along the axis; they are read, so this waits for a gpu.

    >>> import lucid
    >>> repeat(lucid.arange(2), 2)
    tensor([0, 0, 1, 1], dtype=int64, device='cpu')
    """
    x = tensor("repeat", x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = one_axis("repeat", x.ndim, axis)
    if isinstance(repeats, Tensor):
        return x[(*[slice(None)] * axis, _repeated(repeats, x.shape[axis]))]
    repeats = whole("repeat", repeats, "repeats")
    if repeats < 0:
        raise ShapeError(f"repeat: repeats={repeats} is negative")
    wide = broadcast_to(expand_dims(x, axis + 1), (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :]))
    return reshape(wide, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]))


def _repeated(repeats: Tensor, size: int) -> list[int]:
    """Each place of an axis of `size` as often as its count says."""
    if repeats.ndim > 1 or repeats.size not in (1, size) or repeats.dtype.kind not in (SIGNED, UNSIGNED):
        raise ShapeError(
            f"repeat: repeats is {repeats.dtype.name} of shape {repeats.shape}; "
            f"wanted integers of shape (1,) or ({size},)"
        )
    counts = reshape(repeats, (-1,)).tolist()
    if min(counts, default=0) < 0:
        raise ShapeError(f"repeat: repeats={counts} has a negative count")
    return [i for i, n in enumerate(counts if len(counts) == size else counts * size) for _ in range(n)]


def tile(x: Tensor, repetitions: Sequence[int], /) -> Tensor:
    """x laid `repetitions` times beside itself along each axis; missing axes come first.

    >>> import lucid
    >>> tile(lucid.arange(2), (2,))
    tensor([0, 1, 0, 1], dtype=int64, device='cpu')
    """
    x = tensor("tile", x)
    counts = as_shape("tile", repetitions, "repetitions")
    counts = (1,) * (x.ndim - len(counts)) + counts
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    pairs = [size for pair in zip(counts, shape, strict=True) for size in pair]
    ones = [size for n in shape for size in (1, n)]
    wide = broadcast_to(reshape(x, ones), pairs)
    return reshape(wide, tuple(c * n for c, n in zip(counts, shape, strict=True)))


def _unpadded(xp: Any, g: Any, x_shape: tuple[int, ...], widths: tuple[tuple[int, int], ...]) -> Any:
    return xp.getitem(g, key=tuple(slice(low, low + n, 1) for (low, _), n in zip(widths, x_shape, strict=True)))


@primitive(x=_unpadded)
def pad(x: Tensor, /, widths: Sequence[tuple[int, int]], *, mode: str = "constant", value: Scalar = 0) -> Tensor:
    """x with more elements before and after: `widths` holds a pair (before, after) for each axis.

    They are `value` in the mode "constant". In the others they come from x: "edge" repeats the outermost element,
    "reflect" turns back at it, "symmetric" turns back behind it, "wrap" goes on at the other end.

    Raises ShapeError for a negative width or another number of pairs than axes, and for an axis without elements to
    repeat; ValueError for another mode.

    >>> import lucid
    >>> pad(lucid.ones(1), [(1, 2)])
    tensor([0., 1., 0., 0.], dtype=float32, device='cpu')
    """
    x = tensor("pad", x)
    pairs = tuple(wholes("pad", pair, "widths") for pair in several("pad", widths, "widths"))
    if len(pairs) != x.ndim or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise ShapeError(f"pad: widths={widths} for shape {x.shape}; wanted a pair of sizes for each of {x.ndim} axes")
    if mode == "constant":
        return apply(pad, x, widths=pairs, value=fitting("pad", value, x.dtype))
    choose("pad", "mode", mode, ["constant", *PADDING])
    for axis, (low, high) in enumerate(pairs):
        if n := x.shape[axis]:
            places = [PADDING[mode](i, n) for i in range(-low, n + high)]
            x = x[(*[slice(None)] * axis, places)] if low or high else x
        elif low or high:
            raise ShapeError(f"pad: axis {axis} of shape {x.shape} has no elements to repeat")
    return x


PADDING: dict[str, Callable[[int, int], int]] = {  # which of n elements stands at place i, for i beyond them too
    "edge": lambda i, n: min(max(i, 0), n - 1),
    "reflect": lambda i, n: n - 1 - abs(n - 1 - i % max(2 * n - 2, 1)),
    "symmetric": lambda i, n: min(i % (2 * n), -(i + 1) % (2 * n)),
    "wrap": lambda i, n: i % n,
}
