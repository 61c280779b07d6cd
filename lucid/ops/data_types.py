"""Conversion between dtypes, and what they are."""

from typing import NamedTuple

from .. import devices
from ..autograd.graph import offer
from ..autograd.operation import apply, primitive
from ..devices import Device
from ..dtypes import (
    BOOL,
    COMPLEX,
    REAL,
    SIGNED,
    UNSIGNED,
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    promote,
    promote_scalar,
)
from ..errors import DTypeError
from ..tensor import Tensor
from .arguments import Scalar, choose, promoted, scalar_type, tensor

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]


@primitive(holomorphic=False, x=lambda xp, g, x_dtype: xp.astype(g, x_dtype))
def astype(x: Tensor, dtype: DType, /, *, copy: bool = True, device: Device | None = None) -> Tensor:
    """x with its elements converted: for an integer fractions are cut off, for a real number imaginary parts dropped.

    Which integer stands for nan, or for a number that the dtype does not hold, is left open.

    No gradient flows through a dtype that is not floating. Raises DTypeError for a dtype that the device lacks.

    >>> import lucid
    >>> astype(lucid.asarray([1.7, -1.7]), lucid.int32)
    tensor([ 1, -1], dtype=int32, device='cpu')
    """
    x = tensor("astype", x)
    dtype = as_dtype("astype", dtype)
    if device is not None and device != x.device:
        x = x.to(device)
    if dtype is x.dtype:
        return Tensor(x.array, x.node, dtype)  # never x itself, which may change in place
    devices.backend(x.device).check_dtype("astype", dtype)
    return apply(astype, x if dtype.is_floating else x.detach(), dtype=dtype)


@offer
def is_complex(x: Tensor) -> bool:
    """Whether the elements are complex numbers."""
    return x.dtype.kind == COMPLEX


def result_type(*values: Tensor | DType | Scalar) -> DType:
    """The dtype that tensors, dtypes and weak Python numbers make together.

    >>> import lucid
    >>> result_type(lucid.int8, lucid.uint8, 3.0)
    lucid.float32
    """
    found = [v.dtype if isinstance(v, Tensor) else v for v in values if isinstance(v, Tensor | DType)]
    scalars = [v for v in values if not isinstance(v, Tensor | DType)]
    if not found:
        raise TypeError("result_type: wanted at least one tensor or dtype")
    result = found[0]
    for dtype in found[1:]:
        result = promoted("result_type", result, dtype)
    for scalar in scalars:
        result = promote_scalar(result, scalar_type("result_type", scalar))
    return result


def can_cast(from_: DType | Tensor, to: DType, /) -> bool:
    """Whether promotion takes `from_` to `to`, so that every value survives but for an integer's in a float."""
    source, wanted = from_.dtype if isinstance(from_, Tensor) else as_dtype("can_cast", from_), as_dtype("can_cast", to)
    try:
        return promote(source, wanted) is wanted
    except DTypeError:
        return False


KINDS = {
    "bool": (BOOL,),
    "signed integer": (SIGNED,),
    "unsigned integer": (UNSIGNED,),
    "integral": (SIGNED, UNSIGNED),
    "real floating": (REAL,),
    "complex floating": (COMPLEX,),
    "numeric": (SIGNED, UNSIGNED, REAL, COMPLEX),
}


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> bool:
    """Whether a dtype is of a kind: a dtype, a word of the Array API standard, or a tuple of them.

    >>> import lucid
    >>> isdtype(lucid.int8, "integral"), isdtype(lucid.int8, (lucid.int16, "bool"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, DType):
        return dtype is kind
    choose("isdtype", "kind", kind, KINDS)
    return as_dtype("isdtype", dtype).kind in KINDS[kind]


class FloatInfo(NamedTuple):
    """What a real floating dtype can hold."""

    bits: int
    eps: float  # the distance from 1 to the next number
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntInfo(NamedTuple):
    """What an integer dtype can hold."""

    bits: int
    max: int
    min: int
    dtype: DType


BITS_OF_EXPONENT = {float16: 5, bfloat16: 8, float32: 8, float64: 11}


def finfo(type: DType | Tensor, /) -> FloatInfo:
    """What a floating dtype, or that of a tensor, can hold; of a complex one, what its parts can.

    >>> import lucid
    >>> finfo(lucid.complex64).dtype, finfo(lucid.float16).max
    (lucid.float32, 65504.0)
    """
    dtype = type.dtype if isinstance(type, Tensor) else as_dtype("finfo", type)
    if not dtype.is_floating:
        raise DTypeError(f"finfo: got {dtype.name}; wanted a floating dtype; use lucid.iinfo for integers")
    dtype = {complex64: float32, complex128: float64}.get(dtype, dtype)
    bits, exponent = 8 * dtype.itemsize, BITS_OF_EXPONENT[dtype]
    eps, limit = 2.0 ** (exponent + 1 - bits), 2 ** (exponent - 1)
    largest = (2 - eps) * 2.0 ** (limit - 1)
    return FloatInfo(bits, eps, largest, -largest, 2.0 ** (2 - limit), dtype)


def iinfo(type: DType | Tensor, /) -> IntInfo:
    """What an integer dtype, or that of a tensor, can hold.

    >>> import lucid
    >>> iinfo(lucid.int8)
    IntInfo(bits=8, max=127, min=-128, dtype=lucid.int8)
    """
    dtype = type.dtype if isinstance(type, Tensor) else as_dtype("iinfo", type)
    if dtype.kind not in (SIGNED, UNSIGNED):
        raise DTypeError(f"iinfo: got {dtype.name}; wanted an integer dtype; use lucid.finfo for floating ones")
    bits, signed = 8 * dtype.itemsize, int(dtype.kind == SIGNED)
    return IntInfo(bits, 2 ** (bits - signed) - 1, -signed * 2 ** (bits - 1), dtype)
