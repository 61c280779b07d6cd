"""Reading and writing at places."""

from math import prod
from typing import Any

import torch

import lucid
from lucid import Tensor

from .adapting import Call, Unsupported, along, key_along, lucid_dtype

REDUCTIONS = {"add": "sum", "multiply": "prod"}


def gathered(x: Tensor, dim: int, indices: Tensor) -> Tensor:
    if x.ndim and not indices.size and indices.ndim != x.ndim:
        raise Unsupported("no indices at all, of which PyTorch does not look at the axes")
    return lucid.gather(x, indices, axis=along(x, dim))


def scattered(x: Tensor, dim: int, indices: Tensor, source: Any = None, reduce: Any = None, value: Any = None,
              include_self: bool = True) -> Tensor:  # fmt: skip
    source = value if source is None else source
    how = REDUCTIONS.get(reduce, reduce)
    return lucid.scatter(x, indices, source, axis=along(x, dim), reduce=how, include_self=include_self)


def rows(x: Tensor, dim: int, indices: Tensor) -> Tensor:
    """Indices (n,) along an axis as indices for every element of a part of x."""
    shape = [indices.shape[0] if i == dim % x.ndim else 1 for i in range(x.ndim)]
    return lucid.broadcast_to(
        lucid.reshape(indices, shape), [n if i != dim % x.ndim else indices.shape[0] for i, n in enumerate(x.shape)]
    )


def index_reduced(x: Tensor, dim: int, indices: Tensor, source: Tensor, reduce: str,
                  include_self: bool = True) -> Tensor:  # fmt: skip
    along(x, dim)
    return scattered(x, dim, rows(x, dim, indices), source, reduce, include_self=include_self)


def index_added(x: Tensor, dim: int, indices: Tensor, source: Tensor, alpha: Any = 1) -> Tensor:
    return lucid.index_add(x, indices, source, axis=along(x, dim), alpha=alpha)


def index_written(x: Tensor, dim: int, indices: Tensor, written: Any) -> Tensor:
    along(x, dim)
    out = x.clone()
    out[key_along(x, dim, indices)] = written
    return out


def index_filled(x: Tensor, dim: int, indices: Tensor, value: Any) -> Tensor:
    along(x, dim)
    places = lucid.arange(x.shape[dim])
    named = lucid.isin(places, lucid.where(indices < 0, indices + x.shape[dim], indices))
    shape = [-1 if i == dim % x.ndim else 1 for i in range(x.ndim)]
    return lucid.masked_fill(x, lucid.reshape(named, shape), value)


def put_at(x: Tensor, key: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    if accumulate:
        raise Unsupported("adding at a key; scatter and index_add do it along an axis")
    out = x.clone()
    out[tuple(key)] = values
    return out


def put(x: Tensor, indices: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    how = "sum" if accumulate else None
    flat, places, values = (lucid.reshape(t, (-1,)) for t in (x, indices, source))
    return lucid.reshape(lucid.scatter(flat, places, values, axis=0, reduce=how), x.shape)


def taken_along(x: Tensor, indices: Tensor, dim: Any = None) -> Tensor:
    if dim is None:
        return lucid.flatten(x)[lucid.flatten(indices)]
    return lucid.take_along_axis(x, indices, axis=dim)


def masked_from(x: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    x, mask = lucid.broadcast_arrays(x, mask)
    out = x.clone()
    out[mask] = lucid.flatten(source)[: int(lucid.count_nonzero(mask))]
    return out


def unraveled(indices: Tensor, shape: Any) -> list[Tensor]:
    sizes = shape.tolist() if isinstance(shape, Tensor) else [*shape] if isinstance(shape, tuple | list) else [shape]
    indices = indices.astype(lucid.int64)
    return [indices // prod(sizes[i + 1 :]) % n for i, n in enumerate(sizes)]


def triangle(function: Call) -> Call:
    def call(rows: int, columns: int, offset: int = 0, dtype: Any = torch.int64, **options: Any) -> Tensor:
        inside = function(lucid.ones((rows, columns), dtype=lucid.int64), k=offset)
        places = lucid.stack(lucid.nonzero(inside)).reshape((2, -1)) if inside.size else lucid.zeros((2, 0))
        return places.astype(lucid_dtype(dtype))

    return call


def nonzero(x: Tensor, as_tuple: bool = False) -> Any:
    if as_tuple and not x.ndim:
        raise Unsupported("the places in a tensor without axes, which the standard refuses")
    return lucid.nonzero(x) if as_tuple else lucid.argwhere(x)


NAMES: dict[str, Call] = {
    "__getitem__": lambda x, key: x[key],
    "where": lambda x, condition, y: lucid.where(condition, x, y),
    "gather": gathered,
    "take": lambda x, indices: lucid.flatten(x)[indices],
    "take_along_dim": taken_along,
    "index_select": lambda x, dim, indices: lucid.index_select(x, indices, axis=along(x, dim)),
    "index_add": index_added,
    "index_copy": index_written,
    "index_fill": index_filled,
    "index_reduce": index_reduced,
    "index_put": put_at,
    "put": put,
    "scatter": scattered,
    "scatter_add": lambda x, dim, indices, source: scattered(x, dim, indices, source, "add"),
    "scatter_reduce": scattered,
    "masked_fill": lucid.masked_fill,
    "masked_select": lucid.masked_select,
    "masked_scatter": masked_from,
    "nonzero": nonzero,
    "argwhere": lucid.argwhere,
    "isin": lambda a, b, assume_unique=False, invert=False: lucid.isin(a, b, invert=invert),
    "unravel_index": unraveled,
    "tril_indices": triangle(lucid.tril),
    "triu_indices": triangle(lucid.triu),
}
