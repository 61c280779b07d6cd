"""Adam with decoupled weight decay."""

from collections.abc import Iterable, Mapping
from math import inf, log
from types import SimpleNamespace
from typing import Any

from ..ops.creation import zeros_like
from ..ops.elementwise import expm1, sqrt
from ..tensor import Tensor
from .optimizer import Optimizer, State

__all__ = ["AdamW"]


class AdamW(Optimizer):
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

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        return {"exp_avg": zeros_like(value), "exp_avg_sq": zeros_like(value)}

    def prepare(self, now: SimpleNamespace) -> None:
        first, second = (-expm1(now.step * (log(beta) if beta else -inf)) for beta in now.betas)  # 1 − βᵗ, all digits
        now.kept, now.rate, now.root = 1 - now.lr * now.weight_decay, now.lr / first, sqrt(second)

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        beta1, beta2 = now.betas
        m = state["exp_avg"] * beta1 + g * (1 - beta1)
        v = state["exp_avg_sq"] * beta2 + g * g * (1 - beta2)
        return value * now.kept - m / (sqrt(v) / now.root + now.eps) * now.rate, {"exp_avg": m, "exp_avg_sq": v}
