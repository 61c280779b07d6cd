"""PyTorch's own samples of its ops: the same values, first and second gradients, for every op that is in both.

The samples, and the names, come from torch.testing._internal; op_names.py says what each name is here. All is computed
in float64, so the tolerance is for the order of additions alone.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

import lucid
from lucid import Tensor, tree

from .op_names import NAMES, Unsupported

TOLERANCE = {"rtol": 1e-7, "atol": 1e-9}
SAMPLES = 12  # of each op: its first, which are the usual ones, and every few of the rest
OPS = {op.name: op for op in op_db if op.name in NAMES and not op.variant_test_name}


def to_lucid(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        x = lucid.asarray(value.detach().resolve_conj().resolve_neg().numpy())
        return x.requires_grad_() if value.requires_grad else x
    return tuple(value) if isinstance(value, torch.Size) else value


def to_torch(value: Any) -> Any:
    return value.detach().clone().requires_grad_(value.requires_grad) if isinstance(value, torch.Tensor) else value


def tensors(kind: type, *values: Any) -> list[Any]:
    return [leaf for leaf in tree.leaves(values) if isinstance(leaf, kind)]


def weights(shape: Any, salt: int) -> np.ndarray:
    return np.sin(np.arange(int(np.prod(shape))) * 1.3 + salt).reshape(shape)


def compare(found: Any, wanted: torch.Tensor, what: str) -> None:
    assert found.shape == tuple(wanted.shape), what
    np.testing.assert_allclose(
        np.asarray(found.detach()), wanted.detach().resolve_conj().resolve_neg().numpy(), err_msg=what, **TOLERANCE
    )


def slopes(grad: Any, kind: type, make: Any, outputs: list[Any], inputs: list[Any]) -> list[Any]:
    """The gradients of the outputs, weighted, with respect to the inputs; and those of these, weighted again."""
    total = sum((out * make(weights(tuple(out.shape), i))).sum() for i, out in enumerate(outputs))
    first = grad(total, inputs, create_graph=True, allow_unused=True)
    moving = [(i, g) for i, g in enumerate(first) if g is not None and g.requires_grad]
    if not moving:
        return [*first]
    total = sum((g * make(weights(tuple(g.shape), i + 7))).sum() for i, g in moving)
    return [*first, *grad(total, inputs, allow_unused=True)]


@pytest.mark.parametrize("name", sorted(OPS))
def test_values_and_gradients_of_pytorchs_samples(name: str) -> None:
    op = OPS[name]
    differentiable = op.supports_autograd
    dtype = torch.float64 if torch.float64 in op.supported_dtypes("cpu") else torch.int64
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=differentiable))
    chosen = samples[:SAMPLES] + samples[SAMPLES :: max(len(samples) // SAMPLES, 1)]
    passed = 0
    for number, sample in enumerate(chosen):
        arguments = [sample.input, *sample.args]
        mine = tree.map(to_lucid, [arguments, sample.kwargs])
        theirs = tree.map(to_torch, [arguments, sample.kwargs])
        what = f"{name}, sample {number}: {sample.summary()}"
        try:
            found = tensors(Tensor, NAMES[name](*mine[0], **mine[1]))
        except Unsupported:
            continue
        wanted = tensors(torch.Tensor, op(*theirs[0], **theirs[1]))
        assert len(found) == len(wanted), what
        for f, w in zip(found, wanted, strict=True):
            compare(f, w, what)
        passed += 1
        inputs = (
            [x for x in tensors(Tensor, mine) if x.requires_grad],
            [x for x in tensors(torch.Tensor, theirs) if x.requires_grad],
        )
        outputs = [x for x in found if x.requires_grad], [x for x in wanted if x.requires_grad]
        if not outputs[1] or any(x.is_complex() for x in outputs[1]):
            continue
        mine_slopes = [] if not outputs[0] else slopes(lucid.grad, Tensor, lucid.asarray, outputs[0], inputs[0])
        their_slopes = slopes(torch.autograd.grad, torch.Tensor, torch.from_numpy, outputs[1], inputs[1])
        for i, w in enumerate(their_slopes):
            f = mine_slopes[i] if i < len(mine_slopes) else None
            if w is None or not w.abs().sum():
                assert f is None or not np.abs(np.asarray(f.detach())).sum(), f"{what}: gradient {i}"
            else:
                assert f is not None, f"{what}: gradient {i} is missing"
                compare(f, w, f"{what}: gradient {i}")
    assert passed, f"no sample of {name} could be run"


def test_the_table_names_ops_of_pytorch() -> None:
    known = {op.name for op in op_db}
    print(f"\n{len(NAMES)} of PyTorch's {len(known)} names of ops are in lucid")
    assert set(NAMES) <= known
