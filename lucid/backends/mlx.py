"""The gpu: MLX under Array API names. Metal on a Mac, CUDA on Linux, and the processor where there is neither.

What MLX already says right stands in one list. What follows hides the rest: what MLX does not check, what Metal cannot
do, index dtypes, channels-last convolution. That nothing is computed before it is needed is hidden in `mlx_graph`.
"""

import builtins
import cmath
import logging
import math
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import DeviceError, DTypeError
from . import bessel, complex_numbers, gamma, mlx_linalg, tails
from . import numpy as numpy_backend
from .resampling import Taps, rounds

os.environ["MLX_ENABLE_TF32"] = os.environ.get("LUCID_ENABLE_TF32", "0")  # float32 means float32, unless asked

try:
    import mlx.core as mx

    from .mlx_graph import border as border
    from .mlx_graph import check, wait
    from .mlx_graph import each_element as each_element
    from .mlx_graph import is_tracing as is_tracing
    from .mlx_graph import set_budget as set_budget
    from .mlx_graph import start as start
    from .mlx_graph import trace as trace
    from .mlx_kernels import attention_in_heads as attention_in_heads
    from .mlx_kernels import attention_in_heads_vjp as attention_in_heads_vjp
    from .mlx_kernels import conv_of_patches as conv_of_patches
    from .mlx_kernels import conv_of_patches_vjp as conv_of_patches_vjp
    from .mlx_kernels import dropped as dropped
    from .mlx_kernels import dropped_vjp as dropped_vjp
    from .mlx_kernels import feed_forward as feed_forward
    from .mlx_kernels import feed_forward_vjp as feed_forward_vjp
    from .mlx_kernels import gelu as gelu
    from .mlx_kernels import gelu_vjp as gelu_vjp
    from .mlx_kernels import in_float32 as in_float32
    from .mlx_kernels import layer_norm as layer_norm
    from .mlx_kernels import layer_norm_vjp as layer_norm_vjp
    from .mlx_kernels import linear as linear
    from .mlx_kernels import linear_vjp as linear_vjp
    from .mlx_kernels import log_softmax as log_softmax
    from .mlx_kernels import log_softmax_slope as log_softmax_slope
    from .mlx_kernels import scaled_dot_product_attention as scaled_dot_product_attention
    from .mlx_kernels import scaled_dot_product_attention_vjp as scaled_dot_product_attention_vjp
    from .mlx_kernels import softmax as softmax
    from .mlx_kernels import softmax_slope as softmax_slope
except ImportError as error:
    raise DeviceError(
        f"gpu: MLX could not be imported ({error}); install it with: pip install mlx (Mac), "
        "pip install 'mlx[cuda]' (Linux with an NVIDIA GPU), or pip install 'mlx[cpu]' to run gpu code on the processor"
    ) from None

Array = Any

ON_PROCESSOR = not mx.is_available(mx.gpu)
if ON_PROCESSOR:
    logging.getLogger("lucid").warning("device 'gpu': MLX finds no GPU here and runs on the processor")
if ON_PROCESSOR and os.environ.get("LUCID_REQUIRE_GPU", "0") not in ("", "0"):
    raise DeviceError("gpu: LUCID_REQUIRE_GPU is set and MLX finds no GPU here; unset it to run MLX on the processor")

AS_MLX_HAS_IT = """
    abs acos acosh add asin asinh atan atanh bitwise_and bitwise_invert bitwise_or bitwise_xor broadcast_to ceil conj
    cos cosh divide equal erf erfinv exp flip floor greater greater_equal imag isfinite isinf isnan less less_equal log
    log10 log1p log2 logaddexp logical_and logical_not logical_or matrix_transpose maximum minimum multiply negative
    not_equal ones_like permute_dims real reciprocal reshape round rsqrt sigmoid sinh sqrt square subtract tan
    trunc where zeros_like
""".split()
globals().update({name: getattr(mx, name) for name in AS_MLX_HAS_IT})
atan2, logical_xor = mx.arctan2, mx.not_equal

# --- The border ------------------------------------------------------------------------------------------------------

device = "gpu"
array_types = (mx.array,)
NARROWER = {dtypes.float64: dtypes.float32, dtypes.complex128: dtypes.complex64}  # Metal lacks both, so no gpu has them
NATIVE: dict[DType, Any] = {d: getattr(mx, d.name) for d in dtypes.ALL if d.name not in ("bool", "complex128")}
NATIVE[dtypes.bool] = mx.bool_
LUCID: dict[Any, DType] = {native: d for d, native in NATIVE.items()}


def quietly() -> AbstractContextManager[None]:
    return nullcontext()


def describe() -> str:
    version = metadata.version("mlx")
    if ON_PROCESSOR:
        return f"MLX {version} ON THE PROCESSOR (this machine has no GPU that MLX can use)"
    return f"MLX {version} on {mx.device_info(mx.gpu).get('device_name', 'the GPU')}"


def dtype_of(array: Array) -> DType:
    return LUCID[array.dtype]


def check_dtype(function: str, dtype: DType) -> None:
    if dtype in NARROWER:
        raise DTypeError(
            f"{function}: {dtype.name} lives on the cpu alone, since Metal does not have it; "
            f"convert first with x.astype(lucid.{NARROWER[dtype].name}), or stay on device='cpu'"
        )


def nearest(dtype: DType) -> DType:
    return NARROWER.get(dtype, dtype)


def from_numpy(array: Any) -> Array:
    dtype = dtypes.BY_NAME[array.dtype.name]
    if not array.size:  # MLX can hang on empty arrays that came from NumPy
        return mx.zeros(array.shape, NATIVE[dtype])
    array = np.array(array, order="C")
    if dtype is dtypes.bfloat16:
        return mx.view(mx.array(array.view(np.uint16)), mx.bfloat16)
    return mx.array(array)


def to_numpy(array: Array) -> Any:
    wait([array])
    if array.dtype == mx.bfloat16:
        return np.from_dlpack(mx.view(array, mx.uint16)).view(numpy_backend.native(dtypes.bfloat16))
    host = np.from_dlpack(array)
    host.flags.writeable = False
    return host


globals().update(mlx_linalg.kernels(to_numpy, from_numpy, numpy_backend.border))


def memory() -> dict[str, int]:
    found = {"in use": mx.get_active_memory(), "cached": mx.get_cache_memory()}
    if not ON_PROCESSOR:
        info = mx.device_info(mx.gpu)
        names = {"memory_size": "of the gpu", "max_recommended_working_set_size": "recommended at most"}
        found |= {name: info[key] for key, name in names.items() if key in info}
    return found


def precision() -> str:
    if os.environ["MLX_ENABLE_TF32"] == "0":
        return "float32 is computed as float32; LUCID_ENABLE_TF32=1 lets products on NVIDIA GPUs and M5 have TF32"
    return "products of float32 may have the precision of TF32, since LUCID_ENABLE_TF32 is set"


def peak_bytes(run: Callable[[], Any]) -> int:
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    run()
    return mx.get_peak_memory() - before


active_memory, peak_memory, reset_peak_memory = mx.get_active_memory, mx.get_peak_memory, mx.reset_peak_memory


def asarray(x: Any) -> Array:
    return x if type(x) is mx.array else mx.array(x)


def is_complex(x: Array) -> bool:
    return x.dtype == mx.complex64


def format(array: Array, prefix: str) -> str:
    return numpy_backend.format(to_numpy(array), prefix)


def to_dlpack(array: Array, **options: Any) -> Any:
    wait([array])
    return array.__dlpack__(**options | {"copy": True})  # nobody who takes the memory can change the tensor


def dlpack_device(array: Array) -> tuple[int, int]:
    return array.__dlpack_device__()


def _wide(x: Array) -> AbstractContextManager[Any]:
    """Metal scatters no 8-byte elements: those run on the processor, in the same memory."""
    return mx.stream(mx.cpu) if x.dtype.size == 8 and not ON_PROCESSOR else nullcontext()


# --- Creation and dtypes ---------------------------------------------------------------------------------------------


def full(shape: tuple[int, ...], value: Any, dtype: DType) -> Array:
    if dtype.kind in (dtypes.SIGNED, dtypes.UNSIGNED):
        value = np.asarray(value, dtype.name).item()  # raises OverflowError for what does not fit
        if value >= 2**63:
            return mx.broadcast_to(mx.array(np.asarray(value, dtype.name)), shape)
    value = _of_number(complex(value)) if dtype.kind == dtypes.COMPLEX else mx.array(value, NATIVE[dtype])
    return mx.broadcast_to(value, shape) if shape else value


def _of_number(value: complex) -> Array:
    """A complex number. Of those that are not finite MLX would write kernels that no compiler takes."""
    if cmath.isfinite(value):
        return mx.array(value)
    return mx.reshape(mx.view(mx.array([value.real, value.imag]), mx.complex64), ())


def arange(start: Any, stop: Any, step: Any, dtype: DType) -> Array:
    return from_numpy(np.arange(start, stop, step, dtype.name))


def bits(key: Any, shape: tuple[int, ...]) -> Array:
    """`split` is where MLX shows its raw bits: two words for each new key."""
    size = math.prod(shape)
    words = mx.random.split(asarray(key), (size + 1) // 2) if size else mx.zeros((0,), mx.uint32)
    return mx.reshape(mx.reshape(words, (-1,))[:size] if size % 2 else words, shape)


def astype(x: Array, dtype: DType) -> Array:
    return x.astype(NATIVE[dtype])


def to_device(x: Array, device: str) -> Array:
    from . import load

    return load(device).from_numpy(to_numpy(x))


# --- Elementwise -----------------------------------------------------------------------------------------------------


def pow(x1: Array, x2: Array) -> Array:
    out = mx.power(x1, x2)
    if is_complex(x1):  # MLX takes the logarithm of 0 and of infinity
        zero = mx.where(mx.real(x2) > 0, mx.zeros_like(out), _of_number(complex(math.nan, math.nan)))
        out = mx.where(x2 == 1, x1, mx.where(x1 == 0, zero, out))
        return mx.where(x2 == 0, mx.ones_like(out), out)
    if mx.issubdtype(x1.dtype, mx.signedinteger):  # MLX gives 0 for every negative exponent
        odd = mx.where(x2 % 2 == 0, mx.ones_like(x1), -mx.ones_like(x1))
        units = mx.where(x1 == 1, mx.ones_like(x1), mx.where(x1 == -1, odd, mx.zeros_like(x1)))
        out = mx.where(x2 < 0, units, out)
    return out


def positive(x: Array) -> Array:
    return x


def _complex(real: Array, imaginary: Array) -> Array:
    return mx.view(mx.stack([real, imaginary], -1), mx.complex64)[..., 0]


def expm1(x: Array) -> Array:
    return complex_numbers.expm1(mx, _complex, x) if is_complex(x) else mx.expm1(x)


def tanh(x: Array) -> Array:
    return complex_numbers.tanh(mx, _complex, x) if is_complex(x) else mx.tanh(x)


def floor_divide(x1: Array, x2: Array) -> Array:
    if mx.issubdtype(x1.dtype, mx.integer):
        whole = mx.floor_divide(x1, _safe_divisor(x2))
        if mx.issubdtype(x2.dtype, mx.signedinteger):
            whole = mx.where(x2 == -1, -x1, whole)
        return mx.where(x2 == 0, mx.zeros_like(x1), whole)
    whole = mx.round((x1 - remainder(x1, x2)) / x2)  # MLX rounds x1 / x2 first, which may reach the next integer
    quotient = x1 / x2
    whole = mx.where(whole == 0, quotient * 0, whole)  # a zero with the sign of the quotient
    return mx.where((x2 == 0) | (mx.isinf(x1) != mx.isinf(x2)), quotient, whole)


def remainder(x1: Array, x2: Array) -> Array:
    if mx.issubdtype(x1.dtype, mx.integer):
        return mx.where(x2 == 0, mx.zeros_like(x1), mx.remainder(x1, _safe_divisor(x2)))
    rest = mx.remainder(x1, x2)
    zero = mx.zeros_like(x2)
    return mx.where(rest == 0, mx.where(x2 < 0, -zero, zero), rest)  # MLX gives zero the sign of x1


def _safe_divisor(x: Array) -> Array:
    """Integers without 0, and without -1: a processor stops the program for x / 0 and for the smallest integer / -1."""
    unsafe = x == 0
    if mx.issubdtype(x.dtype, mx.signedinteger):
        unsafe = unsafe | (x == -1)
    return mx.where(unsafe, mx.ones_like(x), x)


def sign(x: Array) -> Array:
    if is_complex(x):
        return complex_numbers.sign(mx, _complex, x)
    return mx.where(mx.isnan(x), x, mx.where(x == 0, mx.zeros_like(x), mx.sign(x)))  # MLX: 0 for nan, -0 for -0


def gcd(x1: Array, x2: Array) -> Array:
    """Euclid's algorithm, in as many steps as the width of the dtype can need: 1.44 for each bit."""
    x1, x2 = mx.abs(x1), mx.abs(x2)
    for _ in range(12 * x1.dtype.size):
        x1, x2 = mx.where(x2 == 0, x1, x2), remainder(x1, x2)
    return mx.abs(x1)  # the least integer of a dtype stays negative at first


SIGNED_BITS = {2: mx.int16, 4: mx.int32}  # by the size of the floating dtype


def signbit(x: Array) -> Array:
    return mx.view(x, SIGNED_BITS[x.dtype.size]) < 0


def copysign(x1: Array, x2: Array) -> Array:
    magnitude = mx.abs(x1)
    return mx.where(signbit(x2), -magnitude, magnitude)


def hypot(x1: Array, x2: Array) -> Array:
    x1, x2 = mx.abs(x1), mx.abs(x2)
    large, small = mx.maximum(x1, x2), mx.minimum(x1, x2)
    out = large * mx.sqrt(1 + mx.square(small / mx.where(large == 0, mx.ones_like(large), large)))
    return mx.where(mx.isinf(x1) | mx.isinf(x2), mx.array(math.inf, x1.dtype), out)


def nextafter(x1: Array, x2: Array) -> Array:
    integer = SIGNED_BITS[x1.dtype.size]
    a, b = (_in_order(mx.view(x, integer)) for x in (x1, x2))
    following = mx.view(_in_order(a + (a < b).astype(integer) - (a > b).astype(integer)), x1.dtype)
    return mx.where(mx.isnan(x1) | mx.isnan(x2), x1 + x2, mx.where(a == b, x2, following))


def _in_order(bits: Array) -> Array:
    """The bits of floating-point numbers as integers in the same order, both zeros as 0; and back."""
    return mx.where(bits < 0, mx.array(-(2 ** (8 * bits.dtype.size - 1)), bits.dtype) - bits, bits)


def sin(x: Array) -> Array:
    return mx.where(x == 0, x, mx.sin(x))  # MLX loses the sign of -0


def bitwise_left_shift(x1: Array, x2: Array) -> Array:
    gone = (x2 < 0) | (x2 >= 8 * x1.dtype.size)  # MLX takes the count modulo the width
    return mx.where(gone, mx.zeros_like(x1), mx.left_shift(x1, x2))


def bitwise_right_shift(x1: Array, x2: Array) -> Array:
    last = 8 * x1.dtype.size - 1
    gone = (x2 < 0) | (x2 > last)
    shifted = mx.right_shift(x1, mx.where(gone, last, x2))
    return mx.where(gone & (x1 >= 0), mx.zeros_like(x1), shifted)


def lgamma(x: Array) -> Array:
    return gamma.lgamma(mx, x.astype(mx.float32)).astype(x.dtype)


def erfc(x: Array) -> Array:
    return tails.erfc(mx, x.astype(mx.float32)).astype(x.dtype)


def erfcx(x: Array) -> Array:
    return tails.erfcx(mx, x.astype(mx.float32)).astype(x.dtype)


def polygamma(x: Array, n: int) -> Array:
    return gamma.polygamma(mx, x.astype(mx.float32), n).astype(x.dtype)


def bessel_i(x: Array, n: int, scaled: bool) -> Array:
    return bessel.bessel_i(mx, x.astype(mx.float32), n, scaled).astype(x.dtype)


# --- Shapes ----------------------------------------------------------------------------------------------------------


def concat(*arrays: Array, axis: int) -> Array:
    return mx.concat(list(arrays), axis)


def roll(x: Array, shift: tuple[int, ...], axis: tuple[int, ...]) -> Array:
    return mx.roll(x, shift, axis) if axis and x.size else x


def pad(x: Array, widths: tuple[tuple[int, int], ...], value: float = 0) -> Array:
    return mx.pad(x, widths, constant_values=full((), value, LUCID[x.dtype])) if widths else x


# --- Reductions ------------------------------------------------------------------------------------------------------


def reduction(function: Callable[..., Any], of_nothing: Any) -> Callable[..., Any]:
    """Over axes, in float32 for 16-bit floats. MLX may hang on arrays without elements."""

    def reduce(x: Array, axis: tuple[int, ...], keepdims: bool = False) -> Array:
        if not x.size:
            shape = [1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis]
            return (mx.ones if of_nothing else mx.zeros)(shape, x.dtype)
        return function(in_float32(x), axis, keepdims=keepdims).astype(x.dtype) if axis else x

    return reduce


_sum, prod = reduction(mx.sum, 0), reduction(mx.prod, 1)
max, min = reduction(mx.max, 0), reduction(mx.min, 0)  # which the front door refuses for no elements
any, all = reduction(mx.any, False), reduction(mx.all, True)


def sum(x: Array, axis: tuple[int, ...], keepdims: bool = False) -> Array:
    out = _sum(x, axis, keepdims)
    return out + 0 if out.size == x.size else out  # a sum begins with 0, so that of -0 alone is 0 too


def argmax(x: Array, axis: int, keepdims: bool = False) -> Array:
    return _index_of(mx.argmax, x, axis, keepdims)


def argmin(x: Array, axis: int, keepdims: bool = False) -> Array:
    return _index_of(mx.argmin, x, axis, keepdims)


def _index_of(function: Callable[..., Any], x: Array, axis: int, keepdims: bool) -> Array:
    if not x.size and x.shape[axis]:  # MLX refuses empty arrays even along an axis with elements
        shape = [n if i != axis else 1 for i, n in enumerate(x.shape) if keepdims or i != axis]
        return mx.zeros(shape, mx.int64)
    return function(x, axis, keepdims=keepdims).astype(mx.int64)


def argsort(x: Array, axis: int, descending: bool, part: tuple[int, int]) -> Array:
    kept = (*[slice(None)] * axis, slice(*part))
    if not x.size:
        return mx.zeros(x.shape, mx.int64)[kept]
    if not descending:
        return mx.argsort(x, axis)[kept].astype(mx.int64)
    order = mx.argsort(mx.flip(x, axis), axis).astype(mx.int64)
    return mx.flip(x.shape[axis] - 1 - order, axis)[kept]


def extreme_so_far(x: Array, axis: int, largest: bool) -> Array:
    """In steps that double: after each, an element knows which is the extreme one of twice as many before it."""
    size, by = x.shape[axis], 1
    places = mx.broadcast_to(mx.arange(size, dtype=mx.int64).reshape(-1, *[1] * (x.ndim - 1 - axis)), x.shape)
    while x.size and by < size:
        first, early, late = ((*[slice(None)] * axis, part) for part in (slice(by), slice(-by), slice(by, None)))
        later = mx.isnan(x[late]) | (x[late] >= x[early] if largest else x[late] <= x[early])
        x, places = (mx.concat([t[first], mx.where(later, t[late], t[early])], axis) for t in (x, places))
        by *= 2
    return places


def cumulative_sum(x: Array, axis: int) -> Array:
    return _accumulated(mx.cumsum, x, axis)


def cumulative_prod(x: Array, axis: int) -> Array:
    return _accumulated(mx.cumprod, x, axis)


def _accumulated(function: Callable[..., Any], x: Array, axis: int) -> Array:
    if not x.size:
        return x
    return function(in_float32(x), axis).astype(x.dtype)


def count_nonzero(x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    return sum(x.astype(mx.int64), axis, keepdims)


def searchsorted(x1: Array, x2: Array, side: str) -> Array:
    return mx.searchsorted(x1, x2, side).astype(mx.int64)


# --- Linear algebra --------------------------------------------------------------------------------------------------


def matmul(x1: Array, x2: Array) -> Array:
    if not mx.issubdtype(x1.dtype, mx.inexact):  # MLX multiplies matrices of floats alone
        if x1.shape[-1] != x2.shape[-2]:
            raise ValueError("matmul: sizes differ")
        products = x1[..., :, :, None] * x2[..., None, :, :]
        return (any if x1.dtype == mx.bool_ else sum)(products, (products.ndim - 2,))
    return mx.matmul(x1, x2)


# --- Indexing --------------------------------------------------------------------------------------------------------


def bounded(indices: Array, size: int, where: str) -> Array:
    """The indices, kept inside an axis of this size; if one was not, the next value that is read raises IndexError."""
    if not indices.size:
        return indices
    outside = (indices < -size) | (indices >= size)
    first = mx.take(indices, mx.argmax(outside))  # the first that is outside, if any is
    if not size:
        raise IndexError(f"{where}: index {to_numpy(first)} is outside")
    check(where, size, first)
    return mx.where(outside, 0, indices)


def getitem(x: Array, key: Any) -> Array:
    return x[key]


def setitem(x: Array, value: Array, key: Any) -> Array:
    if not x[key].size:  # MLX may divide by its size, which stops the program
        return x
    if _is_mixed(key, x.shape):
        places = _places(x.shape, key)
        flat, values = mx.reshape(x, (-1,)), mx.reshape(mx.broadcast_to(value, places.shape), (-1,))
        return mx.reshape(setitem(flat, values, (mx.reshape(places, (-1,)),)), x.shape)
    with _wide(x):
        out = mx.array(x)
        out[key] = value
    return out


def scatter_add(values: Array, key: Any, shape: tuple[int, ...]) -> Array:
    if not values.size:  # MLX looks at shapes that are not there
        return mx.zeros(shape, values.dtype)
    if _is_mixed(key, shape):
        places = mx.reshape(_places(shape, key), (-1,))
        return mx.reshape(scatter_add(mx.reshape(values, (-1,)), (places,), (math.prod(shape),)), shape)
    wide = in_float32(values)
    out = mx.zeros(shape, wide.dtype)
    with _wide(values):
        return out.at[key].add(wide).astype(values.dtype)


def scatter_reduce(x: Array, values: Array, key: Any, reduce: str) -> Array:
    method = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}[reduce]
    with _wide(x):
        out = getattr(in_float32(x).at[key], method)(in_float32(values)).astype(x.dtype)
    if reduce == "prod" or not mx.issubdtype(x.dtype, mx.floating):
        return out
    nans = mx.isnan(x) | (scatter_add(mx.isnan(values).astype(x.dtype), key, x.shape) > 0)  # MLX passes over nan
    return mx.where(nans, mx.array(math.nan, x.dtype), out)


def _is_mixed(key: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether arrays stand apart, have no axes, or stand beside anything but whole axes.

    MLX then writes to other places than it reads from.
    """
    at = [i for i, part in enumerate(key) if type(part) is mx.array]
    if not at:
        return False
    beside = [(part, n) for part, n in zip(key, shape, strict=False) if type(part) is not mx.array]
    whole = len(key) == len(shape) and beside == [(slice(0, n, 1), n) for _, n in beside]
    return not whole or at[-1] - at[0] >= len(at) or 0 in {key[i].ndim for i in at}


def _places(shape: tuple[int, ...], key: Any) -> Array:
    """The places that a key reads, as one number each."""
    return mx.reshape(mx.arange(math.prod(shape), dtype=mx.int64), shape)[key]


# --- Neural networks -------------------------------------------------------------------------------------------------


def convolve(
    x: Array,
    weight: Array,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    input_dilation: tuple[int, ...],
    groups: int,
) -> Array:
    options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "input_dilation": input_dilation}
    if groups > 1 and x.ndim > 4:  # MLX has groups along one or two axes alone
        parts = zip(mx.split(x, groups, 1), mx.split(weight, groups), strict=True)
        return mx.concat([convolve(*part, **options, groups=1) for part in parts], 1)
    if is_complex(x):
        (a, b), (c, d) = ((mx.real(z), mx.imag(z)) for z in (x, weight))
        ac, bd, ad, bc = (convolve(*pair, **options, groups=groups) for pair in ((a, c), (b, d), (a, d), (b, c)))
        return _complex(ac - bd, ad + bc)
    x, padding = _cut(x, padding, input_dilation)
    counts = [
        ((n - 1) * spread + low + high - (k - 1) * d) // step + 1
        for n, k, (low, high), step, d, spread in zip(
            x.shape[2:], weight.shape[2:], padding, stride, dilation, input_dilation, strict=True
        )
    ]
    if not (x.size and weight.size and math.prod(counts)):  # MLX may divide by a size of 0, which stops the program
        return mx.zeros((x.shape[0], weight.shape[0], *counts), x.dtype)
    out = mx.conv_general(
        mx.moveaxis(x, 1, -1),
        mx.moveaxis(weight, 1, -1),
        stride=stride,
        padding=([low for low, _ in padding], [high for _, high in padding]),
        kernel_dilation=dilation,
        input_dilation=input_dilation,
        groups=groups,
    )
    return mx.moveaxis(out, -1, 1)


def _cut(x: Array, padding: tuple[tuple[int, int], ...], steps: tuple[int, ...]) -> Any:
    """x without the elements that negative padding cuts off, and the padding that is left, which is not negative.

    MLX would cut off elements before it spreads them, so too many where they stand apart.
    """
    key: list[slice] = [slice(None), slice(None)]
    left = []
    for n, (low, high), step in zip(x.shape[2:], padding, steps, strict=True):
        first, last = (-(end // step) if end < 0 else 0 for end in (low, high))
        key.append(slice(first, n - last))
        left.append((low + first * step, high + last * step))
    return (x, padding) if left == list(padding) else (x[tuple(key)], left)


def windows(x: Array, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Array:
    lead = x.ndim - len(kernel)
    steps = [math.prod(x.shape[i + 1 :]) for i in range(x.ndim)]
    shape = (*x.shape[:lead], *_counts(x.shape[lead:], kernel, stride, dilation), *kernel)
    strides = (*steps[:lead], *(a * s for by in (stride, dilation) for a, s in zip(steps[lead:], by, strict=True)))
    return mx.as_strided(x, shape, strides) if math.prod(shape) else mx.zeros(shape, x.dtype)


def overlap_add(x: Array, sizes: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Array:
    lead, space = x.ndim - 2 * len(sizes), len(sizes)
    counts, kernel = x.shape[lead : lead + space], x.shape[lead + space :]
    out = mx.zeros((*x.shape[:lead], *sizes), mx.float32 if x.dtype.size == 2 else x.dtype)
    if not x.size:
        return out.astype(x.dtype)
    for place in np.ndindex(*kernel):  # one element of each window: they do not overlap
        starts = [i * d for i, d in zip(place, dilation, strict=True)]
        key = (..., *(slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(starts, counts, stride, strict=True)))
        out[key] = out[key] + x[(..., *place)]
    return out.astype(x.dtype)


def _counts(sizes: Any, kernel: Any, stride: Any, dilation: Any) -> list[int]:
    """How many places a kernel has along each axis."""
    return [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)]


def resample(x: Array, taps: Taps, axis: int) -> Array:
    out = mx.zeros((*x.shape[:axis], len(taps), *x.shape[axis + 1 :]), mx.float32 if x.dtype.size == 2 else x.dtype)
    for rows, places, weights in rounds(taps) if x.size else ():
        along = mx.array(weights, out.dtype).reshape((-1,) + (1,) * (x.ndim - 1 - axis))
        term = mx.take(x, mx.array(places), axis) * along
        out = out + term if len(rows) == len(taps) else out.at[(*[slice(None)] * axis, mx.array(rows))].add(term)
    return out.astype(x.dtype)
