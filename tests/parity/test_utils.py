"""Weights that are computed, and sequences side by side, beside PyTorch's."""

from typing import Any

import numpy as np
import pytest
import torch

import lucid
from lucid import nn


@pytest.mark.parametrize(
    ("name", "options"),
    [("weight_norm", {}), ("weight_norm", {"dim": 1}), ("weight_norm", {"dim": None}), ("spectral_norm", {}),
     ("spectral_norm", {"n_power_iterations": 3, "dim": 1})],
)  # fmt: skip
@pytest.mark.parametrize(
    ("kind", "args", "shape"),
    [("Linear", (4, 3), (5, 4)), ("Conv1d", (4, 6, 3), (2, 4, 7)), ("ConvTranspose2d", (4, 6, 3), (2, 4, 5, 5))],
)
def test_computed_weights(name: str, options: dict[str, Any], kind: str, args: Any, shape: Any) -> None:
    """From the same state: its names, outputs and gradients in train mode, and what power iteration leaves."""
    theirs = getattr(torch.nn.utils.parametrizations, name)(getattr(torch.nn, kind)(*args).double(), **options)
    mine = getattr(nn.utils.parametrizations, name)(getattr(nn, kind)(*args).to(lucid.float64), **options)
    mine.load_state_dict({key: lucid.asarray(value.detach().numpy()) for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=shape)
    for _ in range(2):
        found, wanted = mine(lucid.asarray(x)), theirs(torch.tensor(x))
        np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
        (found**2).sum().backward()
        (wanted**2).sum().backward()
    for (key, p), q in zip(sorted(mine.named_parameters()), [p for _, p in sorted(theirs.named_parameters())]):
        assert p.grad is not None
        assert q.grad is not None
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=key)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"padding_value": -1.0, "padding_side": "left"}])
def test_sequences_side_by_side(options: dict[str, Any]) -> None:
    rows = [np.random.default_rng(n).normal(size=(n, 2)) for n in (3, 1, 4)]
    found = nn.utils.rnn.pad_sequence([lucid.asarray(x) for x in rows], **options)
    wanted = torch.nn.utils.rnn.pad_sequence([torch.tensor(x) for x in rows], **options)
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
