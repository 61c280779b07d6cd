"""The ops: what there is to compute with, one file for each chapter of the Array API standard, and neural networks.

The names here are those of the `lucid` namespace.
"""

from . import methods
from .creation import *
from .data_types import *
from .elementwise import *
from .indexing import *
from .linear_algebra import *
from .manipulation import *
from .neural import *
from .searching import *
from .sorting import *
from .statistical import *
