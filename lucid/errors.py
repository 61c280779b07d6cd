"""The errors of lucid: each is also the builtin that people already catch.

Every message says which function, what arrived, what was wanted and what to do.
"""

__all__ = [
    *("AxisError", "BatchError", "CheckpointError", "CompileError", "DTypeError", "DeviceError", "GradientError"),
    *("LinAlgError", "ShapeError"),
]


class DTypeError(TypeError):
    """A tensor has a dtype that the function is not defined for."""


class ShapeError(ValueError):
    """Shapes, axes or sizes do not fit each other."""


class AxisError(ShapeError, IndexError):
    """A tensor does not have the axis that was named."""


class DeviceError(RuntimeError):
    """Tensors live on different devices, or a device cannot do what was asked."""


class GradientError(RuntimeError):
    """A gradient was asked for that cannot be right."""


class CompileError(RuntimeError):
    """A value was read while its computation was only being traced."""


class BatchError(RuntimeError):
    """A value was read where it is that of many elements at once, inside vmap."""


class LinAlgError(ValueError):
    """A matrix does not have what was asked for: it is singular, or not positive definite, or holds nan."""


class CheckpointError(ValueError):
    """A file does not hold what was asked of it."""
