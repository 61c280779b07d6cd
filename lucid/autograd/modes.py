"""What ops do beside computing, thread by thread: record for gradients, work for a batch, compute less precisely."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, TypeVar, overload

from ..dtypes import DType

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

Function = TypeVar("Function", bound=Callable[..., Any])


class Casting(NamedTuple):
    """The dtype in which each device computes what may be computed in low precision; None for the dtype that comes."""

    cpu: DType | None = None
    gpu: DType | None = None


class _Modes(threading.local):
    recording = True
    batch: Any = None  # the innermost batch whose function runs: see `batches`
    casting: Casting | None = None  # set by lucid.amp.autocast
    casts: dict[Any, Any] | None = None  # what parameters became, so that each is converted once


MODES = _Modes()


def is_grad_enabled() -> bool:
    """Whether ops on tensors that require gradients are recorded, in this thread."""
    return MODES.recording


@contextmanager
def _recording(mode: bool) -> Iterator[None]:
    before, MODES.recording = MODES.recording, mode
    try:
        yield
    finally:
        MODES.recording = before


class set_grad_enabled:
    """Record ops, or not, in this thread: from now on, or for the length of a with block or of a decorated function.

    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    >>> _ = set_grad_enabled(False)
    >>> (x * 2).requires_grad
    False
    >>> _ = set_grad_enabled(True)
    """

    def __init__(self, mode: bool) -> None:
        self.mode, self.before = mode, MODES.recording
        MODES.recording = mode

    def __enter__(self) -> None:
        MODES.recording = self.mode

    def __exit__(self, *error: object) -> None:
        MODES.recording = self.before

    def __call__(self, function: Function) -> Function:
        MODES.recording = self.before  # it was about the function alone
        return _recording(self.mode)(function)


@overload
def no_grad() -> AbstractContextManager[None]: ...
@overload
def no_grad(function: Function, /) -> Function: ...
def no_grad(function: Any = None, /) -> Any:
    """Record nothing: for inference, and for updates of parameters.

    A context manager, and a decorator with or without brackets.

    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with no_grad():
    ...     (x * 2).requires_grad
    False
    >>> @no_grad
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """
    return _mode(False, function)


@overload
def enable_grad() -> AbstractContextManager[None]: ...
@overload
def enable_grad(function: Function, /) -> Function: ...
def enable_grad(function: Any = None, /) -> Any:
    """Record again inside a `no_grad` block. A context manager, and a decorator with or without brackets."""
    return _mode(True, function)


def _mode(recording: bool, function: Any) -> Any:
    return _recording(recording) if function is None else _recording(recording)(function)
