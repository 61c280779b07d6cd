"""Layers in which every output is a weighted sum of all inputs: one, and two with GELU between."""

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .activation import gelu
from .arguments import NUMERIC, REAL_FLOATING, fast, together
from .linear_algebra import matmul

__all__ = ["feed_forward", "linear"]


@composite
def _linear(x: Tensor, weight: Tensor, bias: Tensor | None, /) -> Tensor:
    out = matmul(x, weight.mT)
    return out if bias is None else out + bias


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, /) -> Tensor:
    """x W^T + b for x (..., i), weight W (o, i) and bias b (o,): (..., o).

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> linear(lucid.ones((2, 3)), lucid.ones((4, 3))).shape
    (2, 4)
    """
    x, weight, *rest = together("linear", fast(NUMERIC), x, weight, *([] if bias is None else [bias]))
    bias = rest[0] if rest else None
    outer = weight.shape[:1]
    if weight.shape != (*outer, *x.shape[-1:]) or len(weight.shape) != 2 or (bias is not None and bias.shape != outer):
        raise ShapeError(
            f"linear: got x {x.shape}, weight {weight.shape}, bias {bias if bias is None else bias.shape}; "
            "wanted (..., i), (o, i) and (o,)"
        )
    return _linear(x, weight, bias)


@composite
def _feed_forward(x: Tensor, weight1: Tensor, bias1: Tensor | None, weight2: Tensor, bias2: Tensor | None, /) -> Tensor:
    return linear(gelu(linear(x, weight1, bias1)), weight2, bias2)


def feed_forward(x: Tensor, weight1: Tensor, bias1: Tensor | None, weight2: Tensor, bias2: Tensor | None, /) -> Tensor:
    """linear(gelu(linear(x, weight1, bias1)), weight2, bias2), as transformers have after attention.

    x is (..., i), the weights are (h, i) and (o, h), the biases (h,) and (o,) or None: (..., o). The layer between may
    be much wider than both ends; on the cpu it is never whole in memory, unless a gradient is to follow.

    Vaswani et al., Attention Is All You Need, 2017 (arXiv 1706.03762), section 3.3. Raises ShapeError if the sizes do
    not fit.

    >>> import lucid
    >>> feed_forward(lucid.ones((2, 3)), lucid.ones((8, 3)), None, lucid.ones((4, 8)), lucid.zeros(4)).shape
    (2, 4)
    """
    biases = [b for b in (bias1, bias2) if b is not None]
    x, weight1, weight2, *rest = together("feed_forward", fast(REAL_FLOATING), x, weight1, weight2, *biases)
    bias2 = rest.pop() if bias2 is not None else None
    bias1 = rest.pop() if bias1 is not None else None
    inner, outer = weight1.shape[:1], weight2.shape[:1]
    shapes = [None if b is None else b.shape for b in (bias1, bias2)]
    if (
        (weight1.ndim, weight2.ndim) != (2, 2)
        or (weight1.shape[1:], weight2.shape[1:]) != (x.shape[-1:], inner)
        or shapes[0] not in (None, inner)
        or shapes[1] not in (None, outer)
    ):
        raise ShapeError(
            f"feed_forward: got x {x.shape}, weights {weight1.shape} and {weight2.shape}, biases {shapes[0]} and "
            f"{shapes[1]}; wanted (..., i), (h, i) and (o, h), (h,) and (o,)"
        )
    return _feed_forward(x, weight1, bias1, weight2, bias2)
