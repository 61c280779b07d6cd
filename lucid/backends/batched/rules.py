"""What each op is for a batch: rules that compute with what is held, whose first axis is the batch."""

from collections.abc import Callable, Sequence
from typing import Any

from ...dtypes import DType
from .. import backend_of
from ..activation import FORMULAS
from .array import Array, Shape, aligned, all_aligned, expanded, first, in_front, moved, run, together
from .indexing import Each, getitem, scatter_add, scatter_reduce, setitem

__all__ = ["RULES", "one_by_one"]

Rule = Callable[..., Any]

# --- Families --------------------------------------------------------------------------------------------------------

ELEMENTWISE = """
    abs acos acosh add asin asinh atan atan2 atanh bessel_i bitwise_and bitwise_invert bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor ceil conj copysign cos cosh divide equal erf erfc erfcx erfinv exp expm1 floor
    floor_divide gcd greater greater_equal hypot imag isfinite isinf isnan less less_equal lgamma log log10 log1p
    log2 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter
    not_equal ones_like polygamma positive pow quotients real reciprocal remainder round rsqrt sigmoid sign signbit
    sin sinh sqrt square subtract tan tanh trunc where zeros_like
""".split()
OF_LAST_AXES = """
    cholesky cofactor det eig eigh eigvals eigvalsh elimination expm inv matrix_transpose overlap_add pivots qr slogdet
    solve svd svdvals tril triu windows
""".split()  # as often as the axes before say, of which the batch is one more
ALONG_AXES = {  # by the option that names axes
    "axis": """
        all any argmax argmin argsort count_nonzero cumulative_prod cumulative_sum extreme_so_far flip
        inverse_real_fourier log_softmax max min prod real_fourier resample softmax sum
    """.split(),
    "axes": ["fourier"],
}


def _broadcasting(name: str) -> Rule:
    def rule(*arrays: Array, **options: Any) -> Any:
        return run(name, *all_aligned(arrays), **options)

    return rule


def _along(name: str, option: str) -> Rule:
    def rule(x: Array, **options: Any) -> Any:
        return run(name, x, **options | {option: _one_on(options[option])})

    return rule


def _along_both(name: str) -> Rule:
    return lambda x1, x2, axis: run(name, *all_aligned((x1, x2)), axis=axis + 1)


def _one_on(axis: Any) -> Any:
    return tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1


def one_by_one(name: str) -> Rule:
    """What an op without a rule is: right, and as slow as a loop."""

    def rule(*arrays: Array, **options: Any) -> Any:
        size = max([x.shape[0] for x in arrays])
        rows = ([run("getitem", expanded(x, size), key=(i,)) for x in arrays] for i in range(size))
        found = [run(name, *row, **options) for row in rows]
        if isinstance(found[0], tuple):
            return tuple(_stacked(column) for column in zip(*found, strict=True))
        return _stacked(found)

    return rule


def _stacked(rows: Sequence[Array]) -> Array:
    return run("concat", *map(in_front, rows), axis=0)


# --- Dtypes and shapes -----------------------------------------------------------------------------------------------


def _astype(x: Array, dtype: DType) -> Array:
    return run("astype", x, dtype)


def _reshape(x: Array, shape: Shape) -> Array:
    return run("reshape", x, (x.shape[0], *shape))


def _permute_dims(x: Array, axes: Shape) -> Array:
    return run("permute_dims", x, (0, *_one_on(axes)))


def _broadcast_to(x: Array, shape: Shape) -> Array:
    return run("broadcast_to", aligned(x, len(shape) + 1), (x.shape[0], *shape))


def _concat(*arrays: Array, axis: int) -> Array:
    return run("concat", *together(arrays), axis=axis + 1)


def _roll(x: Array, shift: Shape, axis: Shape) -> Array:
    return run("roll", x, shift, axis=_one_on(axis))


def _pad(x: Array, widths: tuple[tuple[int, int], ...], value: float = 0) -> Array:
    return run("pad", x, widths=((0, 0), *widths), value=value)


# --- Products and searches -------------------------------------------------------------------------------------------


def _matmul(x1: Array, x2: Array) -> Array:
    """A matrix that all elements share makes one large product of many small ones; on its right, for columns."""
    if x2.ndim == 3 and x2.shape[0] == 1:
        return run("matmul", x1, first(x2))
    if x1.ndim == x2.ndim == 3 and x1.shape[0] == x2.shape[2] == 1:
        turned = run("matrix_transpose", x2), run("matrix_transpose", first(x1))
        return run("matrix_transpose", run("matmul", *turned))
    return run("matmul", *all_aligned((x1, x2)))


def _searchsorted(x1: Array, x2: Array, side: str) -> Array:
    """One row to search in for all elements, or one after the other."""
    if x1.shape[0] == 1:
        return run("searchsorted", first(x1), x2, side=side)
    return one_by_one("searchsorted")(x1, x2, side=side)


def _pinv(x: Array, rtol: Any) -> Array:
    if isinstance(rtol, Each):
        x, rtol = together((x, rtol.array))
        rtol = aligned(rtol, x.ndim - 2)
    return run("pinv", x, rtol=rtol)


def _convolve(x: Array, weight: Array, *, groups: int, **options: Any) -> Array:
    """Elements are further images where they share the kernels, and further groups of channels where they do not."""
    size, images = x.shape[:2]
    if weight.shape[0] == 1:
        folded = run("reshape", x, (size * images, *x.shape[2:]))
        out = run("convolve", folded, first(weight), groups=groups, **options)
        return run("reshape", out, (size, images, *out.shape[1:]))
    size, kernels = weight.shape[:2]
    folded = first(x) if x.shape[0] == groups == 1 else expanded(x, size)
    if folded.ndim == x.ndim:
        folded, groups = run("permute_dims", folded, (1, 0, *range(2, x.ndim))), groups * size
        folded = run("reshape", folded, (images, size * x.shape[2], *x.shape[3:]))
    weight = run("reshape", weight, (size * kernels, *weight.shape[2:]))
    out = run("convolve", folded, weight, groups=groups, **options)
    return moved(run("reshape", out, (images, size, kernels, *out.shape[2:])), 1, 0)


# --- Kernels for composites ------------------------------------------------------------------------------------------


def _offered(name: str, *arrays: Array | None, **options: Any) -> Any:
    """What the backend below has for a composite; NotImplemented if it has nothing, and the body runs."""
    backend = backend_of[type(arrays[0])]
    return backend.border(getattr(backend, name, _declined))(*arrays, **options)


def _declined(*arrays: Array | None, **options: Any) -> Any:
    return NotImplemented


def _of_one(name: str) -> Rule:
    """Of an input whose further axes may be any."""
    return lambda x, **options: _offered(name, x, **options)


def _of_rows(name: str) -> Rule:
    """Where all elements share the parameters, they are further rows."""

    def rule(x: Array, *parameters: Array | None, **options: Any) -> Any:
        given = [p for p in parameters if p is not None]
        if x.ndim < 2 or any(p.shape[0] != 1 for p in given) or len({type(p) for p in (x, *given)}) > 1:
            return NotImplemented
        return _offered(name, x, *(p if p is None else first(p) for p in parameters), **options)

    return rule


def _attention(q: Array, k: Array, v: Array, mask: Array | None, *, scale: float) -> Any:
    """Elements are further heads or sequences."""
    name, parts = "scaled_dot_product_attention", (q, k, v)
    if mask is not None or len({(x.ndim, x.shape[0], type(x)) for x in parts}) > 1:
        return NotImplemented
    if q.ndim < 5:
        return _offered(name, *parts, None, scale=scale)
    folded = (run("reshape", x, (x.shape[0] * x.shape[1], *x.shape[2:])) for x in parts)
    out = _offered(name, *folded, None, scale=scale)
    return out if out is NotImplemented else run("reshape", out, (*q.shape[:2], *out.shape[1:]))


RULES: dict[str, Rule] = {
    **{name: _broadcasting(name) for name in (*ELEMENTWISE, *OF_LAST_AXES)},
    **{name: _along(name, option) for option, names in ALONG_AXES.items() for name in names},
    **{name: _along_both(name) for name in ("log_softmax_slope", "softmax_slope")},
    **{name: _of_one(name) for name in (*FORMULAS, "max_pool", "sum_pool")},
    **{name: _of_rows(name) for name in ("feed_forward", "layer_norm", "linear")},
    "astype": _astype,
    "attention_in_heads": _declined,
    "broadcast_to": _broadcast_to,
    "class_losses": _declined,
    "concat": _concat,
    "conv_of_channels": _declined,
    "conv_of_patches": _declined,
    "conv_feed_forward": _declined,
    "convolve": _convolve,
    "distances": _declined,
    "dropped": _declined,
    "getitem": getitem,
    "matmul": _matmul,
    "pad": _pad,
    "permute_dims": _permute_dims,
    "pinv": _pinv,
    "recurrence": _declined,
    "reshape": _reshape,
    "roll": _roll,
    "scaled_dot_product_attention": _attention,
    "scatter_add": scatter_add,
    "scatter_reduce": scatter_reduce,
    "searchsorted": _searchsorted,
    "setitem": setitem,
}
