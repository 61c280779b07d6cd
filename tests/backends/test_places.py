"""Reading and adding to many places at once on the cpu, against NumPy with the same key."""

from typing import Any

import numpy as np
import pytest

from lucid.backends import numpy as backend
from lucid.backends import places
from lucid.backends.numpy import getitem, scatter_add, scatter_reduce

SHAPE = (3, 4, 5, 2)
WHOLE = [slice(0, n, 1) for n in SHAPE]
ROW, COLUMN = np.array([1, -1, 0, 1, -3]), np.array([[0], [-2], [0]])
KEYS: dict[str, tuple[Any, ...]] = {
    "first": (ROW, *WHOLE[1:]),
    "middle": (WHOLE[0], ROW, *WHOLE[2:]),
    "last": (*WHOLE[:3], ROW % 2),
    "two": (WHOLE[0], ROW, COLUMN, WHOLE[3]),
    "two, turned": (WHOLE[0], COLUMN, ROW, WHOLE[3]),
    "all": (ROW, COLUMN, ROW, COLUMN),
    "apart": (ROW, WHOLE[1], ROW, WHOLE[3]),
    "beside a part": (ROW, slice(1, 4, 2), *WHOLE[2:]),
    "beside a number": (2, ROW, *WHOLE[2:]),
    "beside None": (ROW, None, *WHOLE[1:]),
    "no axes": (np.array(2), *WHOLE[1:]),
}


@pytest.mark.parametrize("few", [0, 10**6])
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64", "bool"])
def test_as_ufuncs_do(key: tuple[Any, ...], dtype: str, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "FEW", few)
    monkeypatch.setattr(backend, "FEW", few)
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(SHAPE) * 3).astype(dtype).transpose(3, 1, 2, 0).copy().transpose(3, 1, 2, 0)
    part = x[key]
    np.testing.assert_array_equal(getitem(x.copy(), key=key), part)
    values = (rng.standard_normal(part.T.shape) * 3).astype(dtype).T
    wanted = np.zeros(SHAPE, dtype)
    np.add.at(wanted, key, values)
    np.testing.assert_array_equal(scatter_add(values, key=key, shape=SHAPE), wanted)
    if dtype in ("float32", "int64"):
        for reduce, function in (("prod", np.multiply), ("amax", np.maximum), ("amin", np.minimum)):
            wanted = x.copy()
            function.at(wanted, key, values)
            np.testing.assert_array_equal(scatter_reduce(x, values, key=key, reduce=reduce), wanted)
