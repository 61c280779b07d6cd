"""What modules compute, as functions without state, under PyTorch's names and with PyTorch's meanings."""

from collections.abc import Sequence
from functools import partial
from math import prod

from .. import random
from ..dtypes import int64
from ..errors import ShapeError
from ..ops import activation, attention, convolution, linear_algebra, manipulation, normalization
from ..ops.arguments import NUMERIC, REAL_FLOATING, Scalar, ready
from ..ops.arguments import tensor as as_tensor
from ..ops.creation import arange, eye
from ..ops.data_types import astype
from ..ops.elementwise import equal
from ..ops.indexing import take
from ..ops.linear_algebra import matmul
from ..ops.searching import where
from ..tensor import Tensor
from .losses import class_indices, cross_entropy, mse_loss
from .resizing import interpolate

__all__ = [
    "conv2d", "cross_entropy", "drop_path", "dropout", "gelu", "interpolate", "layer_norm", "linear", "log_softmax",
    "mse_loss", "one_hot", "pad", "relu", "scaled_dot_product_attention", "softmax",
]  # fmt: skip

Pair = int | tuple[int, int]


# --- Sums with weights -----------------------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input W^T + b for input (..., i), weight W (o, i) and bias b (o,): (..., o).

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> linear(lucid.ones((2, 3)), lucid.ones((4, 3))).shape
    (2, 4)
    """
    return linear_algebra.linear(as_tensor("linear", input, "input"), weight, bias)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of images (n, c, h, w) with kernels (o, c / groups, k, l), plus bias (o,): (n, o, h', w').

    `padding` is a number of zeros on each side, or "same" (h' = h, w' = w; stride 1 alone) or "valid" (none). One image
    (c, h, w) gives one (o, h', w').
    Raises ShapeError if sizes do not fit, ValueError for another word.

    >>> import lucid
    >>> conv2d(lucid.ones((1, 3, 8, 8)), lucid.ones((4, 3, 3, 3)), padding="same").shape
    (1, 4, 8, 8)
    """
    input = as_tensor("conv2d", input, "input")
    if input.ndim == 3 and weight.ndim == 4:
        return conv2d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    if input.ndim != 4 or weight.ndim != 4:
        raise ShapeError(
            f"conv2d: got input {input.shape}, weight {weight.shape}; wanted (n, c, h, w), (o, c / groups, k, l)"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"conv2d: bias has shape {bias.shape}; wanted {weight.shape[:1]}, one for each output channel")
    if padding == "same":
        if pair(stride) != (1, 1):
            raise ValueError(f"conv2d: padding='same' needs stride 1, got {stride}; give the padding as a number")
        extra = [d * (k - 1) for d, k in zip(pair(dilation), weight.shape[2:])]
        input = manipulation.pad(input, [(0, 0), (0, 0), *((n // 2, n - n // 2) for n in extra)])
    elif isinstance(padding, str) and padding != "valid":
        raise ValueError(f"conv2d: padding={padding!r}; wanted a number, a pair of numbers, 'same' or 'valid'")
    zeros = 0 if isinstance(padding, str) else padding
    return convolution.conv(input, weight, bias, stride=stride, padding=zeros, dilation=dilation, groups=groups)


def pair(value: Pair) -> tuple[int, int]:
    """A number for height and width alike, or the two of them."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, over the last axes, whose sizes are `normalized_shape`.

    Raises ShapeError if those of input, weight or bias are others.

    >>> import lucid
    >>> layer_norm(lucid.asarray([1.0, 3.0]), (2,))
    tensor([-0.9999...,  0.9999...], dtype=float32, device='cpu')
    """
    input, last = as_tensor("layer_norm", input, "input"), tuple(normalized_shape)
    axes = len(last)
    shapes = [input.shape[input.ndim - axes :], *(t.shape for t in (weight, bias) if t is not None)]
    if not axes or any(shape != last for shape in shapes):
        raise ShapeError(
            f"layer_norm: input has shape {input.shape}, weight and bias {shapes[1:]}; wanted {last} as last axes"
        )
    if axes == 1:
        return normalization.layer_norm(input, weight, bias, eps=eps)
    weight, bias = (None if t is None else t.reshape((-1,)) for t in (weight, bias))
    rows = input.reshape((*input.shape[:-axes], prod(last)))
    return normalization.layer_norm(rows, weight, bias, eps=eps).reshape(input.shape)


# --- Functions of each element, and softmax --------------------------------------------------------------------------


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x P(X <= x) for a standard normal X, exactly or, if approximate="tanh", by a formula near it.

    Raises ValueError for another `approximate`.
    """
    check_approximate(approximate)
    return activation.gelu(input, approximate=approximate == "tanh")


def check_approximate(approximate: str) -> None:
    """Raise ValueError unless gelu knows the word."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate={approximate!r}; choose 'none' or 'tanh'")


def relu(input: Tensor) -> Tensor:
    """max(x, 0), with the gradient 0 at 0."""
    input = ready("relu", NUMERIC, input, "input")
    return where(input <= 0, 0, input)


def softmax(input: Tensor, dim: int = -1) -> Tensor:
    """exp(x) divided by its sum along the axis `dim`."""
    return activation.softmax(input, axis=dim)


def log_softmax(input: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of softmax, exact where that is close to 0."""
    return activation.log_softmax(input, axis=dim)


# --- Noise -----------------------------------------------------------------------------------------------------------


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, each element is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> dropout(lucid.ones(2), p=1.0).tolist()
    [0.0, 0.0]
    """
    return _dropped("dropout", input, input.shape, p) if training and p else input


def drop_path(input: Tensor, p: float = 0.0, training: bool = True) -> Tensor:
    """In training, each input[i] is 0 with probability p and x / (1 - p) otherwise.

    Raises ValueError for p outside [0, 1].

    >>> import lucid
    >>> drop_path(lucid.ones(2), p=0.5, training=False).tolist()
    [1.0, 1.0]
    """
    return _dropped("drop_path", input, (*input.shape[:1], *(1,) * (input.ndim - 1)), p) if training and p else input


def _dropped(function: str, input: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    input = ready(function, REAL_FLOATING, input, "input")
    kept = random.bernoulli(shape, 1 - probability(function, p), device=input.device)
    return where(kept, input * (1 / (1 - p) if p < 1 else 0.0), 0.0)


def probability(function: str, p: float) -> float:
    """p itself. Raises ValueError if it is not a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{function}: p={p}; wanted a probability, from 0 to 1")
    return p


# --- Attention -------------------------------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(q k^T scale + mask) v for query (..., n, d), key (..., m, d), value (..., m, e): (..., n, e).

    `attn_mask` holds bools, true for what a query sees, or numbers to add. `is_causal` lets query i see the keys up to
    i. `scale` is 1 / sqrt(d) if not given. With `dropout_p`, in training or not, the softmax goes through dropout.

    Raises ShapeError if sizes do not fit, ValueError for both masks or a dropout_p outside [0, 1].

    >>> import lucid
    >>> scaled_dot_product_attention(lucid.ones((1, 3, 4)), lucid.ones((1, 5, 4)), lucid.ones((1, 5, 2))).shape
    (1, 3, 2)
    """
    attend = partial(attention.scaled_dot_product_attention, mask=attn_mask, is_causal=is_causal, scale=scale)
    if not dropout_p:
        return attend(query, key, value)
    one_each = eye(key.shape[-2], dtype=key.dtype, device=key.device)  # attending to unit vectors shows the weights
    return matmul(dropout(attend(query, key, one_each), dropout_p), value)


# --- Shapes and classes ----------------------------------------------------------------------------------------------


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Scalar = 0) -> Tensor:
    """`input` with `value` around it: `pad` is (before, after) for the last axis, then for the one before it, ...

    Raises ShapeError for negative or too many numbers, ValueError for another mode.

    >>> import lucid
    >>> pad(lucid.ones((1, 2)), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    if mode != "constant":
        raise ValueError(f"pad: mode={mode!r}; only 'constant' is there")
    input = as_tensor("pad", input, "input")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: pad={tuple(pad)} for shape {input.shape}; wanted (before, after) for some of its last axes"
        )
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2]))[::-1]
    return manipulation.pad(input, pairs, value=value)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 with a last axis of `num_classes`, 1 at each class and 0 elsewhere; -1 is one more than the largest class.

    Raises DTypeError unless the classes are integers, IndexError for one that is not there (when a value is next read,
    if they are on the gpu).

    >>> import lucid
    >>> one_hot(lucid.asarray([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    if num_classes == -1:
        num_classes = tensor.max().item() + 1
    classes = arange(num_classes, device=tensor.device)
    checked = take(classes, class_indices("one_hot", tensor, num_classes))  # reading them checks their bounds
    return astype(equal(checked[..., None], classes), int64)
