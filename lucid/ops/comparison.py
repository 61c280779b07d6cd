"""Whether tensors are equal, or nearly so."""

from ..dtypes import DEFAULT_FLOAT
from ..tensor import Tensor
from .arguments import ANY, number, together
from .creation import zeros
from .data_types import astype
from .doors import Operand
from .elementwise import abs, equal, isfinite, isnan, less_equal, logical_and, logical_or
from .utility import all

__all__ = ["allclose", "array_equal", "isclose"]


def isclose(x1: Operand, x2: Operand, /, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, for each pair of elements. Infinities are close to themselves alone.

    With `equal_nan` nan is close to nan. Raises ValueError for a negative tolerance.

    >>> import lucid
    >>> isclose(lucid.asarray([1.0, 2.0]), lucid.asarray([1.0000001, 2.1]))
    tensor([ True, False], dtype=bool, device='cpu')
    """
    return _close("isclose", x1, x2, rtol, atol, equal_nan)


def _close(function: str, x1: Operand, x2: Operand, rtol: float, atol: float, equal_nan: bool) -> Tensor:
    if number(function, rtol, "rtol") < 0 or number(function, atol, "atol") < 0:
        raise ValueError(f"{function}: rtol={rtol} and atol={atol}; wanted tolerances of at least 0")
    x1, x2 = together(function, ANY, x1, x2)
    a, b = (x if x.dtype.is_floating else astype(x, DEFAULT_FLOAT) for x in (x1, x2))
    near = logical_and(less_equal(abs(a - b), abs(b) * rtol + atol), logical_and(isfinite(a), isfinite(b)))
    near = logical_or(near, equal(x1, x2))
    return logical_or(near, logical_and(isnan(a), isnan(b))) if equal_nan else near


def allclose(x1: Operand, x2: Operand, /, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all pairs of elements are close, as `isclose` has it: a bool tensor without axes."""
    return all(_close("allclose", x1, x2, rtol, atol, equal_nan))


def array_equal(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Whether two tensors have the same shape and the same elements: a bool tensor without axes. nan equals nothing.

    >>> import lucid
    >>> bool(array_equal(lucid.arange(2), lucid.asarray([0.0, 1.0])))
    True
    """
    x1, x2 = together("array_equal", ANY, x1, x2)
    return all(equal(x1, x2)) if x1.shape == x2.shape else zeros((), dtype=equal(x1, x1).dtype, device=x1.device)
