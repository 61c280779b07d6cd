"""Moving tensors between devices."""

from copy import copy
from typing import Any

from .. import devices
from ..autograd.operation import apply, primitive
from ..devices import Device
from ..dtypes import DType
from ..errors import DTypeError
from ..tensor import Tensor
from .arguments import tensor

__all__: list[str] = []  # methods of Tensor alone


@primitive(x=lambda xp, g, x_device: xp.to_device(g, device=x_device))
def to_device(x: Tensor, /, device: Device, *, stream: Any = None) -> Tensor:
    """x on `device`. The gradient moves back.

    Raises DTypeError for a dtype that the device lacks, DeviceError where the device cannot be used.
    """
    x = tensor("to_device", x)
    if stream is not None:
        raise ValueError(f"to_device: stream={stream!r}; lucid orders work by itself, so only None is understood")
    backend = devices.backend(device, "to")
    if device == x.device:
        return copy(x)
    backend.check_dtype("to", x.dtype)
    return apply(to_device, x, device=device)


def to(x: Tensor, /, device: Device | DType | None = None, dtype: DType | None = None) -> Tensor:
    """x on another device, in another dtype, or both: x.to("gpu"), x.to(lucid.float16), x.to("gpu", lucid.float16).

    >>> import lucid
    >>> lucid.ones(2).to(lucid.float16)
    tensor([1., 1.], dtype=float16, device='cpu')
    """
    x = tensor("to", x)
    if isinstance(device, DType):
        if dtype is not None:
            raise DTypeError(f"to: got two dtypes, {device} and {dtype}; give the device first")
        device, dtype = None, device
    if dtype is not None:
        x = x.astype(dtype, copy=False)
    return copy(x) if device is None else to_device(x, device)
