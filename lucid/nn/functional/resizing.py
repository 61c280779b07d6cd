"""Images of another size. Every new pixel is a weighted sum of old ones, along the height and then along the width, so
resizing is two products with matrices, and its gradient, on either device, is theirs.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import floor
from operator import index

from ...dtypes import float32, float64, int64
from ...errors import ShapeError
from ...ops.arguments import REAL_FLOATING, ready, tensor
from ...ops.creation import arange, asarray
from ...ops.data_types import astype
from ...ops.indexing import take
from ...ops.linear_algebra import matmul
from ...tensor import Tensor

__all__ = ["interpolate"]

MODES = ("nearest", "bilinear", "bicubic")


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> Tensor:
    """Images (n, c, h, w) at another `size` (height, width), or larger by a `scale_factor`, as PyTorch resizes them.

    `mode` is "nearest", "bilinear" or "bicubic". `align_corners` puts the centres of the outermost pixels, rather than
    their outer edges, onto each other. `antialias` widens the filter when shrinking, so that no old pixel is passed
    over; that is what Pillow does.

    Raises ShapeError for other than four axes, empty images, or sizes that are not positive; ValueError for another
    mode, and unless just one of size and scale_factor is given.

    >>> import lucid
    >>> image = lucid.asarray([[[[0.0, 1.0]]]])
    >>> interpolate(image, (1, 4), mode="bilinear")
    tensor([[[[0.  , 0.25, 0.75, 1.  ]]]], dtype=float32, device='cpu')
    """
    input = tensor("interpolate", input, "input")
    if mode not in MODES:
        raise ValueError(f"interpolate: mode={mode!r}; choose among {', '.join(MODES)}")
    if mode == "nearest" and (align_corners or antialias):
        raise ValueError("interpolate: align_corners and antialias are for mode='bilinear' and mode='bicubic'")
    if input.ndim != 4 or not input.shape[2] * input.shape[3]:
        raise ShapeError(
            f"interpolate: input has shape {input.shape}; wanted images (n, c, h, w) with at least one pixel"
        )
    old = input.shape[2:]
    new, ratios = _sizes(old, size, scale_factor)
    if mode == "nearest":
        for axis, n, m, ratio in zip((2, 3), old, new, ratios):
            input = take(input, _nearest(n, m, ratio).to(input.device), axis=axis)
        return input
    x = ready("interpolate", REAL_FLOATING, input, "input")
    if align_corners:
        ratios = tuple((n - 1) / (m - 1) if m > 1 else 0.0 for n, m in zip(old, new))
    rows, columns = (
        _matrix(n, m, ratio, mode, align_corners, antialias).astype(x.dtype).to(x.device)
        for n, m, ratio in zip(old, new, ratios)
    )
    return matmul(matmul(rows, x), columns.mT)


def _sizes(
    old: tuple[int, ...], size: int | Sequence[int] | None, scale_factor: float | Sequence[float] | None
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The new height and width, and how many old pixels a new one is wide."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: got size={size}, scale_factor={scale_factor}; give one of the two")
    if size is not None:
        try:
            new = tuple(map(index, size)) if isinstance(size, Sequence) else (index(size), index(size))
        except TypeError:
            raise TypeError(f"interpolate: size={size!r}; wanted an integer, or a height and a width") from None
        ratios = tuple(n / m if m else 0.0 for n, m in zip(old, new))
    else:
        given = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor, scale_factor)
        new = tuple(floor(n * factor) for n, factor in zip(old, given))
        ratios = tuple(1 / factor if factor else 0.0 for factor in given)
    if len(new) != 2 or min(new) < 1:
        raise ShapeError(f"interpolate: {old} cannot become {new}; wanted a height and a width of at least 1")
    return new, ratios


def _nearest(n: int, m: int, ratio: float) -> Tensor:
    """The old pixel that each new one copies, computed in float32 since PyTorch does."""
    places = arange(m, dtype=float32, device="cpu") * ratio
    return astype(places.clip(0, n - 1), int64)


@lru_cache(maxsize=64)
def _matrix(n: int, m: int, ratio: float, mode: str, align_corners: bool, antialias: bool) -> Tensor:
    """The weights (m, n) that make m pixels of n, each row adding up to 1."""
    rows = []
    for i in range(m):
        row = [0.0] * n
        centre = i * ratio if align_corners and not antialias else (i + 0.5) * ratio - 0.5
        for j, weight in _blurred(n, centre, max(ratio, 1.0), mode) if antialias else _between(n, centre, mode):
            row[j] += weight
        rows.append(row)
    return asarray(rows, dtype=float64, device="cpu")


def _between(n: int, centre: float, mode: str) -> Iterator[tuple[int, float]]:
    """The old pixels on both sides of a place, and their weights; outside the image, its edge goes on."""
    filter, radius = (_cubic(-0.75), 2) if mode == "bicubic" else (_triangle, 1)
    for j in range(floor(centre) - radius + 1, floor(centre) + radius + 1):
        yield min(max(j, 0), n - 1), filter(abs(centre - j))


def _blurred(n: int, centre: float, width: float, mode: str) -> list[tuple[int, float]]:
    """The old pixels under a filter that is `width` pixels wide for each of its own; outside the image is nothing."""
    filter, radius = (_cubic(-0.5), 2 * width) if mode == "bicubic" else (_triangle, width)
    places = range(max(floor(centre + 1 - radius), 0), min(floor(centre + 1 + radius), n))
    weights = [filter(abs(centre - j) / width) for j in places]
    return [(j, weight / sum(weights)) for j, weight in zip(places, weights)]


def _triangle(distance: float) -> float:
    return max(1 - distance, 0.0)


def _cubic(a: float) -> Callable[[float], float]:
    """Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981."""

    def filter(d: float) -> float:
        if d < 1:
            return ((a + 2) * d - (a + 3)) * d * d + 1
        return (((d - 5) * d + 8) * d - 4) * a if d < 2 else 0.0

    return filter
