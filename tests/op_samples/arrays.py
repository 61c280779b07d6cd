"""Dtypes and devices of tensors that are there."""

import math
from functools import partial
from typing import Any

import numpy as np

import lucid
from lucid import ops
from lucid.errors import DeviceError, DTypeError
from lucid.ops import transfer

from .writing import *


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    if x.dtype.kind in "iu":
        one = np.vectorize(partial(whole_between, np.iinfo(x.dtype)), [x.dtype])
        return one(x, -inf if low is None else low, inf if high is None else high)
    out = x if low is None else np.maximum(x, low)
    return (out if high is None else np.minimum(out, high)).astype(x.dtype)


def whole_between(info: Any, x: int, low: float, high: float) -> int:
    """In Python, whose comparisons of integers with floats are exact."""
    for end, to, choose in ((low, math.ceil, max), (high, math.floor, min)):
        if end == end:
            x = choose(x, to(min(max(end, info.min), info.max)))
    return x


OPS = (
    op("clip", clip, of_first, [
        sample(X, -1.0, 1.0), sample(X, None, 0.5), sample(X, 0), sample(X), sample(X, Y[0], 2.0),
        sample(integers(5), 1, 3),
        sample(integers(3, 1), integers(4, salt=1)), edge(EDGES, -1.0, 1.0),
        edge(integers(5) + 2**24 + 1, 0.5), edge(integers(5), 1.5, 2.5), edge(integers(5), nan),
        edge(integers(5), 0.0, -inf), edge(X, nan), edge(X, 0.0, np.float32(nan)),
        edge(X[0], array(nan, 0, -1, nan), 1.0),
        edge(integers(5), array(0.5, 1.5, -inf, nan, 1e20)), edge(integers(5), None, array(1.5, inf, nan, -1e20, 2)),
        edge(integers(5) + 2**24, None, array(2**24)), edge(integers(3, dtype=np.int8), np.array([2**40, -(2**40), 3])),
        edge(integers(3, dtype=np.uint8), array(300, -1, 2), array(400, -1, 9)),
        edge(integers(3, dtype=np.uint8), -5, 2**40), edge(integers(40, dtype=np.uint32), 0.0, -inf),
        edge(integers(3, dtype=np.uint64), array(1e30, -inf, nan)), edge(integers(3), array(1e30, -1e30, nan)),
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
