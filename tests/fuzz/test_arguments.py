"""Every op with arguments that nobody wrote down: both devices give the same, or refuse with the same words."""

import re
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import lucid
from lucid import tree
from tests.comparing import assert_same, outcome
from tests.fuzz.strategies import WHERE, changed
from tests.op_samples import OPS, Op, Sample, Wrong, call

PUBLIC = {op.name: op for op in OPS if hasattr(lucid, op.name) or op.name in ("getitem", "setitem", "to_device")}
SENTENCE = re.compile(r"\w+: \w+: .")  # the error, the function, and what is wrong: an error of lucid's own


IN_ORDER = ("searchsorted", "interp", "digitize", "histogram")  # have nothing to say where places are in no order
FINITE = ("conv", "scaled_dot_product_attention", "vecdot", "tensordot", "einsum", "inner", "outer", "kron", "matmul")


@given(st.data())
def test_the_devices_agree_and_errors_are_lucids(data: st.DataObject) -> None:
    op = PUBLIC[data.draw(st.sampled_from(sorted(PUBLIC)), label="op")]
    of = data.draw(st.sampled_from([*op.samples, *op.wrong]).flatmap(lambda of: changed(op, of)), label="arguments")
    check(op, of)


def check(op: Op, of: Sample | Wrong) -> None:
    with np.errstate(all="ignore"):
        outcomes = [outcome(lambda where=where: call(op, where, of)) for where in WHERE]
    (wanted, wanted_error) = outcomes[0]
    if wanted_error.startswith("MemoryError"):
        return
    assert not wanted_error or SENTENCE.match(wanted_error), wanted_error
    for found, error in outcomes[1:]:
        assert error == wanted_error
        if not error and op.name not in IN_ORDER:
            found, wanted = (without_infinities(x, op.name in FINITE) for x in (found, wanted))
            assert_same(found, wanted, ulps=4 * op.ulps, signed_zeros=op.signed_zeros)


def without_infinities(results: Any, all_dtypes: bool) -> Any:
    """nan for what is not finite, where sums and products in another order give another infinity."""

    def mend(x: Any) -> Any:
        if not isinstance(x, lucid.Tensor) or not (x.dtype.kind == "complex floating" or all_dtypes):
            return x
        return lucid.where(lucid.isfinite(x), x, lucid.nan) if x.dtype.is_floating else x

    return tree.map(mend, results)
