"""Powers by a number on the cpu against NumPy's own in more precision."""

import math

import ml_dtypes
import numpy as np
import pytest

from lucid.backends.numpy import border, pow

ODD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 3e38, -3e38, 1e-40, -1e-40, 1e20, -1e-20]
pow = border(pow)


@pytest.mark.parametrize("exponent", [*range(-5, 10), -0.5, 0.5, 1.5])
def test_errors_are_half_an_ulp_for_each_step(exponent: float) -> None:
    rng = np.random.default_rng(0)
    for dtype, wider in ((np.float32, np.float64), (np.float64, np.longdouble)):
        x = rng.uniform(0.5, 2, 100_000).astype(dtype) * rng.choice([-1, 1], 100_000).astype(dtype)
        x = abs(x) if exponent % 1 else x
        wanted = np.power(x.astype(wider), wider(exponent))
        found = pow(x, np.asarray(exponent, dtype))
        assert found.dtype == dtype
        most = {0: 0, 1: 0, -1: 0.5, 2: 0.5, -2: 1.5, 3: 1, 4: 1.5, -0.5: 0.75, 0.5: 0.5}.get(exponent, 1)
        assert np.max(abs(found / wanted - 1)) <= most * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("exponent", [*range(-5, 10), -0.5, 0.5, 1.5])
def test_zeros_infinities_nan_and_what_is_too_large_or_small(exponent: float, dtype: type) -> None:
    with np.errstate(all="ignore"):
        x = np.asarray(ODD).astype(dtype)
        wanted = np.asarray([power(v, exponent) for v in x.astype(np.float64)]).astype(dtype)
    found = pow(x, np.asarray(exponent, dtype))
    assert found.dtype == dtype
    number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(wanted[number]))
    eps = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(found.astype(np.float64), wanted.astype(np.float64), rtol=2 * eps, atol=3e-45)


def power(x: float, exponent: float) -> float:
    """That of C, with an infinity where Python has an error."""
    try:
        found = math.pow(x, exponent)
    except OverflowError:
        return math.copysign(math.inf, x) if exponent % 2 == 1 else math.inf
    except ValueError:
        return math.nan if x else math.copysign(math.inf, x) if exponent % 2 == 1 else math.inf
    return found


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64"])
def test_integers_wrap_as_ever(dtype: str) -> None:
    x = np.arange(128, dtype=dtype)
    for exponent in range(10):
        np.testing.assert_array_equal(pow(x, np.asarray(exponent, dtype)), np.power(x, exponent, dtype=dtype))


def test_shapes() -> None:
    for shape, of_exponent in (((), ()), ((2, 0), ()), ((3,), (1, 1)), ((2, 3), (1, 1)), ((), (1,))):
        x, exponent = np.full(shape, -2.0, "f4"), np.full(of_exponent, 3.0, "f4")
        found = pow(x, exponent)
        assert found.shape == np.broadcast_shapes(shape, of_exponent)
        assert (found == -8).all()
    x = np.full((2, 3), -2.0)
    assert pow(x, np.asarray(1.0)) is x
