"""Losses of classes, for which backends have kernels; `nn.functional` makes their arguments ready."""

from ..autograd.operation import composite
from ..dtypes import int64
from ..tensor import Tensor
from .activation import log_softmax
from .data_types import astype
from .elementwise import not_equal
from .indexing import from_front, inside, take_along_axis
from .manipulation import expand_dims, squeeze
from .searching import where
from .statistical import sum

__all__: list[str] = []


@composite
def class_losses(x: Tensor, target: Tensor, /, *, ignored: int, mean: bool, wanted: str) -> Tensor:
    """-log_softmax(x) at the class of each row of x (n, classes), 0 where it is `ignored`; or the mean of the others.

    Raises IndexError, with what was `wanted`, for a class in target (n,) that is not there.
    """
    kept, places = places_of_classes(target, x.shape[-1], ignored, wanted)
    picked = squeeze(take_along_axis(log_softmax(x), expand_dims(places, -1), axis=-1), -1)
    losses = where(kept, -picked, 0.0)
    return sum(losses) / sum(astype(kept, losses.dtype)) if mean else losses


def places_of_classes(target: Tensor, classes: int, ignored: int, wanted: str) -> tuple[Tensor, Tensor]:
    """Which targets are not `ignored`, and the place of the class of each, 0 for those that are.

    Raises IndexError, with what was `wanted`, for one that is not a class (see `inside`).
    """
    target = astype(target, int64)
    kept = not_equal(target, ignored)
    return kept, inside(where(kept, from_front(target, classes), 0), classes, wanted)
