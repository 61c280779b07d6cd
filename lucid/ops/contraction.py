"""Products of several tensors, summed over the indices that they share."""

from math import prod

from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import NUMERIC, tensor, together
from .elementwise import multiply
from .linalg import cross, outer, trace
from .linear_algebra import matmul
from .manipulation import permute_dims, reshape, squeeze
from .statistical import sum

__all__ = ["cross", "einsum", "kron", "outer", "trace"]

Labels = list[str]  # a name for each axis: a letter, or a number for an axis that an ellipsis stands for


def einsum(subscripts: str, /, *operands: Tensor) -> Tensor:
    """Products of elements, summed over every index that the result does not have, in Einstein's notation.

    `subscripts` holds a letter for each axis of each operand, then the letters of the result: "ij,jk->ik" is a matrix
    product, "ii->i" a diagonal. Without an arrow the result has the letters that occur once, in alphabetical order. An
    ellipsis stands for any further axes, which broadcast. Operands are taken together from left to right.

    Raises ValueError for what is no such notation, ShapeError where shapes do not fit it.

    >>> import lucid
    >>> einsum("ij,j->i", lucid.asarray([[1, 2], [3, 4]]), lucid.asarray([1, 10]))
    tensor([21, 43], dtype=int64, device='cpu')
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: subscripts is {type(subscripts).__name__}; wanted a string, as 'ij,jk->ik'")
    given = together("einsum", NUMERIC, *(tensor("einsum", x, f"operands[{i}]") for i, x in enumerate(operands)))
    inputs, result = _parsed(subscripts, [x.ndim for x in given])
    sizes = _sizes(subscripts, inputs, given)
    parts = [_read(x, labels, sizes) for x, labels in zip(given, inputs, strict=True)]
    out, labels = parts[0]
    for i, (x, of_x) in enumerate(parts[1:], 1):
        later = {label for _, rest in parts[i + 1 :] for label in rest}
        out, labels = _together(out, labels, x, of_x, later.union(result))
    out, labels = _summed(out, labels, set(result))
    return permute_dims(out, [labels.index(label) for label in result]) if labels != result else out


def _parsed(subscripts: str, ndims: list[int]) -> tuple[list[Labels], Labels]:
    """The labels of the axes of each operand and of the result."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, and there are {len(ndims)}")
    inputs, most = [], 0
    for i, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        extra = ndim - len(_letters(subscripts, term))
        if extra < 0 or (extra and "..." not in term):
            raise ShapeError(f"einsum: {term!r} in {subscripts!r} names the axes of operand {i}, which has {ndim}")
        most = max(most, extra if "..." in term else 0)
        inputs.append(_labels(term, extra))
    counts: dict[str, int] = {}
    for letter in "".join(_letters(subscripts, term) for term in terms):
        counts[letter] = counts.get(letter, 0) + 1
    if not arrow:
        return inputs, _labels("...", most) + sorted(letter for letter, n in counts.items() if n == 1)
    letters = _letters(subscripts, right)
    for letter in letters:
        if letter not in counts or letters.count(letter) > 1:
            fault = "twice" if letter in counts else "without an operand that has it"
            raise ValueError(f"einsum: the result in {subscripts!r} has {letter!r} {fault}")
    return inputs, _labels(right, most)


def _letters(subscripts: str, term: str) -> str:
    letters = term.replace("...", "", 1)
    if not all(c.isascii() and c.isalpha() for c in letters):
        raise ValueError(f"einsum: {term!r} in {subscripts!r}; wanted letters, and at most one ellipsis '...'")
    return letters


def _labels(term: str, count: int) -> Labels:
    """The letters of a term; axes of an ellipsis are counted from the right, since that is how they broadcast."""
    before, ellipsis, after = term.partition("...")
    return [*before, *(str(i) for i in range(count - 1, -1, -1) if ellipsis), *after]


def _sizes(subscripts: str, inputs: list[Labels], given: list[Tensor]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for i, (labels, x) in enumerate(zip(inputs, given, strict=True)):
        own: dict[str, int] = {}
        for label, n in zip(labels, x.shape, strict=True):
            if own.setdefault(label, n) != n or (sizes.setdefault(label, n) != n and 1 not in (n, sizes[label])):
                other = own[label] if own[label] != n else sizes[label]
                raise ShapeError(
                    f"einsum: {label!r} in {subscripts!r} is {other} and {n}, with operand {i} of shape {x.shape}"
                )
            sizes[label] = n if sizes[label] == 1 else sizes[label]
    return sizes


def _read(x: Tensor, labels: Labels, sizes: dict[str, int]) -> tuple[Tensor, Labels]:
    """An operand with each label once, and without axes of size 1 that are to be repeated."""
    for label in [label for i, label in enumerate(labels) if label in labels[:i]]:
        x, labels = _diagonal(x, labels, label)
    repeated = [i for i, label in enumerate(labels) if x.shape[i] != sizes[label]]
    kept = [label for i, label in enumerate(labels) if i not in repeated]
    return squeeze(x, tuple(repeated)) if repeated else x, kept


def _diagonal(x: Tensor, labels: Labels, label: str) -> tuple[Tensor, Labels]:
    """The first two axes of one label become one: in a row-major square of n x n it is every (n + 1)-th element."""
    i = labels.index(label)
    j = labels.index(label, i + 1)
    rest, n = [a for a in range(x.ndim) if a not in (i, j)], x.shape[i]
    flat = reshape(permute_dims(x, (*rest, i, j)), (*(x.shape[a] for a in rest), n * n))
    return flat[..., :: n + 1], [*(labels[a] for a in rest), label]


def _summed(x: Tensor, labels: Labels, kept: set[str]) -> tuple[Tensor, Labels]:
    """x summed over the labels that are not kept."""
    gone = tuple(i for i, label in enumerate(labels) if label not in kept)
    return sum(x, axis=gone, dtype=x.dtype) if gone else x, [label for label in labels if label in kept]


def _together(x1: Tensor, labels1: Labels, x2: Tensor, labels2: Labels, kept: set[str]) -> tuple[Tensor, Labels]:
    """The product of two, summed over what is not kept: one product of stacks of matrices."""
    x1, labels1 = _summed(x1, labels1, kept.union(labels2))
    x2, labels2 = _summed(x2, labels2, kept.union(labels1))
    both = [label for label in labels1 if label in labels2]
    stacked, inner = [b for b in both if b in kept], [b for b in both if b not in kept]
    rows, columns = [a for a in labels1 if a not in both], [b for b in labels2 if b not in both]
    size = dict(zip(labels1 + labels2, x1.shape + x2.shape, strict=True))

    def arranged(x: Tensor, labels: Labels, *groups: Labels) -> Tensor:
        shape = (*(size[a] for a in stacked), *(prod(size[a] for a in group) for group in groups))
        return reshape(permute_dims(x, [labels.index(a) for group in (stacked, *groups) for a in group]), shape)

    left, right = arranged(x1, labels1, rows, inner), arranged(x2, labels2, inner, columns)
    out = matmul(left, right) if inner else multiply(left, right)
    labels = stacked + rows + columns
    return reshape(out, tuple(size[a] for a in labels)), labels


def kron(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The Kronecker product: every element of x1 times all of x2, in blocks. Missing axes come first.

    >>> import lucid
    >>> kron(lucid.asarray([1, 10]), lucid.asarray([[1, 2]]))
    tensor([[ 1,  2, 10, 20]], dtype=int64, device='cpu')
    """
    x1, x2 = together("kron", NUMERIC, tensor("kron", x1, "x1"), tensor("kron", x2, "x2"))
    ndim = max(x1.ndim, x2.ndim)
    shape1, shape2 = ((1,) * (ndim - x.ndim) + x.shape for x in (x1, x2))
    blocks = multiply(
        reshape(x1, [size for n in shape1 for size in (n, 1)]), reshape(x2, [size for n in shape2 for size in (1, n)])
    )
    return reshape(blocks, tuple(a * b for a, b in zip(shape1, shape2, strict=True)))
