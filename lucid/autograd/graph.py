"""What a recorded op leaves behind, and the names that gradient rules compute with.

A graph is made of nodes that point at their parents. A leaf is a node without an op: the place where the gradient of
a tensor that `requires_grad` is collected. A node owns no tensor, and a tensor no more than its node, so a graph lives
just as long as something that was computed with it.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from itertools import count
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from ..dtypes import DType

__all__ = ["OPS", "Handle", "Leaf", "Node", "Operation", "Outputs", "offer", "order"]

OPS = SimpleNamespace()
"""`lucid.ops` as a namespace for gradient rules, beside the backends: every op by name, put here as it is declared."""


Function = TypeVar("Function", bound=Callable[..., Any])
number_of, _next = attrgetter("number"), count().__next__


def offer(function: Function) -> Function:
    """Give gradient rules a function of Tensors by its name; backends must have one of that name too."""
    setattr(OPS, function.__name__, function)
    return function


class Operation(Protocol):
    """What the engine asks of a recorded op."""

    name: str

    def vjp(self, node: "Node", gradient: Any, wanted: list[bool], xp: Any) -> Iterable[Any]:
        """The gradient for each wanted parent, None for the others.

        `xp` is a backend, and gradients are its bare arrays; or it is OPS, and they are Tensors that record.
        """


class Node:
    """One recorded op: its parents, and only what its gradient rules asked to keep."""

    __slots__ = ("grad", "hooks", "kept", "number", "op", "parents", "shapes")

    op: Operation | None
    parents: Sequence["Node | None"]
    shapes: Sequence[tuple[int, ...]]
    kept: Any
    hooks: dict[int, Callable[[Any], Any]] | None
    grad: Any

    def __init__(self, op: Operation | None, parents: Any, shapes: Any, kept: Any) -> None:
        self.op, self.parents, self.shapes, self.kept = op, parents, shapes, kept
        self.hooks = self.grad = None
        self.number = _next()  # larger than those of the parents, which were there before


class Leaf(Node):
    """The start of a graph: `grad` collects the gradient of a tensor that requires one."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: DType) -> None:
        super().__init__(None, (), (), None)
        self.dtype = dtype


class Handle:
    """What takes a hook away again: by `remove()`, or at the end of a with block."""

    numbers = count()

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.hooks, self.number = hooks, next(Handle.numbers)
        hooks[self.number] = hook

    def remove(self) -> None:
        """Take the hook away; nothing happens if it is gone."""
        self.hooks.pop(self.number, None)

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Outputs(tuple[Any, ...]):
    """The gradients of the several outputs of one op; None for an output that no gradient has reached."""

    __slots__ = ()

    def __add__(self, other: Any) -> "Outputs":
        return Outputs(b if a is None else a if b is None else a + b for a, b in zip(self, other, strict=True))


def order(ends: Iterable[Node], until: Set[Node] = frozenset()) -> list[Node]:
    """All nodes that `ends` were computed from, each before its parents; nothing is followed past `until`."""
    found = set(ends)
    stack = list(found)
    while stack:
        if (node := stack.pop()) not in until:
            for parent in node.parents:
                if parent is not None and parent not in found:
                    found.add(parent)
                    stack.append(parent)
    return sorted(found, key=number_of, reverse=True)
