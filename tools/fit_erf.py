"""Find the tables of `lucid/backends/special.py`; needs mpmath (1.3 made the ones there).

    python tools/fit_erf.py

Each table is the quotient P(u) / Q(u) that meets R at the Chebyshev points of sqrt(u) in (0, limit): interpolation
there is near the best fit and costs one linear system (Trefethen, Approximation Theory and Approximation Practice,
chapters 16 and 26). The system is ill conditioned, so it is solved with a hundred digits. The degrees and limits were
tried until the fit's own error was smaller than rounding's.
"""

from collections.abc import Callable

import mpmath as mp


def erf_bend(u: mp.mpf) -> mp.mpf:
    """R of erf at u = x^2: there x + x R is 2 tanh(a / 2), with tanh(a) = erf(x). Half angle, DLMF 4.35(iii)."""
    x = mp.sqrt(u)
    return 2 * mp.erf(x) / (1 + mp.sqrt(1 - mp.erf(x) ** 2)) / x - 1


def erfinv_bend(u: mp.mpf) -> mp.mpf:
    """R of erfinv at u = -log(1 - x^2): there x + x R is erfinv(x)."""
    x = mp.sqrt(-mp.expm1(-u))
    return mp.erfinv(x) / x - 1


def fit(bend: Callable[[mp.mpf], mp.mpf], limit: float, degree: int) -> list[tuple[float, float]]:
    """The coefficients (p, q) of P and Q, highest power first; the last q is 1."""
    count = 2 * degree + 1
    rows, values = [], []
    for i in range(count):
        u = (limit * mp.sin(mp.pi * (2 * i + 1) / (4 * count)) ** 2) ** 2
        value = bend(u)
        rows.append([u**k for k in range(degree + 1)] + [-value * u**k for k in range(1, degree + 1)])
        values.append(value)
    found = list(mp.lu_solve(mp.matrix(rows), mp.matrix(values)))
    p, q = found[: degree + 1], [mp.mpf(1), *found[degree + 1 :]]
    return [(float(a), float(b)) for a, b in zip(reversed(p), reversed(q), strict=True)]


if __name__ == "__main__":
    mp.mp.dps = 100
    for name, bend, limit, degree, digits in [
        ("erf float32", erf_bend, 3.9, 5, 9),
        ("erf float64", erf_bend, 6, 14, 17),
        ("erfinv float32", erfinv_bend, 4, 5, 9),
        ("erfinv float64", erfinv_bend, 6.1, 15, 17),
    ]:
        print(f"\n{name}")
        for a, b in fit(bend, limit, degree):
            print(f"({a:.{digits}g}, {b:.{digits}g}),")
