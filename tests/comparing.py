"""What "the same" means for two results, and how far they may be apart.

A result is off by so many units in the last place of its dtype: rtol = ulps * eps. Where terms cancel, the error is
that of the terms, which samples keep near 1: atol is the same. bool and integers are exact, nan and infinities stand in
the same places, and zeros have the same sign where that is asked.
"""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

import lucid
from lucid import tree

EPS = {lucid.float16: 2.0**-10, lucid.bfloat16: 2.0**-7, lucid.float32: 2.0**-23, lucid.float64: 2.0**-52}
EPS |= {lucid.complex64: EPS[lucid.float32], lucid.complex128: EPS[lucid.float64]}


def native(dtype: lucid.DType) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if dtype is lucid.bfloat16 else dtype.name)


def assert_same(found: Any, wanted: Any, *, ulps: float, dtype: Any = None, signed_zeros: bool = False) -> None:
    """Trees of tensors against trees of tensors or NumPy arrays, which should have been of `dtype`, one or a list."""
    found_leaves, wanted_leaves = tree.leaves(found), tree.leaves(wanted)
    assert len(found_leaves) == len(wanted_leaves), (found, wanted)
    dtypes = dtype if isinstance(dtype, list) else [dtype] * len(found_leaves)
    for x, y, of_x in zip(found_leaves, wanted_leaves, dtypes, strict=True):
        if isinstance(x, lucid.Tensor):
            assert_close(x, y, ulps, y.dtype if isinstance(y, lucid.Tensor) else of_x, signed_zeros)
        else:
            assert type(x) is type(y) or dtype is None
            assert x == y, (x, y)


def assert_close(found: lucid.Tensor, wanted: Any, ulps: float, dtype: lucid.DType, signed_zeros: bool) -> None:
    assert found.dtype is dtype, f"got {found.dtype}, wanted {dtype}"
    wanted = wanted.detach().numpy() if isinstance(wanted, lucid.Tensor) else np.asarray(wanted)
    assert found.shape == wanted.shape
    host = found.detach().numpy()
    assert host.dtype == native(dtype)
    if not dtype.is_floating:
        assert wanted.dtype.kind in "biu", f"the reference is {wanted.dtype}"
        np.testing.assert_array_equal(host, wanted.astype(host.dtype))
        return
    double = np.complex128 if host.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        wanted = wanted.astype(host.dtype).astype(double)  # what is too large for the dtype is infinite in it
        off = ulps * EPS[dtype]
        np.testing.assert_allclose(host.astype(double), wanted, rtol=off, atol=off, equal_nan=True)
        if signed_zeros and double is np.float64:
            zero = (host == 0) & (wanted == 0)
            np.testing.assert_array_equal(
                np.signbit(host.astype(double)[zero]), np.signbit(wanted[zero]), "sign of zero"
            )


def units_apart(found: Any, wanted: Any) -> float:
    """How far apart two trees of tensors are at worst, in the units that `assert_same` allows so many of."""
    apart = [0.0]
    for x, y in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
        if isinstance(x, lucid.Tensor) and x.dtype.is_floating and x.size:
            double = np.complex128 if x.dtype.kind == "complex floating" else np.float64
            a, b = (z.detach().numpy().astype(double) for z in (x, y))
            with np.errstate(all="ignore"):
                off = np.abs(a - b) / (EPS[x.dtype] * (1 + np.abs(b)))
            apart.append(float(np.max(off, initial=0, where=np.isfinite(off))))
    return max(apart)


def outcome(call: Callable[[], Any]) -> tuple[Any, str]:
    """What a call gives, with all values there, and the error that it raises; one of them is empty.

    A call that is refused leaves no index behind that would be judged when something else is read.
    """
    try:
        found = call()
        for leaf in tree.leaves(found):
            if isinstance(leaf, lucid.Tensor):
                leaf.detach().numpy()
        judge_indices()
    except Exception as error:
        judge_indices()
        return None, f"{type(error).__name__}: {error}"
    return found, ""


def judge_indices() -> None:
    """Read something: an index computed on the gpu is judged when a value is next read."""
    for device in filter(lucid.is_available, ("cpu", "gpu")):
        lucid.zeros((), device=device).numpy()
