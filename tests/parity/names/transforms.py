"""Fourier transforms."""

from typing import Any

import lucid
from lucid import Tensor, fft

from .adapting import Call, only

OTHER_WAY = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def one(function: Call) -> Call:
    def call(x: Tensor, n: Any = None, dim: int = -1, norm: Any = None) -> Tensor:
        return function(x, n=n, axis=dim, norm=norm or "backward")

    return call


def several(function: Call, last: int | None = None) -> Call:
    """Along the `last` axes if none are named; with sizes, along as many as there are."""

    def call(x: Tensor, s: Any = None, dim: Any = None, norm: Any = None) -> Tensor:
        axes = (dim,) if isinstance(dim, int) else dim
        sizes = (s,) if isinstance(s, int) else s
        if axes is None:
            count = len(sizes) if sizes is not None else last
            axes = None if count is None else tuple(range(-count, 0))
        return function(x, s=sizes, axes=axes, norm=norm or "backward")

    return call


def hermitian(x: Tensor, s: Any, axes: Any, norm: str) -> Tensor:
    return fft.irfftn(lucid.conj(x), s=s, axes=axes, norm=OTHER_WAY[norm])


def to_hermitian(x: Tensor, s: Any, axes: Any, norm: str) -> Tensor:
    return lucid.conj(fft.rfftn(x, s=s, axes=axes, norm=OTHER_WAY[norm]))


MANY = {"fft": fft.fftn, "ifft": fft.ifftn, "rfft": fft.rfftn, "irfft": fft.irfftn, "hfft": hermitian,
        "ihfft": to_hermitian}  # fmt: skip

NAMES: dict[str, Call] = {
    **{f"fft.{name}": one(getattr(fft, name)) for name in MANY},
    **{f"fft.{name}2": several(function, 2) for name, function in MANY.items()},
    **{f"fft.{name}n": several(function) for name, function in MANY.items()},
    **{f"fft.{name}": only(getattr(fft, name), dim="axes") for name in ("fftshift", "ifftshift")},
}
