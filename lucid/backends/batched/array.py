"""The array that a batch is held in, ops on arrays of several levels, and small steps with what is held."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from .. import backend_of

__all__ = ["Batched", "aligned", "all_aligned", "expanded", "first", "in_front", "level_of", "moved", "run", "together"]

Array = Any
Shape = tuple[int, ...]


class Batched:
    """An array with a batch axis in front that it does not show."""

    __slots__ = ("array",)
    __array_ufunc__ = None  # NumPy leaves mixed expressions to this class
    level: ClassVar[int]

    def __init__(self, array: Array) -> None:
        self.array = array

    @property
    def shape(self) -> Shape:
        return tuple(self.array.shape[1:])

    @property
    def ndim(self) -> int:
        return self.array.ndim - 1

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """The library's own dtype."""
        return self.array.dtype

    def __getitem__(self, key: Any) -> "Batched":
        """What gradient rules read of bare arrays: parts without index arrays."""
        return type(self)(self.array[(slice(None), *(key if isinstance(key, tuple) else (key,)))])

    def __neg__(self) -> "Batched":
        return type(self)(-self.array)


def _operator(name: str, op: str, reflected: bool) -> Callable[[Batched, Any], Any]:
    scalar = getattr(operator, f"{name}_" if name in ("and", "or") else name)

    def call(self: Batched, other: Any) -> Any:
        if type(other) in (bool, int, float, complex):
            return type(self)(scalar(other, self.array) if reflected else scalar(self.array, other))
        return run(op, other, self) if reflected else run(op, self, other)

    return call


OPERATORS = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "pow"}
OPERATORS |= {"and": "bitwise_and", "or": "bitwise_or"}
COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal"}
COMPARISONS |= {"ne": "not_equal"}
for _name, _op in (OPERATORS | COMPARISONS).items():
    setattr(Batched, f"__{_name}__", _operator(_name, _op, False))
    if _name in OPERATORS:
        setattr(Batched, f"__r{_name}__", _operator(_name, _op, True))


def level_of(array: Any) -> int:
    """How deeply nested the batch is that an array belongs to; 0 for an array of no batch, and for anything else."""
    return getattr(type(array), "level", 0)


def run(name: str, *arrays: Any, **options: Any) -> Any:
    """An op on arrays that may be of several levels, of which the highest decides."""
    given = (*arrays, *(part for v in options.values() for part in (v if type(v) is tuple else (v,))))
    highest: Any = type(max(given, key=level_of))
    return _kernel(highest, name)(*arrays, **options)


@cache
def _kernel(array_type: type, name: str) -> Callable[..., Any]:
    backend = backend_of[array_type]
    return backend.border(getattr(backend, name))


# --- Small steps: with arrays whose first axis is the batch -----------------------------------------------------------


def in_front(x: Array) -> Array:
    """x with a batch axis of size 1."""
    return run("reshape", x, (1, *x.shape))


def first(x: Array) -> Array:
    return run("getitem", x, key=(0,))


def moved(x: Array, source: int, to: int) -> Array:
    order = [i for i in range(x.ndim) if i != source]
    order.insert(to, source)
    return x if source == to else run("permute_dims", x, tuple(order))


def expanded(x: Array, size: int) -> Array:
    return x if x.shape[0] == size else run("broadcast_to", x, (size, *x.shape[1:]))


def together(arrays: Sequence[Array]) -> list[Array]:
    """Arrays with batch axes of one size."""
    size = max(x.shape[0] for x in arrays)
    return [expanded(x, size) for x in arrays]


def aligned(x: Array, ndim: int) -> Array:
    """x with axes of size 1 behind the batch axis, so that it broadcasts with arrays of `ndim` axes."""
    return x if x.ndim == ndim else run("reshape", x, (x.shape[0], *(1,) * (ndim - x.ndim), *x.shape[1:]))


def all_aligned(arrays: Sequence[Array]) -> list[Array]:
    ndim = max(x.ndim for x in arrays)
    return [aligned(x, ndim) for x in arrays]
