"""How arguments are made ready for a primitive: promoted, converted, checked, in one place for all ops."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, wraps
from math import prod
from numbers import Real
from operator import index
from typing import Any, Literal, TypeVar

from .. import devices
from ..autograd.modes import MODES
from ..backends import backend_of
from ..dtypes import (
    ALL,
    BOOL,
    COMPLEX,
    DEFAULT_FLOAT,
    OF_SCALAR,
    REAL,
    SIGNED,
    UNSIGNED,
    DType,
    as_dtype,
    float32,
    promote,
    promote_scalar,
)
from ..dtypes import bool as bool_dtype
from ..errors import AxisError, DTypeError, ShapeError
from ..tensor import Tensor

__all__ = [
    *("ANY", "ARITHMETIC", "BITS", "FLOATING", "INTEGERS", "LOGICAL", "NUMERIC", "ORDERED", "REAL_FLOATING"),
    *("REAL_NUMERIC", "Domain", "Axis", "Scalar", "among", "axes", "as_shape", "check_tensors", "fast", "fitting"),
    *(
        "number",
        "one_axis",
        "one_shape",
        "precise",
        "ready",
        "scalar_type",
        "several",
        "tensor",
        "tensors",
        "together",
        "together_with",
        "whole",
        "wholes",
    ),
]

Function = TypeVar("Function", bound=Callable[..., Any])
MOST = 2**59  # elements: of 16 bytes each, more than can be addressed
Scalar = bool | int | float | complex
Axis = int | tuple[int, ...] | None


class Domain:
    """The kinds of dtype that an op is defined for, and what other kinds are converted to first, if anything.

    `precision` says what becomes of float32 and 16-bit numbers under `lucid.amp.autocast`: "fast" for products, which
    it computes in 16 bits, "precise" for what must not be rounded at every step, None for ops that take what comes.
    """

    __slots__ = ("convert", "dtypes", "kinds", "precision")

    def __init__(
        self, kinds: tuple[str, ...], convert: DType | None = None, precision: Literal["fast", "precise"] | None = None
    ) -> None:
        self.kinds, self.convert, self.precision = kinds, convert, precision
        self.dtypes = frozenset(dtype for dtype in ALL if dtype.kind in kinds)


@cache
def fast(domain: Domain) -> Domain:
    """A domain whose ops autocast computes in its dtype."""
    return Domain(domain.kinds, domain.convert, "fast")


@cache
def precise(domain: Domain) -> Domain:
    """A domain whose ops autocast computes in float32."""
    return Domain(domain.kinds, domain.convert, "precise")


ANY = Domain((BOOL, SIGNED, UNSIGNED, REAL, COMPLEX))
ARITHMETIC = ANY  # bools too: their sum is or, their product and
NUMERIC = Domain((SIGNED, UNSIGNED, REAL, COMPLEX))
REAL_NUMERIC = Domain((SIGNED, UNSIGNED, REAL))
ORDERED = Domain((BOOL, SIGNED, UNSIGNED, REAL))
FLOATING = Domain((REAL, COMPLEX), DEFAULT_FLOAT)
REAL_FLOATING = Domain((REAL,), DEFAULT_FLOAT)
BITS = Domain((BOOL, SIGNED, UNSIGNED))
INTEGERS = Domain((SIGNED, UNSIGNED))
LOGICAL = Domain((BOOL,), bool_dtype)


def domain_dtype(function: str, domain: Domain, dtype: DType) -> DType:
    """The dtype in which `function` computes for inputs of `dtype`. Raises DTypeError outside its domain."""
    if dtype in domain.dtypes:
        return dtype
    if domain.convert is None or (dtype.kind == COMPLEX and domain.convert is not bool_dtype):
        raise DTypeError(
            f"{function}: got dtype {dtype.name}; wanted one of kind {' or '.join(domain.kinds)}; "
            "convert with x.astype(dtype)"
        )
    return domain.convert


def cast_dtype(domain: Domain, dtype: DType, device: devices.Device) -> DType:
    """The dtype that autocast makes of one in which an op would compute."""
    if MODES.casting is None or domain.precision is None or dtype.kind != REAL or dtype.itemsize > 4:
        return dtype
    narrow = getattr(MODES.casting, device)
    return dtype if narrow is None else narrow if domain.precision == "fast" else float32


def cast(x: Tensor, dtype: DType) -> Tensor:
    """x in another dtype; parameters under autocast once for all that use them."""
    if MODES.casts is None or x.node is None or x.node.op is not None:
        return x.astype(dtype)
    key = id(x), dtype, MODES.recording
    source, array, out = MODES.casts.get(key, (None, None, None))
    if source is not x or array is not x.array or (out.node is not None and not out.node.parents):  # freed by backward
        out = x.astype(dtype)
        MODES.casts[key] = x, x.array, out
    return out


def tensor(function: str, x: Any, name: str = "x") -> Tensor:
    """`x` itself if it is a Tensor, or a TypeError that says how to make one."""
    if isinstance(x, Tensor):
        return x
    raise TypeError(f"{function}: {name} is {type(x).__name__}; wanted a Tensor, as lucid.asarray({name}) makes it")


def check_tensors(function: str, **given: Any) -> None:
    """Raise TypeError for an argument that is no tensor."""
    for name, x in given.items():
        tensor(function, x, name)


def tensors(function: str, arrays: Any) -> list[Tensor]:
    """The tensors of a list or tuple, of which there is at least one. Raises TypeError for all else."""
    if isinstance(arrays, Tensor) or not hasattr(arrays, "__len__") or not len(arrays):
        raise TypeError(f"{function}: got {type(arrays).__name__}; wanted a list or tuple of at least one Tensor")
    return [tensor(function, x, f"arrays[{i}]") for i, x in enumerate(arrays)]


def ready(function: str, domain: Domain, x: Any, name: str = "x") -> Tensor:
    """`x` in the dtype in which `function` computes."""
    if isinstance(x, Tensor) and x._dtype in domain.dtypes and (domain.precision is None or MODES.casting is None):
        return x  # the usual case
    x = tensor(function, x, name)
    dtype = cast_dtype(domain, domain_dtype(function, domain, x.dtype), x.device)
    return x if dtype is x.dtype else cast(x, dtype)


def together(function: str, domain: Domain, *values: Any) -> list[Tensor]:
    """Tensors and Python numbers as tensors of the one dtype that they promote to. Numbers are weak.

    Raises TypeError for anything else, DTypeError for dtypes that do not go together or that lie outside the domain.
    """
    if (domain.precision is None or MODES.casting is None) and _are_one_dtype(domain, values):
        return list(values)  # the usual case
    like, dtype, numbers = None, None, []
    for v in values:
        if not isinstance(v, Tensor):
            numbers.append(v)
        elif dtype is None:
            like, dtype = v, v.dtype
        elif v.dtype is not dtype:
            dtype = promoted(function, dtype, v.dtype)
    if like is None or dtype is None:
        kinds = ", ".join(type(v).__name__ for v in values)
        raise TypeError(f"{function}: got {kinds}; wanted at least one Tensor, as lucid.asarray makes it")
    for number in numbers:
        dtype = promote_scalar(dtype, scalar_type(function, number))
    dtype = cast_dtype(domain, domain_dtype(function, domain, dtype), like.device)
    return [_in_dtype(function, v, dtype, like) for v in values]


def together_with(function: str, domain: Domain, needed: Sequence[Any], optional: Sequence[Any]) -> list[Any]:
    """As `together`, all that is needed and then what is optional, of which what is None stays it."""
    found = iter(together(function, domain, *needed, *(v for v in optional if v is not None)))
    return [*(next(found) for _ in needed), *(None if v is None else next(found) for v in optional)]


def _are_one_dtype(domain: Domain, values: Sequence[Any]) -> bool:
    """Whether all are tensors of one dtype, in which an op of this domain computes."""
    first = values[0]
    if not isinstance(first, Tensor) or (dtype := first.dtype) not in domain.dtypes:
        return False
    for v in values:  # noqa: SIM110 - the generator of `all` takes as long as the rest
        if not isinstance(v, Tensor) or (v._dtype or v.dtype) is not dtype:
            return False
    return True


def promoted(function: str, a: DType, b: DType) -> DType:
    try:
        return promote(a, b)
    except DTypeError as error:
        raise DTypeError(f"{function}: {error}") from None


STORED = 1024  # numbers, all forgotten when there are more
_stored: dict[tuple[type, DType, type, Scalar | str], Tensor] = {}


def with_number(function: str, domain: Domain, x1: Any, x2: Any) -> Sequence[Tensor]:
    """`together` for two values of which one is no tensor. What comes is for reading alone.

    Loops meet the same few numbers again and again, so a number that leaves its tensor's dtype as it is is made once.
    """
    x, number = (x1, x2) if isinstance(x1, Tensor) else (x2, x1)
    if not isinstance(x, Tensor) or number.__class__ not in (float, int):
        return together(function, domain, x1, x2)
    key = type(x.array), x._dtype or x.dtype, number.__class__, number or str(number)  # 0.0 and -0.0 are equal
    stored = _stored.get(key)
    if stored is None:
        _, stored = both = together(function, domain, x, number)
        if stored.dtype is not x.dtype:
            return both if x is x1 else both[::-1]
        if len(_stored) >= STORED:
            _stored.clear()
        _stored[key] = stored
    return (x, stored) if x is x1 else (stored, x)


def _in_dtype(function: str, value: Any, dtype: DType, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value if value.dtype is dtype else cast(value, dtype)
    backend = backend_of[type(like.array)]
    if dtype is not like.dtype:
        backend.check_dtype(function, dtype)
    try:
        return Tensor(backend.full((), value, dtype), None, dtype)
    except OverflowError:
        raise OverflowError(f"{function}: {value} does not fit {dtype.name}; convert the tensor first") from None


def scalar_type(function: str, value: Any) -> type:
    """The Python type that a number counts as; NumPy's scalars count as the Python number of their kind."""
    if type(value) in OF_SCALAR:
        return type(value)
    for kind in (bool, int, float, complex):
        if isinstance(value, kind):
            return kind
    if not getattr(value, "shape", True) and hasattr(value, "item"):  # NumPy's np.float32(2) and its like
        kind = type(value.item())
        if kind in OF_SCALAR:
            return kind
    raise TypeError(
        f"{function}: got {type(value).__name__}; wanted a Tensor or a Python number; "
        "other arrays become tensors with lucid.asarray"
    )


def fitting(function: str, value: Any, dtype: DType) -> Scalar:
    """A number as an element of `dtype`, whole for an integer dtype. Raises OverflowError where it has no such element.

    >>> import lucid
    >>> fitting("full", 2.5, lucid.uint8)
    2
    """
    kind = scalar_type(function, value)
    if dtype.kind in (SIGNED, UNSIGNED):
        least, bits = (0, 0) if dtype.kind == UNSIGNED else (-(2 ** (8 * dtype.itemsize - 1)), 1)
        if kind is complex or not least <= value < 2 ** (8 * dtype.itemsize - bits):
            raise OverflowError(f"{function}: {value} does not fit {dtype.name}; choose a wider dtype")
        return int(value)
    if dtype.kind != COMPLEX and kind is complex:
        raise DTypeError(f"{function}: the complex number {value} has no place in {dtype.name}")
    try:
        return {BOOL: bool, COMPLEX: complex}.get(dtype.kind, float)(value)
    except OverflowError:
        raise OverflowError(f"{function}: a number of {value.bit_length()} bits does not fit {dtype.name}") from None


def number(function: str, value: Any, name: str) -> Any:
    """`value` itself if it is a number, or a tensor where one may take its place. Raises TypeError for all else."""
    if hasattr(value, "__float__") or isinstance(value, complex):
        return value
    raise TypeError(f"{function}: {name}={value!r} is {type(value).__name__}; wanted a number")


def whole(function: str, value: Any, name: str) -> int:
    """An integer as Python's own. Raises TypeError for all else, floats too.

    >>> import numpy
    >>> whole("topk", numpy.int8(3), "k")
    3
    """
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{function}: {name}={value!r} is {type(value).__name__}; wanted an integer") from None


def wholes(function: str, values: Any, name: str) -> tuple[int, ...]:
    """The integers of a sequence. Raises TypeError for all else."""
    try:
        return tuple(map(index, values))
    except TypeError:
        raise TypeError(f"{function}: {name}={values!r}; wanted integers, as a tuple or list") from None


def several(function: str, values: Any, name: str) -> tuple[Any, ...]:
    """The elements of a sequence. Raises TypeError for what has none."""
    try:
        return tuple(values)
    except TypeError:
        raise TypeError(f"{function}: {name}={values!r} is {type(values).__name__}; wanted a tuple or list") from None


def choose(function: str, name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise ValueError for a value that is none of the choices."""
    words = list(choices)  # since a table could not be asked for what has no hash
    if value not in words:
        raise ValueError(f"{function}: {name}={value!r}; choose among {', '.join(map(str, words))}")


def axes(function: str, x: Tensor, axis: Axis) -> tuple[int, ...]:
    """Axes as distinct non-negative integers; all of them for None. Raises ShapeError for one that is not there.

    >>> import lucid
    >>> axes("sum", lucid.ones((2, 3, 4)), -1)
    (2,)
    """
    ndim = x.array.ndim
    if axis is None:
        return tuple(range(ndim))
    if axis.__class__ is int and 0 <= axis < ndim:
        return (axis,)  # the usual case
    given = axis if isinstance(axis, tuple | list) else (axis,)
    found = tuple([a if a.__class__ is int and 0 <= a < ndim else one_axis(function, ndim, a) for a in given])
    if len(set(found)) != len(found):
        raise ShapeError(f"{function}: axis={axis} names an axis twice")
    return found


def one_axis(function: str, ndim: int, axis: int) -> int:
    """An axis as a non-negative integer. Raises AxisError if a tensor of `ndim` axes does not have it."""
    axis = whole(function, axis, "axis")
    if not ndim:
        raise AxisError(f"{function}: axis={axis} is not an axis of a tensor with none")
    if not -ndim <= axis < ndim:
        raise AxisError(f"{function}: axis={axis} is not an axis of a tensor with {ndim}; choose -{ndim} to {ndim - 1}")
    return axis % ndim


def each_axis(function: str, space: int, name: str, sizes: int | Sequence[int], least: int) -> tuple[int, ...]:
    """One integer for each of so many axes. Raises ShapeError for another number of them, or one below `least`."""
    try:
        result = (sizes,) * space if isinstance(sizes, int) else tuple(map(index, sizes))
    except TypeError:
        raise TypeError(f"{function}: {name}={sizes!r}; wanted an integer, or {space} of them") from None
    if len(result) != space or min(result, default=least) < least:
        raise ShapeError(f"{function}: {name}={sizes}; wanted an integer of at least {least}, or {space} of them")
    return result


def as_shape(function: str, shape: int | Sequence[int], name: str = "shape") -> tuple[int, ...]:
    """A shape as a tuple of non-negative integers. Raises MemoryError for one that no memory holds."""
    sizes: Iterable[Any] = shape if isinstance(shape, tuple | list) else (shape,)
    try:
        result = tuple(map(index, sizes))
    except TypeError:
        raise TypeError(f"{function}: {name}={shape!r}; wanted an integer or a tuple of integers") from None
    if min(result, default=0) < 0:
        raise ShapeError(f"{function}: {name}={shape!r} has a negative size")
    if prod(result) >= MOST:
        raise MemoryError(f"{function}: {name}={shape!r} is more than any memory holds")
    return result


def one_shape(function: Function, most: int = 1) -> Function:
    """Refuse more than `most` numbers by position: `zeros(2, 3)`, and NumPy's `normal(0, 1)`, which is no shape either.

    >>> import lucid
    >>> lucid.zeros(2, 3)
    Traceback (most recent call last):
    TypeError: zeros: got 2, 3 by position; a shape is one argument, as in zeros((2, 3))
    """
    name, code = function.__name__, function.__code__
    parameters = [f"{p}=" for p in code.co_varnames[most : code.co_argcount]]
    hint = f"a shape is one argument, as in {name}((2, 3){', 0' * (most - 1)})"
    hint += f", and what follows a size has a name: {', '.join(parameters)}" if parameters else ""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if len(args) > most and all(isinstance(a, Real) for a in args):
            raise TypeError(f"{name}: got {', '.join(map(repr, args))} by position; {hint}")
        return function(*args, **options)

    return call  # type: ignore[return-value]


def broadcast_shapes(function: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to. Raises ShapeError if they do not.

    >>> broadcast_shapes("add", (2, 1), (3,))
    (2, 3)
    """
    ndim = max((len(shape) for shape in shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for i, n in enumerate(shape, ndim - len(shape)):
            if n != 1:
                if result[i] not in (1, n):
                    raise ShapeError(
                        f"{function}: shapes {' and '.join(map(str, shapes))} do not broadcast: "
                        f"sizes {result[i]} and {n} meet; make them equal, or one of them 1"
                    )
                result[i] = n
    return tuple(result)


def placed(function: str, device: Any, dtype: DType | None, default: DType) -> tuple[Any, DType]:
    """The backend and the dtype for a new tensor, checked against each other."""
    backend = devices.backend(device, function)
    dtype = default if dtype is None else as_dtype(function, dtype)
    backend.check_dtype(function, dtype)
    return backend, dtype
