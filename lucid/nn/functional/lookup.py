"""Tables of vectors to look up, by whole numbers."""

from ...dtypes import int64
from ...ops.creation import arange
from ...ops.data_types import astype
from ...ops.elementwise import equal
from ...ops.indexing import take
from ...tensor import Tensor
from .losses import class_indices

__all__ = ["one_hot"]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 with a last axis of `num_classes`, 1 at each class and 0 elsewhere; -1 is one more than the largest class.

    Raises DTypeError unless the classes are integers, IndexError for one that is not there (when a value is next read,
    if they are on the gpu).

    >>> import lucid
    >>> one_hot(lucid.asarray([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    if num_classes == -1:
        num_classes = tensor.max().item() + 1
    classes = arange(num_classes, device=tensor.device)
    checked = take(classes, class_indices("one_hot", tensor, num_classes))  # reading them checks their bounds
    return astype(equal(checked[..., None], classes), int64)
