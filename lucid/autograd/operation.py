"""One definition for each op: a primitive with its gradient rules, or a composite with its meaning.

A primitive is a function that every backend offers under the same name. Its declaration holds one rule for each input,
a function that says what the gradient of that input is:

    @primitive(x1=lambda g, x2: g * x2, x2=lambda g, x1: g * x1)
    def multiply(x1, x2, /):
        return apply(multiply, *together("multiply", x1, x2))

The body makes the arguments ready and applies the primitive to them. A rule asks for what it needs by naming it: the
gradient `g` of the output; the inputs; `out`; `x_shape`, `x_dtype` or `x_device` of an input `x`; an option. What no
rule names is not kept alive until the backward pass. `xp` is where a rule finds other primitives: the bare functions of
a backend in an ordinary backward pass, and `lucid.ops`, which record, when the gradient is to be differentiated again.
So one line serves every device and every order.

A composite is a function written in other ops, and its body is what it means. A backend may offer something
faster under its name; the body remains what second derivatives are taken of.

Inputs are the positional-only parameters of a declaration, options are the others. An op of any number of inputs
(`concat`) declares one, whose rule serves all and may ask for the `position` of its input and for all `shapes`. Where
backends return several arrays, `g` and `out` are tuples, and `reached` says which outputs a gradient has reached.

Rules are written for real numbers. Where an op is holomorphic the same rule is right for complex ones between two
conjugations, and `vjp` puts them there; what is not holomorphic (abs, real, conj, ...) says so and has a rule that is
right as it stands. The gradient of a complex input z = x + iy is dL/dx + i dL/dy, as in PyTorch.
"""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from ..backends import backend_of
from ..tensor import Tensor
from .batches import meeting
from .engine import pull
from .graph import OPS, Node, Outputs, offer
from .modes import MODES, enable_grad
from .observe import TABLES, watched

__all__ = ["Composite", "Primitive", "alias", "apply", "composite", "primitive"]

Function = TypeVar("Function", bound=Callable[..., Any])
Rule = Callable[..., Any]

node_of, shape_of, array_of = attrgetter("node"), attrgetter("shape"), attrgetter("array")


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters: as inspect.signature has them, but in no time."""
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def picking(names: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """What picks the values of some names out of a dictionary."""
    return itemgetter(*names) if len(names) > 1 else lambda known: tuple([known[name] for name in names])


class _Kernels(dict[type, Any]):
    """The functions that backends offer under one name, by array type, each looked up once; None where missing."""

    def __init__(self, op: Any, name: str) -> None:
        self.op, self.name = op, name
        TABLES.append(self)

    def __missing__(self, array_type: type) -> Any:
        backend = backend_of[array_type]
        kernel = getattr(backend, self.name, None)
        self[array_type] = kernel and watched(self.op, backend.border(kernel))
        return self[array_type]


class Primitive:
    """An op that every backend offers, with a gradient rule for each differentiable input."""

    def __init__(
        self, function: Callable[..., Any], rules: dict[str, Rule], holomorphic: bool = True, keeps_dtype: bool = False
    ) -> None:
        self.name, self.holomorphic, self.keeps_dtype = function.__name__, holomorphic, keeps_dtype
        self.kernels = _Kernels(self, self.name)
        code = function.__code__
        inputs = code.co_varnames[: code.co_posonlyargcount]
        self.rules = [(rules[x], picking(parameters(rules[x]))) if x in rules else None for x in inputs]
        self.differentiable = bool(rules)
        asked = {name for rule in rules.values() for name in parameters(rule)}
        self.keeps_inputs = [(i, x) for i, x in enumerate(inputs) if x in asked]
        self.keeps_places = [(i, x) for i, x in enumerate(inputs) if {f"{x}_dtype", f"{x}_device"} & asked]
        self.names_of_shapes = [(i, f"{x}_shape") for i, x in enumerate(inputs) if f"{x}_shape" in asked]
        self.keeps_out = "out" in asked
        self.keeps = bool(self.keeps_inputs or self.keeps_places or self.keeps_out)

    @property
    def op(self) -> "Primitive":  # as the function that declares it has it, for `apply`
        return self

    def __call__(self, *inputs: Tensor, **options: Any) -> Any:
        """Run again what an observer saw, with arguments that are ready."""
        return apply(self, *inputs, **options)

    def record(self, out: Tensor, inputs: Sequence[Tensor], arrays: Sequence[Any], options: dict[str, Any]) -> None:
        """Give the output a node that points at the nodes of the inputs and keeps what the rules will ask for.

        `options` becomes the node's own.
        """
        kept = self.kept(out, inputs, arrays, options) if self.keeps else options
        out.node = Node(self, tuple(map(node_of, inputs)), tuple(map(shape_of, arrays)), kept)

    def kept(
        self, out: Tensor, inputs: Sequence[Tensor], arrays: Sequence[Any], kept: dict[str, Any]
    ) -> dict[str, Any]:
        """The options, with what else the rules will ask for."""
        for i, name in self.keeps_inputs:
            kept[name] = arrays[i]
        for i, name in self.keeps_places:
            kept[f"{name}_dtype"], kept[f"{name}_device"] = inputs[i].dtype, inputs[i].device
        if self.keeps_out:
            kept["out"] = out.array
        return kept

    def record_all(
        self, outputs: tuple[Tensor, ...], inputs: Sequence[Tensor], arrays: Sequence[Any], options: dict[str, Any]
    ) -> None:
        """Give several outputs nodes that share one, which all gradients pass together."""
        whole = Tensor(tuple(x.array for x in outputs))
        self.record(whole, inputs, arrays, options)
        assert whole.node is not None
        whole.node.kept["out"] = whole.array
        for i, x in enumerate(outputs):
            x.node = part(whole.node, i, whole.array) if x.dtype.is_floating else None

    def vjp(self, node: Node, g: Any, wanted: list[bool], xp: Any) -> list[Any]:
        shapes = node.shapes
        known = {**node.kept, "g": g, "xp": xp, "shapes": shapes}
        several = isinstance(g, Outputs)
        if xp is OPS:  # rules see Tensors: an input continues the graph behind it, the output the graph of this node
            for i, name in self.keeps_inputs:
                known[name] = Tensor(known[name], node.parents[i])
            if several:
                known["out"] = tuple(Tensor(a, part(node, i, node.kept["out"])) for i, a in enumerate(known["out"]))
            elif self.keeps_out:
                known["out"] = Tensor(known["out"], node)
        if several:
            known["reached"] = tuple(d is not None for d in g)
            g = tuple(xp.zeros_like(x) if d is None else d for d, x in zip(g, known["out"], strict=True))
            known["g"] = g
        for i, name in self.names_of_shapes:
            known[name] = shapes[i]
        if conjugate := self.holomorphic and not several and xp.is_complex(g):
            known["g"] = xp.conj(g)
        found: list[Any] = [None] * len(shapes)
        for i, wants in enumerate(wanted):
            rule = self.rules[i if i < len(self.rules) else -1]
            if wants and rule is not None:
                known["position"] = i
                function, arguments = rule
                d = function(*arguments(known))
                if d.shape != shapes[i]:
                    d = sum_to(xp, d, shapes[i])
                found[i] = xp.conj(d) if conjugate else d
        return found


class _Part:
    """One of several outputs of an op."""

    def __init__(self, name: str, place: int, count: int) -> None:
        self.name, self.place, self.count = name, place, count

    def vjp(self, node: Node, g: Any, wanted: list[bool], xp: Any) -> list[Any]:
        return [Outputs(g if i == self.place else None for i in range(self.count))]


def part(whole: Node, place: int, outputs: Sequence[Any]) -> Node:
    """The node of one of the outputs of the op that `whole` recorded."""
    assert whole.op is not None
    return Node(_Part(whole.op.name, place, len(outputs)), [whole], [outputs[place].shape], None)


class Composite:
    """An op written in other ops, for which a backend may offer a faster kernel.

    Its result has the dtype of its first input.
    """

    def __init__(self, body: Callable[..., Any]) -> None:
        self.name, self.body = body.__name__.lstrip("_"), body
        self.kernels, self.kernels_with_pullback = _Kernels(self, self.name), _Kernels(self, f"{self.name}_vjp")

    def __call__(self, *inputs: Tensor | None, **options: Any) -> Any:
        """Run a kernel that covers the case, or else the body. An input may be None."""
        given = [x for x in inputs if x is not None]
        arrays = [x if x is None else x.array for x in inputs]
        array_type, flows = type(arrays[0]), False
        for x in given:
            if type(x.array) is not array_type:
                return self(*meeting(self.name, inputs), **options)
            flows = flows or x.node is not None
        recording = flows and MODES.recording
        kernel = (self.kernels_with_pullback if recording else self.kernels)[array_type]
        out = NotImplemented if kernel is None else kernel(*arrays, **options)
        if out is NotImplemented:
            return self.body(*inputs, **options)
        dtype = given[0]._dtype
        if not recording:
            return Tensor(out, None, dtype)
        out, pullback = out
        parents = [x if x is None else x.node for x in inputs]
        shapes = [() if a is None else a.shape for a in arrays]
        return Tensor(out, Node(self, parents, shapes, (pullback, arrays, options)), dtype)

    def vjp(self, node: Node, g: Any, wanted: list[bool], xp: Any) -> Any:
        pullback, arrays, options = node.kept
        if xp is not OPS:
            return pullback(g, wanted)
        # Each argument gets a node of its own, or a tensor that is passed twice would count double.
        inputs = [None if a is None else alias(a, parent) for a, parent in zip(arrays, node.parents, strict=True)]
        ends = {x.node for x in inputs if x is not None and x.node is not None}
        recording = MODES.recording
        with enable_grad():
            out = self.body(*inputs, **options)
        found = pull([out], [g], ends, until=ends, create_graph=recording)
        return [None if x is None or x.node is None else found.get(x.node) for x in inputs]


class Alias:
    """The same value under another node."""

    name = "alias"

    @staticmethod
    def vjp(node: Node, g: Any, wanted: list[bool], xp: Any) -> list[Any]:
        return [g]


def alias(array: Any, parent: Node | None) -> Tensor:
    return Tensor(array, None if parent is None else Node(Alias, [parent], [array.shape], None))


def primitive(*, holomorphic: bool = True, keeps_dtype: bool = False, **rules: Rule) -> Callable[[Function], Function]:
    """Declare a primitive: the decorated function is its front door, the rules are its gradients.

    Where it `keeps_dtype`, the result has that of the first input, and nobody need ask a backend for it.
    """

    def declare(function: Function) -> Function:
        function.op = Primitive(function, rules, holomorphic, keeps_dtype)  # type: ignore[attr-defined]
        return offer(function)

    return declare


def apply(function: Callable[..., Any], *inputs: Tensor, **options: Any) -> Any:
    """Run the primitive that `function` declares, with arguments that have been made ready.

    It runs on the inputs' device, and is recorded if a gradient flows through any of them. Where backends return a
    tuple of arrays, the result is a tuple of tensors.
    """
    op: Primitive = function.op  # type: ignore[attr-defined]
    first = inputs[0]
    array_type, flows = type(first.array), False
    arrays = []
    for x in inputs:
        array = x.array
        if type(array) is not array_type:
            return apply(function, *meeting(op.name, inputs), **options)
        arrays.append(array)
        flows = flows or x.node is not None
    found = op.kernels[array_type](*arrays, **options)
    several = type(found) is tuple
    out: Any = tuple(map(Tensor, found)) if several else Tensor(found, None, first._dtype if op.keeps_dtype else None)
    if flows and op.differentiable and MODES.recording:
        (op.record_all if several else op.record)(out, inputs, arrays, options)
    return out


def composite(body: Function) -> Function:
    """Declare a composite: the decorated function is what it means.

    A leading underscore, where another function makes its arguments ready, is no part of the name that backends use.
    """
    op = Composite(body)

    def call(*inputs: Any, **options: Any) -> Any:
        return op(*inputs, **options)

    update_wrapper(call, body)
    call.op = op  # type: ignore[attr-defined]
    return call  # type: ignore[return-value]


def sum_to(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum a gradient over the axes along which an input of `shape` was repeated."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    repeated = (i + lead for i, n in enumerate(shape) if n == 1 != g.shape[i + lead])
    return xp.reshape(xp.sum(g, axis=(*range(lead), *repeated), keepdims=True), shape)
