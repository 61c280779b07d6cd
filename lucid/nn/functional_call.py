"""A module as a function of its parameters: for gradients of each sample, steps inside of steps, ensembles."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..ops.arguments import tensor
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter

__all__ = ["functional_call", "is_replaced"]

Tensors = Mapping[str, Tensor]

_replaced: ContextVar[bool] = ContextVar("replaced", default=False)


def functional_call(
    module: Module,
    parameters_and_buffers: Tensors | Sequence[Tensors],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """module(*args, **kwargs), as if it had the tensors of `parameters_and_buffers`, by dotted name, and not its own.

    They are one dict or several; what none of them names stays. One name of a shared parameter stands for all that are
    not given. `args` is a tuple, or the only argument. Gradients flow to the tensors given, and what the module writes
    into a buffer in place, as batch norm does, it writes into the one given. Afterwards, or after an error, the module
    is as it was. Until then other threads see the tensors too, and `checkpoint` inside keeps all, as it would run again
    too late.

    Raises KeyError for a name that the module does not have, TypeError for anything but tensors.

    >>> import lucid
    >>> from lucid import nn
    >>> from lucid.autograd import value_and_grad, vmap
    >>> layer = nn.Linear(2, 1)
    >>> def loss(parameters, x):
    ...     return functional_call(layer, parameters, x).sum()
    >>> each = vmap(value_and_grad(loss), in_axes=(None, 0))  # the gradient of each sample
    >>> _, gradients = each(dict(layer.named_parameters()), lucid.asarray([[1.0, 2.0], [3.0, 4.0]]))
    >>> gradients["weight"].tolist()
    [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    is_one = isinstance(parameters_and_buffers, Mapping)
    dicts: Any = [parameters_and_buffers] if is_one else parameters_and_buffers
    given = {name: tensor("functional_call", x, name) for each in dicts for name, x in each.items()}
    with _replacing(module, given):
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


def is_replaced() -> bool:
    """Whether a functional_call runs in this thread: what runs later finds other parameters."""
    return _replaced.get()


@contextmanager
def _replacing(module: Module, given: Tensors) -> Iterator[None]:
    slots = {name: (owner, own) for name, owner, own in module._places()}
    for name in given:
        if name not in slots:
            raise KeyError(f"functional_call: {type(module).__name__} has no {name!r}; it has {', '.join(slots)}")
    held = {slot: vars(slot[0])[slot[1]] for slot in slots.values()}
    named = {id(held[slots[name]]): x for name, x in given.items()}
    token = _replaced.set(True)
    try:
        for name, slot in slots.items():
            if (x := given.get(name, named.get(id(held[slot])))) is not None:
                vars(slot[0])[slot[1]] = Parameter.like(x) if isinstance(held[slot], Parameter) else x
        yield
    finally:
        _replaced.reset(token)
        for (owner, own), x in held.items():
            vars(owner)[own] = x
