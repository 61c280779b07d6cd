"""Attention under PyTorch's names."""

from functools import partial

from ...ops import attention
from ...ops.creation import eye
from ...ops.linear_algebra import matmul
from ...tensor import Tensor
from .noise import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(q k^T scale + mask) v for query (..., n, d), key (..., m, d), value (..., m, e): (..., n, e).

    `attn_mask` holds bools, true for what a query sees, or numbers to add. `is_causal` lets query i see the keys up to
    i. `scale` is 1 / sqrt(d) if not given. With `dropout_p`, in training or not, the softmax goes through dropout.

    Raises ShapeError if sizes do not fit, ValueError for both masks or a dropout_p outside [0, 1].

    >>> import lucid
    >>> scaled_dot_product_attention(lucid.ones((1, 3, 4)), lucid.ones((1, 5, 4)), lucid.ones((1, 5, 2))).shape
    (1, 3, 2)
    """
    attend = partial(attention.scaled_dot_product_attention, mask=attn_mask, is_causal=is_causal, scale=scale)
    if not dropout_p:
        return attend(query, key, value)
    one_each = eye(key.shape[-2], dtype=key.dtype, device=key.device)  # attending to unit vectors shows the weights
    return matmul(dropout(attend(query, key, one_each), dropout_p), value)
