"""Array libraries under Array API names: the only code in lucid that imports NumPy or MLX.

A backend is a module. It offers every primitive of `lucid.ops` as a function of bare arrays under the primitive's own
name, and hides what its library does differently, so that the floors above never ask which one they talk to.
It may also offer, for a composite `f`, a faster `f` and an `f_vjp` that returns the value and its pullback; either may
return NotImplemented for a case that it does not cover. A pullback gets the gradient of the output and which inputs'
gradients are wanted; it may leave out the others.

What a backend receives has been made ready: arrays of one dtype where they must agree, axes and shapes as tuples of
non-negative integers, options by keyword. Besides the ops it offers the names that `Backend` below lists.
"""

from collections.abc import Callable, Hashable, Iterable
from importlib import import_module
from typing import Any, Protocol

from ..dtypes import DType

__all__ = ["Backend", "backend_of", "load"]

Array = Any  # a bare array of the backend at hand
NAMES = {"cpu": "numpy", "gpu": "mlx"}


class Backend(Protocol):
    """What a backend offers besides the ops."""

    device: str
    array_types: tuple[type, ...]

    def describe(self) -> str:
        """What the device really is, for reports: "NumPy 2.4 on the processor"."""

    def border(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """An op's function as it is called: the one place to mend what the library does around and after every call."""

    def dtype_of(self, array: Array) -> DType:
        """The lucid dtype of an array."""

    def check_dtype(self, function: str, dtype: DType) -> None:
        """Raise DTypeError, with what to do, for a dtype that the device does not have."""

    def nearest(self, dtype: DType) -> DType:
        """The dtype itself, or where the device does not have it the widest one of its kind that it has."""

    def from_numpy(self, array: Any) -> Array:
        """An array of this backend with the values of a NumPy array; never shares memory that others may write."""

    def to_numpy(self, array: Array) -> Any:
        """The values as a read-only NumPy array; waits until they are there."""

    def each_element(
        self, function: Callable[..., Any], *arrays: Array, outputs: int, shared: Iterable[Array], kind: Hashable
    ) -> tuple[Array, ...]:
        """function(*arrays) of arrays of one shape, so many arrays of that shape; it computes each element by itself.

        It may be called with parts of the arrays, where they are large and the library is eager. A lazy one may make
        one kernel of all functions of a `kind`, unless it is None: they differ in the arrays without axes that they
        hold, which are `shared`, and may be called with others in the place of these after `arrays`.
        """

    def start(self, arrays: list[Array]) -> None:
        """Begin to compute the arrays in the background, where the library is lazy."""

    def wait(self, arrays: list[Array]) -> None:
        """Return when the arrays have been computed."""

    def memory(self) -> dict[str, int]:
        """Bytes of memory by what they are, as far as the library tells."""

    def precision(self) -> str:
        """How exactly float32 is computed, and what would change that."""

    def peak_bytes(self, run: Callable[[], Any]) -> int:
        """The most memory that arrays took at once while `run` ran, beside what was taken before."""


class _BackendOf(dict[type, Any]):
    """The backend of each type of bare array; it fills as backends load."""

    def __missing__(self, array_type: type) -> Any:
        raise TypeError(f"{array_type.__name__} is not an array of a loaded backend; make a tensor with lucid.asarray")


backend_of = _BackendOf()


def load(device: str) -> Any:
    """The backend module of a device, imported at the first call.

    Raises DeviceError where its library is missing.
    """
    backend = import_module(f".{NAMES[device]}", __name__)
    for array_type in backend.array_types:
        backend_of[array_type] = backend
    return backend
