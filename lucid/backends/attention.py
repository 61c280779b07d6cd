"""Attention in NumPy, a few images or heads at a time, so that no more of the scores is there than fits the cache.

Scores stand keys by queries, (..., m, n): largest values and sums over the keys then add whole rows to each other.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .blocks import BLOCK, in_blocks
from .fused import covered

Array = Any


def scaled_dot_product_attention(q: Array, k: Array, v: Array, mask: Array | None, *, scale: float) -> Any:
    if not _covered(q, k, v, mask):
        return NotImplemented
    out = _like(q, v)
    _in_blocks(partial(_attend, scale), q, k, v, out, *_spread(q, k, mask))
    return out


def scaled_dot_product_attention_vjp(q: Array, k: Array, v: Array, mask: Array | None, *, scale: float) -> Any:
    out = scaled_dot_product_attention(q, k, v, mask, scale=scale)
    if out is NotImplemented:
        return out

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array | None, ...]:
        slopes = [np.empty_like(x) for x in (q, k, v)]
        masks = _spread(q, k, mask)
        if mask is None or not wanted[3]:
            _in_blocks(partial(_slopes, scale), q, k, v, g, *slopes, *masks)
            return (*slopes, None)
        of_scores = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
        _in_blocks(partial(_slopes, scale), q, k, v, g, *slopes, *masks, of_scores)
        return (*slopes, _sum_to(of_scores, mask.shape))

    return out, pullback


def _covered(q: Array, k: Array, v: Array, mask: Array | None) -> bool:
    if not (covered(q) and q.shape[:-2] == k.shape[:-2] == v.shape[:-2] and k.size > 0 and q.size > 0):
        return False
    sizes = (*q.shape[:-1], k.shape[-2])
    return mask is None or (mask.ndim <= q.ndim and np.broadcast_shapes(mask.shape, sizes) == sizes)


def _spread(q: Array, k: Array, mask: Array | None) -> tuple[Array, ...]:
    """The mask, if there is one, for each query and key, in the order of scores in memory."""
    if mask is None:
        return ()
    turned = np.ascontiguousarray(np.atleast_2d(mask).mT)
    return (np.broadcast_to(turned.mT, (*q.shape[:-1], k.shape[-2])),)


def _sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the axes along which an array of this shape was repeated."""
    shape_of_all = (1,) * (x.ndim - len(shape)) + shape
    repeated = tuple(i for i, n in enumerate(shape_of_all) if n == 1)
    return np.add.reduce(x, repeated, keepdims=True).reshape(shape)


def _like(q: Array, v: Array) -> Array:
    """Memory for the result, with its axes in the order of those of q: heads that stood side by side still do."""
    return np.empty_like(q, shape=(*q.shape[:-1], v.shape[-1]))


def _in_blocks(formula: Any, *arrays: Array) -> None:
    """Blocks of the longest of the leading axes, of which there are two or are made two."""
    q, k, *_ = arrays
    if q.ndim != 4:
        shape = (1,) * (4 - q.ndim) if q.ndim < 4 else ()
        arrays = tuple(x[(None,) * len(shape)] for x in arrays)
    leading = arrays[0].shape[:-2]
    if first := leading.index(max(leading)):
        arrays = tuple(x.swapaxes(first, 0) for x in arrays)
    each = arrays[0][0].size // q.shape[-1] * k.shape[-2]  # scores of one row
    in_blocks(formula, *arrays, rows=max(BLOCK // each, 1), blas=True)


def _queries(q: Array, k: Array) -> list[slice]:
    """Parts of the queries whose scores fit the cache."""
    count, rest = q.shape[-2], k.size // k.shape[-1]
    step = max(BLOCK // rest, 1)
    return [slice(i, i + step) for i in range(0, count, step)]


def _attend(scale: float, q: Array, k: Array, v: Array, out: Array, mask: Array | None = None) -> None:
    k = k * scale
    for part in _queries(q, k):
        weights, sums = _softmax(_scores(k, q[..., part, :], mask, part), mask is not None)
        mean = np.matmul(weights.mT, v)
        np.divide(mean, sums.mT, out=out[..., part, :])


def _scores(k: Array, queries: Array, mask: Array | None, part: slice) -> Array:
    scores = np.matmul(k, queries.mT)
    return scores if mask is None else np.add(scores, mask[..., part, :].mT, out=scores)


def _softmax(scores: Array, masked: bool) -> tuple[Array, Array]:
    """exp(scores), in their memory and no larger than 1, and its sums over the keys, infinite where none is seen."""
    largest = np.maximum.reduce(scores, -2, keepdims=True)
    if masked:
        largest[largest == -np.inf] = 0
    scores -= largest
    np.exp(scores, out=scores)
    sums = np.add.reduce(scores, -2, keepdims=True)
    if masked:
        sums[sums == 0] = np.inf
    return scores, sums


def _slopes(
    scale: float,
    q: Array,
    k: Array,
    v: Array,
    g: Array,
    q_slope: Array,
    k_slope: Array,
    v_slope: Array,
    mask: Array | None = None,
    of_scores: Array | None = None,
) -> None:
    """For o = v^T p with p = softmax(s) and s = k q^T scale: ds = p (v g^T - sum(p v g^T)), dq = ds^T k scale, ..."""
    k_scaled = k * scale
    k_slope[...] = v_slope[...] = 0
    for part in _queries(q, k):
        queries, above = q[..., part, :], g[..., part, :]
        p, sums = _softmax(_scores(k_scaled, queries, mask, part), mask is not None)
        p /= sums
        v_slope += np.matmul(p, above)
        slope = np.matmul(v, above.mT)
        slope -= np.add.reduce(slope * p, -2, keepdims=True)
        slope *= p
        if mask is not None and (unseeing := np.isposinf(sums)).any():
            np.copyto(slope, 0, where=unseeing)  # whatever the values are
        if of_scores is not None:
            of_scores[..., part, :] = slope.mT
        q_slope[..., part, :] = np.matmul(slope.mT, k_scaled)
        k_slope += np.matmul(slope, queries)
    k_slope *= scale
