"""Parity agrees where devices agree, and finds and names a fault that is planted in one op of one device."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import devices, models, nn
from lucid.autograd.observe import observe
from lucid.debug import comparing
from lucid.debug.comparing import largest

pytestmark = pytest.mark.skipif(not devices.is_available("gpu"), reason="parity compares with the gpu")

Plant = Callable[[Any, str, Any], None]


@pytest.fixture
def plant() -> Iterator[Plant]:
    """Put another function in the place of a backend's."""
    with pytest.MonkeyPatch.context() as patch:

        def put(backend: Any, name: str, function: Any) -> None:
            patch.setattr(backend, name, function)

        yield put
    with observe(lambda step, compute: compute()):  # and let ops look their functions up anew
        pass


class Small(nn.Module):
    """Every layer of it has other ops."""

    def __init__(self) -> None:
        self.norm = nn.LayerNorm(8)
        self.attn = nn.SpatialReductionAttention(8, num_heads=2, sr_ratio=2)
        self.act = nn.GELU()

    def forward(self, x: lucid.Tensor) -> lucid.Tensor:
        return self.act(x + self.attn(self.norm(x), 4, 4))


@pytest.fixture
def small() -> tuple[nn.Module, lucid.Tensor]:
    lucid.random.seed(0)
    return Small(), lucid.random.normal((2, 16, 8))


def test_devices_agree_on_pvt() -> None:
    lucid.random.seed(0)
    model = models.PVT(img_size=32, num_classes=10, embed_dims=(8, 16), depths=(1, 1), num_heads=(1, 2),
                       sr_ratios=(2, 1), mlp_ratios=(2, 2), drop_rate=0.1)  # fmt: skip
    state = lucid.random.default_generator.state
    found = lucid.parity(model, lucid.random.normal((2, 3, 32, 40)))
    assert found.agree, found.first
    assert found.verdict().startswith("The devices agree in all")
    assert {c.layer for c in found.comparisons} >= {"patch_embed1.proj", "block2.0.attn.kv", "head"}
    assert {c.backward for c in found.comparisons} == {True, False}
    assert {c.ran_on for c in found.comparisons} == {"cpu", "gpu"}
    assert found.outputs < 1e-5
    assert found.gradients.keys() == dict(model.named_parameters()).keys()
    assert max(found.gradients.values()) < 1e-4
    assert all(p.grad is None and p.device == "cpu" for p in model.parameters())
    assert lucid.random.default_generator.state != state


def test_a_fault_in_a_function_of_the_gpu(plant: Plant, small: Any) -> None:
    gpu = devices.backend("gpu")
    right = gpu.attention_in_heads
    plant(gpu, "attention_in_heads", lambda q, kv, heads: right(q, kv, heads=heads) * 1.0001)
    found = lucid.parity(*small)
    assert not found.agree
    assert found.first
    assert (found.first.layer, found.first.op, found.first.backward) == ("attn", "attention_in_heads", False)
    assert "DIFFER" in str(found)
    assert "attention_in_heads, in attn, of float32" in found.verdict()
    assert "is allowed" in found.verdict()


def test_a_fault_in_a_function_of_the_cpu(plant: Plant, small: Any) -> None:
    cpu = devices.backend("cpu")
    plant(cpu, "gelu", lambda x: cpu.gelu_tanh(x))  # the approximation, which is off by less than a thousandth
    found = lucid.parity(*small)
    assert found.first
    assert (found.first.layer, found.first.op, found.first.ran_on) == ("act", "gelu", "cpu")
    assert 1e-5 < found.first.difference < 1e-3


def test_a_fault_in_a_gradient_alone(plant: Plant, small: Any) -> None:
    cpu = devices.backend("cpu")
    right = cpu.layer_norm_vjp

    def wrong(*arrays: Any, **options: Any) -> Any:
        out, pullback = right(*arrays, **options)

        def flipped(g: Any, wanted: Any) -> Any:
            g_x, g_weight, g_bias = pullback(g, wanted)
            return g_x, np.flip(g_weight), g_bias

        return out, flipped

    plant(cpu, "layer_norm_vjp", wrong)
    found = lucid.parity(*small)
    assert found.first
    assert (found.first.layer, found.first.op) == ("attn.norm", "gradient of layer_norm")  # the last comes first


def test_nans_and_errors_of_one_device(plant: Plant) -> None:
    gpu = devices.backend("gpu")
    x = lucid.asarray([1.0, -1.0])
    plant(gpu, "exp", lambda a: gpu.where(a > 0, gpu.zeros_like(a) / 0, gpu.zeros_like(a)))
    assert lucid.parity(_Of(lucid.exp), x).first.difference == float("inf")  # type: ignore[union-attr]

    def refuse(a: Any) -> Any:
        raise ValueError("not today")

    plant(gpu, "sin", refuse)
    with pytest.raises(ValueError, match="not today"):  # when the gpu's turn comes to run the model
        lucid.parity(_Of(lucid.sin), x)
    plant(gpu, "sinh", lambda a: gpu.asarray(np.zeros(3, np.float32)))
    assert "the cpu gives" in lucid.parity(_Of(lucid.sinh), x).first.reason  # type: ignore[union-attr]


class _Of(nn.Module):
    def __init__(self, function: Any) -> None:
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[lucid.asarray([2, 0, 2], device=x.device)],
        lambda x: (x > 0) & (x < 0.5),
        lambda x: lucid.sort(x, axis=0),
        lambda x: lucid.sum(x - x.mean(), axis=0),  # which is 0 but for rounding
        lambda x: lucid.exp(x * 30),
        lambda x: lucid.astype(x, lucid.float16) @ lucid.astype(x, lucid.float16).mT,
        lambda x: {"a": [lucid.argmax(x, axis=1), lucid.floor(x * 3)]},
        lambda x: lucid.linalg.svd(x, full_matrices=False).S,
        lambda x: lucid.concat([x, x.cpu().to(x.device)], axis=1),
    ],
)
def test_ops_of_every_kind(function: Any) -> None:
    lucid.random.seed(0)
    found = lucid.parity(_Of(function), lucid.random.normal((6, 5)))
    assert found.agree, found.first
    assert found.comparisons


def test_largest() -> None:
    inf, nan = float("inf"), float("nan")
    a = lucid.asarray([1.0, -3.0, inf, nan])
    assert largest(a) == 3.0
    assert largest(a, a) == 0.0
    assert largest(a, lucid.asarray([1.0, -2.5, inf, nan])) == 0.5
    assert largest(a, lucid.asarray([1.0, -3.0, -inf, nan])) == inf
    assert largest(a, lucid.asarray([1.0, nan, inf, nan])) == inf
    assert largest(lucid.asarray([True, False]), lucid.asarray([True, True])) == 1.0
    assert largest(lucid.ones(2), lucid.ones(3)) == inf
    assert largest(lucid.zeros((0, 2)), lucid.zeros((0, 2))) == 0.0


def test_rows(small: Any) -> None:
    rows = lucid.parity(*small).rows(depth=1)
    assert [row[0] for row in rows] == ["norm", "attn", "Small", "act"]
    assert rows[0][2].endswith("%  layer_norm")


def test_every_number_is_moved_by_a_last_place_and_nothing_large_is_kept(device: str) -> None:
    size = 3 * comparing.PERIOD + 5
    moved = comparing._nudged(lucid.ones((size,), device=device)).numpy() - 1
    assert set(np.unique(np.abs(moved))) == {np.float32(2**-23)}
    assert abs(np.sign(moved).mean()) < 0.02
    assert comparing._signs(device).size == comparing.PERIOD
    assert comparing._nudged(lucid.ones((2, 3), device=device)).shape == (2, 3)
