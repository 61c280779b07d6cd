"""The same numbers in another arrangement, or another size, as modules."""

from collections.abc import Sequence
from typing import Any

from ..ops.arguments import whole, wholes
from ..ops.manipulation import flatten, reshape
from ..tensor import Tensor
from . import functional
from .applied import Applied
from .module import Module

__all__ = [
    "ChannelShuffle", "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "CosineSimilarity", "Flatten", "Fold", "PairwiseDistance", "PixelShuffle", "PixelUnshuffle",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d",
    "Unflatten", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip


# fmt: off
class ChannelShuffle(Applied, function=functional.channel_shuffle): ...
class CosineSimilarity(Applied, function=functional.cosine_similarity, inputs=2, shows=""): ...
class Fold(Applied, function=functional.fold): ...
class PairwiseDistance(Applied, function=functional.pairwise_distance, inputs=2, shows=""): ...
class PixelShuffle(Applied, function=functional.pixel_shuffle): ...
class PixelUnshuffle(Applied, function=functional.pixel_unshuffle): ...
class Unfold(Applied, function=functional.unfold): ...
# fmt: on


class Upsample(Applied, function=functional.upsample):
    def extra_repr(self) -> str:
        given = {name: getattr(self, name) for name in ("size", "scale_factor", "mode")}
        return ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)


class UpsamplingNearest2d(Upsample, function=functional.upsample, options="size scale_factor"):
    mode = "nearest"


class UpsamplingBilinear2d(Upsample, function=functional.upsample, options="size scale_factor"):
    mode = "bilinear"

    def forward(self, *inputs: Tensor, **more: Any) -> Any:
        return super().forward(*inputs, mode="bilinear", align_corners=True, **more)


class Flatten(Module):
    """x with the axes from `start_dim` to `end_dim` joined to one.

    >>> import lucid
    >>> Flatten()(lucid.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """x with the axis `dim` cut into axes of `unflattened_size`, one of which may be -1.

    >>> import lucid
    >>> Unflatten(1, (3, -1))(lucid.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim = whole("Unflatten", dim, "dim")
        self.unflattened_size = wholes("Unflatten", unflattened_size, "unflattened_size")

    def forward(self, x: Tensor) -> Tensor:
        dim = self.dim % x.ndim
        return reshape(x, (*x.shape[:dim], *self.unflattened_size, *x.shape[dim + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Padding(Module):
    """The base of padding: more before and after each of the last axes.

    `padding` is a number for all sides, or (before, after) for the last axis, then for the one before it, ...
    """

    space = 1
    mode = "constant"
    value: float | None = None

    def __init_subclass__(cls, space: int = 0, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.space = space or cls.space

    def __init__(self, padding: int | Sequence[int]) -> None:
        sides = (padding,) * (2 * self.space) if isinstance(padding, int) else padding
        self.padding = wholes(type(self).__name__, sides, "padding")

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad(Padding):
    """Padding with a number."""

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class CircularPad(Padding):
    """Padding that goes on at the other end."""

    mode = "circular"


class ReflectionPad(Padding):
    """Padding that turns back at the outermost element."""

    mode = "reflect"


class ReplicationPad(Padding):
    """Padding that repeats the outermost element."""

    mode = "replicate"


class ZeroPad(Padding):
    """Padding with zeros."""


# fmt: off
class CircularPad1d(CircularPad, space=1): ...
class CircularPad2d(CircularPad, space=2): ...
class CircularPad3d(CircularPad, space=3): ...
class ConstantPad1d(ConstantPad, space=1): ...
class ConstantPad2d(ConstantPad, space=2): ...
class ConstantPad3d(ConstantPad, space=3): ...
class ReflectionPad1d(ReflectionPad, space=1): ...
class ReflectionPad2d(ReflectionPad, space=2): ...
class ReflectionPad3d(ReflectionPad, space=3): ...
class ReplicationPad1d(ReplicationPad, space=1): ...
class ReplicationPad2d(ReplicationPad, space=2): ...
class ReplicationPad3d(ReplicationPad, space=3): ...
class ZeroPad1d(ZeroPad, space=1): ...
class ZeroPad2d(ZeroPad, space=2): ...
class ZeroPad3d(ZeroPad, space=3): ...
# fmt: on
