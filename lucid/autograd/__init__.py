"""Automatic differentiation: graphs, the backward pass, functions of one's own, checks, transforms of functions."""

from .check import check_gradients
from .engine import backward, grad
from .function import Function
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .transforms import hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .vmap import vmap

__all__ = [
    "Function", "backward", "check_gradients", "enable_grad", "grad", "hessian", "hvp", "is_grad_enabled", "jacobian",
    "jvp", "no_grad", "set_grad_enabled", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
