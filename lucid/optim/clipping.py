"""Keeping gradients from becoming too large."""

from collections.abc import Iterable
from functools import reduce

from ..autograd import no_grad
from ..dtypes import float32, promote
from ..ops.creation import zeros
from ..ops.elementwise import add, maximum, sqrt, square
from ..tensor import Tensor

__all__ = ["clip_grad_norm_"]


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients down together until their common norm is at most `max_norm`; returns the norm before.

    The norm is that of all gradients as one vector, added up in float32 at least; nothing waits for its value. It lives
    on the device of the first gradient. Without gradients it is 0. Raises ValueError unless max_norm is above 0.

    >>> import lucid
    >>> x = lucid.zeros(2, requires_grad=True)
    >>> (x * lucid.asarray([6.0, 8.0])).sum().backward()
    >>> clip_grad_norm_([x], 5.0)
    tensor(10., dtype=float32, device='cpu')
    >>> x.grad
    tensor([3., 4.], dtype=float32, device='cpu')
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm_: max_norm={max_norm}; wanted a number above 0")
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    gradients = [(p, p.grad) for p in given if p.grad is not None]
    if not gradients:
        return zeros(())
    device = gradients[0][1].device
    with no_grad():
        squares = [square(g.astype(promote(g.dtype, float32), copy=False)).sum().to(device) for _, g in gradients]
        norm = sqrt(reduce(add, squares))
        scale = max_norm / maximum(norm, max_norm)
        for p, g in gradients:
            p.grad = g * scale.to(g.device, g.dtype)
    return norm
