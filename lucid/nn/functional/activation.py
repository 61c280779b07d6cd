"""Functions of each element, and softmax."""

from ...ops import activation
from ...ops.arguments import NUMERIC, ready
from ...ops.searching import where
from ...tensor import Tensor

__all__ = ["gelu", "log_softmax", "relu", "softmax"]


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x P(X <= x) for a standard normal X, exactly or, if approximate="tanh", by a formula near it.

    Raises ValueError for another `approximate`.
    """
    check_approximate(approximate)
    return activation.gelu(input, approximate=approximate == "tanh")


def check_approximate(approximate: str) -> None:
    """Raise ValueError unless gelu knows the word."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate={approximate!r}; choose 'none' or 'tanh'")


def relu(input: Tensor) -> Tensor:
    """max(x, 0), with the gradient 0 at 0."""
    input = ready("relu", NUMERIC, input, "input")
    return where(input <= 0, 0, input)


def softmax(input: Tensor, dim: int = -1) -> Tensor:
    """exp(x) divided by its sum along the axis `dim`."""
    return activation.softmax(input, axis=dim)


def log_softmax(input: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of softmax, exact where that is close to 0."""
    return activation.log_softmax(input, axis=dim)
