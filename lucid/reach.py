"""What a function can reach without being given it: the tensors and numbers behind the names that it uses.

It is found by walking: captured and global names, elements of containers, attributes of lucid's objects and of the
caller's own. All has a path there, by which it is known again after it was replaced.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain
from operator import attrgetter, is_
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .random import Generator
from .tensor import Tensor

__all__ = ["Reach"]

Named = list[tuple[str, Any]]

ATOMS = frozenset((bool, int, float, complex, str, bytes, type(None)))
attributes_of = attrgetter("__dict__")


class Reach:
    """All that `function` reaches, by itself or through `objects`, which are known by their paths.

    `tensors` and `generators` are by path, and so is what is `found` besides: numbers, words and whatever is not
    followed. `structure` says which containers and objects lie on the way.
    """

    def __init__(self, function: Callable[..., Any], objects: dict[str, Any]) -> None:
        self.home = getattr(function, "__module__", None)
        self.tensors: dict[str, Tensor] = {}
        self.generators: dict[str, Generator] = {}
        self.found: dict[str, Any] = {}
        structure: list[Any] = []
        self._objects: list[Any] = []
        self._dicts: list[dict[Any, Any]] = []
        self._sequences: list[Any] = []
        self._functions: list[FunctionType] = []

        seen: set[int] = set()
        stack = [*objects.items(), (getattr(function, "__name__", "function"), function)]
        while stack:
            path, value = stack.pop()
            if type(value) in ATOMS:
                self.found[path] = value
            elif id(value) not in seen:
                seen.add(id(value))
                if isinstance(value, Tensor):
                    self.tensors[path] = value
                elif isinstance(value, Generator):
                    self.generators[path] = value
                elif (children := self._children(path, value)) is None:
                    self.found[path] = value
                else:
                    structure.append((path, type(value), _form(value)))
                    stack += children
        self.structure = tuple(structure)
        self._dicts = [*map(attributes_of, self._objects), *self._dicts]
        self._before = self._sizes(), list(self._contents()), self._of_functions()

    def holds(self) -> bool:
        """Whether every container, object and function on the way still has the very same things in it.

        There may be thousands, so they are compared in one go, without a Python function for each.
        """
        sizes, contents, of_functions = self._before
        return (
            all(map(is_, map(attributes_of, self._objects), self._dicts))  # which come first
            and self._sizes() == sizes
            and all(map(is_, self._contents(), contents))
            and len(now := self._of_functions()) == len(of_functions)
            and all(map(is_, now, of_functions))
        )

    def _sizes(self) -> list[int]:
        return [*map(len, self._dicts), *map(len, self._sequences)]

    def _contents(self) -> Iterator[Any]:
        keys, values = map(dict.keys, self._dicts), map(dict.values, self._dicts)
        return chain(chain.from_iterable(keys), chain.from_iterable(values), chain.from_iterable(self._sequences))

    def _of_functions(self) -> list[Any]:
        return [part for f in self._functions for part in (f.__code__, *(value for _, value in _used(f)))]

    def _children(self, path: str, value: Any) -> Named | None:
        """What a value leads to, and note of how to look there again; None for what is not followed."""
        if isinstance(value, dict):
            self._dicts.append(value)
            return [(f"{path}[{i}]", child) for i, child in enumerate(value.values())]
        if isinstance(value, list | tuple | set):
            self._sequences.append(value)
            return [(f"{path}[{i}]", child) for i, child in enumerate(value)]
        if isinstance(value, FunctionType):
            if value.__module__ != self.home and (value.__module__ or "").startswith("lucid."):  # lucid's own business
                return None
            wrapped = getattr(value, "__wrapped__", None)
            if wrapped is not None and value.__globals__["__name__"].startswith("lucid."):
                return [(path, wrapped)]
            self._functions.append(value)
            return list(_used(value))
        if isinstance(value, partial):
            return [(path, value.func), (f"{path}.args", value.args), (f"{path}.keywords", value.keywords)]
        if isinstance(value, MethodType):
            return [(f"{path}.self", value.__self__), (path, value.__func__)]
        if isinstance(value, ModuleType | type | BuiltinFunctionType):
            return None
        if not _is_followed(type(value)) or (attributes := getattr(value, "__dict__", None)) is None:  # type: ignore[arg-type]
            return None
        self._objects.append(value)
        return [(f"{path}.{name}", child) for name, child in attributes.items()]


def _form(value: Any) -> Any:
    """What tells things apart that lead to the same: the keys of a dict, the length of a list, a function's code."""
    if isinstance(value, dict):
        return tuple(value)
    if isinstance(value, list | tuple | set):
        return len(value)
    return getattr(value, "__code__", None)


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The globals that a function names and what it may take from those that are modules, its defaults, its closure."""
    names = _names(function.__code__)
    for name in names:
        value = function.__globals__.get(name)
        yield f"{function.__module__}.{name}", value
        if isinstance(value, ModuleType) and not _is_library(value.__name__):
            yield from ((f"{value.__name__}.{inner}", vars(value)[inner]) for inner in names if inner in vars(value))
    yield f"{function.__name__} defaults", function.__defaults__
    yield f"{function.__name__} keyword defaults", function.__kwdefaults__
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a name that has no value yet
            yield name, None


@cache
def _names(code: CodeType) -> tuple[str, ...]:
    """The names that a function reads, and those that functions and comprehensions inside it read."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return tuple(dict.fromkeys(chain(code.co_names, *inner)))


@cache
def _is_followed(kind: type) -> bool:
    """Whether attributes of such an object may hold a function's state: lucid's own classes, and the user's."""
    return any(c.__module__.startswith("lucid.") for c in kind.__mro__) or not _is_library(kind.__module__)


@cache
def _is_library(module: str) -> bool:
    """Whether a module came with Python or was installed, and so is not the user's own."""
    top = module.partition(".")[0]
    places = ("site-packages", "dist-packages")
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return top in sys.stdlib_module_names or top == "lucid" or any(place in file for place in places)
