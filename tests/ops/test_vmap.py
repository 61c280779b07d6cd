"""Every op mapped over a batch against the op of each element: values and gradients, on both devices.

The elements of a batch have the same numbers in other places, so that they are all in the domain of the op.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import tree
from lucid.autograd import grad, jvp, value_and_grad, vjp, vmap
from lucid.autograd.graph import OPS as RULE_NAMES
from lucid.autograd.operation import Primitive
from lucid.backends.batched import rules
from lucid.errors import BatchError
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, cases, is_real, uses_float64
from tests.op_samples.writing import numbers

SIZE = 3
READS = ("nonzero", "from_dlpack", "to_device")  # ops that are about a value or a place, whatever the sample


def arrays_of(sample: Sample) -> list[np.ndarray]:
    return [leaf for leaf in tree.leaves([sample.args, sample.options]) if isinstance(leaf, np.ndarray)]


def taken(op: Op, sample: Sample) -> bool:
    return bool(arrays_of(sample)) and not op.creates


def mapped(op: Op, sample: Sample) -> bool:
    return taken(op, sample) and sample.traces and op.name not in READS and op.name != "is_complex"


def first(op: Op, sample: Sample) -> bool:
    """On the gpu each op is tried with two samples: MLX on a processor takes long for small arrays."""
    fit = [s for s in op.samples if mapped(op, s) and not uses_float64(s)]
    return any(s is sample for s in fit[:2])


def elements(x: np.ndarray) -> list[np.ndarray]:
    """An array with its elements in other places, those of a key in the same axis."""
    return [np.roll(x.reshape(-1), i).reshape(x.shape) for i in range(SIZE)]


def of_arrays(op: Op, sample: Sample, device: str) -> Callable[..., Any]:
    """The op as a function of its arrays."""

    def function(*arrays: lucid.Tensor) -> Any:
        given = iter(arrays)
        args, options = tree.map(
            lambda leaf: next(given) if isinstance(leaf, np.ndarray) else leaf, (sample.args, sample.options)
        )
        found = op.function(*args, **options)
        return [x for x in tree.leaves(found) if isinstance(x, lucid.Tensor)]

    return function


def carries_gradient(x: np.ndarray) -> bool:
    return is_real(x) or x.dtype.kind == "c"


def uneven(x: lucid.Tensor) -> lucid.Tensor:
    weights = np.sin(np.arange(1, x.size + 1) * 2.3).reshape(x.shape)
    return (
        lucid.asarray(weights, device=x.device).astype(x.dtype)
        if x.device == "cpu"
        else (lucid.asarray(weights.astype(np.float32), device=x.device).astype(x.dtype))
    )


def loop(function: Callable[..., Any], rows: list[Any], batched: list[bool]) -> Any:
    """The function of each element, results stacked."""
    results = [function(*(x[i] if apart else x for x, apart in zip(rows, batched, strict=True))) for i in range(SIZE)]
    return [lucid.stack(column) for column in zip(*results, strict=True)]


def compare(op: Op, sample: Sample, device: str, which: Callable[[int], bool]) -> None:
    arrays = arrays_of(sample)
    apart = [which(i) for i in range(len(arrays))]
    function = of_arrays(op, sample, device)
    inputs = []
    for x, is_apart in zip(arrays, apart, strict=True):
        host = np.stack(elements(x)) if is_apart else x
        inputs.append(lucid.asarray(host, device=device, requires_grad=op.differentiable and carries_gradient(x)))
    at_once = vmap(function, in_axes=tuple(0 if is_apart else None for is_apart in apart))
    found, wanted = at_once(*inputs), loop(function, inputs, apart)
    assert_same(found, wanted, ulps=4 * op.ulps)
    at = [x for x in inputs if x.requires_grad]
    outputs = [i for i, x in enumerate(found) if x.requires_grad]
    assert outputs == [i for i, x in enumerate(wanted) if x.requires_grad]
    if outputs:
        gradients = [
            grad([out[i] for i in outputs], at, [uneven(out[i].detach()) for i in outputs], allow_unused=True)
            for out in (found, wanted)
        ]
        assert_same(gradients[0], gradients[1], ulps=16 * op.ulps)


@pytest.mark.parametrize(("op", "sample"), cases(mapped))
def test_a_batch_is_as_its_elements(op: Op, sample: Sample) -> None:
    compare(op, sample, "cpu", lambda i: True)


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, s: mapped(op, s) and len(arrays_of(s)) > 1))
def test_a_batch_meets_what_its_elements_share(op: Op, sample: Sample) -> None:
    compare(op, sample, "cpu", lambda i: i == 0)
    compare(op, sample, "cpu", lambda i: i > 0)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("op", "sample"), cases(first))
def test_a_batch_is_as_its_elements_on_the_gpu(device: str, op: Op, sample: Sample) -> None:
    compare(op, sample, device, lambda i: True)
    if len(arrays_of(sample)) > 1:
        compare(op, sample, device, lambda i: i == 0)
        compare(op, sample, device, lambda i: i > 0)


# --- Derivatives inside, around and across, in double precision -------------------------------------------------------


def smooth(op: Op, sample: Sample) -> bool:
    """The samples that are written down, without their variants in other layouts and dtypes."""
    plain = sample.layout == "rows" and sample.note not in ("float16", "bfloat16", "float64")
    numbers = any(carries_gradient(x) for x in arrays_of(sample))
    return mapped(op, sample) and plain and op.differentiable and sample.smooth and numbers and op.name != "astype"


def doubled(x: np.ndarray) -> np.ndarray:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) if carries_gradient(x) else x


def weighted(op: Op, sample: Sample) -> Callable[..., lucid.Tensor]:
    """One real number made of all results of an op, in double precision."""
    function = of_arrays(op, sample, "cpu")

    def value(*arrays: lucid.Tensor) -> lucid.Tensor:
        return summed(function(*arrays))

    return value


def summed(tensors: Any) -> lucid.Tensor:
    total = lucid.zeros((), dtype=lucid.float64)
    for x in tree.leaves(tensors):
        if isinstance(x, lucid.Tensor) and x.dtype.is_floating:
            total = total + (x * uneven(x.detach())).astype(lucid.float64).sum()
    return total


def inputs_of(sample: Sample, apart: bool = True) -> list[lucid.Tensor]:
    return [
        lucid.asarray(np.stack([doubled(e) for e in elements(x)]) if apart else doubled(x)) for x in arrays_of(sample)
    ]


def places_of(sample: Sample) -> tuple[int, ...]:
    return tuple(i for i, x in enumerate(arrays_of(sample)) if carries_gradient(x))


@pytest.mark.parametrize(("op", "sample"), cases(smooth))
def test_gradients_inside_a_batch_to_second_order(op: Op, sample: Sample) -> None:
    """Of what differs from element to element, and of what all of them share."""
    value, places = weighted(op, sample), places_of(sample)

    def slope(*arrays: lucid.Tensor) -> Any:
        return value_and_grad(value, places)(*arrays)[1]

    def curvature(*arrays: lucid.Tensor) -> Any:
        return value_and_grad(lambda *arrays: summed(slope(*arrays)), places)(*arrays)[1]

    for which in ([True] * len(arrays_of(sample)), [i != places[0] for i in range(len(arrays_of(sample)))]):
        if not any(which):
            continue
        inputs = [a if w else b for w, a, b in zip(which, inputs_of(sample), inputs_of(sample, False), strict=True)]
        for function in (slope, curvature):
            found = vmap(function, in_axes=tuple(0 if w else None for w in which))(*inputs)
            assert_same(list(found), loop(function, inputs, which), ulps=2**16)


@pytest.mark.parametrize(("op", "sample"), cases(smooth))
def test_gradients_around_a_batch_to_second_order(op: Op, sample: Sample) -> None:
    places, inputs = places_of(sample), inputs_of(sample)
    function = of_arrays(op, sample, "cpu")
    at_once, one_by_one = vmap(function), lambda *arrays: loop(function, list(arrays), [True] * len(arrays))
    found = []
    for run in (at_once, one_by_one):

        def slope(*arrays: lucid.Tensor, run: Any = run) -> Any:
            return value_and_grad(lambda *arrays: summed(run(*arrays)), places)(*arrays)[1]

        found.append(value_and_grad(lambda *arrays, slope=slope: summed(slope(*arrays)), places)(*inputs)[1])
    assert_same(found[0], found[1], ulps=2**16)


@pytest.mark.parametrize(("op", "sample"), cases(smooth))
def test_a_batch_of_gradients_and_of_tangents(op: Op, sample: Sample) -> None:
    """Pullbacks and tangents for many directions at once, of a function that ran without a batch."""
    places, inputs = places_of(sample), inputs_of(sample, False)
    function = of_arrays(op, sample, "cpu")

    def of_numbers(*numbers: lucid.Tensor) -> Any:
        given = dict(zip(places, numbers, strict=True))
        found = function(*(given.get(i, x) for i, x in enumerate(inputs)))
        return [x for x in found if x.dtype.is_floating]

    numbers = tuple(inputs[i] for i in places)
    outputs, pullback = vjp(of_numbers, *numbers)
    seeds = [lucid.stack([uneven(y) * (i + 1) for i in range(SIZE)]) for y in outputs]
    assert_same(
        list(vmap(lambda *g: pullback(list(g)))(*seeds)),
        loop(lambda *g: pullback(list(g)), seeds, [True] * len(seeds)),
        ulps=2**10,
    )
    tangents = [lucid.stack([uneven(x) * (i + 1) for i in range(SIZE)]) for x in numbers]
    along = lambda *t: jvp(of_numbers, numbers, t)[1]  # noqa: E731
    assert_same(vmap(along)(*tangents), loop(along, tangents, [True] * len(tangents)), ulps=2**10)


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, sample: mapped(op, sample) and first(op, sample)))
def test_a_batch_of_batches(op: Op, sample: Sample) -> None:
    function, arrays = of_arrays(op, sample, "cpu"), arrays_of(sample)
    inputs = [lucid.asarray(np.stack([np.stack(elements(e)) for e in elements(x)])) for x in arrays]
    each = [True] * len(arrays)
    found = vmap(vmap(function))(*inputs)
    assert_same(found, loop(lambda *rows: loop(function, list(rows), each), inputs, each), ulps=4 * op.ulps)
    if len(arrays) > 1:  # the first differs along the outer batch alone, the others along both
        inputs[0] = inputs[0][:, 0]
        outer_alone = [False, *each[1:]]
        found = vmap(lambda x, *rest: vmap(lambda *y: function(x, *y))(*rest))(*inputs)
        wanted = loop(lambda *rows: loop(function, list(rows), outer_alone), inputs, each)
        assert_same(found, wanted, ulps=4 * op.ulps)


# --- Linear algebra and Fourier transforms, which have tables of their own ------------------------------------------


def matrices(*shape: int, salt: int = 0) -> np.ndarray:
    return numbers(SIZE, *shape, dtype=np.float64, salt=salt) + np.eye(shape[-2], shape[-1]) * 3


la = lucid.linalg
OF_MATRICES: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "inv": (la.inv, [matrices(3, 3)]),
    "solve": (la.solve, [matrices(3, 3), matrices(3, 2, salt=1)]),
    "solve a vector": (la.solve, [matrices(3, 3), numbers(SIZE, 3, dtype=np.float64)]),
    "solve many": (la.solve, [matrices(2, 3, 3), matrices(3, 2, salt=1)]),
    "solve_triangular": (lambda a, b: la.solve_triangular(a, b, upper=False), [matrices(3, 3), matrices(3, 2)]),
    "lstsq": (lambda a, b: la.lstsq(a, b)[:2], [matrices(4, 3), matrices(4, 2, salt=1)]),
    "pinv": (la.pinv, [matrices(4, 3)]),
    "pinv rtol": (lambda x, r: la.pinv(x, rtol=r), [matrices(2, 4, 3), np.full((SIZE, 2), 1e-9)]),
    "det": (la.det, [matrices(3, 3)]),
    "slogdet": (lambda x: la.slogdet(x).logabsdet, [matrices(2, 3, 3)]),
    "cholesky": (lambda x: la.cholesky(x @ x.mT), [matrices(3, 3)]),
    "qr": (la.qr, [matrices(4, 3)]),
    "lu": (la.lu, [matrices(3, 3)]),
    "eigh": (lambda x: la.eigh(x + x.mT).eigenvalues, [matrices(3, 3)]),
    "eigh vectors": (lambda x: la.eigh(x + x.mT).eigenvectors ** 2, [matrices(3, 3)]),
    "eigvalsh": (lambda x: la.eigvalsh(x + x.mT), [matrices(2, 3, 3)]),
    "eig": (lambda x: lucid.abs(la.eig(x).eigenvalues), [matrices(3, 3)]),
    "eigvals": (lambda x: la.eigvals(x + x.mT), [matrices(3, 3)]),
    "svd": (lambda x: la.svd(x, full_matrices=False).S, [matrices(4, 3)]),
    "svdvals": (la.svdvals, [matrices(4, 3)]),
    "expm": (la.expm, [matrices(3, 3) / 4]),
    "matrix_power": (lambda x: la.matrix_power(x, -2), [matrices(3, 3)]),
    "multi_dot": (lambda a, b: la.multi_dot([a, b, a]), [matrices(3, 3), matrices(3, 3, salt=1)]),
    "norm": (la.norm, [matrices(3, 2)]),
    "matrix_norm": (lambda x: la.matrix_norm(x, ord="nuc"), [matrices(3, 2)]),
    "cond": (la.cond, [matrices(3, 3)]),
    "cross": (la.cross, [matrices(2, 3), matrices(2, 3, salt=1)]),
    "trace": (la.trace, [matrices(3, 3)]),
    "fft": (lambda x: lucid.fft.fft(x, axis=0), [matrices(3, 4)]),
    "fftn": (lucid.fft.fftn, [matrices(3, 4)]),
    "rfft": (lucid.fft.rfft, [matrices(3, 5)]),
    "irfft": (lambda x: lucid.fft.irfft(x * (1 + 1j), axis=0), [matrices(3, 4)]),
    "fftshift": (lucid.fft.fftshift, [matrices(3, 4)]),
}


@pytest.mark.parametrize("name", OF_MATRICES)
def test_linear_algebra_and_transforms(name: str) -> None:
    """Values, gradients around and inside to second order, and what elements share."""
    function, hosts = OF_MATRICES[name]

    def outputs(*arrays: lucid.Tensor) -> Any:
        return [x for x in tree.leaves(function(*arrays)) if x.dtype.is_floating]

    places = tuple(range(len(hosts)))
    if name == "pinv rtol":
        places = (0,)

    def slope(*arrays: lucid.Tensor) -> Any:
        return list(value_and_grad(lambda *a: summed(outputs(*a)), places)(*arrays)[1])

    def curvature(*arrays: lucid.Tensor) -> Any:
        return list(value_and_grad(lambda *a: summed(slope(*a)), places)(*arrays)[1])

    one_alone = [[i == j for i in range(len(hosts))] for j in range(len(hosts)) if len(hosts) > 1]
    for which in ([True] * len(hosts), *one_alone):
        inputs = [lucid.asarray(x if apart else x[0]) for x, apart in zip(hosts, which, strict=True)]
        for of in (outputs, slope, curvature):
            found = vmap(of, in_axes=tuple(0 if apart else None for apart in which))(*inputs)
            assert_same(found, loop(of, inputs, which), ulps=2**18)
    inputs = [lucid.asarray(x) for x in hosts]
    each = [True] * len(hosts)
    around = [
        value_and_grad(lambda *a, run=run: summed(run(*a)), places)(*inputs)[1]
        for run in (vmap(outputs), lambda *a: loop(outputs, list(a), each))
    ]
    assert_same(around[0], around[1], ulps=2**14)


# --- What there is, and what is refused -----------------------------------------------------------------------------


def test_every_primitive_has_a_rule_for_batches() -> None:
    """One without is right as well, by the rule that takes one element after the other."""
    primitives = {n for n, f in vars(RULE_NAMES).items() if isinstance(getattr(f, "op", None), Primitive)}
    without = primitives - set(rules.RULES) - {"to_device"}  # that one is a method of the backend
    assert not without, "give the op its family in lucid/backends/batched/rules.py"


@pytest.mark.parametrize("name", ["add", "sum", "slogdet", "concat"])
def test_an_op_without_a_rule_is_taken_element_by_element(name: str) -> None:
    x = matrices(3, 3)
    arrays = [x, x[:1]] if name in ("add", "concat") else [x]
    options = {"sum": {"axis": (1,)}, "concat": {"axis": 0}}.get(name, {})
    found, wanted = rules.one_by_one(name)(*arrays, **options), rules.RULES[name](*arrays, **options)
    for a, b in zip(*(of if isinstance(of, tuple) else [of] for of in (found, wanted)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, s: taken(op, s) and (op.name == "nonzero" or not s.traces)))
def test_what_depends_on_values_says_so(op: Op, sample: Sample) -> None:
    function = of_arrays(op, sample, "cpu")
    with pytest.raises(BatchError, match="inside vmap"):
        vmap(function)(*(lucid.asarray(np.stack(elements(x))) for x in arrays_of(sample)))
