"""`vmap`: a function written for one element, run once for a whole batch.

>>> import lucid
>>> rows = lucid.asarray([[1.0, 2.0], [3.0, 4.0]])
>>> vmap(lambda x, y: (x * y).sum(), in_axes=(0, None))(rows, lucid.asarray([1.0, 10.0]))
tensor([21., 43.], dtype=float32, device='cpu')
"""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from operator import index
from typing import Any

from .. import tree
from ..errors import ShapeError
from ..tensor import Tensor
from .batches import Batch
from .graph import OPS

__all__ = ["vmap"]

Function = Callable[..., Any]


def vmap(function: Function, in_axes: Any = 0, out_axes: Any = 0, *, chunk_size: int | None = None) -> Function:
    """The function of a batch: `function` of each element along the axes `in_axes`, results along the axes `out_axes`.

    An axis is for all tensors of an argument; None gives it to every element whole, and so are numbers and keyword
    arguments given. Axes may also be a tuple, one for each argument, or a tree that begins like the arguments;
    `out_axes` likewise, without None. With `chunk_size` no more elements than that are taken at a time, which saves
    memory.

    The function runs once. In it a tensor has the shape of one element and holds the values of all of them, and each op
    is one op for all. What does not depend on the batch is computed once. Gradients of any order flow through, `vmap`
    may be nested, other transforms may be inside it and around it, and random draws are fresh for each element.

    Raises BatchError where the function reads a value (`if x > 0`, `item()`, masks as indices: what depends on it would
    differ from element to element), ShapeError where sizes differ or there is no element, TypeError for results that
    are not tensors.

    >>> import lucid
    >>> from lucid.autograd import value_and_grad
    >>> slopes = value_and_grad(lambda w, x: ((w * x).sum() - 1.0) ** 2)
    >>> weights, rows = lucid.asarray([1.0, 3.0]), lucid.asarray([[1.0, 0.0], [0.0, 1.0]])
    >>> vmap(slopes, in_axes=(None, 0))(weights, rows)[1]
    tensor([[0., 0.],
            [0., 4.]], dtype=float32, device='cpu')
    """
    if chunk_size is not None and index(chunk_size) < 1:
        raise ValueError(f"vmap: chunk_size={chunk_size}; wanted how many elements to take at a time, or None")

    def mapped(*args: Any, **options: Any) -> Any:
        leaves = tree.leaves(args)
        axes: list[int | None] = []  # None for a leaf that every element gets whole
        for x, axis in zip(leaves, _spread("in_axes", in_axes, args), strict=True):
            apart = isinstance(x, Tensor) and axis is not None
            axes.append(_axis("in_axes", axis, x.ndim) if apart else None)
        named = zip(tree.named_leaves(args), axes, strict=True)
        sizes = {path: x.shape[axis] for (path, x), axis in named if axis is not None}
        if len(set(sizes.values())) != 1 or 0 in sizes.values():
            raise ShapeError(
                f"vmap: the sizes along in_axes={in_axes} are {sizes or 'none'}; wanted one size of at least 1, "
                "that of some tensor among the arguments"
            )
        size = next(iter(sizes.values()))
        if chunk_size is None or chunk_size >= size:
            return _at_once(function, size, args, options, axes, out_axes)
        results = []
        for start in range(0, size, chunk_size):
            part = slice(start, min(start + chunk_size, size))
            chunk = [x if a is None else x[(*[slice(None)] * a, part)] for x, a in zip(leaves, axes, strict=True)]
            results.append(_at_once(function, part.stop - start, _filled(args, chunk), options, axes, out_axes))
        return _joined(results, out_axes)

    return update_wrapper(mapped, function)


def _at_once(
    function: Function, size: int, args: Any, options: dict[str, Any], axes: list[int | None], out_axes: Any
) -> Any:
    """The function of `size` elements, which lie along the axes of the leaves of `args`."""
    with Batch(size) as batch:
        leaves = zip(tree.leaves(args), axes, strict=True)
        entered = [x if axis is None else batch.entered(x, axis) for x, axis in leaves]
        result = function(*_filled(args, entered), **options)
        for path, x in tree.named_leaves(result):
            if not isinstance(x, Tensor):
                raise TypeError(f"vmap: the function gave {type(x).__name__}, leaf {path!r}; wanted tensors")
        places = zip(tree.leaves(result), _spread("out_axes", out_axes, result), strict=True)
        return _filled(result, [batch.left(x, _axis("out_axes", axis, x.ndim + 1)) for x, axis in places])


def _joined(results: list[Any], out_axes: Any) -> Any:
    """The results of chunks as those of the whole batch."""
    columns = zip(*map(tree.leaves, results), strict=True)
    pairs = zip(columns, _spread("out_axes", out_axes, results[0]), strict=True)
    return _filled(results[0], [OPS.concat(column, axis=axis) for column, axis in pairs])


def _filled(like: Any, values: Sequence[Any]) -> Any:
    """A tree with `values` for its leaves."""
    rest = iter(values)
    return tree.map(lambda _: next(rest), like)


def _spread(name: str, axes: Any, like: Any) -> list[Any]:
    """An axis for each leaf of a tree, from a tree that begins like it."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(tree.leaves(like))
    if isinstance(axes, dict) and isinstance(like, dict) and axes.keys() == like.keys():
        pairs: Any = [(axes[key], like[key]) for key in like]
    elif isinstance(axes, list | tuple) and isinstance(like, list | tuple) and len(axes) == len(like):
        pairs = zip(axes, like, strict=True)
    else:
        size = f" of {len(like)}" if isinstance(like, dict | list | tuple) else ""
        raise ValueError(f"vmap: {name}={axes} for a {type(like).__name__}{size}; wanted an axis, or one for each part")
    return [axis for part, inner in pairs for axis in _spread(name, part, inner)]


def _axis(name: str, axis: int | None, ndim: int) -> int:
    if axis is None or not -ndim <= axis < ndim:
        raise ShapeError(f"vmap: {name}={axis} is no axis of a tensor with {ndim}")
    return axis % ndim
