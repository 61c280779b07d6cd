"""Pooling as modules."""

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from . import functional
from .applied import Applied
from .functional.dimensions import Sizes

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class Strided(Applied):
    """The base of pooling whose windows are as far apart as they are large, unless a stride is given."""

    kernel_size: Sizes
    stride: Sizes | None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stride = self.kernel_size if self.stride is None else self.stride


class Max(Strided):
    """The base of max pooling, whose modules have their options in another order than its functions."""

    def __init_subclass__(cls, **rest: Any) -> None:
        options = "kernel_size stride padding dilation return_indices ceil_mode"
        super().__init_subclass__(options=options, shows=options.replace(" return_indices", ""), **rest)


class Average(Strided):
    """The base of average pooling."""

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(shows="kernel_size stride padding", **rest)


class Unpool(Strided):
    """The base of what undoes max pooling; forward takes an `output_size` too."""

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(inputs=2, options="kernel_size stride padding", **rest)

    def forward(self, *inputs: Tensor, output_size: Sequence[int] | None = None, **more: Any) -> Any:
        return super().forward(*inputs, output_size=output_size, **more)


# fmt: off
class MaxPool1d(Max, function=functional.max_pool1d): ...
class MaxPool2d(Max, function=functional.max_pool2d): ...
class MaxPool3d(Max, function=functional.max_pool3d): ...
class MaxUnpool1d(Unpool, function=functional.max_unpool1d): ...
class MaxUnpool2d(Unpool, function=functional.max_unpool2d): ...
class MaxUnpool3d(Unpool, function=functional.max_unpool3d): ...
class AvgPool1d(Average, function=functional.avg_pool1d): ...
class AvgPool2d(Average, function=functional.avg_pool2d): ...
class AvgPool3d(Average, function=functional.avg_pool3d): ...
class LPPool1d(Strided, function=functional.lp_pool1d): ...
class LPPool2d(Strided, function=functional.lp_pool2d): ...
class LPPool3d(Strided, function=functional.lp_pool3d): ...
class AdaptiveAvgPool1d(Applied, function=functional.adaptive_avg_pool1d): ...
class AdaptiveAvgPool2d(Applied, function=functional.adaptive_avg_pool2d): ...
class AdaptiveAvgPool3d(Applied, function=functional.adaptive_avg_pool3d): ...
class AdaptiveMaxPool1d(Applied, function=functional.adaptive_max_pool1d, shows="output_size"): ...
class AdaptiveMaxPool2d(Applied, function=functional.adaptive_max_pool2d, shows="output_size"): ...
class AdaptiveMaxPool3d(Applied, function=functional.adaptive_max_pool3d, shows="output_size"): ...
# fmt: on
