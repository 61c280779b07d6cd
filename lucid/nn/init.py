"""Starting values, set in place: each function fills a tensor, unrecorded, and returns it."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .. import random
from ..autograd import no_grad
from ..dtypes import float32, promote
from ..errors import ShapeError
from ..ops.arguments import choose, number, whole
from ..ops.creation import eye, full_like, zeros_like
from ..ops.linalg.decompositions import qr
from ..ops.linalg.diagonals import diagonal
from ..ops.manipulation import tile
from ..ops.searching import where
from ..ops.sorting import argsort
from ..random import Generator
from ..tensor import Tensor

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "skipped", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

_skipping: ContextVar[bool] = ContextVar("skipping", default=False)


@contextmanager
def skipped() -> Iterator[None]:
    """Fill nothing for the length of a with block: for modules whose values are about to be loaded.

    >>> from lucid import nn
    >>> with skipped():
    ...     layer = nn.Linear(2, 1)
    >>> layer.weight.tolist()
    [[0.0, 0.0]]
    """
    token = _skipping.set(True)
    try:
        yield
    finally:
        _skipping.reset(token)


def _fill(tensor: Tensor, values: Callable[[], Tensor]) -> Tensor:
    if not _skipping.get():
        with no_grad():
            tensor.copy_(values())
    return tensor


def _draw(tensor: Tensor, generator: Generator | None, draw: Callable[..., Tensor], *numbers: float) -> Tensor:
    options = {"dtype": tensor.dtype, "device": tensor.device, "generator": generator}
    return _fill(tensor, lambda: draw(tensor.shape, *numbers, **options))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number."""
    return _fill(tensor, lambda: full_like(tensor, val))


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers that are equally likely everywhere from a up to but without b."""
    return _draw(tensor, generator, random.uniform, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers."""
    return _draw(tensor, generator, random.normal, mean, std)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normally distributed numbers from a to b, which are values and not multiples of `std`.

    >>> import lucid
    >>> x = trunc_normal_(lucid.zeros(100), std=0.02, a=-0.04, b=0.04)
    >>> bool((x.abs() <= 0.04).all())
    True
    """
    return _draw(tensor, generator, random.truncated_normal, mean, std, a, b)


GAINS = {
    **dict.fromkeys(("linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)), "sigmoid"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What to multiply weights by before a nonlinearity; `param` is the slope of a "leaky_relu" below 0, 0.01 if None.

    Raises ValueError for another nonlinearity.

    >>> calculate_gain("leaky_relu", 1.0)
    1.0
    """
    slope = 0.01 if param is None else number("calculate_gain", param, "param")
    gains = GAINS | {"leaky_relu": math.sqrt(2 / (1 + slope * slope))}
    choose("calculate_gain", "nonlinearity", nonlinearity, gains)
    return gains[nonlinearity]


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill uniformly from -r to r with r = gain sqrt(3 / fan), so that activations (fan_in) or gradients (fan_out) keep
    their size. The gain is that of the nonlinearity; `a` is the slope of a leaky_relu below 0.

    He et al., Delving Deep into Rectifiers, 2015 (arXiv 1502.01852). Raises ValueError for another mode or
    nonlinearity, ShapeError for a tensor of fewer than two axes.
    """
    r = math.sqrt(3) * _kaiming("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -r, r, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normally distributed numbers of standard deviation gain / sqrt(fan): see `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill uniformly from -r to r with r = gain sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010. Raises
    ShapeError for a tensor of fewer than two axes.
    """
    r = math.sqrt(3) * _xavier("xavier_uniform_", tensor, gain)
    return uniform_(tensor, -r, r, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers of standard deviation gain sqrt(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, _xavier("xavier_normal_", tensor, gain), generator)


def _kaiming(function: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """The standard deviation."""
    choose(function, "mode", mode, FANS)
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(function, tensor)[FANS.index(mode)] or 1)


def _xavier(function: str, tensor: Tensor, gain: float) -> float:
    """The standard deviation."""
    return gain * math.sqrt(2 / (sum(fans(function, tensor)) or 1))


FANS = ("fan_in", "fan_out")


def fans(function: str, weight: Tensor) -> tuple[int, int]:
    """How many inputs each output sees, and how many outputs each input, for a weight (out, in, ...)."""
    outputs, inputs, *kernel = _shape(function, weight)
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _shape(function: str, weight: Tensor) -> tuple[int, ...]:
    """The shape of a weight. Raises ShapeError if it is none."""
    if weight.ndim < 2:
        raise ShapeError(f"{function}: the shape is {weight.shape}; wanted (out, in, ...), two axes or more")
    return weight.shape


# --- Matrices --------------------------------------------------------------------------------------------------------


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with gain times a random matrix (out, the rest) whose rows, or columns if fewer, are orthonormal.

    Every such matrix is equally likely: Mezzadri, 2007 (arXiv math-ph/0609050). As starting values: Saxe et al., 2014
    (arXiv 1312.6120). Raises ShapeError for a tensor of fewer than two axes.

    >>> import lucid
    >>> x = orthogonal_(lucid.zeros((2, 3)), gain=2.0)
    >>> bool(abs(x @ x.mT - 4 * lucid.eye(2)).max() < 1e-5)
    True
    """
    rows, *rest = _shape("orthogonal_", tensor)
    sides = sorted((rows, math.prod(rest)), reverse=True)
    dtype = promote(tensor.dtype, float32)

    def values() -> Tensor:
        q, r = qr(random.normal(sides, dtype=dtype, device=tensor.device, generator=generator))
        q = q * where(diagonal(r) < 0, -gain, gain)
        return (q if rows == sides[0] else q.mT).reshape(tensor.shape)

    return _fill(tensor, values) if tensor.size else tensor


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with 1 on the diagonal and 0 elsewhere. Raises ShapeError for anything but a matrix."""
    rows, columns = _sides("eye_", tensor)
    return _fill(tensor, lambda: eye(rows, columns, dtype=tensor.dtype, device=tensor.device))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight (out, in, ...) of a convolution so that it gives back its channels, as many as it can, by group.

    Raises ShapeError unless it has one to three axes of space, ValueError unless `groups` divides the outputs.

    >>> import lucid
    >>> dirac_(lucid.zeros((2, 2, 3))).tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    """
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(f"dirac_: the shape is {tensor.shape}; wanted (out, in, ...) and one to three axes of space")
    outputs, inputs, *kernel = tensor.shape
    if whole("dirac_", groups, "groups") < 1 or outputs % groups:
        raise ValueError(f"dirac_: groups={groups}; wanted a number that divides the {outputs} outputs")

    def values() -> Tensor:
        found = zeros_like(tensor)
        one_group = eye(outputs // groups, inputs, dtype=tensor.dtype, device=tensor.device)
        found[(..., *(size // 2 for size in kernel))] = tile(one_group, (groups, 1))
        return found

    return _fill(tensor, values)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normally distributed numbers, but the part `sparsity` of each column, rounded up, with zeros.

    Martens, Deep Learning via Hessian-Free Optimization, 2010. Raises ShapeError for anything but a matrix, ValueError
    unless sparsity is from 0 to 1.

    >>> import lucid
    >>> (sparse_(lucid.zeros((5, 2)), 0.5) == 0).sum(axis=0).tolist()
    [3, 3]
    """
    rows, _ = _sides("sparse_", tensor)
    if not 0 <= number("sparse_", sparsity, "sparsity") <= 1:
        raise ValueError(f"sparse_: sparsity={sparsity}; wanted a number from 0 to 1")

    def values() -> Tensor:
        drawn = random.normal(tensor.shape, 0.0, std, dtype=tensor.dtype, device=tensor.device, generator=generator)
        order = argsort(random.uniform(tensor.shape, device=tensor.device, generator=generator), axis=0)
        return where(order < math.ceil(sparsity * rows), 0.0, drawn)

    return _fill(tensor, values)


def _sides(function: str, tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim != 2:
        raise ShapeError(f"{function}: the shape is {tensor.shape}; wanted a matrix")
    rows, columns = tensor.shape
    return rows, columns
