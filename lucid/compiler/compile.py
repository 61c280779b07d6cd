"""`lucid.compile`: a function of tensors as one graph, built once and run many times.

A function is traced with arrays that have no values yet: what it computes becomes one MLX graph, and later calls with
arguments of the same shapes and dtypes run that graph in place of the function. What the function reaches without being
given it (parameters, gradients, the state of an optimiser) goes into the graph and comes out of it, so that a whole
training step compiles. On the cpu the function simply runs, and so it does inside `vmap`. How gradients flow through a
call to what was computed before it is told in `pullback`.

A call looks first whether all is as it was when a graph last ran: the same objects in the same places (`Reach.holds`),
arrays of the same shapes in them. Only if not, it walks through everything again.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, overload

from .. import devices
from ..autograd.modes import MODES
from ..tensor import Tensor
from .calls import Call, Same, on_gpu
from .graph import GradientRead, Graph
from .reach import Reach

__all__ = ["compile"]

Function = TypeVar("Function", bound=Callable[..., Any])

ENTRIES = 16  # graphs kept for one function, the least recently used leaving first


@overload
def compile(function: None = None) -> Callable[[Function], Function]: ...
@overload
def compile(function: Function) -> Function: ...
def compile(function: Any = None) -> Any:
    """The same function, which runs as one graph on the gpu. Also a decorator, with or without brackets.

    It may take and return tensors in nested lists, tuples and dicts; other arguments select the graph. Random draws are
    fresh in each call, and the same as without `compile`. A module, or any object with a `forward`, comes back as
    itself, sharing all its attributes, but with calls that run as one graph.

    Gradients flow through calls: `backward` runs a second graph, which computes the function once more for want of what
    the first one dropped. A whole step that is compiled, with `backward` and the optimiser's step inside, needs no
    second pass and is faster. What else hooks of a backward pass do is undone when that graph has been made. Outputs of
    one call share a graph, which the first `backward` frees unless `retain_graph`. Second derivatives run the function
    as if it were not compiled.

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
    if function is None:
        return compile
    if hasattr(function, "forward"):
        return _twin(function)
    graphs: OrderedDict[Any, Graph] = OrderedDict()
    reads_gradients = False  # of what it reaches, as far as is known: then they are inputs too
    on_cpu: list[Tensor] = []  # what the function was found to reach, when nothing of it was on the gpu
    latest: Graph | None = None  # the graph that ran last, which alone holds the arrays that it left

    def taking(graph: Graph) -> Graph:
        nonlocal latest
        if latest is not None and latest is not graph:
            latest.arrays = None
        latest = graph
        return graph

    def compiled(*args: Any, **options: Any) -> Any:
        nonlocal reads_gradients
        if MODES.batch is not None or not devices.is_loaded("gpu") or devices.backend("gpu").is_tracing():
            return function(*args, **options)
        call = Call(args, options)
        if on_cpu and not on_gpu([*call.tensors, *on_cpu]):
            return function(*args, **options)
        for graph in reversed(graphs.values()):
            if graph.fits(call):
                graphs.move_to_end(graph.key)
                return taking(graph).run(call)
        reach = Reach(function, call.objects())
        if not on_gpu([*call.tensors, *reach.tensors.values()]):
            on_cpu[:] = reach.tensors.values()
            return function(*args, **options)
        on_cpu.clear()
        graph = Graph(function, call, reach, reads_gradients)
        if graph.key in graphs:
            graph = taking(graphs.pop(graph.key).attending(reach))
            out = graph.run(call)
        else:
            _warn_of_arguments(function, call, graphs)
            try:
                out = taking(graph).trace(call)
            except GradientRead:
                reads_gradients = True
                return compiled(*args, **options)
        if graph.repeatable:
            graphs[graph.key] = graph
            if len(graphs) > ENTRIES:
                graphs.popitem(last=False)
        return out

    return update_wrapper(compiled, function)


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


def _warn_of_arguments(function: Callable[..., Any], call: Call, graphs: "OrderedDict[Any, Graph]") -> None:
    """Say which arguments differ from those of the last graph, before the function is traced again."""
    import logging  # a tenth of the time that lucid takes to import

    for graph in reversed(graphs.values()):
        if graph.rest == call.rest:
            for (name, _), now, before in zip(call.named(), call.signatures, graph.signatures):
                if now != before:
                    advice = f"graphs of {ENTRIES} kinds are kept"
                    if now[0] in (int, float):
                        advice = f'give it as lucid.asarray({now[1]}, device="gpu"), and one graph serves all values'
                    logging.getLogger("lucid").warning(
                        f"compile: {getattr(function, '__name__', 'the function')} is traced again, because argument "
                        f"{name} was {_shown(before)} and is {_shown(now)}; {advice}"
                    )
            return


def _shown(signature: Any) -> str:
    """A signature in words."""
    first, second, *more = signature
    if isinstance(first, tuple):
        requires_grad, is_leaf, has_gradient = more
        words = "" if not requires_grad else ", with a gradient" if has_gradient else ", requiring gradients"
        return f"{second.name} {first}{words if is_leaf else ', computed by a recorded op'}"
    return (
        f"another {getattr(first, '__name__', 'tensor on the ' + first)}" if isinstance(second, Same) else str(second)
    )
