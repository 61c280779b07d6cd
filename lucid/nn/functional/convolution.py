"""Convolution over one, two and three spatial axes, and its transpose."""

from ...ops import convolution, manipulation
from ...ops.arguments import each_axis, tensor
from ...tensor import Tensor
from .dimensions import Sizes, each_dimension

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def _conv(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of input (n, c, ...) with kernels (o, c / groups, ...), plus bias (o,): (n, o, ...).

    `padding` is a number of zeros on each side, or "same" (the sizes stay; stride 1 alone) or "valid" (none). A single
    input (c, ...) gives a single (o, ...). Raises ShapeError if sizes do not fit, ValueError for another word.

    >>> import lucid
    >>> conv2d(lucid.ones((1, 3, 8, 8)), lucid.ones((4, 3, 3, 3)), padding="same").shape
    (1, 4, 8, 8)
    """
    if isinstance(padding, str):
        input, padding = _padded(input, weight, stride, padding, dilation), 0
    return convolution.conv(input, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _padded(input: Tensor, weight: Tensor, stride: Sizes, padding: str, dilation: Sizes) -> Tensor:
    """input with the zeros around it that a word stands for."""
    space = input.ndim - 2
    name = f"conv{space}d"
    weight = tensor(name, weight, "weight")
    if padding not in ("same", "valid"):
        raise ValueError(f"{name}: padding={padding!r}; wanted a number, one for each axis, 'same' or 'valid'")
    if padding == "valid":
        return input
    if set(each_axis(name, space, "stride", stride, 1)) != {1}:
        raise ValueError(f"{name}: padding='same' needs stride 1, got {stride}; give the padding as a number")
    extra = [d * (k - 1) for d, k in zip(each_axis(name, space, "dilation", dilation, 1), weight.shape[2:])]
    sides = [(n // 2, n - n // 2) for n in (*extra, *[0] * (space - len(extra)))]
    return manipulation.pad(input, [(0, 0), (0, 0), *sides])


def _conv_transpose(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The transpose of a convolution: what its gradient is with respect to its input, plus bias (o,).

    `input` is (n, c, ...), `weight` (c, o / groups, ...). `output_padding`, less than stride or dilation, makes the
    output larger at the end, since several sizes may be convolved to the size of the input. Raises ShapeError if sizes
    do not fit.

    >>> import lucid
    >>> conv_transpose2d(lucid.ones((1, 3, 4, 4)), lucid.ones((3, 5, 2, 2)), stride=2).shape
    (1, 5, 8, 8)
    """
    options = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    least = {"stride": 1, "dilation": 1}
    name, space = f"conv_transpose{input.ndim - 2}d", input.ndim - 2
    each = {key: each_axis(name, space, key, value, least.get(key, 0)) for key, value in options.items()}
    return convolution.conv_transpose(input, weight, bias, **each, groups=groups)


conv1d, conv2d, conv3d = each_dimension(_conv)
conv_transpose1d, conv_transpose2d, conv_transpose3d = each_dimension(_conv_transpose)
