"""Signals, images and volumes of another size: every new element is a weighted sum of old ones near it, along one axis
after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import floor, isfinite
from operator import index
from typing import Any

from ...dtypes import float32, int64
from ...errors import ShapeError
from ...ops.arguments import REAL_FLOATING, choose, number, ready, tensor
from ...ops.creation import arange
from ...ops.data_types import astype
from ...ops.indexing import take
from ...ops.pooling import stretches
from ...ops.resampling import Taps, resample
from ...tensor import Tensor

__all__ = ["interpolate", "upsample"]

LINEAR = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}  # and how many axes each is for
MODES = ("nearest", "nearest-exact", "area", *LINEAR)


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Signals (n, c, l), images (n, c, h, w) or volumes (n, c, d, h, w) of another `size`, or `scale_factor` times it.

    `mode` is "nearest", "nearest-exact" (which takes the centre of a pixel to be in its middle), "area" (the mean of
    what a new pixel covers), "linear" for signals, "bilinear" and "bicubic" for images, "trilinear" for volumes; the
    result is PyTorch's. `align_corners` puts the centres of the outermost pixels, rather than their outer edges, onto
    each other. `antialias` widens the filter of images when shrinking, so that no old pixel is passed over; that is
    what Pillow does. `recompute_scale_factor` takes the factor from the sizes, which are rounded.

    Raises ShapeError for other axes, empty images, or sizes that are not positive; ValueError for another mode, for
    options of other modes, and unless just one of size and scale_factor is given.

    >>> import lucid
    >>> image = lucid.asarray([[[[0.0, 1.0]]]])
    >>> interpolate(image, (1, 4), mode="bilinear")
    tensor([[[[0.  , 0.25, 0.75, 1.  ]]]], dtype=float32, device='cpu')
    """
    input = tensor("interpolate", input, "input")
    choose("interpolate", "mode", mode, MODES)
    if mode not in LINEAR and align_corners is not None:
        raise ValueError(f"interpolate: align_corners is for {', '.join(LINEAR)}, not for mode={mode!r}")
    if antialias and LINEAR.get(mode) != 2:
        raise ValueError(f"interpolate: antialias is for mode='bilinear' and mode='bicubic', not for {mode!r}")
    space = input.ndim - 2
    if space not in ((LINEAR[mode],) if mode in LINEAR else (1, 2, 3)) or 0 in input.shape[1:]:
        axes = {1: "(n, c, l)", 2: "(n, c, h, w)", 3: "(n, c, d, h, w)"}
        wanted = axes[LINEAR[mode]] if mode in LINEAR else ", ".join(axes.values())
        raise ShapeError(
            f"interpolate: input has shape {input.shape}; wanted {wanted} for mode={mode!r}, with at least one pixel"
        )
    old = input.shape[2:]
    new, ratios = _sizes(old, size, scale_factor, bool(recompute_scale_factor) or mode == "area")
    if mode.startswith("nearest"):
        for axis, n, m, ratio in zip(range(2, input.ndim), old, new, ratios):
            if mode == "nearest" and space == 2 and m in (n, 2 * n):
                ratio = n / m  # whatever factor led to this size; PyTorch looks at the sizes of images first
            input = _copied(input, axis, _nearest(n, m, ratio, 0.5 if mode == "nearest-exact" else 0.0))
        return input
    x = ready("interpolate", REAL_FLOATING, input, "input")
    for axis, n, m, ratio in zip(range(2, input.ndim), old, new, ratios):
        if mode == "area":
            taps: Taps = tuple(tuple((place, 1 / len(span)) for place in span) for span in stretches(n, m))
        else:
            if m == n and (mode != "bicubic" or antialias):
                ratio = 1.0  # whatever factor led to this size, as in PyTorch
            step = ratio if not align_corners else (n - 1) / (m - 1) if m > 1 else 0.0
            taps = _taps(n, m, step, mode, bool(align_corners), bool(antialias))
        x = resample(x, taps=taps, axis=axis)
    return x


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate` under an older name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def _sizes(
    old: tuple[int, ...],
    size: int | Sequence[int] | None,
    scale_factor: float | Sequence[float] | None,
    recompute: bool,
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The new sizes, and how many old pixels a new one is wide."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: got size={size}, scale_factor={scale_factor}; give one of the two")
    if size is not None:
        try:
            new = tuple(map(index, size)) if isinstance(size, Sequence) else (index(size),) * len(old)
        except TypeError:
            raise TypeError(f"interpolate: size={size!r}; wanted an integer, or one for each axis") from None
        ratios = tuple(n / m if m else 0.0 for n, m in zip(old, new))
    else:
        given = tuple(scale_factor) if isinstance(scale_factor, tuple | list) else (scale_factor,) * len(old)
        if not all(isfinite(number("interpolate", factor, "scale_factor")) for factor in given):
            raise ValueError(f"interpolate: scale_factor={scale_factor}; wanted finite numbers")
        new = tuple(floor(n * factor) for n, factor in zip(old, given))  # type: ignore[operator]
        ratios = tuple(1 / factor if factor else 0.0 for factor in given)  # type: ignore[operator]
        if recompute:
            ratios = tuple(n / m if m else 0.0 for n, m in zip(old, new))
        new = new if len(given) == len(old) else given  # type: ignore[assignment]
    if len(new) != len(old) or min(new) < 1:
        raise ShapeError(f"interpolate: {old} cannot become {new}; wanted {len(old)} sizes of at least 1")
    return new, ratios


def _nearest(n: int, m: int, ratio: float, centre: float) -> Tensor:
    """The old pixel that each new one copies, computed in float32 since PyTorch does."""
    places = (arange(m, dtype=float32, device="cpu") + centre) * ratio
    return astype(places.clip(0, n - 1), int64)


def _copied(x: Tensor, axis: int, places: Tensor) -> Tensor:
    if not x.dtype.is_floating:
        return take(x, places.to(x.device), axis=axis)
    return resample(x, taps=tuple(((place, 1.0),) for place in places.tolist()), axis=axis)


@lru_cache(maxsize=64)
def _taps(n: int, m: int, ratio: float, mode: str, align_corners: bool, antialias: bool) -> Taps:
    """What each of m pixels takes of n."""
    rows = []
    for i in range(m):
        centre = i * ratio if align_corners and not antialias else (i + 0.5) * ratio - 0.5
        found: dict[int, float] = {}
        for j, weight in _blurred(n, centre, max(ratio, 1.0), mode) if antialias else _between(n, centre, mode):
            found[j] = found.get(j, 0.0) + weight
        rows.append(tuple(found.items()))
    return tuple(rows)


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
    return lambda d: keys_near(d, a) if d < 1 else keys_far(d, a) if d < 2 else 0.0


def keys_near(d: Any, a: float) -> Any:
    """The weight of a pixel less than 1 away. Keys, Cubic Convolution Interpolation, 1981."""
    return ((a + 2) * d - (a + 3)) * d * d + 1


def keys_far(d: Any, a: float) -> Any:
    """The weight of a pixel from 1 to 2 away."""
    return (((d - 5) * d + 8) * d - 4) * a
