"""Neural networks, under PyTorch's names: modules that hold parameters, and the functions they compute.

>>> import lucid
>>> from lucid import nn
>>> model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2))
>>> model(lucid.ones((3, 4))).shape
(3, 2)
"""

from . import (
    activation,
    arrangement,
    attention,
    container,
    convolution,
    dropout,
    embedding,
    functional,
    init,
    linear,
    losses,
    normalization,
    pooling,
    recurrent,
    transformer,
    utils,
)
from .activation import *
from .arrangement import *
from .attention import *
from .checkpoint import checkpoint
from .container import *
from .convolution import *
from .dropout import *
from .embedding import *
from .functional_call import functional_call
from .linear import *
from .losses import *
from .module import Module
from .normalization import *
from .parameter import Parameter
from .pooling import *
from .recurrent import *
from .transformer import *

CHAPTERS = (
    *(activation, arrangement, attention, container, convolution, dropout, embedding, linear, losses, normalization),
    *(pooling, recurrent, transformer),
)
__all__ = [
    "Module",
    "Parameter",
    "checkpoint",
    "functional",
    "functional_call",
    "init",
    "utils",
    *(name for chapter in CHAPTERS for name in chapter.__all__),
]
