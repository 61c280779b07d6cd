"""Whether both devices compute the same with a model, op by op, and which op differs first.

A model's results alone say little: rounding grows from layer to layer, and what differs at the end does not say where
it began. So each op that one device runs is run once more by the other, on the very same numbers, and the two results
are compared there. Then the devices change places, since each may have kernels of its own.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .. import autograd, random, tree
from ..autograd import set_grad_enabled
from ..autograd.observe import Step
from ..devices import DEVICES, Device, backend
from ..nn import Module
from ..nn.summary import aligned
from ..tensor import Tensor
from .comparing import Comparison, compare, largest, moved
from .layers import watch

__all__ = ["HEADER", "Parity", "parity"]

HEADER = ("layer", "ops", "worst forward", "worst backward")  # in parts of what it may differ by


class Parity:
    """The comparisons of all ops in the order in which they ran, and how far the results of the model differ."""

    def __init__(self, model: str, comparisons: list[Comparison], outputs: float, gradients: dict[str, float]) -> None:
        self.model, self.comparisons = model, comparisons
        self.outputs = outputs  # the largest difference of an output, as a part of the largest output
        self.gradients = gradients  # the same for each parameter's gradient

    @property
    def first(self) -> Comparison | None:
        """The first op whose results differ by more than they may, None if there is none: on the way forward if there
        is one. A primitive of the same layer says more than a composite, which may contain it."""
        wrong = sorted((c for c in self.comparisons if not c.ratio <= 1), key=lambda c: c.backward)
        inside = [c for c in wrong if c.layer == wrong[0].layer and not c.composite]
        return next(iter(inside or wrong), None)

    @property
    def agree(self) -> bool:
        """Whether no op differs by more than it may."""
        return self.first is None

    def rows(self, depth: int | None = None) -> list[tuple[str, int, str, str]]:
        """For each layer down to `depth`: its name, how many ops, and which of them differ most, forward and back."""
        layers: dict[str, list[Comparison]] = {}
        for c in self.comparisons:
            layers.setdefault(".".join(c.layer.split(".")[:depth]), []).append(c)
        return [
            (layer or self.model, len(found), _worst(found, backward=False), _worst(found, backward=True))
            for layer, found in layers.items()
        ]

    def verdict(self) -> str:
        """Whether the devices agree, or what differs first."""
        count = len(self.comparisons)
        if self.first is not None:
            return f"The devices DIFFER. First of {count:,} ops: {self.first}"
        worst = max(self.comparisons, key=lambda c: c.ratio)
        slope = max(self.gradients.values(), default=0.0)
        return (
            f"The devices agree in all {count:,} ops. The nearest to its limit is {worst}. At the end of the model "
            f"outputs differ by {self.outputs:.1e} of the largest, gradients by {slope:.1e} at most."
        )

    def __str__(self) -> str:
        lines = [HEADER, *((layer, f"{count:,}", *worst) for layer, count, *worst in self.rows())]
        return f"{aligned(lines, '<><<')}\n{self.verdict()}"

    __repr__ = __str__


def _worst(found: list[Comparison], backward: bool) -> str:
    """The op that differs most, as a part of what it may."""
    worst = max((c for c in found if c.backward is backward), key=lambda c: c.ratio, default=None)
    return "" if worst is None else f"{100 * worst.ratio:.0f} %  {worst.op.rpartition(' ')[2]}"


def parity(model: Module, *inputs: Any) -> Parity:
    """Run a model on both devices, forward and backward, and compare each op of each layer.

    `inputs` are what its forward takes: tensors, on any device, in trees or beside other things. The model itself is
    left alone. Integers and truth values must be exact, nans and infinities have their places. Other numbers may differ
    by what rounding does to the op: a unit in the last place of the largest number of the result, and what such a unit
    in each input makes of the result, which is measured; this 16 + sqrt(n) times, where n numbers of an input go into
    one of the result.

    Raises DeviceError without a gpu, DTypeError for a dtype that it lacks.

    >>> import lucid
    >>> from lucid import nn
    >>> if lucid.is_available("gpu"):
    ...     assert lucid.parity(nn.Linear(4, 3), lucid.ones((2, 4))).agree
    """
    backend("gpu", "parity")
    comparisons: list[Comparison] = []
    ends: list[list[Tensor]] = []
    slopes: list[dict[str, Tensor]] = []
    state = random.default_generator.state
    for here in DEVICES:
        placed, given = deepcopy(model).to(here), tree.map(lambda x: moved(x, here), inputs)  # noqa: B023
        for recording in (False, True):  # a backend may have kernels of its own for when gradients follow
            random.default_generator.state = state
            with watch(placed, _comparing(comparisons)), set_grad_enabled(recording):
                out = [x for x in tree.leaves(placed(*given)) if isinstance(x, Tensor)]
                _pull_back([x for x in out if x.requires_grad], here)
        ends.append(out)
        slopes.append({name: p.grad for name, p in placed.named_parameters() if p.grad is not None})
    outputs = max((_part(a, b) for a, b in zip(*ends, strict=True)), default=0.0)
    gradients = {name: _part(g, slopes[1][name]) for name, g in slopes[0].items()}
    return Parity(type(model).__name__, comparisons, outputs, gradients)


def _pull_back(outputs: list[Tensor], device: Device) -> None:
    """A backward pass from the same random gradients on every device."""
    noise = random.Generator(0)
    if outputs:
        autograd.backward(
            outputs, [random.normal(x.shape, dtype=x.dtype, device=device, generator=noise) for x in outputs]
        )


def _comparing(comparisons: list[Comparison]) -> Callable[..., Any]:
    def around(layer: str, step: Step, compute: Callable[[], Any]) -> Any:
        result = compute()
        if result is not NotImplemented and (comparison := compare(layer, step, result)):
            comparisons.append(comparison)
        return result

    return around


def _part(a: Tensor, b: Tensor) -> float:
    """The largest difference as a part of the largest number."""
    return largest(a, b) / (largest(a) or 1.0)
