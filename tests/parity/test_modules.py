"""PyTorch's own samples of its modules: the same state by name, values in train and eval mode, and gradients.

The samples come from torch.testing._internal. Each module is made with the same arguments and given PyTorch's state;
all is computed in float64 but what PyTorch has in float32 alone.
"""

import inspect
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_modules import module_db

import lucid
from lucid import Tensor, nn, tree

MODULES = {info.name: info for info in module_db}
MISSING = {
    "lazy shapes: a module knows its shapes when it is made": [
        *(f"nn.Lazy{kind}{space}d" for kind in ("Conv", "ConvTranspose") for space in (1, 2, 3))
    ],
    "regions are drawn at random, which few models do": ["nn.FractionalMaxPool2d", "nn.FractionalMaxPool3d"],
    "a Linear and a CrossEntropyLoss, in PyTorch joined to compute in pieces": ["nn.LinearCrossEntropyLoss"],
}
HERE = sorted(set(MODULES) - {name for names in MISSING.values() for name in names})
OVER_AXES = ("nn.LogSoftmax", "nn.Softmax", "nn.Softmin")
RANDOM = ("dropout",)  # options that draw numbers


def to_lucid(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return lucid.asarray(value.detach().numpy(), requires_grad=value.requires_grad)
    if isinstance(value, torch.nn.Module):
        return copied(value)
    if value is torch.nn.functional.relu or value is torch.nn.functional.gelu:
        return getattr(nn.functional, value.__name__)
    return value


def copied(module: torch.nn.Module) -> nn.Module:
    """A module of lucid's with the options of one of PyTorch's, for those that are arguments of others."""
    if isinstance(module, torch.nn.TransformerEncoderLayer):
        attention = module.self_attn
        activation = getattr(nn.functional, module.activation.__name__)
        return nn.TransformerEncoderLayer(
            *(attention.embed_dim, attention.num_heads, module.linear1.out_features, module.dropout.p, activation),
            *(module.norm1.eps, attention.batch_first, module.norm_first, module.linear1.bias is not None),
        )
    raise NotImplementedError(type(module).__name__)


def without_unsupported(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("device", "dtype")}


def compare(found: Any, wanted: torch.Tensor, what: str) -> None:
    assert found.shape == tuple(wanted.shape), f"{what}: {found.shape} for {tuple(wanted.shape)}"
    np.testing.assert_allclose(np.asarray(found.detach()), wanted.detach().numpy(), rtol=1e-7, atol=1e-9, err_msg=what)


def outputs(value: Any, kind: type) -> list[Any]:
    return [leaf for leaf in tree.leaves([value]) if isinstance(leaf, kind)]


def weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.sin(np.arange(int(np.prod(shape))) * 1.3 + 1).reshape(shape)


def agree(name: str, info: Any, sample: Any, training: bool) -> None:
    made = sample.constructor_input
    theirs = info.module_cls(*made.args, **made.kwargs).double().train(training)
    mine = getattr(nn, name.removeprefix("nn."))(
        *tree.map(to_lucid, list(made.args)), **tree.map(to_lucid, without_unsupported(made.kwargs))
    )
    mine.to(lucid.float64).train(training)
    state = {key: lucid.asarray(value.detach().numpy()) for key, value in theirs.state_dict().items()}
    assert {k: v.shape for k, v in mine.state_dict().items()} == {k: v.shape for k, v in state.items()}
    mine.load_state_dict(state)
    assert type(mine).__name__ in repr(mine)
    given = sample.forward_input
    args, kwargs = tree.map(to_lucid, [list(given.args), without_unsupported(given.kwargs)])
    args += [kwargs.pop("input")] if "input" in kwargs else []  # lucid's modules call it x
    found = mine(*args, **kwargs)
    wanted = theirs(*given.args, **given.kwargs)
    pairs = list(zip(outputs(found, Tensor), outputs(wanted, torch.Tensor), strict=True))
    for f, w in pairs:
        compare(f, w, "value")
    for key, value in theirs.named_buffers():
        compare(mine.state_dict()[key], value, f"buffer {key}")
    moving = [(f, w) for f, w in pairs if w.requires_grad]
    if not moving:
        return
    sum((f * lucid.asarray(weights(f.shape))).sum() for f, _ in moving).backward()
    sum((w * torch.from_numpy(weights(tuple(w.shape)))).sum() for _, w in moving).backward()
    parameters = dict(mine.named_parameters())
    inputs = zip(outputs([args, kwargs], Tensor), outputs([list(given.args), given.kwargs], torch.Tensor), strict=True)
    slopes = [(parameters[key], p, key) for key, p in theirs.named_parameters()]
    slopes += [(f, w, "input") for f, w in inputs]
    for f, w, what in slopes:
        if w.requires_grad and w.grad is not None:
            assert f.grad is not None or not w.grad.abs().sum(), f"gradient of {what} is missing"
            if f.grad is not None:
                compare(f.grad, w.grad, f"gradient of {what}")


def cannot(name: str, sample: Any, training: bool) -> str | None:
    """Why a sample says nothing."""
    drawn = any(sample.constructor_input.kwargs.get(name) for name in RANDOM)
    if training and drawn:
        return "numbers are drawn"
    inputs = outputs([list(sample.forward_input.args)], torch.Tensor)
    return "PyTorch has an axis 0 where there is none" if name in OVER_AXES and not inputs[0].ndim else None


@pytest.mark.parametrize("name", HERE)
@pytest.mark.filterwarnings("ignore")
def test_a_module_does_what_pytorchs_does(name: str, record_property: Any) -> None:
    info, faults, count = MODULES[name], [], 0
    for training in (True, False):
        options = {"device": "cpu", "dtype": torch.float64, "requires_grad": True, "training": training}
        samples = info.module_inputs_func(info, **options)
        for number, sample in enumerate(samples):
            if cannot(name, sample, training):
                continue
            count += 1
            try:
                agree(name, info, sample, training)
            except Exception as error:
                made = sample.constructor_input
                faults.append(f"{number}, {made.args} {made.kwargs}: {type(error).__name__}: {error}")
    record_property("samples of modules", {"passed": count - len(faults), "failed": len(faults)})
    assert count
    assert not faults, f"{len(faults)} of {count} samples failed:\n" + "\n".join(faults[:3])


def test_every_module_is_here_or_missing_for_a_reason(record_property: Any) -> None:
    missing = [name for names in MISSING.values() for name in names]
    record_property("modules", {"in lucid": len(HERE), "missing for a reason": len(missing)})
    assert set(missing) <= set(MODULES)
    assert [name for name in HERE if not hasattr(nn, name.removeprefix("nn."))] == []
    assert [name for name in missing if hasattr(nn, name.removeprefix("nn."))] == []


def test_inplace_is_taken_wherever_pytorch_takes_it() -> None:
    """In the same place among the arguments."""

    functional = torch.nn.functional
    made = [(f, getattr(nn.functional, n, None)) for n, f in vars(functional).items() if isinstance(f, FunctionType)]
    made += [(m, getattr(nn, n, None)) for n, m in vars(torch.nn).items() if isinstance(m, type)]
    count = 0
    for theirs, mine in made:
        names = list(inspect.signature(theirs).parameters)
        if "inplace" in names and theirs.__name__ != "_threshold":
            count += 1
            assert mine is not None, theirs.__name__
            assert list(inspect.signature(mine).parameters).index("inplace") == names.index("inplace"), theirs.__name__
    assert count > 30
