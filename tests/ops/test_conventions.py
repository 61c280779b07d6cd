"""Gradients at points where mathematics leaves a choice: PyTorch's, on both devices."""

import math
import operator
from collections.abc import Callable

import numpy as np
import pytest

import lucid
from lucid import ops
from lucid.autograd import grad

inf, nan = math.inf, math.nan


def scattered(x: lucid.Tensor, reduce: str) -> lucid.Tensor:
    """The first element stays, the others meet in the place of the second."""
    place = ops.asarray([1], device=x.device)
    return ops.scatter(x[:2], place, x[2:], axis=0, reduce=reduce)


AT_POINTS: list[tuple[str, Callable[..., lucid.Tensor], list[float], list[float]]] = [
    ("abs at 0", ops.abs, [0.0, -2.0, 2.0], [0.0, -1.0, 1.0]),
    ("sign", ops.sign, [0.0, 3.0], [0.0, 0.0]),
    ("sqrt at 0", ops.sqrt, [0.0, 4.0], [inf, 0.25]),
    ("std of equal numbers", ops.std, [3.0, 3.0], [0.0, 0.0]),
    ("max of ties", ops.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    ("min of ties", ops.min, [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
    ("maximum at a tie", lambda x: ops.maximum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1.0, 0.0]),
    ("minimum at a tie", lambda x: ops.minimum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 0.0, 1.0]),
    ("max of nan", ops.max, [1.0, nan], [nan, nan]),
    ("maximum of nan", lambda x: ops.maximum(x, 1.0), [nan], [1.0]),
    ("hypot at 0", lambda x: ops.hypot(x, 0.0), [0.0, 2.0], [nan, 1.0]),
    ("atan2 at the origin", lambda x: ops.atan2(x, 0.0), [0.0, 2.0], [0.0, 0.0]),
    ("atan2 at the origin, across", lambda x: ops.atan2(0.0, x), [0.0, 2.0], [0.0, 0.0]),
    *((f"norm {p} of zeros", lambda x, p=p: ops.linalg.vector_norm(x, ord=p), [0.0, 0.0], [0.0, 0.0])
      for p in (0, 0.5, 1, 1.5, 2, 3, inf, -1, -2, -inf)),
    ("norm inf of ties", lambda x: ops.linalg.vector_norm(x, ord=inf), [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
    ("distances of nothing", lambda x: ops.cdist(ops.zeros((0, 2), device=x.device), x[None]), [inf, nan], [0.0, 0.0]),
    ("prod with a zero", ops.prod, [0.0, 3.0, 4.0], [12.0, 0.0, 0.0]),
    ("prod with zeros", ops.prod, [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]),
    ("cumulative_prod with a zero", ops.cumulative_prod, [2.0, 0.0, 4.0], [1.0, 10.0, 0.0]),
    ("cumulative_prod with zeros", ops.cumulative_prod, [0.0, 0.0, 4.0], [1.0, 0.0, 0.0]),
    ("logsumexp of minus infinities", ops.logsumexp, [-inf, -inf], [nan, nan]),
    ("topk of ties", lambda x: ops.topk(x, 1).values, [1.0, 3.0, 3.0], [0.0, 1.0, 0.0]),
    ("median of ties", ops.median, [3.0, 3.0, 3.0], [0.0, 1.0, 0.0]),
    ("0 to the power 0", lambda x: x**0.0, [0.0, 2.0], [0.0, 0.0]),
    ("0 to the power 1", lambda x: x**1.0, [0.0], [1.0]),
    ("0 to the power 2", lambda x: ops.pow(x, 2.0), [0.0, 3.0], [0.0, 6.0]),
    ("exponent over 0", lambda x: ops.pow(ops.zeros_like(x), x), [0.0, 2.0], [0.0, 0.0]),
    ("clip at its bounds", lambda x: ops.clip(x, 0.0, 1.0), [0.0, 1.0, 2.0, 0.5], [1.0, 1.0, 0.0, 1.0]),
    ("where over nan", lambda x: ops.where(x > 0, x, ops.zeros_like(x) * nan), [1.0], [1.0]),
    ("nan not taken", lambda x: ops.where(x > 0, ops.where(x > 0, x, 1.0) ** 0.5, 0.0), [4.0, -1.0], [0.25, 0.0]),
    ("logaddexp of infinities", lambda x: ops.logaddexp(x, 0.0), [inf, -inf], [1.0, 0.0]),
    ("remainder", lambda x: x % 3.0, [-2.0, 4.0], [1.0, 1.0]),
    ("floor", ops.floor, [1.5], [0.0]),
    ("nanstd of equal values", ops.nanstd, [2.0, nan, 2.0], [0.0, 0.0, 0.0]),
    ("nanmax", ops.nanmax, [1.0, nan, 3.0, 3.0], [0.0, 0.0, 0.5, 0.5]),
    ("nan_to_num", ops.nan_to_num, [1.0, nan, inf, -inf], [1.0, 0.0, 0.0, 0.0]),
    ("xlogy at 0", lambda x: ops.xlogy(x, 2.0), [0.0, 1.0], [math.log(2.0)] * 2),
    ("logsumexp of minus infinity", ops.logsumexp, [-inf, 0.0], [0.0, 1.0]),
    ("cummax of ties", lambda x: ops.cummax(x).values, [1.0, 3.0, 3.0, 2.0], [1.0, 1.0, 2.0, 0.0]),
    ("scatter of ties", lambda x: scattered(x, "amax"), [1.0, 3.0, 3.0], [1.0, 0.5, 0.5]),
    ("scatter of zeros", lambda x: scattered(x, "prod"), [0.0, 2.0, 0.0], [1.0, 0.0, 2.0]),
    ("sort of ties", lambda x: ops.sort(x) * ops.arange(3, device=x.device), [5.0, 1.0, 1.0], [2.0, 0.0, 1.0]),
]  # fmt: skip


CURVED_AT_POINTS: list[tuple[str, Callable[..., lucid.Tensor], list[float], list[float]]] = [
    ("abs at 0", lambda x: ops.abs(x) * x, [0.0, -2.0], [0.0, -2.0]),
    ("max of ties, squared", lambda x: ops.max(x) ** 2, [1.0, 3.0, 3.0], [0.0, 1.0, 1.0]),
    ("prod with a zero", ops.prod, [0.0, 3.0, 4.0], [7.0, 4.0, 3.0]),
    ("prod with zeros", ops.prod, [0.0, 3.0, 0.0], [3.0, 0.0, 3.0]),
    ("cumulative_prod with a zero", ops.cumulative_prod, [2.0, 0.0, 4.0], [5.0, 7.0, 2.0]),
    ("std of equal numbers", ops.std, [3.0, 3.0], [0.0, 0.0]),
    ("norm at 0", ops.linalg.vector_norm, [0.0, 0.0], [0.0, 0.0]),
    ("0 to the power 2", lambda x: x**2.0, [0.0, 3.0], [2.0, 2.0]),
    ("0 to the power 1", lambda x: x**1.0, [0.0], [0.0]),
    ("clip at its bounds", lambda x: ops.clip(x, 0.0, 1.0) ** 2, [0.0, 1.0, 2.0, 0.5], [2.0, 2.0, 0.0, 2.0]),
    ("sqrt at 0", ops.sqrt, [0.0, 4.0], [-inf, -1 / 32]),
    ("atan2 at the origin", lambda x: ops.atan2(x, 1.0 - 1.0), [0.0], [0.0]),
    ("where over sqrt", lambda x: ops.where(x > 0, ops.where(x > 0, x, 1.0) ** 0.5, 0.0), [4.0, 0.0], [-1 / 32, 0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "at", "wanted"), [p[1:] for p in AT_POINTS], ids=[p[0] for p in AT_POINTS])
def test_gradient_at_special_points(
    device: str, function: Callable[..., lucid.Tensor], at: list[float], wanted: list[float]
) -> None:
    x = lucid.asarray(at, device=device, requires_grad=True)
    (found,) = grad(function(x).sum(), [x])
    np.testing.assert_allclose(found.numpy(), np.float32(wanted), rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "at", "wanted"), [p[1:] for p in CURVED_AT_POINTS], ids=[p[0] for p in CURVED_AT_POINTS]
)
def test_second_derivatives_at_special_points(
    device: str, function: Callable[..., lucid.Tensor], at: list[float], wanted: list[float]
) -> None:
    """The sums of the rows of the Hessian of the sum. tests/parity/test_conventions.py asks PyTorch itself."""
    x = lucid.asarray(at, device=device, requires_grad=True)
    (slope,) = grad(function(x).sum(), [x], create_graph=True)
    found = grad(slope.sum(), [x], allow_unused=True)[0] if slope.requires_grad else None
    np.testing.assert_allclose(np.zeros(len(at)) if found is None else found.numpy(), np.float32(wanted), rtol=1e-6)


def test_an_integer_has_no_negative_power(device: str) -> None:
    x = lucid.asarray([1, 2], device=device)
    for power in (lambda: x**-1, lambda: ops.pow(x, -2), lambda: x.pow(np.int8(-1)), lambda: operator.ipow(x, -1)):
        with pytest.raises(ValueError, match=r"pow: int64 to the power -\d is no integer; convert with x\.astype"):
            power()
    assert (x ** lucid.asarray(-1, device=device)).tolist() == [1, 0]  # a tensor is not looked at
    assert (x**-1.0).tolist() == (x.astype(lucid.float32) ** -1).tolist() == [1.0, 0.5]
    assert (x**0).tolist() == [1, 1]


def test_complex_magnitudes_at_0(device: str) -> None:
    for function in (ops.abs, ops.linalg.vector_norm):
        z = lucid.asarray([0j, 0j], device=device, requires_grad=True)
        (found,) = grad(function(z).sum(), [z], create_graph=True)
        assert found.detach().tolist() == [0j, 0j]
        (curved,) = grad(lucid.real(found).sum(), [z], allow_unused=True)
        assert curved is None or curved.tolist() == [0j, 0j]


def test_a_gradient_of_infinity_does_not_reach_the_side_not_taken(device: str) -> None:
    x = lucid.asarray([0.0, 4.0], device=device, requires_grad=True)
    (found,) = grad(lucid.where(x > 0, x, 0.0).sum(), [x], lucid.asarray(1.0, device=device))
    assert found.tolist() == [0.0, 1.0]
    y = lucid.where(lucid.asarray([False, True], device=device), x, 1.0)
    (found,) = grad(y, [x], lucid.asarray([inf, 2.0], device=device))
    assert found.tolist() == [0.0, 2.0]


def test_softmax_of_a_row_of_minus_infinity_is_nan_and_its_neighbours_are_not(device: str) -> None:
    out = lucid.softmax(lucid.asarray([[-inf, -inf], [0.0, -inf]], device=device)).numpy()
    np.testing.assert_array_equal(out, [[nan, nan], [1.0, 0.0]])


@pytest.mark.parametrize("kind", ["bools", "numbers"])
def test_a_query_that_sees_nothing_gets_zeros_and_gives_no_gradient(device: str, kind: str) -> None:
    sees = np.array([[True, False], [False, False]])
    mask = lucid.asarray(sees if kind == "bools" else np.where(sees, 0, -inf).astype(np.float32), device=device)
    q, k, v = (lucid.asarray(np.full((2, 3), n, np.float32), device=device, requires_grad=True) for n in (1, 2, 3))
    out = lucid.scaled_dot_product_attention(q, k, v, mask=mask)
    assert out.tolist() == [[3.0] * 3, [0.0] * 3]
    gradients = [g.numpy() for g in grad(out.sum(), [q, k, v])]
    assert all(np.isfinite(g).all() for g in gradients)
    np.testing.assert_array_equal(gradients[2], [[1.0] * 3, [0.0] * 3])


def test_is_causal_lets_query_i_see_the_keys_up_to_i(device: str) -> None:
    """Aligned to the upper left, also where there are more keys than queries."""
    v = lucid.asarray([[1.0], [3.0], [5.0]], device=device)
    q, k = lucid.zeros((2, 4), device=device), lucid.zeros((3, 4), device=device)
    assert lucid.scaled_dot_product_attention(q, k, v, is_causal=True).tolist() == [[1.0], [2.0]]


def test_divisions_follow_the_sign_of_the_divisor(device: str) -> None:
    x, y = lucid.asarray([7, -7, 7, -7], device=device), lucid.asarray([3, 3, -3, -3], device=device)
    assert (x // y).tolist() == [2, -3, -3, 2]
    assert (x % y).tolist() == [1, 2, -2, -1]


def test_rounding_is_to_even(device: str) -> None:
    assert lucid.round(lucid.asarray([0.5, 1.5, 2.5, -0.5], device=device)).tolist() == [0, 2, 2, 0]


def test_small_integers_add_up_in_64_bits(device: str) -> None:
    assert lucid.asarray([2**31 - 1] * 3, dtype=lucid.int32, device=device).sum().item() == 3 * (2**31 - 1)
    assert lucid.asarray([2**30] * 3, dtype=lucid.int32, device=device).mean().item() == 2**30


def test_16_bit_numbers_add_up_without_overflow(device: str) -> None:
    x = lucid.asarray([60000.0, 60000.0, -60000.0], dtype=lucid.float16, device=device)
    assert x.sum().item() == 60000.0
    assert x[:2].mean().item() == 60000.0
    assert x[:2].var().item() == 0.0
    wide = lucid.asarray([300.0, -300.0], dtype=lucid.float16, device=device)
    assert wide.std().item() == 300.0
    np.testing.assert_allclose(lucid.layer_norm(wide).tolist(), [1.0, -1.0], rtol=2**-10)


def test_a_bfloat16_sum_does_not_stop_at_256(device: str) -> None:
    assert lucid.ones(1000, dtype=lucid.bfloat16, device=device).sum().item() == 1000
    assert lucid.cumulative_sum(lucid.ones(512, dtype=lucid.bfloat16, device=device))[-1].item() == 512


def test_floating_point_exceptions_are_silent(device: str) -> None:
    """Warnings are errors in these tests."""
    zero, large = lucid.asarray([0.0], device=device), lucid.asarray([1e38], device=device)
    one = lucid.asarray(1.0, device=device)
    assert (1 / zero).item() == (one / zero).item() == inf
    assert lucid.log(zero).item() == -inf
    assert math.isnan(lucid.log(-one).item())
    assert (large * 10).item() == lucid.exp(large).item() == inf
    assert math.isnan((zero / zero).item())
    assert math.isnan(lucid.sqrt(-one).item())
    assert lucid.asarray([1e30], device=device).astype(lucid.float16).item() == inf
    assert lucid.asarray([2**31 - 1], dtype=lucid.int32, device=device).__add__(1).item() == -(2**31)
    x = lucid.asarray([0.0], device=device, requires_grad=True)
    lucid.sqrt(x).sum().backward()
    assert x.grad.item() == inf


def test_a_float_that_no_integer_holds_is_converted_silently(device: str) -> None:
    lucid.asarray([nan, inf, 1e30], device=device).astype(lucid.int32).numpy()


def test_attention_with_a_mask_lets_nan_through(device: str) -> None:
    q, k = lucid.asarray([[math.nan], [1.0]], device=device), lucid.ones((2, 1), device=device)
    mask = lucid.asarray([[True, False], [False, False]], device=device)
    first, second = lucid.scaled_dot_product_attention(q, k, k, mask=mask).tolist()
    assert math.isnan(first[0])
    assert second == [0.0]
