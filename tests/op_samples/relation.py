"""Distances, covariances, correlations."""

from typing import Any

import numpy as np

from lucid.errors import DTypeError, ShapeError

from .writing import *


def cdist(x: Any, y: Any, *, p: float = 2.0) -> Any:
    between = np.abs(x[..., :, None, :] - y[..., None, :, :])
    return np.linalg.norm(between, p, axis=-1)


def cov(x: Any, *, correction: float = 1, frequencies: Any = None, weights: Any = None) -> Any:
    return np.cov(x, ddof=correction, fweights=frequencies, aweights=weights)


COUNTS, SHARES = np.array([1, 3, 0, 2]), array(0.5, 1.0, 2.0, 0.25)

OPS = (
    op("cdist", cdist, floating, [
        sample(X, Y[:2]), *(sample(X, Y[:2], p=p) for p in (0.0, 1.0, 3.0, inf)), sample(Z, X, note="stacks"),
        edge(X, X, note="nothing between"), sample(integers(2, 3), integers(4, 3)), sample(X[:0], Y, note="none"),
    ], wrong(X, Y[:, :3], error=ShapeError, message="wanted (..., n, k) and (..., m, k)"),
       wrong(X, Y, p=-1.0, error=ValueError, message="cdist: p=-1.0"),
       wrong(X[0], Y, error=ShapeError, message="cdist: shapes (4,) and (3, 4)"), ulps=8),
    op("cov", cov, floating, [
        sample(X), sample(X[0], note="one variable"), sample(X[:1], note="one row"), sample(X, correction=0),
        sample(X, frequencies=COUNTS), sample(X, weights=SHARES),
        sample(X, frequencies=COUNTS, weights=SHARES, correction=0), sample(integers(2, 5)),
        sample(numbers(3, 4, dtype=np.complex64)),
    ], wrong(Z, error=ShapeError, message="wanted (samples,) or (variables, samples)"),
       wrong(X, weights=SHARES[:3], error=ShapeError, message="cov: weights of shape (3,) for 4 samples"),
       wrong(X, frequencies=SHARES, error=DTypeError, message="cov: got dtype float32"), ulps=16),
    op("corrcoef", np.corrcoef, floating, [
        sample(X), *(sample(x, note="one variable", smooth=False) for x in (X[0], X[:1])), sample(integers(3, 5)),
        sample(numbers(3, 4, dtype=np.complex64), smooth=False),
    ], wrong(Z, error=ShapeError, message="wanted (samples,)"), ulps=16),
)  # fmt: skip
