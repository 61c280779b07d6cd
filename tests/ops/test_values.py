"""Every op on the cpu against its reference: value, dtype and shape. And every op has samples."""

import numpy as np
import pytest
import scipy.special

import lucid
from lucid.autograd.graph import OPS as RULE_NAMES
from tests import op_samples
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, Wrong, call, cases, wanted, wrongs


@pytest.mark.parametrize(("op", "sample"), cases())
def test_the_value_is_that_of_the_reference(op: Op, sample: Sample) -> None:
    reference, dtype = wanted(op, sample)
    assert_same(call(op, "cpu", sample), reference, ulps=op.ulps, dtype=dtype, signed_zeros=op.signed_zeros)


@pytest.mark.parametrize(("op", "wrong"), wrongs())
def test_what_is_wrong_is_refused(op: Op, wrong: Wrong) -> None:
    with pytest.raises(wrong.error) as caught:
        call(op, "cpu", wrong)
    assert wrong.message in str(caught.value)


ELSEWHERE = ("lucid.ops.linalg", "lucid.ops.fft")  # namespaces of their own, with tables of their own


def public_ops() -> set[str]:
    """The functions of the `lucid` namespace that are ops, and those that gradient rules use."""
    named = [*vars(lucid).items(), *vars(RULE_NAMES).items()]
    places = {name: getattr(function, "__module__", None) or "" for name, function in named if callable(function)}
    return {name for name, at in places.items() if at.startswith("lucid.ops") and not at.startswith(ELSEWHERE)}


def test_every_op_has_samples() -> None:
    sampled = [op.name for op in op_samples.OPS]
    assert len(sampled) == len(set(sampled)), "an op has two entries"
    missing = public_ops() - set(sampled)
    assert not missing, f"no samples in tests/op_samples for {', '.join(sorted(missing))}"
    behind = {op.name for op in op_samples.OPS if hasattr(op.function, "op")}  # ops that other functions make ready
    assert set(sampled) <= public_ops() | behind, "samples for what is no op"


@pytest.mark.parametrize("count", [6, 6000])  # on the cpu at once, and in blocks
def test_a_small_sigmoid_is_exact_too(count: int, device: str) -> None:
    """All other tolerances allow for something beside 1. MLX is off by up to 4e-6 on a processor, NumPy by 2e-7."""
    x = np.linspace(-80, 20, count, dtype=np.float32)
    found = lucid.sigmoid(lucid.asarray(x, device=device)).numpy()
    np.testing.assert_allclose(found, scipy.special.expit(x.astype(np.float64)), rtol=1e-5, atol=0)
