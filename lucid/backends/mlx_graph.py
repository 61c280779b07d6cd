"""The graphs that MLX builds and computes later: what is pending and when it is begun, what is checked when it is read,
and functions that are traced into a graph of their own.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any

import mlx.core as mx

from ..errors import CompileError, DeviceError

Array = Any

NODE_BYTES = 2048  # what one pending op costs beside its result
AHEAD = 2  # evaluations that may run when another one starts: so many keep a gpu busy, and more hold memory
BUDGET = 256 * 1024**2  # pending bytes at which evaluation starts by itself


class _State(threading.local):
    """Of one thread, as MLX's own graph is: what is pending, what is still to be checked, whether a trace runs."""

    def __init__(self) -> None:
        self.pending = [0]  # bytes: in a list, since looking up a name of a thread costs as much as a number
        self.checks: dict[tuple[str, int], Array] = {}  # by who asks and the size of the axis: an index to be inside
        self.running: deque[Array] = deque()  # one array of each evaluation that was started and not waited for
        self.tracing = False
        self.formula: Any = None  # what `each_element` computes now
        self.starts = False  # whether the trace at hand asked to begin to compute


_state = _State()


def border(kernel: Callable[..., Any]) -> Callable[..., Any]:
    array_type, state = mx.array, _state

    def call(*arrays: Array, **options: Any) -> Any:
        out = kernel(*arrays, **options)
        if type(out) is array_type:
            pending = state.pending
            pending[0] += out.nbytes + NODE_BYTES
            if pending[0] > BUDGET:
                start([out])
        return out

    return call


def set_budget(size: int) -> int:
    """Begin to compute at so many pending bytes; returns how many they were before."""
    global BUDGET
    before, BUDGET = BUDGET, size
    return before


def trace(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a graph that MLX builds at the first call, and again for other shapes and dtypes.

    What is to be checked inside comes out beside the results, and is checked as it is outside.
    """
    checked: list[tuple[str, int]] = []
    starts, nbytes = False, 0

    def traced(*arrays: Array) -> Any:
        nonlocal starts, nbytes
        before = _state.tracing, _state.checks, _state.starts
        _state.tracing, _state.checks, _state.starts = True, {}, False
        try:
            out = function(*arrays)
            checked[:], starts, nbytes = _state.checks, _state.starts, sum(a.nbytes for a in out)
            return out, list(_state.checks.values())
        finally:
            _state.tracing, _state.checks, _state.starts = before

    run = mx.compile(traced)

    def call(*arrays: Array) -> Any:
        out, checks = run(*arrays)
        for (where, size), index in zip(checked, checks, strict=True):
            check(where, size, index)
        pending = _state.pending
        pending[0] += nbytes
        if starts or pending[0] > BUDGET:
            start(out)
        return out

    return call


def is_tracing() -> bool:
    return _state.tracing


def check(where: str, size: int, index: Array) -> None:
    """Raise an IndexError where a value is next read, if this index, or one before it, is outside such an axis."""
    before = _state.checks.get((where, size))
    if before is not None:
        index = mx.where((before < -size) | (before >= size), before, index)
    _state.checks[where, size] = index


def each_element(
    function: Callable[..., Any], *arrays: Array, outputs: int, shared: Iterable[Array] = (), kind: Hashable = None
) -> tuple[Array, ...]:
    if kind is None or _state.tracing:
        return function(*arrays)
    _state.formula = function
    try:
        return _kernel(kind)(*arrays, *shared)
    finally:
        _state.formula = None


@lru_cache(maxsize=64)
def _kernel(kind: Hashable) -> Callable[..., Any]:
    """One kernel for all functions of a kind, whatever they share and of whatever shape their arrays are."""

    def traced(*arrays: Array) -> Any:
        _state.tracing = True
        try:
            return _state.formula(*arrays)
        finally:
            _state.tracing = False

    return mx.compile(traced, shapeless=True)


def start(arrays: list[Array]) -> None:
    _state.pending[0], _state.starts = 0, True
    if _state.tracing or not arrays:
        return
    running = _state.running
    if len(running) >= AHEAD:
        mx.eval(running.popleft())
    mx.async_eval(arrays, list(_state.checks.values()))
    running.append(min(arrays, key=lambda a: (a.ndim == 0, a.nbytes)))  # a count is there before the rest


def wait(arrays: list[Array]) -> None:
    if _state.tracing and not arrays:
        return
    if _state.tracing:
        raise CompileError(
            "a value was asked for (bool(), item(), numpy(), print, an index) while lucid.compile traces the function; "
            "return the tensor and read it outside, or choose with lucid.where"
        )
    checks, _state.checks = _state.checks, {}
    try:
        mx.eval(arrays, list(checks.values()))
    except RuntimeError as error:
        if "no Stream" not in str(error):
            raise
        raise DeviceError(
            "gpu: another thread computed this tensor and handed it over before its value was there; "
            "read it there first, as with x.numpy()"
        ) from None
    _state.pending[0] = 0
    for (where, size), first in checks.items():
        if not -size <= (place := first.item()) < size:
            raise IndexError(f"{where}: index {place} is outside")
