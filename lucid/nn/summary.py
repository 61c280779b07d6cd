"""What a module is made of and what it costs, seen in one run of it."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from ..autograd import no_grad
from ..ops.creation import zeros
from ..tensor import Tensor

__all__ = ["Row", "Summary", "aligned", "summarize"]

HEADER = ("module", "output", "parameters", "multiply-adds")


class Row(NamedTuple):
    """One module, with all that is in it."""

    name: str
    kind: str
    output_shape: tuple[int, ...] | None  # None if it was not called, or gave no tensor
    parameters: int
    multiply_adds: int

    @property
    def depth(self) -> int:
        """How many modules it is inside of."""
        return self.name.count(".") + 1 if self.name else 0


class Summary:
    """The rows of a table, one for each module; `str` is the table."""

    def __init__(self, rows: list[Row], depth: int | None = None) -> None:
        self.rows, self.depth = rows, depth

    @property
    def parameters(self) -> int:
        """The number of parameters of the whole module."""
        return self.rows[0].parameters

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of the whole run."""
        return self.rows[0].multiply_adds

    def __str__(self) -> str:
        lines = [HEADER]
        for row in self.rows:
            if self.depth is None or row.depth <= self.depth:
                label = "  " * row.depth + f"{row.name.rpartition('.')[2]}  {row.kind}" if row.name else row.kind
                shape = "" if row.output_shape is None else str(row.output_shape)
                lines.append((label, shape, f"{row.parameters:,}", f"{row.multiply_adds:,}"))
        return aligned(lines, "<<>>")

    __repr__ = __str__


def aligned(lines: Sequence[Sequence[str]], sides: str) -> str:
    """Lines of cells as a table in plain text, each column aligned to its side: < or >."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join(f"{cell:{side}{n}}" for cell, side, n in zip(line, sides, widths)).rstrip() for line in lines
    )


def summarize(module: Any, inputs: tuple[Any, ...], depth: int | None) -> Summary:
    """Run a module once in eval mode, with zeros for each input that is a shape, and note what each part did."""
    costs: dict[int, int] = {}
    shapes: dict[int, tuple[int, ...]] = {}

    def note(part: Any, given: tuple[Any, ...], output: Any) -> None:
        costs[id(part)] = costs.get(id(part), 0) + part.multiply_adds(given, output)
        if isinstance(output, Tensor):
            shapes[id(part)] = output.shape

    like = next(module.parameters(), None)
    place = {} if like is None else {"dtype": like.dtype, "device": like.device}
    given = [zeros(x, **place) if isinstance(x, tuple | list) else x for x in inputs]
    modes = [(part, part.training) for part in module.modules()]
    with ExitStack() as stack, no_grad():
        for part, _ in modes:
            stack.enter_context(part.register_forward_hook(note))
        try:
            module.eval()(*given)
        finally:
            for part, mode in modes:
                part.training = mode
    rows = [
        Row(
            name,
            type(part).__name__,
            shapes.get(id(part)),
            sum(p.size for p in part.parameters()),
            sum(costs.get(id(inner), 0) for inner in part.modules()),
        )
        for name, part in module.named_modules()
    ]
    return Summary(rows, depth)
