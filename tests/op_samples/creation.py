"""Tensors out of nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np

import lucid
from lucid import tree
from lucid.errors import DTypeError, ShapeError

from .writing import *


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
    wrong(2, 3, error=TypeError, message="got 2, 3 by position; a shape is one argument, as in"),
    wrong((2,), dtype="float32", error=DTypeError, message="write lucid.float32"),
)


NESTED = [[1, 2], [3, 4]]

OPS = (
    *(creation(name, function, of_dtype, SIZES, *WRONG_SIZES) for name, function in (
        ("zeros", np.zeros), ("ones", np.ones), ("empty", np.zeros))),
    creation("full", np.full, lambda shape, value: lucid.result_type(lucid.bool, value), [
        sample((2, 3), 7), sample((2,), 2.5), sample((), True), sample(2, 1j), sample((2,), 3, dtype=lucid.uint8),
        sample((2,), 2**63 + 1, dtype=lucid.uint64), sample((2,), inf), sample((0,), 1.0),
        sample((2,), 2**64 - 1, dtype=lucid.float16), sample((2,), 2**64 - 1, dtype=lucid.complex64),
    ], wrong((2,), 256, dtype=lucid.uint8, error=OverflowError, message=""),
           wrong((2,), 10**400, dtype=lucid.float32, error=OverflowError, message="full: a number of 1329 bits"),
           wrong(2, 3, 7, error=TypeError, message="a shape is one argument, as in full((2, 3), 0)"),
           wrong((2,), "1", error=TypeError, message="str")),
    creation("arange", np.arange, ranged, [
        sample(5), sample(2, 9, 3), sample(5, 0, -2), sample(0.0, 1.0, 0.25), sample(3, 3), sample(2**53, 2**53 + 3),
        sample(4, dtype=lucid.float16), sample(0, 3, dtype=lucid.uint8), sample(0),
    ], wrong(0, 3, 0, error=ValueError, message="step=0 never reaches stop"),
           wrong(2**63, error=MemoryError, message="more than any memory holds"),
           wrong("3", error=TypeError, message="str")),
    creation("linspace", np.linspace, of_dtype, [
        sample(0, 1, 5), sample(-1.0, 2.0, 4, endpoint=False), sample(1, 2, 1), sample(0, 1, 0),
        sample(0, 9, 4, dtype=lucid.float16),
    ], wrong(0, 1, -1, error=ShapeError, message="num=-1 is negative")),
    creation("eye", lambda n, m=None, **o: np.eye(n, m, **o), of_dtype, [
        sample(3), sample(2, 4), sample(3, 3, k=-1), sample(2, dtype=lucid.int32), sample(3, 0),
    ], wrong(-1, error=ShapeError, message="eye: shape=(-1, -1) has a negative size")),
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
