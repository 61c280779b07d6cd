"""Where random numbers come from: a seed, and the count of draws so far."""

import os
import threading
from functools import lru_cache
from typing import Any

from .. import devices
from ..autograd.batches import drawn
from ..backends import threefry
from ..devices import Device
from ..errors import CompileError
from ..ops.arguments import whole, wholes
from ..tensor import Tensor

__all__ = ["Generator", "default_generator", "get_state", "seed", "set_state"]


class Generator:
    """A stream of random numbers: a seed, and how many draws were made.

    Equal states give equal numbers, on either device. Draws may come from several threads; who gets which is then open.
    A copied or pickled generator goes on from the same state, by itself.

    >>> from lucid.random import uniform
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
        self.state = (whole("seed", seed, "seed"), 0)

    @property
    def state(self) -> tuple[int, int]:
        """The seed and the number of draws: all there is to save and to restore."""
        return self._seed, self._draws

    @state.setter
    def state(self, state: tuple[int, int]) -> None:
        numbers = wholes("state", state, "state")
        if len(numbers) != 2:
            raise ValueError(f"state: {state!r}; wanted a state that was read from a generator")
        seed, draws = numbers
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

    def bits(self, shape: tuple[int, ...], device: Device | None = None, function: str = "random") -> Tensor:
        """Uniform random bits, uint32."""
        if self.traced is None and self._tracing():
            raise CompileError(
                "random: a compiled function cannot draw from a generator that it makes itself; make it outside, "
                "and let the function reach it as an argument or by name"
            )
        draw = self._next()
        key = self._key(draw) if self.traced is None else self._traced_key(draw)
        backend = devices.backend(device, function)
        return drawn(lambda whole: backend.bits(key, whole), shape)

    def keys(self) -> Any:
        """The keys of the next `PAGE` draws, on the gpu: what a compiled function may use up in a call."""
        seed, draw = self.state
        start = draw % PAGE
        return devices.backend("gpu").getitem(_two_pages(seed, draw // PAGE), (slice(start, start + PAGE),))

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


@lru_cache(maxsize=16)
def _two_pages(seed: int, page: int) -> Any:
    """The keys of a page and of the one after it, on the gpu."""
    both = devices.backend("cpu").concat(_keys(seed, page), _keys(seed, page + 1), axis=0)
    return devices.backend("gpu").from_numpy(both)


def _of_state(state: tuple[int, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


default_generator = Generator(0)


def chosen(function: str, generator: Generator | None) -> Generator:
    """The generator itself, or the default one for None. Raises TypeError for anything else."""
    if generator is None:
        return default_generator
    if isinstance(generator, Generator):
        return generator
    raise TypeError(f"{function}: generator={generator!r} is {type(generator).__name__}; wanted a Generator, or None")


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
