"""Whether ops are recorded for gradients, thread by thread."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class _Modes(threading.local):
    recording = True


MODES = _Modes()


def is_grad_enabled() -> bool:
    """Whether ops on tensors that require gradients are recorded, in this thread."""
    return MODES.recording


@contextmanager
def set_grad_enabled(mode: bool) -> Iterator[None]:
    """Record ops, or not, for the length of a with block or of a decorated function.

    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    """
    before, MODES.recording = MODES.recording, mode
    try:
        yield
    finally:
        MODES.recording = before


def no_grad() -> AbstractContextManager[None]:
    """Record nothing: for inference, and for updates of parameters. A context manager and a decorator.

    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with no_grad():
    ...     (x * 2).requires_grad
    False
    """
    return set_grad_enabled(False)


def enable_grad() -> AbstractContextManager[None]:
    """Record again inside a `no_grad` block. A context manager and a decorator."""
    return set_grad_enabled(True)
