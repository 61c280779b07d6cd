"""What all distributions begin with: where the numbers go, and the bits that they are made of."""

from collections.abc import Sequence
from typing import Any, TypedDict

from ..devices import Device
from ..dtypes import DEFAULT_FLOAT, REAL, DType, bfloat16, float16, float32, float64, promote
from ..errors import DeviceError, DTypeError, ShapeError
from ..ops.arguments import as_shape, broadcast_shapes, placed, scalar_type
from ..ops.data_types import astype
from ..ops.elementwise import bitwise_right_shift, floor, log1p, minimum
from ..tensor import Tensor
from .generator import Generator, chosen

__all__ = ["DIGITS", "Draw", "Options", "Parameter", "Shape", "check_order", "check_positive", "device_of"]

Shape = int | Sequence[int] | None
Parameter = float | Tensor


class Options(TypedDict, total=False):
    """What every continuous distribution may be told beside its parameters."""

    dtype: DType | None
    device: Device | None
    generator: Generator | None


DIGITS = {bfloat16: 8, float16: 11, float32: 24, float64: 53}  # of a fraction that the dtype holds exactly


class Draw:
    """What all distributions begin with: where the numbers go, how wide they are, and the bits they are made of."""

    def __init__(
        self,
        function: str,
        shape: Shape,
        *parameters: Parameter,
        dtype: DType | None = None,
        device: Device | None = None,
        generator: Generator | None = None,
        **unknown: Any,
    ) -> None:
        for name in unknown:
            raise TypeError(f"{function}: {name}= is no option; there are dtype=, device= and generator=")
        self.device, self.generator = device_of(function, device, *parameters), chosen(function, generator)
        tensors = [p for p in parameters if isinstance(p, Tensor)]
        for p in parameters:
            if not isinstance(p, Tensor):
                scalar_type(function, p)
        if dtype is None:
            for p in tensors:
                if p.dtype.kind == REAL:
                    dtype = p.dtype if dtype is None else promote(dtype, p.dtype)
        _, self.dtype = placed(function, self.device, dtype, DEFAULT_FLOAT)
        if self.dtype not in DIGITS:
            raise DTypeError(f"{function}: dtype {self.dtype.name}; wanted one of {', '.join(d.name for d in DIGITS)}")
        self.width = float64 if self.dtype is float64 else float32  # 16-bit numbers are rounded at the end
        around = broadcast_shapes(function, *(p.shape for p in tensors))
        self.shape = around if shape is None else as_shape(function, shape)
        if broadcast_shapes(function, around, self.shape) != self.shape:
            raise ShapeError(f"{function}: parameters of shape {around} do not broadcast to shape={shape}")

    def bits(self, *more: int) -> Tensor:
        """32 bits for each number, or for each of several, along axes before those of the shape."""
        return self.generator.bits((*more, *self.shape), self.device)

    def middles(self, *more: int) -> Tensor:
        """The middles of equal intervals from 0 to 1, which never reach either: 2**23, in float64 2**52."""
        if self.width is float64:
            words = astype(self.bits(2, *more), float64)
            return (floor(words[0] / 2.0**6) * 2.0**26 + floor(words[1] / 2.0**6) + 0.5) * 2.0**-52
        return (astype(bitwise_right_shift(self.bits(*more), 9), float32) + 0.5) * 2.0**-23

    def shares(self, *more: int) -> Tensor:
        """Numbers above 0 and up to 1, made of all 32 bits, in float64 64, so that small ones differ."""
        if self.width is float64:
            words = astype(self.bits(2, *more), float64)
            return (words[0] + (words[1] + 0.5) * 2.0**-32) * 2.0**-32
        return (astype(self.bits(*more), float32) + 0.5) * 2.0**-32

    def exponential(self, *more: int) -> Tensor:
        """-log(1 - u), of which small ones differ: above 0, and below 17, in float64 37."""
        return -log1p(-minimum(self.shares(*more), 1 - 2.0 ** -DIGITS[self.width]))

    def wide(self, parameter: Any) -> Any:
        """A parameter in the dtype that is computed in."""
        return astype(parameter, self.width, copy=False) if isinstance(parameter, Tensor) else parameter

    def narrow(self, parameter: Any) -> Any:
        """A parameter in the dtype of the result."""
        return astype(parameter, self.dtype, copy=False) if isinstance(parameter, Tensor) else parameter

    def rounded(self, x: Tensor) -> Tensor:
        return astype(x, self.dtype, copy=False)


def check_positive(function: str, name: str, value: Parameter, least: float | None = None) -> None:
    """Numbers alone: to look at a tensor would wait for a gpu."""
    if not isinstance(value, Tensor) and not (value > 0 or value == least):
        raise ValueError(f"{function}: {name}={value}; wanted a number {'above' if least is None else 'of at least'} 0")


def check_order(function: str, low: Parameter, high: Parameter) -> None:
    """Numbers alone, as above."""
    if not isinstance(low, Tensor) and not isinstance(high, Tensor) and not low <= high:
        raise ValueError(f"{function}: low={low} and high={high}; wanted low <= high")


def device_of(function: str, device: Device | None, *parameters: Any) -> Device | None:
    """Where to draw: on the device asked for, or on that of the tensors among the parameters, which must agree."""
    places = sorted({p.device for p in parameters if isinstance(p, Tensor)})
    if device is None and len(places) == 1:
        return places[0]
    if places not in ([], [device]):
        raise DeviceError(
            f"{function}: tensors on {' and '.join(places)}, device={device!r}; move them with x.to(device)"
        )
    return device
