"""Where the time and the memory of a model go, layer by layer and op by op.

On a lazy device an op returns before it has computed, so that its time is that of nothing. Here each op is waited for
before the next one starts: that is what it takes by itself. What they take together, waited for once at the end as in
real use, is measured too, without looking; it is less where the device works ahead or joins ops.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from .. import tree
from ..autograd import backward, set_grad_enabled
from ..autograd.observe import Step
from ..backends import backend_of
from ..devices import Device, backend, default_device, describe
from ..nn import Module
from ..nn.summary import aligned
from ..ops.creation import ones
from ..tensor import Tensor
from .comparing import moved
from .layers import watch

__all__ = ["HEADER", "Cost", "Profile", "profile"]

HEADER = ("steps", "forward ms", "backward ms", "share", "MB of results")
ROUNDS = 3


class Cost(NamedTuple):
    """One op: when it started, how long it took, and how much memory its results took, in seconds and bytes."""

    layer: str
    op: str
    backward: bool
    start: float
    seconds: float
    nbytes: int  # views of other memory too


class Profile:
    """The costs of all ops in the order in which they ran."""

    def __init__(self, model: str, device: Device, costs: list[Cost], seen: float, alone: float, peak: int) -> None:
        self.model, self.device, self.costs = model, device, costs
        self.seen = seen  # seconds of the run in which each op was waited for, with what is between ops
        self.alone = alone  # seconds of the fastest of some runs that were waited for once, at the end
        self.peak = peak  # the most bytes that arrays took at once, beside those that were there before

    @property
    def seconds(self) -> float:
        """The sum of the times of all ops."""
        return sum(cost.seconds for cost in self.costs)

    def by_layer(self, depth: int | None = None) -> list[tuple[str, ...]]:
        """A row for each layer down to `depth`, in the order in which they ran."""
        return self._rows(lambda cost: _shortened(cost.layer, depth) or self.model)

    def by_op(self) -> list[tuple[str, ...]]:
        """A row for each op, the slowest first; its gradient is in the same row."""
        return self._rows(lambda cost: cost.op.rpartition(" ")[2], slowest_first=True)

    def _rows(self, key: Callable[[Cost], str], slowest_first: bool = False) -> list[tuple[str, ...]]:
        groups: dict[str, list[Cost]] = {}
        for cost in self.costs:
            groups.setdefault(key(cost), []).append(cost)
        named = sorted(groups.items(), key=lambda group: -_seconds(group[1])) if slowest_first else groups.items()
        return [
            (
                name,
                f"{len(costs):,}",
                f"{1e3 * _seconds(c for c in costs if not c.backward):.2f}",
                f"{1e3 * _seconds(c for c in costs if c.backward):.2f}",
                f"{100 * _seconds(costs) / self.seconds:.1f} %",
                f"{sum(c.nbytes for c in costs) / 1e6:.1f}",
            )
            for name, costs in named
        ]

    def about(self) -> str:
        """What the times are, and of what."""
        return (
            f"{self.device}: {describe(self.device)}. Each op waited for: {1e3 * self.seconds:.1f} ms in ops, "
            f"{1e3 * (self.seen - self.seconds):.1f} ms between them. Waited for once at the end, as in real use: "
            f"{1e3 * self.alone:.1f} ms. At most {self.peak / 1e6:.1f} MB at once, beside the model."
        )

    def __str__(self) -> str:
        parts = (("layer", self.by_layer()), ("op", self.by_op()))
        tables = [aligned([(name, *HEADER), *rows], "<>>>>>") for name, rows in parts]
        return "\n\n".join([*tables, self.about()])

    __repr__ = __str__

    def trace(self) -> dict[str, Any]:
        """The run in Chrome's trace event format, which chrome://tracing and ui.perfetto.dev show: ops inside layers,
        forward and backward."""
        name = {"name": "process_name", "ph": "M", "pid": 0, "args": {"name": f"{self.model} on {self.device}"}}
        events: list[dict[str, Any]] = [name]
        for back, costs in groupby(self.costs, lambda cost: cost.backward):
            phase = list(costs)
            events.append(_slice("backward" if back else "forward", "phase", phase))
            events += _slices(phase, 1)
        return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"about": self.about()}}

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file."""
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.trace(), file)


def profile(model: Module, *inputs: Any, training: bool = False) -> Profile:
    """Run a model on the device it is on, and backward if `training`, and measure each op.

    `inputs` are what its forward takes, on any device. `training` also records, and takes gradients of the parameters
    and drops them; dropout acts as the model's own mode says.

    >>> import lucid
    >>> from lucid import nn
    >>> found = lucid.profile(nn.Sequential(nn.LayerNorm(4), nn.Softmax(-1)), lucid.ones((2, 4)), training=True)
    >>> [(cost.layer, cost.op) for cost in found.costs]
    [('0', 'layer_norm'), ('1', 'softmax'), ('1', 'gradient of softmax'), ('0', 'gradient of layer_norm')]
    """
    like = next(model.parameters(), None)
    device = default_device() if like is None else like.device
    arrays, given = backend(device), tree.map(lambda x: moved(x, device), inputs)

    def run() -> None:
        model.zero_grad()
        with set_grad_enabled(training):
            out = [x for x in tree.leaves(model(*given)) if isinstance(x, Tensor)]
            made = [x.array for x in out]
            if training:
                backward(out, [ones(x.shape, dtype=x.dtype, device=x.device) for x in out])
                made += [p.grad.array for p in model.parameters() if p.grad is not None]
            arrays.wait(made)

    def timed() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    held = [(p, p.grad) for p in model.parameters()]
    try:
        peak = arrays.peak_bytes(run)  # which is the warm-up too
        alone = min(timed() for _ in range(ROUNDS))
        costs: list[Cost] = []
        with watch(model, _measuring(costs)):
            seen = timed()
    finally:
        for p, g in held:
            p.grad = g
    return Profile(type(model).__name__, device, costs, seen, alone, peak)


def _measuring(costs: list[Cost]) -> Callable[..., Any]:
    def around(layer: str, step: Step, compute: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = compute()
        made = [x for x in tree.leaves(result) if type(x) in backend_of]
        if made:
            backend_of[type(made[0])].wait(made)
        seconds = time.perf_counter() - start
        if result is not NotImplemented:
            costs.append(Cost(layer, step.name, step.node is not None, start, seconds, sum(x.nbytes for x in made)))
        return result

    return around


def _seconds(costs: Iterable[Cost]) -> float:
    return sum(cost.seconds for cost in costs)


def _shortened(layer: str, depth: int | None) -> str:
    return ".".join(layer.split(".")[:depth])


def _slices(costs: Sequence[Cost], depth: int) -> Iterator[dict[str, Any]]:
    """Ops that follow each other in one layer as a slice of that layer, and inside it the same one level deeper."""
    for layer, group in groupby(costs, lambda cost: _shortened(cost.layer, depth)):
        inside = list(group)
        if layer.count(".") + 1 == depth and layer:
            yield _slice(layer, "layer", inside)
            yield from _slices(inside, depth + 1)
        else:  # what belongs to no deeper layer
            yield from (_slice(cost.op, "op", [cost], layer=cost.layer, bytes=cost.nbytes) for cost in inside)


def _slice(name: str, kind: str, costs: Sequence[Cost], **about: Any) -> dict[str, Any]:
    start, end = costs[0].start, costs[-1].start + costs[-1].seconds
    times = {"ts": 1e6 * start, "dur": 1e6 * (end - start)}
    return {"name": name, "cat": kind, "ph": "X", "pid": 0, "tid": 0, **times, "args": about}
