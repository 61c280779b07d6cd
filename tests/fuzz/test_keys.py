"""Reading and writing with any key: what NumPy reads and writes, on every device, or an error of lucid's own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lucid
from lucid import dtypes
from tests.comparing import assert_same, native, outcome
from tests.fuzz.strategies import WHERE, arrays, dtypes_drawn, keys, shapes
from tests.fuzz.test_arguments import SENTENCE
from tests.op_samples import on


@st.composite
def arrays_and_keys(draw: st.DrawFn) -> tuple[np.ndarray, Any]:
    x = draw(arrays())
    return x, draw(keys(x.shape))


@pytest.mark.parametrize("device", WHERE)
@given(arrays_and_keys())
def test_what_a_key_reads(device: str, given: tuple[np.ndarray, Any]) -> None:
    x, key = given
    found, error = outcome(lambda: on(device, x)[on(device, key)])
    try:
        wanted = x[key]
    except IndexError:
        assert error.startswith(("IndexError: getitem: ", "ShapeError: getitem: ")), error
        return
    assert not error, error
    assert_same(found, np.asarray(wanted), ulps=0, dtype=dtypes.BY_NAME[x.dtype.name], signed_zeros=True)


@pytest.mark.parametrize("device", WHERE)
@given(arrays_and_keys(), st.data())
def test_what_a_key_writes(device: str, given: tuple[np.ndarray, Any], data: st.DataObject) -> None:
    """Values that fit, values that must be stretched, and some that do not fit. Places named twice get one value."""
    x, key = given
    wanted, place = x.copy(), np.arange(x.size).reshape(x.shape)
    try:
        place = place[key]
    except IndexError:
        place = None
    part = shapes if place is None or data.draw(st.integers(0, 3)) == 0 else st.just(np.shape(place))
    value = data.draw(arrays(part, dtypes.BY_NAME[x.dtype.name]))
    if place is not None and np.unique(place).size < np.size(place):
        value = value.reshape(-1)[:1].reshape(()) if value.size else value
    y = on(device, x)

    def write() -> lucid.Tensor:
        y[on(device, key)] = on(device, value)
        return y

    found, error = outcome(write)
    try:
        wanted[key] = value
    except (IndexError, ValueError):
        assert SENTENCE.match(error) or value.shape[:1] == (1,), error  # first axes of size 1 do not count in lucid
        return
    except TypeError:  # for a value with two axes where a mask is the whole key, fitting or not
        return
    if error and not np.size(place):  # where there is nothing to write, NumPy takes some values of wrong shapes
        assert SENTENCE.match(error), error
        return
    assert not error, error
    assert_same(found, wanted, ulps=0, dtype=dtypes.BY_NAME[x.dtype.name], signed_zeros=True)


@pytest.mark.parametrize("device", WHERE)
@given(arrays_and_keys())
def test_the_gradient_of_reading_is_how_often(device: str, given: tuple[np.ndarray, Any]) -> None:
    x, key = np.asarray(given[0].real, np.float32), given[1]
    try:
        named = np.arange(x.size).reshape(x.shape)[key]
    except IndexError:
        return
    y = on(device, x).requires_grad_()
    y[on(device, key)].sum().backward()
    counts = np.bincount(np.ravel(named), minlength=x.size).reshape(x.shape)
    assert_same(y.grad, counts, ulps=0, dtype=lucid.float32)


@pytest.mark.parametrize("device", WHERE)
@given(arrays(), dtypes_drawn)
def test_numbers_arrive_and_leave_as_they_are(device: str, x: np.ndarray, dtype: lucid.DType) -> None:
    y = on(device, x)
    assert_same(y, x, ulps=0, dtype=dtypes.BY_NAME[x.dtype.name], signed_zeros=True)
    assert_same(
        lucid.from_dlpack(y), x, ulps=0, dtype=y.dtype, signed_zeros=True
    ) if y.dtype.name != "bfloat16" else None
    again = lucid.asarray(y.tolist(), dtype=y.dtype, device=device)
    assert_same(again, x.reshape(again.shape), ulps=0, dtype=y.dtype, signed_zeros=True)
    if dtype.is_floating and y.dtype.kind != dtypes.COMPLEX:
        with np.errstate(all="ignore"):
            assert_same(y.astype(dtype), x.astype(native(dtype)), ulps=0, dtype=dtype)
