"""Sums of products."""

import numpy as np

from lucid.errors import ShapeError

from .writing import *

OPS = (
    op("einsum", np.einsum, lambda subscripts, *x: same(*x), [
        sample("ij,jk->ik", X, Y.T), sample("ij,jk", X, Y.T, note="implicit"), sample("ii->i", numbers(3, 3)),
        sample("ii", numbers(3, 3), note="trace"), sample("ijk->kij", Z), sample("ijk->j", Z), sample("ij->", X),
        sample("i,j->ij", X[0], Y[1]), sample("ij,ij->ij", X, Y), sample("...ij,...jk->...ik", Z, numbers(2, 4, 2)),
        sample("...ij,jk->...ik", Z, numbers(4, 2)), sample("...,...->...", Z, X), sample("b...->...b", Z),
        sample("bij,bjk,bk->bi", Z, numbers(2, 4, 5), numbers(2, 5)), sample("iji->j", numbers(3, 2, 3)),
        sample("ij,ij->i", X[:, :1], Y, note="one repeated"), sample("ij,kl->ijkl", X, Y[:2, :2]),
        sample("ij,jk->ik", integers(2, 3), integers(3, 2), note="whole"), sample("ij,jk->ik", X[:0], Y.T),
        sample("ij,jk->ik", X[:, :0], Y.T[:0], note="sums of nothing"), sample("->", ONE),
        sample("ij,j->i", numbers(2, 3, dtype=np.complex64), numbers(3, dtype=np.complex64)),
    ], wrong("ij,jk->ik", X, error=ValueError, message="names 2 operands, and there are 1"),
       wrong("ij,jk->ik", X, Y, error=ShapeError, message="einsum: 'j' in 'ij,jk->ik' is 4 and 3"),
       wrong("ii", X, error=ShapeError, message="'i' in 'ii' is 3 and 4"),
       wrong("ijk", X, error=ShapeError, message="names the axes of operand 0, which has 2"),
       wrong("i", X, error=ShapeError, message="names the axes of operand 0"),
       wrong("ij->k", X, error=ValueError, message="has 'k' without an operand that has it"),
       wrong("ij->ii", X, error=ValueError, message="has 'i' twice"),
       wrong("i1", X, error=ValueError, message="letters"),
       wrong("ij", 2.0, **NO_TENSOR), wrong(X, "ij", error=TypeError, message="subscripts is Tensor"), ulps=8),
    op("kron", np.kron, same, [
        sample(X[:2, :3], Y[:3, :2]), sample(X[0], Y[:2]), sample(Z, X[0, :2]), sample(integers(2), integers(3)),
        sample(ONE, X[0]), sample(X[:0], Y[0, :2]),
    ], wrong(X, 2.0, **NO_TENSOR)),
)  # fmt: skip
