"""Linear algebra: the `linalg` extension of the Array API standard, and what NumPy and PyTorch have beside it.

Matrices stand in the last two axes; other axes count them. 16-bit numbers are computed with in float32, and integers
become float32. On a gpu most of this runs on the processor, in the same memory, and waits for its input.

Gradient rules write `adjoint` for the conjugate transpose, and the dot product of two matrices is the real part of
sum(conj(a) * b). Gradients of eigenvectors and singular vectors are quotients by the distances of values: where these
are 0 LinAlgError is raised, while the gradients of values alone are there always.
"""

from ...spellings import telling
from ..linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from . import decompositions, determinants, diagonals, elimination, norms, products, solvers
from .decompositions import *
from .determinants import *
from .diagonals import *
from .elimination import *
from .norms import *
from .products import *
from .solvers import *

SECTIONS = (decompositions, determinants, diagonals, elimination, norms, products, solvers)
__all__ = [
    *("matmul", "matrix_transpose", "tensordot", "vecdot"),
    *(name for section in SECTIONS for name in section.__all__),
]

__getattr__ = telling(__name__)
