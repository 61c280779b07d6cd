"""The layer in which every output is a weighted sum of all inputs."""

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import NUMERIC, fast, together
from .linear_algebra import matmul

__all__ = ["linear"]


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
