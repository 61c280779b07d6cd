"""What the namespace can do, as the Array API standard has libraries say it."""

from typing import Any

from .. import devices
from ..devices import Device
from ..dtypes import ALL, DEFAULT_COMPLEX, DEFAULT_FLOAT, DEFAULT_INT, DType, bfloat16, float16
from ..errors import DTypeError
from .data_types import isdtype

__all__ = ["__array_namespace_info__"]


class Info:
    """The answers of `__array_namespace_info__`."""

    def capabilities(self) -> dict[str, Any]:
        """Masks of bools read and write, shapes may depend on values, and a tensor has up to 64 axes (10 on a gpu)."""
        limits = {"cpu": 64, "gpu": 10}
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": limits[devices.default_device()],
        }

    def default_device(self) -> Device:
        """The device of tensors that are made without naming one."""
        return devices.default_device()

    def devices(self) -> tuple[Device, ...]:
        """The devices that tensors can be made on here."""
        return tuple(device for device in devices.DEVICES if devices.is_available(device))

    def default_dtypes(self, *, device: Device | None = None) -> dict[str, DType]:
        """The dtypes that results have where neither arguments nor options say more; the same on every device."""
        devices.backend(device, "default_dtypes")
        return {
            "real floating": DEFAULT_FLOAT,
            "complex floating": DEFAULT_COMPLEX,
            "integral": DEFAULT_INT,
            "indexing": DEFAULT_INT,
        }

    def dtypes(
        self, *, device: Device | None = None, kind: DType | str | tuple[DType | str, ...] | None = None
    ) -> dict[str, DType]:
        """The dtypes of the standard that a device has, by name; `kind` as `isdtype` has it."""
        backend = devices.backend(device, "dtypes")
        found = [d for d in ALL if d not in (float16, bfloat16) and (kind is None or isdtype(d, kind))]
        return {d.name: d for d in found if _has(backend, d)}


def _has(backend: Any, dtype: DType) -> bool:
    try:
        backend.check_dtype("dtypes", dtype)
    except DTypeError:
        return False
    return True


def __array_namespace_info__() -> Info:
    """What lucid can do: its capabilities, devices and dtypes.

    >>> import lucid
    >>> lucid.__array_namespace_info__().default_dtypes()["indexing"]
    lucid.int64
    >>> sorted(lucid.__array_namespace_info__().dtypes(kind="complex floating", device="cpu"))
    ['complex128', 'complex64']
    """
    return Info()
