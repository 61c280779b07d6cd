"""What Metal refuses, refused here too: MLX on a processor does it all, so these tests put Metal's rules around it.

Three rules (MLX 0.32.4): no float64; most of linear algebra runs on the cpu stream alone, and has to be sent there; no
scatter of elements of 8 bytes, but for adding complex64. All samples of all ops run under them, forward and backward.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import lucid
from lucid import autograd, devices, ops, tree
from lucid.autograd.graph import OPS as RULE_NAMES
from tests.comparing import assert_same
from tests.op_samples import OPS, Op, Sample, call, on, uses_float64
from tests.ops.test_composites import COMPOSITES
from tests.ops.test_gradients import differentiable, laid_out, numbers_of, of_its_numbers, uneven

mx = pytest.importorskip("mlx.core")
pytestmark = pytest.mark.gpu

ON_CPU_STREAM_ALONE = """
    cholesky cholesky_inv det eig eigh eigvals eigvalsh inv lu lu_factor pinv qr slogdet solve solve_triangular svd
    tri_inv
""".split()
SCATTERS = {"__setitem__", "put_along_axis", *(f"ArrayAt.{n}" for n in dir(mx.ArrayAt) if not n.startswith("_"))}


class Refused(Exception):
    """Metal would not do this. No error of lucid's or MLX's, so nothing catches it on the way."""


class Metal:
    """MLX with every function and every method of its arrays wrapped in the rules."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.cpu_streams = 0
        backend = devices.backend("gpu")
        functions = {name: f for name, f in vars(mx).items() if type(f).__name__ == "nb_func" and name != "stream"}
        for name, function in functions.items():
            patch.setattr(mx, name, self.ruled(name, function))
        for name, value in vars(backend).items():
            if (known := functions.get(getattr(value, "__name__", ""))) is value and value is not None:
                patch.setattr(backend, name, self.ruled(value.__name__, known))
        for owner, prefix in ((mx.array, ""), (mx.ArrayAt, "ArrayAt."), (mx.linalg, "linalg."), (mx.fast, "fast.")):
            for name, function in list(vars(owner).items()):
                if type(function).__name__ in ("nb_func", "nb_method") and name not in ("__init__", "__new__"):
                    patch.setattr(owner, name, self.ruled(prefix + name, function))
        patch.setattr(mx, "stream", self.stream(mx.stream))
        patch.setattr(backend, "ON_PROCESSOR", False)

    def stream(self, real: Callable[..., Any]) -> Callable[..., Any]:
        metal = self

        class Stream:
            def __init__(self, place: Any) -> None:
                self.to_cpu, self.inner = place == mx.cpu, real(place)

            def __enter__(self) -> None:
                metal.cpu_streams += self.to_cpu
                self.inner.__enter__()

            def __exit__(self, *error: object) -> None:
                metal.cpu_streams -= self.to_cpu
                self.inner.__exit__(*error)

        return Stream

    def ruled(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            out = function(*args, **options)
            if not self.cpu_streams and options.get("stream") is not mx.cpu:
                arrays = [x for x in tree.leaves([args, out]) if isinstance(x, mx.array)]
                if any(x.dtype == mx.float64 for x in arrays):
                    raise Refused(f"{name}: float64 is not supported on the GPU")
                if name.startswith("linalg.") and name.removeprefix("linalg.") in ON_CPU_STREAM_ALONE:
                    raise Refused(f"{name}: not yet supported on the GPU; pass a CPU stream")
                if name in SCATTERS and self.scatters_8_bytes(name, args, out):
                    raise Refused(f"{name}: [Scatter::eval_gpu] does not support 8 bytes")
            return out

        return call

    @staticmethod
    def scatters_8_bytes(name: str, args: Any, out: Any) -> bool:
        written = out if name.startswith("ArrayAt.") else args[0]
        if name == "__setitem__" and not any(isinstance(part, mx.array | list) for part in tree.leaves([args[1]])):
            return False  # slices and integers are written without a scatter
        return written.dtype.size == 8 and not (name == "ArrayAt.add" and written.dtype == mx.complex64)


def forget_kernels() -> None:
    """Ops look a kernel up once and keep it."""
    for op in [getattr(f, "op", None) for f in vars(RULE_NAMES).values()] + list(COMPOSITES.values()):
        for table in ("kernels", "kernels_with_pullback"):
            getattr(op, table, {}).clear()


@pytest.fixture
def metal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metal]:
    devices.backend("gpu")
    with monkeypatch.context() as patch:
        rules = Metal(patch)
        forget_kernels()
        yield rules
    forget_kernels()


def samples(op: Op) -> list[Sample]:
    return [sample for sample in op.samples if not uses_float64(sample)]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_op_keeps_the_rules(metal: Metal, op: Op) -> None:
    for sample in samples(op):
        found = call(op, "gpu", sample)
        tree.map(lambda x: x.detach().numpy() if isinstance(x, lucid.Tensor) else x, found)
        assert_same(found, call(op, "cpu", sample), ulps=2 * op.ulps)


@pytest.mark.parametrize("op", [op for op in OPS if op.differentiable], ids=lambda op: op.name)
def test_every_gradient_keeps_the_rules(metal: Metal, op: Op) -> None:
    """First order, and the graph of the second."""
    for sample in samples(op):
        if not differentiable(op, sample):
            continue
        for create_graph in (False, True):
            inputs = [laid_out(x, "gpu", sample.layout).requires_grad_() for x in numbers_of(sample)]
            outputs = [x for x in of_its_numbers(op, sample, "gpu")(*inputs) if x.requires_grad]
            weights = [on(x.device, uneven(x)) for x in outputs]
            found = (
                autograd.grad(outputs, inputs, weights, allow_unused=True, create_graph=create_graph) if outputs else ()
            )
            for g in found:
                if g is not None:
                    g.detach().numpy()


def test_indexing_of_8_bytes_keeps_the_rules(metal: Metal) -> None:
    x, places = lucid.asarray([1, 2, 3], device="gpu"), lucid.asarray([0, 2], device="gpu")
    x[places] = 7
    assert x.tolist() == [7, 2, 7]
    x[x == 7] = lucid.asarray([4, 5], device="gpu")
    assert x.tolist() == [4, 2, 5]
    z = lucid.asarray([1j, 2.0], device="gpu")
    z[lucid.asarray([1], device="gpu")] = 3.0
    assert z.tolist() == [1j, 3.0]


def test_random_numbers_keep_the_rules(metal: Metal) -> None:
    for draw in (lucid.random.uniform, lucid.random.normal):
        draw((5,), device="gpu").numpy()
    lucid.random.integers(0, 9, (5,), device="gpu").numpy()
    lucid.random.permutation(5, device="gpu").numpy()


# The rules themselves: each refuses what it should.


@pytest.mark.parametrize(
    ("break_a_rule", "message"),
    [
        (lambda: mx.add(mx.array(1.0, mx.float64), mx.array(1.0)), "add: float64"),
        (lambda: mx.array(1.0, mx.float64) + 1, "__add__: float64"),
        (lambda: mx.zeros((2,), mx.float64), "zeros: float64"),
        (lambda: mx.array([1.0]).astype(mx.float64), "astype: float64"),
        (lambda: mx.linalg.inv(mx.eye(2)), "linalg.inv: not yet supported"),
        (lambda: mx.zeros((2,), mx.int64).at[mx.array([0])].add(1), "add: .* 8 bytes"),
        (lambda: mx.zeros((2,), mx.int64).__setitem__(mx.array([0]), 1), "__setitem__: .* 8 bytes"),
        (lambda: mx.zeros((2,), mx.complex64).__setitem__(mx.array([0]), 1), "__setitem__: .* 8 bytes"),
        (lambda: mx.zeros((2,), mx.complex64).at[mx.array([0])].multiply(1), "multiply: .* 8 bytes"),
    ],
)
def test_what_metal_refuses_is_refused(metal: Metal, break_a_rule: Callable[[], Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        break_a_rule()


def test_what_metal_allows_is_allowed(metal: Metal) -> None:
    mx.linalg.inv(mx.eye(2), stream=mx.cpu)
    mx.zeros((2,), mx.complex64).at[mx.array([0])].add(1)
    mx.zeros((2,), mx.int64)[0:1] = 1
    with mx.stream(mx.cpu):
        mx.zeros((2,), mx.int64).at[mx.array([0])].add(1)
        assert mx.array(1.0, mx.float64) + 1 == 2


def test_a_backend_that_forgot_the_cpu_stream_would_be_caught(metal: Metal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.backend("gpu"), "ON_PROCESSOR", True)
    x = lucid.asarray([1, 2, 3], device="gpu")
    with pytest.raises(Refused):
        x[lucid.asarray([0], device="gpu")] = 7
    with pytest.raises(Refused):
        ops.indexing.scatter_add(x, (lucid.asarray([0, 1, 1], device="gpu").array,), (2,))
