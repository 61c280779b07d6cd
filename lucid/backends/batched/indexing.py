"""Indexing of a batch: keys that are the same for all elements, or hold an index for each."""

from typing import Any

from ...dtypes import int64
from .. import backend_of
from .array import Array, Shape, aligned, expanded, first, moved, run

__all__ = ["Each", "getitem", "scatter_add", "scatter_reduce", "setitem"]


class Each:
    """An array among the options that holds a value for each element."""

    def __init__(self, array: Array) -> None:
        self.array, self.ndim = array, array.ndim - 1


class _Places:
    """What a key reads: the axes of its index arrays stand together at one place, or else come first of all.

    Where it holds an index for each element, or for each of several, the batch axis is one more that is indexed, by
    `rows`; with it the axes of index arrays come first.
    """

    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key
        arrays = [part for part in key if _is_array(part)]
        places = [i for i, part in enumerate(key) if _is_array(part) or (arrays and type(part) is int)]
        self.count = max((part.ndim for part in arrays), default=0)
        self.apart = places != list(range(places[0], places[-1] + 1)) if places else False
        self.place = 0 if self.apart or not places else places[0]
        self.sizes = [part.array.shape[0] for part in key if isinstance(part, Each)]

    def beside(self) -> list[Any]:
        """The key with the index arrays of each element broadcast against those that are shared."""
        return [aligned(part.array, self.count + 1) if isinstance(part, Each) else part for part in self.key]

    def rows(self, size: int, x: Array) -> tuple[Any, ...]:
        """The key behind an index of the batch axis."""
        if not self.sizes:
            return (slice(None), *self.key)
        rows = backend_of[type(x)].arange(0, size, 1, int64)
        return (run("reshape", rows, (size, *(1,) * self.count)), *self.beside())

    def shown(self, x: Array) -> Array:
        """What the key with `rows` reads, with its axes in the order of the key itself behind the batch axis."""
        return run("permute_dims", x, self._order(x.ndim)) if self._moves() else x

    def read(self, x: Array) -> Array:
        """The inverse of `shown`."""
        order = self._order(x.ndim)
        return run("permute_dims", x, tuple(order.index(i) for i in range(x.ndim))) if self._moves() else x

    def ndim(self, of: int) -> int:
        """How many axes the key reads of an array with `of`."""
        kinds = [type(part) for part in self.key]
        return of - len(kinds) + 2 * kinds.count(type(None)) + kinds.count(slice) + self.count

    def _moves(self) -> bool:
        return bool(self.count and (self.place if self.sizes else self.apart))

    def _order(self, ndim: int) -> Shape:
        if not self.sizes:  # index arrays apart: their axes, the batch axis, the others
            return (self.count, *range(self.count), *range(self.count + 1, ndim))
        arrays, lead = range(1, 1 + self.count), range(1 + self.count, 1 + self.count + self.place)
        return (0, *lead, *arrays, *range(1 + self.count + self.place, ndim))


def _is_array(part: Any) -> bool:
    return isinstance(part, Each) or type(part) in backend_of


def getitem(x: Array, key: tuple[Any, ...]) -> Array:
    places = _Places(key)
    if places.sizes and x.shape[0] == 1:  # a table that all elements share
        return moved(run("getitem", first(x), key=tuple(places.beside())), places.place, 0)
    return places.shown(run("getitem", x, key=places.rows(x.shape[0], x)))


def setitem(x: Array, value: Array, key: tuple[Any, ...]) -> Array:
    return _written("setitem", x, value, key)


def scatter_reduce(x: Array, values: Array, key: tuple[Any, ...], reduce: str) -> Array:
    return _written("scatter_reduce", x, values, key, reduce=reduce)


def _written(name: str, x: Array, value: Array, key: tuple[Any, ...], **options: Any) -> Array:
    places = _Places(key)
    size = max([x.shape[0], value.shape[0], *places.sizes])
    value = expanded(aligned(value, places.ndim(x.ndim - 1) + 1), size)
    return run(name, expanded(x, size), places.read(value), key=places.rows(size, x), **options)


def scatter_add(values: Array, key: tuple[Any, ...], shape: Shape) -> Array:
    places = _Places(key)
    size = max([values.shape[0], *places.sizes])
    values = expanded(aligned(values, places.ndim(len(shape)) + 1), size)
    return run("scatter_add", places.read(values), key=places.rows(size, values), shape=(size, *shape))
