"""Losses of classes: how far scores are from the class, or the classes, that they should point at."""

from collections.abc import Callable

from ...dtypes import REAL, SIGNED, UNSIGNED, int64
from ...errors import DTypeError, ShapeError
from ...ops.activation import log_softmax, relu
from ...ops.arguments import REAL_FLOATING, number, ready, tensor, together
from ...ops.classes import class_losses, places_of_classes
from ...ops.creation import arange
from ...ops.data_types import astype
from ...ops.elementwise import clip, equal, less, log, log1p, logical_and, logical_not, not_equal
from ...ops.indexing import from_front, take, take_along_axis
from ...ops.manipulation import expand_dims, moveaxis, squeeze
from ...ops.searching import where
from ...ops.statistical import cumulative_sum, exact, mean, sum
from ...ops.utility import any
from ...tensor import Tensor
from .activation import logsigmoid
from .reduction import check_device, check_reduction, reduced, together_of_one_shape

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "soft_margin_loss",
]  # fmt: skip

LEAST = 1e-12  # a probability as far as the slope of its logarithm goes: PyTorch's


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
    there (when a value is next read, if the targets are on the gpu), ValueError for another reduction or smoothing,
    and for a class to ignore among probabilities.

    >>> import lucid
    >>> cross_entropy(lucid.zeros((2, 10)), lucid.asarray([3, 7]))
    tensor(2.302..., dtype=float32, device='cpu')
    """
    name = "cross_entropy"
    input, target = ready(name, REAL_FLOATING, input, "input"), tensor(name, target, "target")
    if weight is not None:
        input, weight = together(name, REAL_FLOATING, input, tensor(name, weight, "weight"))
    check_reduction(name, reduction)
    ignore_index = number(name, ignore_index, "ignore_index")
    if not 0 <= number(name, label_smoothing, "label_smoothing") <= 1:
        raise ValueError(f"{name}: label_smoothing={label_smoothing}; wanted a number from 0 to 1")
    if not input.ndim:
        raise ShapeError(f"{name}: input has no axes; wanted scores (classes,) or (n, classes, ...)")
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    check_device(name, input, target=target, weight=weight)
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(
            f"{name}: weight has shape {weight.shape}; wanted ({classes},), one for each class of {input.shape}"
        )
    if weight is None and not label_smoothing and target.dtype.kind != REAL:
        wanted = _check_classes(name, input.shape, target, axis, ignore_index)
        rows = input if input.ndim == 2 else moveaxis(input, axis, -1).reshape((-1, classes))
        places = target if target.ndim == 1 else target.reshape((-1,))
        losses = class_losses(rows, places, ignored=ignore_index, mean=reduction == "mean", wanted=wanted)
        return losses if reduction == "mean" else reduced(losses.reshape(target.shape), reduction)

    logs = log_softmax(input, axis=axis)
    weights = None if weight is None else weight.reshape((classes,) + (1,) * (input.ndim - 1 - axis))
    weighted = logs if weights is None else logs * weights

    if target.dtype.kind == REAL:
        if target.shape != input.shape:
            raise ShapeError(f"{name}: target has shape {target.shape}; probabilities must have input's, {input.shape}")
        if ignore_index >= 0:
            raise ValueError(f"{name}: ignore_index={ignore_index} is for targets that are classes, not probabilities")
        smooth = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
        return reduced(-sum(weighted * smooth, axis=axis), reduction)

    losses, counted = _of_classes(name, weighted, weight, target, axis, ignore_index)
    if label_smoothing:
        kept = not_equal(astype(target, int64), ignore_index)
        spread = where(kept, -sum(weighted, axis=axis), 0.0)
        losses = losses * (1 - label_smoothing) + spread * (label_smoothing / classes)
    return sum(losses) / counted() if reduction == "mean" else reduced(losses, reduction)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-w[target] input[target], for logarithms of probabilities `input` (classes,) or (n, classes, ...).

    `target` holds a class for each prediction, integers () or (n, ...), `weight` w is (classes,). Targets equal to
    `ignore_index` add nothing. The mean is the weighted one: the sum divided by the sum of w[target].

    Raises DTypeError, ShapeError or DeviceError for a target that does not fit, IndexError for a class that is not
    there (when a value is next read, if the targets are on the gpu), ValueError for another reduction.

    >>> import lucid
    >>> nll_loss(lucid.log_softmax(lucid.zeros((2, 10))), lucid.asarray([3, 7]))
    tensor(2.302..., dtype=float32, device='cpu')
    """
    name = "nll_loss"
    input, target = ready(name, REAL_FLOATING, input, "input"), tensor(name, target, "target")
    check_reduction(name, reduction)
    check_device(name, input, target=target, weight=weight)
    if not input.ndim:
        raise ShapeError(f"{name}: input has no axes; wanted logarithms (classes,) or (n, classes, ...)")
    axis, ignore_index = min(input.ndim - 1, 1), number(name, ignore_index, "ignore_index")
    if weight is not None:
        input, weight = together(name, REAL_FLOATING, input, weight)
        if weight.shape != input.shape[axis : axis + 1]:
            raise ShapeError(f"{name}: weight has shape {weight.shape}; wanted one for each class of {input.shape}")
    weighted = input if weight is None else input * weight.reshape((-1, *(1,) * (input.ndim - 1 - axis)))
    losses, counted = _of_classes(name, weighted, weight, target, axis, ignore_index)
    return sum(losses) / counted() if reduction == "mean" else reduced(losses, reduction)


def _check_classes(function: str, shape: tuple[int, ...], target: Tensor, axis: int, ignore_index: int) -> str:
    """What to say of a target that is no class. Raises DTypeError or ShapeError for targets that cannot be any."""
    if target.shape != (expected := shape[:axis] + shape[axis + 1 :]):
        raise ShapeError(f"{function}: target has shape {target.shape}; wanted classes {expected} for input {shape}")
    _check_integers(function, target)
    return (
        f"{function}: a target is not a class; wanted integers from 0 to {shape[axis] - 1} for input {shape}, "
        f"or ignore_index={ignore_index}"
    )


def _of_classes(
    function: str, weighted: Tensor, weight: Tensor | None, target: Tensor, axis: int, ignore_index: int
) -> tuple[Tensor, Callable[[], Tensor]]:
    """Minus what is `weighted` at each target, 0 where one is ignored; and what says what all of them weigh."""
    wanted = _check_classes(function, weighted.shape, target, axis, ignore_index)
    kept, places = places_of_classes(target, weighted.shape[axis], ignore_index, wanted)
    picked = squeeze(take_along_axis(weighted, expand_dims(places, axis), axis=axis), axis)

    def counted() -> Tensor:
        return sum(astype(kept, weighted.dtype) if weight is None else where(kept, take(weight, places, axis=0), 0.0))

    return where(kept, -picked, 0.0), counted


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-w (t log(x) + (1 - t) log(1 - x)) for probabilities x and t from 0 to 1; a logarithm counts as at least -100.

    `weight` w broadcasts. Raises ShapeError if the shapes differ, ValueError for another reduction.

    >>> import lucid
    >>> binary_cross_entropy(lucid.asarray([0.5]), lucid.asarray([1.0]))
    tensor(0.6931472, dtype=float32, device='cpu')
    """
    name = "binary_cross_entropy"
    input, target = together_of_one_shape(name, reduction, input, target)
    x = exact(input)
    rest = 1 - x
    of_x, of_rest = _logarithm(x, log(x), rest), _logarithm(rest, log1p(-x), x)
    losses = astype((target - 1) * of_rest - target * of_x, input.dtype, copy=False)
    return reduced(losses if weight is None else losses * number(name, weight, "weight"), reduction)


def _logarithm(x: Tensor, value: Tensor, rest: Tensor) -> Tensor:
    """`value`, log(x), at least -100, with PyTorch's slope: at most 1e12, and 0 where the rest, 1 - x, is nothing."""
    value = clip(value, -100.0)
    if x.node is None:
        return value
    limited = x + clip(LEAST - x, 0.0).detach()
    slope = where(rest < LEAST, 0.0, log(limited))
    return value.detach() + (slope - slope.detach())


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-w (p t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), without overflow.

    `weight` w and `pos_weight` p, which weighs the positive class, broadcast. Raises ShapeError if the shapes of x and
    t differ, ValueError for another reduction.

    >>> import lucid
    >>> binary_cross_entropy_with_logits(lucid.asarray([0.0]), lucid.asarray([1.0]))
    tensor(0.6931472, dtype=float32, device='cpu')
    """
    name = "binary_cross_entropy_with_logits"
    input, target = together_of_one_shape(name, reduction, input, target)
    certainty = logsigmoid(input)
    positive = 1 if pos_weight is None else (number(name, pos_weight, "pos_weight") - 1) * target + 1
    losses = (1 - target) * input - certainty * positive
    return reduced(losses if weight is None else losses * number(name, weight, "weight"), reduction)


def soft_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-t x)) for targets t of -1 and 1. Raises ShapeError if the shapes differ.

    >>> import lucid
    >>> soft_margin_loss(lucid.asarray([0.0]), lucid.asarray([1.0]))
    tensor(0.6931472, dtype=float32, device='cpu')
    """
    input, target = together_of_one_shape("soft_margin_loss", reduction, input, target)
    return reduced(-logsigmoid(target * input), reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """binary_cross_entropy_with_logits of (n, classes), and of that the mean over the classes.

    `weight` is (classes,). Raises ShapeError if the shapes differ, ValueError for another reduction.
    """
    name = "multilabel_soft_margin_loss"
    input, target = together_of_one_shape(name, reduction, input, target)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return reduced(mean(losses if weight is None else losses * number(name, weight, "weight"), axis=-1), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes i other than the target t of w[t] max(0, margin - x[t] + x[i])^p, for scores (n, classes).

    `weight` w is (classes,). Raises ValueError for another p than 1 and 2 and another reduction, ShapeError for a
    target or a weight that does not fit, IndexError for a class that is not there.

    >>> import lucid
    >>> multi_margin_loss(lucid.asarray([[0.5, 1.0]]), lucid.asarray([1]))
    tensor(0.25, dtype=float32, device='cpu')
    """
    name = "multi_margin_loss"
    input = ready(name, REAL_FLOATING, input, "input")
    check_reduction(name, reduction)
    if p not in (1, 2):
        raise ValueError(f"{name}: p={p}; choose 1 or 2")
    if (
        input.ndim not in (1, 2)
        or not input.size
        or tensor(name, target, "target").size != input.size // input.shape[-1]
    ):
        raise ShapeError(f"{name}: got input {input.shape} and target {target.shape}; wanted (n, classes) and (n,)")
    classes = input.shape[-1]
    if weight is not None and tensor(name, weight, "weight").shape != (classes,):
        raise ShapeError(f"{name}: weight has shape {weight.shape}; wanted ({classes},), one for each class")
    places = class_indices(name, target.reshape((*input.shape[:-1], 1)), classes)
    over = relu(take_along_axis(input, places, axis=-1) * -1 + input + number(name, margin, "margin"))
    over = over if p == 1 else over * over
    over = over if weight is None else over * weight[places]
    own = equal(arange(classes, device=input.device), places)
    return reduced(sum(where(own, 0.0, over), axis=-1) / classes, reduction)


def multilabel_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The sum over classes j that are targets and i that are none of max(0, 1 - x[j] + x[i]), divided by their number.

    `target`, of the shape of the scores (n, classes), lists classes in each row up to the first -1. Raises ShapeError
    if the shapes differ, ValueError for another reduction.

    >>> import lucid
    >>> multilabel_margin_loss(lucid.asarray([0.5, 1.0]), lucid.asarray([1, -1]))
    tensor(0.25, dtype=float32, device='cpu')
    """
    name = "multilabel_margin_loss"
    check_reduction(name, reduction)
    input = ready(name, REAL_FLOATING, input, "input")
    if input.ndim > 2 or not input.size or tensor(name, target, "target").shape != input.shape:
        raise ShapeError(f"{name}: got input {input.shape} and target {target.shape}; wanted (n, classes) for both")
    if not input.ndim:
        input, target = input.reshape((1,)), target.reshape((1,))
    classes = input.shape[-1]
    listed = equal(cumulative_sum(astype(less(target, 0), int64), axis=target.ndim - 1), 0)
    places = where(listed, class_indices(name, target, classes), 0)
    of_target = logical_and(
        equal(expand_dims(places, -1), arange(classes, device=input.device)), expand_dims(listed, -1)
    )
    no_target = logical_not(any(of_target, axis=-2, keepdims=True))
    over = relu(1 - expand_dims(take_along_axis(input, places, axis=-1), -1) + expand_dims(input, -2))
    counted = where(logical_and(expand_dims(listed, -1), no_target), over, 0.0)
    return reduced(sum(counted, axis=(-2, -1)) / classes, reduction)


def class_indices(function: str, target: Tensor, classes: int) -> Tensor:
    """Targets as int64, fit to index with: a negative one, which would count from the end, becomes `classes`."""
    _check_integers(function, target)
    return from_front(astype(target, int64), classes)


def _check_integers(function: str, target: Tensor) -> None:
    if target.dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"{function}: target is {target.dtype.name}; wanted classes as integers, as lucid.int64")
