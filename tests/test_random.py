"""Random numbers: the same bits on both devices, known answers, and the right distributions."""

import math
import threading

import numpy as np
import pytest
import scipy.stats

import lucid
from lucid import random
from lucid.errors import DTypeError, ShapeError
from lucid.random import Generator

KNOWN_BITS = [1008781697, 429847841, 4130933813, 3836758528, 426478935]
KNOWN_INTEGERS, KNOWN_PERMUTATION = [2, 69, 74, 91, 87], [0, 1, 3, 2, 5, 4]
INTEGERS = [lucid.int8, lucid.int16, lucid.int32, lucid.int64, lucid.uint8, lucid.uint16, lucid.uint32, lucid.uint64]
FLOATS = [lucid.bfloat16, lucid.float16, lucid.float32, lucid.float64]


def test_known_answers(device: str) -> None:
    """What a seed gives is part of the interface: changing it would change everybody's results."""
    words = Generator(0).bits((5,), device)
    assert words.dtype is lucid.uint32
    assert words.tolist() == KNOWN_BITS
    random.seed(7)
    assert random.integers(0, 100, (5,), device=device).tolist() == KNOWN_INTEGERS
    assert random.permutation(6, device=device).tolist() == KNOWN_PERMUTATION


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (7,), (3, 5), (1001,), (2, 0)])
def test_both_devices_have_the_same_bits(device: str, shape: tuple[int, ...]) -> None:
    def draw(where: str) -> list[lucid.Tensor]:
        generator = Generator(2**63 + 5)
        exact = [generator.bits(shape, where), random.integers(-5, 10**6, shape, device=where, generator=generator)]
        exact += [random.uniform(shape, dtype=d, device=where, generator=generator) for d in FLOATS[:3]]
        return [*exact, random.bernoulli(shape, 0.3, device=where, generator=generator)]

    for found, wanted in zip(draw(device), draw("cpu"), strict=True):
        assert (found.dtype, found.shape) == (wanted.dtype, shape)
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3), (257,), (4, 0, 2), (3, 4, 5)])
def test_both_devices_have_the_same_integers_and_permutations(device: str, shape: tuple[int, ...]) -> None:
    def draw(where: str) -> list[lucid.Tensor]:
        g = Generator(17)
        found = [
            random.integers(max(-3, lucid.iinfo(d).min), 100, shape, dtype=d, device=where, generator=g)
            for d in INTEGERS
        ]
        found += [random.permutation(n, device=where, generator=g) for n in (0, 1, 2, 1000)]
        x = lucid.arange(math.prod(shape), device=where).reshape(shape)
        found += [random.permutation(x, axis=i, generator=g) for i in range(len(shape))]
        return [*found, random.choice(50, shape, device=where, generator=g)]

    for found, wanted in zip(draw(device), draw("cpu"), strict=True):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_normal_numbers_agree_to_the_last_bits(device: str) -> None:
    """MLX has an erfinv of its own, within 1e-5 of ours in the tails."""
    draws = [random.normal((10_000,), device=where, generator=Generator(3)).numpy() for where in ("cpu", device)]
    np.testing.assert_allclose(draws[1], draws[0], rtol=2e-5, atol=1e-6)
    cut = [
        random.truncated_normal((999,), 1.0, 2.0, device=where, generator=Generator(3)).numpy()
        for where in ("cpu", device)
    ]
    np.testing.assert_allclose(cut[1], cut[0], rtol=2e-5, atol=1e-6)


def test_a_state_is_all_there_is_to_save(device: str) -> None:
    generator = Generator(11)
    random.uniform((3,), device=device, generator=generator)
    state = generator.state
    first = random.normal((4,), device=device, generator=generator)
    generator.state = state
    assert random.normal((4,), device=device, generator=generator).tolist() == first.tolist()
    assert random.normal((4,), device=device, generator=generator).tolist() != first.tolist()
    other = Generator(0)
    other.state = state
    assert random.normal((4,), device=device, generator=other).tolist() == first.tolist()


def test_the_default_generator_is_seeded_by_seed() -> None:
    random.seed(5)
    first = [random.uniform((3,)).tolist(), random.normal((3,)).tolist()]
    random.seed(5)
    assert [random.uniform((3,)).tolist(), random.normal((3,)).tolist()] == first
    random.seed(6)
    assert random.uniform((3,)).tolist() != first[0]
    random.seed(0)


def test_seeds_differ_and_so_do_draws() -> None:
    """Neighbouring seeds and neighbouring draws share nothing; 600 draws cross a page of keys."""
    words = np.stack(
        [Generator(s).bits((4,)).numpy() for s in range(300)] + [g.numpy() for g in draws_of(Generator(0), 600)][1:]
    )
    assert len(np.unique(words)) == words.size


def draws_of(generator: Generator, count: int) -> list[lucid.Tensor]:
    return [generator.bits((4,)) for _ in range(count)]


def test_generators_without_a_seed_differ() -> None:
    assert Generator().state != Generator().state


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(seed: int) -> None:
    with pytest.raises(ValueError, match=r"outside 0 to 2\*\*64 - 1"):
        random.seed(seed)


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_numbers_are_uniform_and_below_one(dtype: lucid.DType) -> None:
    x = random.uniform((20_000,), dtype=dtype, generator=Generator(1)).astype(lucid.float64).numpy()
    assert 0 <= x.min() < x.max() < 1
    steps = {lucid.bfloat16: 2**8, lucid.float16: 2**11, lucid.float32: 2**24, lucid.float64: 2**53}[dtype]
    assert np.array_equal(x * steps, np.round(x * steps)), "every number is as likely as every other"
    assert abs(x.mean() - 0.5) < 0.01
    assert scipy.stats.kstest(x + 0.5 / steps, "uniform").pvalue > 1e-3 or dtype is lucid.bfloat16


def test_uniform_numbers_lie_between_their_ends(device: str) -> None:
    x = random.uniform((1000,), -3.0, 2.0, device=device, generator=Generator(1)).numpy()
    assert -3 <= x.min() < -2.9
    assert 1.9 < x.max() < 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal_numbers_are_normal(dtype: lucid.DType) -> None:
    x = random.normal((20_000,), 1.0, 2.0, dtype=dtype, generator=Generator(2))
    assert x.dtype is dtype
    x = x.astype(lucid.float64).numpy()
    assert np.isfinite(x).all()
    assert abs(x.mean() - 1) < 0.05
    assert abs(x.std() - 2) < 0.05
    assert scipy.stats.kstest((x - 1) / 2, "norm").pvalue > 1e-3 or dtype is lucid.bfloat16


def test_truncated_normal_numbers_stay_inside(device: str) -> None:
    x = random.truncated_normal((20_000,), 0.5, 1.0, -1.0, 1.0, device=device, generator=Generator(2)).numpy()
    assert x.min() >= -1
    assert x.max() <= 1
    assert scipy.stats.kstest(x, scipy.stats.truncnorm(-1.5, 0.5, 0.5).cdf).pvalue > 1e-3


def test_integers_are_equally_likely(device: str) -> None:
    x = random.integers(-2, 3, (20_000,), device=device, generator=Generator(4))
    assert x.dtype is lucid.int64
    values, counts = np.unique(x.numpy(), return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    wide = random.integers(0, 2**32, (1000,), device=device, generator=Generator(4)).numpy()
    assert wide.max() > 2**31
    assert random.integers(0, 2, (3,), dtype=lucid.uint8, device=device).dtype is lucid.uint8
    assert random.integers(5, 6, device=device).item() == 5


def test_a_permutation_holds_each_number_once(device: str) -> None:
    x = random.permutation(1000, device=device, generator=Generator(5))
    assert sorted(x.tolist()) == list(range(1000))
    assert x.tolist() != list(range(1000))
    assert random.permutation(0, device=device).shape == (0,)


def test_bernoulli(device: str) -> None:
    x = random.bernoulli((20_000,), 0.3, device=device, generator=Generator(6))
    assert x.dtype is lucid.bool
    assert abs(x.numpy().mean() - 0.3) < 0.01


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (
            lambda: random.uniform((2,), dtype=lucid.int32),
            DTypeError,
            "uniform: dtype int32; wanted one of bfloat16, float16",
        ),
        (lambda: random.normal((2,), dtype=lucid.complex64), DTypeError, "normal: dtype complex64"),
        (lambda: random.integers(3, 3), ValueError, "there is no integer from 3 up to but without 3"),
        (lambda: random.integers(0, 2**33), ValueError, "more than 2**32 numbers"),
        (lambda: random.uniform((-1,)), ShapeError, "negative size"),
    ],
)
def test_what_is_wrong_is_refused(draw, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        draw()
    assert message in str(caught.value)


def test_threads_share_a_generator_without_losing_a_draw() -> None:
    generator, found = Generator(9), []
    threads = [threading.Thread(target=lambda: found.extend(draws_of(generator, 50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert generator.state == (9, 200)
    together = {tuple(x.tolist()) for x in found}
    assert together == {tuple(x.tolist()) for x in draws_of(Generator(9), 200)}
