"""PyTorch's names of ops, and what each is in lucid. What is not here is not in both."""

from collections.abc import Callable
from typing import Any

import lucid
from lucid import Tensor, fft, linalg
from lucid.nn import functional as F

Call = Callable[..., Any]


class Unsupported(Exception):
    """A sample that uses an option which lucid does not have, on purpose."""


def along(x: Tensor, dim: Any) -> Any:
    """`dim` as an axis. In PyTorch a tensor without axes has an axis 0 all the same."""
    axis = tuple(dim) if isinstance(dim, list | tuple) else dim
    if not x.ndim and axis not in (None, ()):
        raise Unsupported("an axis of a tensor without axes")
    return None if axis == () else axis


def only(function: Call, **renamed: str) -> Call:
    """The function with PyTorch's keywords renamed; `dim` and `keepdim` always are."""
    names = {"dim": "axis", "keepdim": "keepdims", **renamed}

    def call(*args: Any, **options: Any) -> Any:
        return function(*args, **{names.get(k, k): v for k, v in options.items()})

    return call


def scaled(function: Call) -> Call:
    """PyTorch's add and sub: `alpha` times the second."""
    return lambda a, b, alpha=1: function(a, b if alpha == 1 else b * alpha)


def reduced(function: Call) -> Call:
    """A reduction over `dim`, all of them for None or ()."""

    def call(x: Tensor, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        if dtype is not None:
            raise Unsupported("dtype")
        return function(x, axis=along(x, dim), keepdims=keepdim)

    return call


def spread(function: Call) -> Call:
    """var and std, whose degrees of freedom come as `correction` or `unbiased`."""

    def call(x: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        freedom = correction if correction is not None else 1 if unbiased in (None, True) else 0
        return function(x, axis=along(x, dim), correction=freedom, keepdims=keepdim)

    return call


def shaped(function: Call) -> Call:
    """A size that may come as one tuple or as many numbers."""
    return lambda x, *shape: function(x, tuple(shape[0]) if isinstance(shape[0], list | tuple) else shape)


def transposed(x: Tensor, dim0: int, dim1: int) -> Tensor:
    order = list(range(x.ndim))
    if order:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return lucid.permute_dims(x, order)


def divided(a: Any, b: Any, rounding_mode: str | None = None) -> Tensor:
    quotient = {None: lucid.divide, "floor": lucid.floor_divide}
    return quotient[rounding_mode](a, b) if rounding_mode != "trunc" else lucid.trunc(lucid.divide(a, b))


def squeezed(x: Tensor, dim: Any = None) -> Tensor:
    axes = range(x.ndim) if dim is None else dim if isinstance(dim, list | tuple) else (dim,)
    return lucid.squeeze(x, tuple(a for a in axes if x.ndim and x.shape[a] == 1))


def softmaxed(function: Call) -> Call:
    def call(x: Tensor, dim: int, dtype: Any = None) -> Tensor:
        if dtype is not None or not x.ndim:
            raise Unsupported("dtype")
        return function(x, axis=dim)

    return call


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    return F.gelu(x, approximate=approximate)


def pieces(x: Tensor, sizes: Any, dim: int = 0) -> Any:
    if isinstance(sizes, int):
        length = x.shape[dim]
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    return lucid.split(x, sizes, axis=dim)


def rolled(x: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    return lucid.roll(x, shifts, axis=along(x, dims)) if x.ndim else x


def joined(arrays: Any, dim: int = 0) -> Tensor:
    if len({x.ndim for x in arrays}) > 1:
        raise Unsupported("an empty tensor that joins any other")
    return lucid.concat(arrays, axis=dim)


def summed_up(x: Tensor, dim: int, dtype: Any = None) -> Tensor:
    if dtype is not None:
        raise Unsupported("dtype")
    return lucid.cumulative_sum(x, axis=along(x, dim))


def solved(a: Tensor, b: Tensor, left: bool = True) -> Tensor:
    if not left or 1 < b.ndim < a.ndim or b.shape[-1:] == (0,):
        raise Unsupported("several vectors, which the standard takes for a matrix")
    return linalg.solve(a, b)


def plain(function: Call) -> Call:
    """Without any option."""

    def call(*args: Any, **options: Any) -> Any:
        if any(value is not None for value in options.values()) or len(args) > 1:
            raise Unsupported("options")
        return function(*args)

    return call


UNARY = """
    abs acos acosh asin asinh atan atanh ceil conj cos cosh erf erfinv exp expm1 floor isfinite isinf isnan log log10
    log1p log2 logical_not positive reciprocal round rsqrt sigmoid sin sinh sqrt square tan tanh trunc
""".split()
BINARY = """
    atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor floor_divide logaddexp logical_and
    logical_or logical_xor maximum minimum remainder pow
""".split()

NAMES: dict[str, Call] = {
    **{name: getattr(lucid, name) for name in (*UNARY, *BINARY)},
    "add": scaled(lucid.add),
    "sub": scaled(lucid.subtract),
    "rsub": lambda a, b, alpha=1: lucid.subtract(b, a if alpha == 1 else a * alpha),
    "mul": lucid.multiply,
    "div": divided,
    "true_divide": lucid.divide,
    "neg": lucid.negative,
    "sgn": lucid.sign,
    "sign": lucid.sign,
    "eq": lucid.equal,
    "ne": lucid.not_equal,
    "lt": lucid.less,
    "le": lucid.less_equal,
    "gt": lucid.greater,
    "ge": lucid.greater_equal,
    "bitwise_not": lucid.bitwise_invert,
    "float_power": lucid.pow,
    "clamp": only(lucid.clip),
    "clamp_min": lambda x, low: lucid.clip(x, low),
    "clamp_max": lambda x, high: lucid.clip(x, None, high),
    "where": lambda x, condition, y: lucid.where(condition, x, y),
    "sum": reduced(lucid.sum),
    "mean": reduced(lucid.mean),
    "amax": reduced(lucid.max),
    "amin": reduced(lucid.min),
    "all": reduced(lucid.all),
    "any": reduced(lucid.any),
    "var": spread(lucid.var),
    "std": spread(lucid.std),
    "argmax": reduced(lucid.argmax),
    "argmin": reduced(lucid.argmin),
    "cumsum": summed_up,
    "matmul": lucid.matmul,
    "mm": lucid.matmul,
    "bmm": lucid.matmul,
    "mv": lucid.matmul,
    "dot": lucid.matmul,
    "reshape": shaped(lucid.reshape),
    "view": shaped(lucid.reshape),
    "permute": lambda x, *order: lucid.permute_dims(x, order[0] if isinstance(order[0], tuple | list) else order),
    "transpose": transposed,
    "movedim": lucid.moveaxis,
    "unsqueeze": lucid.expand_dims,
    "squeeze": squeezed,
    "broadcast_to": lucid.broadcast_to,
    "broadcast_tensors": lambda *tensors: lucid.broadcast_arrays(*tensors),
    "flip": lambda x, dims: lucid.flip(x, axis=tuple(dims)) if dims else x,
    "fliplr": lambda x: lucid.flip(x, axis=1),
    "flipud": lambda x: lucid.flip(x, axis=0),
    "roll": rolled,
    "tile": lambda x, reps: lucid.tile(x, tuple(reps)),
    "cat": joined,
    "stack": lambda arrays, dim=0: lucid.stack(arrays, axis=dim),
    "unbind": lambda x, dim=0: lucid.unstack(x, axis=dim),
    "split": pieces,
    "split_with_sizes": pieces,
    "tril": lambda x, diagonal=0: lucid.tril(x, k=diagonal),
    "triu": lambda x, diagonal=0: lucid.triu(x, k=diagonal),
    "argsort": lambda x, dim=-1, descending=False, stable=False: lucid.argsort(x, axis=dim, descending=descending),
    "flatten": only(lucid.flatten, start_dim="start_axis", end_dim="end_axis"),
    "ravel": lambda x: lucid.flatten(x),
    "clone": lambda x, **options: x.clone(),
    "softmax": softmaxed(lucid.softmax),
    "log_softmax": softmaxed(lucid.log_softmax),
    "nn.functional.gelu": gelu,
    "nn.functional.relu": lambda x, inplace=False: F.relu(x),
    "nn.functional.linear": F.linear,
    "nn.functional.layer_norm": F.layer_norm,
    "nn.functional.conv2d": F.conv2d,
    "nn.functional.cross_entropy": F.cross_entropy,
    "nn.functional.mse_loss": F.mse_loss,
    **{f"fft.{name}": only(getattr(fft, name)) for name in "fft ifft rfft irfft hfft ihfft".split()},
    "linalg.inv": linalg.inv,
    "linalg.det": linalg.det,
    "linalg.slogdet": linalg.slogdet,
    "linalg.solve": solved,
    "linalg.eigvalsh": lambda x, UPLO="L": linalg.eigvalsh(x if UPLO == "L" else x.mT.conj()),
    "linalg.svdvals": linalg.svdvals,
    "linalg.pinv": plain(linalg.pinv),
    "linalg.matrix_power": linalg.matrix_power,
    "linalg.cross": lambda a, b, dim=-1: linalg.cross(a, b, axis=dim),
    "linalg.vecdot": lambda a, b, dim=-1: linalg.vecdot(a, b, axis=dim),
    "outer": linalg.outer,
}
