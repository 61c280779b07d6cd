"""Random numbers that are the same on both devices.

Threefry (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) turns a key and a counter into bits. A
`Generator` is a seed and the count of draws so far; each draw has a key of its own. Bits, and so uniform numbers,
integers and permutations, are identical on cpu and gpu. The others agree to the last few bits; but where numbers are
compared (`gamma` and what is made of it, `categorical` and what is made of it, `poisson`), the devices choose
differently once in some millions.

The parameters of a distribution are numbers or tensors, which broadcast with each other. The shape of the result is
`shape`, to which they must broadcast, or if that is None their own. Device and dtype are theirs too, where the options
`device=` and `dtype=` do not say; the bits are those of the default generator, if not of `generator=`. Gradients flow
to the parameters of all continuous distributions.
"""

from ..spellings import telling
from . import continuous, counts, discrete, generator
from . import gamma as of_gamma
from .continuous import *
from .counts import *
from .discrete import *
from .gamma import ROUNDS, beta, dirichlet, gamma, student_t
from .generator import *

__all__ = [
    *continuous.__all__, *counts.__all__, *discrete.__all__, *of_gamma.__all__, *generator.__all__,
]  # fmt: skip

__getattr__ = telling(__name__)
