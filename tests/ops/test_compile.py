"""Every op compiled against itself: `lucid.compile` changes when things are computed, never what.

On the gpu each op is tried with its first sample alone: MLX makes a kernel of each fused group, and on a processor it
asks a C++ compiler for it, a second each.
"""

import pytest

import lucid
from tests.comparing import assert_same
from tests.op_samples import Op, Sample, call, cases, on, uses_float64


def compiled(op: Op, device: str, sample: Sample) -> object:
    """What the op makes of a sample in a compiled function that is given its tensors, at the second call."""
    options = {**sample.options, "device": device} if op.creates else sample.options
    function = lucid.compile(lambda args, options: op.function(*args, **options))
    args, options = on(device, (sample.args, options), sample.layout)
    function(args, options)
    return function(args, options)


@pytest.mark.parametrize(("op", "sample"), cases())
def test_compiling_changes_nothing_on_the_cpu(op: Op, sample: Sample) -> None:
    assert_same(compiled(op, "cpu", sample), call(op, "cpu", sample), ulps=0, signed_zeros=True)


def first_that_traces(op: Op, sample: Sample) -> bool:
    traceable = [s for s in op.samples if s.traces and not uses_float64(s)]
    return bool(traceable) and sample is traceable[0] and op.name not in ("nonzero", "to_device", "from_dlpack")


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("op", "sample"), cases(first_that_traces))
def test_compiling_changes_nothing_on_the_gpu(device: str, op: Op, sample: Sample) -> None:
    assert_same(compiled(op, device, sample), call(op, device, sample), ulps=op.ulps)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("op", "sample"), cases(lambda op, sample: op.name == "nonzero" or not sample.traces))
def test_what_depends_on_values_says_so(device: str, op: Op, sample: Sample) -> None:
    with pytest.raises(lucid.errors.CompileError, match=r"lucid\.compile"):
        compiled(op, device, sample)
