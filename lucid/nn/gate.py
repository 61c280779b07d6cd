"""What stands around a module whose gradients are watched: a node behind its inputs, and one before its outputs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import tree
from ..autograd.batches import beside
from ..autograd.graph import OPS, Node, Outputs
from ..autograd.operation import part
from ..backends import backend_of
from ..errors import ShapeError
from ..tensor import Tensor

__all__ = ["Gate"]

Gradients = tuple[Tensor | None, ...]


class Gate:
    """Calls hooks with the gradients of a module's inputs and outputs: when those of the inputs are known, or, where no
    gradient flows to an input, when those of the outputs are.
    """

    def __init__(self, module: Any, hooks: Iterable[Callable[[Any, Gradients, Gradients], Any]]) -> None:
        self.module, self.hooks = module, tuple(hooks)
        self.outgoing: Gradients = ()

    def entered(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs, from behind the gate."""
        self.count, self.places = len(inputs), [i for i, x in enumerate(inputs) if _flows(x)]
        changed = list(inputs)
        for i, x in zip(self.places, _passed(self._into, [inputs[i] for i in self.places])):
            changed[i] = x
        return tuple(changed)

    def left(self, output: Any) -> Any:
        """The output, a tree of tensors, from behind the gate."""
        passed = iter(_passed(self._out, [x for x in tree.leaves(output) if _flows(x)]))
        return tree.map(lambda x: next(passed) if _flows(x) else x, output)

    def _out(self, gradients: Gradients) -> Gradients:
        """The gradients of the outputs go on as they are."""
        self.outgoing = gradients
        if not self.places:
            self._called((None,) * self.count)
        return gradients

    def _into(self, gradients: Gradients) -> Gradients:
        """The gradients of the inputs, as the hooks leave them."""
        all_inputs: list[Tensor | None] = [None] * self.count
        for i, g in zip(self.places, gradients, strict=True):
            all_inputs[i] = g
        after = self._called(tuple(all_inputs))
        return tuple(after[i] for i in self.places)

    def _called(self, gradients: Gradients) -> Gradients:
        outgoing, self.outgoing = self.outgoing, ()
        for hook in self.hooks:
            if (changed := hook(self.module, gradients, outgoing)) is None:
                continue
            changed = tuple(changed) if isinstance(changed, tuple | list) else (changed,)
            given, wanted = list(map(_told, changed)), list(map(_told, gradients))
            if given != wanted:
                name = type(self.module).__name__
                raise ShapeError(f"{name}: a backward hook returned {given}; wanted None, or for the inputs {wanted}")
            gradients = changed
        return gradients


class _Passage:
    """Tensors that pass a gate together, as the engine sees it."""

    name = "hooked"

    def __init__(self, pulled: Callable[[Gradients], Gradients]) -> None:
        self.pulled = pulled

    def vjp(self, node: Node, g: Outputs, wanted: list[bool], xp: Any) -> list[Any]:
        before = tuple(d if d is None or xp is OPS else Tensor(backend_of[type(d)].asarray(d)) for d in g)
        after = self.pulled(before)
        if xp is OPS:
            return list(after)
        return [None if d is None or x is None else beside(d, x).array for d, x in zip(after, before, strict=True)]


def _passed(pulled: Callable[[Gradients], Gradients], tensors: Sequence[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    arrays = tuple(x.array for x in tensors)
    whole = Node(_Passage(pulled), [x.node for x in tensors], [a.shape for a in arrays], None)
    return [Tensor(a, part(whole, i, arrays)) for i, a in enumerate(arrays)]


def _flows(x: Any) -> bool:
    return isinstance(x, Tensor) and x.node is not None


def _told(x: Any) -> Any:
    return x.shape if isinstance(x, Tensor) else type(x).__name__
