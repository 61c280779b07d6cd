"""Convolutions: every output is a weighted sum of a window of the input; and what makes windows of inputs."""

from math import prod, sqrt
from typing import Any, ClassVar

from ..errors import ShapeError
from ..ops.arguments import choose, each_axis, whole
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .applied import without_example
from .functional.dimensions import Sizes
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

PADDING = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class Convolution(Module):
    """The base of convolutions in one, two and three dimensions, and of their transposes."""

    space: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init_subclass__(cls, space: int = 0, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if space:
            cls.space = space
            cls.__doc__ = cls.__doc__ or without_example(next(base.__doc__ for base in cls.__mro__[1:] if base.__doc__))

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        name = type(self).__name__
        in_channels, out_channels = whole(name, in_channels, "in_channels"), whole(name, out_channels, "out_channels")
        groups = whole(name, groups, "groups")
        if min(in_channels, out_channels) < 1:
            raise ShapeError(f"{name}: got in_channels={in_channels}, out_channels={out_channels}; wanted at least 1")
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"{name}: groups={groups} does not divide in_channels={in_channels} and out_channels={out_channels}"
            )
        choose(name, "padding_mode", padding_mode, PADDING)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = each_axis(name, self.space, "kernel_size", kernel_size, 1)
        self.stride = each_axis(name, self.space, "stride", stride, 1)
        self.padding = padding if isinstance(padding, str) else each_axis(name, self.space, "padding", padding, 0)
        self.dilation, self.padding_mode = each_axis(name, self.space, "dilation", dilation, 1), padding_mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(zeros((first, second // groups, *self.kernel_size)))
        self.bias = Parameter(zeros(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        r = 1 / sqrt(prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -r, r)
        if self.bias is not None:
            init.uniform_(self.bias, -r, r)

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        return (inputs[0] if self.transposed else output).size * prod(self.weight.shape[1:])

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        unusual: dict[str, Any] = {"padding": (0,) * self.space, "output_padding": (0,) * self.space}
        unusual |= {"dilation": (1,) * self.space, "groups": 1, "padding_mode": "zeros"}
        for name, usual in unusual.items():
            if (value := getattr(self, name, usual)) != usual:
                parts.append(f"{name}={value!r}")
        return ", ".join(parts if self.bias is not None else [*parts, "bias=False"])


class Conv(Convolution):
    """A convolution of (n, in_channels, ...), which gives (n, out_channels, ...).

    `padding` is a number of places on each side, or "same" (the sizes stay; stride 1 alone) or "valid" (none). They
    hold zeros, or in `padding_mode` "reflect", "replicate" or "circular" what `functional.pad` makes of the input.
    `weight` is (out_channels, in_channels / groups, *kernel_size), `bias` (out_channels,) or None. Both start uniformly
    between -1 / sqrt(f) and 1 / sqrt(f), f being the number of inputs to each output, as in PyTorch.

    Raises ShapeError for no channels, or some that groups do not divide, for inputs of other channels or smaller than
    the kernel.
    """

    def forward(self, x: Tensor) -> Tensor:
        padding: Sizes | str = self.padding
        if self.padding_mode != "zeros":
            x, padding = functional.pad(x, self._sides(), PADDING[self.padding_mode]), 0
        convolve = getattr(functional, f"conv{self.space}d")
        return convolve(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _sides(self) -> list[int]:
        """How many places are padded before and behind each axis, the last one first."""
        if isinstance(self.padding, str):
            extra = [d * (k - 1) * (self.padding == "same") for d, k in zip(self.dilation, self.kernel_size)]
            pairs = [(n // 2, n - n // 2) for n in extra]
        else:
            pairs = [(p, p) for p in self.padding]
        return [n for pair in reversed(pairs) for n in pair]


class Conv1d(Conv, space=1):
    """y[n, o, i] = b[o] + sum over c, k of w[o, c, k] x[n, c, i s + k d - p], for stride s, dilation d, padding p.

    See `Conv2d` for the arguments.
    """


class Conv2d(Conv, space=2):
    """y[n, o, i, j] = b[o] + sum over c, k, l of w[o, c, k, l] x[n, c, i s + k d - p, j s + l d - p], for stride s,
    dilation d, padding p: images (n, in_channels, h, w) give (n, out_channels, h', w').

    `padding` is a number of zeros on each side, or "same" (h' = h, w' = w; stride 1 alone) or "valid" (none). `weight`
    is (out_channels, in_channels / groups, *kernel_size), `bias` (out_channels,) or None. Both start uniformly between
    -1 / sqrt(f) and 1 / sqrt(f), f being the number of inputs to each output, as in PyTorch.

    Raises ShapeError for no channels, or some that groups do not divide, for images of other channels or smaller than
    the kernel.

    >>> import lucid
    >>> Conv2d(3, 8, kernel_size=4, stride=4)(lucid.ones((1, 3, 32, 32))).shape
    (1, 8, 8, 8)
    """


class Conv3d(Conv, space=3):
    """y[n, o, h, i, j] = b[o] + sum over c, k, l, m of w[o, c, k, l, m] x[n, c, h s + k d - p, ...].

    For stride s, dilation d, padding p; see `Conv2d` for the arguments.
    """


class ConvTranspose(Convolution):
    """What the gradient of a convolution is with respect to its input: (n, in_channels, ...) to (n, out_channels, ...).

    `weight` is (in_channels, out_channels / groups, *kernel_size). `output_padding`, less than stride or dilation,
    makes the output larger at the end, since several sizes may be convolved to the size of the input.

    >>> import lucid
    >>> ConvTranspose2d(3, 8, kernel_size=2, stride=2)(lucid.ones((1, 3, 4, 4))).shape
    (1, 8, 8, 8)
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.output_padding = each_axis(type(self).__name__, self.space, "output_padding", output_padding, 0)

    def forward(self, x: Tensor) -> Tensor:
        transpose = getattr(functional, f"conv_transpose{self.space}d")
        options = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return transpose(x, self.weight, self.bias, *options)


# fmt: off
class ConvTranspose1d(ConvTranspose, space=1): ...
class ConvTranspose2d(ConvTranspose, space=2): ...
class ConvTranspose3d(ConvTranspose, space=3): ...
# fmt: on
