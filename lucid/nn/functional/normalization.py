"""Normalisation: numbers brought to mean 0 and variance 1, over one set of axes or another."""

from collections.abc import Sequence
from math import prod

from ...autograd import no_grad
from ...errors import ShapeError
from ...ops import manipulation, normalization
from ...ops.arguments import FLOATING, REAL_FLOATING, number, ready, whole, wholes
from ...ops.arguments import axes as as_axes
from ...ops.arguments import tensor as as_tensor
from ...ops.data_types import astype, finfo
from ...ops.elementwise import clip, pow, rsqrt, square
from ...ops.linalg import vector_norm
from ...ops.pooling import windows
from ...ops.statistical import exact, mean
from ...tensor import Tensor

__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm",
]  # fmt: skip


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
    input, last = as_tensor("layer_norm", input, "input"), wholes("layer_norm", normalized_shape, "normalized_shape")
    axes = len(last)
    if axes == 1 and input.shape[-1:] == last:  # the usual case: the op looks at weight and bias itself
        return normalization.layer_norm(input, weight, bias, eps=eps)
    given = [as_tensor("layer_norm", t, "weight or bias") for t in (weight, bias) if t is not None]
    shapes = [input.shape[input.ndim - axes :], *(t.shape for t in given)]
    if not axes or any(shape != last for shape in shapes):
        raise ShapeError(
            f"layer_norm: input has shape {input.shape}, weight and bias {shapes[1:]}; wanted {last} as last axes"
        )
    if axes == 1:
        return normalization.layer_norm(input, weight, bias, eps=eps)
    weight, bias = (None if t is None else t.reshape((-1,)) for t in (weight, bias))
    rows = input.reshape((*input.shape[:-axes], prod(last)))
    return normalization.layer_norm(rows, weight, bias, eps=eps).reshape(input.shape)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """input / sqrt(mean(input^2) + eps) * weight, over the last axes, whose sizes are `normalized_shape`.

    `eps` is the distance from 1 to the next number of the dtype if it is not given. Zhang and Sennrich, 2019 (arXiv
    1910.07467). Raises ShapeError if those of input or weight are others.

    >>> import lucid
    >>> rms_norm(lucid.asarray([3.0, 3.0]), (2,))
    tensor([1., 1.], dtype=float32, device='cpu')
    """
    name = "rms_norm"
    input, last = ready(name, REAL_FLOATING, input, "input"), wholes(name, normalized_shape, "normalized_shape")
    of_weight = last if weight is None else as_tensor(name, weight, "weight").shape
    shapes = [input.shape[input.ndim - len(last) :], of_weight]
    if not last or any(shape != last for shape in shapes):
        raise ShapeError(f"rms_norm: input has shape {input.shape}, weight {shapes[1]}; wanted {last} as last axes")
    wide = exact(input)
    eps = finfo(input.dtype).eps if eps is None else number(name, eps, "eps")
    out = wide * rsqrt(mean(square(wide), axis=tuple(range(-len(last), 0)), keepdims=True) + eps)
    return astype(out, input.dtype, copy=False) if weight is None else astype(out, input.dtype, copy=False) * weight


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, over each of `num_groups` groups of channels.

    `input` is (n, c, ...), `weight` and `bias` are (c,). Wu and He, 2018 (arXiv 1803.08494). Raises ShapeError if the
    groups do not divide the channels, or the sizes of weight or bias are others.

    >>> import lucid
    >>> group_norm(lucid.asarray([[1.0, 3.0, 5.0, 7.0]]), 2)
    tensor([[-0.9999...,  0.9999..., -0.9999...,  0.9999...]], dtype=float32, device='cpu')
    """
    input = ready("group_norm", REAL_FLOATING, input, "input")
    num_groups, eps = whole("group_norm", num_groups, "num_groups"), number("group_norm", eps, "eps")
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(f"group_norm: input {input.shape}; wanted (n, c, ...) with c in {num_groups} equal groups")
    rows = input.reshape((input.shape[0], num_groups, prod(input.shape[1:]) // num_groups))
    out = normalization.layer_norm(rows, eps=eps).reshape(input.shape)
    return _scaled("group_norm", out, weight, bias)


def _scaled(function: str, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x (n, c, ...) times weight (c,) plus bias (c,)."""
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and as_tensor(function, t, name).shape != x.shape[1:2]:
            raise ShapeError(f"{function}: {name} has shape {t.shape}; wanted {x.shape[1:2]}, one for each channel")
    along = (-1, *(1,) * (x.ndim - 2))
    x = x if weight is None else x * weight.reshape(along)
    return x if bias is None else x + bias.reshape(along)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, for each channel of (n, c, ...).

    In training, mean and variance are those of the batch, and the running ones, if given, take over a share `momentum`
    of them, in place: of the variance the one with n - 1 in the denominator. Otherwise the running ones are used.

    Ioffe and Szegedy, Batch Normalization, 2015 (arXiv 1502.03167). Raises ShapeError if sizes do not fit, ValueError
    for a single element for each channel in training, and without running statistics out of it.

    >>> import lucid
    >>> batch_norm(lucid.asarray([[1.0], [3.0]]), None, None, training=True)
    tensor([[-0.9999...],
            [ 0.9999...]], dtype=float32, device='cpu')
    """
    input = ready("batch_norm", REAL_FLOATING, input, "input")
    axes = (0, *range(2, input.ndim))
    if training and prod(input.shape[axis] for axis in axes if axis < input.ndim) == 1:
        raise ValueError(f"batch_norm: input has shape {input.shape}; in training, wanted several for each channel")
    return _by_statistics("batch_norm", input, running_mean, running_var, weight, bias, training, axes, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, for each channel of each instance of (n, c, ...).

    With `use_input_stats`, mean and variance are those of the instance, and the running ones, if given, take over a
    share `momentum` of their mean over the batch, in place. Otherwise the running ones are used.

    Ulyanov et al., Instance Normalization, 2016 (arXiv 1607.08022). Raises ShapeError if sizes do not fit, ValueError
    for a single element for each channel, and without running statistics where they are needed.

    >>> import lucid
    >>> instance_norm(lucid.asarray([[[1.0, 3.0]]]))
    tensor([[[-0.9999...,  0.9999...]]], dtype=float32, device='cpu')
    """
    input = ready("instance_norm", REAL_FLOATING, input, "input")
    axes, name = tuple(range(2, input.ndim)), "instance_norm"
    if use_input_stats and prod(input.shape[2:]) == 1:
        raise ValueError(f"{name}: input has shape {input.shape}; wanted several elements for each channel")
    return _by_statistics(name, input, running_mean, running_var, weight, bias, use_input_stats, axes, momentum, eps)


def _by_statistics(
    function: str,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    own: bool,
    axes: tuple[int, ...],
    momentum: float,
    eps: float,
) -> Tensor:
    """Normalise by the input's own statistics over `axes`, which the running ones follow, or by the running ones."""
    if input.ndim < 2:
        raise ShapeError(f"{function}: input has shape {input.shape}; wanted (n, c, ...)")
    channels, along = input.shape[1], (1, input.shape[1], *(1,) * (input.ndim - 2))
    for name, t in (("running_mean", running_mean), ("running_var", running_var)):
        if t is not None and as_tensor(function, t, name).shape != (channels,):
            raise ShapeError(f"{function}: {name} has shape {t.shape}; wanted ({channels},), one for each channel")
    x = exact(input)
    if own:
        centre = mean(x, axis=axes, keepdims=True)
        centred = x - centre
        variance = mean(square(centred), axis=axes, keepdims=True)
        count = prod(input.shape[axis] for axis in axes)
        with no_grad():
            for running, now in ((running_mean, centre), (running_var, variance * (count / max(count - 1, 1)))):
                if running is not None and count:
                    momentum = number(function, momentum, "momentum")
                    of_batch = mean(now, axis=(0, *range(2, input.ndim)))
                    running.copy_(running * (1 - momentum) + astype(of_batch, running.dtype, copy=False) * momentum)
    elif running_mean is None or running_var is None:
        raise ValueError(f"{function}: without statistics of the input, running_mean and running_var are needed")
    else:
        centred, variance = x - running_mean.reshape(along), running_var.reshape(along)
    out = astype(centred * rsqrt(variance + number(function, eps, "eps")), input.dtype, copy=False)
    return _scaled(function, out, weight, bias)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """input / (k + alpha * mean)^beta, with the mean of the squares of `size` neighbouring channels of (n, c, ...).

    Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012. Raises ShapeError for
    fewer than three axes or a size below 1.

    >>> import lucid
    >>> local_response_norm(lucid.ones((1, 1, 1)), 1, alpha=3.0, beta=0.5).tolist()
    [[[0.5]]]
    """
    name = "local_response_norm"
    input = ready(name, REAL_FLOATING, input, "input")
    alpha, beta = number(name, alpha, "alpha"), number(name, beta, "beta")
    k, size = number(name, k, "k"), whole(name, size, "size")
    if input.ndim < 3 or size < 1:
        raise ShapeError(f"local_response_norm: input {input.shape}, size={size}; wanted (n, c, ...) and a size from 1")
    if not input.size:
        return input
    squares = manipulation.moveaxis(square(exact(input)), 1, -1)
    around = [(0, 0)] * (input.ndim - 1) + [(size // 2, (size - 1) // 2)]
    seen = windows(manipulation.pad(squares, around), kernel=(size,), stride=(1,), dilation=(1,))
    near = manipulation.moveaxis(mean(seen, axis=-1), -1, 1)
    return astype(input / pow(near * alpha + k, beta), input.dtype, copy=False)


def normalize(input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its p-norm along `dim`, or by `eps` if that is larger.

    >>> import lucid
    >>> normalize(lucid.asarray([3.0, 4.0]), dim=0)
    tensor([0.6, 0.8], dtype=float32, device='cpu')
    """
    input = ready("normalize", FLOATING, input, "input")
    along, p, eps = as_axes("normalize", input, dim), number("normalize", p, "p"), number("normalize", eps, "eps")
    return input / clip(vector_norm(input, axis=along, keepdims=True, ord=p), eps)
