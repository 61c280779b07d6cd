"""Losses: how far predictions are from targets, in one number or one for each prediction."""

from ...dtypes import REAL, SIGNED, UNSIGNED, int64
from ...errors import DeviceError, DTypeError, ShapeError
from ...ops.activation import log_softmax
from ...ops.arguments import REAL_FLOATING, ready, tensor, together
from ...ops.data_types import astype
from ...ops.elementwise import less, not_equal, square
from ...ops.indexing import take, take_along_axis
from ...ops.manipulation import expand_dims, squeeze
from ...ops.searching import where
from ...ops.statistical import mean, sum
from ...tensor import Tensor

__all__ = ["cross_entropy", "mse_loss"]

REDUCTIONS = ("mean", "sum", "none")


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-sum over classes c of t[c] w[c] log softmax(input)[c], for scores `input` (classes,) or (n, classes, ...).

    `target` holds a class for each prediction, integers () or (n, ...), for which t is 1 at that class; or it holds t
    itself, numbers of input's shape. Label smoothing s makes of t the mixture (1 - s) t + s / classes. `weight` w is
    (classes,). Targets equal to `ignore_index` add nothing. The mean is over predictions, for classes with weights the
    weighted mean: the sum divided by the sum of w[target].

    Raises DTypeError, ShapeError or DeviceError for a target that does not fit, IndexError for a class that is not
    there (when a value is next read, if the targets are on the gpu), ValueError for another reduction or smoothing.

    >>> import lucid
    >>> cross_entropy(lucid.zeros((2, 10)), lucid.asarray([3, 7]))
    tensor(2.302..., dtype=float32, device='cpu')
    """
    name = "cross_entropy"
    input, target = ready(name, REAL_FLOATING, input, "input"), tensor(name, target, "target")
    if weight is not None:
        input, weight = together(name, REAL_FLOATING, input, tensor(name, weight, "weight"))
    _check_reduction(name, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing={label_smoothing}; wanted a number from 0 to 1")
    if not input.ndim:
        raise ShapeError(f"{name}: input has no axes; wanted scores (classes,) or (n, classes, ...)")
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    for other, given in (("target", target), ("weight", weight)):
        if given is not None and given.device != input.device:
            raise DeviceError(
                f"{name}: input is on {input.device}, {other} on {given.device}; move it with .to(device)"
            )
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(
            f"{name}: weight has shape {weight.shape}; wanted ({classes},), one for each class of {input.shape}"
        )
    logs = log_softmax(input, axis=axis)
    weights = None if weight is None else weight.reshape((classes,) + (1,) * (input.ndim - 1 - axis))
    weighted = logs if weights is None else logs * weights

    if target.dtype.kind == REAL:
        if target.shape != input.shape:
            raise ShapeError(f"{name}: target has shape {target.shape}; probabilities must have input's, {input.shape}")
        smooth = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
        return _reduced(-sum(weighted * smooth, axis=axis), reduction)

    if target.shape != (expected := input.shape[:axis] + input.shape[axis + 1 :]):
        raise ShapeError(f"{name}: target has shape {target.shape}; wanted classes {expected} for input {input.shape}")
    places = class_indices(name, target, classes)
    kept = not_equal(astype(target, int64), ignore_index)
    places = where(kept, places, 0)
    try:
        losses = -squeeze(take_along_axis(weighted, expand_dims(places, axis), axis=axis), axis)
    except IndexError:
        raise IndexError(
            f"{name}: a target is not a class; wanted integers from 0 to {classes - 1} for input {input.shape}, "
            f"or ignore_index={ignore_index}"
        ) from None
    if label_smoothing:
        losses = losses * (1 - label_smoothing) - sum(weighted, axis=axis) * (label_smoothing / classes)
    losses = where(kept, losses, 0.0)
    if reduction != "mean":
        return _reduced(losses, reduction)
    counted = astype(kept, input.dtype) if weight is None else where(kept, take(weight, places, axis=0), 0.0)
    return sum(losses) / sum(counted)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2, and of that the mean, the sum or nothing.

    Raises ShapeError if the shapes differ, ValueError for another reduction.

    >>> import lucid
    >>> mse_loss(lucid.ones(2), lucid.zeros(2))
    tensor(1., dtype=float32, device='cpu')
    """
    _check_reduction("mse_loss", reduction)
    input, target = together("mse_loss", REAL_FLOATING, tensor("mse_loss", input, "input"), target)
    if input.shape != target.shape:
        raise ShapeError(f"mse_loss: got input {input.shape} and target {target.shape}; wanted one shape for both")
    return _reduced(square(input - target), reduction)


def class_indices(function: str, target: Tensor, classes: int) -> Tensor:
    """Targets as int64, fit to index with: a negative one, which would count from the end, becomes `classes`."""
    if target.dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"{function}: target is {target.dtype.name}; wanted classes as integers, as lucid.int64")
    target = astype(target, int64)
    return where(less(target, 0), classes, target)


def _check_reduction(function: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{function}: reduction={reduction!r}; choose among {', '.join(REDUCTIONS)}")


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    return mean(losses) if reduction == "mean" else sum(losses) if reduction == "sum" else losses
