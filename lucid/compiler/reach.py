"""What a function can reach without being given it: the tensors and numbers behind the names that it uses.

It is found by walking: captured and global names, elements of containers, attributes of lucid's objects and of the
caller's own. All has a path there, by which it is known again after it was replaced. What was met on the way can be
put back as it was.
"""

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from itertools import chain, islice
from operator import attrgetter, is_
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from ..random import Generator
from ..tensor import Tensor

__all__ = ["Reach"]

Named = list[tuple[str, Any]]
State = tuple[list[int], list[Any], list[Any], list[Any]]

ATOMS = frozenset((bool, int, float, complex, str, bytes, type(None)))
MISSING = object()  # in place of the value of a name that has none
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
        self._names: list[tuple[dict[str, Any], str]] = []  # that functions use, and the namespaces where they look
        self._cells: list[CellType] = []
        self._slots: list[tuple[Any, str]] = []  # which a walk does not enter

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
        self.before = self.state()

    def holds(self) -> bool:
        """Whether every container, object and function on the way still has the very same things in it.

        There may be thousands, so they are compared in one go, without a Python function for each.
        """
        sizes, contents, of_functions, _ = self.before
        return (
            all(map(is_, map(attributes_of, self._objects), self._dicts))  # which come first
            and self._sizes() == sizes
            and all(map(is_, self._contents(), contents))
            and all(map(is_, self._of_functions(), of_functions))
        )

    def state(self) -> State:
        """What every container, object and function on the way has in it now."""
        in_slots = [getattr(x, name, MISSING) for x, name in self._slots]
        return self._sizes(), list(self._contents()), self._of_functions(), in_slots

    def put_back(self, state: State) -> None:
        """Give all of them back what they had in them; tensors and generators keep the values that they have now."""
        sizes, contents, of_functions, in_slots = state
        for x, attributes in zip(self._objects, self._dicts):
            if x.__dict__ is not attributes:
                x.__dict__ = attributes
        rest, of_dicts = iter(contents), sizes[: len(self._dicts)]
        keys, values = ([list(islice(rest, size)) for size in of_dicts] for _ in range(2))
        for held, names, inside in zip(self._dicts, keys, values, strict=True):
            if not (_same(held, names) and _same(held.values(), inside)):
                held.clear()
                held.update(zip(names, inside))
        for held, size in zip(self._sequences, sizes[len(self._dicts) :], strict=True):
            inside = list(islice(rest, size))
            if not _same(held, inside):
                held.clear()
                (held.update if isinstance(held, set) else held.extend)(inside)
        rest = iter(of_functions)
        for (space, name), value in zip(self._names, rest):
            if value is not MISSING:
                space[name] = value
            else:
                space.pop(name, None)
        for cell, value in zip(self._cells, rest):
            if value is not MISSING:
                cell.cell_contents = value
            else:
                del cell.cell_contents
        for (x, name), value in zip(self._slots, in_slots, strict=True):
            if value is not MISSING:
                object.__setattr__(x, name, value)
            elif hasattr(x, name):
                object.__delattr__(x, name)

    def _sizes(self) -> list[int]:
        return [*map(len, self._dicts), *map(len, self._sequences)]

    def _contents(self) -> Iterator[Any]:
        keys, values = map(dict.keys, self._dicts), map(dict.values, self._dicts)
        return chain(chain.from_iterable(keys), chain.from_iterable(values), chain.from_iterable(self._sequences))

    def _of_functions(self) -> list[Any]:
        values = [space.get(name, MISSING) for space, name in self._names]
        own = [part for f in self._functions for part in (f.__code__, f.__defaults__, f.__kwdefaults__)]
        return [*values, *map(_content, self._cells), *own]

    def _children(self, path: str, value: Any) -> Named | None:
        """What a value leads to, and note of how to look there again; None for what is not followed."""
        if isinstance(value, dict):
            self._dicts.append(value)
            return [(f"{path}[{i}]", child) for i, child in enumerate(value.values())]
        if isinstance(value, list | tuple | set | deque):
            self._sequences.append(value)
            return [(f"{path}[{i}]", child) for i, child in enumerate(value)]
        if isinstance(value, FunctionType):
            if value.__module__ != self.home and (value.__module__ or "").startswith("lucid."):  # lucid's own business
                return None
            wrapped = getattr(value, "__wrapped__", None)
            if wrapped is not None and value.__globals__["__name__"].startswith("lucid."):
                return [(path, wrapped)]
            return self._used(value)
        if isinstance(value, partial):
            return [(path, value.func), (f"{path}.args", value.args), (f"{path}.keywords", value.keywords)]
        if isinstance(value, MethodType):
            return [(f"{path}.self", value.__self__), (path, value.__func__)]
        if isinstance(value, ModuleType | type | BuiltinFunctionType):
            return None
        if not _is_followed(type(value)):  # type: ignore[arg-type]
            return None
        if (attributes := getattr(value, "__dict__", None)) is None:
            self._slots += ((value, name) for name in _slots(type(value)))  # type: ignore[arg-type]
            return None
        self._objects.append(value)
        return [(f"{path}.{name}", child) for name, child in attributes.items()]

    def _used(self, function: FunctionType) -> Named:
        """The globals that a function names, what it may take from modules among them, its defaults, its closure."""
        names, space = _names(function.__code__), function.__globals__
        spaces = [(function.__module__, space)]
        for name in names:
            if isinstance(value := space.get(name), ModuleType) and not _is_library(value.__name__):
                spaces.append((value.__name__, vars(value)))
        found = [(f"{module}.{name}", inside.get(name)) for module, inside in spaces for name in names]
        self._names += ((inside, name) for _, inside in spaces for name in names)
        found.append((f"{function.__name__} defaults", function.__defaults__))
        found.append((f"{function.__name__} keyword defaults", function.__kwdefaults__))
        self._functions.append(function)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            value = _content(cell)
            found.append((name, None if value is MISSING else value))
            self._cells.append(cell)
        return found


def _form(value: Any) -> Any:
    """What tells things apart that lead to the same: the keys of a dict, the length of a list, a function's code."""
    if isinstance(value, dict):
        return tuple(value)
    if isinstance(value, list | tuple | set | deque):
        return len(value)
    return getattr(value, "__code__", None)


def _same(now: Collection[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(is_, now, before))


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a name that has no value yet
        return MISSING


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
def _slots(kind: type) -> tuple[str, ...]:
    """The names of the slots of objects of a class."""
    slots = chain.from_iterable(vars(c).items() for c in kind.__mro__)
    return tuple(name for name, slot in slots if isinstance(slot, MemberDescriptorType))


@cache
def _is_library(module: str) -> bool:
    """Whether a module came with Python or was installed, and so is not the user's own."""
    top = module.partition(".")[0]
    places = ("site-packages", "dist-packages")
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return top in sys.stdlib_module_names or top == "lucid" or any(place in file for place in places)
