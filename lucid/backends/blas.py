"""The threads of BLAS, which multiplies matrices for NumPy: they must rest while ours compute side by side.

OpenBLAS takes orders for the whole process, Apple's Accelerate for the thread that gives them, from macOS 15 on. Other
libraries take none, and then our threads must not multiply matrices at once.
"""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

__all__ = ["blas_alone", "blas_takes_orders", "kernels_of_blas", "set_blas_threads"]

OPENBLAS = ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}")
MULTI_THREADED, SINGLE_THREADED = range(2)  # the orders of Accelerate's BLASSetThreading

_lock = Lock()
_number = 1  # of threads, when nobody wants BLAS alone
_callers = 0  # who want it


def blas_takes_orders() -> bool:
    """Whether BLAS can be told how many threads to use, so that several of ours may call it at once."""
    return _orders() is not None


def set_blas_threads(number: int) -> None:
    """Tell BLAS how many threads to use, where it takes orders; while somebody wants it alone, that comes after it."""
    global _number
    with _lock:
        _number = number
        if not _callers:
            _tell(number)


@contextmanager
def blas_alone() -> Iterator[None]:
    """BLAS computes in the thread that calls it and in no other. Each thread that shares the work asks for itself."""
    global _callers
    with _lock:
        _callers += 1
        _tell(1)
    try:
        yield
    finally:
        with _lock:
            _callers -= 1
            if not _callers or _of_each_thread():
                _tell(_number)


def kernels_of_blas() -> str:
    """The processor that OpenBLAS took its kernels for, as "SkylakeX" for AVX-512; empty where NumPy has another BLAS.

    The environment variable OPENBLAS_CORETYPE may have chosen others than the fastest.
    """
    if (name := _openblas("get_corename")) is None:
        return ""
    name.restype = ctypes.c_char_p
    return str(name().decode())


def _tell(number: int) -> None:
    if (orders := _orders()) is not None:
        orders(number)


@cache
def _orders() -> Callable[[int], Any] | None:
    """What tells BLAS the number of its threads."""
    if (of_process := _openblas("set_num_threads")) is not None:
        return of_process
    if (of_thread := getattr(_library(), "BLASSetThreading", None)) is not None:
        return lambda number: of_thread(SINGLE_THREADED if number == 1 else MULTI_THREADED)
    return None


def _of_each_thread() -> bool:
    """Whether an order is for the thread that gives it."""
    return _openblas("set_num_threads") is None


@cache
def _openblas(function: str) -> Any:
    """A function of OpenBLAS; None where NumPy has another BLAS."""
    names = (name.format(function) for name in OPENBLAS)
    return next((getattr(_library(), name) for name in names if hasattr(_library(), name)), None)


@cache
def _library() -> Any:
    """NumPy's own, through which the functions of its BLAS are found."""
    return ctypes.CDLL(np._core._multiarray_umath.__file__)


def _after_fork() -> None:
    """A child process has nobody who would let go of the lock, nor any other caller."""
    global _lock, _callers
    _lock, _callers = Lock(), 0
    _tell(_number)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
