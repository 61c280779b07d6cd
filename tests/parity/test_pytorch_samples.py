"""PyTorch's own samples of its ops: the same values, first and second gradients, for every op that is in both.

The samples, and the names, come from torch.testing._internal; tests/parity/names says what each name is here. All is
computed in float64, so the tolerance is for the order of additions alone.
"""

from typing import Any

import pytest
from torch.testing._internal.common_methods_invocations import op_db

from .names import LEFT_OUT, NAMES, WIDENED
from .samples import INFOS, assert_agrees_on, best_dtype, samples, tally, widened

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch warns of its own names
TOLERANCE = {"rtol": 1e-7, "atol": 1e-9}


@pytest.mark.parametrize("variant", INFOS)
def test_values_and_gradients_of_pytorchs_samples(variant: str, record_property: Any) -> None:
    info = INFOS[variant]
    dtype = best_dtype(info)
    differentiable = info.supports_autograd and (dtype.is_floating_point or dtype.is_complex)
    chosen, left = samples(info, dtype, differentiable)
    chosen = [sample.transform(widened) for sample in chosen] if info.name in WIDENED else chosen
    tally("samples", info, chosen, left, lambda s: assert_agrees_on(variant, s, "cpu", TOLERANCE), record_property)


def test_every_name_is_mapped_or_left_out_for_a_reason(record_property: Any) -> None:
    known = {info.name for info in op_db}
    left_out = [name for names in LEFT_OUT.values() for name in names.split()]
    record_property("names", {"mapped": len(NAMES), "left out for a reason": len(left_out)})
    assert set(NAMES) <= known
    assert len(left_out) == len(set(left_out)), "a name has two reasons"
    assert not set(left_out) & set(NAMES), "what is mapped is not left out"
    assert known == {*NAMES, *left_out}
