"""Linear algebra and Fourier transforms of MLX arrays.

MLX has most of linear algebra for the processor alone, in single precision, and finds out about singular matrices only
when it is too late to raise. NumPy runs on the same processor and memory, in double precision, and judges matrices as
the cpu backend does: decompositions go there. Fourier transforms are MLX's.
"""

from collections.abc import Callable
from typing import Any

from ..errors import CompileError
from . import numpy_linalg

Array = Any

METAL_LIMIT = 4096**2  # longer transforms run on the processor


def kernels(to_numpy: Callable[[Array], Any], from_numpy: Callable[[Any], Array], border: Any) -> dict[str, Any]:
    """The functions of `numpy_linalg` for MLX arrays, by name; `border` is that of NumPy's kernels."""
    import mlx.core as mx

    def on_host(name: str) -> Callable[..., Any]:
        kernel = border(getattr(numpy_linalg, name))

        def call(*arrays: Array, **options: Any) -> Any:
            try:
                host = [to_numpy(x) for x in arrays]
            except CompileError:
                raise CompileError(
                    f"{name}: runs in NumPy, so it cannot be part of a graph; call it outside of lucid.compile"
                ) from None
            found = kernel(*host, **{k: to_numpy(v) if type(v) is mx.array else v for k, v in options.items()})
            return tuple(from_numpy(a) for a in found) if isinstance(found, tuple) else from_numpy(found)

        return call

    def stream(sizes: tuple[int, ...]) -> Any:
        return mx.cpu if max(sizes, default=1) > METAL_LIMIT else None

    def fourier(x: Array, axes: tuple[int, ...], inverse: bool) -> Array:
        if not x.size or not axes:
            return x
        where = stream(tuple(x.shape[a] for a in axes))
        return (
            mx.fft.ifftn(x, axes=axes, norm="forward", stream=where)
            if inverse
            else mx.fft.fftn(x, axes=axes, stream=where)
        )

    def real_fourier(x: Array, axis: int) -> Array:
        if not x.size:
            shape = [n if i != axis else n // 2 + 1 for i, n in enumerate(x.shape)]
            return mx.zeros(shape, mx.complex64)
        return mx.fft.rfft(x, axis=axis, stream=stream((x.shape[axis],)))

    def inverse_real_fourier(x: Array, n: int, axis: int) -> Array:
        if not x.size:
            return mx.zeros([size if i != axis else n for i, size in enumerate(x.shape)], mx.float32)
        return mx.fft.irfft(x, n, axis, norm="forward", stream=stream((n,)))

    native = {"fourier": fourier, "real_fourier": real_fourier, "inverse_real_fourier": inverse_real_fourier}
    native |= {"tril": mx.tril, "triu": mx.triu}
    return {name: native.get(name) or on_host(name) for name in numpy_linalg.__all__}
