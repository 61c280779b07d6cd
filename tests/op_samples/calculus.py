"""Areas under functions."""

from typing import Any

import numpy as np
import scipy.integrate

from lucid.errors import ShapeError

from .writing import *


def trapezoid(x: Any, places: Any = None, *, step: float = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(x, places, step, axis)


def cumulative_trapezoid(x: Any, places: Any = None, *, step: float = 1.0, axis: int = -1) -> Any:
    return scipy.integrate.cumulative_trapezoid(x, places, step, axis)


OPS = tuple(
    op(name, function, floating, [
        sample(Z), sample(Z, axis=1), sample(Z, step=0.5), sample(X, Y), sample(X, Y[0]), sample(X, Y[:, 0], axis=0),
        sample(integers(3)), sample(numbers(3, dtype=np.complex64)), sample(X[:, :1], note="one place"),
    ], wrong(X, axis=2, **BEYOND), wrong([1.0], **NO_TENSOR),
       wrong(X, Y[:2, :3], error=ShapeError, message="do not broadcast"), ulps=8)
    for name, function in (("trapezoid", trapezoid), ("cumulative_trapezoid", cumulative_trapezoid))
)  # fmt: skip
