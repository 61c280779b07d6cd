"""Convolution: every output is a weighted sum of the inputs in a window."""

import builtins
import math
from collections.abc import Sequence
from typing import Any

from ..autograd.graph import OPS
from ..autograd.operation import apply, composite, primitive
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import FLOATING, each_axis, fast, tensor, together, whole
from .dense import linear

__all__ = ["conv", "conv_transpose"]

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
SPACES, OF_THEM = (1, 2, 3), "with one to three spatial axes"  # as many as MLX has


def _spread_length(length: int, step: int) -> int:
    """The length that `length` elements take up when they stand `step` apart."""
    return (length - 1) * step + 1


def _to_input(
    xp: Any,
    g: Any,
    x_shape: Shape,
    weight: Any,
    stride: Shape,
    padding: Pairs,
    dilation: Shape,
    input_dilation: Shape,
    groups: int,
) -> Any:
    """The gradient of the input: that of the output, spread by the stride, convolved with the turned kernel."""
    out_channels, in_channels, *kernel = weight.shape
    turned = xp.reshape(weight, (groups, out_channels // groups, in_channels, *kernel))
    turned = xp.permute_dims(turned, (0, 2, 1, *range(3, weight.ndim + 1)))
    turned = xp.reshape(turned, (groups * in_channels, out_channels // groups, *kernel))
    turned = xp.flip(turned, axis=tuple(range(2, weight.ndim)))
    pairs = []
    for i, (low, _) in enumerate(padding):
        before = _spread_length(kernel[i], dilation[i]) - 1 - low
        lengths = _spread_length(x_shape[2 + i], input_dilation[i]), _spread_length(g.shape[2 + i], stride[i])
        pairs.append((before, lengths[0] + low - lengths[1]))
    return xp.convolve(
        g, turned, stride=input_dilation, padding=tuple(pairs), dilation=dilation, input_dilation=stride, groups=groups
    )


def _to_weight(
    xp: Any,
    g: Any,
    x: Any,
    weight_shape: Shape,
    stride: Shape,
    padding: Pairs,
    dilation: Shape,
    input_dilation: Shape,
    groups: int,
) -> Any:
    """The gradient of the kernel: the input convolved with that of the output, images in the role of channels."""
    images, channels, *sizes = x.shape
    space = tuple(range(3, x.ndim + 1))
    swapped = xp.reshape(x, (images, groups, channels // groups, *sizes))
    swapped = xp.reshape(xp.permute_dims(swapped, (2, 1, 0, *space)), (channels // groups, groups * images, *sizes))
    filters = xp.permute_dims(g, (1, 0, *range(2, g.ndim)))
    pairs = []
    for i, (low, _) in enumerate(padding):
        taken = _spread_length(weight_shape[2 + i], dilation[i]) - 1 + _spread_length(g.shape[2 + i], stride[i])
        pairs.append((low, taken - _spread_length(sizes[i], input_dilation[i]) - low))
    out = xp.convolve(
        swapped,
        filters,
        stride=dilation,
        padding=tuple(pairs),
        dilation=stride,
        input_dilation=input_dilation,
        groups=groups,
    )
    return xp.permute_dims(out, (1, 0, *range(2, out.ndim)))


@primitive(keeps_dtype=True, x=_to_input, weight=_to_weight)
def convolve(
    x: Tensor,
    weight: Tensor,
    /,
    *,
    stride: Shape,
    padding: Pairs,
    dilation: Shape,
    input_dilation: Shape,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of x (n, c, ...) with kernels (o, c / groups, ...), in one to three spatial axes.

    The general form, of which every convolution and each of its gradients is a case: input elements stand
    `input_dilation` apart with zeros between, `padding` holds a pair (before, after) for each axis, where a negative
    number cuts off.
    """
    x, weight = together("convolve", fast(FLOATING), x, weight)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "input_dilation": input_dilation}
    return apply(convolve, x, weight, **options, groups=groups)


def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    /,
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve x (n, c, ...) with kernels (o, c / groups, ...) and add `bias` (o,).

    x has one to three spatial axes. Raises ShapeError for more, and if channels, groups or sizes do not fit.

    >>> import lucid
    >>> conv(lucid.ones((1, 3, 8, 8)), lucid.ones((4, 3, 2, 2)), stride=2).shape
    (1, 4, 4, 4)
    """
    biases = [] if bias is None else [tensor("conv", bias, "bias")]
    x, weight, *rest = together("conv", fast(FLOATING), tensor("conv", x), tensor("conv", weight, "weight"), *biases)
    bias = rest[0] if rest else None
    space = x.ndim - 2
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"conv: bias has shape {bias.shape}; wanted {weight.shape[:1]}, one for each output channel")
    if space not in SPACES or weight.ndim != x.ndim:
        raise ShapeError(
            f"conv: got x {x.shape} and weight {weight.shape}; wanted (n, c, ...) and (o, c / groups, ...), {OF_THEM}"
        )
    strides, pads, dilations = (
        each_axis("conv", space, name, n, least)
        for name, n, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1))
    )
    channels, kernel, groups = x.shape[1], weight.shape[2:], whole("conv", groups, "groups")
    if groups < 1 or channels != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ShapeError(
            f"conv: {channels} input and {weight.shape[0]} output channels in groups={groups} need a weight of shape "
            f"({weight.shape[0]}, {channels} / {groups}, ...); got {weight.shape}"
        )
    if 0 in kernel:
        raise ShapeError(f"conv: weight has shape {weight.shape}, a kernel without elements")
    for n, k, p, d in zip(x.shape[2:], kernel, pads, dilations, strict=True):
        if n + 2 * p < _spread_length(k, d):
            raise ShapeError(f"conv: a kernel of {kernel}, dilation {dilations}, does not fit into {x.shape[2:]}")
    if kernel == strides and groups == 1 and not builtins.any(pads) and builtins.max(dilations) == 1:
        return _conv_of_patches(x, weight, bias)
    if groups == channels == weight.shape[0] > 1 == builtins.max(strides):
        return _conv_of_channels(x, weight, bias, padding=pads, dilation=dilations)
    return _conv(x, weight, bias, strides, pads, dilations, groups)


def _conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Tensor:
    pairs, ones = tuple((p, p) for p in padding), (1,) * len(stride)
    out = convolve(x, weight, stride=stride, padding=pairs, dilation=dilation, input_dilation=ones, groups=groups)
    return out if bias is None else out + bias.reshape((-1, *ones))


@composite
def _conv_of_channels(x: Tensor, weight: Tensor, bias: Tensor | None, /, *, padding: Shape, dilation: Shape) -> Tensor:
    """A kernel for each channel, at every place."""
    return _conv(x, weight, bias, (1,) * len(padding), padding, dilation, x.shape[1])


@composite
def _conv_of_patches(x: Tensor, weight: Tensor, bias: Tensor | None, /) -> Tensor:
    """Kernels that do not overlap: cut x into patches, and it is one matrix product."""
    images, channels, *sizes = x.shape
    kernel = weight.shape[2:]
    counts = [n // k for n, k in zip(sizes, kernel, strict=True)]
    whole = tuple(slice(count * k) for count, k in zip(counts, kernel, strict=True))
    if [count * k for count, k in zip(counts, kernel, strict=True)] != sizes:
        x = x[(slice(None), slice(None), *whole)]
    split = [size for pair in zip(counts, kernel, strict=True) for size in pair]
    space = len(kernel)
    order = (0, *range(2, 2 + 2 * space, 2), 1, *range(3, 3 + 2 * space, 2))
    size = channels * math.prod(kernel)
    patches = x.reshape((images, channels, *split)).permute_dims(order).reshape((images, *counts, size))
    out = linear(patches, weight.reshape((weight.shape[0], size)), bias)
    return out.permute_dims((0, space + 1, *range(1, space + 1)))


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    /,
    *,
    stride: int | Shape = 1,
    padding: int | Shape = 0,
    output_padding: int | Shape = 0,
    dilation: int | Shape = 1,
    groups: int = 1,
) -> Tensor:
    """What the gradient of `conv` with respect to its input is, for kernels (c, o / groups, ...), plus `bias` (o,).

    x (n, c, ...) becomes (n, o, ...), with one to three spatial axes. Several sizes are convolved to the size of x:
    `output_padding`, less than stride or dilation, chooses one larger than the smallest. Raises ShapeError if channels,
    groups or sizes do not fit, and for more spatial axes.

    >>> import lucid
    >>> conv_transpose(lucid.ones((1, 3, 4, 4)), lucid.ones((3, 5, 2, 2)), stride=2).shape
    (1, 5, 8, 8)
    """
    name = "conv_transpose"
    x, weight = together(name, FLOATING, tensor(name, x), tensor(name, weight, "weight"))
    space = x.ndim - 2
    if space not in SPACES or weight.ndim != x.ndim:
        raise ShapeError(
            f"{name}: got x {x.shape} and weight {weight.shape}; wanted (n, c, ...), (c, o / groups, ...), {OF_THEM}"
        )
    given = ("stride", stride, 1), ("padding", padding, 0), ("output_padding", output_padding, 0)
    strides, pads, more = (each_axis(name, space, *option) for option in given)
    dilations = each_axis(name, space, "dilation", dilation, 1)
    groups = whole(name, groups, "groups")
    channels = weight.shape[1] * groups
    if groups < 1 or x.shape[1] != weight.shape[0] or weight.shape[0] % groups:
        raise ShapeError(f"{name}: {x.shape[1]} channels in groups={groups} do not fit a weight of {weight.shape}")
    if 0 in weight.shape[2:]:
        raise ShapeError(f"{name}: weight has shape {weight.shape}, a kernel without elements")
    if bias is not None and tensor(name, bias, "bias").shape != (channels,):
        raise ShapeError(f"{name}: bias has shape {bias.shape}; wanted ({channels},), one for each output channel")
    if builtins.any(o >= builtins.max(s, d) for o, s, d in zip(more, strides, dilations, strict=True)):
        raise ShapeError(f"{name}: output_padding={output_padding}; wanted less than stride or dilation")
    sizes = tuple(
        (n - 1) * s - 2 * p + _spread_length(k, d) + o
        for n, k, s, p, d, o in zip(x.shape[2:], weight.shape[2:], strides, pads, dilations, more, strict=True)
    )
    if builtins.min(sizes) < 1:
        raise ShapeError(f"{name}: x {x.shape} would become of size {sizes}; wanted less padding, or a larger x")
    pairs, ones = tuple((p, p) for p in pads), (1,) * space
    out = _to_input(OPS, x, (x.shape[0], channels, *sizes), weight, strides, pairs, dilations, ones, groups)
    return out if bias is None else out + bias.reshape((-1, *ones))
