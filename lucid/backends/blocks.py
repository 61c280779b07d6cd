"""Arrays cut into blocks that fit the cache, and threads that share them.

A kernel states its formula for one block, in place; `in_blocks` applies it to all:

    def doubled(x):
        out = np.empty_like(x)
        in_blocks(lambda x, out: np.multiply(x, 2, out=out), x, out)
        return out

NumPy lets go of the interpreter while it computes, so threads really run side by side. What a formula allocates for
itself is so small that the system hands out the same memory again, still in the cache.

BLAS has threads of its own, which rest while ours run (`blas.py`). Where it takes no such order, formulas that multiply
matrices run one after the other.
"""

import os
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import cache
from itertools import pairwise
from operator import index
from threading import Lock
from typing import Any

from .blas import blas_alone, blas_takes_orders, set_blas_threads

__all__ = ["get_num_threads", "in_blocks", "set_num_threads"]

Array = Any
Blocks = list[tuple[Array, ...]]

BLOCK = 1 << 16  # elements: with fewer, threads wait for each other at the interpreter; with more, they leave the cache
SMALL = 1 << 16  # elements: waking a thread for fewer costs more than it gains


def in_blocks(formula: Callable[..., Any], *arrays: Array, rows: int | None = None, blas: bool = False) -> list[Any]:
    """[formula(*block) for block in blocks], where each block holds the same rows of every array, of the first axis.

    That is as many rows as fit the cache, or `rows`. `blas` says that the formula multiplies matrices. Threads take the
    blocks in any order; the first error of a formula is raised when all threads have stopped.
    """
    if max([a.size for a in arrays]) <= SMALL and (rows is None or len(arrays[0]) <= rows):
        return [formula(*arrays)]  # one block, as most arrays are
    blocks = _cut(arrays, rows)
    helpers = min(get_num_threads(), len(blocks)) - 1
    if helpers < 1 or _inside.get() or (blas and not blas_takes_orders()):
        return [formula(*block) for block in blocks]
    results: list[Any] = [None] * len(blocks)
    todo = deque(range(len(blocks)))

    def work() -> None:
        _inside.set(True)
        with blas_alone():
            while todo:
                try:
                    place = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    results[place] = formula(*blocks[place])
                except BaseException:
                    todo.clear()
                    raise

    pool = _pool()
    others = [pool.submit(copy_context().run, work) for _ in range(helpers)]
    try:
        copy_context().run(work)
    finally:
        errors = [other.exception() for other in others if not other.cancel()]  # a late one has nothing to do
    for error in filter(None, errors):
        raise error
    return results


def _cut(arrays: tuple[Array, ...], rows: int | None) -> Blocks:
    """Blocks of nearly equal size; at least one for each thread, if there is enough to do."""
    length, size = len(arrays[0]), max(a.size for a in arrays)
    count = -(-length // rows) if rows else -(-size // BLOCK)
    count = max(min(max(count, get_num_threads() if size > SMALL else 1), length), 1)
    edges = [length * i // count for i in range(count + 1)]
    return [tuple(a[start:end] for a in arrays) for start, end in pairwise(edges)]


# --- Our threads -----------------------------------------------------------------------------------------------------

_inside = ContextVar("inside", default=False)  # whether a formula is running: what it calls stays in its thread
_lock = Lock()
_number: int | None = None


def get_num_threads() -> int:
    """How many threads the cpu computes with.

    As many as there are cores for this process, unless the environment variable LUCID_NUM_THREADS or `set_num_threads`
    says otherwise.
    """
    global _number
    if _number is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        given = os.environ.get("LUCID_NUM_THREADS", cores)
        try:
            set_num_threads(int(given))
        except ValueError:
            raise ValueError(f"LUCID_NUM_THREADS={given!r}; wanted a number of threads, at least 1") from None
        assert _number is not None
    return _number


def set_num_threads(number: int) -> None:
    """Let the cpu compute with so many threads from now on, NumPy's matrix products too where its BLAS can be told.

    Raises ValueError for less than one, TypeError for what is no integer.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    global _number
    number = index(number)
    if number < 1:
        raise ValueError(f"set_num_threads: got {number}; wanted at least 1")
    with _lock:
        _number = number
        _pool.cache_clear()
    set_blas_threads(number)


@cache
def _pool() -> Any:
    """The threads beside the one that calls; they start when they are first needed."""
    from concurrent.futures import ThreadPoolExecutor  # slow to import

    return ThreadPoolExecutor(max(get_num_threads() - 1, 1), "lucid")


def _after_fork() -> None:
    """A child process has none of the threads, and nobody who would let go of the lock."""
    global _lock
    _lock = Lock()
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
