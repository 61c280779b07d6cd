"""Functions whose gradient the user writes."""

from collections.abc import Iterable
from typing import Any

from ..backends import backend_of
from ..errors import DeviceError, GradientError, ShapeError
from ..tensor import Tensor
from .batches import beside, together
from .graph import OPS, Node
from .modes import MODES, no_grad

__all__ = ["Context", "Function"]


class Context:
    """What `forward` leaves for `backward`: tensors by `save_for_backward`, anything else as attributes."""

    saved_tensors: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors: inputs of the function, its output, or others."""
        self.saved_tensors = tensors


class Function:
    """A function with a gradient of one's own: write `forward` and `backward`, call `apply`.

    `backward` gets the gradient of the output and returns that of each argument, in order, None for those without. If
    it is written in lucid's ops, second derivatives work too.

    >>> import lucid
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(context, x):
    ...         context.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(context, g):
    ...         (x,) = context.saved_tensors
    ...         return g * 3 * x * x
    >>> x = lucid.asarray(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12., dtype=float32, device='cpu')
    """

    @staticmethod
    def forward(context: Any, *args: Any, **options: Any) -> Tensor:
        """The value of the function; nothing in it is recorded."""
        raise NotImplementedError("Function: write a static method forward(context, *args)")

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        """The gradient of each argument of `forward`."""
        raise NotImplementedError("Function: write a static method backward(context, gradient)")

    @classmethod
    def apply(cls, *args: Any, **options: Any) -> Tensor:
        """Call `forward`, and record that `backward` knows its gradient.

        Raises GradientError if gradients flow through a tensor given by keyword: `backward` has none for it.
        """
        if MODES.recording:
            for name, option in options.items():
                if isinstance(option, Tensor) and option.node is not None:
                    raise GradientError(f"{cls.__name__}.apply: gradients flow through {name}; pass it by position")
        context, args = Context(), together(args)
        with no_grad():
            out = cls.forward(context, *args, **options)
        if not isinstance(out, Tensor):
            raise TypeError(f"{cls.__name__}.forward: returned {type(out).__name__}; wanted a Tensor")
        parents = [x.node if isinstance(x, Tensor) else None for x in args]
        if not MODES.recording or not any(parents):
            return out
        shapes = [x.shape if isinstance(x, Tensor) else () for x in args]
        devices = [x.device if isinstance(x, Tensor) else None for x in args]
        saved = [
            (x.array, next((i for i, a in enumerate(args) if a is x), None), x is out) for x in context.saved_tensors
        ]
        result = Tensor(out.array)
        result.node = Node(_Recorded(cls), parents, shapes, (context, saved, devices))
        return result


class _Recorded:
    """One call of a user's function, as the engine sees it."""

    def __init__(self, function: type[Function]) -> None:
        self.function, self.name = function, function.__name__

    def vjp(self, node: Node, g: Any, wanted: list[bool], xp: Any) -> Iterable[Any]:
        context, saved, devices = node.kept
        # Inputs and the output continue the graph they came from, so that backward itself can be differentiated.
        context.saved_tensors = tuple(
            Tensor(array, node if is_out else None if place is None else node.parents[place])
            for array, place, is_out in saved
        )
        gradient = g if xp is OPS else Tensor(backend_of[type(g)].asarray(g))
        gradients = self.function.backward(context, gradient)
        gradients = gradients if isinstance(gradients, tuple | list) else (gradients,)
        if len(gradients) != len(node.parents):
            raise GradientError(
                f"{self.name}.backward: returned {len(gradients)} gradients; "
                f"wanted {len(node.parents)}, one for each argument"
            )
        checked: list[Any] = []
        for i, (d, wants, shape, device) in enumerate(zip(gradients, wanted, node.shapes, devices, strict=True)):
            if not wants or d is None:
                checked.append(None)
                continue
            if not isinstance(d, Tensor):
                raise TypeError(f"{self.name}.backward: gradient {i} is {type(d).__name__}; wanted a Tensor or None")
            if d.shape != shape:
                raise ShapeError(f"{self.name}.backward: gradient {i} has shape {d.shape}; its argument has {shape}")
            if d.device != device:
                raise DeviceError(f"{self.name}.backward: gradient {i} is on {d.device}; its argument is on {device}")
            checked.append(d if xp is OPS else beside(d, gradient).array)
        return checked
