"""New tensors, from values or from a rule. Each takes `dtype`, `device` and `requires_grad`."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from .. import devices
from ..autograd.graph import offer
from ..devices import Device
from ..dtypes import BOOL, DEFAULT_FLOAT, OF_SCALAR, DType, as_dtype
from ..errors import DTypeError, ShapeError
from ..tensor import Tensor
from .arguments import MOST, Scalar, as_shape, fitting, number, one_shape, placed, scalar_type, tensor, whole
from .data_types import astype
from .manipulation import broadcast_to, reshape
from .transfer import to

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "meshgrid",
    "ones",
    "ones_like", "zeros", "zeros_like",
]  # fmt: skip


def asarray(
    value: Any,
    /,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with the values of nested lists of numbers, a NumPy array, a buffer, a DLPack array or a tensor.

    Python numbers become bool, int64, float32 or complex64; arrays keep their dtype. What comes from outside is
    copied, so that nobody else can change the tensor; `copy=False` is therefore refused but for tensors: a tensor
    that needs no change is then given back itself.

    Raises DTypeError for values of no dtype here and for a dtype that the device lacks, ValueError for ragged lists.

    >>> asarray([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]], dtype=int64, device='cpu')
    """
    if dtype is not None:
        dtype = as_dtype("asarray", dtype)
    if isinstance(value, Tensor):
        result = value if dtype in (None, value.dtype) else astype(value, dtype)
        result = result if device in (None, value.device) else to(result, device)
        if copy is False and result.array is not value.array:
            raise ValueError("asarray: another dtype or device needs a copy; drop copy=False")
        if requires_grad:
            return result.detach().requires_grad_()
        return Tensor(result.array, result.node) if result is value and copy is not False else result
    if copy is False:
        raise ValueError(f"asarray: {type(value).__name__} is always copied, since tensors own their values; drop copy")
    if isinstance(value, list | tuple):
        value = _to_numbers(value)
    backend = devices.backend(device, "asarray")
    host = devices.backend("cpu").from_host("asarray", value, dtype)
    backend.check_dtype("asarray", devices.backend("cpu").dtype_of(host))
    return Tensor(backend.from_numpy(host)).requires_grad_(requires_grad)


def _to_numbers(value: Any) -> Any:
    """Nested lists with the tensors in them replaced by their values."""
    if isinstance(value, Tensor):
        return value.detach()._host()
    return [_to_numbers(v) for v in value] if isinstance(value, list | tuple) else value


def from_dlpack(x: Any, /, *, device: Device | None = None, copy: bool | None = None) -> Tensor:
    """A tensor with the values of any object that speaks DLPack; copied, since others may write to what they export.

    The standard has every array arrive on every device: what a gpu has no dtype for is narrowed to float32 or complex64
    here, and here alone, and the logger "lucid" warns of it. Raises TypeError for an object that does not speak DLPack,
    DTypeError for a dtype that lucid does not have.
    """
    if isinstance(x, Tensor):
        return asarray(x.detach()) if device is None else _narrowed(x.detach(), device)
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: {type(x).__name__} has no __dlpack__; use lucid.asarray")
    if copy is False:
        raise ValueError("from_dlpack: tensors own their values, so they are always copied; drop copy=False")
    host = asarray(devices.backend("cpu").from_dlpack(x), device="cpu")
    return _narrowed(host, device or devices.default_device())


def _narrowed(x: Tensor, device: Device) -> Tensor:
    """x on a device, in the nearest dtype that this has."""
    dtype = devices.backend(device, "from_dlpack").nearest(x.dtype)
    if dtype is not x.dtype:
        import logging  # a tenth of the time that lucid takes to import

        logging.getLogger("lucid").warning(f"from_dlpack: {x.dtype.name} became {dtype.name}, which {device!r} has")
    return asarray(x, dtype=dtype, device=device)


@partial(one_shape, most=2)
def full(
    shape: int | Sequence[int],
    fill_value: Scalar,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of `shape` with `fill_value` everywhere; its dtype follows the value's type if not given.

    >>> full((2,), 7)
    tensor([7, 7], dtype=int64, device='cpu')
    """
    return _filled("full", shape, fill_value, dtype, device, requires_grad)


def _filled(
    function: str, shape: Any, value: Any, dtype: DType | None, device: Device | None, requires_grad: bool = False
) -> Tensor:
    if isinstance(value, Tensor):
        value = value.item()
    backend, dtype = placed(function, device, dtype, OF_SCALAR[scalar_type(function, value)])
    value = fitting(function, value, dtype)
    return Tensor(backend.full(as_shape(function, shape), value, dtype)).requires_grad_(requires_grad)


@one_shape
def zeros(
    shape: int | Sequence[int], *, dtype: DType | None = None, device: Device | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of zeros, float32 if no dtype is given."""
    return _filled("zeros", shape, 0, dtype or DEFAULT_FLOAT, device, requires_grad)


@one_shape
def ones(
    shape: int | Sequence[int], *, dtype: DType | None = None, device: Device | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of ones, float32 if no dtype is given."""
    return _filled("ones", shape, 1, dtype or DEFAULT_FLOAT, device, requires_grad)


@one_shape
def empty(shape: int | Sequence[int], *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """The same as `zeros`: what is left over in memory is never shown."""
    return _filled("empty", shape, 0, dtype or DEFAULT_FLOAT, device)


def full_like(x: Tensor, /, fill_value: Scalar, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """`full` with the shape and, where not given, the dtype and device of x."""
    return _filled_like("full_like", x, fill_value, dtype, device)


def _filled_like(function: str, x: Tensor, value: Any, dtype: DType | None, device: Device | None) -> Tensor:
    x = tensor(function, x)
    return _filled(function, x.shape, value, dtype or x.dtype, device or x.device)


@offer
def zeros_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """`zeros` with the shape and, where not given, the dtype and device of x."""
    return _filled_like("zeros_like", x, 0, dtype, device)


@offer
def ones_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """`ones` with the shape and, where not given, the dtype and device of x."""
    return _filled_like("ones_like", x, 1, dtype, device)


def empty_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """The same as `zeros_like`."""
    return _filled_like("empty_like", x, 0, dtype, device)


def arange(
    start: int | float,
    /,
    stop: int | float | None = None,
    step: int | float = 1,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
) -> Tensor:
    """The numbers from `start` (0 if only one is given) up to but without `stop`, `step` apart.

    int64 for integers, float32 otherwise. Raises ValueError for a step of 0, MemoryError for what no memory holds.

    >>> arange(2, 8, 2)
    tensor([2, 4, 6], dtype=int64, device='cpu')
    """
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ValueError("arange: step=0 never reaches stop")
    kinds = [scalar_type("arange", v) for v in (start, stop, step)]
    backend, dtype = placed("arange", device, dtype, OF_SCALAR[float if float in kinds else int])
    if dtype.kind == BOOL:
        raise DTypeError("arange: dtype bool has no steps; wanted a dtype of numbers")
    try:
        if MOST <= (stop - start) / step < math.inf:
            raise MemoryError(f"arange: {start} to {stop} by {step} is more than any memory holds")
        return Tensor(backend.arange(start, stop, step, dtype))
    except (OverflowError, ValueError) as error:
        raise type(error)(f"arange: {start} to {stop} by {step} in {dtype.name}: {error}") from None


def linspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    endpoint: bool = True,
) -> Tensor:
    """`num` numbers from `start` to `stop`, equally far apart; without `stop` itself unless `endpoint`.

    >>> linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32, device='cpu')
    """
    start, stop = number("linspace", start, "start"), number("linspace", stop, "stop")
    if whole("linspace", num, "num") < 0:
        raise ShapeError(f"linspace: num={num} is negative")
    backend, dtype = placed("linspace", device, dtype, DEFAULT_FLOAT)
    host = devices.backend("cpu").linspace(start, stop, num, endpoint, dtype)
    return Tensor(backend.from_numpy(host))


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DType | None = None, device: Device | None = None
) -> Tensor:
    """A matrix with ones on its k-th diagonal (0 is the main one, above it is positive) and zeros elsewhere.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]], dtype=float32, device='cpu')
    """
    n_rows, n_cols = as_shape("eye", (n_rows, n_rows if n_cols is None else n_cols))
    _, dtype = placed("eye", device, dtype, DEFAULT_FLOAT)
    columns, rows = arange(n_cols, device=device), arange(n_rows, device=device)[:, None]
    k = max(-n_rows, min(whole("eye", k, "k"), n_cols))  # beyond these there is no diagonal, and may be no such int64
    return astype(columns == rows + k, dtype)


def meshgrid(*arrays: Tensor, indexing: Literal["xy", "ij"] = "xy") -> tuple[Tensor, ...]:
    """The coordinates of every point of a grid: for each tensor (n,) one that varies along its own axis alone.

    With "ij" the axes are in the order of the tensors, with "xy" the first two are exchanged.

    Raises ShapeError for a tensor with more than one axis, ValueError for another indexing.

    >>> import lucid
    >>> x, y = meshgrid(lucid.arange(3), lucid.arange(2))
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [0, 1, 2]], [[0, 0, 0], [1, 1, 1]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing={indexing!r}; choose 'xy' or 'ij'")
    places = list(range(len(arrays)))
    if indexing == "xy":
        places[:2] = reversed(places[:2])
    shape = [1] * len(arrays)
    for x, place in zip(arrays, places, strict=True):
        if tensor("meshgrid", x).ndim > 1:
            raise ShapeError(f"meshgrid: got shape {x.shape}; wanted tensors with one axis")
        shape[place] = x.size
    axes = range(len(arrays))
    return tuple(
        broadcast_to(reshape(x, tuple(x.size if i == place else 1 for i in axes)), shape)
        for x, place in zip(arrays, places, strict=True)
    )
