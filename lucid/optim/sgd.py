"""Stochastic gradient descent."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ..ops.creation import zeros_like
from ..ops.searching import where
from ..tensor import Tensor
from .optimizer import Optimizer, Params, State

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for. With the gradient g, and g + weight_decay p in its place:

        b ← momentum b + (1 − dampening) g        (b ← g at the first step)
        p ← p − lr b                              (p − lr (g + momentum b) with `nesterov`, p − lr g without momentum)

    Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning, ICML 2013.

    Raises as Optimizer does, and ValueError for `nesterov` without momentum or with dampening.

    >>> import lucid
    >>> x = lucid.asarray([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     x.sum().backward()
    ...     optimizer.step()
    >>> x
    tensor([0.71], dtype=float32, device='cpu', requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, lr=lr, **options, nesterov=nesterov, maximize=maximize)

    def check(self, options: Mapping[str, Any]) -> None:
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ValueError("SGD: nesterov=True needs a momentum above 0 and no dampening")

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"momentum_buffer": zeros_like(value)} if options["momentum"] else {}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        if not now.momentum:
            return value - g * now.lr, {}
        buffer = state["momentum_buffer"] * now.momentum + g * (1 - now.dampening)
        if now.dampening:
            buffer = where(now.step == 1, g, buffer)
        direction = g + buffer * now.momentum if now.nesterov else buffer
        return value - direction * now.lr, {"momentum_buffer": buffer}
