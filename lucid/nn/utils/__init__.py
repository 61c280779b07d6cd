"""What one does with modules and sequences beside computing, under PyTorch's names.

Clipping is in `lucid.optim`: it changes gradients on their way to an optimiser.
"""

from typing import Any

from . import rnn
from .vectors import parameters_to_vector, vector_to_parameters

__all__ = ["parameters_to_vector", "rnn", "vector_to_parameters"]


def __getattr__(name: str) -> Any:
    here = f"; it is lucid.optim.{name} here" if name in ("clip_grad_norm_", "clip_grad_value_") else ""
    raise AttributeError(f"module 'lucid.nn.utils' has no attribute {name!r}{here}", name=name)
