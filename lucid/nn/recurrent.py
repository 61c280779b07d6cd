"""Recurrent networks, whose state goes from step to step through a sequence, and cells, which take one such step.

What a step makes of the input and the hidden state, both multiplied by weights before, is in `lucid.ops.recurrent`. A
network multiplies the inputs of all steps at once, so that what goes from step to step has only the rest to do.
"""

from collections.abc import Sequence
from inspect import signature
from itertools import product
from typing import Any

from ..errors import ShapeError
from ..ops.arguments import tensor, whole
from ..ops.creation import zeros
from ..ops.manipulation import concat, flip, moveaxis, stack, unstack
from ..ops.recurrent import CELLS, State, recurrence
from ..tensor import Tensor
from . import functional, init
from .functional import linear
from .functional.noise import probability
from .module import Module
from .parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]


class Recurrent(Module):
    """The base of cells and networks: weights for each direction of each layer, and a step with them."""

    _cell: str  # which one takes the steps, of CELLS
    nonlinearity = "tanh"
    proj_size = 0

    def __init__(self, input_size: int, hidden_size: int, bias: bool, layers: Sequence[Sequence[str]]) -> None:
        """`layers` has what the names of weights end in, for each direction of each layer."""
        input_size, hidden_size = self._whole(input_size, "input_size"), self._whole(hidden_size, "hidden_size")
        if min(input_size, hidden_size, len(layers)) < 1:
            raise ShapeError(f"{self._name}: got {input_size=}, {hidden_size=}, {len(layers)} layers; wanted 1 or more")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"{self._name}: nonlinearity={self.nonlinearity!r}; choose 'tanh' or 'relu'")
        self.input_size, self.hidden_size, self.bias, self.layers = input_size, hidden_size, bias, layers
        self.sizes = (self.proj_size or hidden_size, hidden_size)[: CELLS[self._cell].states]  # of each tensor of it
        rows = CELLS[self._cell].gates * hidden_size
        for n, ends in enumerate(layers):
            inputs = len(ends) * self.sizes[0] if n else input_size
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, self.sizes[0])}
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
            shapes |= {"weight_hr": (self.proj_size, hidden_size)} if self.proj_size else {}
            for end, name in product(ends, shapes):
                setattr(self, name + end, Parameter(zeros(shapes[name])))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights and biases anew."""
        for parameter in self.parameters():
            init.uniform_(parameter, -(self.hidden_size**-0.5), self.hidden_size**-0.5)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _whole(self, value: int, name: str) -> int:
        return whole(self._name, value, name)

    def _weighted(self, x: Tensor, end: str) -> Tensor:
        return linear(x, getattr(self, f"weight_{end}"), getattr(self, f"bias_{end}", None))

    def _next(self, given: Tensor, state: State, end: str) -> State:
        """The state after a step, from the input times weights and the state before."""
        h, *rest = CELLS[self._cell].step(given, self._weighted(state[0], f"hh{end}"), state)
        return (linear(h, getattr(self, f"weight_hr{end}")) if self.proj_size else h, *rest)

    def _first(self, x: Tensor, hx: Tensor | State | None, *lead: int) -> State:
        """The first state as tensors (*lead, size), zeros if it is not given."""
        wanted = [(*lead, size) for size in self.sizes]
        if hx is None:
            return tuple(zeros(shape, dtype=x.dtype, device=x.device) for shape in wanted)
        state = tuple(tensor(self._name, h, "hx") for h in (hx if isinstance(hx, tuple | list) else (hx,)))
        if (found := [h.shape for h in state]) != wanted:
            raise ShapeError(f"{self._name}: x has shape {x.shape} and the tensors of hx {found}; wanted {wanted}")
        return state

    def multiply_adds(self, inputs: tuple[Any, ...], output: Any) -> int:
        return inputs[0].size // self.input_size * sum(p.size for p in self.parameters() if p.ndim > 1)

    def extra_repr(self) -> str:
        options = list(signature(type(self)).parameters.values())[2:]
        given = [(o.name, value) for o in options if (value := getattr(self, o.name, o.default)) != o.default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *(f"{name}={x!r}" for name, x in given)])


# --- Cells -----------------------------------------------------------------------------------------------------------


class Cell(Recurrent):
    """The base of cells."""

    bias_ih: Parameter | None = None
    bias_hh: Parameter | None = None

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__(input_size, hidden_size, bias, [[""]])

    def forward(self, x: Tensor, hx: Tensor | State | None = None) -> Tensor | State:
        if tensor(self._name, x).ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(f"{self._name}: x has shape {x.shape}; wanted (b, {self.input_size}), or without b")
        state = self._next(self._weighted(x, "ih"), self._first(x, hx, *x.shape[:-1]), "")
        return state if len(state) > 1 else state[0]


class RNNCell(Cell):
    """tanh(W x + b + U h + d), or relu for `nonlinearity`, of inputs x and the hidden state h.

    x is (b, input_size) and h (b, hidden_size), zeros if not given, or both without b; so is what is returned. The
    weights W and U, named `weight_ih` and `weight_hh`, are (hidden_size, ...), the biases b and d, `bias_ih` and
    `bias_hh`, (hidden_size,) or None. All start uniformly between -1 / sqrt(hidden_size) and 1 / sqrt(hidden_size).

    Elman, Finding Structure in Time, 1990. Raises ShapeError for other sizes, ValueError for another nonlinearity.

    >>> import lucid
    >>> RNNCell(3, 5)(lucid.ones((2, 3))).shape
    (2, 5)
    """

    _cell = property(lambda self: self.nonlinearity)  # type: ignore[assignment]

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh") -> None:
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias)


class LSTMCell(Cell):
    """c' = f c + i g and h' = o tanh(c'), of inputs x and the state (h, c): the pair (h', c').

    The gates i, f and o are sigmoids and g is a tanh, each of a quarter of W x + b + U h + d, in the order i, f, g, o.
    Shapes and weights are as those of `RNNCell`, the latter with 4 hidden_size rows.

    Hochreiter and Schmidhuber, Long Short-Term Memory, 1997. Raises ShapeError for other sizes.

    >>> import lucid
    >>> h, c = LSTMCell(3, 5)(lucid.ones((2, 3)))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    _cell = "lstm"


class GRUCell(Cell):
    """(1 - z) n + z h with n = tanh(W x + b + r (U h + d)), of inputs x and the hidden state h.

    The gates r and z are sigmoids of W x + b + U h + d. Shapes and weights are as those of `RNNCell`, the latter with
    3 hidden_size rows, a third each for r, z and n.

    Cho et al., 2014 (arXiv 1406.1078), with r behind the product, as in CuDNN. Raises ShapeError for other sizes.

    >>> import lucid
    >>> GRUCell(3, 5)(lucid.ones((2, 3))).shape
    (2, 5)
    """

    _cell = "gru"


# --- Networks --------------------------------------------------------------------------------------------------------


class Network(Recurrent):
    """The base of networks, which go through a sequence with the step of a cell."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ) -> None:
        hidden_size, num_layers = self._whole(hidden_size, "hidden_size"), self._whole(num_layers, "num_layers")
        proj_size = self._whole(proj_size, "proj_size")
        if proj_size and not (0 < proj_size < hidden_size and CELLS[self._cell].states > 1):
            raise ShapeError(f"{self._name}: got {proj_size=}, {hidden_size=}; wanted 0, or for LSTM less")
        self.num_layers, self.batch_first, self.dropout = num_layers, batch_first, probability(self._name, dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        ways = ["", "_reverse"] if bidirectional else [""]
        super().__init__(input_size, hidden_size, bias, [[f"_l{n}{way}" for way in ways] for n in range(num_layers)])

    def forward(self, x: Tensor, hx: Tensor | State | None = None) -> tuple[Tensor, Tensor | State]:
        turned = self.batch_first and tensor(self._name, x).ndim == 3
        steps = moveaxis(x, 0, 1) if turned else tensor(self._name, x)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size or not steps.shape[0]:
            axes = f"({'b, time' if self.batch_first else 'time, b'}, {self.input_size})"
            raise ShapeError(f"{self._name}: x has shape {x.shape}; wanted {axes}, or without b, of at least one step")
        first = self._first(x, hx, sum(map(len, self.layers)), *steps.shape[1:-1])
        states, lasts = zip(*map(unstack, first)), []
        for n, ends in enumerate(self.layers):
            steps = functional.dropout(steps, self.dropout, self.training and n > 0)
            passes = [self._passed(steps, state, end) for end, state in zip(ends, states)]
            steps = concat([outs for outs, _ in passes], axis=-1)
            lasts += [last for _, last in passes]
        last = tuple(map(stack, zip(*lasts)))
        return (moveaxis(steps, 0, 1) if turned else steps), (last if len(last) > 1 else last[0])

    def _passed(self, x: Tensor, state: State, end: str) -> tuple[Tensor, State]:
        """The hidden state after each step, in the order of x, and the whole state after the last one taken."""
        back = end.endswith("_reverse")
        given = self._weighted(flip(x, axis=0) if back else x, f"ih{end}")
        if self.proj_size:
            outs = []
            for step in unstack(given):
                state = self._next(step, state, end)
                outs.append(state[0])
            found = stack(outs)
        else:
            weight, bias = getattr(self, f"weight_hh{end}"), getattr(self, f"bias_hh{end}", None)
            found = recurrence(given, weight, bias, *state, cell=self._cell)
            found, rest = found[: len(x)], found[len(x) :]
            state = (found[-1], *unstack(rest))
        return (flip(found, axis=0) if back else found), state


class RNN(Network):
    """The hidden states of `RNNCell` at all steps of a sequence, by `num_layers` layers, each reading the one below.

    x is (time, b, input_size), with b first for `batch_first`, or without b; so is the output, of hidden_size features.
    `bidirectional` layers read backwards too, with weights of their own, and give both states joined: 2 hidden_size.
    Between layers goes `dropout`. Returns the output, and the last hidden state of each direction of each layer
    (num_layers directions, b, hidden_size); `hx`, the first ones, has the same shape and is zeros if not given.

    Weights are named as those of a cell and numbered, `weight_ih_l0` and so on, with `_reverse` for the way back.
    There are no packed sequences: pad, and take what is wanted from the output. Raises ShapeError for other sizes,
    ValueError for another nonlinearity or a dropout outside [0, 1].

    >>> import lucid
    >>> out, h = RNN(3, 5, num_layers=2, bidirectional=True)(lucid.ones((7, 2, 3)))
    >>> out.shape, h.shape
    ((7, 2, 10), (4, 2, 5))
    """

    _cell = property(lambda self: self.nonlinearity)  # type: ignore[assignment]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)


class LSTM(Network):
    """The hidden states of `LSTMCell` at all steps of a sequence; layers, directions and shapes are those of `RNN`.

    The first and the last state are pairs (h, c). With `proj_size` each h' is multiplied by `weight_hr_l0`, and so on,
    (proj_size, hidden_size), and has that many features, as has the output; c keeps hidden_size. Sak et al., 2014
    (arXiv 1402.1128). Raises ShapeError also for a proj_size that is not below hidden_size.

    >>> import lucid
    >>> out, (h, c) = LSTM(3, 5, batch_first=True, proj_size=4)(lucid.ones((2, 7, 3)))
    >>> out.shape, h.shape, c.shape
    ((2, 7, 4), (1, 2, 4), (1, 2, 5))
    """

    _cell = "lstm"


class GRU(Network):
    """The hidden states of `GRUCell` at all steps of a sequence; layers, directions and shapes are those of `RNN`.

    >>> import lucid
    >>> out, h = GRU(3, 5)(lucid.ones((7, 3)))
    >>> out.shape, h.shape
    ((7, 5), (1, 5))
    """

    _cell = "gru"
