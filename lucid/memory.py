"""The memory of the gpu: how much tensors hold, how much they held at most, and how much work may wait to be computed.

The cpu has no such counters: NumPy hands memory back to the system at once, which counts it better.

>>> import lucid
>>> from lucid import memory
>>> if lucid.is_available("gpu"):
...     x = lucid.random.uniform((256, 256), device="gpu")
...     assert 0 < x.sum().item() < x.size
...     assert x.nbytes <= memory.active() <= memory.peak()
"""

from operator import index

from .devices import backend

__all__ = ["active", "peak", "reset_peak", "set_budget"]


def set_budget(size: int) -> int:
    """Begin to compute in the background whenever `size` bytes of results wait; returns the budget before.

    A gpu computes nothing before it is needed, and what waits keeps its inputs alive: with a budget memory stays flat
    in any loop that holds nothing. It is counted in each thread, and is 256 MiB unless set. More lets longer graphs
    build up, less starts earlier. Raises ValueError for a budget below 1, DeviceError without MLX.
    """
    size = index(size)
    if size < 1:
        raise ValueError(f"set_budget: size={size}; wanted a number of bytes above 0")
    return backend("gpu", "set_budget").set_budget(size)


def active() -> int:
    """The bytes that tensors on the gpu hold now, with those that kernels use at the moment."""
    return backend("gpu", "active").active_memory()


def peak() -> int:
    """The most bytes that were active at once since the start, or since `reset_peak`."""
    return max(backend("gpu", "peak").peak_memory(), active())  # MLX's counter is 0 until memory is next asked for


def reset_peak() -> None:
    """Begin to measure the peak anew."""
    backend("gpu", "reset_peak").reset_peak_memory()
