"""Attention under PyTorch's names."""

from functools import partial
from typing import Any

from ...dtypes import BOOL, DType
from ...errors import DTypeError, ShapeError
from ...ops import attention
from ...ops.activation import softmax
from ...ops.arguments import number, tensor, whole
from ...ops.creation import eye, zeros
from ...ops.data_types import astype
from ...ops.linear_algebra import matmul
from ...ops.manipulation import concat, pad, permute_dims, repeat, split
from ...ops.searching import where
from ...ops.statistical import mean
from ...tensor import Tensor
from .dense import linear
from .noise import dropout

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(q k^T scale + mask) v for query (..., n, d), key (..., m, d), value (..., m, e): (..., n, e).

    `attn_mask` holds bools, true for what a query sees, or numbers to add. `is_causal` lets query i see the keys up to
    i. `scale` is 1 / sqrt(d) if not given. With `enable_gqa` the heads of the query (..., heads, n, d) share those of
    key and value, which may be fewer. With `dropout_p`, in training or not, the softmax goes through dropout.

    Raises ShapeError if sizes do not fit, ValueError for both masks or a dropout_p outside [0, 1].

    >>> import lucid
    >>> scaled_dot_product_attention(lucid.ones((1, 3, 4)), lucid.ones((1, 5, 4)), lucid.ones((1, 5, 2))).shape
    (1, 3, 2)
    """
    if enable_gqa:
        key, value = (repeat(x, _share(query, x), axis=-3) for x in (key, value))
    attend = partial(attention.scaled_dot_product_attention, mask=attn_mask, is_causal=is_causal, scale=scale)
    if not number("scaled_dot_product_attention", dropout_p, "dropout_p"):
        return attend(query, key, value)
    one_each = eye(key.shape[-2], dtype=key.dtype, device=key.device)  # attending to unit vectors shows the weights
    return matmul(dropout(attend(query, key, one_each), dropout_p), value)


def _share(query: Tensor, other: Tensor) -> int:
    """How many heads of the query share one of the other."""
    both = [tensor("scaled_dot_product_attention", x, "a query or key") for x in (query, other)]
    heads = [x.shape[-3] if x.ndim > 2 else 1 for x in both]
    if not heads[1] or heads[0] % heads[1]:
        raise ShapeError(f"scaled_dot_product_attention: {heads[0]} heads of the query cannot share {heads[1]}")
    return heads[0] // heads[1]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention by `num_heads` heads, each with a part of the channels, for query (n, b, e), key and value (m, b, ...).

    Query, key and value are projected by the three parts of `in_proj_weight` (3 e, e), or by a weight each
    (`use_separate_proj_weight`), and the joined heads by `out_proj_weight`. `bias_k`, `bias_v` (1, 1, e) and zeros
    (`add_zero_attn`) are keys more. Masks say by True what is *not* seen, as in PyTorch, or hold numbers to add:
    `attn_mask` (n, m) or (b num_heads, n, m), `key_padding_mask` (b, m). `is_causal` is a hint about `attn_mask`, which
    has to be given. A single (n, e) has no batch.

    Returns the output (n, b, e), and the weights (b, n, m) of all heads on average, (b, num_heads, n, m) of each, or
    None. Raises ShapeError if sizes do not fit.
    """
    name = "multi_head_attention_forward"
    query, key = tensor(name, query, "query"), tensor(name, key, "key")
    value, num_heads = tensor(name, value, "value"), whole(name, num_heads, "num_heads")
    if {key.ndim, value.ndim} != {query.ndim} or query.ndim not in (2, 3):
        raise ShapeError(
            f"{name}: got {query.shape}, {key.shape} and {value.shape}; wanted (n, b, e), (m, b, ...) and (m, b, ...), "
            "or all without b"
        )
    if query.ndim == 2:
        padding = None if key_padding_mask is None else tensor(name, key_padding_mask, "key_padding_mask")[None]
        out, seen = multi_head_attention_forward(
            query[:, None], key[:, None], value[:, None], embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias,
            bias_k, bias_v, add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training, padding, need_weights,
            attn_mask, use_separate_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, average_attn_weights,
            is_causal,
        )  # fmt: skip
        return out[:, 0], None if seen is None else seen[0]
    length, batch, dim = query.shape
    divided = dim == embed_dim_to_check and num_heads > 0 and not dim % num_heads
    if not divided or key.shape[:2] != value.shape[:2] or key.shape[1] != batch:
        raise ShapeError(
            f"{name}: got {query.shape}, {key.shape} and {value.shape}; wanted (n, b, {embed_dim_to_check}), "
            f"(m, b, ...) and (m, b, ...), with {num_heads} heads of equal size"
        )
    if is_causal and attn_mask is None:
        raise ValueError(f"{name}: is_causal is a hint about attn_mask, which is not given")
    biases: Any = (None,) * 3 if in_proj_bias is None else split(tensor(name, in_proj_bias, "in_proj_bias"), 3)
    if use_separate_proj_weight:
        weights: Any = (q_proj_weight, k_proj_weight, v_proj_weight)
    else:
        weights = (None,) * 3 if in_proj_weight is None else split(tensor(name, in_proj_weight, "in_proj_weight"), 3)
    if any(weight is None for weight in weights):
        raise ValueError(f"{name}: weights of the projections are missing")
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases))
    k, v = (
        x if more is None else concat([x, repeat(tensor(name, more, what).reshape((1, 1, dim)), batch, axis=1)])
        for x, more, what in ((k, bias_k, "bias_k"), (v, bias_v, "bias_v"))
    )
    if add_zero_attn:
        k, v = (concat([x, zeros((1, *x.shape[1:]), dtype=x.dtype, device=x.device)]) for x in (k, v))
    added = k.shape[0] - key.shape[0]
    q, k, v = (permute_dims(x.reshape((-1, batch, num_heads, dim // num_heads)), (1, 2, 0, 3)) for x in (q, k, v))
    mask = _additive(name, attn_mask, q.dtype)
    if mask is not None and mask.ndim == 3:
        mask = mask.reshape((batch, num_heads, *mask.shape[1:]))
    padding = _additive(name, key_padding_mask, q.dtype)
    if padding is not None:
        mask = padding[:, None, None, :] if mask is None else mask + padding[:, None, None, :]
    if mask is not None and added:
        mask = pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, added)])
    p = number(name, dropout_p, "dropout_p") if training else 0.0
    seen = None
    if need_weights:
        scores = matmul(q * max(dim // num_heads, 1) ** -0.5, k.mT)
        seen = softmax(scores if mask is None else scores + mask)
        seen = dropout(seen, p) if p else seen
        out = matmul(seen, v)
    else:
        out = scaled_dot_product_attention(q, k, v, mask, p)
    joined = permute_dims(out, (2, 0, 1, 3)).reshape((length, batch, dim))
    out = linear(joined, out_proj_weight, out_proj_bias)
    return out, mean(seen, axis=1) if seen is not None and average_attn_weights else seen


def _additive(function: str, mask: Tensor | None, dtype: DType) -> Tensor | None:
    """A mask as numbers to add: minus infinity where bools forbid to look."""
    if mask is None or tensor(function, mask, "a mask").dtype.is_floating:
        return mask
    if mask.dtype.kind != BOOL:
        raise DTypeError(f"{function}: a mask is {mask.dtype.name}; wanted bools, true for what is not seen, or floats")
    return astype(where(mask, float("-inf"), 0.0), dtype, copy=False)
