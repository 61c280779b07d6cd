"""Gamma distributed numbers, and what is made of them."""

import math
from functools import lru_cache
from typing import Any, Unpack

from ..autograd import Function, no_grad
from ..dtypes import float64
from ..errors import ShapeError
from ..ops import linalg
from ..ops.arguments import one_shape
from ..ops.creation import arange, full
from ..ops.data_types import astype
from ..ops.elementwise import abs, erfinv, exp, expm1, log, log1p, logaddexp, minimum, rsqrt, sqrt, square
from ..ops.manipulation import broadcast_to
from ..ops.searching import where
from ..ops.special import digamma, logsumexp
from ..ops.statistical import sum
from ..tensor import Tensor
from .continuous import normal
from .draw import Draw, Options, Parameter, Shape, check_positive

__all__ = ["ROUNDS", "beta", "dirichlet", "gamma", "student_t"]

ROUNDS = 6


@one_shape
def gamma(shape: Shape, concentration: Parameter, scale: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Gamma distributed numbers, with density proportional to x^(concentration - 1) exp(-x / scale).

    Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, 2000: a number is proposed, and rejected with a
    probability of at most 0.05. Here ROUNDS = 6 proposals are made at once, and the first good one is taken; for one
    number in 8e7 at most, all are bad, and it is concentration - 1/3. Gradients flow to both parameters: as
    `concentration` moves, a number stays where as much lies below it (`_Quantile`).

    Raises ValueError for a number that is not above 0. In tensors, what is not above 0 gives nan.
    """
    draw = Draw("gamma", shape, concentration, scale, **options)
    check_positive("gamma", "scale", scale)
    value, power = _gamma("gamma", "concentration", draw, concentration)
    return draw.rounded(value * exp(power) * draw.wide(scale))


@one_shape
def beta(shape: Shape, a: Parameter, b: Parameter, **options: Unpack[Options]) -> Tensor:
    """Beta distributed numbers, with density proportional to x^(a - 1) (1 - x)^(b - 1); gradients flow to a and b.

    x / (x + y) for numbers x and y of `gamma`, by their logarithms, since for small a and b both may underflow.
    """
    draw = Draw("beta", shape, a, b, **options)
    (x, x_power), (y, y_power) = _gamma("beta", "a", draw, a), _gamma("beta", "b", draw, b)
    x, y = log(x) + x_power, log(y) + y_power
    return draw.rounded(exp(x - logaddexp(x, y)))


@one_shape
def dirichlet(shape: Shape, concentration: Tensor, **options: Unpack[Options]) -> Tensor:
    """Numbers (..., n) that add up to 1, with density proportional to the product of x^(concentration - 1).

    Numbers of `gamma`, divided by their sum along the last axis; gradients flow to the concentration (..., n).
    Raises ShapeError for one without axes.

    >>> import lucid
    >>> round(float(dirichlet((5, 3), lucid.ones(3)).sum(axis=-1)[0]), 5)
    1.0
    """
    draw = Draw("dirichlet", shape, concentration, **options)
    if not isinstance(concentration, Tensor) or not concentration.ndim:
        raise ShapeError("dirichlet: concentration has no axes; wanted a tensor (..., n)")
    value, power = _gamma("dirichlet", "concentration", draw, concentration)
    logs = log(value) + power
    return draw.rounded(exp(logs - logsumexp(logs, axis=-1, keepdims=True)))


@one_shape
def student_t(
    shape: Shape, freedom: Parameter, mean: Parameter = 0.0, scale: Parameter = 1.0, **options: Unpack[Options]
) -> Tensor:
    """Student's t with `freedom` degrees of freedom, times `scale` plus `mean`; gradients flow to all three.

    A normal number divided by the root of a chi-squared one over its freedom (Student, The Probable Error of a Mean,
    1908).
    """
    draw = Draw("student_t", shape, freedom, mean, scale, **options)
    check_positive("student_t", "scale", scale, least=0)
    freedom = draw.wide(freedom)
    value, power = _gamma("student_t", "freedom", draw, freedom * 0.5)
    spread = exp((log(value) + power) * -0.5) * (freedom * 0.5) ** 0.5
    number = normal(draw.shape, dtype=draw.width, device=draw.device, generator=draw.generator)
    return draw.rounded(number * spread * draw.wide(scale) + draw.wide(mean))


def _gamma(function: str, name: str, draw: Draw, a: Parameter) -> tuple[Tensor, Tensor]:
    """v and p such that v exp(p) is gamma distributed. For a < 1, a number for a + 1 times u^(1 / a), u uniform."""
    check_positive(function, name, a)
    moving = draw.wide(a) if isinstance(a, Tensor) else full((), a, dtype=draw.width, device=draw.device)
    a = moving.detach()
    small = a < 1
    d = where(small, a + 1, a) - 1 / 3
    x = erfinv(draw.middles(ROUNDS) * 2.0 - 1.0) * math.sqrt(2)
    t = x * rsqrt(d) / 3  # v = (1 + t)^3 is proposed, and good where log u < x^2 / 2 + d (1 - v + log v)
    positive = t > -1
    log_v = log1p(where(positive, t, 0.0)) * 3
    good = positive & (log(draw.middles(ROUNDS)) < square(x) / 2 + d * (log_v - t * (t * (t + 3) + 3)))
    taken = full((), 0.0, dtype=draw.width, device=draw.device)
    for i in reversed(range(ROUNDS)):
        taken = where(good[i], t[i], taken)
    power = where(small, -draw.exponential() / where(small, a, 1.0), 0.0)
    value = where(a > 0, d * (taken + 1) * square(taken + 1), math.nan)
    if moving.requires_grad:
        logs = log(value) + power
        power = power + (_Quantile.apply(logs, broadcast_to(moving, logs.shape)) - logs)  # adds 0, with a gradient
    return value, power


# --- How a number moves with its concentration -----------------------------------------------------------------------


class _Quantile(Function):
    """The logarithm of a gamma distributed number, which moves with the concentration so that P(a, x) stays.

    Implicit differentiation of the distribution function (Figurnov, Mohamed and Mnih, Implicit Reparameterization
    Gradients, 2018): the slope is -(dP / da) / (dP / d log x).
    """

    @staticmethod
    def forward(context: Any, logs: Tensor, a: Tensor) -> Tensor:
        context.save_for_backward(logs, a)
        return logs

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        logs, a = context.saved_tensors
        return None, gradient * _slope(logs, a)


NODES = 48  # of the Gauss-Legendre rule: float32 has all its digits, float64 about 10
END = 30.0  # where e^-END counts as nothing


def _slope(logs: Tensor, a: Tensor) -> Tensor:
    """d log x / d a at constant P(a, x): an integral over u, the logarithm of a place t less that of x.

    With w(u) = exp(a u - x (e^u - 1)), which is the density at t over that at x, it is minus the integral of
    (u + log x - digamma(a)) w(u) from -inf to 0, and also that from 0 to inf, since the whole vanishes. The side is
    taken on which w falls off.
    """
    x = exp(logs)
    with no_grad():
        below = x <= a
        reach = where(below, _reach_below(x, a), _reach_above(x, a))
    places, weights = (astype(t, a.dtype).to(a.device) for t in _gauss_legendre())
    u = (where(below, -reach, reach))[..., None] * places
    centre = (logs - digamma(a))[..., None]
    exponent = (a - x)[..., None] * u - x[..., None] * _beyond_first_order(u)
    integral = reach * sum((u + centre) * exp(exponent) * weights, axis=-1)
    return where(below, -integral, integral)


def _beyond_first_order(u: Tensor) -> Tensor:
    """e^u - 1 - u, without the difference of equal numbers near 0."""
    series = square(u) / 2 * (1 + u / 3 * (1 + u / 4 * (1 + u / 5 * (1 + u / 6 * (1 + u / 7 * (1 + u / 8))))))
    return where(abs(u) < 0.5, series, expm1(u) - u)


def _reach_below(x: Tensor, a: Tensor) -> Tensor:
    """How far below log x the density has fallen by e^-END: Newton's method, from beyond, on a convex function."""
    reach = (END + x) / a
    reach = where(x > 3 * END, minimum(reach, sqrt(3 * END / x)), reach)
    for _ in range(10):
        fallen = (a - x) * reach + x * _beyond_first_order(-reach)
        reach = reach - (fallen - END) / (a - x - x * expm1(-reach))
    return reach


def _reach_above(x: Tensor, a: Tensor) -> Tensor:
    """The same above log x."""
    reach = minimum(sqrt(2 * END / x), log1p(2 * END / x) + 2)
    for _ in range(10):
        fallen = (x - a) * reach + x * _beyond_first_order(reach)
        reach = reach - (fallen - END) / (x - a + x * expm1(reach))
    return reach


@lru_cache
def _gauss_legendre() -> tuple[Tensor, Tensor]:
    """Places from 0 to 1 and weights, by Golub and Welsch, Calculation of Gauss Quadrature Rules, 1969."""
    k = arange(1, NODES, dtype=float64, device="cpu")
    beside = 0.5 / sqrt(1 - 1 / square(2 * k))
    found = linalg.eigh(_off_diagonal(beside))
    return (found.eigenvalues + 1) / 2, square(found.eigenvectors[0])


def _off_diagonal(beside: Tensor) -> Tensor:
    """The symmetric matrix with these numbers on both sides of its diagonal, and zeros."""
    n = beside.shape[0]
    rows = arange(n + 1, device="cpu")
    padded = full((n + 1, n + 1), 0.0, dtype=float64, device="cpu")
    padded[rows[:-1], rows[1:]] = beside
    padded[rows[1:], rows[:-1]] = beside
    return padded
