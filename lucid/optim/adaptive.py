"""Optimisers that give each number a step size of its own: Adagrad, Adadelta, RMSprop, Rprop."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ..ops.creation import full_like, zeros_like
from ..ops.elementwise import sign, sqrt, square
from ..ops.searching import where
from ..tensor import Tensor
from .optimizer import Optimizer, Params, State

__all__ = ["Adadelta", "Adagrad", "RMSprop", "Rprop"]


class Adagrad(Optimizer):
    """Steps in units of all gradients so far. With the gradient g, and g + weight_decay p in its place:

        s ← s + g²    (from initial_accumulator_value on)
        p ← p − lr / (1 + (t − 1) lr_decay) g / (√s + eps)

    Duchi, Hazan and Singer, Adaptive Subgradient Methods, JMLR 2011.

    >>> import lucid
    >>> x = lucid.asarray([1.0, -5.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.5)
    >>> (x**3).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.5, -5.5], dtype=float32, device='cpu', requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        maximize: bool = False,
    ) -> None:
        options = {"lr_decay": lr_decay, "weight_decay": weight_decay, "eps": eps, "maximize": maximize}
        super().__init__(params, lr=lr, **options, initial_accumulator_value=initial_accumulator_value)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"sum": full_like(value, options["initial_accumulator_value"])}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        total = state["sum"] + square(g)
        rate = now.lr / ((now.step - 1) * now.lr_decay + 1)
        return value - g / (sqrt(total) + now.eps) * rate, {"sum": total}


class Adadelta(Optimizer):
    """Steps as large as steps usually are. With the gradient g, and g + weight_decay p in its place:

        v ← ρ v + (1 − ρ) g²,    d = √(u + eps) / √(v + eps) g,    u ← ρ u + (1 − ρ) d²
        p ← p − lr d

    Zeiler, ADADELTA, 2012 (arXiv 1212.5701).
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"square_avg": zeros_like(value), "acc_delta": zeros_like(value)}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        v = state["square_avg"] * now.rho + square(g) * (1 - now.rho)
        d = sqrt(state["acc_delta"] + now.eps) / sqrt(v + now.eps) * g
        u = state["acc_delta"] * now.rho + square(d) * (1 - now.rho)
        return value - d * now.lr, {"square_avg": v, "acc_delta": u}


class RMSprop(Optimizer):
    """Steps in units of how large gradients lately were. With the gradient g, and g + weight_decay p in its place:

        v ← α v + (1 − α) g²        (less the square of the mean of g, with `centered`)
        b ← momentum b + g / (√v + eps)
        p ← p − lr b

    Tieleman and Hinton, Lecture 6.5, 2012; centered: Graves, 2013 (arXiv 1308.0850).
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, lr=lr, **options, centered=centered, maximize=maximize)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        kept = {"square_avg": True, "momentum_buffer": options["momentum"], "grad_avg": options["centered"]}
        return {name: zeros_like(value) for name, needed in kept.items() if needed}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        v = state["square_avg"] * now.alpha + square(g) * (1 - now.alpha)
        after = {"square_avg": v}
        if now.centered:
            after["grad_avg"] = state["grad_avg"] * now.alpha + g * (1 - now.alpha)
            v = v - square(after["grad_avg"])
        step = g / (sqrt(v) + now.eps)
        if now.momentum:
            step = after["momentum_buffer"] = state["momentum_buffer"] * now.momentum + step
        return value - step * now.lr, after


class Rprop(Optimizer):
    """Steps that follow the sign of the gradient alone: longer while it stays, shorter when it turns.

    A step begins with `lr`, is multiplied by the second of `etas` where the sign is that of the step before, and by the
    first where it is the other, where nothing moves; it stays within `step_sizes`. For full batches.

    Riedmiller and Braun, A Direct Adaptive Method for Faster Backpropagation Learning, 1993.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"prev": zeros_like(value), "step_size": full_like(value, options["lr"])}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        along = g * state["prev"]
        shorter, longer = (state["step_size"] * eta for eta in now.etas)
        size = where(along > 0, longer, where(along < 0, shorter, state["step_size"])).clip(*now.step_sizes)
        g = where(along < 0, 0.0, g)
        return value - sign(g) * size, {"prev": g, "step_size": size}
