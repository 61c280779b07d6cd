"""argsort on the cpu, of few elements and many, against NumPy's stable one."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from lucid.backends.numpy import argsort
from lucid.backends.ordering import FEW

DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
DTYPES += ["float16", "float32", "float64", ml_dtypes.bfloat16]


def numbers(dtype: Any, shape: tuple[int, ...], wide: bool) -> np.ndarray:
    """Many are equal; the least and largest are there, zeros and nans of both signs, and infinities."""
    rng = np.random.default_rng(len(shape))
    dtype = np.dtype(dtype)
    if dtype.kind in "biu":
        info = np.iinfo(dtype if dtype.itemsize < 8 or wide else np.int32) if dtype.kind != "b" else None
        ends = [0, 1] if info is None else [0 if dtype.kind == "u" else info.min, info.max]
        return rng.choice(np.asarray([*range(90), *ends], np.uint64 if ends[1] > 2**63 else np.int64), shape).astype(
            dtype
        )
    ends = [np.inf, -np.inf, np.nan, -np.nan, 0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38]
    with np.errstate(over="ignore"):
        return rng.choice([*rng.standard_normal(90), *ends], shape).astype(dtype)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_equal_elements_keep_their_order(dtype: Any, wide: bool) -> None:
    for shape, axis in (((4, FEW), 1), ((FEW, 3), 0), ((2, FEW, 3), 1), ((5, 7), 1), ((0, 5), 1), ((FEW, 0), 1)):
        x = numbers(dtype, shape, wide)
        rising = x.astype(np.float64) if x.dtype.kind in "fV" else x
        size = x.shape[axis]
        for descending in (False, True):
            wanted = np.argsort(np.flip(rising, axis) if descending else rising, axis, stable=True)
            wanted = np.flip(size - 1 - wanted, axis) if descending else wanted
            for start, stop in ((0, size), (0, size // 3), (size // 2, size // 2 + 1), (size // 2, size), (0, 0)):
                found = argsort(x, axis=axis, descending=descending, part=(start, min(stop, size)))
                assert found.dtype == np.int64
                np.testing.assert_array_equal(found, wanted.take(range(start, min(stop, size)), axis))
