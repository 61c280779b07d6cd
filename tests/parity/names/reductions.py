"""Reductions, order statistics, counts, distances."""

from typing import Any

import lucid
from lucid import Tensor, linalg

from .adapting import Call, Unsupported, added, along, by_axis, in_dtype, reduced, running


def spread(function: Call) -> Call:
    """var and std, whose degrees of freedom come as `correction` or `unbiased`."""

    def call(x: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        freedom = correction if correction is not None else 1 if unbiased in (None, True) else 0
        return function(x, axis=along(x, dim), correction=freedom, keepdims=keepdim)

    return call


def with_mean(function: Call) -> Call:
    return lambda *args, **options: (
        spread(function)(*args, **options),
        spread(lambda x, correction, **along: lucid.mean(x, **along))(*args, **options),
    )


def chosen(x: Tensor, places: Tensor, dim: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The elements at places with the axis kept, and the places."""
    found = lucid.take_along_axis(x, places, axis=dim), places
    return found if keepdim else tuple(lucid.squeeze(part, dim) for part in found)  # type: ignore[return-value]


def extreme(reduction: Call, place: Call, of_two: Call) -> Call:
    """max and min: of all, along an axis with the places, or of two."""

    def call(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, Tensor):
            return of_two(x, dim)
        if dim is None:
            return reduction(x)
        return chosen(x, place(x, axis=along(x, dim), keepdims=True), dim, keepdim)

    return call


def middle(quantile: Call) -> Call:
    """The lower one of two middle elements; along an axis with its place."""

    def call(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return quantile(x, 0.5, method="lower")
        value = quantile(x, 0.5, axis=along(x, dim), keepdims=True, method="lower")
        same = (x == value) | (lucid.isnan(x) & lucid.isnan(value))
        return chosen(x, lucid.argmax(lucid.astype(same, lucid.int8), axis=dim, keepdims=True), dim, keepdim)

    return call


def quantile(function: Call) -> Call:
    def call(x: Tensor, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear") -> Tensor:
        return function(x, q, axis=along(x, dim), keepdims=keepdim, method=interpolation)

    return call


def logsumexp(x: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    return lucid.logsumexp(x, axis=along(x, dim), keepdims=keepdim)


def kthvalue(x: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return lucid.kthvalue(x, k, axis=along(x, dim), keepdims=keepdim)


def mode(x: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    return lucid.mode(x, axis=along(x, dim), keepdims=keepdim)


def topk(x: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    return lucid.topk(x, k, axis=along(x, dim), largest=largest)


def argsorted(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    return lucid.argsort(x, axis=along(x, dim), descending=descending)


def ordered(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    places = argsorted(x, dim, descending)
    return lucid.take_along_axis(x, places, axis=dim), places


def difference(x: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    return lucid.diff(x, n=n, axis=along(x, dim), prepend=prepend, append=append)


def area(function: Call) -> Call:
    def call(x: Tensor, places: Tensor | None = None, dim: int = -1, dx: float = 1.0) -> Tensor:
        return function(x, places, step=dx, axis=along(x, dim))

    return call


def histc(x: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    within = None if min == max else (float(min), float(max))
    return lucid.astype(lucid.histogram(x, bins, range=within)[0], x.dtype)


def histogram(x: Tensor, bins: Any, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    weights = lucid.ones_like(x) if weight is None else weight
    counts, edges = lucid.histogram(x, bins, range=range, weights=weights, density=density)
    return lucid.astype(counts, x.dtype), edges


def searchsorted(a: Tensor, x: Any, out_int32: bool = False, right: bool = False, side: Any = None,
                 sorter: Any = None) -> Tensor:  # fmt: skip
    if a.ndim != 1:
        raise Unsupported("several sorted sequences at once")
    found = lucid.searchsorted(a, x, side=side or ("right" if right else "left"), sorter=sorter)
    return found.astype(lucid.int32) if out_int32 else found


def distinct(x: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
             dim: Any = None) -> Any:  # fmt: skip
    if dim is not None:
        raise Unsupported("whole slices as elements of a set")
    if not sorted:
        raise Unsupported("the order of a hash table")
    return told(lucid.unique_all(x), return_inverse, return_counts)


def consecutive(x: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: Any = None) -> Any:
    if dim is not None:
        raise Unsupported("whole slices as elements of a set")
    found = lucid.unique_consecutive(x)
    return told(found._replace(inverse_indices=found.inverse_indices.reshape(x.shape)), return_inverse, return_counts)


def told(found: Any, return_inverse: bool, return_counts: bool) -> list[Tensor]:
    return [found.values, *[found.inverse_indices] * return_inverse, *[found.counts] * return_counts]


def counted(x: Tensor, weights: Any = None, minlength: int = 0) -> Tensor:
    weights = weights if weights is None or weights.dtype.is_floating else weights.astype(lucid.float64)
    return lucid.bincount(x, weights, minlength=minlength)


def covariance(x: Tensor, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    return lucid.cov(x, correction=correction, frequencies=fweights, weights=aweights)


def norm(x: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    axis = along(x, dim)
    if p in ("nuc", "fro") and dim is not None:
        return linalg.norm(x, ord=p, axis=axis, keepdims=keepdim)
    if p == "nuc":
        return linalg.matrix_norm(x, ord=p)
    return linalg.vector_norm(x, ord=2 if p in (None, "fro") else p, axis=axis, keepdims=keepdim)


def renormed(x: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    along(x, dim)
    others = tuple(a for a in range(x.ndim) if a != dim % x.ndim)
    size = linalg.vector_norm(x, ord=p, axis=others, keepdims=True)
    return x * lucid.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)


def distances(a: Tensor, b: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    return lucid.cdist(a, b, p=p)


NAMES: dict[str, Call] = {
    "sum": added(lucid.sum),
    "prod": added(lucid.prod),
    "mean": reduced(lucid.mean),
    "amax": reduced(lucid.max),
    "amin": reduced(lucid.min),
    "aminmax": lambda x, *, dim=None, keepdim=False: (
        reduced(lucid.min)(x, dim, keepdim),
        reduced(lucid.max)(x, dim, keepdim),
    ),
    "all": reduced(lucid.all),
    "any": reduced(lucid.any),
    "nansum": reduced(lucid.nansum),
    "nanmean": reduced(lucid.nanmean),
    "count_nonzero": reduced(lucid.count_nonzero),
    "argmax": reduced(lucid.argmax),
    "argmin": reduced(lucid.argmin),
    "logsumexp": logsumexp,
    "var": spread(lucid.var),
    "std": spread(lucid.std),
    "var_mean": with_mean(lucid.var),
    "std_mean": with_mean(lucid.std),
    "max": extreme(lucid.max, lucid.argmax, lucid.maximum),
    "min": extreme(lucid.min, lucid.argmin, lucid.minimum),
    "median": middle(lucid.quantile),
    "nanmedian": middle(lucid.nanquantile),
    "quantile": quantile(lucid.quantile),
    "nanquantile": quantile(lucid.nanquantile),
    "kthvalue": kthvalue,
    "mode": mode,
    "topk": topk,
    "sort": ordered,
    "msort": lambda x: lucid.sort(x, axis=0),
    "argsort": argsorted,
    "cumsum": running(lucid.cumulative_sum),
    "cumprod": running(lucid.cumulative_prod),
    "cummax": by_axis(lucid.cummax),
    "cummin": by_axis(lucid.cummin),
    "logcumsumexp": by_axis(lucid.logcumsumexp),
    "softmax": in_dtype(by_axis(lucid.softmax)),
    "log_softmax": in_dtype(by_axis(lucid.log_softmax)),
    "diff": difference,
    "trapezoid": area(lucid.trapezoid),
    "trapz": area(lucid.trapezoid),
    "cumulative_trapezoid": area(lucid.cumulative_trapezoid),
    "histc": histc,
    "histogram": histogram,
    "bincount": counted,
    "bucketize": lambda x, edges, **options: searchsorted(edges, x, **options),
    "searchsorted": searchsorted,
    "unique": distinct,
    "unique_consecutive": consecutive,
    "cov": covariance,
    "corrcoef": lucid.corrcoef,
    "norm": norm,
    "dist": lambda a, b, p=2.0: linalg.vector_norm(a - b, ord=float(p)),
    "cdist": distances,
    "renorm": renormed,
}
