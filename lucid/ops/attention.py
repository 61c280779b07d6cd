"""Attention: every query gets a mean of values, weighted by how well it goes with their keys. In heads, it gets one for
each of several groups of channels."""

import builtins
import math

from ..autograd.operation import composite
from ..dtypes import BOOL
from ..errors import DTypeError, ShapeError
from ..tensor import Tensor
from .activation import softmax
from .arguments import REAL_FLOATING, broadcast_shapes, fast, number, tensor, together, whole
from .creation import arange
from .linear_algebra import matmul
from .manipulation import permute_dims, reshape
from .searching import where
from .statistical import max

__all__ = ["attention_in_heads", "scaled_dot_product_attention"]


@composite
def _scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, /, *, scale: float) -> Tensor:
    scores = matmul(q * scale, k.mT)
    if mask is None:
        return matmul(softmax(scores), v)
    scores = scores + mask
    seeing = max(scores, axis=-1, keepdims=True) != -math.inf  # nan stays nan
    return matmul(where(seeing, softmax(where(seeing, scores, 0.0)), 0.0), v)


def scaled_dot_product_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    /,
    *,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(q k^T scale + mask) v for queries (..., n, d), keys (..., m, d) and values (..., m, e): (..., n, e).

    `mask` broadcasts to (..., n, m): numbers are added to the scores, and bools say which keys a query sees, for which
    0 is added, minus infinity for the others. `is_causal` lets query i see the keys up to i. A query that sees no key
    gets zeros. As in PyTorch, nan reaches a query from every key, seen or not. `scale` is d^-0.5 if not given.

    Vaswani et al., Attention Is All You Need, 2017 (arXiv 1706.03762). Raises ShapeError if the sizes do not fit.
    """
    name = "scaled_dot_product_attention"
    q, k, v = together(name, fast(REAL_FLOATING), q, k, v)
    if builtins.min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"{name}: got q {q.shape}, k {k.shape}, v {v.shape}; wanted (..., n, d), (..., m, d) and (..., m, e)"
        )
    if is_causal:
        if mask is not None:
            raise ValueError(f"{name}: give either mask or is_causal")
        rows = arange(q.shape[-2], device=q.device)[:, None]
        mask = arange(k.shape[-2], device=q.device) <= rows
    if mask is not None:
        mask = tensor(name, mask, "mask")
        lead = broadcast_shapes(name, q.shape[:-2], k.shape[:-2], v.shape[:-2])
        broadcast_shapes(name, mask.shape, (*lead, q.shape[-2], k.shape[-2]))
        mask = where(mask, 0.0, -math.inf) if mask.dtype.kind == BOOL else mask
        if not mask.dtype.is_floating:
            raise DTypeError(
                f"{name}: the mask is {mask.dtype.name}; wanted bools, which say what is seen, or floats to add"
            )
        mask = mask.astype(q.dtype, copy=False)
    scale = builtins.max(q.shape[-1], 1) ** -0.5 if scale is None else number(name, scale, "scale")
    return _scaled_dot_product_attention(q, k, v, mask, scale=scale)


@composite
def _attention_in_heads(q: Tensor, kv: Tensor, /, *, heads: int) -> Tensor:
    return join_heads(scaled_dot_product_attention(*split_heads(q, kv, heads)))


def split_heads(q: Tensor, kv: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """The queries (b, heads, n, d), keys and values (b, heads, m, d) in q (b, n, c) and kv (b, m, 2 c), c = heads d."""
    d = q.shape[2] // heads
    k, v = permute_dims(reshape(kv, (*kv.shape[:2], 2, heads, d)), (2, 0, 3, 1, 4))
    return permute_dims(reshape(q, (*q.shape[:2], heads, d)), (0, 2, 1, 3)), k, v


def join_heads(x: Tensor) -> Tensor:
    """What all heads (b, heads, n, d) say of each query: (b, n, heads d)."""
    b, heads, n, d = x.shape
    return reshape(permute_dims(x, (0, 2, 1, 3)), (b, n, heads * d))


def attention_in_heads(q: Tensor, kv: Tensor, /, *, heads: int) -> Tensor:
    """Attention of tokens q (b, n, c) to others, (b, m, 2 c), which hold keys and behind them values: (b, n, c).

    Each of the `heads` has a part of the channels, its own attention, and its part of the result.

    Vaswani et al., Attention Is All You Need, 2017 (arXiv 1706.03762), section 3.2.2. Raises ShapeError if the sizes do
    not fit.

    >>> import lucid
    >>> attention_in_heads(lucid.ones((1, 6, 8)), lucid.ones((1, 4, 16)), heads=2).shape
    (1, 6, 8)
    """
    q, kv = together("attention_in_heads", fast(REAL_FLOATING), q, kv)
    shape, others, heads = q.shape, kv.shape, whole("attention_in_heads", heads, "heads")
    if len(shape) != 3 or others != (*shape[:1], *others[1:2], 2 * shape[2]) or heads < 1 or shape[2] % heads:
        raise ShapeError(
            f"attention_in_heads: got q {shape}, kv {others}, heads={heads}; wanted (b, n, c) and (b, m, 2 c), and "
            "heads that divide c"
        )
    return _attention_in_heads(q, kv, heads=heads)
