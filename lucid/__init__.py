"""lucid: tensors with gradients, on NumPy (device="cpu") and on MLX (device="gpu").

>>> import lucid
>>> x = lucid.asarray([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.], dtype=float32, device='cpu')
"""

from importlib import import_module
from math import e, inf, nan, pi
from typing import Any

from . import autograd, einops, errors, random, spellings
from .autograd import enable_grad, grad, is_grad_enabled, no_grad, set_grad_enabled
from .backends.blocks import get_num_threads, set_num_threads
from .compiler import compile
from .devices import Device, default_device, is_available, set_default_device, use_device
from .dtypes import (
    DType,
    bfloat16,
    bool,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .ops import *
from .tensor import Tensor

__version__ = "0.1.0"

__array_api_version__ = "2025.12"

newaxis = None

del globals()["tensor"]  # the file: whoever calls it means `asarray`, and is told so

SUBMODULES = ("amp", "debug", "io", "memory", "models", "nn", "optim")
DEBUGGING = ("parity", "profile")  # functions of lucid.debug


def __getattr__(name: str) -> Any:  # what stands on the tensor library loads when it is first used
    if name in SUBMODULES:
        return import_module(f".{name}", __name__)
    if name in DEBUGGING:
        return getattr(import_module(".debug", __name__), name)
    return spellings.telling(__name__)(name)
