"""The one table that every op is tested with: what it means in NumPy, arguments to try, arguments to refuse.

A new op needs one entry in OPS. Its tests then run by themselves: the value against the reference, cpu against gpu,
gradients to second order, compiled against not compiled, and under Metal's rules.

Arguments are written for NumPy: every NumPy array among them, however deep, becomes a tensor of its dtype on the device
at hand. The reference gets the same arguments in double precision, so it has no rounding errors to speak of.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import tree

from . import (
    arithmetic,
    arrangement,
    arrays,
    calculus,
    comparison,
    contraction,
    creation,
    data_types,
    elementwise,
    indexing,
    manipulation,
    neural,
    order,
    pooling,
    relation,
    scattering,
    special,
    statistical,
)
from .writing import BFLOAT16, Op, Sample, Wrong, is_real, numbers

CHAPTERS = (
    *(elementwise, statistical, manipulation, indexing, neural, arrays, creation, data_types),
    *(contraction, comparison, special, order, scattering, arrangement, arithmetic, calculus, relation, pooling),
)
OPS = tuple(op for chapter in CHAPTERS for op in chapter.OPS)


def on(device: str, value: Any, layout: str = "rows") -> Any:
    """Arguments with every NumPy array a tensor on `device`, laid out in memory as the layout says."""
    return tree.map(lambda leaf: laid_out(leaf, device, layout) if isinstance(leaf, np.ndarray) else leaf, value)


def laid_out(x: np.ndarray, device: str, layout: str) -> lucid.Tensor:
    if layout == "turned":
        return lucid.asarray(x.T, device=device).permute_dims(tuple(reversed(range(x.ndim))))
    if layout == "strided":  # every second element from the back of something larger
        every = (slice(None, None, -2),) * x.ndim
        larger = np.zeros([2 * n for n in x.shape], x.dtype)
        larger[every] = x
        return lucid.asarray(larger, device=device)[every]
    return lucid.asarray(x, device=device)


def call(op: Op, device: str, of: Sample | Wrong) -> Any:
    """What the op makes of a sample on a device."""
    options = {**of.options, "device": device} if op.creates else of.options
    return op.function(*on(device, of.args, getattr(of, "layout", "rows")), **on(device, options))


def wanted(op: Op, of: Sample) -> Any:
    """What the reference makes of a sample in double precision, and the dtype that lucid should give it."""
    gives = op.gives(*of.args) if callable(op.gives) else op.gives
    args, options = tree.map(doubled, (of.args, of.options))
    with np.errstate(all="ignore"):
        return op.reference(*args, **options), of.options.get("dtype") or gives


def doubled(leaf: Any) -> Any:
    if isinstance(leaf, lucid.DType):
        return np.dtype(BFLOAT16 if leaf is lucid.bfloat16 else leaf.name)
    if not isinstance(leaf, np.ndarray):
        return leaf
    return (
        leaf.astype(np.complex128 if leaf.dtype.kind == "c" else np.float64)
        if is_real(leaf) or leaf.dtype.kind == "c"
        else leaf
    )


def uses_float64(of: Sample) -> bool:
    """Such a sample is for the cpu alone."""
    leaves = tree.leaves([of.args, of.options])
    return any(leaf is lucid.float64 or getattr(leaf, "dtype", None) == np.float64 for leaf in leaves)


def cases(keep: Callable[[Op, Sample], bool] = lambda op, of: True) -> list[Any]:
    """Every op with every sample of its own that is kept, as parameters of a test."""
    return [
        pytest.param(op, of, id=f"{op.name}-{i}-{of.note}")
        for op in OPS
        for i, of in enumerate(op.samples)
        if keep(op, of)
    ]


def wrongs() -> list[Any]:
    return [
        pytest.param(op, of, id=f"{op.name}-{i}-{of.error.__name__}") for op in OPS for i, of in enumerate(op.wrong)
    ]
