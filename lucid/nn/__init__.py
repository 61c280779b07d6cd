"""Neural networks, under PyTorch's names: modules that hold parameters, and the functions they compute.

>>> import lucid
>>> from lucid import nn
>>> model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2))
>>> model(lucid.ones((3, 4))).shape
(3, 2)
"""

from . import functional, init
from .activation import GELU, ReLU, Softmax
from .attention import SpatialReductionAttention
from .container import ModuleList, Sequential
from .convolution import Conv2d
from .dropout import Dropout, DropPath
from .linear import Identity, Linear
from .module import Module
from .normalization import LayerNorm
from .parameter import Parameter

__all__ = [
    "Conv2d", "DropPath", "Dropout", "GELU", "Identity", "LayerNorm", "Linear", "Module", "ModuleList", "Parameter",
    "ReLU", "Sequential", "Softmax", "SpatialReductionAttention", "functional", "init",
]  # fmt: skip
