"""erf and its inverse, which NumPy lacks.

Both have one shape, a line that is bent: x + x R(u), where u is even in x and R = P / Q is a quotient of polynomials.
There is no branch, so every element takes the same few vectorised passes over a block that stays in the cache. erf uses
+ - * / alone, so it has the same bits on every machine; erfinv also takes a logarithm.

`tools/fit_erf.py` found the tables, and shows how to find them again.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .blocks import in_blocks

__all__ = ["erf", "erfinv"]

Array = Any  # a NumPy array


def erf(x: Array) -> Array:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x (DLMF 7.2.1).

    Within 2.1 units in the last place in float64, and 2.7 in float32 (2e-7 relative).

    A quotient fitted to erf itself would keep all its rounding errors where erf is nearly 1. So the table is for
    v = 2 tanh(a / 2), where tanh(a) = erf(x), and the double angle (DLMF 4.35(iii)) leads back:

        erf(x) = tanh(a) = v / (1 + (v / 2)^2)

    This is flat at v = 2, so errors of v fade as erf comes near 1. Nor can rounding lead past 1: (v / 2)^2 is at least
    v - 1, which floats hold exactly, and rounding keeps order.
    """
    return _each(_erf, x)


def erfinv(x: Array) -> Array:
    """The y for which erf(y) = x (DLMF 7.17.1): infinite at x = -1 and 1, nan beyond.

    Within 2e-15 relative in float64, and 3e-7 in float32.

    The variable is u = -log(1 - x^2), as in Giles, "Approximating the erfinv function", GPU Computing Gems, 2012.
    Near 1 erfinv grows like the square root of u, and 1 - x is exact.
    """
    return _each(_erfinv, x)


@np.errstate(all="ignore")
def _each(formula: Callable[[Array, Array], None], x: Array) -> Array:
    """formula(x, out) in blocks; float16 and bfloat16 are computed in float32."""
    x = np.asarray(x)
    flat = x.astype(x.dtype if x.dtype in ERF else np.float32, copy=False).ravel()
    out = np.empty_like(flat)
    in_blocks(formula, flat, out)
    return out.reshape(x.shape).astype(x.dtype, copy=False)


def _erf(x: Array, out: Array) -> None:
    limit, table = ERF[x.dtype]
    np.clip(x, -limit, limit, out=out)  # beyond the limit the answer is 1, and x * x might overflow
    _bend(out, out * out, table, out)
    half = out * 0.5
    half *= half
    half += 1
    out /= half


def _erfinv(x: Array, out: Array) -> None:
    u = 1 - x
    u *= 1 + x
    np.log(u, out=u)
    np.negative(u, out=u)
    _bend(x, u, ERFINV[x.dtype], out)
    np.copysign(out, x, out=out)  # R is negative near 0, and -0 + 0 is 0
    ends = u == np.inf
    out[ends] = x[ends] * np.inf


def _bend(x: Array, u: Array, table: Array, out: Array) -> None:
    """out = x + x P(u) / Q(u). Horner's rule runs over both polynomials at once: they are the rows of `pq`."""
    pq = table[0] * u
    for coefficients in table[1:-1]:
        pq += coefficients
        pq *= u
    pq += table[-1]
    p, q = pq
    p /= q
    p *= x
    np.add(x, p, out=out)


def _table(dtype: type[np.floating[Any]], *rows: tuple[float, float]) -> Array:
    """Rows (p, q), highest power first, as columns to be broadcast against a block."""
    return np.array(rows, dtype)[:, :, None]


FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

ERF = {  # the x from which on the answer is 1, and R as a function of x^2
    FLOAT32: (
        3.9,
        _table(
            np.float32,
            (-1.20911205e-05, 1.31878549e-05),
            (-0.0001250207, 0.000345533489),
            (0.000313372697, -0.000247142295),
            (-0.0134953887, 0.0364084043),
            (-0.0132359794, 0.028946823),
            (0.128379167, 1),
        ),
    ),
    FLOAT64: (
        6.0,
        _table(
            np.float64,
            (-1.1883264970848019e-17, 1.2328293771761323e-17),
            (-3.4255086529802311e-15, 4.0181585043277407e-15),
            (-1.2983799304637427e-13, 1.9760764961952371e-13),
            (-5.7780573598942213e-12, 7.9653945521938494e-12),
            (-1.8559634180971427e-10, 2.9841282124367329e-10),
            (-4.1202675181256397e-09, 6.7799808922350106e-09),
            (-9.1223456499232109e-08, 1.648750933434642e-07),
            (-1.287068135814472e-06, 2.543969023396888e-06),
            (-1.7571830323664447e-05, 3.9122809522566415e-05),
            (-0.00015343153299847599, 0.0003992172608168334),
            (-0.0010932229721813125, 0.0037185043222998514),
            (-0.0040167064595378879, 0.022377950413179668),
            (-0.0081651950575386857, 0.12123227329941431),
            (0.028864645203472573, 0.35688648728254974),
            (0.12837916709551259, 1),
        ),
    ),
}

ERFINV = {  # R as a function of -log(1 - x^2)
    FLOAT32: _table(
        np.float32,
        (2.37895151e-05, 1.35591253e-06),
        (0.000447747485, 0.000181817778),
        (0.00583380881, 0.00178408392),
        (0.0265999694, 0.0320724103),
        (0.222843914, 0.0805968539),
        (-0.113773075, 1),
    ),
    FLOAT64: _table(
        np.float64,
        (2.9334420020349307e-18, 4.4465393580090867e-20),
        (1.5193742534798494e-15, 8.9992541952292241e-17),
        (1.3595632696223327e-13, 1.9089072173951586e-14),
        (3.690692302785128e-12, 9.5194373762364615e-13),
        (1.0759672403288301e-10, 2.4489355690328815e-11),
        (2.198278573839566e-09, 6.9097112266947559e-10),
        (3.9187036670531733e-08, 1.2340523714022733e-08),
        (5.4583749322730794e-07, 2.2169024350051606e-07),
        (6.7608742804352722e-06, 2.7711597586232966e-06),
        (6.3578297763514116e-05, 3.4479018998165223e-05),
        (0.00053612312281347998, 0.00029488255308054962),
        (0.0032092237581900179, 0.0025436253897491521),
        (0.018227986522097766, 0.013697211092501925),
        (0.053991259719899848, 0.084184610917053607),
        (0.20650456845677048, 0.22421032550449241),
        (-0.11377307454724199, 1),
    ),
}
