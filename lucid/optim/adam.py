"""Adam and its relatives: steps in units of how large gradients usually are."""

from collections.abc import Mapping
from math import inf, log
from types import SimpleNamespace
from typing import Any

from ..ops.creation import ones, zeros_like
from ..ops.elementwise import abs, exp, expm1, maximum, sqrt
from ..ops.searching import where
from ..tensor import Tensor
from .optimizer import Optimizer, Params, State

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


class Moments(Optimizer):
    """The base of optimisers that keep running means of gradients and of their squares."""

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"exp_avg": zeros_like(value), "exp_avg_sq": zeros_like(value)}

    def prepare(self, now: SimpleNamespace) -> None:
        now.first, now.second = (-expm1(now.step * (log(beta) if beta else -inf)) for beta in now.betas)  # 1 − βᵗ

    def moments(self, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, Tensor]:
        """Both means, with a share of this gradient."""
        beta1, beta2 = now.betas
        return state["exp_avg"] * beta1 + g * (1 - beta1), state["exp_avg_sq"] * beta2 + g * g * (1 - beta2)


class Adam(Moments):
    """Steps in units of how large gradients usually are. With the gradient g, and g + weight_decay p in its place:

        m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²
        p ← p − lr m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + eps)

    With `amsgrad` the largest v so far takes the place of v.

    Kingma and Ba, Adam, ICLR 2015 (arXiv 1412.6980).

    >>> import lucid
    >>> x = lucid.asarray([1.0, -5.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x**3).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9, -5.1], dtype=float32, device='cpu', requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, **options, amsgrad=amsgrad, maximize=maximize)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        largest = {"max_exp_avg_sq": zeros_like(value)} if options["amsgrad"] else {}
        return super().start(value, options) | largest

    def prepare(self, now: SimpleNamespace) -> None:
        super().prepare(now)
        now.rate, now.root = now.lr / now.first, sqrt(now.second)

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        m, v = self.moments(g, state, now)
        after = {"exp_avg": m, "exp_avg_sq": v}
        if now.amsgrad:
            v = after["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
        return value - m / (sqrt(v) / now.root + now.eps) * now.rate, after


class AdamW(Adam):
    """Steps in units of how large gradients usually are. With the gradient g, at step t:

        m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²
        p ← p (1 − lr weight_decay) − lr m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + eps)

    Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (arXiv 1711.05101).

    >>> import lucid
    >>> x = lucid.asarray([1.0, -5.0], requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.0)
    >>> (x**3).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9, -5.1], dtype=float32, device='cpu', requires_grad=True)
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize)


class Adamax(Moments):
    """Adam with the largest gradient in place of the mean square. With the gradient g, and g + weight_decay p for it:

        m ← β₁ m + (1 − β₁) g,    u ← max(β₂ u, |g| + eps)
        p ← p − lr m / (1 − β₁ᵗ) / u

    Kingma and Ba, Adam, ICLR 2015 (arXiv 1412.6980), section 7.1.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"exp_avg": zeros_like(value), "exp_inf": zeros_like(value)}

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        beta1, beta2 = now.betas
        m = state["exp_avg"] * beta1 + g * (1 - beta1)
        u = maximum(state["exp_inf"] * beta2, abs(g) + now.eps)
        return value - m / u * (now.lr / now.first), {"exp_avg": m, "exp_inf": u}


class NAdam(Moments):
    """Adam with Nesterov's momentum. With m and v as in Adam, and μₜ = β₁ (1 − 0.96^(t momentum_decay) / 2):

        p ← p − lr (μₜ₊₁ m / (1 − μ₁ ⋯ μₜ₊₁) + (1 − μₜ) g / (1 − μ₁ ⋯ μₜ)) / (√(v / (1 − β₂ᵗ)) + eps)

    Dozat, Incorporating Nesterov Momentum into Adam, 2016.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"weight_decay": weight_decay, "momentum_decay": momentum_decay, "maximize": maximize}
        super().__init__(params, lr=lr, betas=betas, eps=eps, **options, decoupled_weight_decay=decoupled_weight_decay)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return super().start(value, options) | {"mu_product": ones((), dtype=value.dtype, device=value.device)}

    def prepare(self, now: SimpleNamespace) -> None:
        super().prepare(now)
        now.mu, now.next = (
            now.betas[0] * (1 - 0.5 * exp((now.step + i) * (now.momentum_decay * log(0.96)))) for i in (0, 1)
        )

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        m, v = self.moments(g, state, now)
        product = state["mu_product"] * now.mu
        scale = sqrt(v / now.second) + now.eps
        value = value - g / scale * (now.lr * (1 - now.mu) / (1 - product))
        value = value - m / scale * (now.lr * now.next / (1 - product * now.next))
        return value, {"exp_avg": m, "exp_avg_sq": v, "mu_product": product}


class RAdam(Moments):
    """Adam that waits until the mean square of gradients is known well enough. With m and v as in Adam:

        ρ = 2 / (1 − β₂) − 1,    ρₜ = ρ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        p ← p − lr m / (1 − β₁ᵗ) r √(1 − β₂ᵗ) / (√v + eps)    for ρₜ > 5, p − lr m / (1 − β₁ᵗ) before
        r² = (ρₜ − 4) (ρₜ − 2) ρ / ((ρ − 4) (ρ − 2) ρₜ)

    Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, ICLR 2020 (arXiv 1908.03265).
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, **options, decoupled_weight_decay=decoupled_weight_decay)

    def prepare(self, now: SimpleNamespace) -> None:
        super().prepare(now)
        most = 2 / (1 - now.betas[1]) - 1
        known = most - 2 * now.step * (1 - now.second) / now.second
        now.trusted = known > 5
        enough = where(now.trusted, known, 6.0)
        share = (enough - 4) * (enough - 2) * most / ((most - 4) * (most - 2) * enough)
        now.rectified = sqrt(share * now.second)

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        m, v = self.moments(g, state, now)
        scale = where(now.trusted, now.rectified / (sqrt(v) + now.eps), 1.0)
        return value - m * scale * (now.lr / now.first), {"exp_avg": m, "exp_avg_sq": v}
