"""The ops: what there is to compute with, one file for each chapter of the Array API standard, and for each subject
beyond it: contraction, special functions, order statistics, scattering, arrangement, comparison, neural networks.

`__all__` of each chapter is what it adds to the namespace of `lucid`.
"""

from . import (
    arrangement,
    comparison,
    contraction,
    creation,
    data_types,
    elementwise,
    fft,
    indexing,
    inspection,
    linalg,
    linear_algebra,
    manipulation,
    methods,
    neural,
    order,
    scattering,
    searching,
    sets,
    sorting,
    special,
    statistical,
    transfer,
    utility,
)
from .arrangement import *
from .comparison import *
from .contraction import *
from .creation import *
from .data_types import *
from .elementwise import *
from .indexing import *
from .inspection import *
from .linear_algebra import *
from .manipulation import *
from .neural import *
from .order import *
from .scattering import *
from .searching import *
from .sets import *
from .sorting import *
from .special import *
from .statistical import *
from .transfer import *
from .utility import *

CHAPTERS = (
    *(arrangement, comparison, contraction, creation, data_types, elementwise, indexing, inspection),
    *(linear_algebra, manipulation, neural, order, scattering, searching, sets, sorting, special),
    *(statistical, transfer, utility),
)
__all__ = ["fft", "linalg", *(name for chapter in CHAPTERS for name in chapter.__all__)]
