"""Models by name: one file for each family, one interface for all.

>>> from lucid import models
>>> models.list_models("pvt_v2_*")
['pvt_v2_b0', 'pvt_v2_b1', 'pvt_v2_b2', 'pvt_v2_b2_li', 'pvt_v2_b3', 'pvt_v2_b4', 'pvt_v2_b5']
"""

from .pvt import PVT, PVTConfig, pvt_huge, pvt_large, pvt_medium, pvt_small, pvt_tiny
from .pvt_v2 import PVTv2, PVTv2Config, pvt_v2_b0, pvt_v2_b1, pvt_v2_b2, pvt_v2_b2_li, pvt_v2_b3, pvt_v2_b4, pvt_v2_b5
from .registry import list_models, register_model
from .weights import create_model

__all__ = [
    *("PVT", "PVTConfig", "PVTv2", "PVTv2Config", "create_model", "list_models"),
    *("pvt_huge", "pvt_large", "pvt_medium", "pvt_small", "pvt_tiny"),
    *("pvt_v2_b0", "pvt_v2_b1", "pvt_v2_b2", "pvt_v2_b2_li", "pvt_v2_b3", "pvt_v2_b4", "pvt_v2_b5"),
    "register_model",
]
