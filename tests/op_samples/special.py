"""Special functions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from lucid.errors import DTypeError, ShapeError
from lucid.ops.special import bessel_i

from .writing import *


def of_derivative(n: int) -> Callable[[Any], Any]:
    """The derivative of order n + 1 of the logarithm of the gamma function, which SciPy has for positive numbers."""

    def call(x: Any) -> Any:
        x = np.asarray(x, np.float64)
        out = scipy.special.digamma(x) if n == 0 else scipy.special.polygamma(n, x)
        return np.where((x < 0) & (x == np.round(x)), inf if n % 2 else nan, out)

    return call


def logsumexp(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return (
        scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)
        if x.size
        else np.log(np.sum(x, axis=axis, keepdims=keepdims))
    )


GAMMA_EDGES = array(nan, inf, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0, 30.0, 1e30, 1e-30, -0.5, -2.5, -1.0, -3.0)


def logcumsumexp(x: Any, *, axis: int = -1) -> Any:
    return np.logaddexp.accumulate(x, axis)


FAR_OUT = array(nan, inf, -inf, 0.0, 5.0, -5.0, 9.0, 30.0, -30.0, 1e-20, 1e10, 0.5, 6.0)


def growing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """SciPy's i0 and i1, which say nan at infinity."""
    return lambda x: np.where(np.isinf(x), function(np.sign(x)) * inf, function(x))


BESSEL_EDGES = array(nan, inf, -inf, 0.0, -0.0, 1e-20, -0.5, 8.0, 19.9, 20.0, -20.5, 90.0, -91.0, 95.0, 1e30)

OPS = (
    unary("erfc", scipy.special.erfc, REAL, floating, edges=FAR_OUT, ulps=8),
    unary("erfcx", scipy.special.erfcx, REAL, floating, edges=FAR_OUT, ulps=8),
    unary("ndtr", scipy.special.ndtr, REAL, floating, edges=FAR_OUT, ulps=24),
    unary("log_ndtr", scipy.special.log_ndtr, REAL, floating, edges=FAR_OUT, ulps=8),
    unary("i0", growing(scipy.special.i0), REAL, floating, edges=BESSEL_EDGES, ulps=8),
    unary("i0e", scipy.special.i0e, REAL, floating, edges=BESSEL_EDGES, ulps=8),
    unary("i1", growing(scipy.special.i1), REAL, floating, edges=BESSEL_EDGES, ulps=8),
    unary("i1e", scipy.special.i1e, REAL, floating, edges=BESSEL_EDGES, ulps=8),
    op("bessel_i", lambda x, n, scaled: (scipy.special.ive if scaled else scipy.special.iv)(n, x), floating_first, [
        sample(X, 2, True), sample(X, 3, False), sample(numbers(3, low=15.0, high=25.0), 2, True),
    ], function=bessel_i, ulps=8),
    unary("logit", scipy.special.logit, REAL, floating, 0.1, 0.9, signed_zeros=False),
    unary("sinc", np.sinc, ALL, floating, 0.6, 2.0, edges=array(nan, 0.0, 0.1, 1e-20, 0.16, -0.5, 3.5), ulps=8),
    op("logcumsumexp", logcumsumexp, floating_first, [
        sample(X), sample(Z, axis=1), sample(numbers(9), axis=0), sample(integers(4)), sample(numbers(0, 3), axis=0),
        edge(array(1e30, 1.0, 2.0)), edge(WITH_NAN), edge(array(-inf, 0.0, inf)),
    ], wrong(X, axis=2, **BEYOND), ulps=8, signed_zeros=False),
    unary("lgamma", scipy.special.gammaln, REAL, floating, 0.1, 5.0, edges=GAMMA_EDGES, signed_zeros=False),
    unary("digamma", of_derivative(0), REAL, floating, 0.3, 5.0, edges=GAMMA_EDGES, ulps=6),
    unary("trigamma", of_derivative(1), REAL, floating, 0.3, 5.0, edges=GAMMA_EDGES[:-1], ulps=6),
    op("polygamma", lambda x, n: of_derivative(n)(x), floating_first, [
        sample(numbers(3, 4, low=0.5, high=5.0), 2), sample(numbers(4, low=0.5, high=5.0), 0),
        sample(numbers(4, low=0.5, high=5.0), 3), sample(integers(3, low=1), 1),
    ], wrong(X, -1, error=ValueError, message="wanted an order of at least 0"), wrong(1.0, 1, **NO_TENSOR),
       ulps=8),
    op("logsumexp", logsumexp, floating_first, [
        *axes_tried(Z), sample(Z, axis=()), sample(ONE), sample(integers(3, 2), axis=0), edge(numbers(2, 0), axis=1),
        edge(array(1e30, 1.0)), edge(array(-inf, -inf)), edge(array(-inf, 0.0)), edge(array(inf, 0.0)),
        edge(array(88.0, 89.0)), edge(WITH_NAN),
    ], wrong(X, axis=2, **BEYOND), wrong(numbers(2, dtype=np.complex64), error=DTypeError, message="complex64")),
    binary("xlogy", scipy.special.xlogy, REAL, floating, 0.2, 2.0, signed_zeros=False),
    op("lerp", lambda x, y, weight: x + (y - x) * weight, floating, [
        sample(X, Y, 0.25), sample(X, Y, 0.75), sample(X, Y[0], numbers(3, 1)), sample(integers(3), integers(3), 0.5),
        sample(numbers(3, dtype=np.complex64), numbers(3, dtype=np.complex64, salt=1), 0.25),
        edge(X, Y, ONE), edge(X, Y, 0),
    ], wrong(X, Y[:, :3], 0.5, error=ShapeError, message="lerp: shapes (3, 4) and (3, 3) and () do not broadcast"),
       wrong(1.0, 2.0, 0.5, error=TypeError, message="wanted at least one Tensor"), signed_zeros=False),
)  # fmt: skip
