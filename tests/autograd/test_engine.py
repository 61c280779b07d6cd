"""The backward pass: what it collects, what it frees, how long a chain it takes, and what its errors say."""

import sys
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import lucid
from lucid import Tensor
from lucid.autograd import backward, grad
from lucid.errors import DeviceError, DTypeError, GradientError, ShapeError


def leaf(device: str, *values: float) -> Tensor:
    return lucid.asarray(list(values), device=device, requires_grad=True)


def test_gradients_add_up_in_leaves(device: str) -> None:
    x = leaf(device, 1.0, 2.0)
    (x * 3).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    assert not x.grad.requires_grad
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_paths_add_up(device: str) -> None:
    x = leaf(device, 2.0)
    y = x * x
    z = y + y * x + x
    assert grad(z, [x, y])[0].item() == 4 + 12 + 1
    assert grad(x + x, [x])[0].item() == 2


def test_broadcasting_is_undone(device: str) -> None:
    x, y = lucid.ones((3, 1), device=device, requires_grad=True), lucid.ones((4,), device=device, requires_grad=True)
    one = lucid.ones((1, 1, 1), device=device, requires_grad=True)
    found = grad((x * y + one).sum(), [x, y, one])
    assert [g.tolist() for g in found] == [[[4.0]] * 3, [3.0] * 4, [[[12.0]]]]


def test_grad_touches_no_leaf(device: str) -> None:
    x, y = leaf(device, 1.0), leaf(device, 2.0)
    (found,) = grad(x * y, [x])
    assert (found.tolist(), x.grad, y.grad) == ([2.0], None, None)


def test_outputs_are_weighted_and_summed(device: str) -> None:
    x = leaf(device, 1.0, 2.0)
    weights = lucid.asarray([1.0, 10.0], device=device)
    assert grad([x * 2, x * 3], [x], [weights, weights])[0].tolist() == [5.0, 50.0]
    (x * 2).backward(weights)
    backward([x.sum(), (x * 2).sum()])
    assert x.grad.tolist() == [5.0, 23.0]


def test_the_gradient_has_the_dtype_of_the_leaf(device: str) -> None:
    x = lucid.ones(2, dtype=lucid.float16, device=device, requires_grad=True)
    y = lucid.ones(2, device=device, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (lucid.float16, lucid.float32)


def test_third_order(device: str) -> None:
    x = leaf(device, 2.0)
    first = grad(x**5, [x], create_graph=True)[0]
    second = grad(first, [x], create_graph=True)[0]
    third = grad(second, [x], create_graph=True)[0]
    assert [first.item(), second.item(), third.item()] == [80.0, 160.0, 240.0]
    (first * third).backward()
    assert x.grad.item() == 160 * 240 + 80 * 240


def test_create_graph_in_backward(device: str) -> None:
    x = leaf(device, 3.0)
    (x**3).backward(create_graph=True)
    slope, x.grad = x.grad, None
    slope.backward()
    assert (slope.item(), x.grad.item()) == (27.0, 18.0)


# --- Hooks, and gradients that are kept ------------------------------------------------------------------------------


def test_a_hook_sees_the_whole_gradient_and_may_replace_it(device: str) -> None:
    x, seen = leaf(device, 1.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.item()))
    handle = y.register_hook(lambda g: g * 10)
    (y * 3 + y).backward(retain_graph=True)
    assert (seen, x.grad.item()) == ([4.0], 80.0)
    handle.remove()
    handle.remove()
    x.grad = None
    (y * 1).backward()
    assert (seen, x.grad.item()) == ([4.0, 1.0], 2.0)


def test_a_hook_on_a_leaf(device: str) -> None:
    x = leaf(device, 1.0)
    x.register_hook(lambda g: -g)
    (x * 2).backward()
    assert x.grad.item() == -2.0
    assert grad(x * 2, [x])[0].item() == -2.0


def test_a_hook_that_returns_something_else_is_named(device: str) -> None:
    x = leaf(device, 1.0, 2.0)
    x.register_hook(lambda g: g.sum())
    with pytest.raises(ShapeError, match=r"hook: returned Tensor \(\); wanted None or a Tensor of shape \(2,\)"):
        (x * 2).sum().backward()
    with pytest.raises(GradientError, match="register_hook: no gradient flows"):
        lucid.ones(1, device=device).register_hook(lambda g: g)


def test_a_hook_takes_part_in_second_order(device: str) -> None:
    x = leaf(device, 2.0)
    y = x * x
    handle = y.register_hook(lambda g: g * g)
    (slope,) = grad(y * y, [x], create_graph=True)  # (2 y)^2 2 x = 8 x^5
    handle.remove()
    assert slope.item() == 256.0
    assert grad(slope, [x])[0].item() == 40 * 16


def test_retain_grad(device: str) -> None:
    x = leaf(device, 1.0)
    y = x * 2
    y.retain_grad()
    (y * y).backward()
    assert (y.grad.item(), x.grad.item(), y.is_leaf) == (4.0, 8.0, False)
    assert (x * 2).grad is None
    x.retain_grad()
    (x * 1).backward()
    assert x.grad.item() == 9.0


# --- What is kept alive ----------------------------------------------------------------------------------------------


def test_a_graph_is_freed_by_the_backward_pass_and_says_so(device: str) -> None:
    x = leaf(device, 2.0)
    y = lucid.exp(x)
    z = y * y
    z.backward()
    with pytest.raises(GradientError, match=r"the graph behind multiply was freed.*retain_graph=True"):
        z.backward()
    with pytest.raises(GradientError, match=r"the graph behind exp was freed"):
        (y * 1).backward()


def test_a_graph_that_is_retained_serves_again(device: str) -> None:
    x = leaf(device, 2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0


@pytest.mark.parametrize(
    ("function", "kept"),
    [
        (lambda x, y: x + y, []), (lambda x, y: x * y, ["x", "y"]), (lambda x, y: x / y, ["out", "y"]),
        (lambda x, y: lucid.exp(x), ["out"]), (lambda x, y: lucid.sin(x), ["x"]), (lambda x, y: x.sum(axis=0), []),
        (lambda x, y: lucid.reshape(x, (-1,)), []), (lambda x, y: lucid.tanh(x), ["out"]), (lambda x, y: x[:1], []),
        (lambda x, y: lucid.softmax(x), ["out"]), (lambda x, y: lucid.concat([x, y]), []),
        (lambda x, y: x.astype(lucid.float16), []),
    ],
)  # fmt: skip
def test_only_what_a_rule_names_is_kept_alive(device: str, function: Callable[..., Tensor], kept: list[str]) -> None:
    base = lucid.ones((2, 2), device=device, requires_grad=True)
    tensors = {"x": base * 2, "y": base * 3}
    tensors["out"] = out = function(tensors["x"], tensors["y"])
    end = out.sum()
    arrays = {name: weakref.ref(x.array) for name, x in tensors.items()}
    del tensors, out
    if device == "gpu":
        end.detach().numpy()  # until it is computed, MLX's own graph holds them
    assert sorted(name for name, array in arrays.items() if array() is not None) == sorted(kept)
    end.backward()
    assert not any(array() is not None for array in arrays.values()), "the backward pass frees what was kept"


def test_a_graph_dies_with_what_was_computed(device: str) -> None:
    x = leaf(device, 1.0)
    y = x * 2
    node = weakref.ref(y.array)
    z = y * y
    del y, z
    assert node() is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_chain_of_50_000_ops_does_not_overflow_the_stack(create_graph: bool) -> None:
    assert sys.getrecursionlimit() < 50_000
    x = leaf("cpu", 1.0)
    y = x
    for _ in range(50_000):
        y = y + 1.0
    (found,) = grad(y, [x], create_graph=create_graph)
    assert (y.item(), found.item()) == (50_001.0, 1.0)
    del y, found  # nor when it is freed


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_a_long_chain_on_the_gpu(device: str) -> None:
    x = leaf(device, 1.0)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad.item()) == (20_001.0, 1.0)


def test_a_wide_graph_takes_each_node_once(device: str) -> None:
    """2^60 paths, 60 nodes."""
    x = leaf(device, 1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert grad(y, [x])[0].item() == 2.0**60


# --- Errors ----------------------------------------------------------------------------------------------------------


def test_errors_say_what_to_do(device: str) -> None:
    x, plain = leaf(device, 1.0, 2.0), lucid.ones(2, device=device)
    cases = [
        (lambda: plain.sum().backward(), GradientError, "backward: no gradient flows through output 0"),
        (
            lambda: (x * 2).backward(),
            GradientError,
            r"output 0 has shape (2,); reduce it to one number, as with x.sum()",
        ),
        (lambda: (x * 2).backward(lucid.ones(3, device=device)), ShapeError, "gradient 0 is Tensor (3,)"),
        (lambda: (x * 2).backward(1.0), ShapeError, "backward: gradient 0 is float"),
        (lambda: (x * 2).backward(np.ones(2)), ShapeError, "backward: gradient 0 is ndarray (2,)"),
        (lambda: (x * 2).backward(x.detach().astype(lucid.int32)), DTypeError, "gradient 0 is int32; convert"),
        (lambda: backward([]), ValueError, "backward: there is no tensor to start from"),
        (lambda: grad(x.sum(), [np.ones(2)]), TypeError, "grad: input 0 is ndarray; wanted a Tensor"),
        (lambda: grad(x.sum(), [plain]), GradientError, "grad: input 0 does not require gradients"),
        (lambda: grad(x.sum(), [leaf(device, 1.0)]), GradientError, "the outputs do not depend on input 0"),
        (lambda: grad([x.sum()], [x], [None, None]), ValueError, "got 2 gradients for 1 outputs"),
    ]
    for attempt, error, message in cases:
        with pytest.raises(error) as caught:
            attempt()
        assert message in str(caught.value)
    assert grad(x.sum(), [leaf(device, 1.0)], allow_unused=True) == (None,)


def test_requires_grad_rules(device: str) -> None:
    x, whole = leaf(device, 1.0), lucid.ones(2, dtype=lucid.int32, device=device)
    y = x * 2
    assert (x.is_leaf, y.is_leaf, y.requires_grad, y.detach().requires_grad) == (True, False, True, False)
    assert not lucid.argmax(x).requires_grad
    assert not (x > 0).requires_grad
    assert not x.astype(lucid.int32).requires_grad
    with pytest.raises(lucid.errors.DTypeError, match=r"int32 has no gradients; convert with x\.astype"):
        whole.requires_grad_()
    with pytest.raises(GradientError, match=r"computed by a recorded op; use x\.detach\(\)"):
        y.requires_grad = False
    y.requires_grad_()
    x.requires_grad = False
    assert not (x * 2).requires_grad
    with pytest.raises(GradientError, match="does not require gradients"):
        x.grad = lucid.ones(1, device=device)
    x.requires_grad_()
    with pytest.raises(ShapeError, match=r"grad: got Tensor \(3,\); wanted None or a Tensor of shape \(1,\)"):
        x.grad = lucid.ones(3, device=device)
    with pytest.raises(DTypeError, match=r"grad: this tensor is float32, got int64; convert with astype"):
        x.grad = lucid.ones(1, dtype=lucid.int64, device=device)
    if device == "gpu":
        with pytest.raises(DeviceError, match=r"grad: this tensor is on gpu, got one on cpu; use \.to\(device\)"):
            x.grad = lucid.ones(1, device="cpu")
    assert x.grad is None


def test_gradients_that_overflow_are_silent(device: str) -> None:
    x = leaf(device, 1e30)
    ((x * x) * (x * x)).sum().backward()
    assert np.isinf(x.grad.numpy()).all()
