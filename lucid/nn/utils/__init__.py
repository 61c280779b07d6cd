"""What one does with modules and sequences beside computing, under PyTorch's names.

Clipping is in `lucid.optim`: it changes gradients on their way to an optimiser.
"""

from ...spellings import telling
from . import parametrizations, parametrize, rnn
from .vectors import parameters_to_vector, vector_to_parameters

__all__ = ["parameters_to_vector", "parametrizations", "parametrize", "rnn", "vector_to_parameters"]

ELSEWHERE = {
    **{name: f"optim.{name}" for name in ("clip_grad_norm_", "clip_grad_value_")},
    **{name: f"nn.utils.parametrizations.{name}" for name in ("spectral_norm", "weight_norm")},
    **dict.fromkeys(("remove_spectral_norm", "remove_weight_norm"), "nn.utils.parametrize.remove_parametrizations"),
}

__getattr__ = telling(__name__, {name: f"lucid.{here}" for name, here in ELSEWHERE.items()})
