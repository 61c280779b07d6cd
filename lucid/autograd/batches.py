"""How tensors enter a batch, meet in it, and leave it: the steps of `vmap`, each recorded with its gradient.

Inside `vmap` a tensor holds the values of all elements and shows the shape of one (see `lucid.backends.batched`).
Tensors of no batch, or of one further out, are brought in when an op first sees them beside tensors of a batch: all
elements share them, so that their gradient is the sum over the elements.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from ..backends.batched import Batched, enter, leave, level_of, share, total
from ..errors import BatchError, DeviceError, GradientError
from ..tensor import Tensor
from .graph import OPS, Node
from .modes import MODES

__all__ = ["Batch", "beside", "drawn", "further_in", "inside", "meeting", "together", "with_key"]


class Batch:
    """One call of a mapped function: how many elements it has, and the batch that it runs in, if any.

    Its level is above that of every batch that is still there, running or in a graph: so a batch of gradients is
    always told apart from the batches of the graph that it passes.
    """

    alive: ClassVar[WeakValueDictionary[int, "Batch"]] = WeakValueDictionary()
    lock = threading.Lock()

    def __init__(self, size: int) -> None:
        self.size, self.outer, self.running = size, MODES.batch, False
        with self.lock:
            self.level = max(self.alive, default=0) + 1
            self.alive[self.level] = self

    def __enter__(self) -> "Batch":
        MODES.batch, self.running = self, True
        return self

    def __exit__(self, *error: object) -> None:
        MODES.batch, self.running = self.outer, False

    def chain(self) -> list["Batch"]:
        """The batches that run one in the other, the outermost first, this one last."""
        return [*(self.outer.chain() if self.outer else ()), self]

    def entered(self, x: Tensor, axis: int) -> Tensor:
        """A tensor whose `axis` counts the elements, as one of each element."""
        return _Enter(self, axis)(x if self.outer is None else _shared(x, self.outer))

    def left(self, x: Tensor, axis: int) -> Tensor:
        """The tensors of all elements along a new `axis`."""
        return _Leave(self, axis)(_shared(x, self))


class _Step:
    """An op of one tensor that leads into a batch or out of it; its gradient takes the step that leads back."""

    name = "vmap"

    def __init__(self, batch: Batch, axis: int = 0) -> None:
        self.batch, self.axis = batch, axis

    def value(self, x: Any) -> Any:
        raise NotImplementedError

    def back(self) -> "_Step":
        raise NotImplementedError

    def __call__(self, x: Tensor) -> Tensor:
        recorded = x.node is not None and MODES.recording
        return Tensor(self.value(x.array), Node(self, [x.node], [x.shape], None) if recorded else None, x.dtype)

    def vjp(self, node: Node, g: Any, wanted: list[bool], xp: Any) -> Iterator[Any]:
        yield self.back()(g) if xp is OPS else self.back().value(g)


class _Enter(_Step):
    def value(self, x: Any) -> Any:
        return enter(x, self.batch.level, self.axis)

    def back(self) -> _Step:
        return _Leave(self.batch, self.axis)


class _Leave(_Step):
    def value(self, x: Any) -> Any:
        return leave(x, self.batch.level, self.axis, self.batch.size)

    def back(self) -> _Step:
        return _Enter(self.batch, self.axis)


class _Share(_Step):
    def value(self, x: Any) -> Any:
        return share(x, self.batch.level)

    def back(self) -> _Step:
        if self.batch.running:
            raise GradientError(
                "grad: inside vmap, each element has a gradient of its own for what all of them share; "
                "use vjp or value_and_grad, which return it, or take the gradient outside"
            )
        return _Total(self.batch)


class _Total(_Step):
    def value(self, x: Any) -> Any:
        return total(x, self.batch.level, self.batch.size)

    def back(self) -> _Step:
        return _Share(self.batch)


def _shared(x: Tensor, batch: Batch) -> Tensor:
    """A tensor as one of a batch, of whatever is further out that it comes from."""
    for each in batch.chain():
        if level_of(x.array) < each.level:
            x = _Share(each)(x)
    return x


def inside(x: Tensor) -> Tensor:
    """A tensor as one of the batch whose function runs, if any: so that gradients can end here, element by element."""
    return x if MODES.batch is None else _shared(x, MODES.batch)


def beside(x: Tensor, other: Tensor) -> Tensor:
    """A tensor as one of the batch that another belongs to."""
    return _at_level(x, level_of(other.array))


def further_in(x: Tensor, other: Tensor) -> bool:
    """Whether a tensor belongs to a batch that another does not belong to, or that runs inside that of the other."""
    return level_of(x.array) > level_of(other.array)


def _at_level(x: Tensor, level: int) -> Tensor:
    if level <= level_of(x.array):
        return x
    batch = Batch.alive.get(level)
    if batch is None:
        raise BatchError("vmap: a tensor was used that belongs to a call of vmap that has ended; return it from there")
    return _shared(x, batch)


def with_key(x: Tensor, key: Any) -> Tensor:
    """A tensor as one of the batch that index arrays in a key belong to."""
    for part in key:
        if isinstance(part, Batched):
            x = _at_level(x, part.level)
    return x


def together(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments, the tensors among them as those of the innermost batch that runs or that one of them belongs to."""
    tensors = [x for x in args if isinstance(x, Tensor)]
    level = max((level_of(x.array) for x in tensors), default=0)
    level = level if MODES.batch is None else max(level, MODES.batch.level)
    return tuple(_at_level(x, level) if isinstance(x, Tensor) else x for x in args) if level else args


def meeting(function: str, inputs: Iterable[Any]) -> tuple[Any, ...]:
    """Inputs whose arrays differ in type, all as tensors of the innermost batch among them.

    Raises DeviceError where it is the device in which they differ.
    """
    inputs = tuple(inputs)
    given = [x for x in inputs if x is not None]
    level = max(level_of(x.array) for x in given)
    if not level or len({x.device for x in given}) > 1:
        places = ", ".join(x.device for x in given)
        raise DeviceError(
            f"{function}: the inputs are on different devices ({places}); move them together with x.to(device)"
        )
    return tuple(x if x is None else _at_level(x, level) for x in inputs)


def drawn(draw: Callable[[tuple[int, ...]], Any], shape: Sequence[int]) -> Tensor:
    """What `draw` makes of a shape, made anew for each element of the batches whose functions run."""
    batches = [] if MODES.batch is None else MODES.batch.chain()
    array = draw((*(batch.size for batch in batches), *shape))
    for batch in batches:
        array = enter(array, batch.level, 0)
    return Tensor(array)
