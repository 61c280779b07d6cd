"""Shapes: the same elements in another arrangement. What PyTorch calls a view or a copy is the same in lucid."""

from itertools import accumulate, combinations, combinations_with_replacement
from typing import Any

import lucid
from lucid import Tensor

from .adapting import Call, along, key_along, only, shaped


def transposed(x: Tensor, dim0: int, dim1: int) -> Tensor:
    order = list(range(x.ndim))
    if order:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return lucid.permute_dims(x, order)


def turned(x: Tensor) -> Tensor:
    return x if x.ndim < 2 else x.T


def permuted(x: Tensor, *order: Any) -> Tensor:
    return lucid.permute_dims(x, order[0] if order and isinstance(order[0], tuple | list) else order)


def squeezed(x: Tensor, dim: Any = None) -> Tensor:
    axes = range(x.ndim) if dim is None else dim if isinstance(dim, list | tuple) else (dim,)
    return lucid.squeeze(x, tuple(a for a in axes if x.ndim and x.shape[a] == 1))


def expanded(x: Tensor, *shape: Any) -> Tensor:
    sizes = tuple(shape[0]) if shape and isinstance(shape[0], list | tuple) else shape
    own = (1,) * (len(sizes) - x.ndim) + x.shape
    return lucid.broadcast_to(x, tuple(m if n == -1 else n for n, m in zip(sizes, own, strict=True)))


def summed_to(x: Tensor, *shape: Any) -> Tensor:
    sizes = tuple(shape[0]) if shape and isinstance(shape[0], list | tuple) else shape
    lead = x.ndim - len(sizes)
    repeated = [i + lead for i, n in enumerate(sizes) if n == 1 != x.shape[i + lead]]
    return lucid.reshape(lucid.sum(x, axis=(*range(lead), *repeated)), sizes)


def pieces(x: Tensor, sizes: Any, dim: int = 0) -> Any:
    if isinstance(sizes, int):
        length = x.shape[dim]
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    return lucid.split(x, sizes, axis=dim)


def cut_at(x: Tensor, where: Any, dim: int = 0) -> Any:
    """Into a number of parts that are nearly equal, or at places."""
    where = where.tolist() if isinstance(where, Tensor) else where
    length = x.shape[dim]
    if isinstance(where, int):
        return lucid.split(x, [length // where + (i < length % where) for i in range(where)], axis=dim)
    return [x[key_along(x, dim, slice(a, b))] for a, b in zip([None, *where], [*where, None], strict=True)]


def cut_along(axis: int) -> Call:
    return lambda x, where: cut_at(x, where, axis if x.ndim > 1 or axis != 1 else 0)


def joined(arrays: Any, dim: int = 0) -> Tensor:
    """An empty tensor with one axis joins any other."""
    if len({x.ndim for x in arrays}) > 1:
        arrays = [x for x in arrays if x.shape != (0,)]
    return lucid.concat(arrays, axis=dim)


def at_least(count: int) -> Call:
    """Tensors with so many axes; a third one comes last."""

    def one(x: Tensor) -> Tensor:
        before = max(min(count, 2) - x.ndim, 0)
        after = 1 if count == 3 and x.ndim + before < 3 else 0
        return lucid.reshape(x, (*(1,) * before, *x.shape, *(1,) * after))

    def call(*arrays: Any) -> Any:
        given = arrays[0] if len(arrays) == 1 and isinstance(arrays[0], list | tuple) else arrays
        found = [one(x) for x in given]
        return found[0] if len(found) == 1 and isinstance(arrays[0], Tensor) else found

    return call


def columns(arrays: Any) -> Tensor:
    return lucid.concat([lucid.reshape(x, (-1, 1)) if x.ndim < 2 else x for x in arrays], axis=1)


def block_diagonal(*arrays: Tensor) -> Tensor:
    blocks = [lucid.reshape(x, (1, -1)) if x.ndim < 2 else x for x in arrays]
    wide = sum(x.shape[1] for x in blocks)
    starts = accumulate((x.shape[1] for x in blocks), initial=0)
    return lucid.concat(
        [
            lucid.pad(x, [(0, 0), (start, wide - start - x.shape[1])])
            for x, start in zip(blocks, starts, strict=False)
        ]
    )  # fmt: skip


def rolled(x: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    if not x.ndim and dims == ():
        return x
    return lucid.roll(x, shifts, axis=along(x, dims))


def repeated(x: Tensor, *counts: Any) -> Tensor:
    sizes = tuple(counts[0]) if counts and isinstance(counts[0], list | tuple) else counts
    return lucid.tile(x, sizes)


def element_by_element(x: Tensor, repeats: Any, dim: Any = None, output_size: Any = None) -> Tensor:
    return lucid.repeat(x, repeats, axis=dim)


def windows(x: Tensor, dim: int, size: int, step: int) -> Tensor:
    return lucid.unfold(x, size, step, axis=along(x, dim))


def grid(*arrays: Any, indexing: str = "ij") -> Any:
    given = arrays[0] if isinstance(arrays[0], list | tuple) else arrays
    return lucid.meshgrid(*(lucid.reshape(x, (-1,)) for x in given), indexing=indexing)


def all_pairs(*arrays: Tensor) -> Tensor:
    if len(arrays) == 1:
        return arrays[0]
    return lucid.reshape(lucid.stack(lucid.meshgrid(*arrays, indexing="ij"), axis=-1), (-1, len(arrays)))


def choices(x: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    of = combinations_with_replacement if with_replacement else combinations
    places = lucid.asarray([*of(range(x.size), r)], dtype=lucid.int64)
    return x[lucid.reshape(places, (-1, r))]


def diagonal_of(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    return lucid.diagonal(lucid.moveaxis(x, (dim1, dim2), (-2, -1)), offset=offset)


def embedded(x: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    ndim = x.ndim + 1
    if dim1 % ndim > dim2 % ndim:
        dim1, dim2, offset = dim2, dim1, -offset
    return lucid.moveaxis(lucid.diag_embed(x, offset=offset), (-2, -1), (dim1, dim2))


def diagonal_or_matrix(x: Tensor, diagonal: int = 0) -> Tensor:
    return lucid.diag_embed(x, offset=diagonal) if x.ndim == 1 else lucid.diagonal(x, offset=diagonal)


def with_diagonal(x: Tensor, written: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    moved = lucid.moveaxis(x, (dim1, dim2), (-2, -1))
    size = max(moved.shape[-2:])
    key = (..., slice(moved.shape[-2]), slice(moved.shape[-1]))
    long = lucid.pad(written, [(0, 0)] * (written.ndim - 1) + [(0, size - abs(offset) - written.shape[-1])])
    ones = lucid.ones((written.shape[-1],), dtype=lucid.int64)
    on = lucid.diag_embed(lucid.pad(ones, [(0, size - abs(offset) - ones.shape[0])]), offset=offset)[key] == 1
    placed = lucid.where(on, lucid.diag_embed(long, offset=offset)[key], moved)
    return lucid.moveaxis(placed, (-2, -1), (dim1, dim2))


def with_part(x: Tensor, written: Tensor, key: Any) -> Tensor:
    out = x.clone()
    out[key] = written
    return out


def sliced(x: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    return x[key_along(x, dim, slice(start, end, step))]


def narrowed(x: Tensor, dim: int, start: Any, length: int) -> Tensor:
    first = int(start) % x.shape[dim] if x.shape[dim] else 0
    return x[key_along(x, dim, slice(first, first + length))]


def padded(x: Tensor, widths: Any, value: float = 0) -> Tensor:
    """Widths from the last axis on, and negative ones that cut off."""
    pairs = [*zip(widths[::2], widths[1::2], strict=True)]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    kept = tuple(slice(max(-low, 0), n - max(-high, 0)) for (low, high), n in zip(pairs, x.shape, strict=True))
    return lucid.pad(x[kept], [(max(low, 0), max(high, 0)) for low, high in pairs], value=value)


NAMES: dict[str, Call] = {
    "reshape": shaped(lucid.reshape),
    "view": shaped(lucid.reshape),
    "view_copy": shaped(lucid.reshape),
    "reshape_as": lambda x, like: lucid.reshape(x, like.shape),
    "view_as": lambda x, like: lucid.reshape(x, like.shape),
    "flatten": only(lucid.flatten, start_dim="start_axis", end_dim="end_axis"),
    "ravel": lambda x: lucid.flatten(x),
    "unflatten": lambda x, dim, sizes: lucid.unflatten(x, tuple(sizes), axis=dim),
    "alias_copy": Tensor.clone,
    "T": turned,
    "t": turned,
    "t_copy": turned,
    "mT": lambda x: x.mT,
    "H": lambda x: lucid.conj(turned(x)),
    "mH": lambda x: lucid.conj(x.mT),
    "permute": permuted,
    "permute_copy": permuted,
    "transpose": transposed,
    "transpose_copy": transposed,
    "movedim": lucid.moveaxis,
    "unsqueeze": lucid.expand_dims,
    "unsqueeze_copy": lucid.expand_dims,
    "squeeze": squeezed,
    "squeeze_copy": squeezed,
    "expand": expanded,
    "expand_copy": expanded,
    "expand_as": lambda x, like: lucid.broadcast_to(x, like.shape),
    "broadcast_to": lucid.broadcast_to,
    "broadcast_tensors": lambda *tensors: lucid.broadcast_arrays(*tensors),
    "broadcast_shapes": lambda *shapes: lucid.broadcast_shapes(*((s,) if isinstance(s, int) else s for s in shapes)),
    "sum_to_size": summed_to,
    "flip": lambda x, dims: lucid.flip(x, axis=tuple(dims)) if dims else x,
    "fliplr": lambda x: lucid.flip(x, axis=1),
    "flipud": lambda x: lucid.flip(x, axis=0),
    "roll": rolled,
    "rot90": lambda x, k=1, dims=(0, 1): lucid.rot90(x, k, axes=tuple(dims)),
    "tile": lambda x, reps: lucid.tile(x, tuple(reps)),
    "repeat": repeated,
    "repeat_interleave": element_by_element,
    "unfold": windows,
    "unfold_copy": windows,
    "cat": joined,
    "stack": lambda arrays, dim=0: lucid.stack(arrays, axis=dim),
    "hstack": lucid.hstack,
    "vstack": lucid.vstack,
    "dstack": lucid.dstack,
    "column_stack": columns,
    "block_diag": block_diagonal,
    "atleast_1d": at_least(1),
    "atleast_2d": at_least(2),
    "atleast_3d": at_least(3),
    "unbind": lambda x, dim=0: lucid.unstack(x, axis=dim),
    "unbind_copy": lambda x, dim=0: lucid.unstack(x, axis=dim),
    "split": pieces,
    "split_with_sizes": pieces,
    "split_with_sizes_copy": pieces,
    "unsafe_split": pieces,
    "chunk": lambda x, chunks, dim=0: lucid.chunk(x, chunks, axis=dim),
    "unsafe_chunk": lambda x, chunks, dim=0: lucid.chunk(x, chunks, axis=dim),
    "tensor_split": cut_at,
    "hsplit": cut_along(1),
    "vsplit": cut_along(0),
    "dsplit": cut_along(2),
    "meshgrid": grid,
    "cartesian_prod": all_pairs,
    "combinations": choices,
    "tril": lambda x, diagonal=0: lucid.tril(x, k=diagonal),
    "triu": lambda x, diagonal=0: lucid.triu(x, k=diagonal),
    "diag": diagonal_or_matrix,
    "diag_embed": embedded,
    "diagflat": lambda x, offset=0: lucid.diag_embed(lucid.flatten(x), offset=offset),
    "diagonal": diagonal_of,
    "diagonal_copy": diagonal_of,
    "diagonal_scatter": with_diagonal,
    "select": lambda x, dim, place: x[key_along(x, dim, place)],
    "select_scatter": lambda x, written, dim, place: with_part(x, written, key_along(x, dim, place)),
    "slice": sliced,
    "slice_scatter": lambda x, written, dim=0, start=None, end=None, step=1: with_part(
        x, written, key_along(x, dim, slice(start, end, step))
    ),
    "narrow": narrowed,
    "narrow_copy": narrowed,
    "constant_pad_nd": padded,
}
