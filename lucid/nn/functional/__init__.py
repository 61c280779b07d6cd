"""What modules compute, as functions without state, under PyTorch's names and with PyTorch's meanings."""

from . import (
    activation,
    arrangement,
    attention,
    convolution,
    dense,
    lookup,
    losses,
    noise,
    normalization,
    pooling,
    resizing,
)
from .activation import *
from .arrangement import *
from .attention import *
from .convolution import *
from .dense import *
from .dimensions import pair
from .lookup import *
from .losses import *
from .noise import *
from .normalization import *
from .pooling import *
from .resizing import *

CHAPTERS = (
    *(activation, arrangement, attention, convolution, dense, lookup, losses, noise, normalization, pooling),
    *(resizing,),
)
__all__ = [name for chapter in CHAPTERS for name in chapter.__all__]
