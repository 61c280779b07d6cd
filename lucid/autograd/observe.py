"""Seeing ops as they run: what `lucid.parity` and `lucid.profile` are made of.

An observer stands around every op of its thread for the length of a with block:

>>> import lucid
>>> seen = []
>>> def around(step, compute):
...     seen.append(step.name)
...     return compute()
>>> x = lucid.asarray([1.0, 2.0], requires_grad=True)
>>> with observe(around):
...     (x * x).sum().backward()
>>> seen
['multiply', 'sum', 'gradient of sum', 'gradient of multiply']

It costs nothing while nobody looks: each op keeps a table of the backends' functions, and an observer has these tables
filled anew, with itself around each function. What runs inside a step, on the observer's own account too, is not seen.
A compiled function is seen only when it is traced.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any, NamedTuple

from .graph import Node

__all__ = ["Around", "Step", "observe", "watched", "watched_gradient"]


class Step(NamedTuple):
    """One op at work on bare arrays: on its inputs, or where there is a `node`, on the gradient that passes it."""

    op: Any
    inputs: tuple[Any, ...]  # None for an input that was left out, or an output that no gradient has reached
    options: dict[str, Any]
    node: Node | None = None
    wanted: Sequence[bool] = ()  # the inputs whose gradients are asked for

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return self.op.name if self.node is None else f"gradient of {self.op.name}"


Around = Callable[[Step, Callable[[], Any]], Any]
"""Called with a step and the function that computes it, whose result it returns: arrays, or NotImplemented where a
kernel declined."""


class _Observer:
    """Who looks, if anybody does."""

    around: Around | None = None
    thread = 0
    inside = False  # a step


OBSERVER = _Observer()
TABLES: list[dict[Any, Any]] = []  # of the functions of each op


@contextmanager
def observe(around: Around) -> Iterator[None]:
    """Let `around` stand around every op of this thread, in the place of an observer further out."""
    before = OBSERVER.around, OBSERVER.thread, OBSERVER.inside
    _change(around, get_ident(), False)
    try:
        yield
    finally:
        _change(*before)


def _change(around: Around | None, thread: int, inside: bool) -> None:
    OBSERVER.around, OBSERVER.thread, OBSERVER.inside = around, thread, inside
    for table in TABLES:
        table.clear()


def watched(op: Any, kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A backend's function of an op, with the observer around it if there is one."""
    if OBSERVER.around is None:
        return kernel
    return lambda *arrays, **options: _seen(Step(op, arrays, options), lambda: kernel(*arrays, **options))


def watched_gradient(node: Node, g: Any, wanted: list[bool], xp: Any) -> Any:
    """`node.op.vjp(node, g, wanted, xp)` with the observer around it, if it is that of an op: a node that ties others
    together, or runs a function of the user's, is none, and the ops that it runs are seen themselves."""
    assert node.op is not None
    vjp, inputs = node.op.vjp, g if isinstance(g, tuple) else (g,)
    if not hasattr(node.op, "kernels"):
        return vjp(node, g, wanted, xp)
    return _seen(Step(node.op, inputs, {}, node, wanted), lambda: list(vjp(node, g, wanted, xp)))


def _seen(step: Step, compute: Callable[[], Any]) -> Any:
    if OBSERVER.around is None or OBSERVER.inside or OBSERVER.thread != get_ident():
        return compute()
    OBSERVER.inside = True
    try:
        return OBSERVER.around(step, compute)
    finally:
        OBSERVER.inside = False
