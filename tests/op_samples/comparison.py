"""Comparison of whole tensors."""

import numpy as np

import lucid

from .writing import *

OPS = (
    *(op(name, function, lucid.bool, [
        sample(X, X * np.float32(1 + 5e-6)), sample(X, Y), sample(X, X * np.float32(1.01), rtol=0.02),
        sample(array(0.0, 1.0), array(1e-3, 1.0), atol=1e-2), sample(EDGES, EDGES),
        sample(EDGES, EDGES, equal_nan=True), sample(integers(4), integers(4)),
        sample(array(inf, -inf, 1.0), array(inf, inf, inf)),
        sample(X, X[:1]), sample(X[:0], Y[:0]),
    ], wrong(X, Y, rtol=-1.0, error=ValueError, message="wanted tolerances of at least 0"), vary=False,
       differentiable=False) for name, function in (("isclose", np.isclose), ("allclose", np.allclose))),
    op("array_equal", np.array_equal, lucid.bool, [
        sample(X, X), sample(X, Y), sample(X, X[:2]), sample(EDGES, EDGES), sample(integers(3), integers(3)),
        sample(X[:0], Y[:0]),
    ], wrong(1.0, 2.0, error=TypeError, message="wanted at least one Tensor"), vary=False, differentiable=False),
)  # fmt: skip
