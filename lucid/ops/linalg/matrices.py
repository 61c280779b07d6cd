"""Matrices as arguments, and what the gradient rules of several files share."""

from typing import Any

from ...autograd.operation import apply, primitive
from ...dtypes import REAL, bfloat16, float16
from ...errors import ShapeError
from ...tensor import Tensor
from .. import statistical
from ..arguments import FLOATING, broadcast_shapes, number, ready, tensor, together
from ..data_types import astype
from ..statistical import exact

__all__: list[str] = []


def matrices_of(function: str, x: Any, name: str = "x", square: bool = False) -> Tensor:
    """x as floating-point matrices, square ones if asked for, in single precision at least."""
    return exact(shaped(function, ready(function, FLOATING, x, name), name, square))


def shaped(function: str, x: Tensor, name: str = "x", square: bool = False) -> Tensor:
    if x.ndim < 2:
        raise ShapeError(f"{function}: {name} has shape {x.shape}; wanted matrices, with two axes or more")
    if square and x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{function}: {name} has shape {x.shape}; wanted square matrices, (..., n, n)")
    return x


def rounded(x: Tensor, found: Tensor) -> Tensor:
    """A real result in the precision of x, if that is less than it was computed in."""
    return astype(found, x.dtype) if x.dtype in (float16, bfloat16) and found.dtype.kind == REAL else found


def equations(function: str, x1: Tensor, x2: Tensor, square: bool = False) -> tuple[Tensor, Tensor, bool]:
    """Both sides of equations as matrices of one dtype, and whether the right side was one vector."""
    a, b = together(function, FLOATING, tensor(function, x1, "x1"), tensor(function, x2, "x2"))
    vector = b.ndim == 1
    a, b = shaped(function, a, "x1", square), shaped(function, b[:, None] if vector else b, "x2")
    if a.shape[-2] != b.shape[-2]:
        raise ShapeError(f"{function}: {a.shape[-2]} rows of x1 meet {b.shape[-2]} of x2; wanted as many of both")
    broadcast_shapes(function, a.shape[:-2], b.shape[:-2])
    return a, b, vector


EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 2.0**-52, "complex128": 2.0**-52}


def tolerance(function: str, x: Tensor, rtol: float | Tensor | None) -> float | Tensor:
    """What counts as 0 beside the largest singular value of x. Raises ShapeError unless it is one for each matrix."""
    each = x.shape[:-2]
    if isinstance(rtol, Tensor) and broadcast_shapes(function, rtol.shape, each) != each:
        raise ShapeError(f"{function}: rtol has shape {rtol.shape}; wanted a number, or one for each matrix {each}")
    rounding = EPSILON.get(x.dtype.name, 2.0**-23)
    return sorted(x.shape[-2:])[-1] * rounding if rtol is None else number(function, rtol, "rtol")


def rank_of(singular: Tensor, rtol: float | Tensor) -> Tensor:
    """How many singular values (..., k) count as more than 0."""
    largest = singular[..., :1]
    limit = rtol[..., None] if isinstance(rtol, Tensor) else rtol
    return statistical.sum(singular.detach() > (largest * limit).detach(), axis=-1)


def adjoint(xp: Any, x: Any) -> Any:
    """The conjugate transpose."""
    return xp.conj(xp.matrix_transpose(x))


@primitive(x1=lambda xp, g, x2: xp.quotients(g, x2), x2=lambda xp, g, x2, out: -xp.quotients(g * out, x2))
def quotients(x1: Tensor, x2: Tensor, /) -> Tensor:
    """x1 / x2 in the gradient of a decomposition. Raises LinAlgError for a 0 in x2: not even 0 / 0 is known there."""
    return apply(quotients, x1, x2)
