"""Every sample of every op once more, with one axis of an argument, or all axes of one size, made empty."""

from collections.abc import Iterator

import numpy as np
import pytest

from lucid import tree
from tests.fuzz.test_arguments import PARTS, PUBLIC, check
from tests.op_samples import Op, Sample

NARROW = {"d": np.float32, "D": np.complex64}  # what the gpu does not have
CASES = {f"{part} {name}": op for part, ops in {"ops": PUBLIC, **PARTS}.items() for name, op in ops.items()}


def emptied(of: Sample) -> Iterator[Sample]:
    arrays = [x for x in tree.leaves(of.args) if isinstance(x, np.ndarray)]
    for size in {n for x in arrays for n in x.shape}:
        yield changed(of, [tuple(slice(0 if n == size else n) for n in x.shape) for x in arrays])
    for i, x in enumerate(arrays):
        for axis in range(x.ndim):
            key = (*[slice(None)] * axis, slice(0))
            yield changed(of, [key if i == j else () for j in range(len(arrays))])


def changed(of: Sample, keys: list[tuple[slice, ...]]) -> Sample:
    """The sample with its arrays read at such keys, one for each."""
    given = iter(keys)

    def read(x: object) -> object:
        return x[next(given)].astype(NARROW.get(x.dtype.char, x.dtype)) if isinstance(x, np.ndarray) else x

    return of._replace(args=tree.map(read, of.args))


@pytest.mark.parametrize("op", CASES.values(), ids=CASES)
def test_devices_agree_about_nothing(op: Op) -> None:
    for sample in op.samples:
        for of in emptied(sample):
            check(op, of, sums=True)
