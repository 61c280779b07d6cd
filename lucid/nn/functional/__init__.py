"""What modules compute, as functions without state, under PyTorch's names and with PyTorch's meanings."""

from . import (
    activation,
    alignment,
    arrangement,
    attention,
    classification,
    convolution,
    dense,
    distance,
    lookup,
    losses,
    noise,
    normalization,
    pooling,
    resizing,
    sampling,
)
from .activation import *
from .alignment import *
from .arrangement import *
from .attention import *
from .classification import *
from .convolution import *
from .dense import *
from .dimensions import pair
from .distance import *
from .lookup import *
from .losses import *
from .noise import *
from .normalization import *
from .pooling import *
from .resizing import *
from .sampling import *

CHAPTERS = (
    *(activation, alignment, arrangement, attention, classification, convolution, dense, distance, lookup, losses),
    *(noise, normalization, pooling, resizing, sampling),
)
__all__ = [name for chapter in CHAPTERS for name in chapter.__all__]
