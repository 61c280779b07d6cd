"""Integers, permutations and choices."""

import math
import struct
from collections.abc import Sequence

from ..devices import Device
from ..dtypes import DEFAULT_INT, SIGNED, UNSIGNED, DType, float32, float64, uint64
from ..errors import DTypeError, ShapeError
from ..ops.arguments import as_shape, broadcast_shapes, number, one_axis, one_shape, placed, tensor, whole
from ..ops.data_types import astype
from ..ops.elementwise import less, less_equal, log
from ..ops.indexing import take
from ..ops.manipulation import moveaxis
from ..ops.searching import argmax
from ..ops.sorting import argsort
from ..tensor import Tensor
from .continuous import uniform
from .draw import DIGITS, Draw, Parameter, Shape, device_of
from .generator import Generator, chosen

__all__ = ["bernoulli", "categorical", "choice", "integers", "multinomial", "permutation"]


def integers(
    low: int,
    high: int,
    shape: int | Sequence[int] = (),
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Integers from `low` up to but without `high`, equally likely up to 2**-32.

    Raises ValueError if there is none, or if the dtype, int64 if not given, does not hold them all.
    """
    low, high = whole("integers", low, "low"), whole("integers", high, "high")
    if high <= low:
        raise ValueError(f"integers: there is no integer from {low} up to but without {high}")
    if high - low > 2**32:
        raise ValueError(f"integers: {low} to {high} are more than 2**32 numbers")
    _, dtype = placed("integers", device, dtype, DEFAULT_INT)
    if dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"integers: dtype {dtype.name}; wanted an integer dtype")
    bits = 8 * dtype.itemsize
    least, end = (0, 2**bits) if dtype.kind == UNSIGNED else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    if low < least or high > end:
        raise ValueError(f"integers: {low} to {high - 1} do not fit {dtype.name}, which holds {least} to {end - 1}")
    words = astype(chosen("integers", generator).bits((2, *as_shape("integers", shape)), device), uint64)
    away = (words[0] * 2**32 + words[1]) % (high - low)
    if dtype is uint64:
        return away + low
    return astype(astype(away, DEFAULT_INT) + low, dtype)


def permutation(
    x: int | Tensor, axis: int = 0, *, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """The integers from 0 to x - 1, int64, in random order; or a tensor with its parts along an axis in random order.

    >>> import lucid
    >>> sorted(permutation(lucid.asarray([5, 6, 7]), generator=Generator(0)).tolist())
    [5, 6, 7]
    """
    generator = chosen("permutation", generator)
    if not isinstance(x, Tensor):
        return argsort(generator.bits(as_shape("permutation", x, "x"), device, "permutation"))
    axis = one_axis("permutation", x.ndim, axis)
    order = argsort(generator.bits((x.shape[axis],), device_of("permutation", device, x)))
    return take(x, order, axis=axis)


@one_shape
def bernoulli(
    shape: Shape, probability: Parameter, *, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """Bools that are true with a probability. Raises ValueError for a number that is none.

    >>> import lucid
    >>> bernoulli(None, lucid.asarray([0.0, 1.0])).tolist()
    [False, True]
    """
    if isinstance(probability, Tensor):
        draw = Draw("bernoulli", shape, probability, dtype=float32, device=device, generator=generator)
        return uniform(draw.shape, device=draw.device, generator=generator) < probability
    if not 0 <= number("bernoulli", probability, "probability") <= 1:
        raise ValueError(f"bernoulli: probability={probability}; wanted a number from 0 to 1")
    # The same for a number in one comparison: uniform numbers have the first 24 bits, and numbers are float32.
    (narrow,) = struct.unpack("f", struct.pack("f", probability))
    count = math.ceil(narrow * 2 ** DIGITS[float32])
    size = () if shape is None else as_shape("bernoulli", shape)
    words = chosen("bernoulli", generator).bits(size, device, "bernoulli")
    return less_equal(words, count * 2**8 - 1) if count else less(words, 0)


def categorical(
    logits: Tensor,
    *,
    axis: int = -1,
    shape: int | Sequence[int] | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Indices along `axis`, int64, each with a probability proportional to exp(logits).

    `shape` is that of the result, to which the other axes of `logits` must broadcast; if None, one draw for each. An
    index whose logit is -inf never comes. The largest of logits with Gumbel noise wins (Gumbel, Statistical Theory of
    Extreme Values, 1954; Maddison, Tarlow and Minka, A* Sampling, 2014): it costs a number for each logit and draw.

    >>> import lucid
    >>> categorical(lucid.log(lucid.asarray([0.0, 1.0, 0.0])), shape=4).tolist()
    [1, 1, 1, 1]
    """
    return _categorical("categorical", logits, axis, shape, device, generator)


def multinomial(
    probabilities: Tensor,
    count: int,
    *,
    replace: bool = False,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """`count` indices for each distribution: weights (..., n) give int64 (..., count), as torch.multinomial does.

    Weights need not add up to 1. Without `replace` no index comes twice, and each next one has its probability among
    those that are left: the indices of the largest logits with Gumbel noise, in order (Vieira, Gumbel-max Trick and
    Weighted Reservoir Sampling, 2014). Fewer weights above 0 than `count` are filled up with others.

    Raises ShapeError for more draws than weights without `replace`.
    """
    logits, count = _log_weights("multinomial", probabilities), whole("multinomial", count, "count")
    if replace:
        batch = logits.shape[:-1]
        rows = _categorical("multinomial", logits, -1, (count, *batch), device, generator)
        return moveaxis(rows, 0, -1)
    return _without_replacement("multinomial", logits, count, device, generator)


def choice(
    x: int | Tensor,
    shape: int | Sequence[int] = (),
    *,
    replace: bool = True,
    probabilities: Tensor | None = None,
    axis: int = 0,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Elements of x, or integers from 0 to x - 1: parts of a tensor along `axis`, each taken `shape` times.

    `probabilities` (n,) are weights, equal ones if None. Without `replace` nothing is taken twice, and what has weight
    0 is taken last. Raises ShapeError if there are not as many, or if sizes differ.

    >>> import lucid
    >>> sorted(choice(lucid.asarray([5, 6, 7]), 3, replace=False, generator=Generator(0)).tolist())
    [5, 6, 7]
    """
    size, generator = as_shape("choice", shape), chosen("choice", generator)
    device = device_of("choice", device, x, probabilities)
    n = x.shape[one_axis("choice", x.ndim, axis)] if isinstance(x, Tensor) else whole("choice", x, "x")
    count = math.prod(size)
    if n < 1 and count:
        raise ShapeError(f"choice: there is nothing among {n} to choose from")
    if probabilities is not None and tensor("choice", probabilities, "probabilities").shape != (n,):
        raise ShapeError(f"choice: probabilities have shape {probabilities.shape}; wanted ({n},), one for each choice")
    if not replace:
        _check_count("choice", count, n)
    if probabilities is not None:
        logits = _log_weights("choice", probabilities)
        if replace:
            places = _categorical("choice", logits, -1, size, device, generator)
        else:
            places = _without_replacement("choice", logits, count, device, generator).reshape(size)
    elif replace:
        places = integers(0, max(n, 1), size, device=device, generator=generator)
    else:
        places = permutation(n, device=device, generator=generator)[:count].reshape(size)
    return take(x, places, axis=axis) if isinstance(x, Tensor) else places


def _categorical(
    function: str,
    logits: Tensor,
    axis: int,
    shape: int | Sequence[int] | None,
    device: Device | None,
    generator: Generator | None,
) -> Tensor:
    logits = tensor(function, logits, "logits")
    logits = moveaxis(logits, one_axis(function, logits.ndim, axis), -1)
    batch = logits.shape[:-1]
    size = batch if shape is None else as_shape(function, shape)
    if broadcast_shapes(function, batch, size) != size:
        raise ShapeError(f"{function}: draws of shape {batch} do not broadcast to shape={shape}")
    return argmax(_perturbed(function, logits, (*size, logits.shape[-1]), device, generator), axis=-1)


def _without_replacement(
    function: str, logits: Tensor, count: int, device: Device | None, generator: Generator | None
) -> Tensor:
    _check_count(function, count, logits.shape[-1])
    order = argsort(_perturbed(function, logits, logits.shape, device, generator), axis=-1, descending=True)
    return order[..., :count]


def _perturbed(
    function: str, logits: Tensor, shape: tuple[int, ...], device: Device | None, generator: Generator | None
) -> Tensor:
    """Logits with Gumbel noise."""
    logits = logits.detach()
    draw = Draw(function, shape, logits, device=device, generator=generator)
    return draw.wide(logits) - log(draw.exponential())


def _log_weights(function: str, weights: Tensor) -> Tensor:
    weights = tensor(function, weights, "probabilities").detach()
    if not weights.ndim:
        raise ShapeError(f"{function}: probabilities have no axes; wanted (..., n)")
    return log(weights if weights.dtype is float64 else astype(weights, float32))


def _check_count(function: str, count: int, n: int) -> None:
    if count > n:
        raise ShapeError(f"{function}: {count} of {n} without repeating any; take fewer, or pass replace=True")
