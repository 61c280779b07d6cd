"""Random bits against the published answers of Threefry-2x32, and bit for bit against MLX."""

import numpy as np
import pytest

from lucid.backends.blocks import BLOCK
from lucid.backends.threefry import _stir, key_from_seed, random_bits, split

ONES = 0xFFFFFFFF
SEEDS = [0, 1, 2**31, 2**32 - 1, 2**32, 0x123456789ABCDEF0, 2**64 - 1]
SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 1000, 1001, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1, 2 * BLOCK + 2, 6 * BLOCK + 5]
KEY = (0x13198A2E, 0xC3707344)


@pytest.mark.parametrize(
    ("key", "counter", "wanted"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(key, counter, wanted) -> None:
    """The vectors for threefry2x32 with 20 rounds in tests/kat_vectors of Random123, by the cipher's authors."""
    x, y = (np.array([word], np.uint32) for word in counter)
    _stir(key, x, y)
    assert (int(x[0]), int(y[0])) == wanted


@pytest.mark.parametrize("size", [size for size in SIZES if size % 2 == 0])
def test_even_sizes_have_the_bits_of_mlx(size) -> None:
    """mx.random.split is MLX's window on its raw bits: n keys are 2 n words."""
    mx = pytest.importorskip("mlx.core")
    wanted = np.array(mx.random.split(mx.array(KEY, dtype=mx.uint32), size // 2)).reshape(-1)
    np.testing.assert_array_equal(random_bits(KEY, (size,)), wanted)


@pytest.mark.parametrize("size", SIZES)
def test_all_sizes_have_the_uniforms_of_mlx(size) -> None:
    """An odd number of words shows only through mx.random.uniform, which divides them by 2^32 in float32.

    That hides at most the last 8 bits of a word, and a wrong counter changes all 32.
    """
    mx = pytest.importorskip("mlx.core")
    wanted = np.array(mx.random.uniform(shape=(size,), key=mx.array(KEY, dtype=mx.uint32)))
    below_one = np.float32(1 - 2**-24)
    found = np.minimum(random_bits(KEY, (size,)).astype(np.float32) / np.float32(2**32), below_one)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_keys_of_mlx(seed) -> None:
    mx = pytest.importorskip("mlx.core")
    assert list(key_from_seed(seed)) == mx.random.key(seed).tolist()


@pytest.mark.parametrize("num", [1, 2, 3, 10])
def test_splits_of_mlx(num) -> None:
    mx = pytest.importorskip("mlx.core")
    found = split(key_from_seed(7), num)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, np.array(mx.random.split(mx.random.key(7), num)))


def test_split_makes_two_keys_that_are_keys() -> None:
    first, second = split(key_from_seed(7))
    assert not np.array_equal(random_bits(first, (8,)), random_bits(second, (8,)))
    np.testing.assert_array_equal(random_bits(first, (8,)), random_bits(tuple(first.tolist()), (8,)))


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (7,), (3, 5), [4, 1]])
def test_shape_only_arranges(shape) -> None:
    found = random_bits(KEY, shape)
    assert found.dtype == np.uint32
    assert found.shape == tuple(shape)
    np.testing.assert_array_equal(found.reshape(-1), random_bits(KEY, (found.size,)))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(seed) -> None:
    with pytest.raises(ValueError, match=f"key_from_seed: .*received {seed}"):
        key_from_seed(seed)
