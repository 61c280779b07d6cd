"""Losses of numbers: how far predictions are from targets, in one number or one for each prediction."""

import math
from collections.abc import Callable

from ...errors import ShapeError
from ...ops.arguments import REAL_FLOATING, broadcast_shapes, check_tensors, number, tensor, together
from ...ops.elementwise import abs, clip, equal, exp, less, log, minimum, sign, square
from ...ops.searching import where
from ...ops.special import xlogy
from ...ops.statistical import sum
from ...tensor import Tensor
from .distance import pairwise_distance
from .reduction import check_reduction, reduced, together_broadcast, together_of_one_shape

__all__ = [
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss",
    "margin_ranking_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """(input - target)^2, and of that the mean, the sum or nothing; with `weight`, the weighted mean.

    Raises ShapeError if the shapes differ, ValueError for another reduction.

    >>> import lucid
    >>> mse_loss(lucid.ones(2), lucid.zeros(2))
    tensor(1., dtype=float32, device='cpu')
    """
    return _difference("mse_loss", square, input, target, reduction, weight)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """|input - target|, and of that the mean, the sum or nothing; with `weight`, the weighted mean.

    Raises ShapeError if the shapes differ, ValueError for another reduction.
    """
    return _difference("l1_loss", abs, input, target, reduction, weight)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) where d = |input - target| is below `beta`, d - beta / 2 elsewhere. Girshick, Fast R-CNN, 2015.

    Raises ShapeError if the shapes differ, ValueError for a negative beta and another reduction.

    >>> import lucid
    >>> smooth_l1_loss(lucid.asarray([0.5, 3.0]), lucid.zeros(2), "none").tolist()
    [0.125, 2.5]
    """
    if number("smooth_l1_loss", beta, "beta") < 0:
        raise ValueError(f"smooth_l1_loss: beta={beta}; wanted a number from 0")
    if not beta:
        return _difference("smooth_l1_loss", abs, input, target, reduction, None)

    def losses(d: Tensor) -> Tensor:  # of d / beta: of d, it would be too large for float16 before it is divided
        share = where(less(abs(d), beta), d * (1 / beta), sign(d))
        return share * (d - share * (0.5 * beta))

    return _difference("smooth_l1_loss", losses, input, target, reduction, None)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 where d = |input - target| is at most `delta`, delta (d - delta / 2) elsewhere. Huber, 1964.

    Raises ShapeError if the shapes differ, ValueError for a delta that is not positive and another reduction.

    >>> import lucid
    >>> huber_loss(lucid.asarray([0.5, 3.0]), lucid.zeros(2), "none", delta=2.0).tolist()
    [0.125, 4.0]
    """
    if number("huber_loss", delta, "delta") <= 0:
        raise ValueError(f"huber_loss: delta={delta}; wanted a number above 0")

    def losses(d: Tensor) -> Tensor:  # by abs alone it would have no curvature at 0
        near = where(less(abs(d), delta), d, sign(d) * delta)
        return near * (d - near * 0.5)

    return _difference("huber_loss", losses, input, target, reduction, weight)


def _difference(
    function: str,
    losses: Callable[[Tensor], Tensor],
    input: Tensor,
    target: Tensor,
    reduction: str,
    weight: Tensor | None,
) -> Tensor:
    """The losses of input - target, reduced; weights weigh the mean too."""
    input, target = together_of_one_shape(function, reduction, input, target)
    found = losses(input - target)
    if weight is None:
        return reduced(found, reduction)
    if tensor(function, weight, "weight").shape != input.shape:
        raise ShapeError(f"{function}: weight has shape {weight.shape}; wanted that of input, {input.shape}")
    return sum(found * weight) / sum(weight) if reduction == "mean" else reduced(found * weight, reduction)


# --- Of distributions ------------------------------------------------------------------------------------------------


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log(target) - input): from a distribution whose logarithm is `input` to `target`, or its logarithm.

    `reduction` "batchmean" is the sum divided by the number of rows, which is the divergence of Kullback and Leibler;
    "mean" divides by the number of all elements. Raises ShapeError if the shapes do not broadcast.

    >>> import lucid
    >>> kl_div(lucid.asarray([[0.5, 0.5]]).log(), lucid.asarray([[1.0, 0.0]]), "batchmean")
    tensor(0.6931472, dtype=float32, device='cpu')
    """
    input, target = together_broadcast("kl_div", "sum" if reduction == "batchmean" else reduction, input, target)
    losses = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        return sum(losses) / losses.shape[0] if losses.ndim else sum(losses)
    return reduced(losses, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - t x for counts t and a Poisson distribution whose mean has the logarithm x; or x - t log(x + eps), for
    the mean itself.

    `full` adds what Stirling's formula makes of log(t!), for t above 1. Raises ShapeError if the shapes do not
    broadcast, ValueError for another reduction.
    """
    name = "poisson_nll_loss"
    (input, target), eps = together_broadcast(name, reduction, input, target), number(name, eps, "eps")
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        many = where(target > 1, target, 1.0)
        stirling = many * log(many) - many + 0.5 * log(many * (2 * math.pi))
        losses = losses + where(target > 1, stirling, 0.0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log(var) + (input - target)^2 / var) / 2 for a normal distribution of mean `input` and variance `var`.

    The variance counts as at least `eps`, and may lack the last axis or have size 1 there. `full` adds log(2 pi) / 2.
    Raises ShapeError for other shapes, ValueError for a negative number `var` and another reduction.

    >>> import lucid
    >>> gaussian_nll_loss(lucid.asarray([3.0]), lucid.asarray([1.0]), lucid.asarray([1.0]))
    tensor(2., dtype=float32, device='cpu')
    """
    name = "gaussian_nll_loss"
    if isinstance(var, Tensor):
        var = _last_axis(name, tensor(name, input, "input"), var)
        input, target, var = together_broadcast(name, reduction, input, target, var)
    else:
        if number(name, var, "var") < 0:
            raise ValueError(f"{name}: var={var}; wanted a number from 0")
        input, target = together_broadcast(name, reduction, input, target)
        var = input.detach() * 0 + var
    least = where(less(var, number(name, eps, "eps")), eps, var.detach()) - var.detach()
    var = var + least  # its gradient stays that of var, as in PyTorch
    losses = (log(var) + square(input - target) / var) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _last_axis(function: str, input: Tensor, var: Tensor) -> Tensor:
    if var.shape == input.shape or var.shape == (*input.shape[:-1], 1):
        return var
    if var.shape == input.shape[:-1]:
        return var[..., None]
    if var.ndim == input.ndim and all(n in (1, m) for n, m in zip(var.shape, input.shape)):
        return var
    raise ShapeError(
        f"{function}: var has shape {var.shape}; wanted that of input, {input.shape}, or without its last axis"
    )


# --- Of pairs and triplets -------------------------------------------------------------------------------------------


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1: for distances of things alike or not.

    >>> import lucid
    >>> hinge_embedding_loss(lucid.asarray([0.5, 0.25]), lucid.asarray([1, -1]), reduction="none").tolist()
    [0.5, 0.75]
    """
    name = "hinge_embedding_loss"
    (input, target), margin = together_broadcast(name, reduction, input, target), number(name, margin, "margin")
    apart, alike = where(equal(target, 1), 0.0, clip(margin - input, 0.0)), where(equal(target, -1), 0.0, input)
    return reduced(apart + alike, reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target (input1 - input2)): 0 once the right one is larger, the first for 1, the second for -1.

    Raises ShapeError unless all have as many axes and broadcast, ValueError for another reduction.

    >>> import lucid
    >>> margin_ranking_loss(lucid.asarray([3.0]), lucid.asarray([1.0]), lucid.asarray([-1]))
    tensor(2., dtype=float32, device='cpu')
    """
    name = "margin_ranking_loss"
    check_tensors(name, input1=input1, input2=input2, target=target)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(f"{name}: got {input1.shape}, {input2.shape} and {target.shape}; wanted as many axes in all")
    input1, input2, target = together_broadcast(name, reduction, input1, input2, target)
    return reduced(clip(-target * (input1 - input2) + number(name, margin, "margin"), 0.0), reduction)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1, for the cosines of vectors (n, d) or (d,).

    Raises ShapeError if shapes do not fit, ValueError for another reduction.

    >>> import lucid
    >>> x, y = lucid.asarray([1.0, 0.0]), lucid.asarray([0.0, 2.0])
    >>> cosine_embedding_loss(x, y, lucid.asarray(1))
    tensor(1., dtype=float32, device='cpu')
    """
    name = "cosine_embedding_loss"
    check_reduction(name, reduction)
    check_tensors(name, input1=input1, input2=input2, target=target)
    if target.ndim > 1 or input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        shapes = f"{input1.shape}, {input2.shape} and {target.shape}"
        raise ShapeError(f"{name}: got {shapes}; wanted (n, d), (n, d) and (n,), or (d,), (d,) and ()")
    input1, input2, target = together(name, REAL_FLOATING, input1, input2, target)
    eps, margin = 1e-12, number(name, margin, "margin")
    across = sum(input1 * input2, axis=-1)
    cosine = across / ((sum(square(input1), axis=-1) + eps) * (sum(square(input2), axis=-1) + eps)) ** 0.5
    broadcast_shapes(name, cosine.shape, target.shape)
    alike, apart = where(equal(target, 1), 1 - cosine, 0.0), where(equal(target, -1), clip(cosine - margin, 0.0), 0.0)
    return reduced(alike + apart, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) for p-norm distances d of vectors (n, d).

    With `swap`, the distance of positive and negative counts in place of the second, if it is smaller.

    Raises ShapeError if shapes do not fit, ValueError for a margin that is not positive and another reduction.

    >>> import lucid
    >>> x, y = lucid.asarray([[0.0, 0.0]]), lucid.asarray([[3.0, 4.0]])
    >>> triplet_margin_loss(x, y, x, eps=0.0)
    tensor(6., dtype=float32, device='cpu')
    """

    name = "triplet_margin_loss"
    p, eps = number(name, p, "p"), number(name, eps, "eps")

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return _triplet(name, anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss with any distance of two tensors; `pairwise_distance` if it is not given."""
    distance = pairwise_distance if distance_function is None else distance_function
    name = "triplet_margin_with_distance_loss"
    if not callable(distance):
        raise TypeError(f"{name}: distance_function={distance!r} is {type(distance).__name__}; wanted a function")
    return _triplet(name, anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    function: str,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    check_reduction(function, reduction)
    check_tensors(function, anchor=anchor, positive=positive, negative=negative)
    if number(function, margin, "margin") <= 0:
        raise ValueError(f"{function}: margin={margin}; wanted a number above 0")
    if not anchor.ndim == positive.ndim == negative.ndim:
        shapes = f"{anchor.shape}, {positive.shape} and {negative.shape}"
        raise ShapeError(f"{function}: got {shapes}; wanted as many axes in all")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clip(near - far + margin, 0.0), reduction)
