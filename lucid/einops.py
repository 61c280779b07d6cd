"""Tensors in einops, which asks a backend of its own for each library whose arrays it meets.

A backend is a subclass of einops' class, so it can only be made once einops is imported: at once if that was before
lucid, and else when it happens. Nothing is imported for it.

    import lucid, einops
    einops.rearrange(lucid.zeros((2, 3, 4)), "b h w -> b (h w)")
"""

import sys
from typing import Any

from . import ops
from .tensor import Tensor

__all__: list[str] = []

HOME = "einops._backends"


def register(backends: Any) -> None:
    """Make the backend: einops finds it among the subclasses of its own, by `framework_name`."""

    class Backend(backends.AbstractBackend):
        framework_name = "lucid"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Tensor)

        def from_numpy(self, x: Any) -> Tensor:
            return ops.asarray(x)

        def to_numpy(self, x: Tensor) -> Any:
            return x.detach().numpy()

        def arange(self, start: int, stop: int) -> Tensor:
            return ops.arange(start, stop)

        def transpose(self, x: Tensor, axes: Any) -> Tensor:
            return ops.permute_dims(x, tuple(axes))

        def reduce(self, x: Tensor, operation: str, axes: Any) -> Tensor:
            return getattr(ops, operation)(x, axis=tuple(axes))

        def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Tensor:
            return ops.stack(tensors)

        def add_axis(self, x: Tensor, new_position: int) -> Tensor:
            return ops.expand_dims(x, axis=new_position)

        def tile(self, x: Tensor, repeats: Any) -> Tensor:
            return ops.tile(x, tuple(repeats))

        def concat(self, tensors: list[Tensor], axis: int) -> Tensor:
            return ops.concat(tensors, axis=axis)

        def is_float_type(self, x: Tensor) -> bool:
            return x.dtype.is_floating

        def einsum(self, pattern: str, *x: Tensor) -> Tensor:
            return ops.einsum(pattern, *x)

    backends.LucidBackend = Backend  # `__subclasses__` holds classes weakly, so somebody has to keep it


class _WhenImported:
    """Python asks this finder for every module. It lets einops be imported as ever, and registers the backend then."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != HOME:
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)  # type: ignore[arg-type]
        if (spec := find_spec(name)) and (loader := spec.loader):
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                register(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if HOME in sys.modules:
    register(sys.modules[HOME])
else:
    sys.meta_path.insert(0, _WhenImported())  # type: ignore[arg-type]
