"""How samples are written down: arguments to try, arguments to refuse, numbers, and the dtype of a result."""

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

import lucid
from lucid import ops, tree
from lucid.errors import DTypeError, ShapeError

inf, nan = math.inf, math.nan


class Sample(NamedTuple):
    """Arguments to try. With a layout, tensors do not lie in memory row by row."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    note: str
    layout: str = "rows"
    smooth: bool = True  # whether finite differences mean something here: no ties, no edges, no infinities
    traces: bool = True  # whether lucid.compile can trace it: the shape of the result does not depend on values


class Wrong(NamedTuple):
    """Arguments to refuse, with the error and a part of its message."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    error: type[Exception]
    message: str


class Op(NamedTuple):
    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    gives: Any  # the dtype of the result: a lucid dtype, or a function from the arguments to one
    samples: Sequence[Sample]
    wrong: Sequence[Wrong] = ()
    differentiable: bool = True
    ulps: float = 4  # how many units in the last place a result may be off: see tests/comparing.py
    signed_zeros: bool = True  # whether the sign of a zero is part of the meaning
    creates: bool = False  # whether it makes a tensor out of none, and so takes device=


# --- Numbers ---------------------------------------------------------------------------------------------------------


def numbers(*shape: int, low: float = -2.0, high: float = 2.0, dtype: Any = np.float32, salt: int = 0) -> np.ndarray:
    """Numbers without pattern, the same at every run; whole ones for an integer dtype, both parts for a complex one."""
    dtype = np.dtype(dtype)
    source = np.random.default_rng(zlib.crc32(f"{shape}{low}{high}{dtype}{salt}".encode()))
    found = source.uniform(low, high, shape)
    if dtype.kind == "c":
        found = found + 1j * source.uniform(low, high, shape)
    if dtype.kind == "b":
        found = found > (low + high) / 2
    return np.asarray(np.round(found) if dtype.kind in "iu" else found).astype(dtype)


def integers(*shape: int, low: int = 0, high: int = 5, dtype: Any = np.int64, salt: int = 0) -> np.ndarray:
    return numbers(*shape, low=low, high=high, dtype=dtype, salt=salt)


def distinct(*shape: int, salt: int = 0) -> np.ndarray:
    """Numbers no two of which are close, in no order."""
    source = np.random.default_rng(zlib.crc32(f"distinct{shape}{salt}".encode()))
    return (source.permutation(math.prod(shape)).reshape(shape) / 4 - 1.1).astype(np.float32)


def array(*values: Any, dtype: Any = np.float32) -> np.ndarray:
    return np.array(values, dtype)


EDGES = array(nan, inf, -inf, 0.0, -0.0, 0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.0, 1e30, -1e30, 1e-30)
BFLOAT16 = ml_dtypes.bfloat16
SHAPED = {"one": (), "matrix": (3, 4), "empty": (2, 0, 3)}


# --- The dtype of a result -------------------------------------------------------------------------------------------


def lucid_dtype(value: Any) -> Any:
    """The lucid dtype of a NumPy array; anything else as it is."""
    return lucid.dtypes.BY_NAME[value.dtype.name] if isinstance(value, np.ndarray) else value


def same(*args: Any) -> lucid.DType:
    """What the arrays and Python numbers among the arguments promote to."""
    leaves = [leaf for leaf in tree.leaves(args) if isinstance(leaf, np.ndarray | bool | int | float | complex)]
    return lucid.result_type(lucid.bool, *map(lucid_dtype, leaves))  # bool is less than all, and counts for nothing


def of_first(x: Any, *rest: Any) -> lucid.DType:
    return lucid_dtype(tree.leaves(x)[0])


def floating(*args: Any) -> lucid.DType:
    found = same(*args)
    return found if found.is_floating else lucid.float32


def floating_first(x: Any, *rest: Any) -> lucid.DType:
    return floating(x)


def real_of(x: Any) -> lucid.DType:
    return {lucid.complex64: lucid.float32, lucid.complex128: lucid.float64}.get(same(x), same(x))


def added_up(x: Any, *rest: Any) -> lucid.DType:
    found = of_first(x)
    return lucid.uint64 if found.kind == "unsigned integer" else found if found.is_floating else lucid.int64


# --- Writing samples down --------------------------------------------------------------------------------------------


def sample(*args: Any, note: str = "", smooth: bool = True, traces: bool = True, **options: Any) -> Sample:
    arrays = [leaf for leaf in tree.leaves(args) if isinstance(leaf, np.ndarray)]
    shapes = ["x".join(map(str, a.shape)) or "0d" for a in arrays] + [f"{k}={v}" for k, v in options.items()]
    return Sample(args, options, note or " ".join(shapes) or "plain", "rows", smooth, traces)


def edge(*args: Any, note: str = "edges", **options: Any) -> Sample:
    return sample(*args, note=note, smooth=False, **options)


def wrong(*args: Any, error: type[Exception], message: str, **options: Any) -> Wrong:
    return Wrong(args, options, error, message)


def op(
    name: str,
    reference: Callable[..., Any],
    gives: Any,
    samples: Iterable[Sample],
    *errors: Wrong,
    function: Callable[..., Any] | None = None,
    vary: bool = True,
    **rest: Any,
) -> Op:
    """An op whose first sample is also tried in other layouts and in other floating dtypes, if it may `vary`."""
    samples = list(samples)
    return Op(
        name,
        function or getattr(ops, name),
        reference,
        gives,
        [*samples, *(varied(samples[0]) if vary else [])],
        errors,
        **rest,
    )


def varied(of: Sample) -> Iterator[Sample]:
    for layout in ("turned", "strided"):
        yield of._replace(note=layout, layout=layout)
    for dtype in (np.float16, BFLOAT16, np.float64):
        yield of._replace(args=as_floats(of.args, dtype), note=np.dtype(dtype).name, smooth=False)


def as_floats(args: Any, dtype: Any) -> Any:
    """The arguments with their real floating arrays in another dtype."""

    def convert(leaf: Any) -> Any:
        return leaf.astype(dtype) if isinstance(leaf, np.ndarray) and is_real(leaf) else leaf

    return tree.map(convert, args)


def is_real(x: np.ndarray) -> bool:
    return x.dtype.kind == "f" or x.dtype == BFLOAT16


KINDS = {"b": np.bool_, "u": np.uint8, "i": np.int32, "f": np.float32, "c": np.complex64}


def unary(
    name: str,
    reference: Callable[..., Any],
    takes: str,
    gives: Any,
    low: float = -2.0,
    high: float = 2.0,
    differentiable: bool = True,
    edges: np.ndarray | None = EDGES,
    **rest: Any,
) -> Op:
    """A function of each element. `takes` holds kinds of dtype (b, u, i, f, c), numbers lie from `low` to `high`."""
    real = "f" in takes
    reference = of_floats(reference) if gives is floating else reference
    samples = [sample(numbers(*shape, low=low, high=high), note=note) for note, shape in SHAPED.items() if real]
    samples = samples[1:2] + samples[:1] + samples[2:]  # the matrix first, which is the one that is varied
    if real and edges is not None:
        samples.append(edge(edges))
    for kind in takes.replace("f", ""):
        dtype, least = KINDS[kind], 0 if kind in "ub" else -3
        x = (
            numbers(3, 4, low=low, high=high, dtype=dtype)
            if kind == "c"
            else integers(7, low=least, high=3, dtype=dtype)
        )
        samples.append(sample(x, note=x.dtype.name, smooth=kind == "c"))
    errors = [wrong([1.0], error=TypeError, message=f"{name}: x is list; wanted a Tensor")]
    for kind in set(KINDS) - set(takes):
        dtype = np.dtype(KINDS[kind])
        errors.append(wrong(np.ones(2, dtype), error=DTypeError, message=f"{name}: got dtype {dtype.name}"))
    return op(
        name,
        reference,
        gives,
        samples,
        *errors,
        vary=real,
        differentiable=differentiable and gives != lucid.bool,
        **rest,
    )


PAIRS = {  # dtypes that meet, with what takes them
    "u": (np.uint8, np.uint8),
    "i": (np.int64, np.int32),
    "b": (np.bool_, np.bool_),
    "c": (np.complex64, np.float32),
    "iu": (np.int8, np.uint8),
    "bi": (np.bool_, np.int16),
    "if": (np.int64, np.float32),
    "f": (np.float16, BFLOAT16),
}


def binary(
    name: str,
    reference: Callable[..., Any],
    takes: str,
    gives: Any,
    low: float = -2.0,
    high: float = 2.0,
    differentiable: bool = True,
    second: tuple[float, float] | None = None,
    more: Sequence[Sample] = (),
    **rest: Any,
) -> Op:
    """A function of two numbers that broadcast; the second may lie in an interval of its own."""
    real = "f" in takes
    reference = of_floats(reference) if gives is floating else reference
    low2, high2 = second or (low, high)
    dtype = np.float32 if real else np.int32

    def pair(shape1: tuple[int, ...], shape2: tuple[int, ...], dtype1: Any = dtype, dtype2: Any = dtype) -> Any:
        """Whole numbers meet only whole numbers that the interval of the second holds, so that shifts stay small."""
        return (
            numbers(*shape1, low=0 if np.dtype(dtype1).kind == "u" else low, high=high, dtype=dtype1),
            numbers(
                *shape2, low=max(low2, 0) if np.dtype(dtype2).kind == "u" else low2, high=high2, dtype=dtype2, salt=1
            ),
        )

    shapes = [((3, 4), (3, 4)), ((2, 3, 1), (4,)), ((), (2, 3)), ((3,), ()), ((2, 0), (1, 1)), ((), ())]
    samples = [sample(*pair(*both)) for both in shapes]
    x, y = pair((3,), (3,))
    number = (high2 + low2) / 2 + 0.25 if real else int(high2)
    samples += [sample(x, number, note="tensor with number"), sample(number, y, note="number with tensor")]
    if real:
        samples.append(edge(EDGES[:, None], EDGES))
    for kinds, (dtype1, dtype2) in PAIRS.items():
        if set(kinds) <= set(takes):
            note = f"{np.dtype(dtype1).name} with {np.dtype(dtype2).name}"
            samples.append(sample(*pair((3, 1), (4,), dtype1, dtype2), note=note, smooth=kinds == "c"))
    errors = [
        wrong(1.0, 2.0, error=TypeError, message=f"{name}: got float, float; wanted at least one Tensor"),
        wrong(x, "2", error=TypeError, message=f"{name}: got str; wanted a Tensor or a Python number"),
        wrong(*pair((2, 3), (2, 4)), error=ShapeError, message=f"{name}: shapes (2, 3) and (2, 4) do not broadcast"),
    ]
    if {"u", "i"} <= set(takes):
        both = np.ones(2, np.uint64), np.ones(2, np.int8)
        errors.append(wrong(*both, error=DTypeError, message=f"{name}: no integer dtype holds both"))
    for kind in set(KINDS) - set(takes):
        ones = np.ones(2, KINDS[kind])
        errors.append(wrong(ones, ones, error=DTypeError, message=f"{name}: got dtype {ones.dtype.name}"))
    return op(
        *(name, reference, gives, [*samples, *more], *errors),
        vary=real,
        differentiable=differentiable and gives != lucid.bool,
        **rest,
    )


# --- What several chapters use --------------------------------------------------------------------------------------


def of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy would compute for bools and small integers in float16."""
    return lambda *args: function(*(np.asarray(a, np.result_type(a, np.float64)) for a in args))


def positions(x: np.ndarray, axis: Any) -> tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: np.ndarray, *, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        return function(x, axis=positions(x, axis), keepdims=keepdims, **options)

    return call


def argsort(x: np.ndarray, *, axis: int = -1, descending: bool = False, stable: bool = True) -> np.ndarray:
    if not descending:
        return np.argsort(x, axis=axis, stable=True)
    return np.lexsort((-x.astype(float), ~np.isnan(x)), axis=axis)  # nan is largest, equal ones keep their order


X, Y, Z = numbers(3, 4), numbers(3, 4, salt=1), numbers(2, 3, 4)
ONE = np.array(2.0, np.float32)
TIES = array(1, 3, 3, 2, 3, 1)
WITH_NAN = array(1, nan, 3, nan)
MASK = np.array([[True, False, True, False], [False] * 4, [True] * 4])
BEYOND = {"error": ShapeError, "message": "axis=2 is not an axis of a tensor with 2"}
NO_TENSOR = {"error": TypeError, "message": "wanted a Tensor"}
ALL, REAL, ARITHMETIC, COUNTED = "buifc", "buif", "uifc", "uif"


def axes_tried(x: np.ndarray) -> list[Sample]:
    """One axis from either end, two, none, all, with and without keeping them."""
    tried = [{"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": (2, 0), "keepdims": True}, {}]
    return [sample(x, **options) for options in [*tried, {"keepdims": True}]]
