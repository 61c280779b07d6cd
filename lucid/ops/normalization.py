"""Normalisation: numbers brought to mean 0 and variance 1."""

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import REAL_FLOATING, number, precise, together
from .data_types import astype
from .elementwise import rsqrt, square
from .statistical import exact, mean

__all__ = ["layer_norm"]


@composite
def _layer_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, /, *, eps: float) -> Tensor:
    wide = exact(x)
    centred = wide - mean(wide, axis=-1, keepdims=True)
    out = centred * rsqrt(mean(square(centred), axis=-1, keepdims=True) + eps)
    out = out if weight is None else out * weight
    return astype(out if bias is None else out + bias, x.dtype, copy=False)


def layer_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, /, *, eps: float = 1e-5) -> Tensor:
    """x (..., d) with mean 0 and variance 1 over its last axis, times `weight` (d,) plus `bias` (d,).

    Ba, Kiros and Hinton, Layer Normalization, 2016 (arXiv 1607.06450). Raises ShapeError if the sizes differ and for x
    without axes.
    """
    given = [t for t in (weight, bias) if t is not None]
    x, *rest = together("layer_norm", precise(REAL_FLOATING), x, *given)
    bias = None if bias is None else rest.pop()
    weight = None if weight is None else rest.pop()
    last = x.shape[-1:]
    if not last:
        raise ShapeError("layer_norm: x has no axes; wanted (..., d)")
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t.shape != last:
            raise ShapeError(f"layer_norm: {name} has shape {t.shape}; wanted {last}, the last axis of {x.shape}")
    return _layer_norm(x, weight, bias, eps=number("layer_norm", eps, "eps"))
