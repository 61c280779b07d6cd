"""Operators and methods of Tensor: ops under the names that Python and the Array API give them.

An op whose first input is called x or x1 is a method, but for those that networks are made of and those that make
tensors (CHAPTERS). An in-place operation computes its result as the op does, and points this handle at it.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from ..autograd import engine
from ..autograd.modes import MODES
from ..errors import DTypeError, GradientError, ShapeError
from ..spellings import HERE
from ..tensor import Tensor
from . import (
    activation,
    arithmetic,
    arrangement,
    calculus,
    comparison,
    contraction,
    creation,
    data_types,
    elementwise,
    indexing,
    linear_algebra,
    manipulation,
    missing_values,
    order,
    relation,
    scattering,
    searching,
    sets,
    sorting,
    special,
    statistical,
    transfer,
    utility,
)
from .arguments import Scalar, scalar_type, tensor

OPERATORS: dict[str, Callable[..., Tensor]] = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.remainder,
    "pow": elementwise.pow,
    "matmul": linear_algebra.matmul,
    "and": elementwise.bitwise_and,
    "or": elementwise.bitwise_or,
    "xor": elementwise.bitwise_xor,
    "lshift": elementwise.bitwise_left_shift,
    "rshift": elementwise.bitwise_right_shift,
}
COMPARISONS: dict[str, Callable[..., Tensor]] = {
    "eq": elementwise.equal,
    "ne": elementwise.not_equal,
    "lt": elementwise.less,
    "le": elementwise.less_equal,
    "gt": elementwise.greater,
    "ge": elementwise.greater_equal,
}
UNARY: dict[str, Callable[..., Tensor]] = {
    "neg": elementwise.negative,
    "pos": elementwise.positive,
    "abs": elementwise.abs,
    "invert": elementwise.bitwise_invert,
}
CHAPTERS = (
    *(activation, arithmetic, arrangement, calculus, comparison, contraction, elementwise, indexing, linear_algebra),
    *(manipulation, missing_values, order, relation, scattering, searching, sets, sorting, special, statistical),
    utility,
)
MORE = (data_types.astype, transfer.to, transfer.to_device, engine.backward)


def _ops() -> dict[str, Callable[..., Any]]:
    """The ops of CHAPTERS whose first input is a tensor called x or x1, and MORE."""
    found = [getattr(chapter, name) for chapter in CHAPTERS for name in chapter.__all__]
    return {op.__name__: op for op in (*(op for op in found if _first(op) in ("x", "x1")), *MORE)}


def _first(op: Any) -> str:
    code = getattr(op, "__wrapped__", op).__code__
    return code.co_varnames[0] if code.co_posonlyargcount else ""


def _reflected(op: Callable[..., Tensor]) -> Callable[[Tensor, Any], Tensor]:
    def call(self: Tensor, other: Any) -> Tensor:
        return op(other, self)

    return call


def _comparison(op: Callable[..., Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """What is no number, tensor or array of them is not comparable, and so not equal: `x == None` is False."""

    def call(self: Tensor, other: Any) -> Any:
        try:
            known = isinstance(other, Tensor) or scalar_type(op.__name__, other)
        except TypeError:
            if isinstance(other, list | tuple) or hasattr(other, "__array__"):
                raise
            return NotImplemented
        return op(self, other) if known else NotImplemented

    return call


def _one_by_one(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Sizes or axes may come one by one, as in NumPy and PyTorch: `x.reshape(2, -1)`."""

    @wraps(op)
    def call(self: Tensor, *sizes: Any, **options: Any) -> Tensor:
        return op(self, sizes, **options) if len(sizes) > 1 else op(self, *sizes, **options)

    return call


def _in_place(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(self: Tensor, *others: Any) -> Tensor:
        return _assign(op.__name__, self, op(self, *others))

    return call


def _assign(function: str, x: Tensor, out: Tensor) -> Tensor:
    """Point the handle x at a new value of the same shape and dtype. What autograd kept of the old one stays."""
    if out.dtype is not x.dtype:
        raise DTypeError(
            f"{function}: in place, {x.dtype.name} cannot become {out.dtype.name}; convert the other side with astype, "
            "or write x = x + y"
        )
    if out.array.shape != x.array.shape:
        raise ShapeError(f"{function}: in place, shape {x.shape} cannot become {out.shape}; write x = x + y")
    if MODES.recording:
        if x.is_leaf and x.requires_grad:
            raise GradientError(
                f"{function}: this tensor collects gradients, and would no longer be the one they are taken for; "
                "update it inside lucid.no_grad(), or change a copy (x = x + y)"
            )
        x.node = out.node
    x.array = out.array
    return x


def _pow(x: Tensor, exponent: Any) -> Tensor:
    return elementwise.square(x) if exponent.__class__ is int and exponent == 2 else elementwise.pow(x, exponent)


def _contains(x: Tensor, value: Any) -> bool:
    """Whether an element is equal to the value, or to its place in a tensor that broadcasts, as NumPy has it."""
    found: Any = x == value
    return found if isinstance(found, bool) else bool(utility.any(found))


def _setitem(x: Tensor, key: Any, value: Any) -> None:
    _assign("setitem", x, indexing.setitem(x, value, key))


def _copy(x: Tensor, other: Tensor, /) -> Tensor:
    """Take the values of `other`, converted and broadcast to this tensor's dtype, device and shape."""
    if tensor("copy_", other, "other").dtype is not x.dtype or type(other.array) is not type(x.array):
        other = other.to(x.device, x.dtype)
    shape = x.array.shape
    return _assign("copy_", x, other if other.array.shape == shape else manipulation.broadcast_to(other, shape))


def _fill(x: Tensor, value: Scalar, /) -> Tensor:
    """Set every element to a number."""
    return _assign("fill_", x, creation.full_like(x, value))


def _clone(x: Tensor, /) -> Tensor:
    """The same value in a tensor of its own, through which gradients flow."""
    return elementwise.positive(x) if x.dtype.is_floating else Tensor(x.array)


def _transposed(x: Tensor, /) -> Tensor:
    """The matrix with its two axes exchanged; for more axes, `mT` exchanges the last two."""
    if x.ndim != 2:
        raise ShapeError(f"T: shape {x.shape} is not that of a matrix; use x.mT or lucid.permute_dims")
    return linear_algebra.matrix_transpose(x)


# --- What NumPy's functions make of a tensor -------------------------------------------------------------------------

MIXED = {op.__name__: op for op in (*OPERATORS.values(), *COMPARISONS.values())}
# Those call methods of x, as x.sum(out=...).
REDUCTIONS = "all amax amin any max mean min prod ptp std sum var".split()


def _array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Tensor:
    """For an operator with a NumPy value on the left, what lucid's own says: numbers go together, arrays do not."""
    op = MIXED.get(HERE.get(ufunc.__name__, ufunc.__name__))
    if op is None or method != "__call__" or options or isinstance(inputs[0], Tensor):
        raise _not_numpys(ufunc.__name__)
    return op(*inputs)


def _array_function(self: Tensor, function: Any, types: Any, inputs: Any, options: Any) -> Any:
    """NumPy's other functions read a tensor as an array, by __array__, unless they would call its methods in vain."""
    if function.__name__ in REDUCTIONS:
        raise _not_numpys(function.__name__)
    return function._implementation(*inputs, **options)


def _not_numpys(name: str) -> TypeError:
    here = name if hasattr(sys.modules["lucid"], name) else HERE.get(name)
    return TypeError(f"numpy.{name}: got a Tensor; use {f'lucid.{here}, or ' if here else ''}x.numpy() for NumPy's own")


def _attach() -> None:
    methods: dict[str, Any] = _ops()
    methods |= {op.__name__: _one_by_one(op) for op in (manipulation.reshape, manipulation.permute_dims)}
    for name, op in OPERATORS.items():
        methods[f"__{name}__"], methods[f"__r{name}__"] = op, _reflected(op)
        methods[f"__i{name}__"] = _in_place(op)
    for name, op in COMPARISONS.items():
        methods[f"__{name}__"] = _comparison(op)
    for name, op in UNARY.items():
        methods[f"__{name}__"] = op
    for name, op in {"add_": elementwise.add, "sub_": elementwise.subtract, "mul_": elementwise.multiply}.items():
        methods[name] = _in_place(op)
    methods |= {"__getitem__": indexing.getitem, "__setitem__": _setitem, "__pow__": _pow}
    methods |= {"__contains__": _contains, "__array_ufunc__": _array_ufunc, "__array_function__": _array_function}
    methods |= {"copy_": _copy, "fill_": _fill, "clone": _clone}
    methods |= {"real": property(elementwise.real), "imag": property(elementwise.imag)}
    methods |= {"T": property(_transposed), "mT": property(linear_algebra.matrix_transpose)}
    methods |= {"cpu": lambda x: transfer.to(x, "cpu"), "gpu": lambda x: transfer.to(x, "gpu")}
    for name, method in methods.items():
        setattr(Tensor, name, method)


_attach()
