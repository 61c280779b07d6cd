"""All parameters as one vector, for methods that see a point in a space."""

from collections.abc import Iterable

from ...autograd import no_grad
from ...errors import ShapeError
from ...ops.arguments import several
from ...ops.arguments import tensor as as_tensor
from ...ops.manipulation import concat
from ...tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters one after the other: (n,). Gradients flow. Raises ValueError without parameters.

    >>> import lucid
    >>> parameters_to_vector([lucid.ones((2, 1)), lucid.zeros(1)]).tolist()
    [1.0, 1.0, 0.0]
    """
    given = several("parameters_to_vector", parameters, "parameters")
    if not given:
        raise ValueError("parameters_to_vector: there are no parameters; was model.parameters() used up before?")
    return concat([as_tensor("parameters_to_vector", p, "a parameter").reshape((-1,)) for p in given])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set parameters to the elements of `vec` (n,), which they take in turn. Raises ShapeError unless n fits.

    >>> import lucid
    >>> x, y = lucid.ones((2, 1)), lucid.zeros(1)
    >>> vector_to_parameters(lucid.asarray([5.0, 6.0, 7.0]), [x, y])
    >>> x.tolist(), y.tolist()
    ([[5.0], [6.0]], [7.0])
    """
    given = several("vector_to_parameters", parameters, "parameters")
    n = sum(as_tensor("vector_to_parameters", p, "a parameter").size for p in given)
    if as_tensor("vector_to_parameters", vec, "vec").shape != (n,):
        raise ShapeError(f"vector_to_parameters: vec has shape {vec.shape}; wanted ({n},), for all parameters together")
    start = 0
    with no_grad():
        for p in given:
            p.copy_(vec[start : (start := start + p.size)].reshape(p.shape))
