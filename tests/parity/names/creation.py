"""Tensors made of none."""

from typing import Any

import lucid
from lucid import Tensor

from .adapting import Call, lucid_dtype


def made(function: Call) -> Call:
    """With a dtype of lucid's, on the default device."""

    def call(*args: Any, dtype: Any = None, **options: Any) -> Any:
        return function(*args, dtype=lucid_dtype(dtype))

    return call


def like(function: Call) -> Call:
    """Of another shape than x, but with its dtype."""

    def call(x: Tensor, shape: Any, *args: Any, dtype: Any = None, **options: Any) -> Any:
        return function(tuple(shape), *args, dtype=x.dtype if dtype is None else lucid_dtype(dtype))

    return call


def spaced(start: Any, end: Any, count: int, **options: Any) -> Tensor:
    return made(lucid.linspace)(*(float(v) for v in (start, end)), count, **options)


def spaced_by_powers(start: Any, end: Any, count: int, base: float = 10.0, **options: Any) -> Tensor:
    dtype = lucid_dtype(options.get("dtype"))
    if dtype is not lucid.float64:
        options.pop("dtype", None)
    found = lucid.pow(base, spaced(start, end, count, **options))
    return found if dtype is None else found.astype(dtype)


def eye(n: int, m: int | None = None, **options: Any) -> Tensor:
    return made(lucid.eye)(n, m, **options)


NAMES: dict[str, Call] = {
    "arange": lambda start=0, *args, end=None, **options: made(lucid.arange)(
        start, *([] if end is None else [end]), *args, **options
    ),
    "linspace": spaced,
    "logspace": spaced_by_powers,
    "eye": eye,
    "full": made(lucid.full),
    "full_like": made(lucid.full_like),
    "ones": made(lucid.ones),
    "ones_like": made(lucid.ones_like),
    "zeros": made(lucid.zeros),
    "zeros_like": made(lucid.zeros_like),
    "new_full": like(lucid.full),
    "new_ones": like(lucid.ones),
    "new_zeros": like(lucid.zeros),
    "scalar_tensor": made(lucid.asarray),
}
