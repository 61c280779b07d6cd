"""The graph of a compiled function: how a trace finds it, what it reads, and what it writes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import is_
from typing import Any

from .. import devices, random, tree
from ..autograd.graph import Leaf, Node
from ..autograd.operation import alias, array_of, node_of
from ..errors import CompileError, GradientError
from ..tensor import Tensor
from .calls import Call, on_gpu, signature
from .pullback import Pullback
from .reach import Reach

__all__ = ["GradientRead", "Graph"]


@dataclass(frozen=True)
class Given:
    """In the arguments of a traced function: the tensor of a place."""

    place: int


@dataclass(frozen=True)
class Returned:
    """In what a traced function returned: an output of its graph; or the very tensor of a place, if there is one."""

    number: int
    place: int | None


class Graph:
    """A traced graph: which tensors it reads and writes, and what the function returned.

    A tensor is known by its place: those that are given come first, then those that are reached.
    """

    def __init__(self, function: Callable[..., Any], call: Call, reach: Reach, reads_gradients: bool) -> None:
        self.function, self.signatures, self.rest, self.modes = function, call.signatures, call.rest, call.modes
        self.reads_gradients = reads_gradients
        self.keys: list[Any] = []  # of each generator's draws, or what stands for them where there are none
        self.draws: list[int] = []
        self.late: list[Tensor] = []  # what is reached once the function has run, until it is written
        self.attending(reach)
        _, self.streams = self._generators(call.generators)
        _, self.pattern = call.apart(self.places)
        found = tuple((path, signature(x)) for path, x in reach.found.items())
        tensors = tuple((path, signature(x, reads_gradients)) for path, x in reach.tensors.items())
        generators = self.streams, *reach.generators
        self.key = call.signatures, call.rest, self.pattern, generators, reach.structure, found, tensors

    def attending(self, reach: Reach) -> "Graph":
        """The graph itself, from now on with the tensors that were found now."""
        self.reach = reach
        self.on_cpu = [(x, x.array) for x in reach.tensors.values() if x.device == "cpu"]
        self.holders = on_gpu(reach.tensors.values())
        self.places = {id(x): i for i, x in enumerate(self.holders)}
        self.arrays: list[Any] | None = list(map(array_of, self.holders))  # while no other graph has run since
        self.kinds_of_arrays = list(map(_kind, self.arrays))
        self.nodes = list(map(node_of, self.holders))
        leaves = [node for node in self.nodes if node is not None and node.op is None]
        self.leaves = leaves if self.reads_gradients else []
        self.with_grad = [node.grad is not None for node in self.leaves]
        return self

    # --- Running it ---

    def fits(self, call: Call) -> bool:
        """Whether the arguments are of the same kind, and the function reaches what it reached the last time."""
        return (
            call.signatures == self.signatures
            and call.rest == self.rest
            and call.apart(self.places)[1] == self.pattern
            and self.reach.holds()
            and self._generators(call.generators)[1] == self.streams
            and all(map(is_, map(node_of, self.holders), self.nodes))
            and [node.grad is not None for node in self.leaves] == self.with_grad
            and self._has_its_arrays()
            and all(x.array is array for x, array in self.on_cpu)
        )

    def _has_its_arrays(self) -> bool:
        """Whether what is reached has arrays as before: mostly the very same ones, whose shapes nobody need ask for."""
        now = list(map(array_of, self.holders))
        same = self.arrays is not None and all(map(is_, now, self.arrays))
        return same or list(map(_kind, now)) == self.kinds_of_arrays

    def _generators(self, given: list[random.Generator]) -> tuple[list[random.Generator], tuple[int, ...]]:
        """The default generator, those that are given and those that are reached, each once; and which each one is."""
        met = [random.default_generator, *given, *self.reach.generators.values()]
        once = list({id(g): g for g in met}.values())
        return once, tuple(map(once.index, met))

    def run(self, call: Call) -> Any:
        self.generators, _ = self._generators(call.generators)
        fresh, _ = call.apart(self.places)
        tensors = fresh + self.holders
        inputs = [*map(array_of, tensors), *_gradients(tensors if self.reads_gradients else fresh).values()]
        keys = [g.keys() if draws else old for g, draws, old in zip(self.generators, self.draws, self.keys)]
        outputs = self.graph(*keys, *inputs)
        self._drawn(self.generators)
        out = self._written(tensors, tensors, [*keys, *inputs], outputs)
        self.arrays = list(map(array_of, self.holders))
        return out

    def _drawn(self, generators: list[random.Generator]) -> None:
        """Let generators go on from after the draws of a call."""
        for generator, draws in zip(generators, self.draws):
            seed, before = generator.state
            generator.state = seed, before + draws

    def _written(self, before: list[Tensor], after: list[Tensor], inputs: list[Any], outputs: list[Any]) -> Any:
        """What the function returned, after what it wrote has been written: where it ends, tensors may be others."""
        nodes = self.pullback.nodes(before, inputs, outputs)
        for place in self.without_grad:
            after[place].grad = None  # which may be so already
        for number, place in enumerate(self.values):
            after[place].array = outputs[number]
            if number in nodes:
                after[place].node = nodes[number]
        for number, place in enumerate(self.gradients, len(self.values)):
            if (node := after[place].node) is not None:
                node.grad = Tensor(outputs[number])

        def tensor(leaf: Any) -> Any:
            if not isinstance(leaf, Returned):
                return leaf
            return (
                before[leaf.place] if leaf.place is not None else Tensor(outputs[leaf.number], nodes.get(leaf.number))
            )

        return tree.map(tensor, self.result)

    # --- Tracing it ---

    def trace(self, call: Call) -> Any:
        """Run the function on arrays that have no values yet, and the graph that this gives on those that have."""
        self.generators, _ = self._generators(call.generators)
        self.keys = [g.keys() for g in self.generators]
        fresh, numbers = call.apart(self.places)
        tensors = fresh + self.holders
        inputs = _values(tensors) | _gradients(tensors if self.reads_gradients else fresh)
        self.count, self.names, self.objects = len(fresh), list(inputs), call.objects()
        self.kinds = [None if x.node is None else "leaf" if x.is_leaf else "computed" for x in tensors]
        places = iter(numbers)
        self.arguments = tree.map(
            lambda leaf: (
                Given(self._place(next(places))) if isinstance(leaf, Tensor) and leaf.device == "gpu" else leaf
            ),
            call.arguments,
        )
        self.graph = devices.backend("gpu").trace(self._traced)
        with self.kept(call.tensors):
            try:
                outputs = self.graph(*self.keys, *inputs.values())
            except BaseException:
                self.reach.put_back(self.reach.before)
                raise
        self._drawn(self.generators)
        late, self.late = self.late, []
        return self._written(tensors, [*fresh, *late], [*self.keys, *inputs.values()], outputs)

    def _place(self, number: int) -> int:
        """Where a tensor comes, from the number that `Call.apart` gives it."""
        return -1 - number if number < 0 else self.count + number

    @contextmanager
    def kept(self, given: Iterable[Tensor] = ()) -> Iterator[None]:
        """Tensors and generators are afterwards as before; not containers."""
        states = [(g, g.traced, g.state) for g in self.generators]
        saved = [(x, x.array, x.node, x.grad) for x in (*given, *self.reach.tensors.values())]
        try:
            yield
        finally:
            for generator, traced, state in states:
                generator.traced, generator.state = traced, state
            for x, array, node, grad in saved:
                x.array, x.node, x._dtype = array, node, None
                if node is not None:
                    node.grad = grad

    def body(self, arrays: Any, again: bool = False) -> tuple[Any, list[Tensor], list[Node | None]]:
        """What the function returns for `arrays` in place of the values of all that it is given and reaches; the
        tensors that hold them, by place; and the nodes that these had when the function began.

        What is given comes in new handles, what is reached stays in its own. Leaves that are reached keep their nodes,
        where gradients are written, unless the function runs `again`, only to be differentiated.
        """
        tensors = [*(Tensor(None) for _ in range(self.count)), *self.holders]
        for generator, keys in zip(self.generators, arrays):
            generator.traced = generator.state[1], keys
        read = dict(zip(self.names, arrays[len(self.generators) :], strict=True))
        for place, (x, kind) in enumerate(zip(tensors, self.kinds, strict=True)):
            x.array, x._dtype, reached = read["value", place], None, place >= self.count
            if kind is None:
                x.node = None
            elif kind == "computed":
                x.node = alias(x.array, Leaf(x.dtype)).node
            elif again or not reached:
                hooks = {} if x.node is None else x.node.hooks or {}
                x.node = Leaf(x.dtype)
                x.node.hooks = {**hooks}
            if kind == "leaf" and reached and not self.reads_gradients:
                x.node.grad = UNREAD  # type: ignore[union-attr]
        for (of, place), array in read.items():
            if of == "grad":
                tensors[place].grad = Tensor(array)
        for x, array in self.on_cpu:
            x.array = array
        entries = list(map(node_of, tensors))
        args, options = tree.map(lambda leaf: tensors[leaf.place] if isinstance(leaf, Given) else leaf, self.arguments)
        return self.function(*args, **options), tensors, entries

    def later(self, tensors: list[Tensor], after: Reach) -> list[Tensor]:
        """The tensors by place once the function has run: others behind the same paths, then those behind new ones."""
        later = list(tensors)
        paths = (path for path, x in self.reach.tensors.items() if x.device == "gpu")
        places = {path: place for place, path in enumerate(paths, self.count)}
        for path, x in after.tensors.items():
            if x.device == "gpu":
                place = places.setdefault(path, len(later))
                later[place : place + 1] = [x]
        return later

    def ends(self, result: Any, later: list[Tensor]) -> list[Tensor | None]:
        """The tensors whose values the graph gives, and None for gradients."""
        return [*(later[place] for place in self.values), *(None for _ in self.gradients), *_leaves(result)]

    def _traced(self, *arrays: Any) -> list[Any]:
        """What the graph gives."""
        firsts, since = [g.state[1] for g in self.generators], Node(None, (), (), None).number
        result, tensors, entries = self.body(arrays)
        self.draws = [g.state[1] - first for g, first in zip(self.generators, firsts)]
        _refuse_gradients(entries)
        after = Reach(self.function, self.objects)
        _refuse_changes(self.reach, after, self.on_cpu)
        later = self.later(tensors, after)
        self.late = later[self.count :]
        self.repeatable = len(later) == len(tensors)  # or the next call has another key
        read = dict(zip(self.names, arrays[len(self.generators) :], strict=True))
        values = _values(later) | _gradients(later)
        written = {name: array for name, array in values.items() if read.get(name) is not array}
        self.without_grad = [i for i, x in enumerate(later) if x.is_leaf and x.requires_grad and x.grad is None]
        self.values, self.gradients = ([place for of, place in written if of == kind] for kind in ("value", "grad"))
        leaves = _leaves(result)
        numbers = {id(leaf): number for number, leaf in enumerate(leaves, len(written))}
        places = {id(x): place for place, (x, end) in enumerate(zip(tensors, later)) if x is end}
        self.result = tree.map(
            lambda leaf: Returned(numbers[id(leaf)], places.get(id(leaf))) if id(leaf) in numbers else leaf, result
        )
        self.pullback = Pullback(self, entries, self.ends(result, later), since)
        return [*written.values(), *map(array_of, leaves)]


def _leaves(result: Any) -> list[Tensor]:
    return on_gpu(leaf for leaf in tree.leaves(result) if isinstance(leaf, Tensor))


def _values(tensors: list[Tensor]) -> dict[tuple[str, int], Any]:
    """The array of each tensor, by place."""
    return {("value", i): x.array for i, x in enumerate(tensors)}


def _gradients(tensors: list[Tensor]) -> dict[tuple[str, int], Any]:
    """The arrays of the gradients that leaves have, by place."""
    nodes = [(i, x.node) for i, x in enumerate(tensors) if x.node is not None and x.node.op is None]
    return {("grad", i): node.grad.array for i, node in nodes if node.grad is not None and node.grad is not UNREAD}


def _kind(array: Any) -> Any:
    return type(array), array.shape, array.dtype


class GradientRead(BaseException):
    """A trace read a gradient that it was not given."""


class _Unread(Tensor):
    """A gradient in a trace of a function that is believed to read none: most forget them all before backward.

    Then they need not go into the graph, and it does not matter whether there were any.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self.node = self._dtype = None

    @property
    def array(self) -> Any:  # type: ignore[override]
        raise GradientRead


UNREAD = _Unread()


def _refuse_gradients(entries: list[Node | None]) -> None:
    """Raise GradientError for gradients that would have to leave the graph while it runs."""
    for node in entries:
        if node is not None and node.op is not None and (not node.parents or node.parents[0].grad is not None):  # type: ignore[union-attr]
            raise GradientError(
                "backward: inside a compiled function, gradients came to a tensor that was computed outside; call "
                "backward outside, or give the function x.detach()"
            )


def _refuse_changes(before: Reach, after: Reach, on_cpu: list[tuple[Tensor, Any]]) -> None:
    """Raise CompileError for changes that a graph could not repeat."""
    for x, array in on_cpu:
        if x.array is not array:
            path = next(path for path, held in before.tensors.items() if held is x)
            raise CompileError(f"compile: the function changed {path} on the cpu, but runs on the gpu; move it first")
    for path, value in before.found.items():
        now = after.found.get(path, value)
        if signature(now) != signature(value):
            raise CompileError(
                f"compile: the function changed {path} from {value!r} to {now!r}, which its graph could not "
                "repeat; keep it in a tensor, or call what changes it outside, as the step() of a schedule"
            )
