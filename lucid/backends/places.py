"""Reading and adding at places in NumPy, in one axis: there alone ufunc.at has a loop of its own, and is fast."""

import math
from typing import Any

import numpy as np

Array = Any

FEW = 1024  # elements: fewer are there before their places are counted
REDUCTIONS = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def scatter_add(values: Array, key: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, values.dtype)
    if isinstance(key, tuple) and any(isinstance(part, np.ndarray) for part in key):
        _at(np.add, out, key, values)
    else:
        out[key] = values
    return out


def scatter_reduce(x: Array, values: Array, key: Any, reduce: str) -> Array:
    out = np.array(x, order="C")
    _at(REDUCTIONS[reduce], out, key, values)
    return out


def _at(function: np.ufunc, out: Array, key: Any, values: Array) -> None:
    """function.at(out, key, values)."""
    places = _places(key, out.shape) if values.size >= FEW else None
    if places is None or places.size != values.size:
        function.at(out, key, values)
    else:
        function.at(out.reshape(-1), places, values.reshape(-1))


def _places(key: tuple[Any, ...], shape: tuple[int, ...]) -> Array | None:
    """What a key reads of an array of this shape, one number for each element; None for keys of another form.

    That is whole axes, index arrays, whole axes.
    """
    indexed = [i for i, part in enumerate(key) if isinstance(part, np.ndarray)]
    start, stop = indexed[0], indexed[-1] + 1
    whole = [slice(0, n, 1) for n in shape]
    if stop - start != len(indexed) or [*key[:start], *key[stop:]] != [*whole[:start], *whole[stop:]]:
        return None
    before, inside, behind = (math.prod(sizes) for sizes in (shape[:start], shape[start:stop], shape[stop:]))
    places = joined(key[start:stop], shape[start:stop])
    if behind > 1:
        places = places.reshape(-1, 1) * behind + np.arange(behind)
    if before > 1:
        places = np.arange(before).reshape(-1, 1) * (inside * behind) + places.reshape(-1)
    return places.reshape(-1)


def joined(indices: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Indices along each axis as those of the elements in one row."""
    places: Any = None
    for part, n in zip(indices, shape, strict=True):
        part = np.where(part < 0, part + n, part) if part.min() < 0 else part
        if places is None:
            places = part
        elif (larger := places * n).shape == np.broadcast_shapes(larger.shape, part.shape):
            places = np.add(larger, part, out=larger)
        else:
            places = larger + part
    return places
