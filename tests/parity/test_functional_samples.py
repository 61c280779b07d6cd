"""PyTorch's own samples of torch.nn.functional: the same values, first and second gradients, and the same refusals.

All is computed in float64, so the tolerance is for the order of additions alone.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

import lucid
from lucid import Tensor, tree

from .names.adapting import Unsupported
from .names.neural import NAMES

SAMPLES = 24  # of each: every few of them
LEFT_OUT = {
    "not written yet": "ctc_loss fractional_max_pool2d fractional_max_pool3d grid_sample linear_cross_entropy",
    "its samples draw numbers; test_modules.py has MultiheadAttention": "multi_head_attention_forward",
}
INFOS = {f"{info.name} {info.variant_test_name}".strip(): info for info in op_db if info.name in NAMES}
ALLOWED = {  # what PyTorch refuses and lucid does not, with the reason
    "conv1d": "should be the same",  # dtypes are promoted
    "conv2d": "should be the same",
    "conv3d": "should be the same",
    "max_pool1d": "optional 0 dim batch size",  # no channels at all
    "max_pool3d": "non-batch dimensions",
}


def convert(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        x = lucid.asarray(value.detach().numpy())
        return x.requires_grad_() if value.requires_grad else x
    return tuple(value) if isinstance(value, torch.Size) else value


def arguments(sample: Any) -> list[Any]:
    return tree.map(convert, [[sample.input, *sample.args], sample.kwargs])


def leaves(kind: type, value: Any) -> list[Any]:
    return [leaf for leaf in tree.leaves([value]) if isinstance(leaf, kind)]


def weighted(outputs: list[Any], make: Any, salt: int) -> Any:
    total: Any = 0
    for i, out in enumerate(outputs):
        numbers = np.sin(np.arange(int(np.prod(out.shape))) * 1.3 + salt + i).reshape(tuple(out.shape))
        total = total + (out * make(numbers.astype(str(out.dtype).split(".")[-1]))).sum()
    return total


def slopes(grad: Any, make: Any, outputs: list[Any], inputs: list[Any], second: bool) -> list[Any]:
    first = grad(weighted(outputs, make, 0), inputs, create_graph=second, allow_unused=True)
    moving = [g for g in first if g is not None and g.requires_grad]
    if not second or not moving:
        return [*first]
    return [*first, *grad(weighted(moving, make, 7), inputs, allow_unused=True)]


def compare(found: Any, wanted: torch.Tensor, what: str) -> None:
    assert found.shape == tuple(wanted.shape), what
    assert found.dtype.name == str(wanted.dtype).removeprefix("torch."), what
    off = (1e-7, 1e-9) if wanted.dtype is torch.float64 else (1e-5, 1e-5)
    np.testing.assert_allclose(np.asarray(found.detach()), wanted.detach().numpy(force=True), *off, err_msg=what)


def agree(info: Any, sample: Any) -> None:
    mine = arguments(sample)
    found = leaves(Tensor, NAMES[info.name](*mine[0], **mine[1]))
    wanted = leaves(torch.Tensor, info(sample.input, *sample.args, **sample.kwargs))
    assert len(found) == len(wanted)
    for f, w in zip(found, wanted, strict=True):
        compare(f, w, "value")
    theirs = [[sample.input, *sample.args], sample.kwargs]
    inputs = [[x for x in leaves(kind, of) if x.requires_grad] for kind, of in ((Tensor, mine), (torch.Tensor, theirs))]
    outputs = [[x for x in of if x.requires_grad] for of in (found, wanted)]
    if not outputs[1]:
        return
    for second in (True, False):
        try:
            of_theirs = slopes(torch.autograd.grad, torch.from_numpy, outputs[1], inputs[1], second)
        except RuntimeError:  # PyTorch has no second derivative
            wanted = leaves(torch.Tensor, info(sample.input, *sample.args, **sample.kwargs))
            outputs[1] = [x for x in wanted if x.requires_grad]
            continue
        break
    for f, w in zip(slopes(lucid.grad, lucid.asarray, outputs[0], inputs[0], second), of_theirs, strict=False):
        if f is not None and w is not None:
            compare(f, w, "gradient")
        else:
            assert not sum(abs(np.asarray(x.detach())).sum() for x in (f, w) if x is not None), "a gradient is missing"


@pytest.mark.parametrize("variant", INFOS)
@pytest.mark.filterwarnings("ignore")
def test_samples(variant: str, record_property: Any) -> None:
    info = INFOS[variant]
    dtypes = info.supported_dtypes("cpu")
    dtype = next(d for d in (torch.float64, torch.complex128, torch.int64, torch.float32) if d in dtypes)
    found = [*info.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point)]
    faults, unsupported, looked = [], 0, 0
    for number, sample in list(enumerate(found))[:: -(-len(found) // SAMPLES)]:
        looked += 1
        try:
            agree(info, sample)
        except Unsupported:
            unsupported += 1
        except Exception as error:
            faults.append(f"sample {number}, {sample.summary()}: {type(error).__name__}: {error}")
    record_property("samples of nn.functional", {"looked at": looked, "unsupported": unsupported})
    assert not faults, f"{len(faults)} samples of {variant} failed:\n" + "\n".join(faults[:3])


@pytest.mark.parametrize("variant", [variant for variant, info in INFOS.items() if info.error_inputs_func])
def test_what_pytorch_refuses_is_refused(variant: str) -> None:
    info, accepted = INFOS[variant], []
    for wrong in info.error_inputs("cpu"):
        args, kwargs = arguments(wrong.sample_input)
        try:
            NAMES[info.name](*args, **kwargs)
        except (TypeError, ValueError, IndexError, RuntimeError):
            continue
        if ALLOWED.get(info.name.split(".")[-1], "nothing") not in str(wrong.error_regex):
            accepted.append(f"{wrong.sample_input.summary()}: PyTorch says {wrong.error_regex}")
    assert not accepted, "\n".join(accepted)


def test_every_name_is_here_or_left_out_for_a_reason() -> None:
    known = {info.name for info in op_db if info.name.startswith("nn.functional.")}
    left_out = {f"nn.functional.{name}" for names in LEFT_OUT.values() for name in names.split()}
    print(f"\n{len(NAMES)} of PyTorch's {len(known)} names of nn.functional are in lucid")
    assert known == {*NAMES} | left_out
    assert not left_out & {*NAMES}
