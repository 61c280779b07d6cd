"""One function for signals, images and volumes: the same mathematics over one, two and three spatial axes."""

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

from ... import tree
from ...errors import ShapeError
from ...ops.arguments import tensor
from ...tensor import Tensor

__all__ = ["Sizes", "each_dimension", "pair"]

Options = ParamSpec("Options")
Result = TypeVar("Result")
Sizes = int | Sequence[int]


def pair(value: Sizes) -> tuple[int, int]:
    """A number for height and width alike, or the two of them."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


SPATIAL = {1: "l", 2: "h, w", 3: "d, h, w"}


def each_dimension(
    function: Callable[Concatenate[Tensor, Options], Result],
) -> tuple[Callable[Concatenate[Tensor, Options], Result], ...]:
    """A function of (n, c, ...) as `name1d` for (n, c, l), `name2d` for (n, c, h, w) and `name3d` for (n, c, d, h, w).

    Each also takes a single (c, ...), and gives a single one back. Raises ShapeError for other shapes.
    """
    return tuple(_in_dimension(function, space) for space in SPATIAL)


def _in_dimension(function: Callable[..., Result], space: int) -> Callable[..., Result]:
    name = f"{function.__name__.removeprefix('_')}{space}d"

    def call(input: Tensor, *args: Any, **options: Any) -> Any:
        ndim = tensor(name, input, "input").ndim
        if ndim == space + 1:
            return tree.map(lambda x: x[0], function(input[None], *args, **options))
        if ndim != space + 2:
            raise ShapeError(
                f"{name}: input has shape {input.shape}; wanted (n, c, {SPATIAL[space]}) or (c, {SPATIAL[space]})"
            )
        return function(input, *args, **options)

    update_wrapper(call, function)
    call.__name__ = call.__qualname__ = name
    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call
