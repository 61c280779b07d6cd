"""Every op with arguments that nobody wrote down: both devices give the same, or refuse with the same words."""

import re
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import lucid
from lucid import dtypes, nn, tree
from tests.comparing import assert_same, outcome
from tests.fuzz.strategies import WHERE, changed
from tests.nn.samples import FUNCTIONS
from tests.op_samples import OPS, Op, Sample, Wrong, call
from tests.op_samples.elementwise import OPS as ELEMENTWISE
from tests.op_samples.writing import sample
from tests.ops import test_fft, test_linalg

PUBLIC = {op.name: op for op in OPS if hasattr(lucid, op.name) or op.name in ("getitem", "setitem", "to_device")}
SENTENCE = re.compile(r"\w+: \w+: .")  # the error, the function, and what is wrong: an error of lucid's own


IN_ORDER = ("searchsorted", "interp", "digitize", "histogram")  # have nothing to say where places are in no order
SIZED_BY_VALUES = ("bincount", "one_hot", "repeat")  # whose results may fill the memory
SUMS = ("conv", "conv_transpose", "conv_feed_forward", "feed_forward", "linear", "layer_norm")  # of products
SUMS += ("attention_in_heads", "scaled_dot_product_attention")
SUMS += ("vecdot", "tensordot", "einsum", "inner", "outer", "kron", "matmul")
MASKED = ("scaled_dot_product_attention",)  # whose mask is met in the dtype of the other arguments
MANY = 32  # numbers whose sum is off by more where one device adds them up in turn, and one in pairs
OF_FOUR = ("cdist", "cov", "corrcoef")  # sums of products of four numbers, or of their squares


def op_of(name: str, function: Callable[..., Any], *samples: Sample) -> Op:
    """One whose numbers are sums of many others."""
    return Op(name, function, None, None, samples, ulps=64)


OF_NN = {name: op_of(name, getattr(nn.functional, name), *samples) for name, samples in FUNCTIONS.items()}
OF_LINALG = {
    f"{kind}, {name}": op_of(name, function, sample(*arrays))
    for kind, name, function, _, arrays in (case.values for case in test_linalg.ALL)
}
OF_FFT = {
    f"{name} {i}": op_of(name, getattr(lucid.fft, name), sample(x, **options))
    for i, (name, x, options) in enumerate(case.values for case in test_fft.samples())
}
PARTS = {"nn": OF_NN, "linalg": OF_LINALG, "fft": OF_FFT}


@given(st.data())
def test_the_devices_agree_and_errors_are_lucids(data: st.DataObject) -> None:
    op = PUBLIC[data.draw(st.sampled_from(sorted(PUBLIC)), label="op")]
    of = data.draw(st.sampled_from([*op.samples, *op.wrong]), label="sample")
    of = data.draw(changed(of, huge=op in ELEMENTWISE), label="arguments")
    check(op, of)


@given(st.data())
def test_the_devices_agree_in_nn_linalg_and_fft(data: st.DataObject) -> None:
    """There what is None stays so, since nobody looks whether something else is a tensor."""
    part = PARTS[data.draw(st.sampled_from(sorted(PARTS)), label="part")]
    op = part[data.draw(st.sampled_from(sorted(part)), label="op")]
    of = data.draw(st.sampled_from(op.samples).flatmap(lambda of: changed(of, nones=False)), label="arguments")
    check(op, of, sums=True)


def check(op: Op, of: Sample | Wrong, sums: bool = False) -> None:
    least, most = integers_reach(of)
    if op.name in SIZED_BY_VALUES and most > 1000:
        return
    if op.name in OF_FOUR and max(-least, most) > 10**9:  # else it depends on the order which are infinite
        return

    def result(device: str) -> Any:
        lucid.random.seed(0)
        return call(op, device, of)

    with np.errstate(all="ignore"):
        outcomes = [outcome(lambda where=where: result(where)) for where in WHERE]
    (wanted, wanted_error) = outcomes[0]
    if wanted_error.startswith("MemoryError"):
        return
    assert not wanted_error or SENTENCE.match(wanted_error), wanted_error
    for found, error in outcomes[1:]:
        assert told(error) == told(wanted_error)
        if not error and op.name not in IN_ORDER and not is_left_open(op, of):
            if sums or op.name in SUMS:
                assert_about(op, of, found, wanted)
            else:
                found, wanted = (without_infinities(x, False) for x in (found, wanted))
                ulps = 4 * op.ulps * max(terms(of, wanted) / MANY, 1)
                assert_same(found, wanted, ulps=ulps, signed_zeros=op.signed_zeros)


def terms(of: Sample | Wrong, wanted: Any) -> float:
    """How many numbers of the largest argument there are for each of the result."""
    largest = max([x.size for x in tree.leaves([of.args, of.options]) if isinstance(x, np.ndarray)] + [0])
    return largest / max([x.size for x in tree.leaves(wanted) if isinstance(x, lucid.Tensor)] + [1])


def told(error: str) -> str:
    """An error, whichever of several wrong indices it names: on the gpu those in lists come before those in tensors."""
    return re.sub("(IndexError: getitem: axis) .*", r"\1", error)


def integers_reach(of: Sample | Wrong) -> tuple[float, float]:
    """The least and the largest integer among the arguments, and 0."""
    leaves = [x for x in tree.leaves([of.args, of.options]) if isinstance(x, np.ndarray) and x.dtype.kind in "iu"]
    reach = [float(end(x, initial=0)) for x in leaves for end in (np.min, np.max)]
    return min(reach, default=0), max(reach, default=0)


def assert_about(op: Op, of: Sample | Wrong, found: Any, wanted: Any) -> None:
    """Sums of products in another order are off by so many units in the last place of their largest term."""
    if op.name.startswith("conv") and not all(np.isfinite(x).all() for x in tree.leaves(of.args[1:2])):
        return  # NumPy multiplies infinite weights with the zeros of padding, and MLX leaves those out
    if is_left_open(op, of):
        return
    found, wanted = (without_infinities(x, True) for x in (found, wanted))
    terms = [np.abs(x[np.isfinite(x)]).astype(np.float64) for x in map(host, tree.leaves([of.args, wanted]))]
    largest = max((float(np.max(x, initial=1)) for x in terms), default=1.0)
    dtypes_found = {x.dtype for x in tree.leaves(found) if isinstance(x, lucid.Tensor) and x.dtype.is_floating}
    most = min(lucid.finfo(dtype).max for dtype in (lucid.float32, *dtypes_found))
    if largest < (most / 16) ** 0.5:  # else it depends on the order which sums are infinite
        assert_same(found, wanted, ulps=16 * op.ulps * largest**2 * (unevenness(of) if op.name in MASKED else 1))


def unevenness(of: Sample | Wrong) -> float:
    """How much coarser the coarsest argument is than the finest."""
    leaves = [leaf for leaf in tree.leaves([of.args, of.options]) if isinstance(leaf, np.ndarray)]
    steps = [float(ml_dtypes.finfo(x.dtype).eps) for x in leaves if x.dtype.kind in "fV"]
    return max(steps, default=1.0) / min(steps, default=1.0)


def is_left_open(op: Op, of: Sample | Wrong) -> bool:
    """Which integer nan and infinities become: NumPy itself does not say the same at every place of an array."""
    return op.name == "astype" and not all(np.isfinite(host(x)).all() for x in tree.leaves(of.args))


def host(x: Any) -> np.ndarray:
    x = x.detach().numpy() if isinstance(x, lucid.Tensor) else np.asarray(x)
    return x if x.dtype.kind in "biufc" else x.astype(np.float64) if x.dtype.kind == "V" else np.zeros(0)


def without_infinities(results: Any, all_dtypes: bool) -> Any:
    """nan for what is not finite or nearly so, where sums and products in another order give another infinity."""

    def mend(x: Any) -> Any:
        if not isinstance(x, lucid.Tensor) or not (x.dtype.kind == dtypes.COMPLEX or all_dtypes):
            return x
        return lucid.where(lucid.abs(x) < lucid.finfo(x.dtype).max / 4, x, lucid.nan) if x.dtype.is_floating else x

    return tree.map(mend, results)
