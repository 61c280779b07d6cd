"""Activations as modules: functions of each element, and softmax."""

from typing import Any

from ..ops.arguments import number, whole
from ..ops.creation import full
from ..tensor import Tensor
from . import functional
from .applied import Applied
from .functional.activation import check_approximate
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


# fmt: off
class CELU(Applied, function=functional.celu): ...
class ELU(Applied, function=functional.elu): ...
class GLU(Applied, function=functional.glu): ...
class Hardshrink(Applied, function=functional.hardshrink): ...
class Hardsigmoid(Applied, function=functional.hardsigmoid): ...
class Hardswish(Applied, function=functional.hardswish): ...
class Hardtanh(Applied, function=functional.hardtanh): ...
class LeakyReLU(Applied, function=functional.leaky_relu): ...
class LogSigmoid(Applied, function=functional.logsigmoid): ...
class LogSoftmax(Applied, function=functional.log_softmax, options="dim"): ...
class Mish(Applied, function=functional.mish): ...
class ReLU(Applied, function=functional.relu): ...
class ReLU6(Applied, function=functional.relu6): ...
class SELU(Applied, function=functional.selu): ...
class SiLU(Applied, function=functional.silu): ...
class Sigmoid(Applied, function=functional.sigmoid): ...
class Softmax(Applied, function=functional.softmax, options="dim"): ...
class Softmin(Applied, function=functional.softmin, options="dim"): ...
class Softplus(Applied, function=functional.softplus): ...
class Softshrink(Applied, function=functional.softshrink): ...
class Softsign(Applied, function=functional.softsign): ...
class Tanh(Applied, function=functional.tanh): ...
class Tanhshrink(Applied, function=functional.tanhshrink): ...
class Threshold(Applied, function=functional.threshold): ...
# fmt: on


class GELU(Applied, function=functional.gelu):
    """x P(X <= x) for a standard normal X: x (1 + erf(x / sqrt(2))) / 2, or a formula near it if approximate="tanh".

    Hendrycks and Gimpel, 2016 (arXiv 1606.08415). Raises ValueError for another `approximate`.

    >>> import lucid
    >>> GELU()(lucid.asarray([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """

    def __init__(self, approximate: str = "none") -> None:
        check_approximate(approximate)
        super().__init__(approximate)


class RReLU(Applied, function=functional.rrelu):
    def forward(self, *inputs: Tensor, **more: Any) -> Any:
        return super().forward(*inputs, training=self.training, **more)


class Softmax2d(Module):
    """softmax over the channels of images (n, c, h, w) or (c, h, w)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(x, -3)


class PReLU(Module):
    """x where it is positive, `weight` times x elsewhere, learnt: one number, or `num_parameters` for as many channels.

    He et al., Delving Deep into Rectifiers, 2015 (arXiv 1502.01852).

    >>> import lucid
    >>> PReLU()(lucid.asarray([-4.0, 4.0])).tolist()
    [-1.0, 4.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.num_parameters, self.init = whole("PReLU", num_parameters, "num_parameters"), number("PReLU", init, "init")
        self.weight = Parameter(full((self.num_parameters,), float(init)))

    def forward(self, x: Tensor) -> Tensor:
        return functional.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
