"""Random numbers that are the same on both devices.

Threefry (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) turns a key and a counter into bits. A
`Generator` is a seed and the count of draws so far; each draw has a key of its own. Bits, and so uniform numbers,
integers and permutations, are identical on cpu and gpu; normal numbers agree to the last few bits.
"""

import math
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from . import devices
from .backends import threefry
from .devices import Device
from .dtypes import DEFAULT_FLOAT, DEFAULT_INT, DType, bfloat16, float16, float32, float64, uint64
from .errors import CompileError, DTypeError
from .ops.arguments import as_shape, placed
from .ops.data_types import astype
from .ops.elementwise import bitwise_right_shift, clip, erfinv, floor
from .ops.sorting import argsort
from .tensor import Tensor

__all__ = [
    "Generator", "bernoulli", "default_generator", "integers", "normal", "permutation", "seed", "truncated_normal",
    "uniform",
]  # fmt: skip


class Generator:
    """A stream of random numbers: a seed, and how many draws were made.

    Equal states give equal numbers, on either device. Draws may come from several threads; who gets which is then open.

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
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: {seed} is outside 0 to 2**64 - 1")
        self.state = (seed, 0)

    @property
    def state(self) -> tuple[int, int]:
        """The seed and the number of draws: all there is to save and to restore."""
        return self._seed, self._draws

    @state.setter
    def state(self, state: tuple[int, int]) -> None:
        self._seed, self._draws = (int(n) for n in state)

    def bits(self, shape: tuple[int, ...], device: Device | None = None) -> Tensor:
        """Uniform random bits, uint32."""
        with self._lock:
            seed, draw = self._seed, self._draws
            self._draws += 1
        key = _keys(seed, draw // PAGE)[draw % PAGE] if self.traced is None else self._traced_key(draw)
        return Tensor(devices.backend(device, "random").bits(key, shape))

    def keys(self) -> Any:
        """The keys of the next `PAGE` draws, on the gpu: what a compiled function may use up in a call."""
        seed, draw = self.state
        pages = devices.backend("cpu").concat(_keys(seed, draw // PAGE), _keys(seed, draw // PAGE + 1), axis=0)
        return devices.backend("gpu").from_numpy(pages[draw % PAGE : draw % PAGE + PAGE])

    def _traced_key(self, draw: int) -> Any:
        assert self.traced is not None
        first, keys = self.traced
        if draw - first >= PAGE:
            raise CompileError(f"random: a compiled function draws more than {PAGE} times; split it in two")
        return keys[draw - first]


PAGE = 256  # keys are made so many at a time, since making one costs as much


@lru_cache(maxsize=64)
def _keys(seed: int, page: int) -> Any:
    """The keys of the draws from `page * PAGE` on: a row of two words each."""
    return threefry.split(threefry.split(threefry.key_from_seed(seed), page + 1)[page], PAGE)


default_generator = Generator(0)


def seed(seed: int) -> None:
    """Start the default generator again from a seed.

    >>> import lucid
    >>> lucid.random.seed(0)
    >>> lucid.random.uniform((2,))
    tensor([0.98027915, 0.5459313 ], dtype=float32, device='cpu')
    """
    default_generator.seed(seed)


def uniform(
    shape: int | Sequence[int] = (),
    low: float = 0.0,
    high: float = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers that are equally likely everywhere from `low` up to but without `high`."""
    dtype, draw = _prepared("uniform", shape, dtype, device, generator)
    digits = DIGITS[dtype]
    if dtype is float64:
        words = astype(draw(2), float64)
        unit = (floor(words[0] / 2.0**5) * 2.0**26 + floor(words[1] / 2.0**6)) * 2.0**-53
    else:
        unit = astype(bitwise_right_shift(draw(), 32 - digits), dtype) * 2.0**-digits
    return unit if (low, high) == (0.0, 1.0) else unit * (high - low) + low


def normal(
    shape: int | Sequence[int] = (),
    mean: float = 0.0,
    std: float = 1.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed numbers with a mean and a standard deviation."""
    return _normal_between("normal", -1.0, 1.0, shape, mean, std, dtype, device, generator)


def truncated_normal(
    shape: int | Sequence[int] = (),
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed numbers from `low` to `high`, which are values, not multiples of `std`, as in PyTorch."""
    start, stop = (math.erf((end - mean) / (std * math.sqrt(2))) for end in (low, high))
    out = _normal_between("truncated_normal", start, stop, shape, mean, std, dtype, device, generator)
    return clip(out, low, high)


def _normal_between(
    function: str,
    start: float,
    stop: float,
    shape: int | Sequence[int],
    mean: float,
    std: float,
    dtype: DType | None,
    device: Device | None,
    generator: Generator | None,
) -> Tensor:
    """sqrt(2) erfinv(u) for u between two values of erf: the middles of 2**23 intervals, so that none is infinite."""
    dtype, draw = _prepared(function, shape, dtype, device, generator)
    wide = dtype if dtype is float64 else float32
    middles = (astype(bitwise_right_shift(draw(), 9), wide) + 0.5) * 2.0**-23
    out = erfinv(middles * (stop - start) + start) * (std * math.sqrt(2)) + mean
    return astype(out, dtype)


def integers(
    low: int,
    high: int,
    shape: int | Sequence[int] = (),
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Integers from `low` up to but without `high`, equally likely up to 2**-32. Raises ValueError if there is none."""
    if high <= low:
        raise ValueError(f"integers: there is no integer from {low} up to but without {high}")
    if high - low > 2**32:
        raise ValueError(f"integers: {low} to {high} are more than 2**32 numbers")
    _, dtype = placed("integers", device, dtype, DEFAULT_INT)
    words = astype((generator or default_generator).bits((2, *as_shape("integers", shape)), device), uint64)
    return astype(astype((words[0] * 2**32 + words[1]) % (high - low), DEFAULT_INT) + low, dtype)


def permutation(n: int, *, device: Device | None = None, generator: Generator | None = None) -> Tensor:
    """The integers from 0 to n - 1, int64, in random order."""
    return argsort((generator or default_generator).bits(as_shape("permutation", n), device))


def bernoulli(
    shape: int | Sequence[int], probability: float, *, device: Device | None = None, generator: Generator | None = None
) -> Tensor:
    """Bools that are true with a probability."""
    return uniform(shape, device=device, generator=generator) < probability


DIGITS = {bfloat16: 8, float16: 11, float32: 24, float64: 53}  # of a fraction that the dtype holds exactly


def _prepared(
    function: str, shape: int | Sequence[int], dtype: DType | None, device: Device | None, generator: Generator | None
) -> tuple[DType, Callable[..., Tensor]]:
    """The dtype, and a function that draws the bits for so many numbers of it each."""
    _, dtype = placed(function, device, dtype, DEFAULT_FLOAT)
    if dtype not in DIGITS:
        raise DTypeError(f"{function}: dtype {dtype.name}; wanted one of {', '.join(d.name for d in DIGITS)}")
    size = as_shape(function, shape)
    generator = generator or default_generator
    return dtype, lambda words=None: generator.bits(size if words is None else (words, *size), device)
