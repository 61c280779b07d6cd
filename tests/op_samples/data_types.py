"""Questions about dtypes."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

import lucid
from lucid import ops
from lucid.errors import DTypeError

from .writing import *


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

OPS = (
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
