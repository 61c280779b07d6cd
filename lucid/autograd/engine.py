"""The backward pass: it walks a recorded graph and never mentions what any op computes.

>>> import lucid
>>> x = lucid.asarray(3.0, requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor(6., dtype=float32, device='cpu')
>>> (slope,) = grad(x**3, [x], create_graph=True)
>>> grad(slope, [x])
(tensor(18., dtype=float32, device='cpu'),)
"""

from collections.abc import Sequence, Set
from typing import Any

from ..backends import backend_of
from ..errors import DTypeError, GradientError, ShapeError
from ..tensor import Tensor
from .batches import beside, further_in
from .graph import OPS, Leaf, Node, Outputs, order
from .modes import set_grad_enabled
from .observe import OBSERVER, watched_gradient

__all__ = ["backward", "grad", "pull"]

FREED = object()


def backward(
    tensors: Tensor | Sequence[Tensor],
    gradient: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Add to the `.grad` of every leaf the gradient of the sum of `tensors`, each weighted with its `gradient`.

    `gradient` (a tensor, or a sequence of them, of the shapes of `tensors`) may be left out for tensors of one element.
    The graph is freed on the way unless `retain_graph`; with `create_graph` the gradients are themselves recorded.

    Raises GradientError if nothing was recorded or the graph has been freed, ShapeError if a gradient does not fit.
    """
    outputs = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    gradients = _seeds("backward", outputs, gradient)
    pull(outputs, gradients, None, retain_graph=retain_graph, create_graph=create_graph)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    gradient: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`; no `.grad` is touched.

    `gradient` weights the outputs, as in `backward` (PyTorch's function has another name for it, grad_outputs).

    Raises GradientError for an input that the outputs do not depend on, unless `allow_unused`, which gives None for it.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"grad: input {i} is {type(x).__name__}; wanted a Tensor")
        if x.node is None:
            raise GradientError(f"grad: input {i} does not require gradients; call x.requires_grad_() before computing")
    gradients = _seeds("grad", outputs, gradient)
    nodes = [x.node for x in inputs]
    found = pull(outputs, gradients, set(nodes), retain_graph=retain_graph, create_graph=create_graph)
    result = []
    for i, x in enumerate(inputs):
        assert x.node is not None
        g = found.get(x.node)
        if g is None and not allow_unused:
            raise GradientError(f"grad: the outputs do not depend on input {i}; pass allow_unused=True to get None")
        result.append(g if g is None or g.dtype is x.dtype else g.astype(x.dtype))
    return tuple(result)


def pull(
    outputs: Sequence[Tensor],
    gradients: Sequence[Any],
    wanted: Set[Node | None] | None,
    *,
    until: Set[Node] = frozenset(),
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> dict[Node, Tensor]:
    """Pull gradients back from `outputs` to the `wanted` nodes, or into the leaves if that is None."""
    retain_graph = create_graph if retain_graph is None else retain_graph
    recorded, met = create_graph, []
    for x, g in zip(outputs, gradients, strict=True):
        if type(g.array) is not type(x.array):  # they are not of one batch
            g = beside(g, x)
            if further_in(g, x):
                if wanted is None:
                    raise GradientError(
                        "backward: inside vmap, each element has a gradient of its own for what all of them share; "
                        "use vjp or value_and_grad, which return it"
                    )
                create_graph = True  # a batch of gradients for one graph: they meet its values as Tensors do
        met.append(g)
    nodes = order([x.node for x in outputs if x.node is not None], until)
    if wanted is None:
        needed: Set[Node | None] = set(nodes)
    else:
        needed = set(wanted)
        for node in reversed(nodes):
            if node not in needed and node not in until and not needed.isdisjoint(node.parents):
                needed.add(node)
        needed.discard(None)

    pending: dict[Node | None, Any] = {}
    for x, g in zip(outputs, met):
        g = g if create_graph else g.array
        pending[x.node] = pending[x.node] + g if x.node in pending else g
    found: dict[Node, Tensor] = {}
    watched = OBSERVER.around is not None and not create_graph  # else the ops that rules call are seen themselves
    backend = backend_of[type(outputs[0].array)]
    with set_grad_enabled(recorded), backend.quietly():
        for node in nodes:
            g = pending.pop(node, None)
            if g is None:
                continue
            if node.hooks is not None:
                g = _hooked(node, g, create_graph)
            if wanted is not None and node in wanted:
                found[node] = g if create_graph else _tensor(g)
            if node.op is None:
                if wanted is None:
                    _collect(node, g if create_graph else _tensor(g))
                continue
            if node in until:
                continue
            if node.kept is FREED:
                raise GradientError(
                    f"the graph behind {node.op.name} was freed by an earlier backward pass; "
                    "pass retain_graph=True to that one, or compute the values again"
                )
            parents = node.parents
            asked = [parent in needed for parent in parents]
            if True not in asked:
                continue
            xp = OPS if create_graph else backend_of.get(type(g)) or backend_of[type(_one(g))]
            vjp = watched_gradient if watched else node.op.vjp
            for parent, wants, d in zip(parents, asked, vjp(node, g, asked, xp)):  # strict takes as long again
                if wants and d is not None:
                    before = pending.get(parent)
                    pending[parent] = d if before is None else before + d
            if not retain_graph:
                node.kept, node.parents = FREED, ()
    return found


def _one(g: Any) -> Any:
    """A gradient itself, or any one of those of several outputs."""
    return next(part for part in g if part is not None) if isinstance(g, Outputs) else g


def _tensor(g: Any) -> Tensor:
    return Tensor(backend_of[type(g)].asarray(g))


def _hooked(node: Node, g: Any, create_graph: bool) -> Any:
    for hook in tuple((node.hooks or {}).values()):
        before = g if create_graph else _tensor(g)
        after = hook(before)
        if after is None:
            continue
        if not isinstance(after, Tensor) or after.shape != before.shape:
            raise ShapeError(
                f"hook: returned {type(after).__name__} {getattr(after, 'shape', '')}; "
                f"wanted None or a Tensor of shape {before.shape}"
            )
        g = after if create_graph else beside(after, before).array
    return g


def _collect(leaf: Any, g: Tensor) -> None:
    assert isinstance(leaf, Leaf)
    g = g if g.dtype is leaf.dtype else g.astype(leaf.dtype)
    leaf.grad = g if leaf.grad is None else leaf.grad + g


def _seeds(function: str, outputs: list[Tensor], gradient: Any) -> list[Tensor]:
    """One gradient for each output, checked: what arrived, or 1 for a tensor of one element."""
    if gradient is None:
        gradients: list[Any] = [None] * len(outputs)
    else:
        gradients = list(gradient) if isinstance(gradient, list | tuple) else [gradient]
    if not outputs:
        raise ValueError(f"{function}: there is no tensor to start from")
    if len(gradients) != len(outputs):
        raise ValueError(f"{function}: got {len(gradients)} gradients for {len(outputs)} outputs")
    for i, (x, g) in enumerate(zip(outputs, gradients, strict=True)):
        if not isinstance(x, Tensor) or x.node is None:
            raise GradientError(
                f"{function}: no gradient flows through output {i} ({type(x).__name__}); some input must have "
                "requires_grad=True, and the computation must run outside no_grad"
            )
        if g is None:
            if x.size != 1:
                raise GradientError(
                    f"{function}: output {i} has shape {x.shape}; reduce it to one number, as with x.sum(), "
                    "or pass the gradient to start from"
                )
            gradients[i] = Tensor(backend_of[type(x.array)].ones_like(x.array))
        elif not isinstance(g, Tensor) or g.shape != x.shape or g.device != x.device:
            raise ShapeError(
                f"{function}: gradient {i} is {type(g).__name__} {getattr(g, 'shape', '')} on "
                f"{getattr(g, 'device', 'no device')}; wanted a Tensor {x.shape} on {x.device}"
            )
        elif not g.dtype.is_floating:
            raise DTypeError(f"{function}: gradient {i} is {g.dtype.name}; convert it with astype({x.dtype})")
    return gradients
