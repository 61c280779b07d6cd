"""Automatic differentiation: recorded graphs, the backward pass, functions of one's own, and checks against numbers."""

from .check import check_gradients
from .engine import backward, grad
from .function import Function
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function", "backward", "check_gradients", "enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled",
]  # fmt: skip
