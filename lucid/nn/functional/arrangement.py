"""The same numbers in another arrangement: padding, shuffling, unfolding."""

from collections.abc import Sequence

from ...errors import ShapeError
from ...ops import manipulation
from ...ops.arguments import Scalar
from ...ops.arguments import tensor as as_tensor
from ...tensor import Tensor

__all__ = ["pad"]


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Scalar = 0) -> Tensor:
    """`input` with `value` around it: `pad` is (before, after) for the last axis, then for the one before it, ...

    Raises ShapeError for negative or too many numbers, ValueError for another mode.

    >>> import lucid
    >>> pad(lucid.ones((1, 2)), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    if mode != "constant":
        raise ValueError(f"pad: mode={mode!r}; only 'constant' is there")
    input = as_tensor("pad", input, "input")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: pad={tuple(pad)} for shape {input.shape}; wanted (before, after) for some of its last axes"
        )
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2]))[::-1]
    return manipulation.pad(input, pairs, value=value)
