"""Which layer of a model each op belongs to, on the way forward and on the way back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .. import tree
from ..autograd.graph import Node
from ..autograd.observe import Step, observe
from ..nn import Module
from ..tensor import Tensor

__all__ = ["watch"]

Around = Callable[[str, Step, Callable[[], Any]], Any]


@contextmanager
def watch(model: Module, around: Around) -> Iterator[None]:
    """Let `around(layer, step, compute)` stand around every op for the length of a with block.

    A layer is the dotted name of the innermost module of `model` that is at work, "" for the model itself and for what
    is outside of it. A gradient belongs to the layer that recorded its op.
    """
    layers = _Layers()

    def seen(step: Step, compute: Callable[[], Any]) -> Any:
        return around(layers.of(step), step, compute)

    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(module.register_forward_pre_hook(layers.enter(name)))
            stack.enter_context(module.register_forward_hook(layers.leave))
        stack.enter_context(observe(seen))
        yield


class _Layers:
    """The modules at work, the innermost last, and the layers of the nodes that have been recorded."""

    def __init__(self) -> None:
        self.names = [""]
        self.found: dict[Node, str] = {}

    def of(self, step: Step) -> str:
        return self.names[-1] if step.node is None else self.found.get(step.node, "")

    def enter(self, name: str) -> Callable[..., None]:
        def hook(module: Module, inputs: Any) -> None:
            self._claim(inputs)  # what the module around this one recorded to make them
            self.names.append(name)

        return hook

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        self._claim(output)
        self.names.pop()

    def _claim(self, values: Any) -> None:
        """Give the module at work the nodes behind some values that no module inside it has claimed."""
        stack = [x.node for x in tree.leaves(values) if isinstance(x, Tensor)]
        while stack:
            node = stack.pop()
            if node is not None and node not in self.found:
                self.found[node] = self.names[-1]
                stack.extend(node.parents)
