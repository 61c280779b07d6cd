"""Ops with arguments that nobody wrote down, differentiated, mapped over a batch, and compiled."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lucid
from lucid.autograd import grad, vmap
from tests.comparing import outcome
from tests.fuzz.strategies import WHERE, changed
from tests.fuzz.test_arguments import IN_ORDER, PUBLIC, SENTENCE, SIZED_BY_VALUES, assert_about, told
from tests.op_samples import Op, Sample, call, on
from tests.ops.test_gradients import numbers_of, of_its_numbers, uneven
from tests.ops.test_vmap import arrays_of, elements, loop, mapped, of_arrays

DIFFERENTIABLE = sorted(
    op.name for op in PUBLIC.values() if op.differentiable and op.name not in ("to_device", *IN_ORDER, *SIZED_BY_VALUES)
)
MAPPED = sorted(
    op.name for op in PUBLIC.values() if any(mapped(op, of) for of in op.samples) and op.name not in SIZED_BY_VALUES
)
COMPILES = settings.default.max_examples // 50  # as MLX asks a C++ compiler on a processor, a second each


def gradients(op: Op, of: Sample, device: str) -> Any:
    """Those of the numbers among the arguments, for a sum of the results that weighs each element differently."""
    inputs = [lucid.asarray(x, device=device, requires_grad=True) for x in numbers_of(of)]
    results = of_its_numbers(op, of, device)(*inputs)
    outputs = [x for x in results if x.requires_grad]
    weights = [on(device, uneven(x)) for x in outputs]
    return results, grad(outputs, inputs, weights, allow_unused=True) if outputs else ()


@pytest.mark.skipif(len(WHERE) == 1, reason="there is one device")
@given(st.data())
def test_the_devices_agree_in_gradients(data: st.DataObject) -> None:
    op = PUBLIC[data.draw(st.sampled_from(DIFFERENTIABLE), label="op")]
    of = data.draw(st.sampled_from(op.samples).flatmap(changed), label="arguments")
    with np.errstate(all="ignore"):
        (wanted, wanted_error), (found, error) = (outcome(lambda at=at: gradients(op, of, at)) for at in WHERE)
    assert told(error) == told(wanted_error)
    assert not error or SENTENCE.match(error), error
    infinite = any(x.dtype.kind == "c" and not np.isfinite(x).all() for x in numbers_of(of))
    if not error and not infinite:  # products of infinite complex numbers are nan here, infinite there
        assert_about(op, of, found[1], wanted[1])


@given(st.data())
def test_a_batch_is_as_its_elements(data: st.DataObject) -> None:
    op = PUBLIC[data.draw(st.sampled_from(MAPPED), label="op")]
    of = data.draw(st.sampled_from([of for of in op.samples if mapped(op, of)]).flatmap(changed), label="arguments")
    device = data.draw(st.sampled_from(WHERE), label="device")
    arrays = arrays_of(of)
    apart = data.draw(st.lists(st.booleans(), min_size=len(arrays), max_size=len(arrays)).filter(any), label="apart")
    function = of_arrays(op, of, device)
    inputs = [on(device, np.stack(elements(x)) if alone else x) for x, alone in zip(arrays, apart, strict=True)]
    at_once = vmap(function, in_axes=tuple(0 if alone else None for alone in apart))
    with np.errstate(all="ignore"):
        found, error = outcome(lambda: at_once(*inputs))
        wanted, wanted_error = outcome(lambda: loop(function, inputs, apart))
    if error.startswith("BatchError") or wanted_error.startswith("MemoryError"):
        return
    assert told(error) == told(wanted_error)
    if not error:
        assert_about(op, of, found, wanted)


@pytest.mark.skipif("gpu" not in WHERE, reason="there is no gpu")
@settings(max_examples=COMPILES)
@given(st.data())
def test_compiling_changes_nothing(data: st.DataObject) -> None:
    op = PUBLIC[data.draw(st.sampled_from(sorted({*PUBLIC} - {*SIZED_BY_VALUES})), label="op")]
    of = data.draw(st.sampled_from(op.samples).flatmap(changed), label="arguments")
    options = {**of.options, "device": "gpu"} if op.creates else of.options
    given = on("gpu", (of.args, options))
    function = lucid.compile(lambda args, options: op.function(*args, **options))
    with np.errstate(all="ignore"):
        found, error = outcome(lambda: [function(*given) for _ in range(2)][1])
        wanted, wanted_error = outcome(lambda: call(op, "gpu", of))
    if error.startswith("CompileError"):
        return
    if error and wanted_error.startswith("IndexError"):  # a graph judges indices last, after all else that is wrong
        return
    assert told(error) == told(wanted_error)
    if not error:
        assert_about(op, of, found, wanted)
