"""Gradient checkpointing: less memory for a second forward pass."""

from collections.abc import Callable
from typing import Any, TypeVar

from .. import random, tree
from ..autograd.engine import pull
from ..autograd.graph import OPS, Leaf, Node, Outputs, order
from ..autograd.modes import MODES, enable_grad
from ..autograd.operation import alias, part
from ..tensor import Tensor
from .functional_call import is_replaced

__all__ = ["checkpoint"]

Result = TypeVar("Result")


def checkpoint(function: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """function(*args, **options), which keeps its arguments alone for the backward pass, and computes again there.

    Gradients reach tensors among the arguments, and parameters that the function finds by itself, as those of its
    modules. Random numbers are the same at both times. What the function changes (running statistics) changes twice.

    >>> import lucid
    >>> from lucid import nn
    >>> block = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
    >>> x = lucid.ones((2, 4), requires_grad=True)
    >>> checkpoint(block, x).sum().backward()
    >>> x.grad.shape, block[0].weight.grad.shape
    ((2, 4), (8, 4))
    """
    if not MODES.recording or is_replaced():
        return function(*args, **options)
    state = random.get_state()
    result = function(*args, **options)
    outputs = [x for x in tree.leaves(result) if isinstance(x, Tensor) and x.node is not None]
    if not outputs:
        return result
    given = [x for x in tree.leaves([args, options]) if isinstance(x, Tensor)]
    inputs = dict.fromkeys(x.node for x in given if x.node is not None)
    ends = [x.node for x in outputs if x.node is not None]
    found = [n for n in order(ends, set(inputs)) if isinstance(n, Leaf) and n not in inputs]
    parents = [*(x.node for x in given), *found]
    kept = function, tree.map(_frozen, [args, options]), state, found
    whole = Node(_Recomputed, parents, [()] * len(parents), kept)
    arrays = [x.array for x in outputs]
    places = iter(range(len(outputs)))

    def recorded(x: Any) -> Any:
        return Tensor(x.array, part(whole, next(places), arrays)) if isinstance(x, Tensor) and x.node is not None else x

    return tree.map(recorded, result)


class _Frozen:
    """An argument's value, without the graph behind it."""

    def __init__(self, x: Tensor) -> None:
        self.array = x.array


def _frozen(x: Any) -> Any:
    return _Frozen(x) if isinstance(x, Tensor) else x


class _Recomputed:
    """A checkpointed call, as the engine sees it."""

    name = "checkpoint"

    @staticmethod
    def vjp(node: Node, g: Outputs, wanted: list[bool], xp: Any) -> list[Any]:
        function, given, state, found = node.kept
        parents = iter(node.parents)
        inputs: list[Tensor] = []

        def thawed(x: Any) -> Any:
            """Each argument gets a node of its own, through which a second derivative goes on."""
            if not isinstance(x, _Frozen):
                return x
            inputs.append(alias(x.array, next(parents)))
            return inputs[-1]

        args, options = tree.map(thawed, given)
        before = random.get_state()
        random.set_state(state)
        try:
            with enable_grad():
                result = function(*args, **options)
        finally:
            random.set_state(before)
        outputs = [x for x in tree.leaves(result) if isinstance(x, Tensor) and x.node is not None]
        reached = [(x, d if xp is OPS else Tensor(d)) for x, d in zip(outputs, g, strict=True) if d is not None]
        ends = {x.node for x in inputs if x.node is not None} | set(found)
        xs, gs = [x for x, _ in reached], [d for _, d in reached]
        slopes = pull(xs, gs, ends, until=ends, create_graph=xp is OPS)
        nodes = [*(x.node for x in inputs), *found]
        gradients = [None if n is None else slopes.get(n) for n in nodes]
        return [d if d is None or xp is OPS else d.array for d in gradients]
