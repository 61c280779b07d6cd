"""`lucid.compile`: a function of tensors as one graph, built once and run many times.

A function is traced with arrays that have no values yet: what it computes becomes one MLX graph, and later calls with
arguments of the same shapes and dtypes run that graph in place of the function. What the function reaches without being
given it (parameters, gradients, the state of an optimiser) goes into the graph and comes out of it, so that a whole
training step compiles. On the cpu the function simply runs, and so it does inside `vmap`.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache, partial, update_wrapper
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

from . import devices, random, tree
from .autograd.graph import Leaf, Node
from .autograd.modes import MODES
from .errors import CompileError, GradientError
from .tensor import Tensor

__all__ = ["compile"]

Function = TypeVar("Function", bound=Callable[..., Any])

ENTRIES = 16  # graphs kept for one function, the least recently used leaving first


def compile(function: Function) -> Function:
    """The same function, which runs as one graph on the gpu. Also a decorator.

    It may take and return tensors in nested lists, tuples and dicts; other arguments select the graph. Random draws are
    fresh in each call, and the same as without `compile`.

    Raises CompileError where the function reads the value of a tensor (`if x > 0`, `item()`), or changes a Python
    number that it did not make, which its graph could not repeat.

    >>> import lucid
    >>> @lucid.compile
    ... def double(x):
    ...     return x + x
    >>> double(lucid.ones(2))
    tensor([2., 2.], dtype=float32, device='cpu')
    """
    graphs: OrderedDict[Any, _Graph] = OrderedDict()

    def compiled(*args: Any, **options: Any) -> Any:
        given = dict(tree.named_leaves([args, options]))
        objects = {path: x for path, x in given.items() if not isinstance(x, Tensor)}
        reached = _reached(function, objects)
        tensors = [x for x in (*given.values(), *reached.values()) if isinstance(x, Tensor)]
        if MODES.batch is not None or not any(x.device == "gpu" for x in tensors):
            return function(*args, **options)
        key = tuple((path, _signature(value)) for path, value in (*given.items(), *reached.items()))
        graph = graphs.pop(key, None) or _Graph(function)
        out = graph(given, reached, args, options)
        if not graph.repeatable:
            return out
        graphs[key] = graph
        if len(graphs) > ENTRIES:
            graphs.popitem(last=False)
        return out

    return update_wrapper(compiled, function)  # type: ignore[return-value]


def _signature(value: Any) -> Any:
    """What must be equal for a graph to serve again."""
    if isinstance(value, Tensor):
        return value.shape, value.dtype, value.device, value.requires_grad, value.is_leaf and value.grad is not None
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


def _reached(function: Callable[..., Any], objects: dict[str, Any]) -> dict[str, Any]:
    """Every tensor and Python number that a function can reach, itself or by what it is given, by the path there."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    home = getattr(function, "__module__", None)
    stack: list[tuple[str, Any]] = [(f"argument {path}", x) for path, x in objects.items()]
    stack.append((getattr(function, "__name__", "function"), function))
    while stack:
        path, value = stack.pop()
        if isinstance(value, bool | int | float | str | None):
            found[path] = value
        elif id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, Tensor):
                found[path] = value
            else:
                stack.extend(_children(path, value, home))
    return found


def _children(path: str, value: Any, home: str | None) -> Iterator[tuple[str, Any]]:
    """What a value leads to: captured and global names of functions, elements of containers, attributes of objects."""
    if isinstance(value, FunctionType):
        if value.__module__ != home and (value.__module__ or "").startswith("lucid."):  # lucid's own business
            return
        yield from _globals(value)
        yield f"{path} defaults", (value.__defaults__, value.__kwdefaults__)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # a name that has no value yet
                continue
    elif isinstance(value, partial):
        yield from ((path, value.func), (f"{path}.args", value.args), (f"{path}.keywords", value.keywords))
    elif isinstance(value, MethodType):
        yield from ((f"{path}.self", value.__self__), (path, value.__func__))
    elif isinstance(value, dict):
        yield from ((f"{path}[{i}]", child) for i, child in enumerate(value.values()))
    elif isinstance(value, list | tuple | set):
        yield from ((f"{path}[{i}]", child) for i, child in enumerate(value))
    elif isinstance(value, ModuleType | type | BuiltinFunctionType | random.Generator):
        return
    elif _is_followed(type(value)):  # type: ignore[arg-type]
        yield from ((f"{path}.{name}", child) for name, child in getattr(value, "__dict__", {}).items())


def _globals(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The globals that a function names, and what it may take from those that are modules."""
    names = dict.fromkeys(_names(function.__code__))
    for name in names:
        value = function.__globals__.get(name)
        yield f"{function.__module__}.{name}", value
        if isinstance(value, ModuleType) and not _is_library(value.__name__):
            yield from ((f"{value.__name__}.{inner}", vars(value)[inner]) for inner in names if inner in vars(value))


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function reads, and those that functions and comprehensions inside it read."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


@cache
def _is_followed(kind: type) -> bool:
    """Whether attributes of such an object may hold a function's state: lucid's own classes, and the user's."""
    return any(c.__module__.startswith("lucid.") for c in kind.__mro__) or not _is_library(kind.__module__)


def _is_library(module: str) -> bool:
    """Whether a module came with Python or was installed, and so is not the user's own."""
    top = module.partition(".")[0]
    places = ("site-packages", "dist-packages")
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return top in sys.stdlib_module_names or top == "lucid" or any(place in file for place in places)


class _Graph:
    """A traced graph: which tensors it reads and writes, by path, and what the function returned."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.run: Callable[..., Any] | None = None
        self.keys: Any = None
        self.draws = 0
        self.repeatable = True  # unless it made tensors that later calls will find, and so have another graph

    def __call__(self, given: dict[str, Any], reached: dict[str, Any], args: Any, options: Any) -> Any:
        tensors = _on_gpu({**given, **reached})
        generator = random.default_generator
        inputs = [generator.keys() if self.draws or not self.run else self.keys, *_values(tensors).values()]
        if self.run is None:
            self.keys, state = inputs[0], generator.state
            saved = [(x, x.array, x.node, x.grad) for x in {**given, **reached}.values() if isinstance(x, Tensor)]
            self.run = devices.backend("gpu").trace(lambda *arrays: self._trace(arrays, given, reached, args, options))
            try:
                outputs = self.run(*inputs)
            finally:
                generator.traced, generator.state = None, state
                for x, array, node, grad in saved:
                    x.array, x.node = array, node
                    if node is not None:
                        node.grad = grad
            tensors |= self.made
            self.repeatable = not self.made.keys() - reached.keys()
            del self.made
        else:
            outputs = self.run(*inputs)
        generator.state = (generator.state[0], generator.state[1] + self.draws)
        arrays = dict(zip(self.writes, outputs))
        for path in self.without_grad & tensors.keys():
            tensors[path].grad = None
        for (kind, path), array in arrays.items():
            if kind == "value":
                tensors[path].array = array
            elif kind == "grad":
                tensors[path].grad = Tensor(array)
        return tree.map(lambda leaf: leaf.tensor(arrays) if isinstance(leaf, _Returned) else leaf, self.result)

    def _trace(self, arrays: Any, given: dict[str, Any], reached: dict[str, Any], args: Any, options: Any) -> list[Any]:
        """Run the function on arrays without values: its arguments in new handles, what it reaches in their own."""
        generator = random.default_generator
        first = generator.state[1]
        generator.traced = (first, arrays[0])
        stand_ins = {path: Tensor(x.array) for path, x in _on_gpu(given).items()}
        for path, x in stand_ins.items():
            x.requires_grad_(given[path].requires_grad)
            x.grad = given[path].grad if x.requires_grad else None
        tensors = {**stand_ins, **_on_gpu(reached)}
        read = dict(zip(_values(tensors), arrays[1:], strict=True))
        for (kind, path), array in read.items():
            if kind == "value":
                tensors[path].array = array
            else:
                tensors[path].grad = Tensor(array)
        leaves = iter([stand_ins.get(path, value) for path, value in given.items()])
        args, options = tree.map(lambda _: next(leaves), [args, options])
        before = [(path, x, x.array) for path, x in reached.items() if isinstance(x, Tensor) and x.device == "cpu"]
        result = self.function(*args, **options)
        self.draws = generator.state[1] - first
        after = _reached(self.function, {path: x for path, x in given.items() if not isinstance(x, Tensor)})
        _refuse_changes(reached, after, before)
        self.made = _on_gpu(after)
        tensors |= self.made
        written = {name: array for name, array in _values(tensors).items() if read.get(name) is not array}
        self.without_grad = {path for path, x in tensors.items() if x.is_leaf and x.requires_grad and x.grad is None}
        returned = [leaf for leaf in tree.leaves(result) if isinstance(leaf, Tensor) and leaf.device == "gpu"]
        written |= {("result", str(i)): leaf.array for i, leaf in enumerate(returned)}
        places = {id(leaf): i for i, leaf in enumerate(returned)}
        self.result = tree.map(
            lambda leaf: _Returned(("result", str(places[id(leaf)])), leaf) if id(leaf) in places else leaf, result
        )
        self.writes = list(written)
        return list(written.values())


def _on_gpu(holders: dict[str, Any]) -> dict[str, Tensor]:
    return {path: x for path, x in holders.items() if isinstance(x, Tensor) and x.device == "gpu"}


def _values(tensors: dict[str, Tensor]) -> dict[tuple[str, str], Any]:
    """The array of each tensor, and of its gradient if it has one."""
    values = {("value", path): x.array for path, x in tensors.items()}
    grads = {path: x.grad for path, x in tensors.items() if x.is_leaf}
    return values | {("grad", path): grad.array for path, grad in grads.items() if grad is not None}


def _refuse_changes(before: dict[str, Any], after: dict[str, Any], on_cpu: list[tuple[str, Tensor, Any]]) -> None:
    """Changes that a graph could not repeat."""
    for path, x, array in on_cpu:
        if x.array is not array:
            raise CompileError(f"compile: the function changed {path} on the cpu, but runs on the gpu; move it first")
    for path, value in before.items():
        if isinstance(value, Tensor) or path not in after or after[path] == value:
            continue
        if value == value or after[path] == after[path]:  # two nans are no change
            raise CompileError(
                f"compile: the function changed {path} from {value!r} to {after[path]!r}, which its graph could not "
                "repeat; keep it in a tensor, or change it outside"
            )


class _Returned:
    """The place of a tensor in what a function returns."""

    name = "compile"

    def __init__(self, path: tuple[str, str], leaf: Tensor) -> None:
        self.path, self.requires_grad = path, leaf.requires_grad

    def tensor(self, arrays: dict[tuple[str, str], Any]) -> Tensor:
        out = Tensor(arrays[self.path])
        if self.requires_grad:  # so that a backward pass from here says why it cannot be
            out.node = Node(self, [Leaf(out.dtype)], [out.shape], None)
        return out

    def vjp(self, node: Node, gradient: Any, wanted: list[bool], xp: Any) -> Any:
        raise GradientError("backward: a compiled function returned this tensor; call backward inside the function")
