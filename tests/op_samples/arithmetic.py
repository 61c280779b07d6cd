"""Arithmetic beyond the standard."""

from typing import Any

import numpy as np

from .writing import *


def heaviside(x: Any, y: Any) -> Any:
    return np.where(np.isnan(x), x, np.where(np.equal(x, 0), y, np.greater(x, 0)))


OPS = (
    binary("fmod", np.fmod, COUNTED, same, -9, 9, second=(1.6, 4.0), signed_zeros=False),
    binary("gcd", np.gcd, "ui", same, -90, 90, differentiable=False,
           more=[sample(array(0, 0, 12, -2**40, dtype=np.int64), array(0, 5, -18, 3 * 2**30, dtype=np.int64)),
                 sample(array(-13, 7, -2**31, dtype=np.int32), array(-2**31, -2**31, 6, dtype=np.int32))]),
    binary("heaviside", heaviside, COUNTED, same),
    binary("lcm", np.lcm, "ui", same, -9, 9, differentiable=False),
    unary("frac", lambda x: x - np.trunc(x), REAL, floating, 0.1, 0.9, signed_zeros=False),
)  # fmt: skip
