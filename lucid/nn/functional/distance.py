"""How far apart vectors are."""

from ...errors import ShapeError
from ...ops.arguments import REAL_FLOATING, axes, broadcast_shapes, number, ready, together
from ...ops.elementwise import clip
from ...ops.linalg import vector_norm
from ...ops.manipulation import broadcast_arrays
from ...ops.statistical import sum
from ...tensor import Tensor

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosines of the angles between vectors along the axis `dim`; a length counts as at least `eps`.

    >>> import lucid
    >>> cosine_similarity(lucid.asarray([1.0, 0.0]), lucid.asarray([3.0, 3.0]), dim=0)
    tensor(0.7071..., dtype=float32, device='cpu')
    """
    x1, x2 = broadcast_arrays(*together("cosine_similarity", REAL_FLOATING, x1, x2))
    along, eps = axes("cosine_similarity", x1, dim), number("cosine_similarity", eps, "eps")
    x1, x2 = (x / clip(vector_norm(x, axis=along, keepdims=True), eps) for x in (x1, x2))
    return sum(x1 * x2, axis=along)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norms of x1 - x2 + eps along the last axis: eps keeps them from 0, where they have no gradient.

    >>> import lucid
    >>> pairwise_distance(lucid.asarray([[0.0, 0.0]]), lucid.asarray([[3.0, 4.0]]), eps=0.0)
    tensor([5.], dtype=float32, device='cpu')
    """
    name = "pairwise_distance"
    x1, x2 = together(name, REAL_FLOATING, x1, x2)
    broadcast_shapes(name, x1.shape, x2.shape)
    p, eps = number(name, p, "p"), number(name, eps, "eps")
    return vector_norm(x1 - x2 + eps, axis=-1, keepdims=keepdim, ord=p)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs i < j of the rows of (n, d), row by row: (n (n - 1) / 2,).

    Raises ShapeError unless there are rows, ValueError for a negative p.

    >>> import lucid
    >>> pdist(lucid.asarray([[0.0], [1.0], [3.0]])).tolist()
    [1.0, 3.0, 2.0]
    """
    input = ready("pdist", REAL_FLOATING, input, "input")
    if input.ndim != 2:
        raise ShapeError(f"pdist: input has shape {input.shape}; wanted rows (n, d)")
    if number("pdist", p, "p") < 0:
        raise ValueError(f"pdist: p={p}; wanted a number from 0")
    n = input.shape[0]
    firsts = [i for i in range(n) for _ in range(i + 1, n)]
    seconds = [j for i in range(n) for j in range(i + 1, n)]
    return vector_norm(input[firsts] - input[seconds], axis=-1, ord=p)
