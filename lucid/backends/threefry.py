"""Random bits from a counter: the same bits as MLX's generator, on any machine.

    >>> random_bits(key_from_seed(0), (2,))
    array([ 928981903, 3453687069], dtype=uint32)

Threefry-2x32 with 20 rounds, from Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011: a cipher stirs a counter under a key, so any word can be had without the ones before it.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .blocks import in_blocks

__all__ = ["key_from_seed", "random_bits", "split"]

Words = Any  # a NumPy array of uint32
Key = Any  # two words

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # bits to rotate by, in turn for four rounds each
PARITY = 0x1BD11BDA  # makes the third word of the key: no key gives three zeros
MASK = 0xFFFFFFFF


def key_from_seed(seed: int) -> tuple[int, int]:
    """The high and the low word of a seed, as mx.random.key gives them."""
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"key_from_seed: a seed is an integer from 0 to 2**64 - 1; received {seed}")
    return seed >> 32, seed & MASK


def random_bits(key: Key, shape: Sequence[int]) -> Words:
    """Uniform uint32 words; the same words for the same key and number of elements.

    MLX's layout: of n words, the first half are the first outputs of the counters (i, i + ceil(n / 2)), the others
    are their second outputs. Odd n leaves one output over, the last; its counter's second word is 0.
    """
    size = math.prod(shape)
    half = (size + 1) // 2
    words: Words = np.arange(2 * half, dtype=np.uint32)
    words[size:] = 0
    first, second = words[:half], words[half:]
    in_blocks(partial(_stir, key), first, second)
    return words[:size].reshape(shape)


def split(key: Key, num: int = 2) -> Words:
    """`num` new keys from one, as the rows of an array."""
    return random_bits(key, (num, 2))


def _stir(key: Key, x: Words, y: Words) -> None:
    """Encrypt the counters (x, y) in place. Sums wrap at 32 bits, as the cipher wants."""
    a, b = int(key[0]), int(key[1])
    keys = (a, b, a ^ b ^ PARITY)
    x += keys[0]
    y += keys[1]
    low = np.empty_like(y)
    for turn in range(1, 6):
        for bits in ROTATIONS[1 - turn % 2]:
            x += y
            np.right_shift(y, 32 - bits, out=low)
            y <<= bits
            y |= low
            y ^= x
        x += keys[turn % 3]
        y += (keys[(turn + 1) % 3] + turn) & MASK
