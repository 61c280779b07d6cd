"""The front doors of functions of each element, made from the domain and the number of inputs.

Python numbers become tensors, dtypes are promoted, integers become floats where the function needs them.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar

from ..autograd.batches import meeting
from ..autograd.graph import Node, offer
from ..autograd.modes import MODES
from ..autograd.operation import Primitive, Rule
from ..dtypes import DType
from ..tensor import Tensor
from .arguments import Domain, Scalar, broadcast_shapes, ready, together, with_number

__all__ = ["Operand", "elementwise"]

Function = TypeVar("Function", bound=Callable[..., Any])
Operand = Tensor | Scalar


def elementwise(domain: Domain, holomorphic: bool = True, **rules: Rule) -> Callable[[Function], Function]:
    """Declare a primitive of one tensor, or of several that broadcast and are promoted together."""

    def declare(function: Function) -> Function:
        op = Primitive(function, rules, holomorphic)
        doors: dict[int, Callable[..., Any]] = {1: _unary, 2: _binary}
        door: Any = update_wrapper(doors[function.__code__.co_argcount](op, domain), function)
        door.op = op
        return offer(door)

    return declare


def _unary(op: Primitive, domain: Domain) -> Callable[[Tensor], Tensor]:
    name, kernels, differentiable = op.name, op.kernels, op.differentiable
    results: dict[DType | None, DType] = {}  # by the dtype of the input, once it is known to be in the domain

    def unary(x: Tensor, /) -> Tensor:
        dtype = results.get(x._dtype) if isinstance(x, Tensor) else None
        if dtype is None:
            x = ready(name, domain, x)
        array = x.array
        out = Tensor(kernels[type(array)](array), None, dtype)
        if dtype is None and (domain.precision is None or x.dtype.itemsize > 2):  # autocast may have a say in those
            results[x.dtype] = out.dtype
        if x.node is not None and differentiable and MODES.recording:
            kept = op.kept(out, (x,), (array,), {}) if op.keeps else {}
            out.node = Node(op, (x.node,), (array.shape,), kept)
        return out

    return unary


def _binary(op: Primitive, domain: Domain) -> Callable[[Operand, Operand], Tensor]:
    name, kernels, differentiable = op.name, op.kernels, op.differentiable
    results: dict[DType | None, DType] = {}  # by the dtype of both inputs, once it is known to be in the domain

    def binary(x1: Any, x2: Any, /) -> Tensor:
        if not (isinstance(x1, Tensor) and isinstance(x2, Tensor)):
            x1, x2 = with_number(name, domain, x1, x2)
        dtype = results.get(x1._dtype) if x1._dtype is x2._dtype else None
        if dtype is None:
            x1, x2 = together(name, domain, x1, x2)
        a, b = x1.array, x2.array
        if type(a) is not type(b):
            return binary(*meeting(name, (x1, x2)))
        try:
            out = Tensor(kernels[type(a)](a, b), None, dtype)
        except ValueError:
            broadcast_shapes(name, x1.shape, x2.shape)
            raise
        if dtype is None and (domain.precision is None or x1.dtype.itemsize > 2):
            results[x1.dtype] = out.dtype
        if differentiable and (x1.node is not None or x2.node is not None) and MODES.recording:
            kept = op.kept(out, (x1, x2), (a, b), {}) if op.keeps else {}
            out.node = Node(op, (x1.node, x2.node), (a.shape, b.shape), kept)
        return out

    return binary
