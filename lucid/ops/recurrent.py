"""Recurrences: a state that goes from step to step through a sequence, as recurrent networks have it."""

from collections.abc import Callable
from typing import NamedTuple

from ..autograd.operation import composite
from ..errors import ShapeError
from ..tensor import Tensor
from .activation import relu
from .arguments import REAL_FLOATING, choose, together_with
from .dense import linear
from .elementwise import sigmoid, tanh
from .manipulation import split, stack, unstack

__all__ = ["recurrence"]

State = tuple[Tensor, ...]  # the hidden state h, and what else goes from step to step


def _lstm(given: Tensor, kept: Tensor, state: State) -> State:
    i, f, g, o = split(given + kept, 4, axis=-1)
    c = sigmoid(f) * state[1] + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def _gru(given: Tensor, kept: Tensor, state: State) -> State:
    (xr, xz, xn), (hr, hz, hn) = (split(x, 3, axis=-1) for x in (given, kept))
    n = tanh(xn + sigmoid(xr + hr) * hn)
    return (n + sigmoid(xz + hz) * (state[0] - n),)


class Cell(NamedTuple):
    """A step of a recurrence."""

    step: Callable[[Tensor, Tensor, State], State]  # of input and hidden state, both times weights, and of the state
    gates: int  # both have so many times the features of the hidden state
    states: int = 1  # how many tensors are the state


CELLS = {
    "tanh": Cell(lambda given, kept, state: (tanh(given + kept),), 1),
    "relu": Cell(lambda given, kept, state: (relu(given + kept),), 1),
    "gru": Cell(_gru, 3),
    "lstm": Cell(_lstm, 4, 2),
}


@composite
def _recurrence(
    given: Tensor, weight: Tensor, bias: Tensor | None, h: Tensor, c: Tensor | None, /, *, cell: str
) -> Tensor:
    state: State = (h,) if c is None else (h, c)
    outs = []
    for x in unstack(given):
        state = CELLS[cell].step(x, linear(state[0], weight, bias), state)
        outs.append(state[0])
    return stack([*outs, *state[1:]])


def recurrence(
    given: Tensor, weight: Tensor, bias: Tensor | None, h: Tensor, c: Tensor | None = None, /, *, cell: str
) -> Tensor:
    """The hidden states h that a `cell` makes of a sequence, one after each step; for "lstm" then the last c.

    given (time, ..., gates n) is all inputs times their weights, h (..., n) the first state, and c too for "lstm"
    alone; weight (gates n, n) and bias (gates n,) make of each state what it gives the next. The formulas are those of
    `lucid.nn.RNNCell` ("tanh", "relu"), `GRUCell` ("gru") and `LSTMCell` ("lstm"), with 1, 3 and 4 gates. Returns
    (time, ..., n), or (time + 1, ..., n). Autocast has no say in the states, which add up over time.

    Raises ShapeError if the sizes do not fit or there is no step, ValueError for another cell.

    >>> import lucid
    >>> recurrence(lucid.ones((7, 2, 12)), lucid.ones((12, 4)), None, lucid.zeros((2, 4)), cell="gru").shape
    (7, 2, 4)
    """
    name = "recurrence"
    choose(name, "cell", cell, CELLS)
    given, weight, h, bias, c = together_with(name, REAL_FLOATING, (given, weight, h), (bias, c))
    gates, count = CELLS[cell].gates, CELLS[cell].states
    states, n = [x.shape for x in (h, c) if x is not None], gates * h.shape[-1] if h.ndim else 0
    fit = given.ndim > 1 and given.shape[0] and given.shape[-1] == n and weight.shape == (n, *h.shape[-1:])
    if not fit or states != [given.shape[1:-1] + h.shape[-1:]] * count or (bias is not None and bias.shape != (n,)):
        raise ShapeError(
            f"{name}: got given {given.shape}, weight {weight.shape}, bias {bias if bias is None else bias.shape} and "
            f"states {states}; wanted (time, ..., {gates} n), ({gates} n, n), ({gates} n,) and {count} of (..., n)"
        )
    return _recurrence(given, weight, bias, h, c, cell=cell)
