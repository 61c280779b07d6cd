"""PyTorch's samples in float32 on the gpu: the same values and first gradients as PyTorch has on the processor.

Samples hold numbers up to 10 and sums of up to some hundred terms: errors are those of 24-bit numbers of that size.
"""

from typing import Any

import pytest
import torch

import lucid
from lucid import errors

from .names import Unsupported
from .samples import INFOS, assert_agrees_on, best_dtype, samples, tally

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore::UserWarning")]  # PyTorch warns of its own names
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}
LOOSER = {  # and why
    "logcumsumexp": (1e-2, "PyTorch's own gradient is off by 2e-3, lucid's by 1e-7"),
    "matrix_exp": (1e-3, "PyTorch computes in float32, lucid in float64"),
    "pow": (1e-3, "terms near 10,000 cancel, in the gradient of what is broadcast"),
}
IN_FLOAT32 = [
    variant for variant, info in INFOS.items() if best_dtype(info, torch.float32) in (torch.float32, torch.int64)
]


@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize("variant", IN_FLOAT32)
def test_values_and_gradients_of_pytorchs_samples(variant: str, device: str, record_property: Any) -> None:
    info = INFOS[variant]
    dtype = best_dtype(info, torch.float32)
    chosen, left = samples(info, dtype, info.supports_autograd and dtype.is_floating_point)

    off = LOOSER.get(info.name, (TOLERANCE["rtol"],))[0]

    def check(sample: Any) -> None:
        try:
            with lucid.use_device(device):
                assert_agrees_on(variant, sample, device, {"rtol": off, "atol": off}, orders=1)
        except errors.DTypeError as error:
            if "lives on the cpu alone" not in str(error):
                raise
            raise Unsupported("float64, which no gpu has") from error

    tally("samples in float32 on the gpu", info, chosen, left, check, record_property, may_be_unsupported=True)
