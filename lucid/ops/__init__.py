"""The ops: what there is to compute with, one file for each chapter of the Array API standard, and for each subject
beyond it: arithmetic, contraction, special functions, order statistics, missing values, relations, areas, scattering,
arrangement, comparison; and what neural networks are made of: activation, attention, convolution, normalization,
pooling, recurrence, resampling.

`__all__` of each chapter is what it adds to the namespace of `lucid`.
"""

from . import (
    activation,
    arithmetic,
    arrangement,
    attention,
    calculus,
    comparison,
    contraction,
    convolution,
    creation,
    data_types,
    dense,
    elementwise,
    fft,
    indexing,
    inspection,
    linalg,
    linear_algebra,
    manipulation,
    methods,
    missing_values,
    networks,
    normalization,
    order,
    pooling,
    recurrent,
    relation,
    resampling,
    scattering,
    searching,
    sets,
    sorting,
    special,
    statistical,
    transfer,
    utility,
)
from .activation import *
from .arithmetic import *
from .arrangement import *
from .attention import *
from .calculus import *
from .comparison import *
from .contraction import *
from .convolution import *
from .creation import *
from .data_types import *
from .dense import *
from .elementwise import *
from .indexing import *
from .inspection import *
from .linear_algebra import *
from .manipulation import *
from .missing_values import *
from .networks import *
from .normalization import *
from .order import *
from .pooling import *
from .recurrent import *
from .relation import *
from .scattering import *
from .searching import *
from .sets import *
from .sorting import *
from .special import *
from .statistical import *
from .transfer import *
from .utility import *

CHAPTERS = (
    *(activation, arithmetic, arrangement, attention, calculus, comparison, contraction, convolution, creation),
    *(data_types, dense, elementwise, indexing, inspection, linear_algebra, manipulation, missing_values),
    *(networks, normalization, order, pooling, recurrent, relation, scattering, searching, sets, sorting, special),
    *(statistical, transfer, utility),
)
__all__ = ["fft", "linalg", *(name for chapter in CHAPTERS for name in chapter.__all__)]
