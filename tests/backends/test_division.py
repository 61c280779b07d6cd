"""Division with a rest in float32, which goes through double precision, against NumPy's own."""

import numpy as np
import pytest

from lucid.backends.numpy import border, floor_divide, remainder


@pytest.mark.parametrize("reach", [1.0, 2.0**20, 2.0**27, 2.0**40])
def test_next_to_multiples_and_anywhere(reach: float) -> None:
    rng = np.random.default_rng(0)
    sign = rng.choice(np.asarray([-1, 1], np.float32), 100_000)
    divisor = rng.uniform(0.5, 2, 100_000).astype(np.float32) * sign
    multiple = np.trunc(rng.uniform(-reach, reach, 100_000)).astype(np.float32) * divisor
    beside = [multiple, *(np.nextafter(multiple, np.float32(end)) for end in (-np.inf, np.inf))]
    double = np.float64 if reach < 2**28 else np.float32  # NumPy's whole quotients from 2^24 on are off by an ulp
    for x in (*beside, rng.uniform(-reach, reach, 100_000).astype(np.float32), np.float32(1e-30) * sign):
        for found, wanted in (
            (border(floor_divide)(x, divisor), np.floor_divide(x, divisor, dtype=double).astype(np.float32)),
            (border(remainder)(x, divisor), np.remainder(x, divisor)),
        ):
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found.view(np.int32), wanted.view(np.int32))  # the sign of zeros too


def test_zeros_infinities_and_nan() -> None:
    odd = np.asarray([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3e38, 1e-40], np.float32)
    for x in (*odd, odd):
        for divisor in (odd, np.asarray([2, np.inf], np.float32)[:, None], np.asarray([-np.inf], np.float32)):
            with np.errstate(all="ignore"):
                wanted = np.remainder(x, divisor)
            np.testing.assert_array_equal(border(remainder)(np.asarray(x), divisor), wanted)
