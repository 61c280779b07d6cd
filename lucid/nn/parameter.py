"""Parameter: the tensor that a module finds by its type, and that an optimiser updates in place."""

from typing import Any

from ..autograd.graph import Leaf
from ..errors import GradientError
from ..ops.arguments import tensor
from ..tensor import Tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that a module learns: set as an attribute, it is among the module's parameters.

    It starts with the values of `data`, is a leaf of every graph, and collects gradients unless `requires_grad=False`.

    Raises GradientError if a recorded op computed `data`.

    >>> import lucid
    >>> Parameter(lucid.ones(2))
    Parameter(tensor([1., 1.], dtype=float32, device='cpu', requires_grad=True))
    """

    __slots__ = ()

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        if not tensor("Parameter", data, "data").is_leaf:
            raise GradientError("Parameter: a recorded op computed data; pass data.detach()")
        super().__init__(data.array)
        self.requires_grad_(requires_grad)

    @classmethod
    def like(cls, other: Tensor) -> "Parameter":
        """Another handle on `other`, which modules find by its type: gradients flow to whatever `other` came from."""
        found = object.__new__(cls)
        Tensor.__init__(found, other.array, other.node, other._dtype)
        return found

    def become(self, other: Tensor) -> None:
        """Take the values, dtype and device of `other`; the gradient collected so far follows. For modules."""
        grad = None if self.grad is None else self.grad.detach().to(other.device, other.dtype)
        self.array, self._dtype = other.array, other.dtype
        if isinstance(self.node, Leaf):
            self.node.dtype, self.node.grad = other.dtype, grad

    def __repr__(self) -> str:
        return f"Parameter({super().__repr__()})"

    def __reduce__(self) -> Any:
        return _restored, (self.detach(), self.requires_grad, None if self.grad is None else self.grad.detach())

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameter":
        restore, state = self.__reduce__()
        return restore(*state)


def _restored(data: Tensor, requires_grad: bool, grad: Tensor | None) -> Parameter:
    parameter = Parameter(data, requires_grad)
    parameter.grad = grad
    return parameter
