"""Feed-forward networks, as transformers have after attention: two layers, and between them what is not linear."""

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .activation import gelu
from .arguments import REAL_FLOATING, fast, together_with
from .convolution import conv
from .dense import linear
from .manipulation import permute_dims

__all__ = ["conv_feed_forward", "feed_forward"]


@composite
def _feed_forward(x: Tensor, weight1: Tensor, bias1: Tensor | None, weight2: Tensor, bias2: Tensor | None, /) -> Tensor:
    return linear(gelu(linear(x, weight1, bias1)), weight2, bias2)


def feed_forward(x: Tensor, weight1: Tensor, bias1: Tensor | None, weight2: Tensor, bias2: Tensor | None, /) -> Tensor:
    """linear(gelu(linear(x, weight1, bias1)), weight2, bias2): every token by itself.

    x is (..., i), the weights are (h, i) and (o, h), the biases (h,) and (o,) or None: (..., o). The layer between may
    be much wider than both ends; on the cpu it is never whole in memory, unless a gradient is to follow.

    Vaswani et al., Attention Is All You Need, 2017 (arXiv 1706.03762), section 3.3. Raises ShapeError if the sizes do
    not fit.

    >>> import lucid
    >>> feed_forward(lucid.ones((2, 3)), lucid.ones((8, 3)), None, lucid.ones((4, 8)), lucid.zeros(4)).shape
    (2, 4)
    """
    given = (x, weight1, weight2), (bias1, bias2)
    x, weight1, weight2, bias1, bias2 = together_with("feed_forward", fast(REAL_FLOATING), *given)
    if not _fit(x, weight1, bias1, weight2, bias2):
        raise ShapeError(
            f"feed_forward: got x {x.shape}, weights {weight1.shape} and {weight2.shape}, biases {_shape(bias1)} and "
            f"{_shape(bias2)}; wanted (..., i), (h, i) and (o, h), (h,) and (o,)"
        )
    return _feed_forward(x, weight1, bias1, weight2, bias2)


@composite
def _conv_feed_forward(
    x: Tensor,
    weight1: Tensor,
    bias1: Tensor | None,
    kernels: Tensor,
    bias: Tensor | None,
    weight2: Tensor,
    bias2: Tensor | None,
    /,
) -> Tensor:
    channels, _, *kernel = kernels.shape
    wide = permute_dims(linear(x, weight1, bias1), (0, 3, 1, 2))
    wide = conv(wide, kernels, bias, padding=[k // 2 for k in kernel], groups=channels)
    return linear(gelu(permute_dims(wide, (0, 2, 3, 1))), weight2, bias2)


def conv_feed_forward(
    x: Tensor,
    weight1: Tensor,
    bias1: Tensor | None,
    kernels: Tensor,
    bias: Tensor | None,
    weight2: Tensor,
    bias2: Tensor | None,
    /,
) -> Tensor:
    """linear(gelu(conv(linear(x, weight1, bias1), kernels, bias)), weight2, bias2): every token with its neighbours.

    x is images of tokens (b, h, w, i), with channels last. The weights are (n, i) and (o, n), the kernels (n, 1, k, l),
    one for each channel of the layer between, with k and l odd, the biases (n,), (n,) and (o,) or None: (b, h, w, o).
    There are zeros around each image. On the cpu the layer between is never whole in memory, unless a gradient is to
    follow.

    Wang et al., PVT v2: Improved Baselines with Pyramid Vision Transformer, 2021 (arXiv 2106.13797), section 3.3.
    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> x, weight1, kernels, weight2 = (lucid.ones(s) for s in ((2, 5, 7, 3), (8, 3), (8, 1, 3, 3), (4, 8)))
    >>> conv_feed_forward(x, weight1, None, kernels, lucid.zeros(8), weight2, None).shape
    (2, 5, 7, 4)
    """
    given = (x, weight1, kernels, weight2), (bias1, bias, bias2)
    ready = together_with("conv_feed_forward", fast(REAL_FLOATING), *given)
    x, weight1, kernels, weight2, bias1, bias, bias2 = ready
    wide = weight1.shape[:1]
    fit = x.ndim == kernels.ndim == 4 and kernels.shape[:2] == (*wide, 1) and all(k % 2 for k in kernels.shape[2:])
    if not fit or _shape(bias) not in (None, wide) or not _fit(x, weight1, bias1, weight2, bias2):
        raise ShapeError(
            f"conv_feed_forward: got x {x.shape}, weights {weight1.shape} and {weight2.shape}, kernels "
            f"{kernels.shape}, biases {_shape(bias1)}, {_shape(bias)} and {_shape(bias2)}; wanted (b, h, w, i), (n, i) "
            "and (o, n), (n, 1, k, l) with odd k and l, (n,), (n,) and (o,)"
        )
    return _conv_feed_forward(x, weight1, bias1, kernels, bias, weight2, bias2)


def _fit(x: Tensor, weight1: Tensor, bias1: Tensor | None, weight2: Tensor, bias2: Tensor | None) -> bool:
    wide, outer = weight1.shape[:1], weight2.shape[:1]
    return (
        (weight1.ndim, weight2.ndim) == (2, 2)
        and (weight1.shape[1:], weight2.shape[1:]) == (x.shape[-1:], wide)
        and _shape(bias1) in (None, wide)
        and _shape(bias2) in (None, outer)
    )


def _shape(x: Tensor | None) -> tuple[int, ...] | None:
    return None if x is None else x.shape
