"""Arrays of a batch: one array that holds a value for each element and shows the shape of one of them.

    >>> from lucid.backends import numpy
    >>> x = enter(numpy.asarray([[1.0, 2.0], [3.0, 4.0]]), level=1, axis=0)
    >>> x.shape
    (2,)
    >>> leave(x * x, level=1, axis=0, size=2)
    array([[ 1.,  4.],
           [ 9., 16.]])

A `Batched` array is a backend of its own: it offers every op under its name, as a few rules for whole families of them,
and computes with the backend of the array that it holds. So ops, gradient rules and graphs know nothing of batches.

The batch axis comes first in what is held, and has the size of the batch, or size 1 for a value that all elements
share: that broadcasts by itself, and is computed once.

What is held may be batched again, where batches are nested. Each has a level, the inner ones higher, and a type of
array for each level and device: so arrays that are not of one batch differ in type, as those of two devices do.
`lucid.autograd.batches` brings them together, in a step that is recorded. Where nothing is recorded they may meet here.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ...dtypes import DType
from ...errors import BatchError
from .. import backend_of, load
from .array import Array, Batched, Shape, expanded, first, in_front, level_of, moved, run
from .indexing import Each
from .rules import RULES, Rule, one_by_one

__all__ = ["Batched", "enter", "leave", "level_of", "share", "total"]

READ = (
    "a value was asked for (bool(), item(), numpy(), an index, a shape that depends on values) inside vmap, where a "
    "tensor holds a value for each element of the batch; choose with lucid.where, or write a loop in place of vmap"
)


def enter(x: Array, level: int, axis: int) -> Batched:
    """An array whose `axis` counts the elements, as the array of a batch. In arrays of higher batches it is inside."""
    if level_of(x) > level:
        return type(x)(enter(x.array, level, axis + 1))
    return _of_level(x, level, moved(x, axis, 0))


def leave(x: Array, level: int, axis: int, size: int) -> Array:
    """The values of all `size` elements along `axis`."""
    if level_of(x) > level:
        return type(x)(leave(x.array, level, axis + 1, size))
    return moved(expanded(_inside(x, level), size), 0, axis)


def share(x: Array, level: int) -> Batched:
    """An array of a lower level as that of a batch, whose elements share its value."""
    if level_of(x) > level:
        return type(x)(share(x.array, level))
    return x if level_of(x) == level else _of_level(x, level, in_front(x))


def total(x: Array, level: int, size: int) -> Array:
    """The sum of the values of all `size` elements."""
    if level_of(x) > level:
        return type(x)(total(x.array, level, size))
    x = _inside(x, level)
    return first(x) * size if x.shape[0] != size else run("sum", x, axis=(0,))


def _of_level(like: Array, level: int, array: Array) -> Batched:
    return kind(backend_of[type(like)].device, level)(array)


def _inside(x: Array, level: int) -> Array:
    return x.array if level_of(x) == level else in_front(x)


# --- The backend -----------------------------------------------------------------------------------------------------


@cache
def kind(device: str, level: int) -> type[Batched]:
    """The type of the arrays of a device and level, which has a backend of its own."""
    found = type(f"Batched{level}", (Batched,), {"__slots__": (), "level": level})
    backend_of[found] = _Backend(device, found)
    return found


class _Backend:
    """The backend of the arrays of one device and level: see `Backend` in `lucid.backends`."""

    def __init__(self, device: str, array_type: type[Batched]) -> None:
        self.device, self.array_type, self.array_types = device, array_type, (array_type,)
        self.base = load(device)

    def __getattr__(self, name: str) -> Any:
        """An op by its rule, or element by element. What needs no array is that of the device."""
        if name in ("arange", "check_dtype", "describe", "quietly"):
            found = getattr(self.base, name)
        elif name in RULES:
            found = self._op(RULES[name])
        elif name.endswith("_vjp") or not hasattr(self.base, name):
            raise AttributeError(f"a batch has no {name}")
        else:
            found = self._op(one_by_one(name))
        setattr(self, name, found)
        return found

    def _op(self, rule: Rule) -> Callable[..., Any]:
        """A rule as a function of arrays of this batch, among which there may be some that its elements share."""
        array_type = self.array_type

        def opened(value: Any) -> Any:
            return Each(value.array) if type(value) is array_type else value

        def call(*arrays: Any, **options: Any) -> Any:
            held = [x.array if type(x) is array_type else in_front(x) if type(x) in backend_of else x for x in arrays]
            for name in ("key", "rtol"):
                if name in options:
                    v = options[name]
                    options[name] = tuple(map(opened, v)) if isinstance(v, tuple) else opened(v)
            found = rule(*held, **options)
            if found is NotImplemented:
                return found
            return tuple(map(array_type, found)) if isinstance(found, tuple) else array_type(found)

        return call

    def border(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        return kernel  # that of the backend below has done its work

    def asarray(self, x: Array) -> Array:
        return x

    def dtype_of(self, array: Batched) -> DType:
        return backend_of[type(array.array)].dtype_of(array.array)

    def is_complex(self, x: Batched) -> bool:
        return backend_of[type(x.array)].is_complex(x.array)

    def full(self, shape: Shape, value: Any, dtype: DType) -> Batched:
        return self.array_type(self.base.full((1, *shape), value, dtype))

    def to_device(self, x: Batched, device: str) -> Batched:
        return kind(device, x.level)(run("to_device", x.array, device=device))

    def bounded(self, indices: Batched, size: int, where: str) -> Batched:
        return self.array_type(run("bounded", indices.array, size, where))

    def format(self, array: Batched, prefix: str) -> str:
        return f"one of {array.array.shape[0]} in vmap, shape={array.shape}"

    def to_numpy(self, array: Batched) -> Any:
        raise BatchError(READ)

    def to_dlpack(self, array: Batched, **options: Any) -> Any:
        raise BatchError(READ)

    def dlpack_device(self, array: Batched) -> Any:
        raise BatchError(READ)
