"""Continuous distributions whose numbers are a function of uniform ones."""

import math
from typing import Unpack

from ..dtypes import float64
from ..ops.arguments import one_shape
from ..ops.data_types import astype
from ..ops.elementwise import bitwise_right_shift, clip, erf, erfinv, floor, log, sign
from ..tensor import Tensor
from .draw import DIGITS, Draw, Options, Parameter, Shape, check_order, check_positive

__all__ = ["exponential", "gumbel", "laplace", "normal", "truncated_normal", "uniform"]


@one_shape
def uniform(shape: Shape = None, low: Parameter = 0.0, high: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Numbers that are equally likely everywhere from `low` up to but without `high`; rounding may still lead to it.

    Raises ValueError for a number `low` above `high`.
    """
    draw = Draw("uniform", shape, low, high, **options)
    check_order("uniform", low, high)
    digits = DIGITS[draw.dtype]
    if draw.dtype is float64:
        words = astype(draw.bits(2), float64)
        unit = (floor(words[0] / 2.0**5) * 2.0**26 + floor(words[1] / 2.0**6)) * 2.0**-53
    else:
        unit = astype(bitwise_right_shift(draw.bits(), 32 - digits), draw.dtype) * 2.0**-digits
    low, high = (draw.narrow(end) for end in (low, high))
    plain = not isinstance(low, Tensor) and not isinstance(high, Tensor) and (low, high) == (0.0, 1.0)
    return unit if plain else unit * (high - low) + low


@one_shape
def normal(shape: Shape = None, mean: Parameter = 0.0, std: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Normally distributed numbers with a mean and a standard deviation, which may be tensors with gradients.

    >>> import lucid
    >>> normal(mean=lucid.zeros((2, 1)), std=lucid.ones(3)).shape
    (2, 3)
    """
    draw = Draw("normal", shape, mean, std, **options)
    check_positive("normal", "std", std, least=0)
    mean, std = draw.wide(mean), draw.wide(std)
    return draw.rounded(erfinv(draw.middles() * 2.0 - 1.0) * (std * math.sqrt(2)) + mean)


@one_shape
def truncated_normal(
    shape: Shape = None,
    mean: Parameter = 0.0,
    std: Parameter = 1.0,
    low: Parameter = -2.0,
    high: Parameter = 2.0,
    **options: Unpack[Options],
) -> Tensor:
    """Normally distributed numbers from `low` to `high`, which are values, not multiples of `std`, as in PyTorch.

    Far from the mean, beyond four times `std`, float32 leaves few numbers to choose from.

    Raises ValueError for a number `low` above `high`.
    """
    draw = Draw("truncated_normal", shape, mean, std, low, high, **options)
    check_order("truncated_normal", low, high)
    check_positive("truncated_normal", "std", std)
    mean, std, low, high = (draw.wide(p) for p in (mean, std, low, high))
    start, stop = (_erf((end - mean) / (std * math.sqrt(2))) for end in (low, high))
    out = erfinv(draw.middles() * (stop - start) + start) * (std * math.sqrt(2)) + mean
    return clip(draw.rounded(out), draw.narrow(low), draw.narrow(high))


@one_shape
def exponential(shape: Shape = None, scale: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Exponentially distributed numbers with the mean `scale`, which may be a tensor with gradients."""
    draw = Draw("exponential", shape, scale, **options)
    check_positive("exponential", "scale", scale, least=0)
    return draw.rounded(draw.exponential() * draw.wide(scale))


@one_shape
def laplace(shape: Shape = None, mean: Parameter = 0.0, scale: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Numbers with density proportional to exp(-|x - mean| / scale); gradients flow to both parameters."""
    draw = Draw("laplace", shape, mean, scale, **options)
    check_positive("laplace", "scale", scale, least=0)
    side = sign(draw.middles() - 0.5)
    return draw.rounded(side * draw.exponential() * draw.wide(scale) + draw.wide(mean))


@one_shape
def gumbel(shape: Shape = None, mode: Parameter = 0.0, scale: Parameter = 1.0, **options: Unpack[Options]) -> Tensor:
    """Numbers x with probability exp(-exp((mode - x) / scale)) to be smaller; gradients flow to both parameters.

    Added to logits, they make the largest one a draw from the categories (`categorical`).
    """
    draw = Draw("gumbel", shape, mode, scale, **options)
    check_positive("gumbel", "scale", scale, least=0)
    return draw.rounded(draw.wide(mode) - log(draw.exponential()) * draw.wide(scale))


def _erf(x: Parameter) -> Parameter:
    return erf(x) if isinstance(x, Tensor) else math.erf(x)
