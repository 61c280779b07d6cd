"""Functions of each element, and softmax.

PyTorch's functions take `inplace` to save memory. Tensors are values: it is taken here so that programs run, and
changes nothing; what reads the input afterwards finds it as it was.
"""

from ...dtypes import REAL, DType
from ...errors import ShapeError
from ...ops import activation
from ...ops.arguments import FLOATING, NUMERIC, REAL_FLOATING, as_dtype, number, one_axis, ready, tensor, together
from ...ops.creation import arange
from ...ops.data_types import astype
from ...ops.elementwise import abs, equal, exp, less_equal, log1p, sigmoid, tanh
from ...ops.manipulation import split
from ...ops.searching import argmax, where
from ...random import gumbel, uniform
from ...tensor import Tensor

__all__ = [
    "celu", "elu", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu",
    "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
]  # fmt: skip


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


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), with the gradient 0 at 0."""
    return activation.relu(ready("relu", NUMERIC, input, "input"))


def softmax(input: Tensor, dim: int = -1, *, dtype: DType | None = None) -> Tensor:
    """exp(x) divided by its sum along the axis `dim`; of x in another `dtype`, if one is given.

    >>> import lucid
    >>> softmax(lucid.asarray([0, 0]), dtype=lucid.float32).tolist()
    [0.5, 0.5]
    """
    return activation.softmax(_converted("softmax", input, dtype), axis=dim)


def log_softmax(input: Tensor, dim: int = -1, *, dtype: DType | None = None) -> Tensor:
    """The logarithm of softmax, exact where that is close to 0; of x in another `dtype`, if one is given."""
    return activation.log_softmax(_converted("log_softmax", input, dtype), axis=dim)


def softmin(input: Tensor, dim: int = -1, *, dtype: DType | None = None) -> Tensor:
    """softmax of -x; of x in another `dtype`, if one is given."""
    input = ready("softmin", REAL_FLOATING, _converted("softmin", input, dtype), "input")
    return softmax(-input, one_axis("softmin", input.ndim, dim))


def _converted(function: str, input: Tensor, dtype: DType | None) -> Tensor:
    if dtype is None:
        return input
    return astype(tensor(function, input, "input"), as_dtype(function, dtype), copy=False)


def gumbel_softmax(logits: Tensor, tau: float = 1.0, hard: bool = False, dim: int = -1) -> Tensor:
    """A draw from categories along the axis `dim`, softened so that gradients flow: softmax((logits + noise) / tau).

    The noise is Gumbel's, and the largest element a draw with the probabilities softmax(logits). With `hard` the draw
    is one-hot, and its gradient that of the soft one. Jang et al., 2017 (arXiv 1611.01144); Maddison et al., 2017
    (arXiv 1611.00712). Raises ValueError unless tau is above 0.

    >>> import lucid
    >>> gumbel_softmax(lucid.zeros((2, 5)), hard=True).sum(axis=-1).tolist()
    [1.0, 1.0]
    """
    if not number("gumbel_softmax", tau, "tau") > 0:
        raise ValueError(f"gumbel_softmax: tau={tau}; wanted a number above 0")
    logits = ready("gumbel_softmax", REAL_FLOATING, logits, "logits")
    axis = one_axis("gumbel_softmax", logits.ndim, dim)
    soft = softmax((logits + gumbel(logits.shape, dtype=logits.dtype, device=logits.device)) / tau, axis)
    if not hard:
        return soft
    classes = arange(soft.shape[axis], device=soft.device).reshape((-1, *(1,) * (soft.ndim - 1 - axis)))
    drawn = astype(equal(argmax(soft, axis=axis, keepdims=True), classes), soft.dtype)
    return drawn + (soft - soft.detach())  # which is exactly 0


# --- Straight lines that meet ----------------------------------------------------------------------------------------


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return activation.hardtanh(ready("relu6", REAL_FLOATING, input, "input"), low=0.0, high=6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, `negative_slope` times x elsewhere.

    >>> import lucid
    >>> leaky_relu(lucid.asarray([-2.0, 2.0]), 0.5).tolist()
    [-1.0, 2.0]
    """
    slope = number("leaky_relu", negative_slope, "negative_slope")
    return activation.leaky_relu(ready("leaky_relu", REAL_FLOATING, input, "input"), slope=slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where it is positive, `weight` times x elsewhere: one number, or one for each channel of (n, c, ...).

    He et al., Delving Deep into Rectifiers, 2015 (arXiv 1502.01852). Raises ShapeError for other weights.
    """
    input, weight = together("prelu", REAL_FLOATING, input, weight)
    channels = input.shape[min(input.ndim - 1, 1)] if input.ndim else 1
    if weight.ndim > 1 or weight.size not in (1, channels):
        raise ShapeError(f"prelu: weight has shape {weight.shape}; wanted () or ({channels},) for input {input.shape}")
    if weight.size > 1:
        weight = weight.reshape((-1, *(1,) * (input.ndim - 2)))
    elif weight.ndim > input.ndim:
        weight = weight.reshape(())
    return where(input > 0, input, input * weight)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """x where it is positive, elsewhere x times a slope: drawn from `lower` to `upper` in training, else their mean.

    Raises ValueError if lower is above upper.
    """
    if number("rrelu", lower, "lower") > number("rrelu", upper, "upper"):
        raise ValueError(f"rrelu: lower={lower}, upper={upper}; wanted lower <= upper")
    input = ready("rrelu", REAL_FLOATING, input, "input")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slopes = uniform(input.shape, lower, upper, dtype=input.dtype, device=input.device)
    return where(input >= 0, input, input * slopes)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, but at least `min_val` and at most `max_val`, where the gradient is 0. Raises ValueError if min is above max.

    >>> import lucid
    >>> hardtanh(lucid.asarray([-3.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    if number("hardtanh", min_val, "min_val") > number("hardtanh", max_val, "max_val"):
        raise ValueError(f"hardtanh: min_val={min_val}, max_val={max_val}; wanted min_val <= max_val")
    return activation.hardtanh(ready("hardtanh", REAL_FLOATING, input, "input"), low=min_val, high=max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(x + 3) / 6, but at least 0 and at most 1."""
    return hardtanh(ready("hardsigmoid", REAL_FLOATING, input, "input") + 3, 0.0, 6.0) / 6


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x times hardsigmoid(x). Howard et al., Searching for MobileNetV3, 2019 (arXiv 1905.02244)."""
    return activation.hardswish(ready("hardswish", REAL_FLOATING, input, "input"))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above `threshold`, `value` elsewhere."""
    input = ready("threshold", NUMERIC, input, "input")
    below = less_equal(input, number("threshold", threshold, "threshold"))
    return where(below, number("threshold", value, "value"), input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where it is farther from 0 than `lambd`, 0 elsewhere."""
    input = ready("hardshrink", REAL_FLOATING, input, "input")
    return where(less_equal(abs(input), number("hardshrink", lambd, "lambd")), 0.0, input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by `lambd`, or to 0 where it is closer. Raises ValueError for a negative `lambd`.

    >>> import lucid
    >>> softshrink(lucid.asarray([-2.0, 0.25, 2.0])).tolist()
    [-1.5, 0.0, 1.5]
    """
    if number("softshrink", lambd, "lambd") < 0:
        raise ValueError(f"softshrink: lambd={lambd}; wanted a number from 0")
    input = ready("softshrink", REAL_FLOATING, input, "input")
    return where(input > lambd, input - lambd, where(input < -lambd, input + lambd, input * 0.0))


# --- Curves ----------------------------------------------------------------------------------------------------------


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x) - 1) elsewhere. Clevert et al., 2016 (arXiv 1511.07289).

    >>> import lucid
    >>> elu(lucid.asarray([-100.0, 2.0]), 3.0).tolist()
    [-3.0, 2.0]
    """
    return _exponential("elu", input, number("elu", alpha, "alpha"), 1.0, 1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """A multiple of elu that keeps mean 0 and variance 1 from layer to layer.

    Klambauer et al., Self-Normalizing Neural Networks, 2017 (arXiv 1706.02515).
    """
    return _exponential("selu", input, SELU_ALPHA, 1.0, SELU_SCALE)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x / alpha) - 1) elsewhere, which is smooth. Barron, 2017 (arXiv 1704.07483).

    Raises ValueError for an alpha of 0.
    """
    if not number("celu", alpha, "alpha"):
        raise ValueError("celu: alpha=0; wanted another number")
    return _exponential("celu", input, alpha, alpha, 1.0)


def _exponential(function: str, input: Tensor, alpha: float, width: float, scale: float) -> Tensor:
    input = ready(function, REAL_FLOATING, input, "input")
    return activation.exponential_linear(input, alpha=alpha, width=width, scale=scale)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x / (1 + exp(-x)), also called swish. Hendrycks and Gimpel, 2016 (arXiv 1606.08415)."""
    input = ready("silu", FLOATING, input, "input")
    return activation.silu(input) if input.dtype.kind == REAL else input / (exp(-input) + 1)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(log(1 + exp(x))). Misra, 2019 (arXiv 1908.08681)."""
    return activation.mish(ready("mish", REAL_FLOATING, input, "input"))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta, a smooth relu; x itself where beta x is above `threshold`.

    >>> import lucid
    >>> softplus(lucid.asarray([0.0, 100.0]))
    tensor([  0.6931472, 100.       ], dtype=float32, device='cpu')
    """
    input = ready("softplus", REAL_FLOATING, input, "input")
    beta, threshold = number("softplus", beta, "beta"), number("softplus", threshold, "threshold")
    return activation.softplus(input, beta=beta, threshold=threshold)


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x))), without overflow."""
    input = ready("logsigmoid", REAL_FLOATING, input, "input")
    below = input < 0
    return where(below, input, 0.0) - log1p(exp(where(below, input, -input)))  # abs would have no slope at 0


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    input = ready("softsign", REAL_FLOATING, input, "input")
    return input / (abs(input) + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    input = ready("tanhshrink", REAL_FLOATING, input, "input")
    return input - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along the axis `dim`, times the sigmoid of the second. Dauphin et al., 2016 (arXiv 1612.08083).

    Raises ShapeError for an axis of odd size.

    >>> import lucid
    >>> glu(lucid.asarray([4.0, 0.0])).tolist()
    [2.0]
    """
    input = ready("glu", REAL_FLOATING, input, "input")
    axis = one_axis("glu", input.ndim, dim)
    if input.shape[axis] % 2:
        raise ShapeError(f"glu: axis {dim} of {input.shape} is of odd size; wanted two halves")
    first, second = split(input, 2, axis=axis)
    return first * sigmoid(second)
