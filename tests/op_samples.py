"""The one table that every op is tested with: what it means in NumPy, arguments to try, arguments to refuse.

A new op needs one entry in OPS. Its tests then run by themselves: the value against the reference, cpu against gpu,
gradients to second order, compiled against not compiled, and under Metal's rules.

Arguments are written for NumPy: every NumPy array among them, however deep, becomes a tensor of its dtype on the device
at hand. The reference gets the same arguments in double precision, so it has no rounding errors to speak of.
"""

import math
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
import scipy.special

import lucid
from lucid import ops, tree
from lucid.errors import DeviceError, DTypeError, ShapeError
from lucid.ops import indexing, neural, transfer

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


# --- What NumPy does not have, or has under another name -------------------------------------------------------------


def of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy would compute for bools and small integers in float16."""
    return lambda *args: function(*(np.asarray(a, np.result_type(a, np.float64)) for a in args))


def positions(x: np.ndarray, axis: Any) -> tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: np.ndarray, *, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        return function(x, axis=positions(x, axis), keepdims=keepdims, **options)

    return call


def running(function: Callable[..., Any], initial: int) -> Callable[..., Any]:
    """A running sum or product, with the value that starts it in front if that is asked for."""

    def call(x: np.ndarray, *, axis: int = 0, dtype: Any = None, include_initial: bool = False) -> Any:
        out = function(x, axis=axis, dtype=dtype)
        if not include_initial:
            return out
        first = np.full((*out.shape[:axis], 1, *out.shape[axis + 1 :]), initial, out.dtype)
        return np.concatenate([first, out], axis)

    return call


def variance(x: np.ndarray, *, axis: Any = None, correction: float = 0, keepdims: bool = False) -> np.ndarray:
    squares = np.abs(x - np.mean(x, axis=axis, keepdims=True)) ** 2
    count = x.size / max(np.mean(x, axis=axis).size, 1) - correction
    return np.sum(squares, axis=axis, keepdims=keepdims) / (count if count > 0 else nan)


def argsort(x: np.ndarray, *, axis: int = -1, descending: bool = False, stable: bool = True) -> np.ndarray:
    if not descending:
        return np.argsort(x, axis=axis, stable=True)
    return np.lexsort((-x.astype(float), ~np.isnan(x)), axis=axis)  # nan is largest, equal ones keep their order


def difference(x: np.ndarray, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> np.ndarray:
    more = {name: part for name, part in (("prepend", prepend), ("append", append)) if part is not None}
    return np.diff(x, n, axis, **more)


def searchsorted(x: np.ndarray, y: Any, *, side: Any = "left", sorter: Any = None) -> np.ndarray:
    return np.searchsorted(x, y, side, sorter)


def unique(*parts: int) -> Callable[..., Any]:
    """Of the distinct values, their first places, their places in x and their counts, some parts."""

    def call(x: np.ndarray) -> Any:
        values, first, inverse, counts = np.unique(x, True, True, True, equal_nan=False)
        found = (values, *map(lucid.asarray, (first, inverse.reshape(x.shape), counts)))  # these are int64 always
        return [found[i] for i in parts]

    return call


def padded_and_spread(x: np.ndarray, padding: Any, steps: Any) -> np.ndarray:
    for axis, ((low, high), step) in enumerate(zip(padding, steps, strict=True), 2):
        x = np.moveaxis(x, axis, 0)
        spread = np.zeros((max((len(x) - 1) * step + 1, 0), *x.shape[1:]), x.dtype)
        spread[::step] = x
        around = [(max(low, 0), max(high, 0))] + [(0, 0)] * (x.ndim - 1)
        whole = np.pad(spread, around)
        x = np.moveaxis(whole[max(-low, 0) : len(whole) - max(-high, 0)], 0, axis)
    return x


def convolve(
    x: Any, weight: Any, *, stride: Any, padding: Any, dilation: Any, input_dilation: Any, groups: int = 1
) -> Any:
    """By the definition: for each place of the output, the sum over the window it sees."""
    x = padded_and_spread(x, padding, input_dilation)
    extent = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    counts = [(n - e) // s + 1 for n, e, s in zip(x.shape[2:], extent, stride, strict=True)]
    out = np.zeros((x.shape[0], weight.shape[0], *counts))
    inner, outer = weight.shape[1], weight.shape[0] // groups
    for place in np.ndindex(*counts):
        window = x[
            :, :, *(slice(p * s, p * s + e, d) for p, s, e, d in zip(place, stride, extent, dilation, strict=True))
        ]
        for group in range(groups):
            chosen = slice(group * outer, (group + 1) * outer)
            part = window[:, group * inner : (group + 1) * inner].reshape(len(x), inner * math.prod(weight.shape[2:]))
            out[:, chosen, *place] = part @ weight[chosen].reshape(outer, -1).T
    return out


def conv(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    space = x.ndim - 2
    stride, padding, dilation = ((n,) * space if isinstance(n, int) else n for n in (stride, padding, dilation))
    options = {"stride": stride, "padding": [(p, p) for p in padding], "dilation": dilation}
    out = convolve(x, weight, **options, input_dilation=(1,) * space, groups=groups)
    return out if bias is None else out + bias.reshape(-1, *[1] * space)


def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float = 1e-5) -> Any:
    out = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return out * (1 if weight is None else weight) + (0 if bias is None else bias)


def attention(q: Any, k: Any, v: Any, *, mask: Any = None, is_causal: bool = False, scale: Any = None) -> Any:
    scores = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        mask = np.tri(*scores.shape[-2:], dtype=bool)
    if mask is not None:
        scores = np.where(mask, scores, -inf) if mask.dtype == bool else scores + mask
    unseen = np.all(scores == -inf, -1, keepdims=True)
    return np.where(unseen, 0, scipy.special.softmax(np.where(unseen, 0, scores), -1)) @ v


def gelu(x: Any, *, approximate: bool = False) -> Any:
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return np.where(np.isneginf(x), nan, x * scipy.special.ndtr(x))


def setitem(x: Any, value: Any, key: Any) -> Any:
    out = x.copy()
    out[key] = value
    return out


def scatter_add(values: Any, key: Any, shape: Any) -> Any:
    out = np.zeros(shape, values.dtype)
    np.add.at(out, key, values)
    return out


def scattered(values: lucid.Tensor, key: Any, shape: Any) -> lucid.Tensor:
    """scatter_add sees canonical keys alone."""
    key = indexing.canonical(lucid.zeros(shape, device=values.device), key)
    return indexing.scatter_add(values, key, shape)


def split(x: Any, sections: Any, *, axis: int = 0) -> Any:
    return np.split(x, sections if isinstance(sections, int) else np.cumsum(sections)[:-1], axis)


def power_of_integers(x: Any, y: Any) -> Any:
    """NumPy refuses negative integer exponents; 1 and -1 alone have integers for them."""
    if np.result_type(x, y).kind != "i":
        return np.power(x, y)
    whole = np.power(x, np.maximum(y, 0))
    return np.where(np.less(y, 0), np.where(np.abs(x) == 1, np.power(x, np.abs(y)), 0), whole)


def floor_divide(x: Any, y: Any) -> Any:
    """As the standard has it: where one of the two is infinite, their quotient."""
    whole = np.floor_divide(x, y)
    return whole if whole.dtype.kind in "iu" else np.where(np.isinf(x) != np.isinf(y), np.divide(x, y), whole)


def next_after(x: Any, y: Any) -> Any:
    """In float32 for the edges, where the next number may be infinite; elsewhere it is the same within rounding."""
    dtype = np.float32 if np.isinf(x).any() else np.float64
    return np.nextafter(np.asarray(x, dtype), np.asarray(y, dtype)).astype(np.float64)


def shift_left(x: Any, y: Any) -> Any:
    return np.where(np.asarray(y) >= 8 * np.result_type(x, y).itemsize, 0, np.left_shift(x, y))


def pad(x: Any, widths: Any, *, mode: str = "constant", value: Any = 0) -> Any:
    options = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, widths, mode, **options) if widths else x


# --- The table -------------------------------------------------------------------------------------------------------

X, Y, Z = numbers(3, 4), numbers(3, 4, salt=1), numbers(2, 3, 4)
ONE = np.array(2.0, np.float32)
TIES = array(1, 3, 3, 2, 3, 1)
WITH_NAN = array(1, nan, 3, nan)
WITH_ZEROS = array([0.5, -1, 2, 3], [2, 0, 3, -1], [0, 2, 0, 1.5], [0, 0, 0, 0])
MASK = np.array([[True, False, True, False], [False] * 4, [True] * 4])
HALF_MASKED = np.array([[0, -inf, 0, 0], [-inf] * 4, [1, 2, -1, 0]], np.float32)
BEYOND = {"error": ShapeError, "message": "axis=2 is not an axis of a tensor with 2"}
NO_TENSOR = {"error": TypeError, "message": "wanted a Tensor"}
ALL, REAL, ARITHMETIC, COUNTED = "buifc", "buif", "uifc", "uif"

DIVISIONS = [  # by 0, which is 0, and of the smallest integer by -1, at which a processor may stop
    sample(array(-7, 0, 7, -128, 5, dtype=np.int8), array(0, 0, 2, -1, -1, dtype=np.int8), note="whole"),
    sample(array(-(2**63), 4, -9, dtype=np.int64), array(-1, 0, 2, dtype=np.int64), note="whole and large"),
    sample(array(7, 0, dtype=np.uint8), array(0, 3, dtype=np.uint8), note="whole without sign"),
    edge(array(1e30, 0.7, -0.7, 1.0), array(3.0, 0.1, 0.1, 0.1), note="rounding"),
]
SHIFTS = [sample(array(-8, 8, 1, dtype=np.int8), array(9, 8, 7, dtype=np.int8), note="all bits leave")]
ELEMENTWISE = (
    #     name        reference               takes       gives     from  to
    unary("abs", np.abs, ARITHMETIC, real_of),
    unary("acos", np.arccos, ALL, floating, -0.9, 0.9),
    unary("acosh", np.arccosh, ALL, floating, 1.1, 3.0),
    unary("asin", np.arcsin, ALL, floating, -0.9, 0.9),
    unary("asinh", np.arcsinh, ALL, floating),
    unary("atan", np.arctan, ALL, floating),
    unary("atanh", np.arctanh, ALL, floating, -0.9, 0.9),
    unary("bitwise_invert", np.invert, "bui", same, differentiable=False),
    unary("ceil", np.ceil, REAL, same),
    unary("conj", np.conj, ARITHMETIC, same),
    unary("cos", np.cos, ALL, floating),
    unary("cosh", np.cosh, ALL, floating),
    unary("erf", scipy.special.erf, REAL, floating, signed_zeros=False),
    unary("erfinv", lambda x: np.where(x == 0, x, scipy.special.erfinv(x)), REAL, floating, -0.9, 0.9),
    unary("exp", np.exp, ALL, floating),
    unary("expm1", np.expm1, ALL, floating),
    unary("floor", np.floor, REAL, same),
    unary("imag", np.imag, "c", real_of),
    unary("isfinite", np.isfinite, ARITHMETIC, lucid.bool),
    unary("isinf", np.isinf, ARITHMETIC, lucid.bool),
    unary("isnan", np.isnan, ARITHMETIC, lucid.bool),
    unary("log", np.log, ALL, floating, 0.1, 3.0),
    unary("log10", np.log10, ALL, floating, 0.1, 3.0),
    unary("log1p", np.log1p, ALL, floating, -0.9, 3.0),
    unary("log2", np.log2, ALL, floating, 0.1, 3.0),
    unary("logical_not", np.logical_not, ALL, lucid.bool),
    unary("negative", np.negative, ARITHMETIC, same),
    unary("positive", np.positive, ARITHMETIC, same),
    unary("real", np.real, "c", real_of),
    unary("reciprocal", np.reciprocal, ALL, floating, 0.5, 2.0),
    unary("round", np.round, ARITHMETIC, same),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), ALL, floating, 0.2, 3.0),
    unary("sigmoid", scipy.special.expit, REAL, floating),
    unary("sign", np.sign, ARITHMETIC, same),
    unary("signbit", np.signbit, REAL, lucid.bool),
    unary("sin", np.sin, ALL, floating),
    unary("sinh", np.sinh, ALL, floating),
    unary("sqrt", np.sqrt, ALL, floating, 0.1, 3.0),
    unary("square", np.square, ARITHMETIC, same),
    unary("tan", np.tan, ALL, floating, -1.2, 1.2),
    unary("tanh", np.tanh, ALL, floating),
    unary("trunc", np.trunc, REAL, same),
    binary("add", np.add, ALL, same),
    binary("atan2", np.arctan2, REAL, floating),
    binary("bitwise_and", np.bitwise_and, "bui", same, differentiable=False),
    binary("bitwise_left_shift", shift_left, "ui", same, 0, 9, differentiable=False, more=SHIFTS),
    binary("bitwise_or", np.bitwise_or, "bui", same, differentiable=False),
    binary(
        "bitwise_right_shift", np.right_shift, "ui", same, -90, 90, second=(0, 40), differentiable=False, more=SHIFTS
    ),
    binary("bitwise_xor", np.bitwise_xor, "bui", same, differentiable=False),
    binary("copysign", np.copysign, REAL, floating),
    binary("divide", np.divide, ALL, floating, second=(0.5, 2.0)),
    binary("equal", np.equal, ALL, lucid.bool),
    binary("floor_divide", floor_divide, COUNTED, same, -9, 9, second=(1.6, 4.0), more=DIVISIONS),
    binary("greater", np.greater, REAL, lucid.bool),
    binary("greater_equal", np.greater_equal, REAL, lucid.bool),
    binary("hypot", np.hypot, REAL, floating),
    binary("less", np.less, REAL, lucid.bool),
    binary("less_equal", np.less_equal, REAL, lucid.bool),
    binary("logaddexp", np.logaddexp, REAL, floating, signed_zeros=False),
    binary("logical_and", np.logical_and, ALL, lucid.bool),
    binary("logical_or", np.logical_or, ALL, lucid.bool),
    binary("logical_xor", np.logical_xor, ALL, lucid.bool),
    binary("maximum", np.maximum, REAL, same),
    binary("minimum", np.minimum, REAL, same),
    binary("multiply", np.multiply, ALL, same),
    binary("nextafter", next_after, REAL, floating, ulps=1),
    binary("not_equal", np.not_equal, ALL, lucid.bool),
    binary("pow", power_of_integers, ARITHMETIC, same, 0.2, 2.0, second=(-2.0, 2.0), ulps=8),
    binary("remainder", np.remainder, COUNTED, same, -9, 9, second=(1.6, 4.0), more=DIVISIONS),
    binary("subtract", np.subtract, ARITHMETIC, same),
)


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def axes_tried(x: np.ndarray) -> list[Sample]:
    """One axis from either end, two, none, all, with and without keeping them."""
    tried = [{"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": (2, 0), "keepdims": True}, {}]
    return [sample(x, **options) for options in [*tried, {"keepdims": True}]]


REDUCTIONS = (
    op("sum", reduction(np.sum), added_up, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(numbers(2, 0, 3), axis=1), sample(numbers(0)),
        sample(integers(5, dtype=np.int8, high=120), note="int8"), sample(MASK, axis=0),
        sample(integers(4, dtype=np.uint8, high=250), note="uint8"), sample(numbers(2, 3, dtype=np.complex64), axis=0),
        sample(array(60000, 60000, -60000, dtype=np.float16), note="large float16", smooth=False),
    ], wrong(X, axis=2, **BEYOND), wrong(X, axis=(0, 0), error=ShapeError, message="names an axis twice"),
       wrong(X, axis=1.5, error=TypeError, message="wanted an integer"), wrong(3.0, **NO_TENSOR)),
    op("mean", reduction(lambda x, **o: np.mean(x, **o) if x.size else np.sum(x, **o) * nan), floating_first, [
        *axes_tried(Z), sample(integers(3, low=2**30, high=2**30, dtype=np.int32), note="large integers"),
        edge(numbers(0, 3), axis=0), sample(numbers(3, dtype=np.complex64)), sample(MASK),
        sample(array(60000, 60000, dtype=np.float16), note="large float16", smooth=False),
    ], wrong(X, axis=2, **BEYOND)),
    op("var", variance, floating_first, [
        *axes_tried(Z), sample(Z, axis=1, correction=1), edge(Z, axis=1, correction=3), sample(integers(6)),
    ], wrong(X, axis=2, **BEYOND), ulps=12),
    op("std", lambda x, **options: np.sqrt(variance(x, **options)), floating_first, [
        *axes_tried(Z), sample(Z, axis=1, correction=1, keepdims=True),
    ], wrong(X, axis=2, **BEYOND), ulps=12),
    *(op(name, reduction(function), same, [
        *(s._replace(args=(distinct(2, 3, 4),)) for s in axes_tried(Z)),
        sample(ONE), sample(integers(2, 3, dtype=np.uint8), axis=0), sample(MASK, axis=0),
        sample(numbers(0, 3), axis=1), sample(Z, axis=()), edge(TIES), edge(WITH_NAN), edge(array(-inf, inf)),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0, 3), axis=0, error=ShapeError, message=f"there is no {name}"),
       wrong(numbers(3, dtype=np.complex64), error=DTypeError, message=f"{name}: got dtype complex64"))
      for name, function in (("max", np.max), ("min", np.min))),
    *(op(name, reduction(function), lucid.bool, [
        sample(MASK, axis=1), sample(MASK, axis=0, keepdims=True), sample(MASK), sample(MASK, axis=()),
        sample(integers(3, high=1), note="integers"), sample(EDGES), sample(numbers(2, 0), axis=1), sample(numbers(0)),
    ], wrong(X, axis=2, **BEYOND), differentiable=False) for name, function in (("all", np.all), ("any", np.any))),
    op("prod", reduction(np.prod), added_up, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(numbers(2, 0, 3), axis=1), sample(numbers(0)),
        sample(integers(5, dtype=np.int8, low=1, high=120), note="int8"), sample(MASK, axis=0),
        sample(numbers(2, 3, dtype=np.complex64), axis=0), sample(integers(3, dtype=np.uint8), dtype=lucid.int32),
        sample(WITH_ZEROS, axis=1, note="zeros"), sample(WITH_ZEROS, axis=(0, 1), note="many zeros"), edge(EDGES),
    ], wrong(X, axis=2, **BEYOND), wrong(3.0, **NO_TENSOR)),
    op("cumulative_prod", running(np.cumprod, 1), added_up, [
        sample(Z, axis=1), sample(X, axis=-1), sample(X[0]), sample(integers(9, dtype=np.int8, low=1, high=9)),
        sample(numbers(0, 2), axis=0), sample(MASK, axis=1), sample(numbers(3, dtype=np.complex64)),
        sample(X, axis=0, include_initial=True), sample(WITH_ZEROS, axis=1, note="zeros"), sample(X[:1], axis=0),
        sample(numbers(0, 2), axis=0, include_initial=True),
    ], wrong(X, error=ShapeError, message="axis is needed for a tensor of 2 axes"), wrong(X, axis=2, **BEYOND)),
    op("count_nonzero", reduction(np.count_nonzero), lucid.int64, [
        sample(MASK, axis=1), sample(MASK, axis=0, keepdims=True), sample(MASK), sample(EDGES), sample(Z, axis=(0, 2)),
        sample(integers(5, high=1)), sample(numbers(2, 0), axis=1), sample(numbers(3, dtype=np.complex64)),
    ], wrong(X, axis=2, **BEYOND), differentiable=False),
    op("cumulative_sum", running(np.cumsum, 0), added_up, [
        sample(Z, axis=1), sample(X, axis=-1), sample(X[0]), sample(integers(9, dtype=np.int8, low=90, high=120)),
        sample(numbers(0, 2), axis=0), sample(MASK, axis=1), sample(numbers(3, dtype=np.complex64)),
        sample(X, axis=0, include_initial=True), sample(integers(3, dtype=np.int8), dtype=lucid.int8),
    ], wrong(X, error=ShapeError, message="axis is needed for a tensor of 2 axes"), wrong(X, axis=2, **BEYOND)),
    *(op(name, function, lucid.int64, [
        sample(X, axis=1), sample(X, axis=0, keepdims=True), sample(X), sample(X, keepdims=True), sample(ONE),
        edge(TIES), edge(WITH_NAN), sample(numbers(0, 3), axis=1), sample(MASK, axis=1), sample(integers(5)),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(0, 3), axis=0, error=ShapeError, message=f"there is no {name}"),
       wrong(numbers(0), error=ShapeError, message=f"there is no {name}"), differentiable=False)
      for name, function in (("argmax", np.argmax), ("argmin", np.argmin))),
    op("sort", lambda x, **o: np.take_along_axis(x, argsort(x, **o), o.get("axis", -1)), same, [
        sample(distinct(3, 4)), sample(distinct(3, 4), axis=0, descending=True), edge(TIES), edge(WITH_NAN),
        edge(WITH_NAN, descending=True), sample(numbers(0, 3), axis=0), sample(integers(6, dtype=np.uint8)),
        sample(MASK),
    ], wrong(X, axis=2, **BEYOND)),
    op("argsort", argsort, lucid.int64, [
        sample(distinct(3, 4)), sample(distinct(3, 4), axis=0, descending=True), sample(TIES),
        sample(TIES, descending=True),
        sample(WITH_NAN), sample(WITH_NAN, descending=True), sample(numbers(0, 3), axis=0), sample(integers(6)),
        sample(MASK),
    ], wrong(X, axis=2, **BEYOND), differentiable=False),
    op("softmax", lambda x, axis=-1: scipy.special.softmax(x, axis) if x.size else x, floating, [
        sample(X), sample(Z, axis=1), sample(integers(3)), sample(numbers(0, 3)), sample(numbers(3, 0)),
        edge(array(1e30, -1e30, 88.0)), edge(array(-inf, 0, 1)), edge(array(-inf, -inf)), edge(array(inf, 0)),
    ], wrong(X, axis=2, **BEYOND),
           wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="got dtype complex64")),
    op("log_softmax", lambda x, axis=-1: scipy.special.log_softmax(x, axis) if x.size else x, floating, [
        sample(X), sample(Z, axis=1), sample(integers(3)), sample(numbers(3, 0)),
        edge(array(1e30, -1e30, 88.0)), edge(array(-inf, 0, 1)),
    ], wrong(X, axis=2, **BEYOND)),
)  # fmt: skip

SHAPES = (
    op("reshape", np.reshape, same, [
        sample(X, (2, -1)), sample(X, -1), sample(X, (4, 3, 1)), sample(array(1.0), ()), sample(numbers(0, 3), (3, 0)),
        sample(integers(4), (2, 2)),
    ], wrong(X, (5, -1), error=ShapeError, message="do not fill shape (5, -1)"),
       wrong(X, (3, 3), error=ShapeError, message="12 elements of shape (3, 4) do not fill shape (3, 3)"),
       wrong(X, (-1, -1), error=ShapeError, message="do not fill")),
    op("flatten", lambda x, start_axis=0, end_axis=-1: x.reshape(
        *x.shape[:start_axis], -1, *x.shape[end_axis % max(x.ndim, 1) + 1 :]), same, [
        sample(Z), sample(Z, start_axis=1), sample(Z, end_axis=1), sample(ONE),
    ], wrong(Z, start_axis=2, end_axis=0, error=ShapeError, message="comes after end_axis=0")),
    op("permute_dims", np.transpose, same, [
        sample(Z, (2, 0, 1)), sample(Z, (-1, 0, 1)), sample(ONE, ()), sample(integers(2, 3), (1, 0)),
    ], wrong(Z, (0, 1), error=ShapeError, message="name each once"),
       wrong(Z, (0, 1, 1), error=ShapeError, message="names an axis twice")),
    op("moveaxis", np.moveaxis, same, [
        sample(Z, 0, -1), sample(Z, (0, 1), (2, 0)), sample(Z, -1, 0),
    ], wrong(Z, (0, 1), (0,), error=ShapeError, message="differ in length"), wrong(X, 2, 0, **BEYOND)),
    op("matrix_transpose", lambda x: x.swapaxes(-1, -2), same, [sample(X), sample(Z), sample(numbers(2, 0))],
       wrong(X[0], error=ShapeError, message="wanted two axes or more")),
    op("expand_dims", lambda x, axis: np.expand_dims(x, axis), same, [
        sample(X, axis=0), sample(X, axis=-1), sample(X, axis=(0, 2)), sample(ONE, axis=0),
    ], wrong(X, axis=3, error=ShapeError, message="axis=3 is not an axis of a tensor with 3"),
       wrong(X, axis=(0, 0), error=ShapeError, message="names an axis twice")),
    op("squeeze", lambda x, axis: np.squeeze(x, axis), same, [
        sample(numbers(1, 3, 1), axis=0), sample(numbers(1, 3, 1), axis=(0, -1)), sample(numbers(1, 3, 1), axis=()),
    ], wrong(X, axis=0, error=ShapeError, message="is not of size 1")),
    op("broadcast_to", np.broadcast_to, same, [
        sample(X[:, None], (3, 2, 4)), sample(ONE, (2, 3)), sample(X[:1], (0, 4)), sample(X, (3, 4)),
    ], wrong(X, (4, 3), error=ShapeError, message="broadcast"), wrong(X, (4,), error=ShapeError, message="broadcast")),
    op("broadcast_arrays", lambda *x: list(np.broadcast_arrays(*x)), of_first, [sample(X[:, :1], Y[0]), sample(X)],
       wrong(X, Z[0, 0, :3], error=ShapeError, message="do not broadcast")),
    op("broadcast_shapes", np.broadcast_shapes, None, [sample((2, 1), (3,), ()), sample((0, 1), (1, 5)), sample()],
       wrong((2,), (3,), error=ShapeError, message="do not broadcast"), vary=False, differentiable=False),
    op("concat", lambda x, axis=0: np.concatenate(x, axis), lambda x: same(*x), [
        sample([X, Y, X[:1]]), sample((X, Y[:, :2]), axis=-1), sample([X, Y], axis=None), sample([X]),
        sample([X, integers(1, 4)], note="float32 with int64"), sample([X, numbers(0, 4)]), sample([MASK, MASK]),
    ], wrong([X, X[:, :3]], error=ShapeError, message="differ outside axis 0"),
           wrong(X, error=TypeError, message="list"),
       wrong([], error=TypeError, message="wanted a list or tuple of at least one Tensor"),
       wrong([X, X], axis=2, **BEYOND)),
    op("stack", lambda x, axis=0: np.stack(x, axis), lambda x: same(*x), [
        sample([X, Y]), sample([X, Y], axis=-1), sample((X, Y, X), axis=1), sample([ONE]),
    ], wrong([X, X[:2]], error=ShapeError, message="shapes (3, 4), (2, 4) differ")),
    op("unstack", lambda x, axis=0: list(np.moveaxis(x, axis, 0)), of_first, [sample(X), sample(Z, axis=-1)],
       wrong(X, axis=2, **BEYOND)),
    op("split", split, of_first, [
        sample(X, 3), sample(X, (1, 3), axis=1), sample(X, [0, 4], axis=-1), sample(integers(4), 2),
    ], wrong(X, 2, error=ShapeError, message="sections=2 do not divide axis 0 of size 3"),
       wrong(X, (1, 1), error=ShapeError, message="do not divide")),
    op("flip", lambda x, axis=None: np.flip(x, axis), same, [
        sample(Z), sample(Z, axis=1), sample(Z, axis=(0, -1)), sample(ONE), sample(integers(3)),
    ], wrong(X, axis=2, **BEYOND)),
    op("roll", lambda x, shift, axis=None: np.roll(x, shift, axis), same, [
        sample(X, 1), sample(X, -5, axis=1), sample(X, (1, 2), axis=(0, 1)), sample(X, 1, axis=(0, 1)),
        sample(numbers(0, 3), 1, axis=1), sample(X, (1, 2), axis=(0, 0)), sample(ONE, 1),
    ], wrong(X, (1, 2), axis=0, error=ShapeError, message="differ in length")),
    op("repeat", lambda x, n, axis=None: np.repeat(x, n, axis), of_first, [
        sample(X, 2), sample(X, 3, axis=1), sample(X, 0, axis=0), sample(integers(3), 2),
        sample(X, np.array([2, 0, 1]), axis=0, note="counts", traces=False),
        sample(X, np.array([2]), axis=1, note="one count", traces=False),
        sample(X[0], np.array([0, 3, 1, 1], np.uint8), note="small counts", traces=False),
    ], wrong(X, -1, error=ShapeError, message="negative"),
       wrong(X, np.array([1, -1, 1]), axis=0, error=ShapeError, message="has a negative count"),
       wrong(X, np.array([1, 1]), axis=0, error=ShapeError, message="wanted integers of shape (1,) or (3,)")),
    op("diff", difference, of_first, [
        sample(X), sample(X, axis=0), sample(Z, axis=1, n=2), sample(X, n=0), sample(X, n=5), sample(integers(4)),
        sample(X, prepend=Y[:, :1]), sample(X, axis=0, append=Y, prepend=X[:1]), sample(numbers(0, 3)),
        sample(numbers(4, dtype=np.complex64)),
    ], wrong(X, axis=2, **BEYOND), wrong(X, n=-1, error=ShapeError, message="diff: n=-1 is negative"),
       wrong(MASK, error=DTypeError, message="subtract: got dtype bool")),
    op("meshgrid", lambda *x, indexing="xy": list(np.meshgrid(*x, indexing=indexing)), of_first, [
        sample(X[0], Y[0, :3]), sample(X[0], Y[0, :3], indexing="ij"), sample(X[0], Y[0, :2], X[1, :3]), sample(X[0]),
        sample(X[0, :0], Y[0]),
    ], wrong(X, error=ShapeError, message="meshgrid: got shape (3, 4); wanted tensors with one axis"),
       wrong(X[0], indexing="yx", error=ValueError, message="choose 'xy' or 'ij'"), wrong(1.0, **NO_TENSOR)),
    op("tile", np.tile, of_first, [sample(X, (2, 3)), sample(X, (2, 1, 2)), sample(X, (2,)), sample(X, (0, 1))],
       wrong(X, (-1,), error=ShapeError, message="negative")),
    op("pad", pad, of_first, [
        sample(X, [(1, 2), (0, 3)]),
        *(sample(X, [(1, 2), (0, 3)], mode=m) for m in ("edge", "reflect", "symmetric", "wrap")),
        *(sample(X[0], [(9, 11)], mode=m, note=f"far {m}") for m in ("edge", "reflect", "symmetric", "wrap")),
        sample(X[:1], [(2, 1), (0, 0)], mode="reflect", note="one"),
        sample(numbers(0, 2), [(0, 0), (1, 1)], mode="wrap"),
        edge(X, [(1, 0), (0, 0)], value=-inf), sample(ONE, []),
        sample(integers(2), [(1, 1)], value=7), sample(numbers(0, 2), [(1, 1), (0, 0)]),
    ], wrong(X, [(1, 1)], error=ShapeError, message="wanted a pair of sizes for each of 2 axes"),
       wrong(X, [(1, -1), (0, 0)], error=ShapeError, message="wanted a pair of sizes"),
       wrong(X, [(1, 1), (0, 0)], mode="circular", error=ValueError, message="choose one of constant, edge, reflect"),
       wrong(numbers(0), [(1, 1)], mode="edge", error=ShapeError, message="has no elements to repeat")),
    op("tril", lambda x, k=0: np.tril(x, k), same, [sample(X), sample(Z, k=1), sample(X, k=-1), sample(integers(3, 3))],
       wrong(X[0], error=ShapeError, message="wanted matrices")),
    op("triu", lambda x, k=0: np.triu(x, k), same, [sample(X), sample(Z, k=1), sample(X, k=-1), sample(MASK)],
       wrong(X[0], error=ShapeError, message="wanted matrices")),
)  # fmt: skip

OUTSIDE = {"error": IndexError, "message": "outside axis 0 of size 3"}
KEYS: tuple[Any, ...] = (
    1, -1, slice(1, None), slice(None, None, -1), slice(-1, 0, -2), (0, 1), (Ellipsis, 0), (None, 0),
    (slice(None), None),
    (slice(0, 0),), slice(-9, None, -1), slice(None, -9, -1), np.array([2, 0, 0]), np.array([-1, 0]),
    (np.array([0, 2]), np.array([1, -1])), (np.array([[0], [2]]), np.array([1, 3])),
    (slice(None), np.array([1, 1])), (np.array([0, 1]), slice(1, 3)), (np.array([0, 1]), None, np.array([1, 2])),
    np.array([], np.int64), np.array(1), MASK, np.array([True, False, True]),
    (slice(None), np.array([True, False, False, True])),
    [0, 2], (), Ellipsis, (np.array([0, 2], np.uint8), 1), slice(5, 9), (np.zeros((3, 4), bool),),
    np.array(True), np.array(False), (slice(1, None), np.array(True)), (Ellipsis, np.array(True), 0),
    (np.array(False), Ellipsis, np.array(True), slice(2)), np.zeros(0, bool), np.zeros((3, 0), bool),
)  # fmt: skip
KEYS_OF_Z: tuple[Any, ...] = (
    (0, slice(None), np.array([0, 1])), (None, 0, slice(None), np.array([0, 3])), (0, None, np.array([0, 2])),
    (slice(None), 0, np.array([0, 1])), (np.array([0, 1]), slice(None), -1), (slice(1, None), Ellipsis, np.array([3])),
    (slice(None), MASK), (0, MASK), (np.array([True, False]), 1, np.array([2])),
    (Ellipsis, None, 0, slice(None, None, 2)),
)  # fmt: skip
WRITTEN = [(X, key) for key in KEYS] + [(Z, key) for key in KEYS_OF_Z]


def read_and_written() -> Iterator[tuple[np.ndarray, np.ndarray, Any, str, bool, bool]]:
    """Each key with a value to write, whether it names no place twice (the last value stays then), and no mask."""
    for i, (x, key) in enumerate(WRITTEN):
        places = np.arange(x.size).reshape(x.shape)[key]
        once = len(set(places.flat)) == places.size
        static = not any(isinstance(part, np.ndarray) and part.dtype == bool for part in tree.leaves(key))
        yield x, numbers(*places.shape, salt=i), key, f"key {i}", once, static


WRONG_KEYS = (
    wrong(X, 3, **OUTSIDE), wrong(X, -4, **OUTSIDE),
    wrong(X, (0, 4), error=IndexError, message="outside axis 1 of size 4"),
    wrong(X, (0, 0, 0), error=IndexError, message="3 indices for a tensor of shape (3, 4)"),
    wrong(X, 1.0, error=IndexError, message="float is not an index"),
    wrong(X, "a", error=IndexError, message="str is not an index"), wrong(X, True, error=IndexError, message="bool"),
    wrong(X, array(1.0), error=IndexError, message="indices are float32; wanted integers or a mask"),
    wrong(X, np.array([True, False]), error=IndexError, message="mask"),
    wrong(X, np.ones((3, 3), bool), error=IndexError, message="mask"),
    wrong(X, (Ellipsis, Ellipsis), error=IndexError, message="indices"),
    wrong(X, (np.array([0, 1]), np.array([0, 1, 2])), error=ShapeError, message="broadcast"),
    wrong(numbers(0, 2), 0, error=IndexError, message="outside axis 0 of size 0"),
    wrong(X, [0, 3], error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
)  # fmt: skip

INDEXING = (
    op("getitem", lambda x, key: x[key], of_first, [
        *(sample(x, key, note=note, traces=static) for x, _, key, note, _, static in read_and_written()),
        sample(ONE, ()), sample(integers(3, 4), np.array([0, 0])), sample(numbers(2, 2, dtype=np.complex64), 0),
    ], *WRONG_KEYS, function=indexing.getitem),
    op("setitem", setitem, of_first, [
        *(sample(x, value, key, note=note, smooth=once, traces=static)
          for x, value, key, note, once, static in read_and_written()),
        sample(X, 5, (0, 1)), sample(X, 2.5, MASK), sample(X, Y[0], slice(None)), sample(X, Y[:1], 1),
        sample(X, True, 0),
        sample(integers(3), 4, 1), sample(integers(3, 4), integers(4), 0), sample(X, numbers(4, dtype=np.float16), 0),
        sample(numbers(3, dtype=np.complex64), 1j, 0), sample(MASK, True, (1, 1)),
        sample(integers(3, 4), 7, np.array([0, 2]), note="whole"), sample(X, ONE, np.array([0, 2]), note="one number"),
    ],
       *(wrong(w.args[0], 0.0, *w.args[1:], error=w.error, message=w.message) for w in WRONG_KEYS),
       wrong(X, Y[:, :3], slice(None), error=ShapeError, message="setitem: shapes (3, 3) and (3, 4) do not broadcast"),
       wrong(X, Y, 0, error=ShapeError, message="does not broadcast to the part of shape (4,)"),
       wrong(integers(3), 1.5, 0, error=DTypeError, message="do not fit into int64"),
       wrong(X, 1j, 0, error=DTypeError, message="do not fit into float32"), function=indexing.setitem),
    op("scatter_add", scatter_add, of_first, [
        sample(numbers(3), (np.array([2, 0, 2]),), (4,)), sample(numbers(2, 4), (np.array([1, 1]),), (3, 4)),
        sample(numbers(3, 2), (slice(None), np.array([0, 0])), (3, 4)), sample(numbers(4), (1, slice(0, 4, 1)), (3, 4)),
        sample(integers(3, dtype=np.int64), (np.array([0, 0, 1]),), (2,)),
        sample(numbers(3, dtype=np.complex64), (np.array([0, 0, 1]),), (2,)),
    ], function=scattered),
    op("take", lambda x, i, axis=0: np.take(x, i, axis), of_first, [
        sample(X, np.array([2, 0, 0]), axis=0), sample(X, np.array([-1, 1]), axis=1), sample(X[0], np.array([3])),
        sample(X, np.array([], np.int64), axis=0), sample(X, np.array([[0], [1]]), axis=1),
    ], wrong(X, np.array([0]), error=ShapeError, message="axis is needed"),
       wrong(X, np.array([3]), axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
       wrong(X, [0], axis=0, error=TypeError, message="indices is list")),
    op("take_along_axis", lambda x, i, axis=-1: np.take_along_axis(x, i, axis), of_first, [
        sample(X, integers(3, 2, high=3), axis=1), sample(X, integers(3, 4, high=2), axis=0), sample(X, integers(1, 2)),
        sample(Z[:, :1], integers(2, 3, 5, high=3)),
    ], wrong(X, np.array([0]), error=ShapeError, message="they must be as many"),
       wrong(X, np.full((3, 1), 4), error=IndexError, message="axis 1 of shape (3, 4) has 4 places")),
    op("where", np.where, lambda condition, x1, x2: same(x1, x2), [
        sample(MASK, X, Y), sample(MASK, X[0], Y[:, :1]), sample(MASK, 1.0, Y), sample(MASK, X, 0), sample(MASK, 1, 2),
        sample(integers(3, 4, high=1), X, Y, note="integer condition"),
        sample(MASK, integers(3, 4), Y, note="int64 with float32"),
        sample(np.array(True), X, Y), sample(MASK, numbers(3, 4, dtype=np.complex64), 0.5), edge(MASK, X * nan, Y),
    ], wrong(MASK, X, Y[:2], error=ShapeError, message="do not broadcast"), wrong(True, X, Y, **NO_TENSOR)),
    op("nonzero", lambda x: list(np.nonzero(x)), lucid.int64, [
        sample(MASK), sample(integers(4, high=1)), sample(EDGES), sample(numbers(0, 2)), sample(np.zeros((2, 2), bool)),
    ], wrong([1], **NO_TENSOR), differentiable=False),
    op("searchsorted", searchsorted, lucid.int64, [
        sample(array(-1, 0, 0, 2), X), sample(array(-1, 0, 0, 2), X, side="right"), sample(TIES[:0], X),
        sample(array(1, 2, 2, 5), TIES, side="right"), sample(np.array([1, 3, 3]), 3), sample(np.array([1, 3]), 2.5),
        sample(array(1, 2, nan), array(nan, inf, 2)), sample(TIES, array(2, 3), sorter=np.array([0, 5, 3, 1, 2, 4])),
        sample(np.array([1, 3], np.int8), integers(2, 2), note="int8 with int64"),
    ], wrong(X, 1.0, error=ShapeError, message="searchsorted: x1 has shape (3, 4); wanted one axis (n,)"),
       wrong(X[0], 1.0, side="middle", error=ValueError, message="choose 'left' or 'right'"),
       wrong([1.0], X, **NO_TENSOR), differentiable=False),
    op("isin", lambda x, y, invert=False: np.isin(x, y, invert=invert), lucid.bool, [
        sample(integers(3, 4), np.array([1, 3])), sample(integers(3, 4), np.array([[1, 3]]), invert=True),
        sample(EDGES, array(0.0, inf, nan)), sample(integers(4), 2), sample(2, integers(4)), sample(X, X[:0]),
        sample(numbers(3, dtype=np.complex64), numbers(3, dtype=np.complex64)[:2]), sample(MASK, np.array([True])),
        sample(integers(2, 0), integers(2)),
    ], wrong([1], [2], error=TypeError, message="isin: got list"), differentiable=False, vary=False),
    *(op(name, unique(*parts), of_first, [
        s._replace(traces=False) for s in (
            edge(TIES.reshape(2, 3), note="ties"), sample(integers(7)), sample(MASK), sample(X[:0]), sample(ONE),
            edge(array(0.0, -0.0, 1.0), note="zeros"), edge(array(1, nan, 1, nan), note="nan"), sample(X),
            sample(numbers(3, dtype=np.complex64)),
        )
    ], wrong([1.0], error=TypeError, message=f"{name}: x is list"), vary=False, signed_zeros=False)
      for name, parts in (("unique_all", (0, 1, 2, 3)), ("unique_counts", (0, 3)), ("unique_inverse", (0, 2)),
                          ("unique_values", (0,)))),
)  # fmt: skip

PATCHES = {"stride": 2}
ALL_AT_ONCE = {"stride": (2, 1), "padding": ((1, 2), (-1, 3)), "dilation": (1, 2), "input_dilation": (2, 3)}
PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "input_dilation": (1, 1)}
Q, K, V = numbers(2, 3, 5, 4), numbers(2, 3, 6, 4), numbers(2, 3, 6, 7)

NEURAL = (
    op("matmul", np.matmul, same, [
        sample(X, numbers(4, 2)), sample(Z, numbers(4, 2)), sample(Z, numbers(2, 4, 5)), sample(X[0], Y[0]),
        sample(X, Y[0]), sample(X[:, 0], Y), sample(numbers(2, 1, 3, 4), numbers(5, 4, 2)), sample(Z, Y[0]),
        sample(integers(2, 3), integers(3, 2)), sample(MASK, MASK.T), sample(integers(2, 3), numbers(3, 2)),
        sample(numbers(2, 3, dtype=np.complex64), numbers(3, 2, dtype=np.complex64)),
        sample(numbers(2, 0), numbers(0, 3)),
        sample(numbers(0, 2), numbers(2, 3)),
    ], wrong(X, X, error=ShapeError, message="shapes (3, 4) and (3, 4) do not fit"), wrong(X, 2.0, **NO_TENSOR),
       wrong(X, ONE, error=ShapeError, message="do not fit"),
       wrong(numbers(2, 3, 4), numbers(3, 4, 2), error=ShapeError, message="do not broadcast")),
    op("vecdot", lambda x, y, axis=-1: np.vecdot(x, y, axis=axis), same, [
        sample(X, Y), sample(Z, Y, axis=-1), sample(Z, numbers(2, 3, 1), axis=1), sample(integers(3), integers(3)),
        sample(numbers(2, 3, dtype=np.complex64), numbers(2, 3, dtype=np.complex64, salt=1)),
        sample(X[:, :0], Y[:, :0]),
    ], wrong(X, X[:, :3], error=ShapeError, message="vecdot: vectors of lengths 4 and 3"), wrong(X, 2.0, **NO_TENSOR)),
    op("tensordot", lambda x, y, axes=2: np.tensordot(x, y, axes), same, [
        sample(Z, numbers(3, 4, 2)), sample(X, Y, axes=([1], [1])), sample(Z, X, axes=([2, 1], [1, 0])),
        sample(X, Y, axes=0), sample(X, numbers(4, 2), axes=1), sample(integers(2, 3), integers(3, 2), axes=1),
    ], wrong(X, Y, axes=1, error=ShapeError, message="wanted pairs of equal sizes"),
       wrong(X, Y, axes=3, error=ShapeError, message="do not have as many")),
    op("gelu", gelu, floating, [
        sample(X), sample(X, approximate=True), sample(integers(3)), sample(numbers(0, 2)), sample(ONE),
        edge(array(-1e4, 0.0, 1e4, nan, inf)),
    ], wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="got dtype complex64")),
    op("layer_norm", layer_norm, floating, [
        sample(X, Y[0], Y[1]), sample(Z, Y[0]), sample(Z, None, Y[0]), sample(X, eps=0.1), sample(X[0]),
        sample(Z, Y[0], Y[1], eps=1e-6),
        sample(numbers(0, 4), Y[0], Y[1]), sample(integers(2, 4), Y[0]),
    ], wrong(X, Y[0, :3], error=ShapeError, message="weight has shape (3,); wanted (4,)"),
       wrong(X, None, Y, error=ShapeError, message="bias has shape (3, 4); wanted (4,)"), ulps=12),
    op("scaled_dot_product_attention", attention, same, [
        sample(Q, K, V), sample(Q, K, V, is_causal=True), sample(Q, K, V, scale=0.3), sample(Q[0, 0], K[0, 0], V[0, 0]),
        sample(Q, K, V, mask=integers(5, 6, high=1, dtype=bool), note="mask of bools"),
        sample(Q, K, V, mask=numbers(3, 5, 6), note="mask of numbers"), sample(Q[:1], K, V[:, :1], note="broadcast"),
        sample(Q[0, :1, :3], K[0, :1, :4], V[0, :1, :4], mask=HALF_MASKED, note="nothing to see"),
        sample(K, K[..., :1, :], V[..., :1, :], is_causal=True, note="more queries than keys"),
    ], wrong(Q, V, V, error=ShapeError, message="wanted (..., n, d), (..., m, d) and (..., m, e)"),
       wrong(Q, K, Q, error=ShapeError, message="wanted (..., n, d)"), ulps=8),
    op("conv", conv, floating, [
        sample(numbers(2, 4, 7, 6), numbers(6, 2, 3, 2), numbers(6), stride=(2, 1), padding=(1, 0), dilation=(1, 2),
        groups=2),
        sample(numbers(2, 3, 8), numbers(4, 3, 3), padding=1), sample(numbers(1, 2, 4, 5, 4), numbers(3, 2, 2, 3, 2)),
        sample(numbers(2, 4, 5, 5), numbers(8, 1, 3, 3), groups=4, padding=1),
        sample(numbers(2, 3, 6, 6), numbers(4, 3, 2, 2), **PATCHES),
        sample(numbers(2, 3, 7, 7), numbers(4, 3, 2, 2), numbers(4), **PATCHES),
        sample(integers(1, 1, 4), integers(1, 1, 2)),
        sample(numbers(0, 3, 6, 6), numbers(4, 3, 3, 3)), sample(numbers(1, 1, 3, 3), numbers(2, 1, 3, 3), numbers(2)),
    ], wrong(X, Y, error=ShapeError, message="wanted (n, c, ...) and (o, c / groups, ...)"),
       wrong(numbers(1, 3, 5), numbers(2, 2, 3), error=ShapeError, message="a weight of shape (2, 3 / 1, ...)"),
       wrong(numbers(1, 2, 2), numbers(2, 2, 3), error=ShapeError, message="does not fit into (2,)"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), stride=0, error=ShapeError,
       message="stride=0; wanted an integer of at least 1"),
       wrong(numbers(1, 2, 5), numbers(2, 2, 3), numbers(3), error=ShapeError, message="bias"), ulps=8),
    op("convolve", convolve, same, [
        sample(numbers(2, 4, 5, 6), numbers(6, 2, 3, 2), note="all at once", **ALL_AT_ONCE, groups=2),
        sample(numbers(2, 3, 6, 5), numbers(4, 3, 2, 3), note="plain", **PLAIN),
        sample(numbers(2, 3, 6, 5), numbers(3, 1, 2, 3), note="depthwise", **PLAIN, groups=3),
    ], function=neural.convolve, ulps=8),
)  # fmt: skip

ARRAYS = (
    op("clip", clip, of_first, [
        sample(X, -1.0, 1.0), sample(X, None, 0.5), sample(X, 0), sample(X), sample(X, Y[0], 2.0),
        sample(integers(5), 1, 3),
        sample(integers(3, 1), integers(4, salt=1)), edge(EDGES, -1.0, 1.0),
    ], wrong([1.0], 0, 1, **NO_TENSOR)),
    op("astype", np.asarray, lambda x, dtype: dtype, [
        sample(X, lucid.float32), sample(X, lucid.int32), sample(EDGES, lucid.bool), sample(EDGES, lucid.float16),
        sample(integers(4, low=-9), lucid.float32), sample(MASK, lucid.int8), sample(X, lucid.bfloat16, smooth=False),
        sample(X, lucid.complex64), sample(numbers(0, 2), lucid.int64), sample(integers(4, low=-9), lucid.uint8),
    ], wrong(X, "float32", error=DTypeError, message="is not a lucid dtype; write lucid.float32"),
       wrong(X, None, error=DTypeError, message="is not a lucid dtype")),
    op("to_device", lambda x, device: x, of_first, [sample(X, "cpu"), sample(integers(3), "cpu"), sample(X[:0], "cpu")],
       wrong(X, "tpu", error=DeviceError, message="choose 'cpu' (NumPy) or 'gpu' (MLX)"),
       wrong(1.0, "cpu", **NO_TENSOR),
       function=transfer.to_device),
    op("is_complex", np.iscomplexobj, None, [sample(X), sample(numbers(2, dtype=np.complex64))], vary=False,
       function=ops.data_types.is_complex, differentiable=False),
    op("zeros_like", lambda x, dtype=None: np.zeros_like(x), of_first,
        [sample(X), sample(integers(2, 0)), sample(MASK)],
       wrong([1.0], **NO_TENSOR), differentiable=False),
    op("ones_like", lambda x, dtype=None: np.ones_like(x), of_first, [sample(X), sample(integers(2, 0)), sample(MASK)],
       wrong([1.0], **NO_TENSOR), differentiable=False),
    op("empty_like", lambda x, dtype=None: np.zeros_like(x), of_first, [sample(X)], wrong([1.0], **NO_TENSOR),
        differentiable=False),
    op("full_like", lambda x, value: np.full_like(x, value), of_first,
        [sample(X, 2.5), sample(integers(2), 7), sample(MASK, True)],
       wrong([1.0], 0, **NO_TENSOR), differentiable=False),
)  # fmt: skip


def of_dtype(x: Any, *rest: Any) -> lucid.DType:
    return lucid.float32


def ranged(*values: Any) -> lucid.DType:
    return lucid.float32 if any(isinstance(v, float) for v in values) else lucid.int64


def creation(name: str, reference: Callable[..., Any], gives: Any, samples: list[Sample], *errors: Wrong) -> Op:
    return op(name, reference, gives, samples, *errors, vary=False, differentiable=False, creates=True)


SIZES = [
    sample((2, 3)),
    sample(3),
    sample(()),
    sample((0, 2)),
    sample((2,), dtype=lucid.int8),
    sample([2, 2], dtype=lucid.bool),
]
SIZES.append(sample((2,), dtype=lucid.bfloat16))
WRONG_SIZES = (
    wrong((2, -1), error=ShapeError, message="has a negative size"),
    wrong((2.0,), error=TypeError, message="wanted an integer or a tuple of integers"),
    wrong((2,), dtype="float32", error=DTypeError, message="write lucid.float32"),
)
NESTED = [[1, 2], [3, 4]]

CREATION = (
    *(creation(name, function, of_dtype, SIZES, *WRONG_SIZES) for name, function in (
        ("zeros", np.zeros), ("ones", np.ones), ("empty", np.zeros))),
    creation("full", np.full, lambda shape, value: lucid.result_type(lucid.bool, value), [
        sample((2, 3), 7), sample((2,), 2.5), sample((), True), sample(2, 1j), sample((2,), 3, dtype=lucid.uint8),
        sample((2,), 2**63 + 1, dtype=lucid.uint64), sample((2,), inf), sample((0,), 1.0),
    ], wrong((2,), 256, dtype=lucid.uint8, error=OverflowError, message=""),
           wrong((2,), "1", error=TypeError, message="str")),
    creation("arange", np.arange, ranged, [
        sample(5), sample(2, 9, 3), sample(5, 0, -2), sample(0.0, 1.0, 0.25), sample(3, 3), sample(2**53, 2**53 + 3),
        sample(4, dtype=lucid.float16), sample(0, 3, dtype=lucid.uint8), sample(0),
    ], wrong(0, 3, 0, error=ValueError, message="step=0 never reaches stop"),
           wrong("3", error=TypeError, message="str")),
    creation("linspace", np.linspace, of_dtype, [
        sample(0, 1, 5), sample(-1.0, 2.0, 4, endpoint=False), sample(1, 2, 1), sample(0, 1, 0),
        sample(0, 9, 4, dtype=lucid.float16),
    ], wrong(0, 1, -1, error=ShapeError, message="num=-1 is negative")),
    creation("eye", lambda n, m=None, **o: np.eye(n, m, **o), of_dtype, [
        sample(3), sample(2, 4), sample(3, 3, k=-1), sample(2, dtype=lucid.int32), sample(3, 0),
    ]),
    creation("asarray", lambda x, dtype=None: np.asarray(x, dtype),
        lambda x: lucid.result_type(lucid.bool, *tree.leaves(x)), [
        sample(NESTED), sample(2.5), sample(True), sample([1, 2.5]), sample([1j, 2]),
        sample([[], []], dtype=lucid.float32),
        sample([1, 0], dtype=lucid.bool), sample((1.0, 2.0)), sample([2**63], dtype=lucid.uint64),
        sample([1.5], dtype=lucid.bfloat16),
    ], wrong([[1], [2, 3]], error=ValueError, message="asarray: list cannot become a tensor"),
       wrong("text", error=TypeError, message="asarray: "), wrong([None], error=TypeError, message="asarray: "),
       wrong([1], dtype=float, error=DTypeError, message="is not a lucid dtype"),
       wrong([300], dtype=lucid.uint8, error=OverflowError, message="asarray: "),
       wrong([1.0], copy=False, error=ValueError, message="drop copy")),
    op("from_dlpack", lambda x: x, of_first, [sample(X), sample(integers(2, 0)), sample(MASK)],
       wrong([1.0], error=TypeError, message="list has no __dlpack__"), differentiable=False),
)  # fmt: skip


def asks(name: str, reference: Callable[..., Any], samples: list[Sample], *errors: Wrong, **rest: Any) -> Op:
    """A question about dtypes, whose answer is no tensor."""
    return op(name, reference, None, samples, *errors, vary=False, differentiable=False, **rest)


def info_of_float(dtype: lucid.DType) -> tuple[Any, ...]:
    real = {lucid.complex64: lucid.float32, lucid.complex128: lucid.float64}.get(dtype, dtype)
    found = ml_dtypes.finfo(BFLOAT16 if real is lucid.bfloat16 else real.name)
    return (found.bits, *(float(v) for v in (found.eps, found.max, found.min, found.smallest_normal)), real)


def info_of_integer(dtype: lucid.DType) -> tuple[Any, ...]:
    found = np.iinfo(dtype.name)
    return (found.bits, int(found.max), int(found.min), dtype)


FLOATS = {dtype.name: info_of_float(dtype) for dtype in lucid.dtypes.ALL if dtype.is_floating}
WHOLE = {dtype.name: info_of_integer(dtype) for dtype in lucid.dtypes.ALL if "integer" in dtype.kind}


def information() -> Any:
    info = ops.__array_namespace_info__()
    return [info.capabilities(), info.default_dtypes(), info.default_device(), [*info.dtypes(device="gpu")]]


INFORMATION = [
    {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64},
    dict(
        zip(
            ("real floating", "complex floating", "integral", "indexing"),
            (lucid.float32, lucid.complex64, lucid.int64, lucid.int64),
            strict=True,
        )
    ),
    "cpu",
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 complex64".split(),
]


QUESTIONS = (
    asks("result_type", lambda *args: lucid.float32, [
        sample(lucid.int8, lucid.float32), sample(X, 1.5), sample(integers(2), 1.5),
        sample(lucid.float16, lucid.bfloat16),
    ], wrong(1.0, error=TypeError, message="wanted at least one tensor or dtype")),
    asks("can_cast", lambda source, to: to != np.int8, [
        sample(lucid.int8, lucid.int16), sample(lucid.int16, lucid.int8), sample(X, lucid.float64),
        sample(lucid.uint64, lucid.int8),
    ], wrong(X, "float32", error=DTypeError, message="is not a lucid dtype")),
    asks("finfo", lambda dtype: FLOATS[dtype.name], [sample(lucid.dtypes.BY_NAME[name]) for name in FLOATS],
        wrong(lucid.int8, error=DTypeError, message="finfo: got int8; wanted a floating dtype"),
        wrong("float32", error=DTypeError, message="is not a lucid dtype")),
    asks("iinfo", lambda dtype: WHOLE[dtype.name], [sample(lucid.dtypes.BY_NAME[name]) for name in WHOLE],
        wrong(lucid.float32, error=DTypeError, message="iinfo: got float32; wanted an integer dtype"),
        wrong(int, error=DTypeError, message="is not a lucid dtype")),
    asks("__array_namespace_info__", lambda: INFORMATION, [sample()], function=information),
    asks("isdtype", lambda dtype, kind: kind != "bool", [
        sample(lucid.int8, "integral"), sample(lucid.float32, "bool"), sample(lucid.float32, ("bool", lucid.float32)),
    ], wrong(lucid.int8, "whole", error=ValueError, message="choose among bool, signed integer")),
)  # fmt: skip


def of_derivative(n: int) -> Callable[[Any], Any]:
    """The derivative of order n + 1 of the logarithm of the gamma function, which SciPy has for positive numbers."""

    def call(x: Any) -> Any:
        x = np.asarray(x, np.float64)
        out = scipy.special.digamma(x) if n == 0 else scipy.special.polygamma(n, x)
        return np.where((x < 0) & (x == np.round(x)), inf if n % 2 else nan, out)

    return call


def logsumexp(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return (
        scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)
        if x.size
        else np.log(np.sum(x, axis=axis, keepdims=keepdims))
    )


GAMMA_EDGES = array(nan, inf, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0, 30.0, 1e30, 1e-30, -0.5, -2.5, -1.0, -3.0)


def topk(x: Any, k: int, *, axis: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    indices = np.take(argsort(x, axis=axis, descending=largest), range(k), axis)
    return np.take_along_axis(x, indices, axis), indices


def kthvalue(x: Any, k: int, *, axis: int = -1, keepdims: bool = False) -> Any:
    indices = np.take(argsort(x, axis=axis), [k - 1], axis)
    found = np.take_along_axis(x, indices, axis), indices
    return [t if keepdims else t.squeeze(axis) for t in found]


def of_first_and_places(x: Any, *rest: Any) -> list[lucid.DType]:
    return [of_first(x), lucid.int64]


def so_far(wins: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """By the definition, one element after the other."""

    def call(x: Any, *, axis: int = -1) -> Any:
        moved = np.moveaxis(x, axis, 0)
        indices = np.zeros(moved.shape, np.int64)
        for place in np.ndindex(*moved.shape):
            i, best = place[0], indices[(max(place[0] - 1, 0), *place[1:])]
            value, former = moved[place], moved[(best, *place[1:])]
            indices[place] = i if i == 0 or wins(value, former) or np.isnan(value) else best
        indices = np.moveaxis(indices, 0, axis)
        return np.take_along_axis(x, indices, axis), indices

    return call


def quieted(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy warns of rows of nan alone, for which the answer is nan."""

    def call(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **options)

    return call


def nan_variance(x: Any, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    return np.nanvar(x, axis=axis, ddof=correction, keepdims=keepdims)


def with_nans(*shape: int, salt: int = 0) -> np.ndarray:
    x = distinct(*shape, salt=salt)
    return np.where(numbers(*shape, salt=7) > 1, np.float32(nan), x)


GAPS, NANS = with_nans(2, 3, 4), array(nan, nan)
COUNTED_ONCE, PLACED = distinct(3, 4), distinct(2, 3, 4)


def gather(x: Any, indices: Any, *, axis: int) -> Any:
    out = np.zeros(indices.shape, x.dtype)
    for place in np.ndindex(*indices.shape):
        at = list(place)
        at[axis] = indices[place]
        out[place] = x[tuple(at)]
    return out


def scatter(
    x: Any, indices: Any, source: Any, *, axis: int, reduce: str | None = None, include_self: bool = True
) -> Any:
    """By the definition, one element after the other."""
    found: dict[tuple[int, ...], list[Any]] = {}
    for place in np.ndindex(*indices.shape):
        at = list(place)
        at[axis] = indices[place] % x.shape[axis]
        found.setdefault(tuple(at), []).append(source[place] if isinstance(source, np.ndarray) else source)
    functions = {None: lambda v: v[-1], "sum": sum, "prod": np.prod, "amax": max, "amin": min}
    functions["mean"] = lambda v: sum(v) / len(v) if x.dtype.kind == "f" else sum(v) // len(v)
    out = x.copy()
    for at, values in found.items():
        out[at] = functions[reduce]([*([x[at]] if include_self and reduce else []), *values])
    return out


def index_add(x: Any, indices: Any, source: Any, *, axis: int, alpha: Any = 1) -> Any:
    out = x.copy()
    np.add.at(np.moveaxis(out, axis, 0), indices, alpha * np.moveaxis(source, axis, 0))
    return out


def put_along_axis(x: Any, indices: Any, values: Any, *, axis: int = -1) -> Any:
    out = x.copy()
    np.put_along_axis(out, indices, values, axis)
    return out


def one_hot(x: Any, n: int | None = None) -> Any:
    return np.eye(int(x.max()) + 1 if n is None else n, dtype=np.int64)[x]


ONCE = np.array([[2, 0, 1, 1], [0, 1, 2, 0]])
PLACES = array(-1.0, 0.0, 0.5, 2.0)


def unfold(x: Any, size: int, step: int = 1, *, axis: int = -1) -> Any:
    windows = (
        np.lib.stride_tricks.sliding_window_view(x, size, axis)
        if size
        else np.zeros([n + (i == axis % x.ndim) for i, n in enumerate(x.shape)] + [0])
    )
    return windows[(*[slice(None)] * (axis % x.ndim), slice(None, None, step))]


def chunk(x: Any, n: int, *, axis: int = 0) -> Any:
    size = -(-x.shape[axis] // n)
    return np.split(x, range(size, x.shape[axis], size) if size else [0] * (n - 1), axis)


BEYOND_STANDARD = (
    op("einsum", np.einsum, lambda subscripts, *x: same(*x), [
        sample("ij,jk->ik", X, Y.T), sample("ij,jk", X, Y.T, note="implicit"), sample("ii->i", numbers(3, 3)),
        sample("ii", numbers(3, 3), note="trace"), sample("ijk->kij", Z), sample("ijk->j", Z), sample("ij->", X),
        sample("i,j->ij", X[0], Y[1]), sample("ij,ij->ij", X, Y), sample("...ij,...jk->...ik", Z, numbers(2, 4, 2)),
        sample("...ij,jk->...ik", Z, numbers(4, 2)), sample("...,...->...", Z, X), sample("b...->...b", Z),
        sample("bij,bjk,bk->bi", Z, numbers(2, 4, 5), numbers(2, 5)), sample("iji->j", numbers(3, 2, 3)),
        sample("ij,ij->i", X[:, :1], Y, note="one repeated"), sample("ij,kl->ijkl", X, Y[:2, :2]),
        sample("ij,jk->ik", integers(2, 3), integers(3, 2), note="whole"), sample("ij,jk->ik", X[:0], Y.T),
        sample("ij,jk->ik", X[:, :0], Y.T[:0], note="sums of nothing"), sample("->", ONE),
        sample("ij,j->i", numbers(2, 3, dtype=np.complex64), numbers(3, dtype=np.complex64)),
    ], wrong("ij,jk->ik", X, error=ValueError, message="names 2 operands, and there are 1"),
       wrong("ij,jk->ik", X, Y, error=ShapeError, message="einsum: 'j' in 'ij,jk->ik' is 4 and 3"),
       wrong("ii", X, error=ShapeError, message="'i' in 'ii' is 3 and 4"),
       wrong("ijk", X, error=ShapeError, message="names the axes of operand 0, which has 2"),
       wrong("i", X, error=ShapeError, message="names the axes of operand 0"),
       wrong("ij->k", X, error=ValueError, message="has 'k' without an operand that has it"),
       wrong("ij->ii", X, error=ValueError, message="has 'i' twice"),
       wrong("i1", X, error=ValueError, message="letters"),
       wrong("ij", 2.0, **NO_TENSOR), wrong(X, "ij", error=TypeError, message="subscripts is Tensor"), ulps=8),
    op("kron", np.kron, same, [
        sample(X[:2, :3], Y[:3, :2]), sample(X[0], Y[:2]), sample(Z, X[0, :2]), sample(integers(2), integers(3)),
        sample(ONE, X[0]), sample(X[:0], Y[0, :2]),
    ], wrong(X, 2.0, **NO_TENSOR)),
    *(op(name, function, lucid.bool, [
        sample(X, X * np.float32(1 + 5e-6)), sample(X, Y), sample(X, X * np.float32(1.01), rtol=0.02),
        sample(array(0.0, 1.0), array(1e-3, 1.0), atol=1e-2), sample(EDGES, EDGES),
        sample(EDGES, EDGES, equal_nan=True), sample(integers(4), integers(4)),
        sample(array(inf, -inf, 1.0), array(inf, inf, inf)),
        sample(X, X[:1]), sample(X[:0], Y[:0]),
    ], wrong(X, Y, rtol=-1.0, error=ValueError, message="wanted tolerances of at least 0"), vary=False,
       differentiable=False) for name, function in (("isclose", np.isclose), ("allclose", np.allclose))),
    op("array_equal", np.array_equal, lucid.bool, [
        sample(X, X), sample(X, Y), sample(X, X[:2]), sample(EDGES, EDGES), sample(integers(3), integers(3)),
        sample(X[:0], Y[:0]),
    ], wrong(1.0, 2.0, error=TypeError, message="wanted at least one Tensor"), vary=False, differentiable=False),
    unary("lgamma", scipy.special.gammaln, REAL, floating, 0.1, 5.0, edges=GAMMA_EDGES, signed_zeros=False),
    unary("digamma", of_derivative(0), REAL, floating, 0.3, 5.0, edges=GAMMA_EDGES, ulps=6),
    unary("trigamma", of_derivative(1), REAL, floating, 0.3, 5.0, edges=GAMMA_EDGES[:-1], ulps=6),
    op("polygamma", lambda x, n: of_derivative(n)(x), floating_first, [
        sample(numbers(3, 4, low=0.5, high=5.0), 2), sample(numbers(4, low=0.5, high=5.0), 0),
        sample(numbers(4, low=0.5, high=5.0), 3), sample(integers(3, low=1), 1),
    ], wrong(X, -1, error=ValueError, message="wanted an order of at least 0"), wrong(1.0, 1, **NO_TENSOR),
       ulps=8),
    op("logsumexp", logsumexp, floating_first, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(integers(3, 2), axis=0), edge(numbers(2, 0), axis=1),
        edge(array(1e30, 1.0)), edge(array(-inf, -inf)), edge(array(-inf, 0.0)), edge(array(inf, 0.0)),
        edge(array(88.0, 89.0)), edge(WITH_NAN),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="complex64")),
    binary("xlogy", scipy.special.xlogy, REAL, floating, 0.2, 2.0, signed_zeros=False),
    op("lerp", lambda x, y, weight: x + (y - x) * weight, floating, [
        sample(X, Y, 0.25), sample(X, Y, 0.75), sample(X, Y[0], numbers(3, 1)), sample(integers(3), integers(3), 0.5),
        sample(numbers(3, dtype=np.complex64), numbers(3, dtype=np.complex64, salt=1), 0.25),
        edge(X, Y, ONE), edge(X, Y, 0),
    ], wrong(X, Y[:, :3], 0.5, error=ShapeError, message="lerp: shapes (3, 4) and (3, 3) and () do not broadcast"),
       wrong(1.0, 2.0, 0.5, error=TypeError, message="wanted at least one Tensor"), signed_zeros=False),
    op("topk", topk, of_first_and_places, [
        sample(COUNTED_ONCE, 2), sample(COUNTED_ONCE, 2, axis=0, largest=False), sample(COUNTED_ONCE, 0),
        sample(COUNTED_ONCE[0], 4), edge(WITH_NAN, 2), edge(TIES, 4), edge(WITH_NAN, 3, largest=False),
        sample(integers(5), 3),
    ], wrong(X, 5, error=ShapeError, message="topk: k=5 of axis 1 of size 4; choose 0 to 4"),
       wrong(X, 1, axis=2, **BEYOND), function=lambda *args, **o: list(ops.topk(*args, **o)), vary=False),
    op("kthvalue", kthvalue, of_first_and_places, [
        sample(COUNTED_ONCE, 2), sample(COUNTED_ONCE, 1, axis=0, keepdims=True), edge(WITH_NAN, 3),
        sample(integers(5), 5),
    ], wrong(X, 0, error=ShapeError, message="kthvalue: k=0 of axis 1 of size 4; choose 1 to 4"),
       wrong(X, 1, axis=2, **BEYOND), vary=False),
    *(op(name, so_far(wins), of_first_and_places, [
        sample(COUNTED_ONCE), sample(PLACED, axis=1), edge(TIES), edge(WITH_NAN), sample(numbers(2, 0)), sample(MASK),
        sample(integers(9), axis=0), edge(EDGES),
    ], wrong(X, axis=2, **BEYOND), vary=False)
      for name, wins in (("cummax", np.greater_equal), ("cummin", np.less_equal))),
    op("median", reduction(np.median), floating_first, [
        *(s._replace(args=(PLACED,)) for s in axes_tried(Z)), sample(distinct(5)), sample(integers(4)), sample(ONE),
        edge(WITH_NAN), edge(array(-inf, inf, inf)), sample(numbers(0, 3), axis=1, note="none"),
    ], wrong(numbers(0), error=ShapeError, message="there is no median"), wrong(X, axis=2, **BEYOND)),
    op("quantile", lambda x, q, *, axis=None, **options: np.quantile(x, q, axis=axis, **options), floating_first, [
        sample(PLACED, 0.3), sample(PLACED, [0.25, 0.6, 1.0], axis=1), sample(PLACED, 0.4, axis=(0, 2), keepdims=True),
        edge(COUNTED_ONCE, array(0.1, 0.9), axis=-1), edge(COUNTED_ONCE, 0.7, axis=0, note="along rows"),
        *(sample(COUNTED_ONCE, [0.1, 0.6], axis=1, method=m)
          for m in ("lower", "higher", "midpoint", "nearest", "linear")),
        edge(WITH_NAN, 0.5), sample(integers(5), 0.5), sample(distinct(1), 0.3),
    ], wrong(X, 1.5, error=ValueError, message="wanted numbers from 0 to 1"),
       wrong(X, 0.5, method="mean", error=ValueError, message="choose one of linear, lower"),
       wrong(numbers(0), 0.5, error=ShapeError, message="there is no quantile"), ulps=8),
    op("bincount", lambda x, weights=None, minlength=0: np.bincount(x, weights, minlength),
       lambda x, weights=None: lucid.int64 if weights is None else lucid.float32, [
        sample(integers(9), traces=False), sample(integers(9), numbers(9), traces=False),
        sample(integers(4, dtype=np.uint8), minlength=9, traces=False), sample(integers(0), minlength=3),
        sample(integers(0)),
    ], wrong(integers(2, low=-1, high=-1), error=ValueError, message="bincount: -1 is negative"),
       wrong(integers(2, 2), error=ShapeError, message="wanted one axis (n,)"),
       wrong(integers(2), numbers(3), error=ShapeError, message="as many weights"),
       wrong(X[0], error=DTypeError, message="bincount: got dtype float32"), vary=False),
    op("histogram", lambda x, bins=10, **o: list(np.histogram(x, bins, **o)), [lucid.int64, lucid.float32], [
        sample(numbers(40, low=0.0, high=1.0), 5, smooth=False), edge(X), edge(X, 4, range=(-1.0, 1.5)),
        edge(X, array(-1.0, 0.0, 0.25, 2.0)), edge(array(1.0, 1.0), 3), edge(numbers(0), 3), edge(array(0, 1, 2, 3), 3),
        edge(integers(9), 4),
    ], wrong(X, 0, error=ValueError, message="histogram: bins=0; wanted at least 1"),
       wrong(X, 3, range=(1.0, 0.0), error=ValueError, message="in ascending order"),
       wrong(X, 3, weights=X[0], error=ShapeError, message="histogram: 4 weights for 12 elements"), vary=False),
    *(op(name, quieted(reduction(function)), gives, [
        *(s._replace(args=(GAPS,)) for s in axes_tried(Z)), sample(X, axis=0, note="no nan"), edge(NANS),
        sample(integers(2, 3), axis=0), edge(array(inf, nan, -inf)),
        *[sample(array(nan, 60000, 60000, dtype=np.float16), note="large float16", smooth=False)] * (name != "nansum"),
    ], wrong(X, axis=2, **BEYOND), ulps=ulps) for name, function, gives, ulps in (
        ("nansum", np.nansum, added_up, 4), ("nanmean", np.nanmean, floating_first, 4),
        ("nanmedian", np.nanmedian, floating_first, 4), ("nanmax", np.nanmax, of_first, 4),
        ("nanmin", np.nanmin, of_first, 4), ("nanvar", nan_variance, floating_first, 12),
        ("nanstd", lambda x, **o: np.sqrt(nan_variance(x, **o)), floating_first, 12))),
    op("nan_to_num", lambda x, **o: np.nan_to_num(x, **{
        "posinf": np.finfo(np.float32).max, "neginf": np.finfo(np.float32).min, **o}), same, [
        sample(X), edge(EDGES), edge(EDGES, nan=1.0, posinf=2.0, neginf=-3.0), sample(integers(3)), sample(MASK),
    ], wrong([1.0], **NO_TENSOR)),
    op("gather", gather, of_first, [
        sample(X, integers(3, 2, high=3), axis=1), sample(X, integers(2, 3, high=2), axis=0),
        sample(Z, integers(1, 3, 6, high=3), axis=2), sample(X, np.zeros((3, 0), np.int64), axis=1),
        sample(integers(3), np.array([-1, 0]), axis=0),
    ], wrong(X, np.array([0]), axis=0, error=ShapeError, message="gather: indices of shape (1,) for x of shape (3, 4)"),
       wrong(X, integers(4, 2), axis=1, error=ShapeError, message="none of them longer but axis 1"),
       wrong(X, np.full((3, 1), 4), axis=1, error=IndexError, message="axis 1 of shape (3, 4) has 4 places"),
       wrong(X, X, axis=1, error=DTypeError, message="gather: got dtype float32"), wrong(X, ONCE, axis=2, **BEYOND)),
    op("scatter", scatter, of_first, [
        sample(X, ONCE[:, :3], Y[:2, :3], axis=0, smooth=False, note="repeated"), sample(X, ONCE[:, :2], Y, axis=1),
        *(sample(X, integers(3, 5, high=3), distinct(3, 6), axis=1, reduce=r, include_self=own)
          for r in ("sum", "mean", "prod", "amax", "amin") for own in (True, False)),
        sample(X, ONCE, Y[:2], axis=0, reduce="amax", note="smaller"),
        sample(X, ONCE, Y[:2], axis=0, reduce="prod"),
        edge(array(1, 1, 1), np.array([0, 0, 2]), array(1, 1, 1), axis=0, reduce="amax", note="ties"),
        *(sample(integers(3), np.array([0, 0, 2]), integers(3, salt=1), axis=0, reduce=r)
          for r in ("sum", "mean", "prod", "amax", "amin")),
        sample(X, ONCE[:, :2], 7, axis=1, note="number"),
        sample(X, np.zeros((3, 0), np.int64), Y, axis=1, reduce="amax"),
        sample(X, ONCE[:, :2] - 2, Y, axis=1, reduce="sum", note="from the end"),
    ], wrong(X, ONCE, Y, axis=0, reduce="max", error=ValueError, message="choose one of None, sum, mean, prod, amax"),
       wrong(X, ONCE, Y[:1], axis=0, error=ShapeError, message="scatter: source of shape (1, 4)"),
       wrong(X, ONCE + 1, Y, axis=0, reduce="amax", error=IndexError, message="axis 0 of shape (3, 4) has 3 places"),
       wrong(X, ONCE[0], Y, axis=0, error=ShapeError, message="wanted as many axes"), vary=False, ulps=8),
    op("put_along_axis", put_along_axis, of_first, [
        sample(X, np.array([[1], [0], [3]]), numbers(3, 1), axis=1), sample(X, np.array([[2, 0]]), 1.5, axis=1),
        sample(integers(3, 4), np.array([[0, 1, 2, 0]]), 9, axis=0),
    ], wrong(X, np.array([0]), 1.0, error=ShapeError, message="they must be as many"),
       wrong(X, np.full((3, 1), 4), 1.0, error=IndexError, message="axis 1 of shape (3, 4) has 4 places")),
    op("index_select", lambda x, i, *, axis: np.take(x, i, axis), of_first, [
        sample(X, np.array([2, 0, 0]), axis=0), sample(X, np.array([-1]), axis=1), sample(X, integers(0), axis=1),
    ], wrong(X, np.array([[0]]), axis=0, error=ShapeError, message="index_select: indices have shape (1, 1)"),
       wrong(X, np.array([3]), axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places")),
    op("index_add", index_add, of_first, [
        sample(X, np.array([2, 0, 2]), Y, axis=0), sample(X, np.array([1, 1]), Y[:, :2], axis=1, alpha=0.5),
        sample(integers(3), np.array([1, 1]), integers(2), axis=0),
    ], wrong(X, np.array([0]), Y, axis=0, error=ShapeError, message="source has shape (3, 4); wanted (1, 4)"),
       wrong(X, np.array([3]), Y[:1], axis=0, error=IndexError, message="axis 0 of shape (3, 4) has 3 places")),
    op("masked_fill", lambda x, mask, value: np.where(mask, value, x), of_first, [
        sample(X, MASK, -1.0), sample(X, MASK[0], 2), sample(X, MASK, ONE), sample(X[0], MASK, 0.5),
        sample(integers(3, 4), MASK, 7),
    ], wrong(X, Y, 1.0, error=DTypeError, message="masked_fill: got dtype float32"),
       wrong(X, MASK, Y, error=ShapeError, message="wanted a number, or a tensor without axes"),
       wrong(X, MASK[:, :3], 1.0, error=ShapeError, message="masked_fill: shapes (3, 4) and (3, 3)")),
    op("masked_select", lambda x, mask: (lambda a, b: a[b])(*np.broadcast_arrays(x, mask)), of_first, [
        sample(X, MASK, traces=False), sample(X, MASK[0], traces=False), sample(X[0], MASK, traces=False),
    ], wrong(X, Y, error=DTypeError, message="masked_select: got dtype float32"),
       wrong(X, MASK[:, :3], error=ShapeError, message="masked_select: shapes (3, 4) and (3, 3)"), vary=False),
    op("one_hot", one_hot, lucid.int64, [
        sample(integers(3, high=2), 4), sample(integers(2, 3), traces=False), sample(np.array(2), 3),
        sample(np.zeros((2, 0), np.int64), 3),
    ], wrong(np.array([3]), 3, error=IndexError, message="has 3 places"),
       wrong(integers(0), error=ShapeError, message="one_hot: no elements"),
       wrong(X, 3, error=DTypeError, message="one_hot: got dtype float32"), vary=False, differentiable=False),
    op("argwhere", np.argwhere, lucid.int64, [
        sample(MASK, traces=False), sample(integers(4, high=1), traces=False), sample(ONE, traces=False),
        sample(numbers(0, 2), traces=False),
    ], wrong([1], **NO_TENSOR), vary=False, differentiable=False),
    op("interp", np.interp, floating, [
        sample(numbers(3, 4, low=-0.9, high=1.9), PLACES, numbers(4)), edge(EDGES, PLACES, numbers(4)),
        edge(array(-3.0, 5.0, 0.0, 0.5), PLACES, numbers(4)), edge(array(0.0, 5.0), array(1.0), array(7.0)),
        edge(integers(3), PLACES, numbers(4), note="whole"),
    ], wrong(X, PLACES, numbers(3), error=ShapeError, message="places (4,) and values (3,)"),
       wrong(X, X, Y, error=ShapeError, message="wanted both (n,)"), vary=False, ulps=8),
    *(op(name, function, lambda x: same(*x), [
        sample([X, Y]), sample([X[0], Y[0]], note="vectors"), sample([Z, Z]), sample([ONE, ONE], note="numbers"),
        sample((X, integers(3, 4)), note="float32 with int64"),
    ], wrong(X, error=TypeError, message=f"{name}: got Tensor; wanted a list or tuple"),
       wrong([], error=TypeError, message="at least one Tensor"), wrong([1.0], **NO_TENSOR),
       wrong([X, Z], error=ShapeError, message="differ outside axis"))
      for name, function in (("vstack", np.vstack), ("hstack", np.hstack), ("dstack", np.dstack))),
    op("block", np.block, lambda x: same(*tree.leaves(x)), [
        sample([[X, Y[:, :2]], [X[:2, :3], Y[:2, :3]]]), sample([X[0], Y[0, :2]], note="vectors"),
        sample([Z, Z], note="in one list"), sample([[X], [Y[0]]], note="a row"), sample([ONE, X[0]], note="a number"),
        sample(X, note="alone"),
    ], wrong([[X], Y], error=ValueError, message="block: lists nested [1, 2] deep"),
       wrong([], error=ValueError, message="no empty list"), wrong([1.0], **NO_TENSOR),
       wrong([[X, Y[:2]]], error=ShapeError, message="differ outside axis 1")),
    op("chunk", chunk, of_first, [
        sample(X, 2), sample(X, 3, axis=1), sample(numbers(5), 4, note="fewer"), sample(numbers(2, 0), 2, axis=1),
    ], wrong(X, 0, error=ValueError, message="chunk: chunks=0; wanted at least 1"), wrong(X, 2, axis=2, **BEYOND)),
    op("unfold", unfold, of_first, [
        sample(X, 2), sample(Z, 2, 2, axis=1), sample(numbers(7), 3, 2), sample(X, 3, axis=0), sample(integers(4), 4),
        sample(X, 0, axis=1),
    ], wrong(X, 5, error=ShapeError, message="unfold: size=5 of axis 1 of size 4; choose 0 to 4"),
       wrong(X, 2, 0, error=ValueError, message="unfold: step=0"), wrong(X, 1, axis=2, **BEYOND)),
    op("rot90", lambda x, k=1, axes=(0, 1): np.rot90(x, k, axes), of_first, [
        sample(X), sample(X, 2), sample(X, -1), sample(X, 4), sample(Z, axes=(2, 0)), sample(Z, 3, axes=(1, -1)),
    ], wrong(X, axes=(0, 0), error=ShapeError, message="names an axis twice"),
       wrong(X, axes=(0, 2), **BEYOND), wrong(X, axes=(0,), error=ShapeError, message="rot90: axes=(0,); wanted two")),
)  # fmt: skip  # beyond

OPS = (*ELEMENTWISE, *REDUCTIONS, *SHAPES, *INDEXING, *NEURAL, *ARRAYS, *CREATION, *QUESTIONS, *BEYOND_STANDARD)


# --- Running a sample ------------------------------------------------------------------------------------------------


def on(device: str, value: Any, layout: str = "rows") -> Any:
    """Arguments with every NumPy array a tensor on `device`, laid out in memory as the layout says."""
    return tree.map(lambda leaf: laid_out(leaf, device, layout) if isinstance(leaf, np.ndarray) else leaf, value)


def laid_out(x: np.ndarray, device: str, layout: str) -> lucid.Tensor:
    if layout == "turned":
        return lucid.asarray(x.T, device=device).permute_dims(tuple(reversed(range(x.ndim))))
    if layout == "strided":  # every second element from the back of something larger
        every = (slice(None, None, -2),) * x.ndim
        larger = np.zeros([2 * n for n in x.shape], x.dtype)
        larger[every] = x
        return lucid.asarray(larger, device=device)[every]
    return lucid.asarray(x, device=device)


def call(op: Op, device: str, of: Sample | Wrong) -> Any:
    """What the op makes of a sample on a device."""
    options = {**of.options, "device": device} if op.creates else of.options
    return op.function(*on(device, of.args, getattr(of, "layout", "rows")), **on(device, options))


def wanted(op: Op, of: Sample) -> Any:
    """What the reference makes of a sample in double precision, and the dtype that lucid should give it."""
    gives = op.gives(*of.args) if callable(op.gives) else op.gives
    args, options = tree.map(doubled, (of.args, of.options))
    with np.errstate(all="ignore"):
        return op.reference(*args, **options), of.options.get("dtype") or gives


def doubled(leaf: Any) -> Any:
    if isinstance(leaf, lucid.DType):
        return np.dtype(BFLOAT16 if leaf is lucid.bfloat16 else leaf.name)
    if not isinstance(leaf, np.ndarray):
        return leaf
    return (
        leaf.astype(np.complex128 if leaf.dtype.kind == "c" else np.float64)
        if is_real(leaf) or leaf.dtype.kind == "c"
        else leaf
    )


def uses_float64(of: Sample) -> bool:
    """Such a sample is for the cpu alone."""
    leaves = tree.leaves([of.args, of.options])
    return any(leaf is lucid.float64 or getattr(leaf, "dtype", None) == np.float64 for leaf in leaves)


def cases(keep: Callable[[Op, Sample], bool] = lambda op, of: True) -> list[Any]:
    """Every op with every sample of its own that is kept, as parameters of a test."""
    return [
        pytest.param(op, of, id=f"{op.name}-{i}-{of.note}")
        for op in OPS
        for i, of in enumerate(op.samples)
        if keep(op, of)
    ]


def wrongs() -> list[Any]:
    return [
        pytest.param(op, of, id=f"{op.name}-{i}-{of.error.__name__}") for op in OPS for i, of in enumerate(op.wrong)
    ]
