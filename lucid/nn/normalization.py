"""Normalisation: numbers brought to mean 0 and variance 1, over one set of axes or another."""

from collections.abc import Sequence
from typing import Any, ClassVar

from ..dtypes import int64
from ..errors import ShapeError
from ..ops.arguments import as_shape, whole
from ..ops.creation import ones, zeros
from ..tensor import Tensor
from . import functional, init
from .applied import Applied, without_example
from .module import Module
from .parameter import Parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, over the last axes of x, whose sizes are `normalized_shape`.

    `weight` and `bias` have that shape and start as ones and zeros; `elementwise_affine=False` leaves out both,
    `bias=False` the bias. Ba, Kiros and Hinton, 2016 (arXiv 1607.06450). Raises ShapeError for other last axes.

    >>> import lucid
    >>> LayerNorm(2)(lucid.asarray([[1.0, 3.0]]))
    tensor([[-0.9999...,  0.9999...]], dtype=float32, device='cpu', grad_fn=layer_norm)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = as_shape("LayerNorm", normalized_shape, "normalized_shape")
        self.eps = eps
        self.weight = Parameter(zeros(self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(self.normalized_shape)) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = ", elementwise_affine=False" if self.weight is None else ", bias=False" if self.bias is None else ""
        return f"{self.normalized_shape}, eps={self.eps}{affine}"


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) * weight, over the last axes of x, whose sizes are `normalized_shape`.

    `weight` has that shape and starts as ones; `elementwise_affine=False` leaves it out. `eps` is the distance from 1
    to the next number of the dtype if it is None. Zhang and Sennrich, 2019 (arXiv 1910.07467).

    >>> import lucid
    >>> RMSNorm(2, elementwise_affine=False)(lucid.asarray([3.0, 3.0])).tolist()
    [1.0, 1.0]
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        self.normalized_shape = as_shape("RMSNorm", normalized_shape, "normalized_shape")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(ones(self.normalized_shape)) if elementwise_affine else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, over each of `num_groups` groups of channels of (n, c, ...).

    `weight` and `bias` are (num_channels,) and start as ones and zeros; `affine=False` leaves out both, `bias=False`
    the bias. Wu and He, 2018 (arXiv 1803.08494). Raises ShapeError if the groups do not divide the channels.

    >>> import lucid
    >>> GroupNorm(2, 4)(lucid.asarray([[1.0, 3.0, 5.0, 7.0]])).round().tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, bias: bool = True
    ) -> None:
        num_groups = whole("GroupNorm", num_groups, "num_groups")
        num_channels = whole("GroupNorm", num_channels, "num_channels")
        if num_groups < 1 or num_channels % num_groups:
            raise ShapeError(f"GroupNorm: num_groups={num_groups} does not divide num_channels={num_channels}")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(ones(num_channels)) if affine else None
        self.bias = Parameter(zeros(num_channels)) if affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LocalResponseNorm(Applied, function=functional.local_response_norm): ...


class Running(Module):
    """The base of normalisation by statistics that are collected in train mode and used in eval mode.

    `weight` and `bias` are (num_features,) and start as ones and zeros; `affine=False` leaves out both, `bias=False`
    the bias. Running mean and variance take over a share `momentum` of those of each batch, or are the plain average of
    all batches for None; `track_running_stats=False` leaves them out, and the batch's own serve in eval mode too.
    """

    shapes: ClassVar[tuple[int, ...]]  # how many axes an input may have
    counts: ClassVar[bool] = True  # whether batches are counted

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        bias: bool = True,
    ) -> None:
        num_features = whole(type(self).__name__, num_features, "num_features")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine and bias else None
        self.register_buffer("running_mean", zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", zeros((), dtype=int64) if track_running_stats else None)

    def __init_subclass__(cls, shapes: tuple[int, ...] = (), **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if shapes:
            cls.shapes = shapes
            cls.__doc__ = cls.__doc__ or without_example(next(base.__doc__ for base in cls.__mro__[1:] if base.__doc__))

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def share(self, x: Tensor) -> float:
        """How much of the running statistics this batch replaces, in train mode, where it is counted."""
        if x.ndim not in self.shapes:
            wanted = " or ".join(map(str, self.shapes))
            raise ShapeError(f"{type(self).__name__}: x has shape {x.shape}; wanted {wanted} axes")
        if not self.training or self.num_batches_tracked is None or not self.counts:
            return self.momentum or 0.0
        self.num_batches_tracked.copy_(self.num_batches_tracked + 1)
        return 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum

    def extra_repr(self) -> str:
        names = ("eps", "momentum", "affine", "track_running_stats")
        return ", ".join([f"{self.num_features}", *(f"{name}={getattr(self, name)}" for name in names)])


class BatchNorm(Running):
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each channel of (n, num_features, ...).

    In train mode, mean and variance are those of the batch, in eval mode the running ones, of which each batch in train
    mode replaces a share `momentum` (None: they are the average of all batches). `affine=False` leaves out weight and
    bias, `bias=False` the bias, `track_running_stats=False` the running statistics.

    Ioffe and Szegedy, Batch Normalization, 2015 (arXiv 1502.03167). Raises ShapeError for other shapes, ValueError for
    a single element for each channel in train mode.

    >>> import lucid
    >>> norm = BatchNorm1d(1)
    >>> norm(lucid.asarray([[1.0], [3.0]])).round().tolist()
    [[-1.0], [1.0]]
    >>> norm.running_mean
    tensor([0.2], dtype=float32, device='cpu')
    """

    def forward(self, x: Tensor) -> Tensor:
        own = self.training or self.running_mean is None
        running = (self.running_mean, self.running_var)
        return functional.batch_norm(x, *running, self.weight, self.bias, own, self.share(x), self.eps)


class InstanceNorm(Running):
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each channel of each instance of (n, num_features, ...).

    As `BatchNorm2d`, but the statistics are those of one instance; by default there are no weight, bias and running
    statistics. Ulyanov et al., Instance Normalization, 2016 (arXiv 1607.08022).
    """

    counts = False

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, x: Tensor) -> Tensor:
        share, own = self.share(x), self.training or self.running_mean is None
        if x.ndim == self.shapes[0]:
            return self._normed(x[None], own, share)[0]
        return self._normed(x, own, share)

    def _normed(self, x: Tensor, own: bool, share: float) -> Tensor:
        running = (self.running_mean, self.running_var)
        return functional.instance_norm(x, *running, self.weight, self.bias, own, share, self.eps)


# fmt: off
class BatchNorm1d(BatchNorm, shapes=(2, 3)): ...
class BatchNorm2d(BatchNorm, shapes=(4,)): ...
class BatchNorm3d(BatchNorm, shapes=(5,)): ...
class InstanceNorm1d(InstanceNorm, shapes=(2, 3)): ...
class InstanceNorm2d(InstanceNorm, shapes=(3, 4)): ...
class InstanceNorm3d(InstanceNorm, shapes=(4, 5)): ...
# fmt: on
