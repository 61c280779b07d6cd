"""erf, erfinv and logaddexp against scipy.special, math and more precision, which share no formula with them."""

import math

import ml_dtypes
import numpy as np
import pytest
import scipy.special

from lucid.backends.blocks import BLOCK
from lucid.backends.numpy import border, logaddexp
from lucid.backends.special import erf, erfinv

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
WIDE = [np.float32, np.float64]
FUNCTIONS = [erf, erfinv]


def spread(low: float, high: float, dtype: type, count: int = 200_001) -> np.ndarray:
    """Floats of both signs whose sizes are spread evenly, and evenly in exponent, over [low, high]."""
    even = np.linspace(low, high, count)
    powers = np.geomspace(low, high, count)
    return np.concatenate([-even, even, -powers, powers]).astype(dtype)


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.max(np.abs(found.astype(np.float64) - wanted) / np.abs(wanted)))


def test_erf_float64() -> None:
    # math.erf is within one unit in the last place, and so adds at most one to our two.
    x = spread(1e-300, 6.5, np.float64, 20_001)
    wanted = np.array([math.erf(value) for value in x])
    assert np.max(np.abs(erf(x) - wanted) / np.spacing(np.abs(wanted))) <= 3


def test_erf_float32() -> None:
    # A float32 below 1 is 6e-8 from the next: 1.2e-7 is two units. All are within 1.92e-7 relative.
    x = spread(1e-30, 4.5, np.float32)
    wanted = scipy.special.erf(x.astype(np.float64))
    assert relative_error(erf(x), wanted) <= 2e-7
    assert np.max(np.abs(erf(x) - wanted)) <= 1.2e-7


def test_erfinv_float64() -> None:
    # 1.8e-15 was seen; SciPy's own error is 4e-16. The second x has every size of 1 - x down to the smallest.
    for x in spread(1e-300, 0.999, np.float64), 1 - np.geomspace(2.0**-53, 0.5, 200_001):
        assert relative_error(erfinv(x), scipy.special.erfinv(x)) <= 3e-15


def test_erfinv_float32() -> None:
    # All float32 are within 2.82e-7. The second x is every float32 from 0.99 to 1.
    close_to_one = 1 - np.arange(1, 160_000, dtype=np.float32) * np.float32(2**-24)
    for x in spread(1e-30, 0.999, np.float32), close_to_one:
        assert relative_error(erfinv(x), scipy.special.erfinv(x.astype(np.float64))) <= 3e-7


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_every_half_precision_number(function, dtype) -> None:
    """All 65536 are the true value, rounded: float32 is so much finer that it hardly ever rounds the other way."""
    x = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    found = function(x)
    assert found.dtype == dtype
    with np.errstate(invalid="ignore"):  # signalling nans; ours has been silent about them
        wanted = getattr(scipy.special, function.__name__)(x.astype(np.float64)).astype(dtype)
        same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    assert np.count_nonzero(~same) <= 4  # 2 were seen


@pytest.mark.parametrize("dtype", DTYPES)
def test_edges(dtype) -> None:
    inf, nan = math.inf, math.nan
    found = erf(np.array([-inf, -0.0, 0.0, inf, nan], dtype))
    np.testing.assert_array_equal(found.astype(np.float64), [-1, -0.0, 0, 1, nan])
    assert np.signbit(found[1])
    assert not np.signbit(found[2])

    found = erfinv(np.array([-1, -0.0, 0.0, 1, nan, 1.5, -1.5, inf, -inf], dtype))
    np.testing.assert_array_equal(found.astype(np.float64), [-inf, -0.0, 0, inf] + 5 * [nan])
    assert np.signbit(found[1])
    assert not np.signbit(found[2])


@pytest.mark.parametrize("dtype", WIDE)
def test_erf_saturates_at_one_and_never_passes_it(dtype) -> None:
    x = np.linspace(0.5, 8, 1_000_001, dtype=dtype)
    found = erf(x)
    assert found.max() == 1
    # Half a unit below 1 lies 3e-8 in float32 and 6e-17 in float64: from there on erf rounds to 1.
    assert np.all(found[x > {np.float32: 3.93, np.float64: 5.93}[dtype]] == 1)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", WIDE)
def test_odd(function, dtype) -> None:
    x = np.linspace(0, 1, 1001, dtype=dtype)
    np.testing.assert_array_equal(function(-x), -function(x))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3)])
def test_dtype_and_shape(function, dtype, shape) -> None:
    found = function(np.full(shape, 0.5, dtype))
    assert found.dtype == dtype
    assert found.shape == shape
    wanted = {erf: 0.5204998778, erfinv: 0.4769362762}[function]  # DLMF 7.2.1 and 7.17.1 at one half
    np.testing.assert_allclose(found.astype(np.float64), wanted, rtol=4e-3 if found.itemsize == 2 else 2e-7)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_layout_and_blocks(function) -> None:
    """Strides do not matter, the blocks join without a seam, and the input is left alone."""
    x = np.linspace(-0.9, 0.9, 3 * BLOCK + 2, dtype=np.float32)
    kept = x.copy()
    whole = function(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(function(x[::-1]), whole[::-1])
    np.testing.assert_array_equal(function(x[: 2 * BLOCK].reshape(2, -1).T), whole[: 2 * BLOCK].reshape(2, -1).T)
    for i in (0, BLOCK - 1, BLOCK, 2 * BLOCK, x.size - 1):
        assert whole[i] == function(x[i])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_silent_even_if_numpy_is_told_to_raise(function) -> None:
    x = np.array([0, 1e-38, 1, 2, 1e30, math.inf, math.nan], np.float32)
    with np.errstate(all="raise"):
        function(x)


def test_logaddexp() -> None:
    rng = np.random.default_rng(0)
    for dtype, off in ((np.float32, 2e-7), (np.float64, 4e-16)):
        x, y = (rng.standard_normal(10_000) * 10 for _ in "xy")
        y[:100] = x[:100]
        x, y = x.astype(dtype), y.astype(dtype)
        wanted = np.logaddexp(x.astype(np.longdouble), y.astype(np.longdouble))
        assert np.max(abs(logaddexp(x, y) - wanted) / np.maximum(abs(wanted), 1)) <= off
    odd = np.asarray([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e30, -1e30], np.float32)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(border(logaddexp)(odd[:, None], odd), np.logaddexp(odd[:, None], odd), rtol=2e-7)
