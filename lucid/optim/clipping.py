"""Keeping gradients from becoming too large."""

from collections.abc import Iterable
from math import inf

from ..autograd import no_grad
from ..dtypes import float32, promote
from ..ops.arguments import number
from ..ops.creation import zeros
from ..ops.elementwise import clip, maximum
from ..ops.linalg.norms import vector_norm
from ..ops.manipulation import stack
from ..tensor import Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0) -> Tensor:
    """Scale all gradients down together until their common norm is at most `max_norm`; returns the norm before.

    The norm is that of all gradients as one vector, (sum |g|^norm_type)^(1 / norm_type), the largest |g| for inf, in
    float32 at least; nothing waits for its value. It lives on the device of the first gradient. Without gradients it is
    0. Raises ValueError unless max_norm and norm_type are above 0.

    >>> import lucid
    >>> x = lucid.zeros(2, requires_grad=True)
    >>> (x * lucid.asarray([6.0, 8.0])).sum().backward()
    >>> clip_grad_norm_([x], 5.0)
    tensor(10., dtype=float32, device='cpu')
    >>> x.grad
    tensor([3., 4.], dtype=float32, device='cpu')
    """
    if not number("clip_grad_norm_", max_norm, "max_norm") > 0:
        raise ValueError(f"clip_grad_norm_: max_norm={max_norm}; wanted a number above 0")
    if not 0 < number("clip_grad_norm_", norm_type, "norm_type") <= inf:
        raise ValueError(f"clip_grad_norm_: norm_type={norm_type}; wanted a number above 0, or inf")
    gradients = _gradients(parameters)
    if not gradients:
        return zeros(())
    device = gradients[0][1].device
    with no_grad():
        wide = [g.astype(promote(g.dtype, float32), copy=False) for _, g in gradients]
        norms = [vector_norm(g, ord=norm_type).to(device) for g in wide]
        norm = vector_norm(stack(norms), ord=norm_type)
        scale = max_norm / maximum(norm, max_norm)
        for p, g in gradients:
            p.grad = g * scale.to(g.device, g.dtype)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Keep each element of all gradients from -clip_value to clip_value. Raises ValueError for a negative one.

    >>> import lucid
    >>> x = lucid.zeros(2, requires_grad=True)
    >>> (x * lucid.asarray([6.0, -0.5])).sum().backward()
    >>> clip_grad_value_([x], 1.0)
    >>> x.grad
    tensor([ 1. , -0.5], dtype=float32, device='cpu')
    """
    if not number("clip_grad_value_", clip_value, "clip_value") >= 0:
        raise ValueError(f"clip_grad_value_: clip_value={clip_value}; wanted a number from 0")
    with no_grad():
        for p, g in _gradients(parameters):
            p.grad = clip(g, -clip_value, clip_value)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [(p, p.grad) for p in given if p.grad is not None and p.size]
