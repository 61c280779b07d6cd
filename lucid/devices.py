"""The two devices, which one is the default, and the backend that each one runs on.

A device is its name: "cpu" runs on NumPy, "gpu" on MLX, which is loaded when a gpu tensor is first made.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

from . import backends
from .errors import DeviceError

__all__ = ["Device", "backend", "default_device", "describe", "is_available", "set_default_device", "use_device"]

Device = Literal["cpu", "gpu"]
DEVICES: tuple[Device, ...] = ("cpu", "gpu")

_default: Device = "cpu"


@cache
def _load(device: Device) -> Any:
    return backends.load(device)


def backend(device: Device | None = None, function: str = "lucid") -> Any:
    """The backend of a device, of the default device if None.

    Raises DeviceError for an unknown device, naming `function`, and where the device's library is missing.
    """
    if device is None:
        device = _default
    if not isinstance(device, str) or device not in DEVICES:
        given = repr(device) if isinstance(device, str) else f"a {type(device).__name__}"
        raise DeviceError(f"{function}: device={given} is not a device; choose 'cpu' (NumPy) or 'gpu' (MLX)")
    return _load(device)


def is_loaded(device: Device) -> bool:
    """Whether the library of a device has been loaded, as it is when a tensor is first made there."""
    return f"{backends.__name__}.{backends.NAMES[device]}" in sys.modules


def default_device() -> Device:
    """The device of tensors that are made without naming one; "cpu" unless it was set.

    >>> default_device()
    'cpu'
    """
    return _default


def set_default_device(device: Device) -> None:
    """Make tensors on `device` from now on, wherever none is named. Raises DeviceError if it cannot be used."""
    global _default
    backend(device, "set_default_device")
    _default = device


@contextmanager
def use_device(device: Device) -> Iterator[None]:
    """`set_default_device` for the length of a with block.

    >>> with use_device("cpu"):
    ...     default_device()
    'cpu'
    """
    before = default_device()
    set_default_device(device)
    try:
        yield
    finally:
        set_default_device(before)


def is_available(device: Device) -> bool:
    """Whether tensors can be made on `device` here: always for "cpu", for "gpu" if MLX is installed.

    >>> is_available("cpu")
    True
    """
    try:
        backend(device, "is_available")
    except DeviceError:
        return False
    return True


def describe(device: Device) -> str:
    """What `device` really is on this machine, for every report of a result or a time.

    "gpu" says so where it is MLX on the processor.
    """
    return backend(device, "describe").describe()


backend("cpu")  # NumPy is always there, so its arrays are always known
