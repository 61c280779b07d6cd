"""Dtypes and devices of tensors that are there."""

from typing import Any

import numpy as np

import lucid
from lucid import ops
from lucid.errors import DeviceError, DTypeError
from lucid.ops import transfer

from .writing import *


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    if np.asarray(x).dtype.kind in "iu":  # the integers between
        info = np.iinfo(x.dtype)
        ends = (low, np.ceil, info.min), (high, np.floor, info.max)
        whole = (None if end is None else np.nan_to_num(to(end), nan=far) for end, to, far in ends)
        low, high = (None if end is None else np.clip(end, info.min, info.max) for end in whole)
    out = x if low is None else np.maximum(x, low)
    return (out if high is None else np.minimum(out, high)).astype(x.dtype)


OPS = (
    op("clip", clip, of_first, [
        sample(X, -1.0, 1.0), sample(X, None, 0.5), sample(X, 0), sample(X), sample(X, Y[0], 2.0),
        sample(integers(5), 1, 3),
        sample(integers(3, 1), integers(4, salt=1)), edge(EDGES, -1.0, 1.0),
        edge(integers(5) + 2**24 + 1, 0.5), edge(integers(5), 1.5, 2.5), edge(integers(5), nan),
        edge(integers(5), 0.0, -inf), edge(X, nan), edge(X, 0.0, np.float32(nan)),
        edge(X[0], array(nan, 0, -1, nan), 1.0),
        edge(integers(5), array(0.5, 1.5, 2.5, -inf, 3.5)), edge(integers(40, dtype=np.uint32), 0.0, -inf),
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
