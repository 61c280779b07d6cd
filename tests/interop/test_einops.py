"""einops takes tensors, whichever of the two was imported first, and gradients flow through it."""

import subprocess
import sys

import einops
import einops.array_api
import numpy as np
import pytest

import lucid
from tests.op_samples import numbers

X = numbers(2, 6, 4)


@pytest.mark.parametrize(
    ("pattern", "sizes"), [("a b c -> c (a b)", {}), ("a (b d) c -> a d b c", {"d": 3}), ("... c -> c ...", {})]
)
def test_rearrange(device: str, pattern: str, sizes: dict[str, int]) -> None:
    x = lucid.asarray(X, device=device)
    for found in (einops.rearrange(x, pattern, **sizes), einops.array_api.rearrange(x, pattern, **sizes)):
        assert found.device == device
        np.testing.assert_array_equal(found.numpy(), einops.rearrange(X, pattern, **sizes))


@pytest.mark.parametrize("operation", ["min", "max", "sum", "mean", "prod", "any", "all"])
def test_reduce(device: str, operation: str) -> None:
    host = X > 0 if operation in ("any", "all") else X
    found = einops.reduce(lucid.asarray(host, device=device), "a (b d) c -> a d", operation, d=2)
    np.testing.assert_allclose(found.numpy(), einops.reduce(host, "a (b d) c -> a d", operation, d=2), rtol=1e-5)


def test_repeat_pack_and_the_rest(device: str) -> None:
    x = lucid.asarray(X, device=device)
    np.testing.assert_array_equal(einops.repeat(x, "a b c -> a (b k) c", k=2).numpy(), np.repeat(X, 2, 1))
    np.testing.assert_array_equal(einops.rearrange([x, x], "k a b c -> a k b c").numpy(), np.stack([X, X], 1))
    packed, shapes = einops.pack([x, x[0]], "* b c")
    assert packed.shape == (3, 6, 4)
    assert [part.shape for part in einops.unpack(packed, shapes, "* b c")] == [(2, 6, 4), (6, 4)]
    assert einops.parse_shape(x, "a _ c") == {"a": 2, "c": 4}
    product = einops.einsum(x, x, "a b c, a d c -> a b d")
    np.testing.assert_allclose(product.numpy(), X @ X.swapaxes(1, 2), rtol=1e-5, atol=1e-6)
    assert isinstance(einops.asnumpy(x), np.ndarray)


def test_gradients_flow(device: str) -> None:
    x = lucid.asarray(X, device=device, requires_grad=True)
    (einops.reduce(x, "a b c -> b", "mean") ** 2).sum().backward()
    wanted = np.broadcast_to(2 * X.mean((0, 2), keepdims=True) / 8, X.shape)
    np.testing.assert_allclose(x.grad.numpy(), wanted, rtol=1e-5)


@pytest.mark.parametrize("imports", ["import lucid, einops", "import einops, lucid", "import lucid, einops.array_api"])
def test_the_order_of_imports_does_not_matter(imports: str) -> None:
    program = f"{imports}\nassert einops.rearrange(lucid.ones((2, 3)), 'a b -> b a').shape == (3, 2)"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_lucid_does_not_import_einops() -> None:
    program = "import lucid, sys\nlucid.ones(2)\nassert 'einops' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
