"""Sequences of several lengths in one tensor."""

from collections.abc import Iterable

from ...errors import ShapeError
from ...ops.arguments import choose, tensors
from ...ops.creation import full
from ...ops.manipulation import concat, stack
from ...tensor import Tensor

__all__ = ["pad_sequence"]


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (length, ...) side by side, (longest, n, ...), or (n, longest, ...) if `batch_first`.

    Shorter ones are filled with `padding_value` at the end, or before the start for the side "left". Raises ValueError
    for another side, TypeError without sequences, ShapeError where they differ in more than their length.

    >>> import lucid
    >>> pad_sequence([lucid.asarray([1.0, 2.0]), lucid.asarray([3.0])], batch_first=True).tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    """
    choose("pad_sequence", "padding_side", padding_side, ("right", "left"))
    given = tensors("pad_sequence", list(sequences))
    if len({x.shape[1:] for x in given}) != 1 or not all(x.ndim for x in given):
        shapes = [x.shape for x in given]
        raise ShapeError(f"pad_sequence: the shapes are {shapes}; wanted (length, ...), alike but in length")
    longest = max(x.shape[0] for x in given)

    def padded(x: Tensor) -> Tensor:
        rest = full((longest - x.shape[0], *x.shape[1:]), padding_value, dtype=x.dtype, device=x.device)
        return concat([x, rest] if padding_side == "right" else [rest, x])

    return stack([padded(x) for x in given], axis=0 if batch_first else 1)
