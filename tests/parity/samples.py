"""PyTorch's samples of its ops, as arguments for PyTorch and for lucid; and what it means that the results agree."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import lucid
from lucid import Tensor, tree

from .names import FIRST_ORDER_ALONE, NAMES, VARIANTS, Unsupported

BFLOAT16 = {torch.bfloat16: lucid.bfloat16}  # which NumPy does not have
LARGEST = 100_000  # elements of a sample; larger ones say no more, and take minutes

INFOS = {
    f"{info.name} {info.variant_test_name}".strip(): info
    for info in sorted(op_db, key=lambda info: (info.name, info.variant_test_name))
    if info.name in NAMES and info.supported_dtypes("cpu")
}


# What PyTorch's samples do with results, to look at what does not depend on the phases of vectors, asks for it.
Tensor.mH = property(lambda x: lucid.conj(x.mT))  # type: ignore[attr-defined]


def adapter(variant: str) -> Callable[..., Any]:
    return VARIANTS.get(variant) or NAMES[INFOS[variant].name]


def best_dtype(info: Any, *wanted: torch.dtype) -> torch.dtype:
    """The first of the dtypes that PyTorch has the op for."""
    supported = info.supported_dtypes("cpu")
    order = (*wanted, torch.float64, torch.complex128, torch.int64, torch.float32, torch.bool)
    return next(dtype for dtype in order if dtype in supported)


def every_sample(info: Any, dtype: torch.dtype, requires_grad: bool) -> Iterator[Any]:
    """The same ones at each run."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    return info.sample_inputs("cpu", dtype, requires_grad=requires_grad)


def samples(info: Any, dtype: torch.dtype, requires_grad: bool) -> tuple[list[Any], int]:
    """Samples of an op, and how many were left aside for their size."""
    found = [*every_sample(info, dtype, requires_grad)]
    kept = [sample for sample in found if elements(sample) <= LARGEST]
    return kept, len(found) - len(kept)


def to_lucid(value: Any, device: str = "cpu") -> Any:
    if isinstance(value, torch.Tensor):
        x = lucid.asarray(host(value), dtype=BFLOAT16.get(value.dtype), device=device)
        return x.requires_grad_() if value.requires_grad else x
    return tuple(value) if isinstance(value, torch.Size) else value


def elements(sample: Any) -> int:
    return sum(x.numel() for x in leaves(torch.Tensor, sample.input, sample.args, sample.kwargs))


def widened(value: Any) -> Any:
    """Floating numbers in float64."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().double().requires_grad_(value.requires_grad)
    return value


def to_torch(value: Any) -> Any:
    return value.detach().clone().requires_grad_(value.requires_grad) if isinstance(value, torch.Tensor) else value


def host(x: torch.Tensor) -> np.ndarray:
    x = x.detach().resolve_conj().resolve_neg()
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy(force=True)


def arguments(sample: Any, convert: Callable[[Any], Any]) -> tuple[list[Any], dict[str, Any]]:
    args, options = tree.map(convert, [[sample.input, *sample.args], sample.kwargs])
    return args, options


def leaves(kind: type, *values: Any) -> list[Any]:
    return [leaf for leaf in tree.leaves(values) if isinstance(leaf, kind)]


def results(value: Any) -> list[Any]:
    """The tensors and numbers that came out, in order."""
    return tree.leaves([list(value) if isinstance(value, torch.Size) else value])


def assert_agree(found: Any, wanted: Any, what: str, tolerance: dict[str, float]) -> None:
    if not isinstance(wanted, torch.Tensor):
        assert found == wanted, f"{what}: {found} for {wanted}"
        return
    assert isinstance(found, Tensor), f"{what}: {type(found).__name__} for a tensor"
    assert found.shape == tuple(wanted.shape), f"{what}: shape {found.shape} for {tuple(wanted.shape)}"
    assert found.dtype.name == str(wanted.dtype).removeprefix("torch."), f"{what}: {found.dtype} for {wanted.dtype}"
    x, y = np.asarray(found.detach()), host(wanted)
    x = x.astype(np.float32) if found.dtype is lucid.bfloat16 else x
    np.testing.assert_allclose(x, y, err_msg=what, **tolerance)


def weighted(outputs: Iterator[tuple[int, Any]]) -> Any:
    """A real number to take the gradient of: a sum with weights of which no two are equal."""
    total: Any = 0
    for i, out in outputs:
        uneven = np.sin(np.arange(int(np.prod(tuple(out.shape)))) * 1.3 + i).reshape(tuple(out.shape))
        is_complex = "complex" in str(out.dtype)
        weights = np.asarray(uneven + np.cos(uneven * 3) * 1j if is_complex else uneven)
        if isinstance(out, Tensor):
            product = out * lucid.asarray(weights, device="cpu").astype(out.dtype).to(out.device)
        else:
            product = out * torch.from_numpy(weights).to(out.dtype)
        total = total + (product.real if is_complex else product).sum()
    return total


def slopes(grad: Any, outputs: list[Any], inputs: list[Any], second: bool) -> list[Any]:
    """The gradients of the outputs, weighted, with respect to the inputs; and those of these, weighted again."""
    first = grad(weighted(iter(enumerate(outputs))), inputs, create_graph=second, allow_unused=True)
    moving = [(i + 7, g) for i, g in enumerate(first) if g is not None and g.requires_grad]
    if not moving or not second:
        return [*first]
    return [*first, *grad(weighted(iter(moving)), inputs, allow_unused=True)]


def assert_agrees_on(variant: str, sample: Any, device: str, tolerance: dict[str, float], orders: int = 2) -> None:
    """The values, and the gradients up to an order, of one sample."""
    info, function = INFOS[variant], adapter(variant)
    orders = min(orders, 1 if variant in FIRST_ORDER_ALONE else 2)
    mine = arguments(sample, lambda value: to_lucid(value, device))
    theirs = arguments(sample, to_torch)
    found = results(sample.output_process_fn_grad(function(*mine[0], **mine[1])))
    wanted = results(sample.output_process_fn_grad(info(*theirs[0], **theirs[1])))
    assert len(found) == len(wanted), f"{len(found)} results for {len(wanted)}"
    for f, w in zip(found, wanted, strict=True):
        assert_agree(f, w, "value", tolerance)
    outputs = [x for x in wanted if isinstance(x, torch.Tensor) and x.requires_grad]
    if not outputs or not orders:
        return
    inputs = [x for x in leaves(torch.Tensor, theirs) if x.requires_grad]
    their_slopes = slopes(torch.autograd.grad, outputs, inputs, orders > 1)
    outputs = [x for x in found if isinstance(x, Tensor) and x.requires_grad]
    inputs = [x for x in leaves(Tensor, mine) if x.requires_grad]
    my_slopes = slopes(lucid.grad, outputs, inputs, orders > 1) if outputs else []
    for i, w in enumerate(their_slopes):
        f = my_slopes[i] if i < len(my_slopes) else None
        if f is not None and w is not None:
            assert_agree(f, w, f"gradient {i}", tolerance)
        for one in (f, w):  # what is missing is 0
            if one is not None and (f is None or w is None):
                size = abs(np.asarray(one.detach())).max(initial=0)
                assert size <= tolerance["atol"], f"gradient {i} is {size} and is missing on one side"


def tally(
    kind: str,
    info: Any,
    chosen: list[Any],
    left: int,
    check: Callable[[Any], None],
    record: Any,
    may_be_unsupported: bool = False,
) -> None:
    """Check every sample and count; fail at the end if one failed."""
    counts = {"passed": 0, "failed": 0, "unsupported": 0, "left aside": left}
    faults, reasons = [], set()
    for number, sample in enumerate(chosen):
        try:
            check(sample)
        except Unsupported as reason:
            counts["unsupported"] += 1
            reasons.add(str(reason))
        except Exception as error:
            counts["failed"] += 1
            faults.append(f"sample {number}, {sample.summary()}: {type(error).__name__}: {error}")
        else:
            counts["passed"] += 1
    record(kind, counts)
    assert not faults, f"{len(faults)} of {len(chosen)} samples of {info.name} failed:\n" + "\n".join(faults[:3])
    assert counts["passed"] or may_be_unsupported or info.variant_test_name, (
        f"no sample could be run: {'; '.join(sorted(reasons))}"
    )
