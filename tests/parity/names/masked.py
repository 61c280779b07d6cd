"""torch.masked: functions of the elements where a mask is true, in lucid a `where` with what does not count."""

import math
from typing import Any

import lucid
from lucid import Tensor, linalg

from .adapting import Call, along, lucid_dtype


def kept(x: Tensor, mask: Any, neutral: Any) -> Tensor:
    return x if mask is None else lucid.where(mask, x, neutral)


def reduction(function: Call, neutral: Any) -> Call:
    def call(x: Tensor, dim: Any = None, *, keepdim: bool = False, mask: Any = None, dtype: Any = None) -> Any:
        x = x if dtype is None else x.astype(lucid_dtype(dtype))
        return function(kept(x, mask, neutral), axis=along(x, dim), keepdims=keepdim)

    return call


def places(function: Call, neutral: Any) -> Call:
    """PyTorch gives them in the dtype of x."""
    return lambda x, *args, **options: reduction(function, neutral)(x, *args, **options).astype(x.dtype)


def running(function: Call, neutral: Any) -> Call:
    def call(x: Tensor, dim: int, *, mask: Any = None, dtype: Any = None) -> Any:
        return function(kept(x, mask, neutral), axis=along(x, dim))

    return call


def softmax(function: Call, sign: int) -> Call:
    """Of a row that is masked completely there is nothing to say: nan."""

    def call(x: Tensor, dim: int, *, mask: Any = None, dtype: Any = None) -> Any:
        return function(kept(x * sign, mask, -math.inf), axis=along(x, dim))

    return call


def spread(function: Call) -> Call:
    def call(x: Tensor, dim: Any = None, unbiased: Any = None, *, correction: Any = None, keepdim: bool = False,
             mask: Any = None, dtype: Any = None) -> Any:  # fmt: skip
        freedom = correction if correction is not None else 0 if unbiased is False else 1
        return function(kept(x, mask, math.nan), axis=along(x, dim), correction=freedom, keepdims=keepdim)

    return call


def mean(x: Tensor, dim: Any = None, *, keepdim: bool = False, mask: Any = None, dtype: Any = None) -> Tensor:
    total = reduction(lucid.sum, 0)(x, dim, keepdim=keepdim, mask=mask, dtype=dtype)
    ones = lucid.ones_like(x, dtype=lucid.int64)
    return total / reduction(lucid.sum, 0)(ones, dim, keepdim=keepdim, mask=mask)


def median(x: Tensor, dim: int, *, keepdim: bool = False, mask: Any = None, dtype: Any = None) -> Tensor:
    x = kept(x, mask, math.nan)
    return lucid.nanquantile(x, 0.5, axis=along(x, dim), keepdims=keepdim, method="lower")


def norm(x: Tensor, ord: Any = 2.0, dim: Any = None, *, keepdim: bool = False, mask: Any = None,
         dtype: Any = None) -> Tensor:  # fmt: skip
    neutral = math.inf if ord == -math.inf or ord < 0 else 0.0
    return linalg.vector_norm(kept(x, mask, neutral), ord=ord, axis=along(x, dim), keepdims=keepdim)


def normalized(x: Tensor, ord: float, dim: int, *, eps: float = 1e-12, mask: Any = None, dtype: Any = None) -> Tensor:
    x = kept(x, mask, 0.0)
    return x / lucid.maximum(linalg.vector_norm(x, ord=ord, axis=along(x, dim), keepdims=True), eps)


def logaddexp(a: Tensor, b: Tensor, *, input_mask: Any = None, other_mask: Any = None, dtype: Any = None) -> Tensor:
    return lucid.logaddexp(kept(a, input_mask, -math.inf), kept(b, other_mask, -math.inf))


NAMES: dict[str, Call] = {
    "masked.sum": reduction(lucid.sum, 0),
    "masked.prod": reduction(lucid.prod, 1),
    "masked.amax": reduction(lucid.max, -math.inf),
    "masked.amin": reduction(lucid.min, math.inf),
    "masked.argmax": places(lucid.argmax, -math.inf),
    "masked.argmin": places(lucid.argmin, math.inf),
    "masked.mean": mean,
    "masked.median": median,
    "masked.var": spread(lucid.nanvar),
    "masked.std": spread(lucid.nanstd),
    "masked.logsumexp": reduction(lucid.logsumexp, -math.inf),
    "masked.cumsum": running(lucid.cumulative_sum, 0),
    "masked.cumprod": running(lucid.cumulative_prod, 1),
    "masked.softmax": softmax(lucid.softmax, 1),
    "masked.softmin": softmax(lucid.softmax, -1),
    "masked.log_softmax": softmax(lucid.log_softmax, 1),
    "masked.norm": norm,
    "masked.normalize": normalized,
    "masked.logaddexp": logaddexp,
}
