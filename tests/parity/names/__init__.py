"""PyTorch's names of ops, and what each is in lucid: NAMES. What lucid leaves out, with the reason: LEFT_OUT.

An adapter says how PyTorch's arguments become lucid's, and is no part of lucid: where `amax` is `max` with another
keyword, where `addmm` is a formula, where `vstack` is `concat`.
"""

from . import creation, elementwise, indexing, linear_algebra, masked, neural, reductions, shapes, transforms
from .adapting import Call, Unsupported
from .left_out import LEFT_OUT

__all__ = ["LEFT_OUT", "NAMES", "Unsupported"]

CHAPTERS = (creation, elementwise, indexing, linear_algebra, masked, neural, reductions, shapes, transforms)
NAMES: dict[str, Call] = {name: function for chapter in CHAPTERS for name, function in chapter.NAMES.items()}
