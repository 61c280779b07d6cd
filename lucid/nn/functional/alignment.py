"""Losses of sequences whose labels have no places: any alignment of them counts."""

from collections.abc import Sequence

from ...dtypes import SIGNED, UNSIGNED, int64
from ...errors import DTypeError, ShapeError
from ...ops.arguments import REAL_FLOATING, number, precise, ready, several, tensor, whole
from ...ops.creation import arange, asarray, zeros, zeros_like
from ...ops.data_types import astype
from ...ops.elementwise import clip, equal, greater, less, logaddexp, maximum, minimum, not_equal
from ...ops.indexing import from_front, inside, take, take_along_axis
from ...ops.manipulation import expand_dims, pad, stack, unstack
from ...ops.searching import where
from ...ops.statistical import cumulative_sum, exact
from ...tensor import Tensor
from .classification import class_indices
from .reduction import check_device, check_reduction, reduced

__all__ = ["ctc_loss"]

Lengths = Tensor | Sequence[int]
NEVER = -1e30  # the logarithm of a probability that counts as 0; finite, so that gradients are never nan


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of all alignments of labels with a sequence: connectionist temporal classification.

    `log_probs` (t, n, classes) are logarithms of probabilities at every step, `targets` (n, s) the labels, or (sum of
    target_lengths,) one row after the other; the lengths (n,) say how much of each counts. Without n for a single one.
    An alignment names a class at every step; of equal ones in a row one remains, then `blank` goes. Sums over paths
    through labels with blanks between them (Graves et al., Connectionist Temporal Classification, 2006), in logarithms.

    Where a sequence is too short for its labels the loss is infinite, and its gradient 0; `zero_infinity` makes it 0.
    The mean is that of losses divided by the number of labels, as in PyTorch, whose gradient however takes
    `log_probs` for what log_softmax gave. Raises ShapeError or DTypeError for what does not fit, IndexError for a
    class or a length that is not there, ValueError for another reduction.

    >>> import lucid
    >>> steps = lucid.log_softmax(lucid.zeros((5, 1, 3)))
    >>> ctc_loss(steps, lucid.asarray([[1, 2]]), [5], [2])
    tensor(0.9688..., dtype=float32, device='cpu')
    """
    name = "ctc_loss"
    log_probs, targets = ready(name, precise(REAL_FLOATING), log_probs, "log_probs"), tensor(name, targets, "targets")
    check_reduction(name, reduction)
    check_device(name, log_probs, targets=targets)
    if log_probs.ndim == 2:
        durations, many = (x.reshape((1,)) if isinstance(x, Tensor) else x for x in (input_lengths, target_lengths))
        one = log_probs[:, None], targets[None]
        losses = ctc_loss(*one, durations, many, blank=blank, reduction=reduction, zero_infinity=zero_infinity)
        return losses.reshape(())
    if log_probs.ndim != 3 or targets.ndim not in (1, 2) or targets.shape[:-1] not in ((), log_probs.shape[1:2]):
        raise ShapeError(
            f"{name}: got log_probs {log_probs.shape} and targets {targets.shape}; wanted (t, n, classes) and (n, s)"
        )
    steps, batch, classes = log_probs.shape
    if not 0 <= whole(name, blank, "blank") < classes:
        raise ValueError(f"{name}: blank={blank}; wanted a class, from 0 to {classes - 1}")
    labels = class_indices(name, targets, classes)
    many = _lengths("target_lengths", target_lengths, batch, log_probs)
    durations = _lengths("input_lengths", input_lengths, batch, log_probs)
    many = _up_to(targets.shape[-1], "target_lengths", many)
    durations = _up_to(steps, "input_lengths", durations)
    losses = _of_paths(exact(log_probs), _rows(labels, many, classes, blank), durations, many, blank)
    possible = less(losses, -NEVER / 10)
    losses = where(possible, losses, 0.0 if zero_infinity else float("inf"))
    if reduction == "mean":
        losses = losses / maximum(many, 1)
    return astype(reduced(losses, reduction), log_probs.dtype, copy=False)


def _lengths(what: str, given: Lengths, batch: int, like: Tensor) -> Tensor:
    """One length for each sequence, on the device of `like`."""
    if isinstance(given, Tensor):
        lengths = given
    else:
        counts = [number("ctc_loss", n, what) for n in several("ctc_loss", given, what)]
        lengths = asarray(counts, dtype=int64, device=like.device)
    if lengths.dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"ctc_loss: {what} are {lengths.dtype.name}; wanted integers")
    if lengths.shape != (batch,):
        raise ShapeError(f"ctc_loss: {what} have shape {lengths.shape}; wanted ({batch},), one for each sequence")
    return astype(lengths.to(like.device), int64)


def _up_to(most: int, what: str, lengths: Tensor) -> Tensor:
    return inside(from_front(lengths, most + 1), most + 1, f"ctc_loss: {what} are not from 0 to {most}")


def _rows(labels: Tensor, many: Tensor, classes: int, blank: int) -> Tensor:
    """Labels (n, s), blank behind those that count."""
    if labels.ndim == 1:
        lengths = many.tolist()
        if sum(lengths) != labels.size:
            raise ShapeError(f"ctc_loss: targets {labels.shape} are not as many as target_lengths add up to")
        longest = max(lengths, default=0)
        places = expand_dims(cumulative_sum(many) - many, 1) + arange(longest, device=labels.device)
        labels = take(labels, minimum(places, max(labels.size - 1, 0)), axis=0)
    counts = less(arange(labels.shape[1], device=labels.device), expand_dims(many, 1))
    labels = where(counts, labels, blank)
    return inside(labels, classes, f"ctc_loss: a label is not a class; wanted integers from 0 to {classes - 1}")


def _of_paths(log_probs: Tensor, labels: Tensor, durations: Tensor, many: Tensor, blank: int) -> Tensor:
    """-log of the sum over paths through blank, label, blank, label, ..., blank, of which a step goes at most two on.

    It goes two on from a label to another, or to the first label.
    """
    batch, size = labels.shape
    between = stack([zeros_like(labels) + blank, labels], axis=-1).reshape((batch, 2 * size))
    states = pad(between, [(0, 0), (0, 1)], value=blank)
    jumps = where(not_equal(states[:, 2:], states[:, :-2]), 0.0, NEVER)
    jumps = pad(astype(jumps, log_probs.dtype), [(0, 0), (min(2, 2 * size + 1), 0)], value=NEVER)
    start = zeros((batch, 1), dtype=log_probs.dtype, device=log_probs.device)
    paths = pad(start, [(0, 0), (0, 2 * size)], value=NEVER)
    emitted = clip(take_along_axis(log_probs, expand_dims(states, 0), axis=-1), NEVER)
    durations = expand_dims(durations, 1)
    for step, seen in enumerate(unstack(emitted)):
        before = pad(paths, [(0, 0), (2, 0)], value=NEVER)
        reached = logaddexp(logaddexp(paths, before[:, 1:-1]), before[:, :-2] + jumps) + seen
        paths = where(greater(durations, step), reached, paths)
    ends = take_along_axis(paths, stack([2 * many, maximum(2 * many - 1, 0)], axis=-1), axis=-1)
    return -logaddexp(ends[:, 0], where(equal(many, 0), NEVER, ends[:, 1]))
