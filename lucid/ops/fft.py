"""Fourier transforms: the `fft` extension of the Array API standard.

Three primitives do the work, without any factor: transforms of complex numbers, of real ones to the half of the result
that is not the other's mirror image, and back. The gradient of a transform is a transform, so there are gradients of
any order. Results have the precision of their input; 16-bit numbers become single precision.
"""

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

from ..autograd.operation import apply, primitive
from ..devices import Device
from ..dtypes import COMPLEX, DEFAULT_FLOAT, REAL, DType, complex64, complex128, float64
from ..errors import DTypeError, ShapeError
from ..spellings import telling
from ..tensor import Tensor
from .arguments import FLOATING, REAL_FLOATING, Axis, number, one_axis, placed, ready, several, tensor
from .arguments import axes as as_axes
from .creation import arange
from .data_types import astype
from .elementwise import conj
from .manipulation import pad, roll
from .statistical import exact

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
]  # fmt: skip

__getattr__ = telling(__name__)


# --- Primitives, without a factor ------------------------------------------------------------------------------------


@primitive(x=lambda xp, g, axes, inverse: xp.fourier(g, axes=axes, inverse=inverse))
def fourier(x: Tensor, /, axes: tuple[int, ...], inverse: bool) -> Tensor:
    """sum_j x_j exp(-2 pi i j k / n) along axes, with + for the inverse: a symmetric matrix times x."""
    return apply(fourier, x, axes=axes, inverse=inverse)


def _inner(xp: Any, x: Any, n: int, axis: int) -> Any:
    """Half of a spectrum, with 0 for the frequencies that are their own mirror images: 0, and n / 2 for an even n."""
    size, stop = x.shape[axis], (n + 1) // 2
    every = [slice(0, k, 1) for k in x.shape]
    inner = xp.getitem(x, key=(*every[:axis], slice(1, stop, 1), *every[axis + 1 :]))
    return xp.pad(inner, widths=tuple((1, size - stop) if i == axis else (0, 0) for i in range(x.ndim)))


def _to_real_fourier(xp: Any, g: Any, x_shape: tuple[int, ...], axis: int) -> Any:
    """The inverse counts inner frequencies twice, for their mirror images."""
    n = x_shape[axis]
    return xp.inverse_real_fourier(g - _inner(xp, g, n, axis) * 0.5, n=n, axis=axis)


def _from_real_fourier(xp: Any, g: Any, n: int, axis: int) -> Any:
    found = xp.real_fourier(g, axis=axis)
    return found + _inner(xp, found, n, axis)


@primitive(holomorphic=False, x=_to_real_fourier)
def real_fourier(x: Tensor, /, axis: int) -> Tensor:
    """`fourier` of n real numbers along an axis, of which n // 2 + 1 are not mirror images of others."""
    return apply(real_fourier, x, axis=axis)


@primitive(holomorphic=False, x=_from_real_fourier)
def inverse_real_fourier(x: Tensor, /, n: int, axis: int) -> Tensor:
    """The inverse `fourier` of n // 2 + 1 complex numbers and the mirror images that make them n."""
    return apply(inverse_real_fourier, x, n=n, axis=axis)


# --- Arguments -------------------------------------------------------------------------------------------------------


def _complex(function: str, x: Tensor) -> Tensor:
    x = exact(ready(function, FLOATING, x))
    return x if x.dtype.kind == COMPLEX else astype(x, complex128 if x.dtype is float64 else complex64)


def _sized(x: Tensor, axis: int, n: int) -> Tensor:
    """x cut off or filled with zeros to the size n along an axis."""
    size = x.shape[axis]
    if n < size:
        return x[(*[slice(None)] * axis, slice(0, n))]
    return x if n == size else pad(x, [(0, n - size if i == axis else 0) for i in range(x.ndim)])


def _length(function: str, n: int) -> int:
    try:
        n = index(n)
    except TypeError:
        raise TypeError(f"{function}: a transform of {n!r} numbers; wanted an integer") from None
    if n < 1:
        raise ShapeError(f"{function}: a transform of {n} numbers; wanted at least 1: give n or s, or another axis")
    return n


def _scaled(function: str, x: Tensor, n: int, norm: str, inverse: bool) -> Tensor:
    """The factor of a transform of n numbers: 1 / n for the inverse, unless `norm` says otherwise."""
    if norm not in ("backward", "ortho", "forward"):
        raise ValueError(f"{function}: norm={norm!r}; choose 'backward', 'ortho' or 'forward'")
    if norm == "ortho":
        return x * n**-0.5
    return x / n if inverse == (norm == "backward") else x


def _plan(
    function: str, x: Tensor, s: Sequence[int] | None, axes: Sequence[int] | None
) -> list[tuple[int, int | None]]:
    """Pairs of an axis and a size, None for the size that it has."""
    if s is not None and axes is None:
        raise ValueError(f"{function}: s={s} without axes; name the axes that have these sizes")
    places = as_axes(function, x, None if axes is None else several(function, axes, "axes"))
    sizes = [None] * len(places) if s is None else [None if n == -1 else n for n in several(function, s, "s")]
    if len(sizes) != len(places):
        raise ShapeError(f"{function}: s={s} and axes={axes} differ in length")
    return list(zip(places, sizes, strict=True))


def _transformed(function: str, x: Tensor, plan: Sequence[tuple[int, int | None]], norm: str, inverse: bool) -> Tensor:
    for axis, n in plan:
        x = _sized(x, axis, _length(function, x.shape[axis] if n is None else n))
    places = tuple(axis for axis, _ in plan)
    out = apply(fourier, x, axes=places, inverse=inverse) if places else x
    return _scaled(function, out, prod(x.shape[a] for a in places), norm, inverse)


# --- Complex transforms ----------------------------------------------------------------------------------------------


def fft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The discrete Fourier transform along an axis, of x cut off or filled with zeros to the size `n` if that is given.

    `norm` says where the factor 1 / n is: with the "backward" transform, the "forward" one, or "ortho", its root with
    both. Real numbers become complex.

    >>> import lucid
    >>> fft(lucid.asarray([1.0, 0.0, 0.0])).tolist()
    [(1+0j), (1+0j), (1+0j)]
    """
    return _one("fft", x, n, axis, norm, inverse=False)


def ifft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The inverse of `fft`, with its arguments."""
    return _one("ifft", x, n, axis, norm, inverse=True)


def _one(function: str, x: Tensor, n: int | None, axis: int, norm: str, inverse: bool) -> Tensor:
    x = _complex(function, x)
    return _transformed(function, x, [(one_axis(function, x.ndim, axis), n)], norm, inverse)


def fftn(
    x: Tensor, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, *, norm: str = "backward"
) -> Tensor:
    """`fft` along several axes, all of them for None; `s` holds a size for each of `axes`, or -1 to leave it."""
    x = _complex("fftn", x)
    return _transformed("fftn", x, _plan("fftn", x, s, axes), norm, inverse=False)


def ifftn(
    x: Tensor, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, *, norm: str = "backward"
) -> Tensor:
    """The inverse of `fftn`, with its arguments."""
    x = _complex("ifftn", x)
    return _transformed("ifftn", x, _plan("ifftn", x, s, axes), norm, inverse=True)


# --- Real transforms -------------------------------------------------------------------------------------------------


def rfft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The first n // 2 + 1 numbers of the `fft` of real numbers; the others are their mirror images.

    >>> import lucid
    >>> rfft(lucid.asarray([1.0, 2.0, 3.0, 4.0])).tolist()
    [(10+0j), (-2+2j), (-2+0j)]
    """
    x = exact(ready("rfft", REAL_FLOATING, x))
    return _halved("rfft", x, one_axis("rfft", x.ndim, axis), n, norm, inverse=False)


def irfft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The inverse of `rfft`: `n` real numbers, 2 (m - 1) for m complex ones if not given.

    >>> import lucid
    >>> irfft(rfft(lucid.asarray([1.0, 2.0, 4.0])), n=3)
    tensor([1., 2., 4.], dtype=float32, device='cpu')
    """
    x = _complex("irfft", x)
    return _doubled("irfft", x, one_axis("irfft", x.ndim, axis), n, norm, inverse=True)


def _halved(function: str, x: Tensor, axis: int, n: int | None, norm: str, inverse: bool) -> Tensor:
    x = _sized(x, axis, _length(function, x.shape[axis] if n is None else n))
    return _scaled(function, apply(real_fourier, x, axis=axis), x.shape[axis], norm, inverse)


def _doubled(function: str, x: Tensor, axis: int, n: int | None, norm: str, inverse: bool) -> Tensor:
    n = _length(function, 2 * (x.shape[axis] - 1) if n is None else n)
    out = apply(inverse_real_fourier, _sized(x, axis, n // 2 + 1), n=n, axis=axis)
    return _scaled(function, out, n, norm, inverse)


def rfftn(
    x: Tensor, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, *, norm: str = "backward"
) -> Tensor:
    """`rfft` along the last of several axes, then `fft` along the others; the arguments are those of `fftn`."""
    x = exact(ready("rfftn", REAL_FLOATING, x))
    *others, (axis, n) = _named("rfftn", _plan("rfftn", x, s, axes))
    return _transformed("rfftn", _halved("rfftn", x, axis, n, norm, inverse=False), others, norm, inverse=False)


def irfftn(
    x: Tensor, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, *, norm: str = "backward"
) -> Tensor:
    """The inverse of `rfftn`; the size of the last axis is 2 (m - 1) for m complex numbers if not given."""
    x = _complex("irfftn", x)
    *others, (axis, n) = _named("irfftn", _plan("irfftn", x, s, axes))
    return _doubled("irfftn", _transformed("irfftn", x, others, norm, inverse=True), axis, n, norm, inverse=True)


def _named(function: str, plan: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    if not plan:
        raise ShapeError(f"{function}: no axis to transform; wanted at least one")
    return plan


def hfft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The `fft` of n numbers that are their own conjugate mirror images, of which x has the first: `n` real numbers.

    n is 2 (m - 1) for m numbers if not given.
    """
    x = conj(_complex("hfft", x))
    return _doubled("hfft", x, one_axis("hfft", x.ndim, axis), n, norm, inverse=False)


def ihfft(x: Tensor, /, n: int | None = None, axis: int = -1, *, norm: str = "backward") -> Tensor:
    """The inverse of `hfft`: the first n // 2 + 1 numbers of the inverse transform of real ones."""
    x = exact(ready("ihfft", REAL_FLOATING, x))
    return conj(_halved("ihfft", x, one_axis("ihfft", x.ndim, axis), n, norm, inverse=True))


# --- Frequencies -----------------------------------------------------------------------------------------------------


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """The frequencies (n,) of `fft` of n numbers, `d` apart: 0, 1, ... and the negative ones, divided by d n.

    >>> fftfreq(4)
    tensor([ 0.  ,  0.25, -0.5 , -0.25], dtype=float32, device='cpu')
    """
    n, d, dtype = _length("fftfreq", n), number("fftfreq", d, "d"), _spacing("fftfreq", dtype, device)
    return astype((arange(n, device=device) + n // 2) % n - n // 2, dtype) / (d * n)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """The frequencies (n // 2 + 1,) of `rfft` of n numbers, `d` apart.

    >>> rfftfreq(4)
    tensor([0.  , 0.25, 0.5 ], dtype=float32, device='cpu')
    """
    n, d, dtype = _length("rfftfreq", n), number("rfftfreq", d, "d"), _spacing("rfftfreq", dtype, device)
    return astype(arange(n // 2 + 1, device=device), dtype) / (d * n)


def _spacing(function: str, dtype: DType | None, device: Device | None) -> DType:
    """The dtype of frequencies, a real floating one that the device has."""
    _, dtype = placed(function, device, dtype, DEFAULT_FLOAT)
    if dtype.kind != REAL:
        raise DTypeError(f"{function}: dtype={dtype.name}; wanted a real floating one")
    return dtype


def fftshift(x: Tensor, /, axes: Axis = None) -> Tensor:
    """x with frequency 0 in the middle of axes, of all of them for None.

    >>> import lucid
    >>> fftshift(lucid.asarray([0, 1, 2, -2, -1]))
    tensor([-2, -1,  0,  1,  2], dtype=int64, device='cpu')
    """
    return _shifted("fftshift", x, axes, 1)


def ifftshift(x: Tensor, /, axes: Axis = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _shifted("ifftshift", x, axes, -1)


def _shifted(function: str, x: Tensor, axes: Axis, sign: int) -> Tensor:
    x = tensor(function, x)
    places = as_axes(function, x, axes)
    shifts = tuple(x.shape[a] // 2 if sign > 0 else -(x.shape[a] // 2) for a in places)
    return roll(x, shifts, axis=places) if places else x
