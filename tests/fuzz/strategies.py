"""What Hypothesis draws from: numbers of every dtype, arrays, keys, and samples of ops with something changed."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import lucid
from lucid import dtypes, tree
from tests.comparing import native
from tests.op_samples import Sample, Wrong

WHERE = [device for device in ("cpu", "gpu") if lucid.is_available(device)]
DTYPES = [d for d in dtypes.ALL if d not in (lucid.float64, lucid.complex128)]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 2.0, 3.0]
SPECIAL = [math.nan, math.inf, -math.inf]
HUGE = [1e30, -1e30, 3.4e38, 1e-38, 65504.0, 1e5, -7e4, 1e-3]
SMALL = st.integers(-4, 5)
SIZES = st.sampled_from([0, 1, 1, 2, 3, 3, 4])
dtypes_drawn = st.sampled_from(DTYPES)
shapes = st.lists(SIZES, max_size=4).map(tuple)


@st.composite
def arrays(draw: DrawFn, shape: Any = shapes, dtype: Any = dtypes_drawn, huge: bool = False) -> np.ndarray:
    """Small numbers; now and then nan and infinities, or for an integer dtype its ends; huge ones if asked for."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    dtype = draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype
    source = np.random.default_rng(draw(st.integers(0, 2**32)))
    if dtype.kind in (dtypes.SIGNED, dtypes.UNSIGNED):
        ends = np.iinfo(dtype.name)
        pool = [0, 1, 2, 3, 5] if dtype.kind == dtypes.UNSIGNED else [0, 1, 2, 3, -1, -2, -4]
        pool += [ends.min, ends.max, ends.max // 2] if draw(st.booleans()) else []
        return np.array(source.choice(np.array(pool, dtype.name), shape))
    pool = NUMBERS + (SPECIAL if draw(st.integers(0, 3)) == 0 else []) + (HUGE if huge and draw(st.booleans()) else [])
    found = source.choice(np.array(pool), shape)
    with np.errstate(all="ignore"):
        if dtype.kind == dtypes.COMPLEX:
            found = found + 1j * source.choice(np.array(NUMBERS), shape)
        return np.asarray(found > 0 if dtype is lucid.bool else found).astype(native(dtype))


@st.composite
def changed_array(draw: DrawFn, x: np.ndarray, huge: bool = False) -> np.ndarray:
    """x in another dtype, in another shape, with other values, or as it is."""
    change = draw(st.sampled_from(["keep", "dtype", "values", "shape", "all"]))
    if change == "keep":
        return x
    if change == "all":
        return draw(arrays(huge=huge))
    if change == "values":
        return draw(arrays(st.just(x.shape), lucid.dtypes.BY_NAME[x.dtype.name], huge)) if not is_wide(x) else x
    if change == "dtype":
        dtype = draw(st.sampled_from(DTYPES))
        with np.errstate(all="ignore"):
            return (x.real if x.dtype.kind == "c" and dtype.kind != dtypes.COMPLEX else x).astype(native(dtype))
    shape = list(x.shape)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(shape)))
        what = draw(st.sampled_from(["insert", "remove", "size"]))
        if what == "insert":
            shape.insert(place, draw(SIZES))
        elif place < len(shape):
            shape[place : place + 1] = [] if what == "remove" else [draw(SIZES)]
    return np.resize(x, shape) if x.size else np.zeros(shape, x.dtype)


def is_wide(x: np.ndarray) -> bool:
    return x.dtype.name in ("float64", "complex128")


@st.composite
def changed(draw: DrawFn, of: Sample | Wrong, huge: bool = False, nones: bool = True) -> Sample | Wrong:
    """A sample, some of whose arguments are others: arrays, axes, sizes, words; what was not given too, if asked."""

    def change(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray):
            x = draw(changed_array(leaf, huge))
            return x.astype({"float64": "float32", "complex128": "complex64"}[x.dtype.name]) if is_wide(x) else x
        if draw(st.integers(0, 2)):
            return leaf
        if isinstance(leaf, bool):
            return not leaf
        if isinstance(leaf, int):
            return draw(SMALL)
        if isinstance(leaf, float):
            return draw(st.sampled_from(NUMBERS + SPECIAL))
        if isinstance(leaf, lucid.DType):
            return draw(st.sampled_from(DTYPES))
        if leaf is None and nones:
            return draw(st.one_of(st.none(), SMALL, st.sampled_from(["other", 0.5])))
        return "other" if isinstance(leaf, str) else leaf

    args, options = tree.map(change, (of.args, of.options))
    return of._replace(args=args, options=options)


@st.composite
def keys(draw: DrawFn, shape: tuple[int, ...]) -> Any:
    """A key, which mostly fits an array of this shape: integers, slices, new axes, indices in arrays, masks."""
    parts: list[Any] = []
    axis = 0
    while axis < len(shape) and draw(st.integers(0, 4)):
        n = shape[axis]
        kind = draw(st.sampled_from(["int", "slice", "slice", "array", "list", "mask", "none", "far"]))
        end = st.one_of(st.none(), st.integers(-n - 2, n + 2))
        if kind == "none":
            parts.append(None)
            continue
        if kind == "int" and n:
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "far":
            parts.append(draw(st.integers(-n - 2, n + 1)))
        elif kind in ("array", "list") and n:
            inner = draw(st.sampled_from([(), (1,), (2,), (3,), (2, 1), (0,)]))
            dtype = draw(st.sampled_from(["int64", "int32", "uint8"]))
            low, high = (0 if dtype == "uint8" else -n), n
            if draw(st.integers(0, 9)) == 0:  # some that are not there
                low, high = low and low - 1, n + 1
            host = np.random.default_rng(draw(st.integers(0, 99))).integers(low, high, inner).astype(dtype)
            parts.append(host.tolist() if kind == "list" and host.ndim == 1 and host.size else host)
        elif kind == "mask":
            covered = shape[axis : axis + draw(st.integers(1, 2))]
            parts.append(np.random.default_rng(draw(st.integers(0, 99))).random(covered) > 0.5)
            axis += len(covered) - 1
        else:
            parts.append(slice(draw(end), draw(end), draw(st.sampled_from([None, 1, 2, -1, -2, 3]))))
        axis += 1
    if draw(st.integers(0, 3)) == 0:  # one that stands for no axis separates nothing in lucid, indices in NumPy
        parts.insert(draw(st.integers(0, len(parts))) if axis < len(shape) else len(parts), Ellipsis)
    if draw(st.integers(0, 9)) == 0 and not any(part is Ellipsis for part in parts):  # or it may stand for none
        parts.append(draw(st.sampled_from([0, slice(None), None, 1.5, "a"])))
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)
