"""`lucid.compile`: a function of tensors as one graph, built once and run many times.

A function is traced with arrays that have no values yet: what it computes becomes one MLX graph, and later calls with
arguments of the same shapes and dtypes run that graph in place of the function. What the function reaches without being
given it (parameters, gradients, the state of an optimiser) goes into the graph and comes out of it, so that a whole
training step compiles. On the cpu the function simply runs, and so it does inside `vmap`.

A call looks first whether all is as it was when a graph last ran: the same objects in the same places (`Reach.holds`),
arrays of the same shapes in them. Only if not, it walks through everything again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import update_wrapper
from operator import is_
from threading import get_ident
from typing import Any, TypeVar

from . import devices, random, tree
from .autograd.graph import Leaf, Node
from .autograd.modes import MODES
from .autograd.operation import array_of, node_of
from .errors import CompileError, GradientError
from .reach import Reach
from .tensor import Tensor

__all__ = ["compile"]

Function = TypeVar("Function", bound=Callable[..., Any])

ENTRIES = 16  # graphs kept for one function, the least recently used leaving first


def compile(function: Function) -> Function:
    """The same function, which runs as one graph on the gpu. Also a decorator.

    It may take and return tensors in nested lists, tuples and dicts; other arguments select the graph. Random draws are
    fresh in each call, and the same as without `compile`. A module, or any object with a `forward`, comes back as
    itself, sharing all its attributes, but with calls that run as one graph.

    Raises CompileError where the function reads the value of a tensor (`if x > 0`, `item()`), or changes a Python
    number that it did not make, which its graph could not repeat. The logger "lucid" warns where an argument of another
    shape, dtype or value makes it trace the function again.

    >>> import lucid
    >>> @lucid.compile
    ... def double(x):
    ...     return x + x
    >>> double(lucid.ones(2))
    tensor([2., 2.], dtype=float32, device='cpu')
    """
    if hasattr(function, "forward"):
        return _twin(function)
    graphs: OrderedDict[Any, _Graph] = OrderedDict()
    reads_gradients = False  # of what it reaches, as far as is known: then they are inputs too
    on_cpu: list[Tensor] = []  # what the function was found to reach, when nothing of it was on the gpu

    def compiled(*args: Any, **options: Any) -> Any:
        nonlocal reads_gradients
        if MODES.batch is not None or not devices.is_loaded("gpu") or devices.backend("gpu").is_tracing():
            return function(*args, **options)
        call = _Call(args, options)
        if on_cpu and not _on_gpu([*call.tensors, *on_cpu]):
            return function(*args, **options)
        for graph in reversed(graphs.values()):
            if graph.fits(call):
                graphs.move_to_end(graph.key)
                return graph.run(call)
        reach = Reach(function, call.objects())
        on_cpu[:] = [] if _on_gpu([*call.tensors, *reach.tensors.values()]) else reach.tensors.values()
        if not _on_gpu([*call.tensors, *reach.tensors.values()]):
            return function(*args, **options)
        graph = _Graph(function, call, reach, reads_gradients)
        if graph.key in graphs:
            graph = graphs.pop(graph.key).attending(reach)
            out = graph.run(call)
        else:
            _warn_of_arguments(function, call, graphs)
            try:
                out = graph.trace(call, reach)
            except _GradientRead:
                reads_gradients = True
                return compiled(*args, **options)
        if graph.repeatable:
            graphs[graph.key] = graph
            if len(graphs) > ENTRIES:
                graphs.popitem(last=False)
        return out

    return update_wrapper(compiled, function)  # type: ignore[return-value]


def _twin(module: Any) -> Any:
    """The module once more: of the same class but for its calls, with the very same attributes."""
    kind = type(module)
    run = compile(module.__call__)
    twin_kind = type(
        kind.__name__,
        (kind,),
        {
            "__call__": lambda self, *inputs, **options: run(*inputs, **options),
            "__reduce__": lambda self: (compile, (module,)),
            "__module__": kind.__module__,
            "__doc__": kind.__doc__,
        },
    )
    twin: Any = object.__new__(twin_kind)
    twin.__dict__ = module.__dict__
    return twin


class _Call:
    """The arguments of one call: their tensors, and what must be equal for a graph to serve again."""

    def __init__(self, args: Any, options: Any) -> None:
        self.arguments = args, options
        leaves = tree.leaves(self.arguments)
        self.tensors = [x for x in leaves if isinstance(x, Tensor)]
        self.generators = [x for x in leaves if isinstance(x, random.Generator)]
        self.signatures = tuple(map(_signature, leaves))
        self.rest = _form(self.arguments), get_ident(), MODES.recording, MODES.casting, devices.default_device()

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
        given = _on_gpu(self.tensors)
        fresh = {id(x): x for x in given if id(x) not in places}
        numbers = {key: -1 - i for i, key in enumerate(fresh)}
        return list(fresh.values()), tuple(numbers[id(x)] if id(x) in numbers else places[id(x)] for x in given)


def _form(value: Any) -> Any:
    """The containers of a tree, without its leaves."""
    if isinstance(value, dict):
        return type(value), tuple((key, _form(child)) for key, child in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_form, value))
    return None


def _signature(value: Any, with_gradient: bool = True) -> Any:
    """What must be equal for a graph to serve again. A tensor on the cpu is built into it with its values."""
    if isinstance(value, Tensor):
        if value.device == "cpu":
            return "cpu", _Same(value.array)
        has_gradient = with_gradient and value.is_leaf and value.grad is not None
        return value.shape, value.dtype, value.requires_grad, has_gradient
    if isinstance(value, random.Generator):  # whichever it is, its keys are given to the graph at each call
        return random.Generator, "a generator"
    if isinstance(value, float):  # 0.0 and -0.0 differ, and nan is itself
        return float, repr(value)
    try:
        hash(value)
    except TypeError:
        return type(value), _Same(value)
    return type(value), value


class _Same:
    """A value that is equal to itself alone."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _warn_of_arguments(function: Callable[..., Any], call: _Call, graphs: "OrderedDict[Any, _Graph]") -> None:
    """Say which arguments differ from those of the last graph, before the function is traced again."""
    import logging  # a tenth of the time that lucid takes to import

    for graph in reversed(graphs.values()):
        if graph.rest == call.rest:
            for (name, _), now, before in zip(call.named(), call.signatures, graph.signatures):
                if now != before:
                    logging.getLogger("lucid").warning(
                        f"compile: {getattr(function, '__name__', 'the function')} is traced again, because argument "
                        f"{name} was {_shown(before)} and is {_shown(now)}; graphs of {ENTRIES} kinds are kept"
                    )
            return


def _shown(signature: Any) -> str:
    """A signature in words."""
    first, second, *_ = signature
    if isinstance(first, tuple):
        return f"{second.name} {first}"
    return (
        f"another {getattr(first, '__name__', 'tensor on the ' + first)}" if isinstance(second, _Same) else str(second)
    )


class _Graph:
    """A traced graph: which tensors it reads and writes, and what the function returned.

    A tensor is known by its place: those that are given come first, then those that are reached.
    """

    def __init__(self, function: Callable[..., Any], call: _Call, reach: Reach, reads_gradients: bool) -> None:
        self.function, self.signatures, self.rest = function, call.signatures, call.rest
        self.reads_gradients = reads_gradients
        self.keys: list[Any] = []  # of each generator's draws, or what stands for them where there are none
        self.draws: list[int] = []
        self.attending(reach)
        _, self.streams = self._generators(call)
        _, self.pattern = call.apart(self.places)
        found = tuple((path, _signature(x)) for path, x in reach.found.items())
        tensors = tuple((path, _signature(x, reads_gradients)) for path, x in reach.tensors.items())
        generators = self.streams, *reach.generators
        self.key = call.signatures, call.rest, self.pattern, generators, reach.structure, found, tensors

    def attending(self, reach: Reach) -> "_Graph":
        """The graph itself, from now on with the tensors that were found now."""
        self.reach = reach
        self.on_cpu = [(x, x.array) for x in reach.tensors.values() if x.device == "cpu"]
        self.holders = _on_gpu(reach.tensors.values())
        self.places = {id(x): i for i, x in enumerate(self.holders)}
        self.arrays = list(map(array_of, self.holders))
        self.nodes = list(map(node_of, self.holders))
        leaves = [node for node in self.nodes if node is not None and node.op is None]
        self.leaves = leaves if self.reads_gradients else []
        self.with_grad = [node.grad is not None for node in self.leaves]
        return self

    def fits(self, call: _Call) -> bool:
        """Whether the arguments are of the same kind, and the function reaches what it reached the last time."""
        return (
            call.signatures == self.signatures
            and call.rest == self.rest
            and call.apart(self.places)[1] == self.pattern
            and self.reach.holds()
            and self._generators(call)[1] == self.streams
            and all(map(is_, map(node_of, self.holders), self.nodes))
            and [node.grad is not None for node in self.leaves] == self.with_grad
            and self._alike()
            and all(x.array is array for x, array in self.on_cpu)
        )

    def _alike(self) -> bool:
        """Whether what is reached has arrays as before: mostly the very same ones, whose shapes nobody need ask for."""
        now = list(map(array_of, self.holders))
        return all(map(is_, now, self.arrays)) or all(map(_alike, now, self.arrays))

    def _generators(self, call: _Call) -> tuple[list[random.Generator], tuple[int, ...]]:
        """The default generator, those that are given and those that are reached, each once; and which each one is."""
        met = [random.default_generator, *call.generators, *self.reach.generators.values()]
        once = list({id(g): g for g in met}.values())
        return once, tuple(map(once.index, met))

    def run(self, call: _Call) -> Any:
        generators, _ = self._generators(call)
        fresh, _ = call.apart(self.places)
        tensors = fresh + self.holders
        inputs = [*map(array_of, tensors), *_gradients(tensors if self.reads_gradients else fresh).values()]
        keys = (g.keys() if draws else old for g, draws, old in zip(generators, self.draws, self.keys))
        outputs = self.graph(*keys, *inputs)
        self._drawn(generators)
        out = self._written(tensors, outputs)
        self.arrays = list(map(array_of, self.holders))
        return out

    def _drawn(self, generators: list[random.Generator]) -> None:
        """Let generators go on from after the draws of a call."""
        for generator, draws in zip(generators, self.draws):
            seed, before = generator.state
            generator.state = seed, before + draws

    def _written(self, tensors: list[Tensor], outputs: list[Any]) -> Any:
        """What the function returned, after what it wrote has been written."""
        for place in self.without_grad:
            tensors[place].grad = None  # which may be so already
        given = iter(outputs)
        for place, array in zip(self.values, given):
            tensors[place].array = array
        for place, array in zip(self.gradients, given):
            if (node := tensors[place].node) is not None:
                node.grad = Tensor(array)
        return tree.map(lambda leaf: leaf.tensor(outputs) if isinstance(leaf, _Returned) else leaf, self.result)

    def trace(self, call: _Call, reach: Reach) -> Any:
        """Run the function on arrays that have no values yet, and the graph that this gives on those that have."""
        generators, _ = self._generators(call)
        states, self.keys = [g.state for g in generators], [g.keys() for g in generators]
        fresh, _ = call.apart(self.places)
        saved = [(x, x.array, x.node, x.grad) for x in (*call.tensors, *reach.tensors.values())]
        self.graph = devices.backend("gpu").trace(lambda *arrays: self._traced(arrays, call, reach))
        tensors = fresh + self.holders
        inputs = _values(tensors) | _gradients(tensors if self.reads_gradients else fresh)
        try:
            outputs = self.graph(*self.keys, *inputs.values())
        except BaseException:
            reach.put_back(reach.before)
            raise
        finally:
            for generator, state in zip(generators, states):
                generator.traced, generator.state = None, state
            for x, array, node, grad in saved:
                x.array, x.node, x._dtype = array, node, None
                if node is not None:
                    node.grad = grad
        self._drawn(generators)
        out = self._written([*fresh, *self.late], outputs)
        del self.late
        return out

    def _traced(self, arrays: Any, call: _Call, reach: Reach) -> list[Any]:
        """What the graph gives: the function runs on its arguments in new handles, on what it reaches in their own."""
        generators, _ = self._generators(call)
        firsts = [g.state[1] for g in generators]
        for generator, first, keys in zip(generators, firsts, arrays):
            generator.traced = first, keys
        fresh, _ = call.apart(self.places)
        stand_ins = {id(x): _stand_in(x) for x in fresh}
        tensors = [*stand_ins.values(), *self.holders]
        names = _values(tensors) | _gradients(tensors if self.reads_gradients else tensors[: len(fresh)])
        read = dict(zip(names, arrays[len(generators) :], strict=True))
        for node in self.nodes:
            if node is not None and node.op is None and not self.reads_gradients:
                node.grad = UNREAD
        for (kind, place), array in read.items():
            if kind == "value":
                tensors[place].array = array
            else:
                tensors[place].grad = Tensor(array)
        args, options = tree.map(lambda leaf: stand_ins.get(id(leaf), leaf), call.arguments)
        result = self.function(*args, **options)
        self.draws = [g.state[1] - first for g, first in zip(generators, firsts)]

        after = Reach(self.function, call.objects())
        _refuse_changes(reach, after, self.on_cpu)
        places = {path: len(fresh) + i for i, path in enumerate(p for p, x in reach.tensors.items() if _on_gpu([x]))}
        for path, x in after.tensors.items():
            if x.device == "gpu":
                place = places.setdefault(path, len(tensors))
                tensors[place : place + 1] = [x]
        self.repeatable = len(tensors) == len(fresh) + len(self.holders)  # or the next call has another key
        self.late = tensors[len(fresh) :]
        values = _values(tensors) | _gradients(tensors)
        written = {name: array for name, array in values.items() if read.get(name) is not array}
        self.without_grad = [i for i, x in enumerate(tensors) if x.is_leaf and x.requires_grad and x.grad is None]
        leaves = [leaf for leaf in tree.leaves(result) if isinstance(leaf, Tensor) and leaf.device == "gpu"]
        numbers = {id(leaf): len(written) + i for i, leaf in enumerate(leaves)}
        self.result = tree.map(lambda leaf: _Returned(numbers[id(leaf)], leaf) if id(leaf) in numbers else leaf, result)
        self.values, self.gradients = ([place for of, place in written if of == kind] for kind in ("value", "grad"))
        return [*written.values(), *(leaf.array for leaf in leaves)]


def _on_gpu(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [x for x in tensors if x.device == "gpu"]


def _values(tensors: list[Tensor]) -> dict[tuple[str, int], Any]:
    """The array of each tensor, by place."""
    return {("value", i): x.array for i, x in enumerate(tensors)}


def _gradients(tensors: list[Tensor]) -> dict[tuple[str, int], Any]:
    """The arrays of the gradients that leaves have, by place."""
    nodes = [(i, x.node) for i, x in enumerate(tensors) if x.node is not None and x.node.op is None]
    return {("grad", i): node.grad.array for i, node in nodes if node.grad is not None and node.grad is not UNREAD}


def _alike(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and a.shape == b.shape and a.dtype == b.dtype)


def _stand_in(x: Tensor) -> Tensor:
    """A handle in place of an argument, since what a trace computes must not reach the argument itself."""
    stand_in = Tensor(x.array)
    if x.requires_grad:
        stand_in.requires_grad_().grad = x.grad
    return stand_in


class _GradientRead(BaseException):
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
        raise _GradientRead


UNREAD = _Unread()


def _refuse_changes(before: Reach, after: Reach, on_cpu: list[tuple[Tensor, Any]]) -> None:
    """Raise CompileError for changes that a graph could not repeat."""
    for x, array in on_cpu:
        if x.array is not array:
            path = next(path for path, held in before.tensors.items() if held is x)
            raise CompileError(f"compile: the function changed {path} on the cpu, but runs on the gpu; move it first")
    for path, value in before.found.items():
        now = after.found.get(path, value)
        if _signature(now) != _signature(value):
            raise CompileError(
                f"compile: the function changed {path} from {value!r} to {now!r}, which its graph could not "
                "repeat; keep it in a tensor, or change it outside"
            )


class _Returned:
    """A tensor in what a function returns: which output of the graph it is."""

    name = "compile"

    def __init__(self, number: int, leaf: Tensor) -> None:
        self.number, self.requires_grad = number, leaf.requires_grad

    def tensor(self, outputs: list[Any]) -> Tensor:
        out = Tensor(outputs[self.number])
        if self.requires_grad:  # so that a backward pass from here says why it cannot be
            out.node = Node(self, [Leaf(out.dtype)], [out.shape], None)
        return out

    def vjp(self, node: Node, gradient: Any, wanted: list[bool], xp: Any) -> Any:
        raise GradientError("backward: a compiled function returned this tensor; call backward inside the function")
