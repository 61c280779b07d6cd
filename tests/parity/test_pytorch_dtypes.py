"""PyTorch's samples in its other dtypes: complex numbers with first and second gradients; values in 16 bits, of
integers and of bools. names/dtypes.py says where lucid answers otherwise, and why.

In 16 bits the referee is PyTorch in float64 with the same numbers, since its own results are not always near.
"""

from itertools import islice
from typing import Any

import pytest
import torch

import lucid
from lucid import tree

from .names import WIDENED, Unsupported
from .names.dtypes import OTHERWISE
from .samples import (
    INFOS,
    LARGEST,
    adapter,
    arguments,
    assert_agree,
    assert_agrees_on,
    best_dtype,
    elements,
    every_sample,
    results,
    tally,
    to_lucid,
    to_torch,
    widened,
)

pytestmark = pytest.mark.filterwarnings("ignore")
LIMIT = 10  # the first samples of each variant in each dtype
KINDS = {
    torch.complex128: "complex numbers", torch.float16: "16 bits", torch.bfloat16: "16 bits",
    torch.int64: "integers", torch.uint8: "integers", torch.bool: "bools",
}  # fmt: skip
OFF = {  # several roundings to the dtype, and sums of some terms; integers become float32
    torch.complex128: (1e-7, 1e-9), torch.float16: (4e-3, 4e-3), torch.bfloat16: (3e-2, 3e-2),
    **dict.fromkeys((torch.int64, torch.uint8, torch.bool), (1e-5, 1e-5)),
}  # fmt: skip
CASES = [
    pytest.param(variant, dtype, id=f"{variant}-{str(dtype).removeprefix('torch.')}")
    for variant, info in INFOS.items()
    for dtype in KINDS
    if dtype in info.supported_dtypes("cpu") and dtype is not best_dtype(info)
]


def values_agree(variant: str, sample: Any, dtype: torch.dtype, tolerance: dict[str, float]) -> None:
    info, finish = INFOS[variant], sample.output_process_fn_grad
    args, options = arguments(sample, to_lucid)
    found = results(finish(adapter(variant)(*args, **options)))
    theirs = arguments(sample, to_torch)
    wanted = results(finish(info(*theirs[0], **theirs[1])))
    if KINDS[dtype] == "16 bits":
        theirs = tree.map(widened, list(arguments(sample, to_torch)))
        near = results(finish(info(*theirs[0], **theirs[1])))
        wanted = [n.to(w.dtype) if isinstance(w, torch.Tensor) else n for n, w in zip(near, wanted, strict=True)]
    assert len(found) == len(wanted), f"{len(found)} results for {len(wanted)}"
    for f, w in zip(found, wanted, strict=True):
        widens = isinstance(w, torch.Tensor) and w.dtype is torch.int64 and getattr(f, "dtype", None) is lucid.uint64
        assert_agree(f.astype(lucid.int64) if widens else f, w, "value", tolerance)


@pytest.mark.parametrize(("variant", "dtype"), CASES)
def test_pytorchs_samples_in_other_dtypes(variant: str, dtype: torch.dtype, record_property: Any) -> None:
    info, kind = INFOS[variant], KINDS[dtype]
    every = every_sample(info, dtype, info.supports_autograd and dtype.is_complex)
    chosen = [sample for sample in islice(every, LIMIT) if elements(sample) <= LARGEST]
    chosen = [s.transform(widened) for s in chosen] if info.name in WIDENED and dtype.is_complex else chosen
    tolerance = dict(zip(("rtol", "atol"), OFF[dtype], strict=True))
    reason = OTHERWISE[kind].get(info.name)

    def check(sample: Any) -> None:
        try:
            if dtype.is_complex:
                assert_agrees_on(variant, sample, "cpu", tolerance)
            else:
                values_agree(variant, sample, dtype, tolerance)
        except Unsupported:
            raise
        except Exception as error:
            if reason is None:
                raise
            raise Unsupported(reason) from error

    tally(f"samples of {kind}", info, chosen, 0, check, record_property, may_be_unsupported=True)
