"""Whether both devices give the same: every op, with every dtype, on all of its samples.

    python -m tools.parity_devices [NAME ...]       # `make parity-devices`; NAME picks ops

Each sample of each op is tried in each dtype that both devices have, whatever it was written for. cpu and gpu must
agree in value, dtype and shape, and where one refuses, so must the other, with the same error and message. There is a
row for each op: in each dtype, how many samples agreed of how many; then how far apart the values were at worst, in
units in the last place. What differs is listed below the table, and then the exit code is 1. There are no exceptions.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import lucid
from lucid import dtypes, fft, tree
from lucid.nn import functional
from tests.comparing import assert_same, native, outcome, units_apart
from tests.nn.samples import FUNCTIONS
from tests.op_samples import OPS, Op, Sample, call
from tests.op_samples.writing import X, integers, numbers, sample
from tests.ops import test_fft, test_linalg

DTYPES = [d for d in dtypes.ALL if d not in (lucid.float64, lucid.complex128)]


REFUSED = {  # functions of lucid.nn.functional, with arguments that are wrong
    "cross_entropy": [sample(X, integers(3, high=3, low=-4))],
    "linear": [sample(X, numbers(5, 3))],
    "one_hot": [sample(integers(5), 3)],
}


def table() -> Iterator[Op]:
    """All ops: those of tests/op_samples, linear algebra, Fourier transforms, and functions of neural networks."""
    yield from OPS
    for name, function, reference, arrays in test_linalg.values("real"):
        yield Op(f"linalg.{name}", function, reference, None, [sample(*arrays)])
    for name in fft.__all__:
        found = [sample(x, **options) for n, x, options in (p.values for p in test_fft.samples()) if n == name]
        yield Op(f"fft.{name}", getattr(fft, name), None, None, found)
    for name, found in FUNCTIONS.items():
        yield Op(f"nn.{name}", getattr(functional, name), None, None, found + REFUSED.get(name, []), ulps=16)


def in_dtype(of: Sample, dtype: lucid.DType) -> Sample:
    """The sample with its numbers in another dtype: all floating arrays, or if there is none, those like the first."""
    arrays = [leaf for leaf in tree.leaves([of.args, of.options]) if isinstance(leaf, np.ndarray)]
    kinds = {a.dtype for a in arrays if a.dtype.kind in "fcV"} or {a.dtype for a in arrays[:1]}

    def convert(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray) or leaf.dtype not in kinds:
            return leaf
        real = leaf.real if leaf.dtype.kind == "c" else leaf
        with np.errstate(all="ignore"):
            if dtype is lucid.bool and leaf.dtype.kind != "b":
                return real > 0
            if dtype.kind == dtypes.COMPLEX and leaf.dtype.kind != "c" and np.isfinite(leaf).all():
                return (leaf + 1j * np.flip(leaf).astype(np.float32)).astype(native(dtype))
            if dtype.kind == dtypes.UNSIGNED and leaf.dtype.kind != "b":
                real = abs(real)
            return (leaf if dtype.kind == dtypes.COMPLEX else real).astype(native(dtype))

    args, options = tree.map(convert, (of.args, of.options))
    return of._replace(args=args, options=options)


def seeded(op: Op, device: str, of: Sample) -> Any:
    """What the op makes of a sample, with the same random numbers on both devices."""
    lucid.random.seed(0)
    return call(op, device, of)


def difference(op: Op, of: Sample) -> tuple[str, float]:
    """How the devices differ on a sample, in words, empty if they do not; and how far apart values are."""
    (found, error), (wanted, wanted_error) = (outcome(lambda d=d: seeded(op, d, of)) for d in ("gpu", "cpu"))
    if error != wanted_error:
        return f"gpu: {error or found!r}\n    cpu: {wanted_error or wanted!r}", 0
    if error:
        return "", 0
    try:
        assert_same(found, wanted, ulps=2 * op.ulps, signed_zeros=op.signed_zeros)
    except AssertionError as reason:
        return f"gpu: {found!r}\n    cpu: {wanted!r}\n    {' '.join(str(reason).split())[:200]}", 0
    return "", units_apart(found, wanted)


def main(names: list[str]) -> int:
    ops = [op for op in table() if not names or op.name in names]
    width = max(len(op.name) for op in ops)
    print(" " * width, *(f"{d.name:>9}" for d in DTYPES), "   ulps")
    count, differences = 0, []
    for op in ops:
        cells, worst = [], 0.0
        for dtype in DTYPES:
            found = [(of.note, *difference(op, in_dtype(of, dtype))) for of in op.samples]
            different = [(note, words) for note, words, _ in found if words]
            differences += [f"{op.name} {dtype.name}, {note}:\n    {words}" for note, words in different]
            cells.append(f"{len(found) - len(different)}/{len(found)}")
            worst, count = max([worst, *(units for *_, units in found)]), count + len(found)
        print(f"{op.name:<{width}}", *(f"{cell:>9}" for cell in cells), f"{worst:7.1f}", flush=True)
    print("", *differences, f"{count - len(differences)} of {count} agree", sep="\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
