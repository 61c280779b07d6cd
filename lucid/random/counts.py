"""Counts of what happens by chance."""

import math

from ..devices import Device
from ..dtypes import DEFAULT_INT
from ..ops.arguments import one_shape
from ..ops.creation import full, zeros_like
from ..ops.data_types import astype
from ..ops.elementwise import abs, exp, floor, log, log1p, maximum, minimum, sqrt, square
from ..ops.searching import where
from ..tensor import Tensor
from .draw import Draw, Parameter, Shape, check_positive
from .generator import Generator

__all__ = ["poisson"]

MANY = 10.0  # from this rate on numbers are proposed and rejected
LARGEST = 38  # below that rate, more than this happens once in 1e11
PROPOSALS = 12  # of which each is good with a probability of at least 0.75, from MANY on


@one_shape
def poisson(
    shape: Shape, rate: Parameter, *, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """How often something happens that happens `rate` times on average: k, with probability rate^k exp(-rate) / k!.

    Counts are int64. Small rates go through the sums of these probabilities. Large ones propose numbers that are good
    or not (Hörmann, The Transformed Rejection Method for Generating Poisson Random Variables, 1993), PROPOSALS = 12
    at once; for one number in 1e7 all are bad, and it is the rate, rounded down. Rates of float32 tell counts apart up
    to 2^24. Raises ValueError for a negative number; in tensors, what is not from 0 to 2^62 gives -1.

    >>> import lucid
    >>> poisson(None, lucid.asarray([0.0, 1000.0])).tolist()[0]
    0
    """
    draw = Draw("poisson", shape, rate, device=device, generator=generator)
    check_positive("poisson", "rate", rate, least=0)
    mean = (
        draw.wide(rate).detach() if isinstance(rate, Tensor) else full((), rate, dtype=draw.width, device=draw.device)
    )
    known = (mean >= 0) & (mean < 2.0**62)
    out = _few(draw.shares(), minimum(where(known, mean, 0.0), MANY))
    if isinstance(rate, Tensor) or rate >= MANY:
        out = where(mean < MANY, out, _many(draw, maximum(where(known, mean, 0.0), MANY)))
    return astype(where(known, out, -1.0), DEFAULT_INT)


def _few(share: Tensor, mean: Tensor) -> Tensor:
    """As many k as have a probability to be exceeded above the share. It is summed up from its smallest terms."""
    terms = [exp(-mean)]
    for k in range(1, LARGEST + 1):
        terms.append(terms[-1] * mean * (1 / k))
    out = exceeded = zeros_like(mean)
    for term in reversed(terms[1:]):
        exceeded = exceeded + term
        out = out + astype(share < exceeded, mean.dtype)
    return out


def _many(draw: Draw, mean: Tensor) -> Tensor:
    """The first good one of several proposals."""
    u, v = draw.middles(2, PROPOSALS)
    u = u - 0.5
    edge = 0.5 - abs(u)
    b = sqrt(mean) * 2.53 + 0.931
    a = b * 0.02483 - 0.059
    proposed = floor((a * 2.0 / edge + b) * u + mean + 0.43)
    room = log(v) + log(1.1328 / (b - 3.4) + 1.1239) - log(a / square(edge) + b)
    good = (proposed >= 0) & (room <= _log_probability(maximum(proposed, 0.0), mean))
    taken = floor(mean)
    for i in reversed(range(PROPOSALS)):
        taken = where(good[i], proposed[i], taken)
    return taken


def _log_probability(k: Tensor, mean: Tensor) -> Tensor:
    """log(mean^k exp(-mean) / k!), as a sum of small terms, so that float32 has its digits for large means too.

    log(k!) by Stirling's series, and the rest of the mean by how far it is from k, as Loader does (Fast and Accurate
    Computation of Binomial Probabilities, 2000).
    """
    some = maximum(k, 1.0)
    inverse, away = 1 / some, (mean - some) / some
    near = where(abs(away) < 0.1, away, 0.0)
    series = zeros_like(near)
    for power in range(9, 1, -1):
        series = series * -near + 1 / power
    deviance = where(abs(away) < 0.1, square(near) * series, away - log1p(away))
    stirling = inverse * (1 / 12 - square(inverse) * (1 / 360 - square(inverse) * (1 / 1260)))
    return where(k < 1, -mean, -some * deviance - stirling - log(some) * 0.5 - 0.5 * math.log(2 * math.pi))
