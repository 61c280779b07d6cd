"""Find the polynomial of `lucid/backends/fused.py` for the exact GELU; needs SciPy.

    python tools/fit_gelu.py

The probability that a standard normal number is below x is (1 + erf(x / sqrt 2)) / 2 = (1 + tanh(a)) / 2 with an odd
function a, so tanh(x P(x^2)) can be fitted to erf. What counts is the error after tanh, which flattens it where a is
large: there P may be off by much. Least squares whose weights grow where the error is largest come near the fit whose
largest error is least (Lawson's algorithm). The degree was raised until that was half a unit in the last place of 1;
its last coefficient is positive, so that beyond the limit tanh stays at 1.
"""

import numpy as np
from numpy.polynomial import Polynomial, chebyshev
from scipy.special import log_ndtr, ndtr

LIMIT, DEGREE, ROUNDS, POINTS = 5.6, 6, 300, 6000


def fit(limit: float, degree: int) -> tuple[Polynomial, float]:
    """P as a polynomial in (x / 2)^2 such that tanh(x / 2 P) is near erf(x / sqrt 2), and the largest error of that."""
    x = limit * np.sin(np.pi * (2 * np.arange(POINTS) + 1) / (4 * POINTS))
    wanted = (log_ndtr(x) - log_ndtr(-x)) / x  # atanh(2 p - 1) = (log p - log(1 - p)) / 2
    basis = chebyshev.chebvander(2 * (x / limit) ** 2 - 1, degree)
    weights = x * ndtr(x) * ndtr(-x)
    best, least = None, np.inf
    for _ in range(ROUNDS):
        found = np.linalg.lstsq(basis * weights[:, None], wanted * weights, rcond=None)[0]
        error = np.abs(np.tanh(x / 2 * (basis @ found)) - (2 * ndtr(x) - 1))
        if error.max() < least:
            best, least = found, error.max()
        weights *= (error / error.max() + 1e-3) ** 0.2
        weights /= weights.max()
    return Polynomial(chebyshev.cheb2poly(best))(Polynomial([-1, 8 / limit**2])), least


if __name__ == "__main__":
    polynomial, error = fit(LIMIT, DEGREE)
    print(", ".join(f"{c:.9g}" for c in polynomial.coef[::-1]), f"# off by {error:.1e}")
