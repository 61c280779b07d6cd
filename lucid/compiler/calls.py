"""One call of a compiled function: its tensors, and what must be equal for a graph to serve again."""

from collections.abc import Iterable, Iterator
from threading import get_ident
from typing import Any

from .. import devices, random, tree
from ..autograd.modes import MODES
from ..tensor import Tensor

__all__ = ["Call", "Same", "on_gpu", "signature"]


class Call:
    """The arguments of one call, and the modes in which it runs."""

    def __init__(self, args: Any, options: Any) -> None:
        self.arguments = args, options
        leaves = tree.leaves(self.arguments)
        self.tensors = [x for x in leaves if isinstance(x, Tensor)]
        self.generators = [x for x in leaves if isinstance(x, random.Generator)]
        self.signatures = tuple(map(signature, leaves))
        self.modes = MODES.recording, MODES.casting, devices.default_device()
        self.rest = _containers(self.arguments), get_ident(), *self.modes

    def named(self) -> Iterator[tuple[str, Any]]:
        """Every argument by its path: "0.weight" in the first, "x" by keyword."""
        for arguments in self.arguments:
            yield from tree.named_leaves(arguments)

    def objects(self) -> dict[str, Any]:
        """The arguments that are neither tensors nor generators, by path."""
        return {f"argument {name}": x for name, x in self.named() if not isinstance(x, Tensor | random.Generator)}

    def apart(self, places: dict[int, int]) -> tuple[list[Tensor], tuple[int, ...]]:
        """The gpu tensors that are given, each once, without those that have `places` among the reached ones by id.

        Then which place each argument has: a tensor that comes twice must not be two.
        """
        given = on_gpu(self.tensors)
        fresh = {id(x): x for x in given if id(x) not in places}
        numbers = {key: -1 - i for i, key in enumerate(fresh)}
        return list(fresh.values()), tuple(numbers[id(x)] if id(x) in numbers else places[id(x)] for x in given)


def _containers(value: Any) -> Any:
    """The containers of a tree, without its leaves."""
    if isinstance(value, dict):
        return type(value), tuple((key, _containers(child)) for key, child in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_containers, value))
    return None


def signature(value: Any, with_gradient: bool = True) -> Any:
    """What must be equal for a graph to serve again. A tensor on the cpu is built into it with its values."""
    if isinstance(value, Tensor):
        if value.device == "cpu":
            return "cpu", Same(value.array)
        is_leaf = value.is_leaf
        return (
            value.shape,
            value.dtype,
            value.requires_grad,
            is_leaf,
            with_gradient and is_leaf and value.grad is not None,
        )
    if isinstance(value, random.Generator):  # whichever it is, its keys are given to the graph at each call
        return random.Generator, "a generator"
    if isinstance(value, float):  # 0.0 and -0.0 differ, and nan is itself
        return float, repr(value)
    try:
        hash(value)
    except TypeError:
        return type(value), Same(value)
    return type(value), value


class Same:
    """A value that is equal to itself alone."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def on_gpu(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Those of some tensors that live there."""
    return [x for x in tensors if x.device == "gpu"]
