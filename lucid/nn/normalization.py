"""LayerNorm: each token brought to mean 0 and variance 1."""

from collections.abc import Sequence

from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter

__all__ = ["LayerNorm"]


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, over the last axes of x, whose sizes are `normalized_shape`.

    `weight` and `bias` have that shape and start as ones and zeros; `elementwise_affine=False` leaves out both,
    `bias=False` the bias. Ba, Kiros and Hinton, 2016 (arXiv 1607.06450). Raises ShapeError for other last axes.

    >>> import lucid
    >>> LayerNorm(2)(lucid.asarray([[1.0, 3.0]]))
    tensor([[-0.9999...,  0.9999...]], dtype=float32, device='cpu', grad_fn=layer_norm)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = Parameter(zeros(self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(self.normalized_shape)) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = ", elementwise_affine=False" if self.weight is None else ", bias=False" if self.bias is None else ""
        return f"{self.normalized_shape}, eps={self.eps}{affine}"
