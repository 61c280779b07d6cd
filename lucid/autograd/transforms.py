"""Functions made from functions: pullbacks, tangents, Jacobians, Hessians.

>>> import lucid
>>> x = lucid.asarray([1.0, 2.0])
>>> jvp(lambda x: x * x * x, x, lucid.asarray([1.0, 0.0]))
(tensor([1., 8.], dtype=float32, device='cpu'), tensor([3., 0.], dtype=float32, device='cpu'))
>>> hessian(lambda x: (x * x * x).sum(), x)
tensor([[ 6.,  0.],
        [ 0., 12.]], dtype=float32, device='cpu')

Each runs its function on inputs of its own: the same values behind new nodes, which are where its gradients end. So no
`.grad` is touched, transforms nest, and what they return can itself be differentiated if something outside asks for it:
another transform, or a tensor that requires gradients. An outer `no_grad` cuts off only what is outside.

Arguments and results may be trees of tensors: nested tuples, lists and dicts. A leaf through which no gradient flows
(an integer tensor, a number, None) goes to the function as it is, and has None for its gradient.
"""

from collections.abc import Callable, Sequence, Set
from functools import update_wrapper
from typing import Any

from .. import devices, tree
from ..dtypes import COMPLEX, int64
from ..errors import DTypeError, GradientError, ShapeError
from ..tensor import Tensor
from .batches import inside
from .engine import pull
from .graph import OPS, Node, order
from .modes import MODES, enable_grad
from .vmap import vmap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]
Linear = Callable[[Sequence[Tensor | None]], list[Tensor]]


def vjp(function: Function, *inputs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The outputs of `function(*inputs)`, and the pullback: from gradients of the outputs to those of the inputs.

    The pullback takes a tree like the outputs, where None stands for zeros, and returns a tuple with a tree for each
    input. It may be called many times. The gradient of a complex z = x + iy is dL/dx + i dL/dy.

    Raises GradientError if no input is a floating tensor; the pullback ShapeError for gradients that do not fit.

    >>> import lucid
    >>> y, pullback = vjp(lucid.multiply, lucid.asarray(2.0), lucid.asarray(5.0))
    >>> [g.item() for g in pullback(lucid.asarray(1.0))]
    [5.0, 2.0]
    """
    run = _Run("vjp", function, inputs)

    def pullback(gradients: Any) -> tuple[Any, ...]:
        return run.inputs_with(run.back(_matched("pullback", "gradients", gradients, run.result)))

    return run.visible(), pullback


def jvp(function: Function, inputs: Any, tangents: Any) -> tuple[Any, Any]:
    """The outputs of `function(*inputs)`, and how they change along `tangents`: the derivative in that direction.

    `inputs` is a tuple or list of arguments, or the only argument; `tangents` is a tree like it, where None stands for
    zeros. Right for every op with gradient rules: the pullback is linear, and the pullback of the pullback is the
    derivative itself. It costs about two gradients.

    Raises GradientError if no input is a floating tensor, ShapeError for tangents that do not fit.
    """
    args = _arguments(inputs)
    run = _Run("jvp", function, args)
    along = _matched("jvp", "tangents", _arguments(tangents), args)
    return run.visible(), _filled(run.result, run.forth()(along))


def jacobian(function: Function, inputs: Any, *, chunk_size: int | None = None) -> Any:
    """The derivatives of each element of the outputs by each of the inputs, real numbers.

    `inputs` is a tuple or list of arguments, or the only argument. For tensors y = function(x) it is one of shape
    (*y.shape, *x.shape); for trees, a tree like the outputs of trees like `inputs`. It costs a gradient for each
    element of the outputs or of the inputs, whichever are fewer: all of them at once, by `vmap`, or no more than
    `chunk_size` at a time, which saves memory.

    Raises DTypeError for complex numbers, for which `vjp` and `jvp` say more.

    >>> import lucid
    >>> jacobian(lambda x: x[0] * x, lucid.asarray([2.0, 3.0]))
    tensor([[4., 0.],
            [3., 2.]], dtype=float32, device='cpu')
    """
    return _jacobian("jacobian", function, inputs, chunk_size)


def hessian(function: Function, inputs: Any, *, chunk_size: int | None = None) -> Any:
    """The second derivatives of a function that gives one number, by each pair of inputs.

    `inputs` is a tuple or list of arguments, or the only argument. For a tensor x it is one of shape
    (*x.shape, *x.shape); for trees, a tree like `inputs` of trees like `inputs`. `chunk_size` is that of `jacobian`.

    Raises GradientError unless the function gives one real number, DTypeError for complex inputs.
    """
    return _jacobian("hessian", _slope("hessian", function, inputs), inputs, chunk_size)


def hvp(function: Function, inputs: Any, v: Any) -> Any:
    """The Hessian of a function that gives one number, times `v`: a tree like `inputs`, at the cost of two gradients.

    >>> import lucid
    >>> hvp(lambda x: (x * x * x).sum(), lucid.asarray([1.0, 2.0]), lucid.asarray([1.0, 1.0]))
    tensor([ 6., 12.], dtype=float32, device='cpu')
    """
    args = _arguments(inputs)
    along = _matched("hvp", "v", _arguments(v), args)
    run = _Run("hvp", _slope("hvp", function, args), args)  # symmetric, so the pullback serves
    return _as_given(inputs, run.inputs_with(run.back(along)))


def value_and_grad(function: Function, argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Tensor, Any]]:
    """The function that gives the value of `function`, one number, and its gradient by the arguments `argnums`.

    The gradient is a tree like the argument; for several argnums a tuple of them.

    >>> import lucid
    >>> value_and_grad(lambda x, y: (x * y).sum(), argnums=1)(lucid.asarray([2.0]), lucid.asarray([5.0]))
    (tensor(10., dtype=float32, device='cpu'), tensor([2.], dtype=float32, device='cpu'))
    """
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def call(*args: Any, **options: Any) -> tuple[Tensor, Any]:
        if any(not -len(args) <= i < len(args) for i in places):
            raise ValueError(f"value_and_grad: argnums={argnums} of {len(args)} positional arguments")

        def varied(*values: Any) -> Any:
            given = list(args)
            for i, value in zip(places, values, strict=True):
                given[i] = value
            return function(*given, **options)

        run = _Run("value_and_grad", varied, [args[i] for i in places])
        gradients = run.slope()
        return run.visible(), gradients[0] if isinstance(argnums, int) else gradients

    return update_wrapper(call, function)


# --- Running a function on inputs of its own -----------------------------------------------------------------------


class _Run:
    """A function's result for inputs behind new nodes, and the two linear maps that belong to it."""

    def __init__(self, name: str, function: Function, args: Sequence[Any]) -> None:
        self.name = name
        self.args = tree.map(lambda leaf: _entered(leaf) if _flows(leaf) else leaf, tuple(args))
        self.inputs = _floating(self.args)
        if not self.inputs:
            kinds = ", ".join(type(leaf).__name__ for leaf in tree.leaves(self.args))
            raise GradientError(f"{name}: got inputs ({kinds}); wanted at least one floating tensor among them")
        self.ends = {x.node for x in self.inputs if x.node}
        with enable_grad():
            self.result = function(*tree.map(_handle, self.args))
        self.outputs = [_handle(y) for y in _floating(self.result)]
        self.open = any(x.node for x in _released(self.outputs, self.ends))

    def visible(self) -> Any:
        """The result as the caller sees it."""
        return _filled(self.result, _released(self.outputs, self.ends), others=True)

    def inputs_with(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return _filled(self.args, values)

    def back(self, gradients: Sequence[Tensor | None]) -> list[Tensor]:
        """From gradients of the outputs to those of the inputs."""
        found = _pulled(self.outputs, gradients, self.inputs, self.ends, self._records(gradients))
        return _released(found, self.ends)

    def forth(self) -> Linear:
        """The map from tangents of the inputs to those of the outputs: `back`, which is linear, pulled back itself."""
        with enable_grad():
            seeds = [_entered(OPS.zeros_like(y.detach())) for y in self.outputs]
            gradients = _pulled(self.outputs, seeds, self.inputs, self.ends, True)
        ends = self.ends | {x.node for x in seeds if x.node}
        return lambda tangents: _released(_pulled(gradients, tangents, seeds, ends, self._records(tangents)), ends)

    def slope(self) -> tuple[Any, ...]:
        """The gradients of a result that is one real number, like the arguments."""
        y = self.result
        if not _flows(y) or y.size != 1 or y.dtype.kind == COMPLEX:
            what = f"a {y.dtype.name} tensor of shape {y.shape}" if isinstance(y, Tensor) else type(y).__name__
            raise GradientError(
                f"{self.name}: the function gave {what}; wanted a tensor of one real number; "
                "reduce it, as with y.sum(), or use jacobian"
            )
        return self.inputs_with(self.back([OPS.ones_like(y.detach())]))

    def _records(self, seeds: Sequence[Tensor | None]) -> bool:
        """Whether somebody outside may differentiate what is computed from here on."""
        return MODES.recording and (self.open or any(x is not None and x.requires_grad for x in seeds))


class _Entered:
    """The same value under a node of its own: where the gradients of a transform end, and others pass."""

    name = "transform"

    @staticmethod
    def vjp(node: Node, g: Any, wanted: list[bool], xp: Any) -> list[Any]:
        return [g]


def _entered(x: Tensor) -> Tensor:
    x = inside(x)
    return Tensor(x.array, Node(_Entered, [x.node if MODES.recording else None], [x.shape], None))


def _released(tensors: Sequence[Tensor], ends: Set[Node]) -> list[Tensor]:
    """The tensors, detached where their gradients lead nowhere but to `ends`, the business of this transform alone."""
    if not MODES.recording:
        return [x.detach() for x in tensors]
    outside: set[Node | None] = set()
    for node in reversed(order([x.node for x in tensors if x.node], ends)):
        parents = [parent for parent in node.parents if parent is not None]
        # An end leads on to what the caller gave, if that has a graph; a start that is no end is somebody else's.
        if parents if node in ends else not parents or not outside.isdisjoint(parents):
            outside.add(node)
    return [_handle(x) if x.node in outside else x.detach() for x in tensors]


def _pulled(
    outputs: Sequence[Tensor], seeds: Sequence[Tensor | None], to: Sequence[Tensor], ends: Set[Node], records: bool
) -> list[Tensor]:
    """The gradients of `to`, zeros where there is no path."""
    pairs = [(y, g) for y, g in zip(outputs, seeds, strict=True) if g is not None and y.node is not None]
    found: dict[Any, Tensor] = {}
    if pairs:
        ys, gs = zip(*pairs, strict=True)
        found = pull(ys, gs, {x.node for x in to}, until=ends, retain_graph=True, create_graph=records)
    zeros = (OPS.zeros_like(x.detach()) if x.node not in found else found[x.node] for x in to)
    return [g.astype(x.dtype, copy=False) for g, x in zip(zeros, to, strict=True)]


def _slope(name: str, function: Function, inputs: Any) -> Function:
    """The gradient of a function as a function, that of trees like `inputs`."""
    return lambda *args: _as_given(inputs, _Run(name, function, args).slope())


def _jacobian(name: str, function: Function, inputs: Any, chunk_size: int | None) -> Any:
    run = _Run(name, function, _arguments(inputs))
    for x in (*run.inputs, *run.outputs):
        if x.dtype.kind == COMPLEX:
            raise DTypeError(f"{name}: got {x.dtype.name}; wanted real numbers; for complex ones use vjp or jvp")
    to, of = run.inputs, run.outputs
    blocks: list[list[Tensor]] = []  # for each output, for each input
    if sum(x.size for x in to) < sum(y.size for y in of):
        forth = run.forth()
        columns = [_rows_of(forth, to, i, of, chunk_size) for i in range(len(to))]
        blocks = [[_turned(columns[i][k], len(y.shape)) for i in range(len(to))] for k, y in enumerate(of)]
    else:
        blocks = [_rows_of(run.back, of, k, to, chunk_size) for k in range(len(of))]
    shaped = [
        [block.reshape((*y.shape, *x.shape)) for block, x in zip(row, to, strict=True)]
        for row, y in zip(blocks, of, strict=True)
    ]
    return _filled(run.result, [_as_given(inputs, run.inputs_with(row)) for row in shaped])


def _rows_of(
    linear: Linear, given: list[Tensor], place: int, gives: list[Tensor], chunk_size: int | None
) -> list[Tensor]:
    """What a linear map makes of each unit vector in the place of one of `given`: tensors (size, *shape)."""
    x = given[place]
    if not x.size:
        return [OPS.zeros_like(y.detach()).reshape((1, *y.shape))[:0] for y in gives]
    numbers = Tensor(devices.backend(x.device).arange(0, x.size, 1, int64))
    units = (numbers.reshape((-1, 1)) == numbers).astype(x.dtype).reshape((x.size, *x.shape))
    row = vmap(lambda unit: linear([unit if i == place else None for i in range(len(given))]), chunk_size=chunk_size)
    return row(units)


def _turned(x: Tensor, ndim: int) -> Tensor:
    """x with its first axis behind the `ndim` others."""
    return x.permute_dims((*range(1, ndim + 1), 0))


def _flows(leaf: Any) -> bool:
    """Whether gradients can flow through a leaf of a tree."""
    return isinstance(leaf, Tensor) and leaf.dtype.is_floating


def _floating(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree.leaves(values) if _flows(leaf)]


def _handle(leaf: Any) -> Any:
    """Another handle on a tensor, so that changes of either in place do not reach the other."""
    return Tensor(leaf.array, leaf.node) if isinstance(leaf, Tensor) else leaf


def _filled(like: Any, values: Sequence[Any], others: bool = False) -> Any:
    """A tree with `values` in place of its floating tensors, and None, or the `others` themselves, elsewhere."""
    rest = iter(values)
    return tree.map(lambda leaf: next(rest) if _flows(leaf) else leaf if others else None, like)


def _arguments(inputs: Any) -> tuple[Any, ...]:
    """A tuple or list of arguments, or the only one."""
    return tuple(inputs) if type(inputs) in (tuple, list) else (inputs,)


def _as_given(inputs: Any, values: tuple[Any, ...]) -> Any:
    """Something for each argument, in a tuple if the arguments came in one."""
    return values if type(inputs) in (tuple, list) else values[0]


def _matched(function: str, what: str, given: Any, like: Any) -> list[Tensor | None]:
    """The leaves of `given` for the floating leaves of `like`. Raises ShapeError, naming the one that does not fit."""
    found, wanted = list(tree.named_leaves(given)), list(tree.named_leaves(like))
    if [path for path, _ in found] != [path for path, _ in wanted]:
        raise ShapeError(
            f"{function}: {what} have leaves {[path for path, _ in found]}; wanted {[path for path, _ in wanted]}, "
            "one for each leaf of what they belong to, or None"
        )
    for (path, x), (_, y) in zip(found, wanted, strict=True):
        if x is None or (_flows(y) and isinstance(x, Tensor) and _place(x) == _place(y)):
            continue
        leaf = f"{what} {path}" if path else what
        came = _place(x) if isinstance(x, Tensor) else type(x).__name__
        wants = _place(y) if _flows(y) else "None, since no gradient flows there"
        raise ShapeError(f"{function}: {leaf} is {came}; wanted {wants}")
    return [x for (_, x), (_, y) in zip(found, wanted, strict=True) if _flows(y)]


def _place(x: Tensor) -> str:
    return f"{x.dtype.name} {x.shape} on {x.device}"
