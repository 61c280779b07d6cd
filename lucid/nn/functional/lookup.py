"""Tables of vectors to look up, by whole numbers."""

from ...autograd import no_grad
from ...dtypes import SIGNED, UNSIGNED, int64
from ...errors import DTypeError, ShapeError
from ...ops.arguments import INTEGERS, number, ready, whole
from ...ops.arguments import tensor as as_tensor
from ...ops.creation import arange, full, zeros
from ...ops.data_types import astype
from ...ops.elementwise import equal, logical_not
from ...ops.indexing import canonical, from_front, getitem, inside, take
from ...ops.linalg.norms import vector_norm
from ...ops.manipulation import broadcast_to
from ...ops.scattering import index_add, scatter
from ...ops.searching import searchsorted, where
from ...ops.statistical import max as largest
from ...ops.statistical import sum
from ...ops.utility import diff
from ...tensor import Tensor
from .classification import class_indices

__all__ = ["embedding", "embedding_bag", "one_hot"]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 with a last axis of `num_classes`, 1 at each class and 0 elsewhere; -1 is one more than the largest class.

    Raises DTypeError unless the classes are integers, IndexError for one that is not there (when a value is next read,
    if they are on the gpu).

    >>> import lucid
    >>> one_hot(lucid.asarray([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    tensor, num_classes = as_tensor("one_hot", tensor, "tensor"), whole("one_hot", num_classes, "num_classes")
    if num_classes == -1:
        num_classes = tensor.max().item() + 1
    classes = arange(num_classes, device=tensor.device)
    checked = take(classes, class_indices("one_hot", tensor, num_classes))  # reading them checks their bounds
    return astype(equal(checked[..., None], classes), int64)


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0
) -> Tensor:
    """The rows of `weight` (n, d) that the whole numbers of `input` (...) name: (..., d).

    No gradient reaches the row `padding_idx`, which may be negative to count from the end. With `max_norm`, rows that
    are read and have a larger norm (of the order `norm_type`) are first scaled down to it, in `weight` itself. Raises
    DTypeError unless input holds integers, IndexError for a row that is not there.

    >>> import lucid
    >>> embedding(lucid.asarray([1, 0]), lucid.asarray([[1.0], [2.0]])).tolist()
    [[2.0], [1.0]]
    """
    input = as_tensor("embedding", input, "input")
    if as_tensor("embedding", weight, "weight").ndim != 2:
        raise ShapeError(f"embedding: weight has shape {weight.shape}; wanted (n, d), a row for each number")
    padding = None if padding_idx is None else padding_row("embedding", padding_idx, weight.shape[0])
    if input.dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"embedding: input is {input.dtype.name}; wanted the numbers of rows, as lucid.int64")
    most = None if max_norm is None else number("embedding", max_norm, "max_norm")
    order = number("embedding", norm_type, "norm_type")
    places = from_front(astype(input, int64), weight.shape[0])
    key = canonical(weight, places, f"embedding: input names a row that weight of shape {weight.shape} does not have")
    if most is not None:
        with no_grad():
            rows = getitem(weight, key)
            norms = vector_norm(rows, order, -1, keepdims=True)
            scale = most / (norms + 1e-7)  # PyTorch's, which stays below it
            weight[places] = where(norms > most, rows * scale, rows)
    rows = getitem(weight, key)
    if padding is None:
        return rows
    return where(equal(places, padding)[..., None], rows.detach(), rows)


def padding_row(function: str, padding_idx: int, count: int) -> int:
    """The row that stands for padding, counted from the front. Raises ValueError if it is not there."""
    if not -count <= whole(function, padding_idx, "padding_idx") < count:
        raise ValueError(f"{function}: padding_idx={padding_idx}; wanted one of {count} rows")
    return padding_idx % count


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    mode: str = "mean",
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The "mean", "sum" or "max" of the rows of `weight` (n, d) that the numbers of each bag name: (bags, d).

    `input` (bags, m) has a bag in each row; (m,) has bags that begin at `offsets` (bags,), of which the last may be the
    end of the last bag (`include_last_offset`), and what comes behind is in none. A bag of none gives zeros. Numbers
    equal to `padding_idx` count for nothing. In mode "sum", `per_sample_weights`, of the shape of input, weigh rows.

    Raises ShapeError for shapes that do not fit, ValueError for another mode, and for weights in other modes,
    IndexError for offsets that do not rise from 0 (when a value is next read, if they are on the gpu).

    >>> import lucid
    >>> table, words = lucid.asarray([[1.0], [2.0], [4.0]]), lucid.asarray([0, 2, 1])
    >>> embedding_bag(words, table, lucid.asarray([0, 2]), "sum").tolist()
    [[5.0], [2.0]]
    """
    name = "embedding_bag"
    if mode not in ("mean", "sum", "max"):
        raise ValueError(f"{name}: mode={mode!r}; choose 'mean', 'sum' or 'max'")
    input, weight = as_tensor(name, input, "input"), as_tensor(name, weight, "weight")
    for what, given in (("offsets", offsets), ("per_sample_weights", per_sample_weights)):
        if given is not None:
            as_tensor(name, given, what)
    if per_sample_weights is not None and (mode != "sum" or per_sample_weights.shape != input.shape):
        raise ValueError(f"{name}: per_sample_weights are for mode='sum', with the shape of input, {input.shape}")
    if (input.ndim, None if offsets is None else offsets.ndim) not in ((2, None), (1, 1)):
        raise ShapeError(
            f"{name}: got input {input.shape}; wanted (bags, m) without offsets, or (m,) with offsets (n,)"
        )
    if offsets is not None and not offsets.size and (input.size or include_last_offset):
        raise ShapeError(f"{name}: there are no offsets for input {input.shape}; wanted at least one")
    starts = None if offsets is None else astype(ready(name, INTEGERS, offsets, "offsets"), int64)
    even = input.shape if offsets is None and input.shape[1] else None  # whether bags hold as many numbers, and some
    lead, input = input.shape, input.reshape((-1,))
    rows = embedding(input, weight, padding_idx)  # first, since an error must leave nothing of offsets to be told later
    if starts is None:
        bags, count = arange(input.size, device=input.device) // max(lead[1], 1), lead[0]
    else:
        count = starts.shape[0]
        bags = _bags(starts, input.size)
    kept = full(input.shape, True, device=input.device)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape((-1, 1))
    if padding_idx is not None:
        kept = logical_not(equal(input, padding_row(name, padding_idx, weight.shape[0])))
        rows = where(kept[:, None], rows, float("-inf") if mode == "max" else 0.0)

    def added(each: Tensor) -> Tensor:
        if even:
            return sum(each.reshape((*even, each.shape[1])), axis=1)
        return index_add(zeros((count, each.shape[1]), dtype=each.dtype, device=each.device), bags, each, axis=0)

    def extreme() -> Tensor:
        if even:
            return largest(rows.reshape((*even, weight.shape[1])), axis=1)
        empty = zeros((count, weight.shape[1]), dtype=rows.dtype, device=rows.device)
        places = broadcast_to(bags[:, None], rows.shape)
        return scatter(empty, places, rows, axis=0, reduce="amax", include_self=False)

    found = extreme() if mode == "max" else added(rows)
    if mode != "sum":
        many = added(astype(kept, rows.dtype)[:, None])
        found = found / where(many > 0, many, 1.0) if mode == "mean" else where(many > 0, found, 0.0)
    return found[:-1] if starts is not None and include_last_offset else found


def _bags(starts: Tensor, size: int) -> Tensor:
    """The bag of each of so many numbers. Raises IndexError unless bags begin at 0 and one after the other."""
    inside(from_front(starts[:1], 1), 1, "embedding_bag: offsets do not begin with 0")
    sizes = diff(starts, append=full(1, size, device=starts.device))
    inside(from_front(sizes, size + 1), size + 1, f"embedding_bag: offsets do not rise to at most {size}")
    return searchsorted(starts, arange(size, device=starts.device), side="right") - 1
