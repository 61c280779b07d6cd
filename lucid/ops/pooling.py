"""Pooling: every output is the largest, or the mean, of the inputs in a window.

Two primitives are all it takes, each the gradient of the other: `windows` shows what lies in the window at each place,
and `overlap_add` puts windows back and adds up where they overlap.
"""

import builtins
import math
from collections.abc import Callable, Sequence

from ..autograd.operation import apply, composite, primitive
from ..dtypes import int64
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import REAL_FLOATING, each_axis, number, ready
from .creation import arange, asarray, ones
from .data_types import astype
from .elementwise import equal
from .manipulation import expand_dims, pad
from .searching import argmax, where
from .statistical import exact, max, sum

__all__ = ["avg_pool", "max_pool"]

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@primitive(
    x=lambda xp, g, x_shape, kernel, stride, dilation: xp.overlap_add(
        g, sizes=x_shape[len(x_shape) - len(kernel) :], stride=stride, dilation=dilation
    )
)
def windows(x: Tensor, /, *, kernel: Shape, stride: Shape, dilation: Shape) -> Tensor:
    """x (..., *sizes) as a kernel sees it at each of its places: (..., *places, *kernel).

    The places are `stride` apart, and what a kernel sees from one of them is `dilation` apart.
    """
    return apply(windows, x, kernel=kernel, stride=stride, dilation=dilation)


@primitive(
    x=lambda xp, g, x_shape, stride, dilation: xp.windows(
        g, kernel=x_shape[len(x_shape) - len(stride) :], stride=stride, dilation=dilation
    )
)
def overlap_add(x: Tensor, /, *, sizes: Shape, stride: Shape, dilation: Shape) -> Tensor:
    """Windows (..., *places, *kernel) laid back where they came from, added up where they overlap: (..., *sizes)."""
    return apply(overlap_add, x, sizes=sizes, stride=stride, dilation=dilation)


# --- Windows that move by equal steps --------------------------------------------------------------------------------


def max_pool(
    x: Tensor,
    kernel_size: int | Shape,
    /,
    *,
    stride: int | Shape | None = None,
    padding: int | Shape = 0,
    dilation: int | Shape = 1,
    ceil: bool = False,
) -> Tensor:
    """The largest element in each window of x (n, c, ...); of equal ones the first gets the gradient.

    Windows are `stride` apart, their own size if it is not given, and begin `padding` places before the first element;
    with `ceil` a last one may reach beyond the end. What lies outside counts for nothing.

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> max_pool(lucid.asarray([[[1.0, 3.0, 2.0, 5.0]]]), 2).tolist()
    [[[3.0, 5.0]]]
    """
    x = ready("max_pool", REAL_FLOATING, x)
    kernel, strides, pairs, dilations = _steps("max_pool", x, kernel_size, stride, padding, dilation, ceil)
    return _max_pool(x, kernel=kernel, stride=strides, padding=pairs, dilation=dilations)


@composite
def _max_pool(x: Tensor, /, *, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape) -> Tensor:
    return largest(x, lambda x, outside: _seen(x, kernel, stride, padding, dilation, outside), _is_padded(padding))[0]


def max_pool_with_places(
    x: Tensor,
    kernel_size: int | Shape,
    /,
    *,
    stride: int | Shape | None = None,
    padding: int | Shape = 0,
    dilation: int | Shape = 1,
    ceil: bool = False,
) -> tuple[Tensor, Tensor]:
    """What `max_pool` gives, and where it was: int64 indices into the flattened spatial axes of x."""
    x = ready("max_pool", REAL_FLOATING, x)
    kernel, strides, pairs, dilations = _steps("max_pool", x, kernel_size, stride, padding, dilation, ceil)
    padded = _is_padded(pairs)
    out, places = largest(x, lambda x, outside: _seen(x, kernel, strides, pairs, dilations, outside), padded)
    return out, places()


def largest(
    x: Tensor, seen: Callable[[Tensor, float], Tensor], padded: bool = False
) -> tuple[Tensor, Callable[[], Tensor]]:
    """The largest element of each window of x (n, c, ...), and what says where it was, as int64 indices.

    `seen` shows the windows, their elements in the last axis, and a number for what lies outside; that is
    `padded` if it may stand before what lies inside.
    """
    elements = seen(x, -math.inf)
    place = argmax(elements, axis=-1)
    if padded:  # where nothing is more than -inf, the first that lies in x
        inside = argmax(seen(ones((1, 1, *x.shape[2:]), dtype=int64, device=x.device), 0), axis=-1)
        place = where(equal(max(elements.detach(), axis=-1), -math.inf), inside, place)
    chosen = equal(expand_dims(place, -1), arange(elements.shape[-1], device=x.device))

    def places() -> Tensor:
        sizes = x.shape[2:]
        numbered = arange(math.prod(sizes), device=x.device).reshape((1, 1, *sizes))
        return sum(where(chosen, seen(numbered, 0), 0), axis=-1)

    return sum(where(chosen, elements, 0.0), axis=-1), places


def _is_padded(padding: Pairs) -> bool:
    return builtins.any(n for pair in padding for n in pair)


def _seen(x: Tensor, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape, value: float) -> Tensor:
    """What lies in each window, in one axis, with `value` outside x: (n, c, *places, elements)."""
    if _is_padded(padding):
        x = pad(x, ((0, 0), (0, 0), *padding), value=value)
    seen = windows(x, kernel=kernel, stride=stride, dilation=dilation)
    return seen.reshape((*seen.shape[: x.ndim], math.prod(kernel)))


def avg_pool(
    x: Tensor,
    kernel_size: int | Shape,
    /,
    *,
    stride: int | Shape | None = None,
    padding: int | Shape = 0,
    ceil: bool = False,
    count_padding: bool = True,
    divisor: int | None = None,
) -> Tensor:
    """The mean of each window of `kernel_size` over x (n, c, ...).

    Windows are `stride` apart, their own size if it is not given, and begin `padding` places before the first element,
    where zeros lie; with `ceil` a last one may reach beyond the padding. Of what lies outside x the zeros of the
    padding alone are counted, and they too only with `count_padding`. A `divisor` takes the place of the count.

    Raises ShapeError if the sizes do not fit.

    >>> import lucid
    >>> avg_pool(lucid.asarray([[[1.0, 3.0, 2.0, 5.0]]]), 2).tolist()
    [[[2.0, 3.5]]]
    """
    x = ready("avg_pool", REAL_FLOATING, x)
    kernel, strides, pairs, dilations = _steps("avg_pool", x, kernel_size, stride, padding, 1, ceil)
    totals = _sum_pool(exact(x), kernel=kernel, stride=strides, padding=pairs, dilation=dilations)
    divisor = None if divisor is None else number("avg_pool", divisor, "divisor")
    counts = asarray(1.0 if divisor is None else divisor, dtype=totals.dtype, device=x.device)
    for axis, (n, k, step, (low, _)) in enumerate(zip(x.shape[2:], kernel, strides, pairs, strict=True), 2):
        if divisor is None:
            first, last = (-low, n + low) if count_padding else (0, n)
            starts = range(-low, -low + step * totals.shape[axis], step)
            lengths = [builtins.min(i + k, last) - builtins.max(i, first) for i in starts]
            along = [-1 if i == axis else 1 for i in range(x.ndim)]
            uneven = asarray(lengths, dtype=totals.dtype, device=x.device).reshape(along)
            counts = counts * (k if set(lengths) == {k} else uneven)
    return astype(totals / counts, x.dtype, copy=False)


@composite
def _sum_pool(x: Tensor, /, *, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape) -> Tensor:
    return sum(_seen(x, kernel, stride, padding, dilation, 0), axis=-1)


def _steps(
    function: str,
    x: Tensor,
    kernel_size: int | Shape,
    stride: int | Shape | None,
    padding: int | Shape,
    dilation: int | Shape,
    ceil: bool,
) -> tuple[Shape, Shape, Pairs, Shape]:
    """Kernel, stride, padding before and behind, and dilation for each spatial axis of x (n, c, ...)."""
    space = x.ndim - 2
    if space < 1:
        raise ShapeError(f"{function}: got x {x.shape}; wanted (n, c, ...)")
    kernel = each_axis(function, space, "kernel_size", kernel_size, 1)
    strides = kernel if stride is None else each_axis(function, space, "stride", stride, 1)
    pads = each_axis(function, space, "padding", padding, 0)
    dilations = each_axis(function, space, "dilation", dilation, 1)
    pairs = []
    for n, k, step, low, apart in zip(x.shape[2:], kernel, strides, pads, dilations, strict=True):
        length = (k - 1) * apart + 1
        if low > k // 2:
            raise ShapeError(f"{function}: padding={padding}; wanted at most half of the window, {k} // 2")
        over = n + 2 * low - length
        last = -(-over // step) if ceil else over // step
        if last < 0 or not n:
            raise ShapeError(f"{function}: a window of {kernel} does not fit into {x.shape[2:]} with padding={padding}")
        if last * step >= n + low:  # it would lie outside altogether
            last -= 1
        pairs.append((low, builtins.max(last * step + length - n - low, 0)))
    return kernel, strides, tuple(pairs), dilations


# --- Windows of any place and size -----------------------------------------------------------------------------------


def stretches(size: int, count: int) -> list[range]:
    """`size` places cut into `count` stretches as even as can be, which overlap where they do not divide it.

    >>> stretches(5, 2)
    [range(0, 3), range(2, 5)]
    """
    return [range(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def within(x: Tensor, ranges: Sequence[Sequence[range]]) -> Tensor:
    """What lies in windows that are given as ranges of places along each of the last axes of x, in one axis.

    A shorter one repeats its last place until it is as long as the longest.
    """
    space = len(ranges)
    lead = x.ndim - space
    for i, (spans, size) in enumerate(zip(ranges, x.shape[lead:], strict=True)):
        axis = lead + 2 * i
        longest = builtins.max(map(len, spans), default=0)
        if [place for span in spans for place in span] == list(range(size)) and longest * len(spans) == size:
            x = x.reshape((*x.shape[:axis], len(spans), longest, *x.shape[axis + 1 :]))
        else:
            places = [[builtins.min(span[0] + j, span[-1]) for j in range(longest)] for span in spans]
            x = x[(*[slice(None)] * axis, places)]
    order = (*range(lead), *range(lead, x.ndim, 2), *range(lead + 1, x.ndim, 2))
    x = x.permute_dims(order)
    return x.reshape((*x.shape[: lead + space], math.prod(x.shape[lead + space :])))
