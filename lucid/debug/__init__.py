"""Looking into a model as it runs: whether the devices agree on it, and where its time and memory go."""

from .parity import Parity, parity
from .profile import Profile, profile

__all__ = ["Parity", "Profile", "parity", "profile"]
