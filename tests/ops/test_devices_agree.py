"""Every op on the gpu against the cpu: value, dtype, shape; and the same error with the same message."""

import pytest

from lucid import tree
from tests.comparing import assert_same, outcome
from tests.op_samples import Op, Sample, Wrong, call, cases, uses_float64, wrongs
from tools.parity_devices import DTYPES, difference, in_dtype, table

pytestmark = [pytest.mark.gpu, pytest.mark.parametrize("device", ["gpu"], indirect=True)]


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, sample: not uses_float64(sample)))
def test_the_gpu_gives_what_the_cpu_gives(device: str, op: Op, sample: Sample) -> None:
    found, wanted = call(op, device, sample), call(op, "cpu", sample)
    assert {leaf.device for leaf in tree.leaves(found) if hasattr(leaf, "device")} <= {device} or op.name == "to_device"
    assert_same(found, wanted, ulps=2 * op.ulps, signed_zeros=op.signed_zeros)


@pytest.mark.parametrize(("op", "wrong"), wrongs())
def test_the_gpu_refuses_what_the_cpu_refuses(device: str, op: Op, wrong: Wrong) -> None:
    on_cpu, on_gpu = (outcome(lambda where=where: call(op, where, wrong)) for where in ("cpu", device))
    assert on_gpu == on_cpu
    assert on_cpu[1]


@pytest.mark.parametrize("op", list(table()), ids=lambda op: op.name)
def test_the_devices_agree_in_every_dtype(device: str, op: Op) -> None:
    """All samples in all dtypes, as `make parity-devices` prints them."""
    for dtype in DTYPES:
        for sample in op.samples:
            words, _ = difference(op, in_dtype(sample, dtype))
            assert not words, f"{dtype.name}, {sample.note}: {words}"
