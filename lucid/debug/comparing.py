"""One step of a model, run by both devices on the same numbers; and by how much they may differ."""

import math
from functools import cache
from typing import Any, NamedTuple

from .. import random, tree
from ..autograd import enable_grad, grad, no_grad
from ..autograd.graph import Node, Outputs
from ..autograd.observe import Step
from ..autograd.operation import Composite
from ..backends import backend_of
from ..devices import Device, backend
from ..dtypes import complex128, float64
from ..ops.data_types import finfo
from ..ops.elementwise import abs, equal, isfinite, isnan, logical_and, logical_or, sign, subtract
from ..ops.manipulation import tile
from ..ops.searching import where
from ..tensor import Tensor

__all__ = ["Comparison", "compare", "largest", "moved"]

CPU_ALONE = (float64, complex128)
PERIOD = 65_537  # of the signs by which numbers are moved: a prime, so that they differ from row to row
FACTOR = 16  # times what rounding does: functions such as erf take a few units in the last place, and so do sums


class Comparison(NamedTuple):
    """One op, run by both devices on the same numbers."""

    layer: str
    op: str
    composite: bool  # rather than a primitive: an op that is written in others where a device has no kernel for it
    backward: bool
    ran_on: Device  # whose run of the model had this op
    inputs: str  # their dtypes and shapes
    difference: float  # the largest of any number of the result
    tolerance: float
    reason: str  # of the tolerance, or what else is wrong

    @property
    def ratio(self) -> float:
        """The difference in tolerances: more than 1 is too much."""
        if self.tolerance:
            return self.difference / self.tolerance
        return math.inf if self.difference else 0.0

    def __str__(self) -> str:
        return (
            f"{self.op}, in {self.layer or 'the model itself'}, of {self.inputs}, as the {self.ran_on} runs it: "
            f"the devices differ by {self.difference:.2g}; {self.reason}"
        )


def compare(layer: str, step: Step, result: Any) -> Comparison | None:
    """A step that gave `result`, compared with the same step on the other device; None where the other has no such
    dtype, or where the step is a move to it."""
    if step.node is not None:  # what a kernel computes unasked is nobody's
        result = [x for x, wants in zip(result, step.wanted) if wants]
    found, given = ([Tensor(x) for x in _arrays(arrays)] for arrays in (result, step.inputs))
    if len(places := {x.device for x in (*found, *given)}) != 1 or any(x.dtype in CPU_ALONE for x in (*found, *given)):
        return None
    (here,) = places
    there: Device = "gpu" if here == "cpu" else "cpu"
    described = ", ".join(f"{x.dtype.name} {x.shape}" for x in given)

    def judged(difference: float, tolerance: float, reason: str) -> Comparison:
        what = isinstance(step.op, Composite), step.node is not None
        return Comparison(layer, step.name, *what, here, described, difference, tolerance, reason)

    try:
        other = _again(step, there, lambda x: x.to(there))
    except Exception as error:
        return judged(math.inf, 0.0, f"the {there} raised {type(error).__name__}: {error}")
    kinds, others = ([(x.dtype, x.shape) for x in some] for some in (found, other))
    if kinds != others:
        return judged(math.inf, 0.0, f"the {here} gives {kinds}, the {there} {others}")
    difference = max((largest(a, b) for a, b in zip(found, other)), default=0.0)
    floating = [x for x in found if x.dtype.is_floating and x.size]
    if not floating:
        return judged(difference, 0.0, "integers and truth values are exact")
    worst, units = max(largest(x) for x in floating), max(finfo(x).eps for x in floating)
    most = max((a.size for a in _arrays((step.inputs, step.node.kept if step.node else ()))), default=1)
    factor = FACTOR + math.sqrt(most / min(x.size for x in floating))
    nudged = _again(step, here, _nudged) if getattr(step.op, "differentiable", True) else found
    shaken = max((largest(a, b) for a, b in zip(found, nudged)), default=0.0)
    tolerance = factor * (units * worst + shaken) + finfo(floating[0]).smallest_normal
    reason = (
        f"{tolerance:.2g} is allowed, {factor:.0f} times the last place of the largest number, {worst:.2g}, and what "
        f"the last places of the inputs make of the result, {shaken:.2g}"
    )
    return judged(difference, tolerance, reason)


def largest(a: Tensor, b: Tensor | None = None) -> float:
    """The largest magnitude of finite numbers of `a`, or its largest difference from `b`: inf where only one is finite,
    or both are infinities or nans of different kinds, and for other shapes."""
    if b is not None and a.shape != b.shape:
        return math.inf
    wide = float64 if a.dtype.kind != complex128.kind else complex128
    if not a.size:
        return 0.0
    a = a.detach().cpu().astype(wide)
    if b is None:
        return where(isfinite(a), abs(a), 0.0).max().item()
    b = b.detach().cpu().astype(wide)
    same = logical_or(equal(a, b), logical_and(isnan(a), isnan(b)))
    apart = where(same, 0.0, abs(subtract(a, b)))
    return where(isnan(apart), math.inf, apart).max().item()


def moved(x: Any, device: Device) -> Any:
    """A tensor on a device, without what recorded it; anything else as it is."""
    return x.detach().to(device) if isinstance(x, Tensor) else x


def _is_array(x: Any) -> bool:
    return type(x) in backend_of and type(x) is backend_of[type(x)].array_types[0]


def _arrays(values: Any) -> list[Any]:
    return [x for x in tree.leaves(values) if _is_array(x)]


def _again(step: Step, device: Device, change: Any) -> list[Tensor]:
    """What a step gives on a device, on inputs that have been changed."""

    def changed(values: Any) -> Any:
        return tree.map(lambda x: change(Tensor(x)).array if _is_array(x) else x, values)

    def tensors(arrays: Any) -> list[Any]:
        return [None if x is None else Tensor(x) for x in arrays]

    inputs = changed(step.inputs)
    node, op = step.node, step.op
    if node is None:
        with no_grad():
            out = op(*tensors(inputs), **changed(step.options))
        return tree.leaves(out)
    if isinstance(op, Composite):
        _, arrays, options = node.kept
        given = tensors(changed(arrays))
        wanted = [x.requires_grad_() for x, wants in zip(given, step.wanted) if wants]
        with enable_grad():
            return list(grad(op(*given, **changed(options)), wanted, Tensor(inputs[0])))
    g = Outputs(inputs) if isinstance(node.kept.get("out"), tuple) else inputs[0]
    placed = Node(op, [None] * len(node.shapes), node.shapes, changed(node.kept))
    return [Tensor(x) for x in op.vjp(placed, g, step.wanted, backend(device)) if x is not None]


def _nudged(x: Tensor) -> Tensor:
    """Numbers that are one unit in the last place away, up or down at random; integers and truth values as they are."""
    if not x.dtype.is_floating or not x.size:
        return x
    signs = tile(_signs(x.device), (-(-x.size // PERIOD),))[: x.size].reshape(x.shape)
    return x + x * (signs * finfo(x).eps).astype(x.dtype)


@cache
def _signs(device: Device) -> Tensor:
    return sign(random.uniform((PERIOD,), -1.0, 1.0, device=device, generator=random.Generator(0)))
