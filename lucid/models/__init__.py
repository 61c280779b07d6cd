"""Models by name: one file for each family, one interface for all.

>>> from lucid import models
>>> models.list_models("pvt_*")
['pvt_huge', 'pvt_large', 'pvt_medium', 'pvt_small', 'pvt_tiny']
"""

from .pvt import PVT, PVTConfig, pvt_huge, pvt_large, pvt_medium, pvt_small, pvt_tiny
from .registry import create_model, list_models, register_model

__all__ = [
    "PVT", "PVTConfig", "create_model", "list_models", "pvt_huge", "pvt_large", "pvt_medium", "pvt_small", "pvt_tiny",
    "register_model",
]  # fmt: skip
