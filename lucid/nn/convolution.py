"""Conv2d: every output pixel is a weighted sum of a patch of the image."""

from math import prod, sqrt
from typing import Any

from ..errors import ShapeError
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .functional.dimensions import Sizes, pair
from .module import Module
from .parameter import Parameter

__all__ = ["Conv2d"]


class Conv2d(Module):
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
    ) -> None:
        if min(in_channels, out_channels) < 1:
            raise ShapeError(f"Conv2d: got in_channels={in_channels}, out_channels={out_channels}; wanted at least 1")
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"Conv2d: groups={groups} does not divide in_channels={in_channels} and out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = map(pair, (kernel_size, stride, dilation))
        self.padding = padding if isinstance(padding, str) else pair(padding)
        self.weight = Parameter(zeros((out_channels, in_channels // groups, *self.kernel_size)))
        self.bias = Parameter(zeros(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        r = 1 / sqrt(prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -r, r)
        if self.bias is not None:
            init.uniform_(self.bias, -r, r)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        return output.size * prod(self.weight.shape[1:])

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        unusual = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}
        parts += [f"{name}={getattr(self, name)!r}" for name, usual in unusual.items() if getattr(self, name) != usual]
        return ", ".join(parts if self.bias is not None else [*parts, "bias=False"])
