"""The same numbers in another arrangement: padding, shuffling of pixels and channels, windows as columns."""

from collections.abc import Sequence
from math import prod

from ...errors import ShapeError
from ...ops import manipulation
from ...ops.arguments import Scalar, choose, each_axis, tensor, whole, wholes
from ...ops.manipulation import permute_dims, reshape
from ...ops.pooling import overlap_add, windows
from ...tensor import Tensor
from .dimensions import Sizes

__all__ = ["channel_shuffle", "fold", "pad", "pixel_shuffle", "pixel_unshuffle", "unfold"]

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Scalar | None = None) -> Tensor:
    """`input` with more around it: `pad` is (before, after) for the last axis, then for the one before it, ...

    In mode "constant" that is `value`, 0 if it is not given. In the others it comes from the input: "reflect" turns
    back at the outermost element, "replicate" repeats it, "circular" goes on at the other end; they pad the last one,
    two or three axes of signals, images or volumes, alone or in batches. Negative numbers cut off,
    and what is left goes round in mode "circular".

    Raises ShapeError for numbers that do not fit, ValueError for another mode, and for a value in other modes.

    >>> import lucid
    >>> pad(lucid.ones((1, 2)), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    choose("pad", "mode", mode, MODES)
    input, pad = tensor("pad", input, "input"), wholes("pad", pad, "pad")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(f"pad: pad={pad} for shape {input.shape}; wanted (before, after) for some of its last axes")
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2]))[::-1]
    if mode != "constant":
        _check_borders(input, pairs, mode, value)
    if any(n + low + high < 0 for n, (low, high) in zip(input.shape, pairs)):
        raise ShapeError(f"pad: pad={pad} cuts more off than there is of {input.shape}")
    if min(pad, default=0) < 0 and mode in ("reflect", "replicate"):
        for axis, (n, (low, high)) in enumerate(zip(input.shape, pairs)):
            if low or high:
                places = [manipulation.PADDING[MODES[mode]](i, n) for i in range(-low, n + high)]
                input = input[(*[slice(None)] * axis, places)]
        return input
    if min(pad, default=0) < 0:
        kept = (slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(input.shape, pairs))
        input = input[tuple(kept)]
    pairs = [(max(low, 0), max(high, 0)) for low, high in pairs]
    return manipulation.pad(input, pairs, mode=MODES[mode], value=0 if value is None else value)


def _check_borders(input: Tensor, pairs: list[tuple[int, int]], mode: str, value: Scalar | None) -> None:
    """Raise unless there is enough of the input to repeat."""
    if value:
        raise ValueError(f"pad: value={value} is for mode='constant', not for {mode!r}")
    padded = sum(1 for i, pair in enumerate(pairs) if any(pair) or i >= input.ndim - 1)
    if padded > 3 or not padded < input.ndim < 6 or 0 in input.shape[1:]:
        raise ShapeError(f"pad: mode={mode!r} for shape {input.shape}; wanted (n, c, ...) or (c, ...) of 1 to 3 axes")
    most = {"reflect": -1, "circular": 0}
    for n, pair in zip(input.shape, pairs):
        if mode in most and max(pair) > n + most[mode] and any(pair):
            raise ShapeError(f"pad: {pair} around {n} elements; mode={mode!r} has at most {n + most[mode]} to give")


# --- Pixels and channels ---------------------------------------------------------------------------------------------


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Images (..., c r^2, h, w) as (..., c, h r, w r): each pixel becomes a square of r x r, for r = upscale_factor.

    Shi et al., 2016 (arXiv 1609.05158). Raises ShapeError if r^2 does not divide the channels.

    >>> import lucid
    >>> pixel_shuffle(lucid.arange(4).reshape((4, 1, 1)), 2).tolist()
    [[[0, 1], [2, 3]]]
    """
    input, r = tensor("pixel_shuffle", input, "input"), whole("pixel_shuffle", upscale_factor, "upscale_factor")
    if input.ndim < 3 or r < 1 or input.shape[-3] % (r * r):
        raise ShapeError(f"pixel_shuffle: input {input.shape}; wanted (..., c * {r} * {r}, h, w)")
    *lead, channels, height, width = input.shape
    x = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    n = len(lead)
    x = permute_dims(x, (*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return reshape(x, (*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Images (..., c, h r, w r) as (..., c r^2, h, w), for r = downscale_factor: what undoes pixel_shuffle.

    Raises ShapeError if r does not divide height and width.

    >>> import lucid
    >>> pixel_unshuffle(lucid.arange(4).reshape((1, 2, 2)), 2).shape
    (4, 1, 1)
    """
    input = tensor("pixel_unshuffle", input, "input")
    r = whole("pixel_unshuffle", downscale_factor, "downscale_factor")
    if input.ndim < 3 or r < 1 or input.shape[-2] % r or input.shape[-1] % r:
        raise ShapeError(f"pixel_unshuffle: input {input.shape}; wanted (..., c, h * {r}, w * {r})")
    *lead, channels, height, width = input.shape
    x = reshape(input, (*lead, channels, height // r, r, width // r, r))
    n = len(lead)
    x = permute_dims(x, (*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return reshape(x, (*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of (n, c, ...) taken in turn from each of `groups` groups.

    Zhang et al., ShuffleNet, 2018 (arXiv 1707.01083). Raises ShapeError if the groups do not divide the channels.

    >>> import lucid
    >>> channel_shuffle(lucid.arange(4).reshape((1, 4, 1)), 2).tolist()
    [[[0], [2], [1], [3]]]
    """
    input, groups = tensor("channel_shuffle", input, "input"), whole("channel_shuffle", groups, "groups")
    if input.ndim < 3 or groups < 1 or input.shape[1] % groups:
        raise ShapeError(f"channel_shuffle: input {input.shape}; wanted (n, c, ...) with c in {groups} equal groups")
    images, channels, *sizes = input.shape
    x = reshape(input, (images, groups, channels // groups, *sizes))
    return reshape(permute_dims(x, (0, 2, 1, *range(3, x.ndim))), input.shape)


# --- Windows as columns ----------------------------------------------------------------------------------------------


def unfold(input: Tensor, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Tensor:
    """The windows of images (n, c, h, w) as columns: (n, c * elements of a window, number of windows).

    One image (c, h, w) gives one matrix. Raises ShapeError if sizes do not fit.

    >>> import lucid
    >>> unfold(lucid.ones((1, 3, 4, 4)), 2, stride=2).shape
    (1, 12, 4)
    """
    input = tensor("unfold", input, "input")
    if input.ndim == 3:
        return unfold(input[None], kernel_size, dilation, padding, stride)[0]
    if input.ndim != 4 or 0 in input.shape[1:]:
        raise ShapeError(f"unfold: input has shape {input.shape}; wanted (n, c, h, w) or (c, h, w)")
    kernel, apart, around, steps = _options("unfold", kernel_size, dilation, padding, stride)
    x = manipulation.pad(input, [(0, 0), (0, 0), *((p, p) for p in around)])
    if any(n < (k - 1) * d + 1 for n, k, d in zip(x.shape[2:], kernel, apart)):
        raise ShapeError(f"unfold: a window of {kernel} does not fit into {input.shape[2:]} with padding={padding}")
    seen = windows(x, kernel=kernel, stride=steps, dilation=apart)
    images, channels, *counts = seen.shape[:4]
    columns = permute_dims(seen, (0, 1, 4, 5, 2, 3))
    return reshape(columns, (images, channels * prod(kernel), prod(counts)))


def fold(
    input: Tensor, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Tensor:
    """Windows as columns (n, c * elements of a window, number of windows) laid back and added up: (n, c, h, w).

    `output_size` is (h, w). What `unfold` shows once comes back as it was, what it shows twice comes back doubled.
    Raises ShapeError if sizes do not fit.

    >>> import lucid
    >>> fold(lucid.ones((1, 2, 2)), (1, 3), (1, 2)).tolist()
    [[[[1.0, 2.0, 1.0]]]]
    """
    input = tensor("fold", input, "input")
    if input.ndim == 2:
        return fold(input[None], output_size, kernel_size, dilation, padding, stride)[0]
    kernel, apart, around, steps = _options("fold", kernel_size, dilation, padding, stride)
    new = each_axis("fold", 2, "output_size", output_size, 1)
    sizes = tuple(n + 2 * p for n, p in zip(new, around))
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(sizes, kernel, apart, steps)]
    if input.ndim != 3 or input.shape[1] % prod(kernel) or min(counts) < 1 or input.shape[2] != prod(counts):
        raise ShapeError(
            f"fold: input has shape {input.shape}; wanted (n, c * {prod(kernel)}, {prod(counts)}) for {new}"
        )
    seen = reshape(input, (input.shape[0], input.shape[1] // prod(kernel), *kernel, *counts))
    seen = permute_dims(seen, (0, 1, 4, 5, 2, 3))
    out = overlap_add(seen, sizes=sizes, stride=steps, dilation=apart)
    return out[(..., *(slice(p, n - p) for n, p in zip(sizes, around)))]


def _options(
    function: str, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> list[tuple[int, ...]]:
    given = (("kernel_size", kernel_size, 1), ("dilation", dilation, 1), ("padding", padding, 0), ("stride", stride, 1))
    return [each_axis(function, 2, *option) for option in given]
