"""How far to go along a line, for optimisers that ask: to where the strong Wolfe conditions hold.

Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6.
"""

from collections.abc import Callable
from math import copysign, inf, nan, sqrt
from typing import NamedTuple

from ..tensor import Tensor

__all__ = ["Point", "quotient", "searched"]


class Point(NamedTuple):
    """A place on the line: how far from its start, the loss, its slope along the line, the gradient."""

    t: float
    loss: float
    slope: float
    g: Tensor


def searched(at: Callable[[float], Point], start: Point, t: float, shortest: float, most: int) -> tuple[Point, int]:
    """A point where the loss has fallen enough and is flat enough (the strong Wolfe conditions), and how many it took.

    After `most` points, or where the search has closed in on less than `shortest`, it is the best of those seen.
    """

    def is_high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    before, now, seen = start, at(t), 1
    while seen <= most:  # farther and farther, until a minimum lies between two points
        if is_high(now) or (seen > 2 and now.loss >= before.loss):
            ends = [before, now]
            break
        if is_flat(now):
            return now, seen
        if now.slope >= 0:
            ends = [before, now]
            break
        farther = _minimum(before, now, (now.t + 0.01 * (now.t - before.t), now.t * 10))
        before, now, seen = now, at(farther), seen + 1
    else:
        ends = [start, now]
    low, high = (0, 1) if ends[0].loss <= ends[1].loss else (1, 0)
    stuck = False
    while seen <= most and not abs(ends[1].t - ends[0].t) < shortest:  # closer and closer
        near, far = sorted(end.t for end in ends)
        t, margin = _minimum(ends[0], ends[1]), 0.1 * (far - near)
        if min(far - t, t - near) < margin:  # twice so near an end, or beyond it, is no progress
            moved = stuck or t >= far or t <= near
            if moved:
                t = far - margin if abs(t - far) < abs(t - near) else near + margin
            stuck = not moved
        else:
            stuck = False
        now, seen = at(t), seen + 1
        if is_high(now) or now.loss >= ends[low].loss:
            ends[high] = now
            low, high = (0, 1) if ends[0].loss <= ends[1].loss else (1, 0)
            continue
        if is_flat(now):
            return now, seen
        if now.slope * (ends[high].t - ends[low].t) >= 0:
            ends[high] = ends[low]
        ends[low] = now
    return ends[low], seen


def _minimum(a: Point, b: Point, within: tuple[float, float] | None = None) -> float:
    """Where the cubic through two points with their slopes has its minimum, kept between them or in `within`."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    least, most = within or (a.t, b.t)
    bend = a.slope + b.slope - quotient(3 * (a.loss - b.loss), a.t - b.t)
    square = bend * bend - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = sqrt(square)
    t = b.t - (b.t - a.t) * quotient(b.slope + root - bend, b.slope - a.slope + 2 * root)
    return min(max(t, least), most)


def quotient(x: float, y: float) -> float:
    """x / y as arrays divide: by 0 too, where Python raises."""
    return x / y if y else copysign(inf, x) * copysign(1, y) if x else nan
