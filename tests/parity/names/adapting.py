"""What several chapters need to turn PyTorch's arguments into lucid's."""

from collections.abc import Callable
from typing import Any

import torch

import lucid
from lucid import Tensor

Call = Callable[..., Any]


class Unsupported(Exception):
    """A sample that uses an option which lucid does not have, on purpose."""


def along(x: Tensor, dim: Any) -> Any:
    """`dim` as an axis. In PyTorch a tensor without axes has an axis 0 all the same."""
    axis = tuple(dim) if isinstance(dim, list | tuple) else dim
    if not x.ndim and axis not in (None, ()):
        raise Unsupported("an axis of a tensor without axes")
    return None if axis == () else axis


def plain(x: Tensor) -> Tensor:
    """Without a word of options that lucid does not have."""
    return x


def only(function: Call, **renamed: str) -> Call:
    """The function with PyTorch's keywords renamed; `dim` and `keepdim` always are."""
    names = {"dim": "axis", "keepdim": "keepdims", **renamed}

    def call(*args: Any, **options: Any) -> Any:
        return function(*args, **{names.get(k, k): v for k, v in options.items()})

    return call


def running(function: Call) -> Call:
    """A function of (x, dim) with a dtype, as `added`."""
    return lambda x, dim=-1, *, dtype=None: function(x, axis=along(x, dim), dtype=lucid_dtype(dtype))


def by_axis(function: Call) -> Call:
    """A function of (x, dim), with an axis to be named."""
    return lambda x, dim=-1: function(x, axis=along(x, dim))


def in_dtype(function: Call) -> Call:
    """A function whose input PyTorch converts first, if it is given a dtype."""

    def call(x: Tensor, *args: Any, dtype: Any = None, **options: Any) -> Any:
        return function(x if dtype is None else x.astype(lucid_dtype(dtype)), *args, **options)

    return call


def real(x: Tensor) -> Tensor:
    return x.real if x.dtype.name.startswith("complex") else x


def added(function: Call) -> Call:
    """A sum or product, to which the dtype is an option in lucid too."""

    def call(x: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return function(x, axis=along(x, dim), keepdims=keepdim, dtype=lucid_dtype(dtype))

    return call


def reduced(function: Call) -> Call:
    """A reduction over `dim`, all of them for None or ()."""

    def call(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        return function(x, axis=along(x, dim), keepdims=keepdim)

    return in_dtype(call)


def shaped(function: Call) -> Call:
    """A size that may come as one tuple or as many numbers."""
    return lambda x, *shape: function(x, tuple(shape[0]) if isinstance(shape[0], list | tuple) else shape)


def lucid_dtype(dtype: Any) -> Any:
    return getattr(lucid, str(dtype).removeprefix("torch.")) if isinstance(dtype, torch.dtype) else dtype


def key_along(x: Tensor, dim: int, part: Any) -> tuple[Any, ...]:
    """The key that takes a part of one axis."""
    return (*[slice(None)] * (dim % x.ndim), part)


def whole_product(x: Tensor, size: Any) -> int:
    return int(torch.Size(size).numel()) if size else x.size
