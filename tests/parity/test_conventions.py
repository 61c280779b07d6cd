"""Values and gradients of both orders at points where mathematics leaves a choice, beside PyTorch's, on both devices.

Where PyTorch's second derivative is nan or missing, lucid's may be a number.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import lucid
from lucid.autograd import grad
from lucid.nn import functional as F

inf, nan = math.inf, math.nan
vector_norm, matrix_norm = lucid.linalg.vector_norm, lucid.linalg.matrix_norm
norm_of, matrix_norm_of = torch.linalg.vector_norm, torch.linalg.matrix_norm

ZEROS, SOME, TIES = [0.0, 0.0, 0.0], [0.0, 3.0, -4.0], [2.0, -2.0, 1.0]
PRODUCTS = ([2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], ZEROS, [0.0], [2.0, 0.0, 4.0, 0.0, 5.0])
ENDS = ([-inf, 0.0], [-inf, -inf], [inf, 0.0], [inf, inf], [1e3, 1e3])
EDGES = [-3.0, -1.5, -1.0, -2 / 3, -0.5, 0.0, 0.5, 1.0, 2.0]  # of pictures with 2 and 3 pixels, and of their mirrors
SHARES = [0.0, 0.5, 1.0, 0.0, 0.5, 1.0, 1.0, 1.0]

Case = tuple[str, Callable[..., Any], Callable[..., Any], list[Any]]
CASES: list[Case] = [
    ("abs", lucid.abs, torch.abs, [SOME]),
    ("sign", lucid.sign, torch.sign, [SOME]),
    ("maximum", lucid.maximum, torch.maximum, [[1.0, 2.0, 0.0, nan, 1.0], [1.0, 1.0, 1.0, 1.0, nan]]),
    ("minimum", lucid.minimum, torch.minimum, [[1.0, 2.0, 0.0, nan, 1.0], [1.0, 1.0, 1.0, 1.0, nan]]),
    ("max", lucid.max, torch.max, [[1.0, 3.0, 3.0]]),
    ("min", lucid.min, torch.min, [[1.0, 1.0, 1.0, 2.0]]),
    *(("amax", lucid.max, torch.amax, [x]) for x in ([1.0, 3.0, 3.0], [1.0, nan, 3.0], [inf, inf, 3.0])),
    ("amax, squared", lambda x: lucid.max(x) ** 2, lambda x: torch.amax(x) ** 2, [[1.0, 3.0, 3.0]]),
    *(
        (f"norm {p}", lambda x, p=p: vector_norm(x, ord=p), lambda x, p=p: norm_of(x, p), [x])
        for p in (0, 0.5, 1, 1.5, 2, 3, inf, -inf, -1, -2)
        for x in (ZEROS, SOME, TIES, [0.0])
    ),
    *(
        (f"matrix norm {p}", lambda x, p=p: matrix_norm(x, ord=p), lambda x, p=p: matrix_norm_of(x, p), [x])
        for p in ("fro", 1, -1, inf, -inf)
        for x in ([[0.0, 0.0], [0.0, 0.0]], [[1.0, -1.0], [1.0, 1.0]])
    ),
    ("complex abs", lucid.abs, torch.abs, [[0j, 3 + 4j]]),
    ("complex sign", lucid.sign, torch.sgn, [[0j, 3 + 4j]]),
    *(("complex norm", vector_norm, norm_of, [x]) for x in ([0j, 0j], [3 + 4j, 5j])),
    ("complex pow 0", lambda x: lucid.real(x**0.0), lambda x: torch.real(x**0.0), [[0j, 1 + 1j]]),
    ("complex pow 2", lambda x: lucid.real(x**2.0), lambda x: torch.real(x**2.0), [[0j, 1 + 1j]]),
    ("log where", lambda x: lucid.where(x > 0, lucid.log(x), 0.0), lambda x: torch.where(x > 0, torch.log(x), 0.0),
     [[1.0, -1.0, 0.0]]),
    ("1/x where", lambda x: lucid.where(x != 0, 1 / x, 0.0), lambda x: torch.where(x != 0, 1 / x, 0.0), [SOME]),
    ("sqrt", lucid.sqrt, torch.sqrt, [[0.0, 4.0, -1.0]]),
    ("rsqrt", lucid.rsqrt, torch.rsqrt, [[0.0, 4.0]]),
    ("reciprocal", lucid.reciprocal, torch.reciprocal, [[0.0, 4.0]]),
    ("divide", lucid.divide, torch.div, [[0.0, 1.0], [0.0, 0.0]]),
    ("log", lucid.log, torch.log, [[0.0, 1.0]]),
    ("log1p", lucid.log1p, torch.log1p, [[-1.0, 0.0]]),
    *((f"pow {e}", lambda x, e=e: x**e, lambda x, e=e: x**e, [[0.0, 2.0, -2.0]]) for e in (0.0, 1.0, 2.0, 3.0, 0.5)),
    ("pow", lucid.pow, torch.pow, [[0.0, 0.0, 0.0, 0.0, 2.0, -2.0, 0.0], [0.0, 1.0, 2.0, -1.0, 0.0, 2.0, 0.5]]),
    ("clip", lambda x: lucid.clip(x, 0.0, 1.0), lambda x: torch.clamp(x, 0.0, 1.0), [[0.0, 1.0, 2.0, 0.5, -1.0]]),
    ("clip by tensors", lucid.clip, torch.clamp, [[0.0, 1.0, 2.0, 0.5], [0.0] * 4, [1.0] * 4]),
    ("clip, ends crossed", lucid.clip, torch.clamp, [[0.0, 1.0, 2.0, 0.5], [1.0] * 4, [0.0] * 4]),
    ("sort", lucid.sort, lambda x: torch.sort(x, stable=True)[0], [[5.0, 1.0, 1.0, 5.0]]),
    ("sort down", lambda x: lucid.sort(x, descending=True), lambda x: torch.sort(x, stable=True, descending=True)[0],
     [[5.0, 1.0, 1.0, 5.0]]),
    ("median", lucid.median, lambda x: torch.median(x, 0)[0], [[3.0, 3.0, 3.0]]),
    ("quantile", lambda x: lucid.quantile(x, 0.4), lambda x: torch.quantile(x, 0.4), [[3.0, 3.0, 1.0, 3.0]]),
    ("std", lambda x: lucid.std(x, correction=1), torch.std, [[3.0, 3.0, 3.0]]),
    ("std of one", lucid.std, lambda x: torch.std(x, correction=0), [[3.0]]),
    *(("prod", lucid.prod, torch.prod, [x]) for x in PRODUCTS),
    *(("prod along", lambda x: lucid.prod(x, axis=0), lambda x: torch.prod(x, 0), [x]) for x in PRODUCTS),
    *(("cumulative_prod", lucid.cumulative_prod, lambda x: torch.cumprod(x, 0), [x]) for x in PRODUCTS),
    ("cummax", lambda x: lucid.cummax(x).values, lambda x: torch.cummax(x, 0)[0], [[1.0, 3.0, 3.0, 2.0]]),
    *(("logsumexp", lucid.logsumexp, lambda x: torch.logsumexp(x, 0), [x]) for x in ENDS),
    *(("softmax", lucid.softmax, lambda x: torch.softmax(x, 0), [x]) for x in ENDS),
    *(("log_softmax", lucid.log_softmax, lambda x: torch.log_softmax(x, 0), [x]) for x in ENDS),
    ("logaddexp", lucid.logaddexp, torch.logaddexp, [[-inf, inf, 0.0, -inf, inf], [-inf, inf, 0.0, 0.0, -inf]]),
    ("hypot", lucid.hypot, torch.hypot, [[0.0, 3.0, 0.0], [0.0, 4.0, 2.0]]),
    ("atan2", lucid.atan2, torch.atan2, [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, -1.0]]),
    ("asin", lucid.asin, torch.asin, [[1.0, -1.0, 0.0]]),
    ("acosh", lucid.acosh, torch.acosh, [[1.0, 2.0]]),
    ("copysign", lucid.copysign, torch.copysign, [[0.0, 1.0, -1.0, 0.0], [1.0, -1.0, 0.0, -1.0]]),
    ("remainder", lucid.remainder, torch.remainder, [[4.0, -4.0, 0.0], [2.0, 2.0, 3.0]]),
    ("nan_to_num", lucid.nan_to_num, torch.nan_to_num, [[nan, inf, -inf, 1.0]]),
    ("nanmean", lucid.nanmean, torch.nanmean, [[nan, 1.0]]),
    ("relu", F.relu, torch.relu, [SOME]),
    ("logsigmoid", F.logsigmoid, functional.logsigmoid, [SOME]),
    *((name, lambda x, name=name: getattr(F, name)(x, lucid.zeros_like(x), "none"),
       lambda x, name=name: getattr(functional, name)(x, torch.zeros_like(x), reduction="none"), [
           [0.0, 0.5, 1.0, -1.0, 2.0, inf, -inf]]) for name in ("huber_loss", "smooth_l1_loss")),
    ("binary_cross_entropy", lambda x: F.binary_cross_entropy(x, lucid.asarray(SHARES, device=x.device)),
     lambda x: functional.binary_cross_entropy(x, torch.tensor(SHARES)), [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1e-20, 0.25]]),
    ("multi_margin_loss", lambda x: F.multi_margin_loss(x, lucid.asarray([1, 0], device=x.device)),
     lambda x: functional.multi_margin_loss(x, torch.tensor([1, 0])), [[[-1.0, 0.0, 2.0], [0.0, 0.5, -1.0]]]),
    ("multilabel_margin_loss", lambda x: F.multilabel_margin_loss(x, lucid.asarray([1, 2, 1], device=x.device)),
     lambda x: functional.multilabel_margin_loss(x, torch.tensor([1, 2, 1])), [[0.0, 1.0, -0.5]]),
    *((f"grid_sample, {padding}, {ends}",
       lambda x, grid, padding=padding, ends=ends: F.grid_sample(x, grid, padding_mode=padding, align_corners=ends),
       lambda x, grid, padding=padding, ends=ends: functional.grid_sample(
           x, grid, padding_mode=padding, align_corners=ends),
       [[[[[2.5, 0.5, -1.0], [1.0, 3.0, 0.0]]]], [[[[x, y] for x in EDGES] for y in EDGES]]])
      for padding in ("zeros", "border", "reflection") for ends in (False, True)),
    ("erfinv", lucid.erfinv, torch.erfinv, [[1.0, -1.0, 0.0]]),
]  # fmt: skip


def weights(shape: Any) -> np.ndarray:
    return (np.sin(np.arange(1, math.prod(shape) + 1) * 2.3) + 0.2).reshape(tuple(shape)).astype(np.float32)


def orders_of(function: Any, inputs: list[Any], gradients: Any, asarray: Any, real: Any, host: Any) -> list[list[Any]]:
    """The value, and the derivatives of first and second order of a number made of it, by each input."""
    out = function(*inputs)
    found = [[host(out)]]
    values = [out]
    for _ in range(2):
        values = [v for v in values if v is not None and v.requires_grad]
        total = sum((real((v * asarray(weights(v.shape))).sum()) for v in values), start=asarray(np.float32(0)))
        values = gradients(total, inputs) if values else [None] * len(inputs)
        found.append([np.zeros(x.shape) if v is None else host(v) for v, x in zip(values, inputs, strict=True)])
    return found


def torch_gradients(y: torch.Tensor, xs: list[torch.Tensor]) -> Any:
    """nan where PyTorch has no second derivative."""
    try:
        return torch.autograd.grad(y, xs, create_graph=True, allow_unused=True)
    except RuntimeError as error:
        if "is not implemented" not in str(error):
            raise
        return [torch.full_like(x, nan) for x in xs]


def of_torch(function: Any, hosts: list[np.ndarray]) -> list[list[Any]]:
    return orders_of(
        function,
        [torch.tensor(x, requires_grad=True) for x in hosts],
        torch_gradients,
        torch.tensor,
        lambda y: y.real if y.is_complex() else y,
        lambda y: y.numpy(force=True),
    )


def of_lucid(function: Any, hosts: list[np.ndarray], device: str) -> list[list[Any]]:
    return orders_of(
        function,
        [lucid.asarray(x, device=device, requires_grad=True) for x in hosts],
        lambda y, xs: grad(y, xs, create_graph=True, allow_unused=True),
        lambda x: lucid.asarray(x, device=device),
        lambda y: lucid.real(y) if y.dtype is lucid.complex64 else y,
        lambda y: y.detach().numpy(),
    )


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_special_points(device: str, case: Case) -> None:
    _, ours, theirs, at = case
    hosts = [np.asarray(x, np.complex64 if np.iscomplexobj(x) else np.float32) for x in at]
    found, wanted = of_lucid(ours, hosts, device), of_torch(theirs, hosts)
    for order, (xs, ys) in enumerate(zip(found, wanted, strict=True)):
        for x, y in zip(xs, ys, strict=True):
            open_to_choice = np.isnan(y) if order == 2 else np.zeros_like(y, bool)
            np.testing.assert_allclose(
                x[~open_to_choice], y[~open_to_choice], rtol=1e-4, atol=1e-5, err_msg=f"derivative of order {order}"
            )
