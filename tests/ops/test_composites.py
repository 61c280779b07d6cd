"""Every kernel of a composite against its body, which is what it means: value, gradient and second order."""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import devices, ops, tree
from lucid.autograd import check_gradients, grad
from lucid.autograd.operation import Composite
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, laid_out, neural, numbers, on, pooling, relation, uses_float64
from tests.ops.test_gradients import differentiable, numbers_of, of_its_numbers, uneven


def composites() -> dict[str, Composite]:
    """Every composite of lucid.ops by its name."""
    modules = [module for _, module in inspect.getmembers(ops, inspect.ismodule)]
    found = [getattr(f, "op", None) for module in modules for _, f in inspect.getmembers(module, callable)]
    return {op.name: op for op in found if isinstance(op, Composite)}


COMPOSITES = composites()


class Watched:
    """The kernels of all composites, counted as they run, or switched off."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.ran = patch, set[tuple[str, str]]()
        for name, op in COMPOSITES.items():
            for table in ("kernels", "kernels_with_pullback"):
                patch.setattr(op, table, self.counted(name, table, getattr(op, table)))

    def counted(self, name: str, table: str, kernels: Any) -> Any:
        def find(array_type: type) -> Any:
            kernel = kernels[array_type]

            def call(*arrays: Any, **options: Any) -> Any:
                out = kernel(*arrays, **options)
                if out is not NotImplemented:
                    self.ran.add((name, table))
                return out

            return kernel and call

        return Finder(find)

    def switch_off(self) -> None:
        for op in COMPOSITES.values():
            for table in ("kernels", "kernels_with_pullback"):
                self.patch.setattr(op, table, Finder(lambda array_type: None))


class Finder(dict[type, Any]):
    def __init__(self, find: Any) -> None:
        self.find = find

    def __missing__(self, array_type: type) -> Any:
        return self.find(array_type)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def samples(device: str) -> Iterator[tuple[Op, Sample]]:
    """What reaches a composite: the samples of the neural ops, of pooling and of distances."""
    for op in (*neural.OPS, *pooling.OPS, *relation.OPS):
        for sample in op.samples:
            if differentiable(op, sample) and not (device == "gpu" and uses_float64(sample)):
                yield op, sample


def value_and_gradients(op: Op, sample: Sample, device: str) -> tuple[Any, Any]:
    function = of_its_numbers(op, sample, device)
    with lucid.no_grad():
        value = function(*(laid_out(x, device, sample.layout) for x in numbers_of(sample)))
    inputs = [laid_out(x, device, sample.layout).requires_grad_() for x in numbers_of(sample)]
    outputs = function(*inputs)
    weights = [on(device, uneven(x)) for x in outputs]
    return [*value, *outputs], grad(outputs, inputs, weights, allow_unused=True)


def test_kernels_do_what_their_bodies_mean(device: str, watched: Watched) -> None:
    by_kernels = [value_and_gradients(op, sample, device) for op, sample in samples(device)]
    ran = set(watched.ran)
    watched.switch_off()
    for (op, sample), found in zip(samples(device), by_kernels, strict=True):
        try:
            assert_same(found, value_and_gradients(op, sample, device), ulps=4 * op.ulps)
        except AssertionError as error:
            raise AssertionError(f"{op.name}, {sample.note}: {error}") from None
    backend = devices.backend(device)
    offered = {(name, "kernels") for name in COMPOSITES if hasattr(backend, name)}
    offered |= {(name, "kernels_with_pullback") for name in COMPOSITES if hasattr(backend, f"{name}_vjp")}
    assert ran == offered, "a kernel that no sample reaches, or one that never covers its case"


def test_every_composite_has_a_kernel_somewhere() -> None:
    """A composite costs something over a plain function, which only a kernel pays back."""
    pytest.importorskip("mlx.core")
    backends = [devices.backend(device) for device in ("cpu", "gpu")]
    assert COMPOSITES
    assert {n for n in COMPOSITES if any(hasattr(b, n) or hasattr(b, f"{n}_vjp") for b in backends)} == set(COMPOSITES)


@pytest.mark.parametrize("op", [op for op in neural.OPS if op.name in ("gelu", "layer_norm")], ids=lambda op: op.name)
def test_the_second_order_is_that_of_the_body(op: Op, watched: Watched) -> None:
    """In double precision, with the kernels in use: the first order comes from them, the second from the body."""
    inputs = [x.astype(np.float64) for x in numbers_of(op.samples[0])]
    function = of_its_numbers(op, op.samples[0], "cpu")
    check_gradients(lambda *x: function(*x)[0], [lucid.asarray(x, requires_grad=True) for x in inputs], order=3)
    assert (op.name, "kernels_with_pullback") in watched.ran


def test_the_second_order_on_the_gpu(device: str) -> None:
    """Against the cpu, which finite differences have judged."""
    found = []
    for where in ("cpu", device):
        x, w, b = (on(where, numbers(*shape)).requires_grad_() for shape in ((3, 4), (4,), (4,)))
        for out in (ops.layer_norm(x, w, b), ops.gelu(x), ops.gelu(x, approximate=True)):
            (slope,) = grad(out, [x], on(where, uneven(out)), create_graph=True)
            found.append(grad(slope, [x, w], on(where, uneven(slope)), allow_unused=True))
    assert_same(found[3:], found[:3], ulps=64)


def test_a_tensor_that_is_passed_twice_counts_once_for_each_place(device: str) -> None:
    """layer_norm(x, w, w): the gradients of w as weight and as bias add up, in both orders."""
    x, w = on(device, numbers(3, 4)), on(device, numbers(4))
    together, apart = w.detach().requires_grad_(), [w.detach().requires_grad_(), w.detach().requires_grad_()]
    weights = on(device, uneven(x))
    for create_graph in (False, True):
        (found,) = grad(ops.layer_norm(x, together, together), [together], weights, create_graph=create_graph)
        first, second = grad(ops.layer_norm(x, *apart), apart, weights, create_graph=create_graph)
        assert_same(found, first + second, ulps=4)


def test_a_kernel_keeps_to_its_device(device: str) -> None:
    other = "cpu" if device == "gpu" else "gpu"
    if not lucid.is_available(other):
        pytest.skip("there is no other device")
    x, weight = on(device, numbers(3, 4)), on(other, numbers(4))
    with pytest.raises(lucid.errors.DeviceError, match="layer_norm: the inputs are on different devices"):
        ops.layer_norm(x, weight)


def test_samples_reach_every_composite() -> None:
    named = {op.name for op in (*neural.OPS, *pooling.OPS, *relation.OPS)}
    assert set(COMPOSITES) <= {"conv_of_channels", "conv_of_patches", "distances", "gelu_tanh", "sum_pool", *named}
    assert tree.leaves([list(samples("cpu"))])
