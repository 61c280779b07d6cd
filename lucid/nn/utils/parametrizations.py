"""Weights that keep a norm: `weight_norm` learns norms and directions apart, `spectral_norm` divides by the largest
singular value.
"""

from ...autograd import no_grad
from ...ops.arguments import one_axis, whole
from ...ops.elementwise import maximum
from ...ops.linalg.norms import vector_norm
from ...random import normal
from ...tensor import Tensor
from ..convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..module import Module
from .parametrize import register_parametrization

__all__ = ["spectral_norm", "weight_norm"]


class WeightNorm(Module):
    """g v / |v|, with a norm for each index along an axis, or one for all."""

    def __init__(self, dim: int | None) -> None:
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return v * (g / self._norm(v))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return self._norm(weight), weight

    def _norm(self, v: Tensor) -> Tensor:
        if self.dim is None:
            return vector_norm(v)
        return vector_norm(v, axis=tuple(i for i in range(v.ndim) if i != self.dim), keepdims=True)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn a weight as norms ("original0") and directions ("original1"): g v / |v|, a norm for each index along `dim`.

    One norm for all if `dim` is None. Returns the module. Salimans and Kingma, 2016 (arXiv 1602.07868). Raises
    AttributeError for a name that is no parameter.

    >>> import lucid
    >>> from lucid import nn
    >>> layer = weight_norm(nn.Linear(2, 3))
    >>> [(name, p.shape) for name, p in layer.parametrizations.named_parameters()]
    [('weight.original0', (3, 1)), ('weight.original1', (3, 2))]
    """
    held = module.get_parameter(name)
    axis = None if dim is None else one_axis("weight_norm", held.ndim, dim)
    return register_parametrization(module, name, WeightNorm(axis))


class SpectralNorm(Module):
    """A weight divided by its largest singular value, which power iteration follows as the weight changes."""

    def __init__(self, weight: Tensor, n_power_iterations: int, eps: float, dim: int) -> None:
        self.n_power_iterations, self.eps, self.dim = n_power_iterations, eps, dim
        if weight.ndim > 1:
            matrix = self._matrix(weight)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                start = normal(size, dtype=weight.dtype, device=weight.device)
                self.register_buffer(name, self._unit(start))
            self._iterate(matrix, 15)  # as PyTorch does, to begin close to the largest

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return self._unit(weight)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        return weight / (self._u.detach() @ (matrix @ self._v.detach()))

    def _matrix(self, weight: Tensor) -> Tensor:
        axes = (self.dim, *(i for i in range(weight.ndim) if i != self.dim))
        return weight.permute_dims(axes).reshape((weight.shape[self.dim], -1))

    def _unit(self, x: Tensor) -> Tensor:
        return x / maximum(vector_norm(x), self.eps)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                self._u.copy_(self._unit(matrix @ self._v))
                self._v.copy_(self._unit(matrix.mT @ self._u))

    def extra_repr(self) -> str:
        return f"n_power_iterations={self.n_power_iterations}, eps={self.eps}, dim={self.dim}"

    _u: Tensor
    _v: Tensor


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value, as a matrix whose rows are along `dim`. Returns the module.

    In train mode, `n_power_iterations` steps of power iteration follow the singular value each time that the weight is
    asked for. `dim` is 0, and 1 for transposed convolutions, if None. A vector is divided by its norm. Miyato et al.,
    2018 (arXiv 1802.05957). Raises AttributeError for a name that is no parameter.

    >>> import lucid
    >>> from lucid import nn
    >>> layer = spectral_norm(nn.Linear(8, 3), n_power_iterations=20)
    >>> bool(abs(lucid.linalg.svdvals(layer.weight)[0] - 1) < 1e-3)
    True
    """
    held = module.get_parameter(name)
    if whole("spectral_norm", n_power_iterations, "n_power_iterations") < 1:
        raise ValueError(f"spectral_norm: n_power_iterations={n_power_iterations}; wanted at least 1")
    usual = 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0
    axis = one_axis("spectral_norm", held.ndim, usual if dim is None else dim)
    return register_parametrization(module, name, SpectralNorm(held.detach(), n_power_iterations, eps, axis))
