"""Random numbers that are the same on both devices.

Threefry (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) turns a key and a counter into bits. A
`Generator` is a seed and the count of draws so far; each draw has a key of its own. Bits, and so uniform numbers,
integers and permutations, are identical on cpu and gpu. The others agree to the last few bits; but where numbers are
compared (`gamma`, `beta`, `categorical` and what is made of it), the devices choose differently once in some millions.

The parameters of a distribution are numbers or tensors, which broadcast with each other. The shape of the result is
`shape`, to which they must broadcast, or if that is None their own. Device and dtype are theirs too, where not given.
Gradients flow to parameters that move and stretch the numbers: the ends, the mean, the standard deviation, the scale.
"""

import math
import os
import struct
import threading
from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import Any

from . import devices
from .autograd.batches import drawn
from .backends import threefry
from .devices import Device
from .dtypes import (
    DEFAULT_FLOAT,
    DEFAULT_INT,
    REAL,
    SIGNED,
    UNSIGNED,
    DType,
    bfloat16,
    float16,
    float32,
    float64,
    promote,
    uint64,
)
from .errors import CompileError, DeviceError, DTypeError, GradientError, ShapeError
from .ops.arguments import as_shape, broadcast_shapes, one_axis, placed, tensor
from .ops.creation import full
from .ops.data_types import astype
from .ops.elementwise import (
    bitwise_right_shift,
    clip,
    erf,
    erfinv,
    exp,
    floor,
    less,
    less_equal,
    log,
    log1p,
    logaddexp,
    minimum,
    rsqrt,
    square,
)
from .ops.indexing import take
from .ops.manipulation import moveaxis
from .ops.searching import argmax, where
from .ops.sorting import argsort
from .tensor import Tensor

__all__ = [
    "Generator", "bernoulli", "beta", "categorical", "choice", "default_generator", "exponential", "gamma",
    "get_state", "integers", "multinomial", "normal", "permutation", "seed", "set_state", "truncated_normal", "uniform",
]  # fmt: skip

Shape = int | Sequence[int] | None
Parameter = float | Tensor


class Generator:
    """A stream of random numbers: a seed, and how many draws were made.

    Equal states give equal numbers, on either device. Draws may come from several threads; who gets which is then open.
    A copied or pickled generator goes on from the same state, by itself.

    >>> generator = Generator(7)
    >>> state = generator.state
    >>> first = uniform((2,), generator=generator)
    >>> generator.state = state
    >>> bool((uniform((2,), generator=generator) == first).all())
    True
    """

    traced: tuple[int, Any] | None = None  # while lucid.compile traces: the first draw, and the keys from it on

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self.seed(int.from_bytes(os.urandom(8)) if seed is None else seed)

    def seed(self, seed: int) -> None:
        """Start again from a seed, an integer of at least 0 and less than 2**64. Raises ValueError for another."""
        self.state = (seed, 0)

    @property
    def state(self) -> tuple[int, int]:
        """The seed and the number of draws: all there is to save and to restore."""
        return self._seed, self._draws

    @state.setter
    def state(self, state: tuple[int, int]) -> None:
        seed, draws = (index(n) for n in state)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: {seed} is outside 0 to 2**64 - 1")
        if draws < 0:
            raise ValueError(f"state: {draws} draws; wanted a state that was read from a generator")
        self._seed, self._draws = seed, draws

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed}, draws={self._draws})"

    def __reduce__(self) -> Any:
        return _of_state, (self.state,)

    def spawn(self, count: int) -> list["Generator"]:
        """New generators, whose numbers have nothing to do with each other: for workers, or for parts of a program.

        Counts as one draw, so that the next call gives others.

        >>> [g.state == h.state for g, h in zip(Generator(0).spawn(2), Generator(0).spawn(2))]
        [True, True]
        """
        if self._tracing():
            raise CompileError("spawn: a compiled function cannot make generators; make them outside")
        words = threefry.random_bits(self._key(self._next()), (count, 2)).tolist()
        return [Generator(high << 32 | low) for high, low in words]

    def bits(self, shape: tuple[int, ...], device: Device | None = None) -> Tensor:
        """Uniform random bits, uint32."""
        if self.traced is None and self._tracing():
            raise CompileError(
                "random: a compiled function draws from the default generator alone; leave out generator=, "
                "or make the draws outside and pass them in"
            )
        draw = self._next()
        key = self._key(draw) if self.traced is None else self._traced_key(draw)
        backend = devices.backend(device, "random")
        return drawn(lambda whole: backend.bits(key, whole), shape)

    def keys(self) -> Any:
        """The keys of the next `PAGE` draws, on the gpu: what a compiled function may use up in a call."""
        seed, draw = self.state
        pages = devices.backend("cpu").concat(_keys(seed, draw // PAGE), _keys(seed, draw // PAGE + 1), axis=0)
        return devices.backend("gpu").from_numpy(pages[draw % PAGE : draw % PAGE + PAGE])

    def _next(self) -> int:
        with self._lock:
            self._draws += 1
            return self._draws - 1

    def _key(self, draw: int) -> Any:
        return _keys(self._seed, draw // PAGE)[draw % PAGE]

    def _traced_key(self, draw: int) -> Any:
        assert self.traced is not None
        first, keys = self.traced
        if draw - first >= PAGE:
            raise CompileError(f"random: a compiled function draws more than {PAGE} times; split it in two")
        return keys[draw - first]

    @staticmethod
    def _tracing() -> bool:
        return default_generator.traced is not None


PAGE = 256  # keys are made so many at a time, since making one costs as much


@lru_cache(maxsize=64)
def _keys(seed: int, page: int) -> Any:
    """The keys of the draws from `page * PAGE` on: a row of two words each."""
    return threefry.split(threefry.split(threefry.key_from_seed(seed), page + 1)[page], PAGE)


def _of_state(state: tuple[int, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


default_generator = Generator(0)


def seed(seed: int) -> None:
    """Start the default generator again from a seed.

    >>> import lucid
    >>> lucid.random.seed(0)
    >>> lucid.random.uniform((2,))
    tensor([0.98027915, 0.5459313 ], dtype=float32, device='cpu')
    """
    default_generator.seed(seed)


def get_state() -> tuple[int, int]:
    """The state of the default generator: its seed and its number of draws."""
    return default_generator.state


def set_state(state: tuple[int, int]) -> None:
    """Make the default generator go on from a state that `get_state` gave."""
    default_generator.state = state


# --- Continuous distributions ----------------------------------------------------------------------------------------


def uniform(
    shape: Shape = None,
    low: Parameter = 0.0,
    high: Parameter = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers that are equally likely everywhere from `low` up to but without `high`; rounding may still lead to it."""
    draw = _Draw("uniform", shape, dtype, device, generator, low, high)
    digits = DIGITS[draw.dtype]
    if draw.dtype is float64:
        words = astype(draw.bits(2), float64)
        unit = (floor(words[0] / 2.0**5) * 2.0**26 + floor(words[1] / 2.0**6)) * 2.0**-53
    else:
        unit = astype(bitwise_right_shift(draw.bits(), 32 - digits), draw.dtype) * 2.0**-digits
    low, high = (draw.narrow(end) for end in (low, high))
    plain = not isinstance(low, Tensor) and not isinstance(high, Tensor) and (low, high) == (0.0, 1.0)
    return unit if plain else unit * (high - low) + low


def normal(
    shape: Shape = None,
    mean: Parameter = 0.0,
    std: Parameter = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed numbers with a mean and a standard deviation, which may be tensors with gradients.

    >>> import lucid
    >>> normal(mean=lucid.zeros((2, 1)), std=lucid.ones(3)).shape
    (2, 3)
    """
    draw = _Draw("normal", shape, dtype, device, generator, mean, std)
    _check_positive("normal", "std", std, least=0)
    mean, std = draw.wide(mean), draw.wide(std)
    return draw.rounded(erfinv(draw.middles() * 2.0 - 1.0) * (std * math.sqrt(2)) + mean)


def truncated_normal(
    shape: Shape = None,
    mean: Parameter = 0.0,
    std: Parameter = 1.0,
    low: Parameter = -2.0,
    high: Parameter = 2.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed numbers from `low` to `high`, which are values, not multiples of `std`, as in PyTorch.

    Far from the mean, beyond four times `std`, float32 leaves few numbers to choose from.
    """
    draw = _Draw("truncated_normal", shape, dtype, device, generator, mean, std, low, high)
    _check_positive("truncated_normal", "std", std)
    mean, std, low, high = (draw.wide(p) for p in (mean, std, low, high))
    start, stop = (_erf((end - mean) / (std * math.sqrt(2))) for end in (low, high))
    out = erfinv(draw.middles() * (stop - start) + start) * (std * math.sqrt(2)) + mean
    return clip(draw.rounded(out), draw.narrow(low), draw.narrow(high))


def exponential(
    shape: Shape = None,
    scale: Parameter = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Exponentially distributed numbers with the mean `scale`, which may be a tensor with gradients."""
    draw = _Draw("exponential", shape, dtype, device, generator, scale)
    _check_positive("exponential", "scale", scale, least=0)
    return draw.rounded(draw.exponential() * draw.wide(scale))


def gamma(
    shape: Shape,
    concentration: Parameter,
    scale: Parameter = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Gamma distributed numbers, with density proportional to x^(concentration - 1) exp(-x / scale).

    Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, 2000: a number is proposed, and rejected with a
    probability of at most 0.05. Here ROUNDS = 6 proposals are made at once, and the first good one is taken; for one
    number in 8e7 at most, all are bad, and it is concentration - 1/3. Gradients flow to `scale`; what would flow to
    `concentration` is not the gradient, so it is refused.

    Raises GradientError for a concentration that requires gradients, ValueError for a number that is not above 0. In
    tensors, what is not above 0 gives nan.
    """
    draw = _Draw("gamma", shape, dtype, device, generator, concentration, scale)
    _check_positive("gamma", "scale", scale)
    value, power = _gamma("gamma", "concentration", draw, concentration)
    return draw.rounded(value * exp(power) * draw.wide(scale))


def beta(
    shape: Shape,
    a: Parameter,
    b: Parameter,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Beta distributed numbers, with density proportional to x^(a - 1) (1 - x)^(b - 1).

    x / (x + y) for numbers x and y of `gamma`, by their logarithms, since for small a and b both may underflow.
    """
    draw = _Draw("beta", shape, dtype, device, generator, a, b)
    (x, x_power), (y, y_power) = _gamma("beta", "a", draw, a), _gamma("beta", "b", draw, b)
    x, y = log(x) + x_power, log(y) + y_power
    return draw.rounded(exp(x - logaddexp(x, y)))


ROUNDS = 6


def _gamma(function: str, name: str, draw: "_Draw", a: Parameter) -> tuple[Tensor, Tensor]:
    """v and p such that v exp(p) is gamma distributed. For a < 1, a number for a + 1 times u^(1 / a), u uniform."""
    _check_positive(function, name, a)
    if isinstance(a, Tensor) and a.requires_grad:
        raise GradientError(f"{function}: no gradient flows to {name}; pass {name}.detach()")
    a = full((), a, dtype=draw.width, device=draw.device) if not isinstance(a, Tensor) else draw.wide(a)
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
    return where(a > 0, d * (taken + 1) * square(taken + 1), math.nan), power


def _erf(x: Parameter) -> Parameter:
    return erf(x) if isinstance(x, Tensor) else math.erf(x)


def _check_positive(function: str, name: str, value: Parameter, least: float | None = None) -> None:
    """Numbers alone: to look at a tensor would wait for a gpu."""
    if not isinstance(value, Tensor) and not (value > 0 or value == least):
        raise ValueError(f"{function}: {name}={value}; wanted a number {'above' if least is None else 'of at least'} 0")


# --- Discrete distributions ------------------------------------------------------------------------------------------


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
    low, high = index(low), index(high)
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
    words = astype((generator or default_generator).bits((2, *as_shape("integers", shape)), device), uint64)
    away = (words[0] * 2**32 + words[1]) % (high - low)
    if dtype is uint64:
        return away + low
    return astype(astype(away, DEFAULT_INT) + low, dtype)


def permutation(
    x: int | Tensor, *, axis: int = 0, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """The integers from 0 to x - 1, int64, in random order; or a tensor with its parts along an axis in random order.

    >>> import lucid
    >>> sorted(permutation(lucid.asarray([5, 6, 7]), generator=Generator(0)).tolist())
    [5, 6, 7]
    """
    generator = generator or default_generator
    if not isinstance(x, Tensor):
        return argsort(generator.bits(as_shape("permutation", x), device))
    axis = one_axis("permutation", x.ndim, axis)
    order = argsort(generator.bits((x.shape[axis],), _device_of("permutation", device, x)))
    return take(x, order, axis=axis)


def bernoulli(
    shape: Shape, probability: Parameter, *, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """Bools that are true with a probability. Raises ValueError for a number that is none.

    >>> import lucid
    >>> bernoulli(None, lucid.asarray([0.0, 1.0])).tolist()
    [False, True]
    """
    if not isinstance(probability, Tensor) and not 0 <= probability <= 1:
        raise ValueError(f"bernoulli: probability={probability}; wanted a number from 0 to 1")
    draw = _Draw("bernoulli", shape, float32, device, generator, probability)
    if isinstance(probability, Tensor):
        return uniform(draw.shape, device=draw.device, generator=generator) < probability
    # The same for a number in one comparison: uniform numbers have the first 24 bits, and numbers are float32.
    (narrow,) = struct.unpack("f", struct.pack("f", probability))
    count = math.ceil(narrow * 2 ** DIGITS[float32])
    return less_equal(draw.bits(), count * 2**8 - 1) if count else less(draw.bits(), 0)


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
    logits = _log_weights("multinomial", probabilities)
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
    size = as_shape("choice", shape)
    device = _device_of("choice", device, x, probabilities)
    n = x.shape[one_axis("choice", x.ndim, axis)] if isinstance(x, Tensor) else index(x)
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
    draw = _Draw(function, shape, None, device, generator, logits)
    return draw.wide(logits) - log(draw.exponential())


def _log_weights(function: str, weights: Tensor) -> Tensor:
    weights = tensor(function, weights, "probabilities").detach()
    if not weights.ndim:
        raise ShapeError(f"{function}: probabilities have no axes; wanted (..., n)")
    return log(weights if weights.dtype is float64 else astype(weights, float32))


def _check_count(function: str, count: int, n: int) -> None:
    if count > n:
        raise ShapeError(f"{function}: {count} of {n} without repeating any; take fewer, or pass replace=True")


# --- From bits to numbers --------------------------------------------------------------------------------------------

DIGITS = {bfloat16: 8, float16: 11, float32: 24, float64: 53}  # of a fraction that the dtype holds exactly


class _Draw:
    """What all distributions begin with: where the numbers go, how wide they are, and the bits they are made of."""

    def __init__(
        self,
        function: str,
        shape: Shape,
        dtype: DType | None,
        device: Device | None,
        generator: Generator | None,
        *parameters: Parameter,
    ) -> None:
        self.device, self.generator = _device_of(function, device, *parameters), generator or default_generator
        tensors = [p for p in parameters if isinstance(p, Tensor)]
        if dtype is None:
            for p in tensors:
                if p.dtype.kind == REAL:
                    dtype = p.dtype if dtype is None else promote(dtype, p.dtype)
        _, self.dtype = placed(function, self.device, dtype, DEFAULT_FLOAT)
        if self.dtype not in DIGITS:
            raise DTypeError(f"{function}: dtype {self.dtype.name}; wanted one of {', '.join(d.name for d in DIGITS)}")
        self.width = float64 if self.dtype is float64 else float32  # 16-bit numbers are rounded at the end
        around = broadcast_shapes(function, *(p.shape for p in tensors))
        self.shape = around if shape is None else as_shape(function, shape)
        if broadcast_shapes(function, around, self.shape) != self.shape:
            raise ShapeError(f"{function}: parameters of shape {around} do not broadcast to shape={shape}")

    def bits(self, *more: int) -> Tensor:
        """32 bits for each number, or for each of several, along axes before those of the shape."""
        return self.generator.bits((*more, *self.shape), self.device)

    def middles(self, *more: int) -> Tensor:
        """The middles of equal intervals from 0 to 1, which never reach either: 2**23, in float64 2**52."""
        if self.width is float64:
            words = astype(self.bits(2, *more), float64)
            return (floor(words[0] / 2.0**6) * 2.0**26 + floor(words[1] / 2.0**6) + 0.5) * 2.0**-52
        return (astype(bitwise_right_shift(self.bits(*more), 9), float32) + 0.5) * 2.0**-23

    def exponential(self, *more: int) -> Tensor:
        """-log(1 - u), with all 32 bits in u, so that small numbers differ: above 0, and below 17, in float64 37."""
        if self.width is float64:
            words = astype(self.bits(2, *more), float64)
            u, last = (words[0] + (words[1] + 0.5) * 2.0**-32) * 2.0**-32, 53
        else:
            u, last = (astype(self.bits(*more), float32) + 0.5) * 2.0**-32, 24
        return -log1p(-minimum(u, 1 - 2.0**-last))

    def wide(self, parameter: Any) -> Any:
        """A parameter in the dtype that is computed in."""
        return astype(parameter, self.width, copy=False) if isinstance(parameter, Tensor) else parameter

    def narrow(self, parameter: Any) -> Any:
        """A parameter in the dtype of the result."""
        return astype(parameter, self.dtype, copy=False) if isinstance(parameter, Tensor) else parameter

    def rounded(self, x: Tensor) -> Tensor:
        return astype(x, self.dtype, copy=False)


def _device_of(function: str, device: Device | None, *parameters: Any) -> Device | None:
    """Where to draw: on the device asked for, or on that of the tensors among the parameters, which must agree."""
    places = sorted({p.device for p in parameters if isinstance(p, Tensor)})
    if device is None and len(places) == 1:
        return places[0]
    if places not in ([], [device]):
        raise DeviceError(
            f"{function}: tensors on {' and '.join(places)}, device={device!r}; move them with x.to(device)"
        )
    return device
