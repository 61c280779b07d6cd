"""float16 and bfloat16: every op rounds once, at its end: to what double precision gives, rounded to 16 bits."""

import numpy as np
import pytest

import lucid
from lucid import tree
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, call, cases, wanted
from tests.op_samples.writing import BFLOAT16, as_floats, is_real

ABOUT_DTYPES = ("astype", "nan_to_num", "nextafter", "result_type")
LARGEST = 65504  # of float16
DTYPES = {"float16": np.float16, "bfloat16": BFLOAT16}


def has_reals(op: Op, sample: Sample) -> bool:
    """Whether all floats are float32 that 16 bits can hold, and the op says nothing of dtypes itself."""
    reals = [leaf for leaf in tree.leaves(sample.args) if isinstance(leaf, np.ndarray) and is_real(leaf)]
    fit = all(np.abs(x[np.isfinite(x)]).max(initial=0) < LARGEST for x in reals)
    single = {x.dtype for x in reals} == {np.dtype(np.float32)}
    return not op.creates and op.name not in ABOUT_DTYPES and single and fit


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("op", "sample"), cases(has_reals))
def test_an_op_rounds_once(device: str, op: Op, sample: Sample, dtype: str) -> None:
    args, options = as_floats((sample.args, sample.options), DTYPES[dtype])
    low = sample._replace(args=args, options=options)
    reference, gives = wanted(op, low)
    assert_same(call(op, device, low), reference, ulps=op.ulps, dtype=gives, signed_zeros=False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sum", "mean", "cumulative_sum", "logsumexp", "var", "nansum", "matmul"])
def test_long_sums_are_added_in_float32(device: str, name: str, dtype: str) -> None:
    """4096 terms, of which bfloat16 and float16 alone would lose most."""
    host = np.full((1, 4096), 0.375, DTYPES[dtype])
    x = lucid.asarray(host, device=device)
    found = lucid.matmul(x, x.mT) if name == "matmul" else getattr(lucid, name)(x, axis=1)
    double = host.astype(np.float64)
    total = {
        "sum": double.sum(1), "mean": double.mean(1), "cumulative_sum": double.cumsum(1), "nansum": double.sum(1),
        "logsumexp": 0.375 + np.log([4096.0]), "var": np.zeros(1), "matmul": double @ double.T,
    }[name]  # fmt: skip
    assert_same(found, total, ulps=1, dtype=x.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_of_what_is_read_often_are_added_in_float32(device: str, dtype: str) -> None:
    """As of a word that stands 4096 times in a batch."""
    x = lucid.asarray(np.ones((2, 3), DTYPES[dtype]), device=device, requires_grad=True)
    lucid.take(x, lucid.ones(4096, dtype=lucid.int64, device=device), axis=0).backward(
        lucid.ones((4096, 3), dtype=x.dtype, device=device)
    )
    assert_same(x.grad, np.array([[0.0] * 3, [4096.0] * 3]), ulps=0, dtype=x.dtype)
