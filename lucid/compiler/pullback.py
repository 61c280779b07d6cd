"""How gradients pass a compiled call: through a second graph, in which the function runs again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .. import devices
from ..autograd.engine import FREED, pull
from ..autograd.graph import OPS, Leaf, Node, Outputs, order
from ..autograd.modes import MODES
from ..autograd.operation import Alias, part
from ..errors import GradientError
from ..tensor import Tensor
from .reach import Reach

__all__ = ["Pullback"]


class Pullback:
    """What a traced graph knows of gradients: where each output leads, and the graphs that pull gradients back.

    All outputs of a call that gradients flow through share one node. It keeps what went into the graph, and its parents
    are the nodes of those inputs that the outputs were computed from. The backward graph takes the same inputs and the
    gradients of outputs, runs the function once more, and pulls; what the function writes meanwhile is dropped. There
    is one for each choice of outputs that gradients have reached and of inputs whose gradients are wanted.
    """

    name = "compile"

    def __init__(self, graph: Any, entries: list[Node | None], ends: list[Tensor | None], since: int) -> None:
        """`entries` are the nodes of the inputs by place, `since` is older than all that was recorded."""
        self.graph, self.graphs = graph, {}  # type: ignore[var-annotated]
        self.same: dict[int, int] = {}  # outputs with the node of an input, at that place
        self.leaves: list[int] = []  # outputs that are new leaves
        self.apart: list[int] = []  # tensors that were computed by a recorded op, and no longer are
        self.lost: dict[int, Any] = {}  # outputs whose gradients can go nowhere, with what their nodes keep
        self.flows: list[int] = []  # all others that require gradients
        inputs = {node: place for place, node in enumerate(entries) if node is not None}
        used: set[Node | None] = set()
        for number, x in enumerate(ends):
            place = graph.values[number] if number < len(graph.values) else None
            if x is None:
                continue
            if x.node is None:
                if place is not None and place < len(graph.kinds) and graph.kinds[place] == "computed":
                    self.apart.append(number)
            elif x.node in inputs:
                if place is None or place >= len(entries) or x.node is not entries[place]:
                    self.same[number] = inputs[x.node]
            elif x.is_leaf:
                self.leaves.append(number)
            else:
                found = order([x.node], set(inputs))
                if any(node.kept is FREED for node in found):
                    self.lost[number] = FREED
                elif any(node.number < since and node not in inputs for node in found):
                    self.lost[number] = None
                else:
                    self.flows.append(number)
                    used.update(found)
        self.parents = [place for place, node in enumerate(entries) if node in used]

    def nodes(self, tensors: Sequence[Tensor], inputs: list[Any], outputs: list[Any]) -> dict[int, Node | None]:
        """The nodes that outputs get, by their numbers, in a call with such tensors by place."""
        found: dict[int, Node | None] = dict.fromkeys(self.apart)
        for number, place in self.same.items():
            found[number] = tensors[place].node
        for number in self.leaves:
            found[number] = Leaf(Tensor(outputs[number]).dtype)
        for number, kept in self.lost.items():
            found[number] = Node(_Lost, [Leaf(Tensor(outputs[number]).dtype)], [outputs[number].shape], kept)
        if self.flows:
            parents = [tensors[place].node for place in self.parents]
            flowing = [outputs[number] for number in self.flows]
            whole = Node(self, parents, [()] * len(parents), inputs)
            found |= {number: part(whole, i, flowing) for i, number in enumerate(self.flows)}
        return found

    def vjp(self, node: Node, g: Outputs, wanted: list[bool], xp: Any) -> list[Any]:
        inputs, given = node.kept, [d for d in g if d is not None]
        numbers = [number for number, d in zip(self.flows, g, strict=True) if d is not None]
        places = [place if wants else None for place, wants in zip(self.parents, wanted, strict=True)]
        if xp is OPS:
            return self._pulled(inputs, numbers, given, places, node.parents)
        key = *numbers, None, *places
        graph, found = self.graphs.get(key) or self._traced(len(inputs), numbers, places)
        gradients = graph(*inputs, *given)
        self.graphs[key] = graph, found
        rest = iter(gradients)
        return [next(rest) if is_found else None for is_found in found]

    def _traced(
        self, count: int, numbers: list[int], places: list[int | None]
    ) -> tuple[Callable[..., Any], list[bool]]:
        """The graph of the gradients, and for which places it has any, once it has run."""
        found: list[bool] = []

        def traced(*arrays: Any) -> list[Any]:
            gradients = self._pulled(arrays[:count], numbers, map(Tensor, arrays[count:]), places)
            found[:] = [d is not None for d in gradients]
            return [d.array for d in gradients if d is not None]

        return devices.backend("gpu").trace(traced), found

    def _pulled(
        self,
        inputs: Sequence[Any],
        numbers: list[int],
        gradients: Iterable[Tensor],
        places: list[int | None],
        parents: Sequence[Node | None] = (),
    ) -> list[Any]:
        """The gradients of the inputs in some places, from those of the outputs of some numbers.

        If there are `parents`, they can themselves be differentiated, which leads there.
        """
        graph, recording = self.graph, MODES.recording
        reach = graph.reach
        now = reach.state()
        with graph.kept():
            reach.put_back(reach.before)  # numbers and all, as they were at the call
            try:
                with _in_modes(*graph.modes):
                    result, tensors, entries = graph.body(inputs, again=True)
                    ends = graph.ends(result, graph.later(tensors, Reach(graph.function, graph.objects)))
                beyond = dict(zip(self.parents, parents))
                for place, node in enumerate(entries):
                    if node is not None:
                        node.hooks = None  # which are called where the gradient goes on to
                        start: Any = node if node.op is None else node.parents[0]
                        if parents:
                            start.op, start.parents = Alias, [beyond.get(place)]
                outputs: list[Any] = [ends[number] for number in numbers]
                inner = {node for node in entries if node is not None}
                wanted = [None if place is None else entries[place] for place in places]
                create_graph = bool(parents) and recording
                found = pull(outputs, list(gradients), set(wanted), until=inner, create_graph=create_graph)
            finally:
                reach.put_back(now)
        return [None if node is None else found.get(node) for node in wanted]


@contextmanager
def _in_modes(recording: bool, casting: Any, device: Any) -> Iterator[None]:
    """Modes as they were at a call."""
    before = MODES.recording, MODES.casting, MODES.casts, MODES.batch
    MODES.recording, MODES.casting, MODES.casts, MODES.batch = recording, casting, casting and {}, None
    try:
        with devices.use_device(device):
            yield
    finally:
        MODES.recording, MODES.casting, MODES.casts, MODES.batch = before


class _Lost:
    """A computation through which no gradient can go: one that was freed, or that begins with what is no input."""

    name = "compile"

    @staticmethod
    def vjp(node: Node, g: Any, wanted: list[bool], xp: Any) -> Any:
        raise GradientError(
            "backward: a compiled function returned this tensor, which depends on a tensor that is no input of its "
            "graph: one on the cpu, or in an object that lucid.compile does not look into; give it as an argument, or "
            "move it, or call backward inside the function"
        )
