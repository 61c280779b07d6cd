"""Images and volumes seen at places that are data themselves, with a gradient for where one looks."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from operator import mul

from ...dtypes import int64
from ...errors import ShapeError
from ...ops.arguments import REAL_FLOATING, choose, ready, tensor, together, wholes
from ...ops.creation import arange, ones_like
from ...ops.data_types import astype
from ...ops.elementwise import abs, floor, remainder, round
from ...ops.manipulation import permute_dims
from ...ops.searching import where
from ...ops.statistical import exact
from ...tensor import Tensor
from .resizing import keys_far, keys_near

__all__ = ["affine_grid", "grid_sample"]

PADDING = ("zeros", "border", "reflection")
Tap = tuple[Tensor, Tensor]  # the pixel that a place takes from along one axis, and how much of it


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """Where `grid_sample` looks to see images moved by matrices `theta` (n, 2, 3), or volumes by (n, 3, 4).

    `size` is that of the result of grid_sample, (n, c, h, w) or (n, c, d, h, w); the grid is (n, h, w, 2) or
    (n, d, h, w, 3). Each place is theta @ (x, y, 1), for x and y from -1 to 1 across the result.

    Jaderberg et al., Spatial Transformer Networks, 2015 (arXiv 1506.02025). Raises ShapeError if the two do not fit.

    >>> import lucid
    >>> affine_grid(lucid.asarray([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2)).tolist()
    [[[[-0.5, 0.0], [0.5, 0.0]]]]
    """
    theta, sizes = ready("affine_grid", REAL_FLOATING, theta, "theta"), wholes("affine_grid", size, "size")
    space = len(sizes) - 2
    if space not in (2, 3) or theta.shape != (sizes[0], space, space + 1) or min(sizes) < 1:
        raise ShapeError(
            f"affine_grid: got theta {theta.shape} and size {sizes}; "
            "wanted (n, 2, 3) and (n, c, h, w), or (n, 3, 4) and (n, c, d, h, w)"
        )
    rows = theta.reshape((sizes[0], *[1] * space, space, space + 1))
    grid = rows[..., -1]
    for i, m in enumerate(reversed(sizes[2:])):  # x is the last axis
        steps = arange(m, dtype=theta.dtype, device=theta.device) * 2 - (m - 1)
        places = steps / (max(m - 1, 1) if align_corners else m)
        grid = grid + places.reshape((m, *[1] * (i + 1))) * rows[..., i]
    return grid


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Images `input` (n, c, h, w) at the places (x, y) that `grid` (n, p, q, 2) holds: (n, c, p, q).

    Or volumes (n, c, d, h, w) at places (x, y, z) in (n, o, p, q, 3). Places run from -1 to 1 between the outer edges
    of the outermost pixels, or with `align_corners` between their centres. `mode` is "bilinear" (of volumes, too),
    "nearest", or for images "bicubic". Outside is nothing for `padding_mode` "zeros", the outermost pixel for "border",
    and the image mirrored for "reflection".

    Raises ShapeError for other shapes and empty images, ValueError for another mode.

    >>> import lucid
    >>> image = lucid.asarray([[[[1.0, 2.0]]]])
    >>> grid_sample(image, lucid.asarray([[[[0.0, 0.0], [0.5, 0.0]]]])).tolist()
    [[[[1.5, 2.0]]]]
    """
    name = "grid_sample"
    input, grid = together(name, REAL_FLOATING, tensor(name, input, "input"), tensor(name, grid, "grid"))
    space = input.ndim - 2
    choose(name, "mode", mode, TAPS)
    choose(name, "padding_mode", padding_mode, PADDING)
    if space not in (2, 3) or (grid.ndim, grid.shape[:1], grid.shape[-1:]) != (space + 2, input.shape[:1], (space,)):
        raise ShapeError(
            f"{name}: got input {input.shape} and grid {grid.shape}; "
            "wanted (n, c, h, w) and (n, p, q, 2), or (n, c, d, h, w) and (n, o, p, q, 3)"
        )
    if 0 in input.shape[1:]:
        raise ShapeError(f"{name}: input has shape {input.shape}; wanted at least one pixel")
    if mode == "bicubic" and space == 3:
        raise ValueError(f"{name}: mode='bicubic' is for images (n, c, h, w), not for input {input.shape}")

    dtype, input, grid = input.dtype, exact(input), exact(grid)
    axes = []
    for i, n in enumerate(input.shape[2:]):
        axes.append(_along(grid[..., space - 1 - i], n, mode, padding_mode, bool(align_corners)))
    pixels = permute_dims(input, (0, *range(2, space + 2), 1))
    image = arange(input.shape[0], device=input.device).reshape((-1, *[1] * space))
    found = []
    for corner in product(*axes):
        weight = reduce(mul, (weight for _, weight in corner))
        found.append(pixels[(image, *(place for place, _ in corner))] * weight[..., None])
    return astype(permute_dims(reduce(Tensor.__add__, found), (0, space + 1, *range(1, space + 1))), dtype, copy=False)


def _along(places: Tensor, n: int, mode: str, padding_mode: str, align_corners: bool) -> list[Tap]:
    """What places from -1 to 1 take of n pixels."""
    centres = (places + 1) * ((n - 1) / 2) if align_corners else (places + 1) * (n / 2) - 0.5

    def padded(at: Tensor) -> Tensor:
        if padding_mode == "reflection":
            at = _reflected(at, *((0.0, n - 1.0) if align_corners else (-0.5, n - 0.5)))
        if padding_mode == "zeros":
            return at
        return where(at <= 0, 0.0, where(at >= n - 1, n - 1.0, at))  # as in PyTorch, at the ends too without a slope

    taps = []
    for at, weight in TAPS[mode](centres, padded):
        inside = (at >= 0) & (at <= n - 1)
        taps.append((astype(where(inside, at, 0.0), int64), where(inside, weight, 0.0)))
    return taps


def _reflected(at: Tensor, low: float, high: float) -> Tensor:
    """Places between two mirrors."""
    if low == high:
        return at * 0 + low
    far = remainder(at - low, 2 * (high - low))  # there and back
    return low + (high - low) - abs(far - (high - low))


def _nearest(at: Tensor, padded: Callable[[Tensor], Tensor]) -> list[Tap]:
    at = round(padded(at.detach()))
    return [(at, ones_like(at))]


def _linear(at: Tensor, padded: Callable[[Tensor], Tensor]) -> list[Tap]:
    at = padded(at)
    before = floor(at.detach())
    return [(before, 1 - (at - before)), (before + 1, at - before)]


def _cubic(at: Tensor, padded: Callable[[Tensor], Tensor]) -> list[Tap]:
    """Of two pixels on either side; each may lie outside."""
    before = floor(at.detach())
    d, a = at - before, -0.75
    weights = (keys_far(1 + d, a), keys_near(d, a), keys_near(1 - d, a), keys_far(2 - d, a))
    return [(round(padded(before + i)), weight) for i, weight in enumerate(weights, -1)]


TAPS = {"bilinear": _linear, "nearest": _nearest, "bicubic": _cubic}
