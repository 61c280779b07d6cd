"""Random numbers follow their distributions, are the same on both devices and under lucid.compile, and carry gradients.

Every test starts from a fixed seed, so it passes always or never. A Kolmogorov-Smirnov test of a right sampler would
fail once in a thousand seeds; seeds were not chosen.
"""

import copy
import math
import pickle
import re

import numpy as np
import pytest
from scipy import stats

import lucid
from lucid import random
from lucid.errors import CompileError, DeviceError, DTypeError, ShapeError
from lucid.random import Generator

N = 20_000
MANY = (N,)
DTYPES = [lucid.float16, lucid.bfloat16, lucid.float32, lucid.float64]
RESOLUTION = {lucid.float16: 2.0**-11, lucid.bfloat16: 2.0**-8, lucid.float32: 2.0**-24, lucid.float64: 2.0**-53}


def generator():
    return Generator(2024)


def host(x):
    return x.detach().numpy()


CONTINUOUS = {
    "uniform": (lambda **o: random.uniform(MANY, -1.0, 3.0, **o), stats.uniform(-1, 4)),
    "normal": (lambda **o: random.normal(MANY, 1.0, 2.0, **o), stats.norm(1, 2)),
    "truncated_normal": (
        lambda **o: random.truncated_normal(MANY, 0.5, 2.0, -1.0, 4.0, **o),
        stats.truncnorm(-0.75, 1.75, 0.5, 2),
    ),
    "truncated_normal of tensors": (
        lambda **o: random.truncated_normal(MANY, 0.5, 2.0, lucid.asarray(-1.0, device=o["device"]), 4.0, **o),
        stats.truncnorm(-0.75, 1.75, 0.5, 2),
    ),
    "exponential": (lambda **o: random.exponential(MANY, 0.5, **o), stats.expon(0, 0.5)),
    "gamma 0.3": (lambda **o: random.gamma(MANY, 0.3, **o), stats.gamma(0.3)),
    "gamma 1": (lambda **o: random.gamma(MANY, 1.0, 3.0, **o), stats.gamma(1, scale=3)),
    "gamma 2.5": (lambda **o: random.gamma(MANY, lucid.asarray(2.5, device=o["device"]), **o), stats.gamma(2.5)),
    "gamma 1e6": (lambda **o: random.gamma(MANY, 1e6, 1e-6, **o), stats.gamma(1e6, scale=1e-6)),
    "beta 0.5 0.5": (lambda **o: random.beta(MANY, 0.5, 0.5, **o), stats.beta(0.5, 0.5)),
    "laplace": (lambda **o: random.laplace(MANY, 1.0, 0.5, **o), stats.laplace(1, 0.5)),
    "gumbel": (lambda **o: random.gumbel(MANY, -1.0, 2.0, **o), stats.gumbel_r(-1, 2)),
    "student_t": (lambda **o: random.student_t(MANY, 5.0, 1.0, 2.0, **o), stats.t(5, 1, 2)),
    "dirichlet": (
        lambda **o: random.dirichlet((N, 3), lucid.asarray([1.0, 2.0, 3.0], device=o["device"]), **o)[:, 0],
        stats.beta(1, 5),
    ),
    "beta 2 5": (lambda **o: random.beta(MANY, 2.0, lucid.asarray(5.0, device=o["device"]), **o), stats.beta(2, 5)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_numbers_follow_their_distribution(name, device):
    draw, distribution = CONTINUOUS[name]
    numbers = host(draw(device=device, generator=generator())).astype(np.float64)
    assert stats.kstest(numbers, distribution.cdf).pvalue > 1e-3
    error = distribution.std() / math.sqrt(N)
    assert abs(numbers.mean() - distribution.mean()) < 4 * error
    low, high = distribution.support()
    assert numbers.min() >= low
    assert numbers.max() <= high


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["uniform", "normal", "exponential", "gamma 2.5", "beta 2 5"])
def test_every_dtype(name, dtype):
    draw, distribution = CONTINUOUS[name]
    numbers = draw(device="cpu", dtype=dtype, generator=generator())
    assert numbers.dtype is dtype
    values = host(numbers).astype(np.float64)
    spread = (
        np.abs(values).max() * RESOLUTION[dtype] * np.random.default_rng(0).uniform(-1, 1, N)
    )  # rounding makes ties
    assert stats.kstest(values + spread, distribution.cdf).pvalue > 1e-3 or dtype.itemsize == 2
    assert (
        abs(values.mean() - distribution.mean())
        < 4 * distribution.std() / math.sqrt(N) + np.abs(values).max() * RESOLUTION[dtype]
    )


def test_float64_has_numbers_that_float32_has_not():
    for draw in (random.uniform, random.normal, random.exponential):
        numbers = host(draw(100_000, dtype=lucid.float64, generator=generator()))
        assert (numbers.astype(np.float32) != numbers).mean() > 0.99
        assert np.unique(numbers).size == numbers.size


def test_small_exponential_numbers_differ():
    """On 23 bits they would be those of u = (k + 1/2) 2^-23; ties there would favour the first of many categories."""
    numbers = host(random.exponential(100_000, generator=generator())).astype(np.float64)
    places = -np.expm1(-numbers[numbers < 1e-3]) * 2.0**23
    assert places.size > 50
    assert (abs(places % 1 - 0.5) > 0.01).mean() > 0.9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("word", [0, 2**32 - 1])
def test_the_ends_of_the_bits(word, dtype, device, monkeypatch):
    if dtype is lucid.float64 and device == "gpu":
        pytest.skip("float64 lives on the cpu")
    monkeypatch.setattr(
        Generator, "bits", lambda self, shape, device: lucid.full(shape, word, dtype=lucid.uint32, device=device)
    )
    for draw in (random.normal, random.truncated_normal, random.exponential, lambda n, **o: random.gamma(n, 0.5, **o)):
        assert np.isfinite(host(draw((3,), dtype=dtype, device=device)).astype(np.float64)).all()
    unit = host(random.uniform(3, dtype=dtype, device=device))
    assert unit.min() >= 0
    assert unit.max() < 1
    assert dtype is lucid.float16 or host(random.exponential(3, dtype=dtype, device=device)).min() > 0


@pytest.mark.gpu
@pytest.mark.parametrize(
    "name", [*CONTINUOUS, "integers", "permutation", "bernoulli", "categorical", "choice", "poisson"]
)
def test_devices_agree(name):
    draws = {name: draw for name, (draw, _) in CONTINUOUS.items()} | {
        "integers": lambda **o: random.integers(-5, 2**31, N, **o),
        "permutation": lambda **o: random.permutation(N, **o),
        "bernoulli": lambda **o: random.bernoulli(MANY, 0.3, **o),
        "categorical": lambda **o: random.categorical(lucid.linspace(-1, 1, 5, device=o["device"]), shape=N, **o),
        "choice": lambda **o: random.choice(N, 100, replace=False, **o),
        "poisson": lambda **o: random.poisson((N, 3), lucid.asarray([0.1, 9.0, 1e3], device=o["device"]), **o),
    }
    cpu, gpu = (draws[name](device=device, generator=generator()) for device in ("cpu", "gpu"))
    assert cpu.dtype is gpu.dtype
    if cpu.dtype.is_floating and name != "uniform":
        np.testing.assert_allclose(host(gpu), host(cpu), rtol=1e-5, atol=2e-6)
    else:
        np.testing.assert_array_equal(host(gpu), host(cpu))


def test_compiled_draws_are_fresh_and_those_of_the_function(device):
    def draw(a):
        return [
            random.uniform(4, device=device),
            random.gamma(None, a),
            random.beta(None, a, 2.0),
            random.exponential(4, a),
            random.normal(None, a, a),
            random.categorical(a, shape=6),
            random.multinomial(a, 2),
            random.choice(a, 3, probabilities=a),
            random.permutation(a),
            random.integers(0, 100, 4, device=device),
            random.poisson(None, a * 5),
        ]

    a = lucid.asarray([0.5, 1.0, 2.0, 3.0], device=device)
    state = random.get_state()
    try:
        random.seed(3)
        wanted = [draw(a) for _ in range(2)]
        random.seed(3)
        compiled = lucid.compile(draw)
        found = [compiled(a) for _ in range(2)]
    finally:
        random.set_state(state)
    for call, reference in zip(found, wanted, strict=True):
        for x, y in zip(call, reference, strict=True):
            np.testing.assert_allclose(host(x), host(y), rtol=1e-5)
    assert found[0][0].tolist() != found[1][0].tolist()


def test_compiled_functions_draw_from_generators_that_they_reach(device):
    """As an argument, by name, and as an attribute; each goes on as without compiling."""
    captured, kept = Generator(1), Noise(Generator(2))

    def draw(x, given):
        uniform = random.uniform(2, device=device, generator=captured)
        return [uniform, random.normal(2, device=device, generator=given), kept(x), random.uniform(2, device=device)]

    found = []
    state = random.get_state()
    for function in (draw, lucid.compile(draw)):
        captured.state, kept.generator.state, given = (1, 0), (2, 0), Generator(3)
        random.seed(4)
        calls = [[x.tolist() for x in function(lucid.zeros(2, device=device), given)] for _ in range(3)]
        found.append((calls, captured.state, kept.generator.state, given.state, random.get_state()))
    random.set_state(state)
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-6)
    assert found[1][1:] == found[0][1:] == ((1, 3), (2, 3), (3, 3), (4, 3))
    assert found[1][0][0] != found[1][0][1]


class Noise:
    def __init__(self, generator):
        self.generator = generator

    def __call__(self, x):
        return x + random.uniform(x.shape, device=x.device, generator=self.generator)


def test_a_graph_serves_every_generator(device):
    compiled = lucid.compile(lambda x, g: x + random.uniform(2, device=device, generator=g))
    for seed in (1, 2, 1):
        wanted = random.uniform(2, device=device, generator=Generator(seed)).tolist()
        assert compiled(lucid.zeros(2, device=device), Generator(seed)).tolist() == wanted


@pytest.mark.gpu
@pytest.mark.parametrize(
    "draw", [lambda g: random.uniform(2, device="gpu", generator=Generator(1)), lambda g: g.spawn(2)]
)
def test_a_compiled_function_refuses_generators_it_could_not_repeat(draw):
    other = Generator(1)
    with pytest.raises(CompileError, match="compiled function"):
        lucid.compile(lambda x, g: draw(g))(lucid.ones(2, device="gpu"), other)
    assert other.state == (1, 0)


# --- Parameters ------------------------------------------------------------------------------------------------------


def test_parameters_broadcast_and_give_shape_dtype_and_device(device):
    rows = lucid.asarray([[1.0], [100.0]], dtype=lucid.float16, device=device)
    columns = lucid.ones(3, dtype=lucid.float16, device=device)
    for draw in (random.normal, random.uniform, random.gamma, random.beta):
        x = draw(None, rows, columns)
        assert (x.shape, x.dtype, x.device) == ((2, 3), lucid.float16, device)
        assert draw((4, 2, 3), rows, columns, dtype=lucid.float32).dtype is lucid.float32
        with pytest.raises(ShapeError, match=r"parameters of shape \(2, 3\) do not broadcast to shape=\(3,\)"):
            draw((3,), rows, columns)
    assert random.exponential(scale=rows).shape == (2, 1)
    assert random.bernoulli(None, rows).shape == (2, 1)
    assert random.normal().shape == ()
    assert random.normal(mean=lucid.asarray([1, 2], device=device)).dtype is lucid.float32


def test_numbers_do_not_depend_on_whether_parameters_are_tensors(device):
    for draw, p in (
        (random.normal, (0.5, 2.0)),
        (random.gamma, (0.5, 2.0)),
        (random.exponential, (2.0,)),
        (random.uniform, (1.0, 3.0)),
    ):
        numbers = draw((50,), *p, device=device, generator=generator())
        tensors = draw((50,), *(lucid.asarray(v, device=device) for v in p), generator=generator())
        np.testing.assert_allclose(host(numbers), host(tensors), rtol=1e-6)


def test_gradients_flow_to_what_moves_and_stretches(device):
    mean = lucid.zeros(5, device=device, requires_grad=True)
    std = lucid.full(5, 2.0, device=device, requires_grad=True)
    x = random.normal(None, mean, std, generator=generator())
    x.sum().backward()
    np.testing.assert_allclose(host(mean.grad), 1.0)
    np.testing.assert_allclose(host(std.grad), host(x) / 2, rtol=1e-5)
    for draw in (
        lambda s: random.exponential(5, s),
        lambda s: random.gamma((5,), 2.0, s),
        lambda s: random.uniform((5,), 0.0, s),
    ):
        scale = lucid.asarray(3.0, device=device, requires_grad=True)
        x = draw(scale)
        x.sum().backward()
        assert scale.grad.item() == pytest.approx(x.sum().item() / 3, rel=1e-5)
    low = lucid.asarray(-1.0, device=device, requires_grad=True)
    random.truncated_normal((5,), 0.0, 1.0, low, 1.0).sum().backward()
    assert 0 < low.grad.item() < 5


def test_gradients_flow_to_concentrations(device):
    """A number moves so that as much lies below it: SciPy's quantiles at concentrations a little apart say how far.

    The quadrature has 48 nodes: float64 is good to 1e-6 in the middle, float32 to its own digits.
    """
    for a in (0.05, 0.7, 3.0, 40.0, 1e4):
        concentration = lucid.full(50, a, device=device, requires_grad=True)
        x = random.gamma(None, concentration, generator=generator())
        x.sum().backward()
        numbers, step = host(x).astype(np.float64), 1e-4 * a
        below = numbers <= a  # from the side that has digits
        ends = [
            np.where(
                below,
                stats.gamma(a + h).ppf(stats.gamma(a).cdf(numbers)),
                stats.gamma(a + h).isf(stats.gamma(a).sf(numbers)),
            )
            for h in (step, -step)
        ]
        wanted = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(host(concentration.grad), wanted, rtol=1e-3, atol=1e-6)


def test_second_derivatives_of_gamma_numbers():
    a = lucid.asarray([0.5, 2.0], dtype=lucid.float64, requires_grad=True)
    x = random.gamma(None, a, generator=generator())
    (slope,) = lucid.grad(x.sum(), [a], create_graph=True)
    (found,) = lucid.grad(slope.sum(), [a])
    below, step = stats.gamma(host(a)).cdf(host(x)), 1e-3
    before, at, after = (stats.gamma(host(a) + h).ppf(below) for h in (-step, 0, step))
    np.testing.assert_allclose(host(found), (before - 2 * at + after) / step**2, rtol=1e-4)


@pytest.mark.parametrize("name", ["gamma", "beta", "dirichlet", "student_t"])
def test_gradients_of_means_and_variances(name, device):
    """The mean of f(x) as a function of the parameters, whose derivative is known."""
    parameters = [lucid.full((N, 3), v, device=device, requires_grad=True) for v in (2.5, 4.0)]
    a, b = 2.5, 4.0
    g = generator()
    if name == "gamma":
        x, wanted = random.gamma(None, *parameters, generator=g), [b, a]  # the mean a b
    elif name == "beta":
        x = random.beta(None, *parameters, generator=g)  # the mean a / (a + b)
        wanted = [b / (a + b) ** 2, -a / (a + b) ** 2]
    elif name == "dirichlet":
        x = random.dirichlet(None, parameters[0], generator=g)
        assert host(abs(x.sum(axis=-1) - 1)).max() < 1e-5
        x, wanted = x * x, [None]  # the mean of x^2 is (a + 1) / (3 (3 a + 1)) when all three move together
        wanted = [(1 / (3 * (3 * a + 1)) - (a + 1) / (3 * a + 1) ** 2)]
    else:
        x = random.student_t(None, parameters[1] + 4, 0.0, generator=g)
        x, wanted = x * x, [None, -2 / (b + 4 - 2) ** 2]  # the variance n / (n - 2)
    x.sum().backward()
    for p, slope in zip(parameters, wanted, strict=False):
        if slope is not None:
            of_each = host(p.grad).astype(np.float64)
            of_each = of_each.sum(1) / 3 if name == "dirichlet" else of_each.ravel()
            assert abs(of_each.mean() - slope) < 4 * of_each.std() / math.sqrt(of_each.size)


def test_a_gradient_that_there_is_not(device):
    a = lucid.ones(2, device=device, requires_grad=True)
    assert not random.categorical(a).requires_grad
    assert not random.bernoulli(None, a).requires_grad


def test_extreme_parameters(device):
    a = lucid.asarray([1e-3, 0.0, -1.0], device=device)
    found = random.gamma((100, 3), a, generator=generator())
    assert bool((found[:, 0] >= 0).all())
    assert np.isnan(host(found)[:, 1:]).all()
    shares = host(random.beta((1000,), 1e-3, lucid.asarray(1e-3, device=device), generator=generator()))
    assert np.isfinite(shares).all()
    assert 0.4 < shares.mean() < 0.6
    assert random.normal((3,), 2.0, 0.0, device=device).tolist() == [2.0, 2.0, 2.0]


def test_the_rounds_of_gamma_are_enough():
    """At least 0.95 of the proposals are good for every concentration from 1 on (Marsaglia and Tsang, 2000, 4)."""
    normal = np.random.default_rng(0).normal(size=400_000)
    for a in (1.0, 1.2, 2.0, 10.0):
        d = a - 1 / 3
        t = normal[normal > -math.sqrt(9 * d)] / math.sqrt(9 * d)
        v = (1 + t) ** 3
        good = np.exp(np.minimum(0, 4.5 * d * t**2 + d - d * v + d * np.log(v))).sum() / normal.size
        assert (1 - good) ** random.ROUNDS < 1 / 7e7


# --- Discrete --------------------------------------------------------------------------------------------------------


def fits(found, weights):
    """A chi-squared test of counts."""
    weights = np.asarray(weights, np.float64)
    counts = np.bincount(np.ravel(found), minlength=weights.size)
    assert counts[weights == 0].sum() == 0
    expected = weights / weights.sum() * counts.sum()
    assert stats.chisquare(counts[weights > 0], expected[weights > 0]).pvalue > 1e-3


def test_integers(device):
    x = random.integers(-3, 4, N, device=device, generator=generator())
    assert x.dtype is lucid.int64
    fits(host(x) + 3, [1] * 7)
    assert random.integers(0, 256, 1000, dtype=lucid.uint8, device=device).dtype is lucid.uint8
    wide = random.integers(2**64 - 2**32, 2**64, 1000, dtype=lucid.uint64, device=device)
    assert host(wide).min() >= 2**64 - 2**32


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_bernoulli(probability, device):
    x = random.bernoulli(MANY, probability, device=device, generator=generator())
    assert x.dtype is lucid.bool
    assert abs(host(x).mean() - probability) <= 4 * math.sqrt(probability * (1 - probability) / N)
    each = random.bernoulli((N, 3), lucid.asarray([0.0, 0.25, 1.0], device=device), generator=generator())
    np.testing.assert_allclose(host(each).mean(0), [0, 0.25, 1], atol=0.015)


def test_categorical(device):
    weights = [0.0, 1.0, 3.0, 6.0]
    logits = lucid.log(lucid.asarray(weights, device=device))
    fits(host(random.categorical(logits, shape=N, generator=generator())), weights)
    rows = lucid.asarray([[0.0, -math.inf], [-math.inf, 100.0], [5.0, 5.0]], device=device)
    assert random.categorical(rows).shape == (3,)
    assert random.categorical(rows, axis=0).shape == (2,)
    many = host(random.categorical(rows, shape=(N, 3), generator=generator()))
    assert not many[:, 0].any()
    assert many[:, 1].all()
    fits(many[:, 2], [1, 1])
    assert random.categorical(logits.astype(lucid.float16)).dtype is lucid.int64


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64])
@pytest.mark.parametrize("rate", [1e-3, 0.5, 9.99, 10.0, 40.0, 1e5])
def test_poisson(rate, dtype, device):
    if dtype is lucid.float64 and device == "gpu":
        pytest.skip("float64 lives on the cpu")
    x = random.poisson(MANY, lucid.asarray(rate, dtype=dtype, device=device), generator=generator())
    assert x.dtype is lucid.int64
    distribution = stats.poisson(rate)
    ends = np.unique(distribution.ppf(np.linspace(0.02, 0.98, 30)))
    below = np.searchsorted(np.sort(host(x)), ends, side="right")
    expected = np.diff([0, *distribution.cdf(ends), 1]) * N
    assert stats.chisquare(np.diff([0, *below, N]), expected).pvalue > 1e-3
    assert abs(host(x).mean() - rate) < 4 * math.sqrt(rate / N)
    assert abs(host(x).var() - rate) < 4 * math.sqrt((rate + 2 * rate**2) / N)


def test_poisson_at_the_ends(device):
    rates = lucid.asarray([0.0, -1.0, math.nan, math.inf], device=device)
    assert random.poisson(None, rates).tolist() == [0, -1, -1, -1]
    numbers, tensors = (
        random.poisson((50,), rate, device=device, generator=generator())
        for rate in (30.0, lucid.asarray(30.0, device=device))
    )
    assert numbers.tolist() == tensors.tolist()
    assert not random.poisson(None, lucid.ones(2, device=device, requires_grad=True)).requires_grad


def test_rare_and_many_categories(device):
    """32 bits of noise are enough for many equal weights: no place is favoured."""
    found = host(random.categorical(lucid.zeros(20_000, device=device), shape=500, generator=generator()))
    assert stats.kstest((found + 0.5) / 20_000, stats.uniform.cdf).pvalue > 1e-3


@pytest.mark.parametrize("replace", [True, False])
def test_multinomial(replace, device):
    weights = lucid.asarray([[1.0, 2.0, 7.0, 0.0], [5.0, 0.0, 5.0, 5.0]], device=device)
    x = random.multinomial(weights, 2, replace=replace, device=device)
    assert (x.shape, x.dtype) == ((2, 2), lucid.int64)
    many = lucid.broadcast_to(weights[0], (N, 4))
    first, second = host(random.multinomial(many, 2, replace=replace, generator=generator())).T
    fits(first, [1, 2, 7, 0])
    if replace:
        fits(second, [1, 2, 7, 0])
    else:
        assert not (first == second).any()
        fits(second[first == 2], [1, 2, 0, 0])
        fits(second[first == 0], [0, 2, 7, 0])


def test_choice(device):
    g = generator()
    x = lucid.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device=device)
    assert random.choice(x, (5, 7), axis=1, generator=g).shape == (2, 5, 7)
    assert random.choice(x, generator=g).shape == (3,)
    fits(host(random.choice(4, N, device=device, generator=g)), [1, 1, 1, 1])
    weights = lucid.asarray([2.0, 0.0, 1.0], device=device)
    fits(host(random.choice(3, N, probabilities=weights, generator=g)), [2, 0, 1])
    for probabilities in (None, weights + 1):
        taken = random.choice(x, 3, replace=False, probabilities=probabilities, axis=1, generator=g)
        assert sorted(taken[0].tolist()) == [1, 2, 3]
        assert (taken[1] - taken[0]).tolist() == [3, 3, 3]
    assert random.choice(0, 0, device=device).shape == (0,)


def test_permutation(device):
    x = lucid.arange(24, device=device).reshape((2, 3, 4))
    for axis in (0, 1, -1):
        out = random.permutation(x, axis=axis, generator=generator())
        assert out.shape == x.shape
        np.testing.assert_array_equal(np.sort(host(out), axis), host(x))
    orders = [tuple(random.permutation(3, device=device, generator=g).tolist()) for g in generator().spawn(600)]
    assert stats.chisquare([orders.count(o) for o in set(orders)]).pvalue > 1e-3
    assert len(set(orders)) == 6


# --- Generators ------------------------------------------------------------------------------------------------------


def test_the_state_is_all_there_is():
    g = Generator(5)
    random.normal(3, generator=g)
    assert g.state == (5, 1)
    assert repr(g) == "Generator(seed=5, draws=1)"
    copies = [copy.copy(g), copy.deepcopy(g), pickle.loads(pickle.dumps(g)), Generator(0)]
    copies[-1].state = g.state
    wanted = random.uniform(3, generator=g).tolist()
    assert all(random.uniform(3, generator=c).tolist() == wanted for c in copies)
    assert g.state == (5, 2)


def test_the_default_generator_is_saved_and_restored():
    state = random.get_state()
    first = random.uniform(3).tolist()
    random.set_state(state)
    assert random.uniform(3).tolist() == first
    random.set_state(state)


def test_spawned_generators_differ_and_repeat():
    g = Generator(9)
    children = g.spawn(50) + g.spawn(50)
    assert len({c.state for c in children}) == 100
    assert [c.state for c in Generator(9).spawn(50)] == [c.state for c in children[:50]]
    together = np.concatenate([host(random.uniform(200, generator=c)) for c in children])
    assert stats.kstest(together, stats.uniform.cdf).pvalue > 1e-3
    assert np.unique(together).size > 0.99 * together.size


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: random.normal((2,), 0.0, -1.0), ValueError, r"normal: std=-1.0; wanted a number of at least 0"),
        (lambda: random.truncated_normal((2,), 0.0, 0.0), ValueError, r"std=0.0; wanted a number above 0"),
        (lambda: random.gamma((2,), 0.0), ValueError, r"gamma: concentration=0.0; wanted a number above 0"),
        (lambda: random.beta((2,), 1.0, math.nan), ValueError, r"beta: b=nan"),
        (lambda: random.bernoulli((2,), 1.5), ValueError, r"bernoulli: probability=1.5; wanted a number from 0 to 1"),
        (lambda: random.exponential((2,), -1), ValueError, r"exponential: scale=-1"),
        (lambda: random.poisson((2,), -1.0), ValueError, r"poisson: rate=-1.0; wanted a number of at least 0"),
        (lambda: random.uniform((2,), 3.0, 1.0), ValueError, r"uniform: low=3.0 and high=1.0; wanted low <= high"),
        (lambda: random.uniform(2, low=math.nan), ValueError, r"uniform: low=nan"),
        (lambda: random.truncated_normal(2, low=3.0), ValueError, r"truncated_normal: low=3.0 and high=2.0"),
        (lambda: random.uniform(2, dtype=lucid.int32), DTypeError, r"uniform: dtype int32; wanted one of bfloat16"),
        (lambda: random.uniform(-1), ShapeError, r"uniform: shape=-1 has a negative size"),
        (lambda: random.integers(3, 3), ValueError, r"no integer from 3 up to but without 3"),
        (lambda: random.integers(0, 2**33), ValueError, r"more than 2\*\*32"),
        (
            lambda: random.integers(0, 257, dtype=lucid.uint8),
            ValueError,
            r"0 to 256 do not fit uint8, which holds 0 to 255",
        ),
        (lambda: random.integers(-1, 2, dtype=lucid.uint64), ValueError, r"-1 to 1 do not fit uint64"),
        (lambda: random.integers(0, 2, dtype=lucid.float32), DTypeError, r"wanted an integer dtype"),
        (lambda: random.permutation(lucid.ones(2), axis=1), ShapeError, r"axis=1"),
        (lambda: random.categorical(lucid.zeros(2), axis=1), ShapeError, r"categorical: axis=1"),
        (lambda: random.categorical([0.0]), TypeError, r"categorical: logits is list"),
        (
            lambda: random.categorical(lucid.zeros((2, 3)), shape=3),
            ShapeError,
            r"categorical: shapes \(2,\) and \(3,\) do not broadcast",
        ),
        (lambda: random.multinomial(lucid.ones(3), 4), ShapeError, r"multinomial: 4 of 3 without repeating"),
        (lambda: random.multinomial(lucid.asarray(1.0), 1), ShapeError, r"probabilities have no axes"),
        (lambda: random.choice(3, 4, replace=False), ShapeError, r"choice: 4 of 3 without repeating"),
        (lambda: random.choice(0, 4), ShapeError, r"nothing among 0"),
        (lambda: random.choice(3, probabilities=lucid.ones(2)), ShapeError, r"shape \(2,\); wanted \(3,\)"),
        (lambda: random.normal(2, seed=1), TypeError, r"normal: seed= is no option; there are dtype=, device= and gen"),
        (lambda: random.dirichlet(None, lucid.asarray(1.0)), ShapeError, r"dirichlet: concentration has no axes"),
        (lambda: Generator(-1), ValueError, r"seed: -1 is outside"),
        (lambda: Generator(0.5), TypeError, r"float"),
        (lambda: setattr(Generator(0), "state", (0, -1)), ValueError, r"state: -1 draws"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "name",
    [
        *("bernoulli", "beta", "dirichlet", "exponential", "gamma", "gumbel", "laplace", "normal", "poisson"),
        *("student_t", "truncated_normal", "uniform"),
    ],
)
def test_sizes_and_numpys_order_of_parameters_are_no_shape(name):
    """PyTorch's randn(2, 3) would be two numbers with mean 3, NumPy's normal(0, 1) none at all."""
    for given in ((2, 3), (0, 1), (0, 0.5, 2)):
        message = f"{name}: got {', '.join(map(str, given))} by position; a shape is one argument, as in {name}((2, 3))"
        with pytest.raises(TypeError, match=re.escape(message)):
            getattr(random, name)(*given)


@pytest.mark.gpu
def test_parameters_on_two_devices_are_refused():
    with pytest.raises(DeviceError, match="normal: tensors on cpu and gpu"):
        random.normal(None, lucid.ones(2), lucid.ones(2, device="gpu"))
    with pytest.raises(DeviceError, match="normal: tensors on gpu, device='cpu'"):
        random.normal(None, lucid.ones(2, device="gpu"), device="cpu")
    with pytest.raises(DTypeError, match="float64 lives on the cpu"):
        random.normal(2, dtype=lucid.float64, device="gpu")
