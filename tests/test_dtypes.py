"""The promotion table against the standard's, its laws, and dtypes as Python objects."""

import copy
import pickle
from itertools import product

import pytest

import lucid
from lucid.dtypes import ALL, BY_NAME, as_dtype, promote, promote_scalar
from lucid.errors import DTypeError

# https://data-apis.org/array-api/latest/API_specification/type_promotion.html, each table read along its rows.
STANDARD = {
    "int8 int16 int32 int64": """
        int8  int16 int32 int64
        int16 int16 int32 int64
        int32 int32 int32 int64
        int64 int64 int64 int64""",
    "uint8 uint16 uint32 uint64": """
        uint8  uint16 uint32 uint64
        uint16 uint16 uint32 uint64
        uint32 uint32 uint32 uint64
        uint64 uint64 uint64 uint64""",
    "float32 float64 complex64 complex128": """
        float32    float64    complex64  complex128
        float64    float64    complex128 complex128
        complex64  complex128 complex64  complex128
        complex128 complex128 complex128 complex128""",
}
MIXED = {  # signed (rows) with unsigned (columns)
    "int8": "int16 int32 int64", "int16": "int16 int32 int64", "int32": "int32 int32 int64",
    "int64": "int64 int64 int64",
}  # fmt: skip


def standard() -> dict[tuple[str, str], str]:
    table = {("bool", "bool"): "bool"}
    for names, results in STANDARD.items():
        table |= dict(zip(product(names.split(), repeat=2), results.split(), strict=True))
    for signed, results in MIXED.items():
        for unsigned, result in zip(("uint8", "uint16", "uint32"), results.split(), strict=True):
            table[signed, unsigned] = table[unsigned, signed] = result
    return table


@pytest.mark.parametrize(
    ("pair", "result"), standard().items(), ids=lambda v: "-".join(v) if isinstance(v, tuple) else v
)
def test_the_table_of_the_standard(pair: tuple[str, str], result: str) -> None:
    assert promote(BY_NAME[pair[0]], BY_NAME[pair[1]]) is BY_NAME[result]


def joined(*dtypes: lucid.DType | None) -> lucid.DType | None:
    try:
        result = dtypes[0]
        for dtype in dtypes[1:]:
            result = result and dtype and promote(result, dtype)
        return result
    except DTypeError:
        return None


def test_promotion_is_symmetric_and_idempotent() -> None:
    assert all(joined(a, b) is joined(b, a) for a, b in product(ALL, repeat=2))
    assert all(joined(a, a) is a for a in ALL)


def test_promotion_is_associative_where_it_is_defined() -> None:
    """Among integers, and among floats; an integer between them may widen first, so that is left out."""
    integers = [d for d in ALL if d.kind in ("bool", "signed integer", "unsigned integer")]
    floats = [d for d in ALL if d.is_floating]
    for group in (integers, floats):
        for a, b, c in product(group, repeat=3):
            left, right = joined(joined(a, b), c), joined(a, joined(b, c))
            assert left is right or None in (left, right), (a, b, c)


def test_what_goes_beyond_the_standard() -> None:
    assert promote(lucid.int64, lucid.float16) is lucid.float16
    assert promote(lucid.float16, lucid.bfloat16) is lucid.float32
    assert promote(lucid.bool, lucid.int8) is lucid.int8
    assert promote(lucid.int32, lucid.complex64) is lucid.complex64
    with pytest.raises(DTypeError, match=r"no integer dtype holds both lucid\.uint64 and lucid\.int8"):
        promote(lucid.uint64, lucid.int8)


@pytest.mark.parametrize(
    ("dtype", "scalar", "result"),
    [
        (lucid.bool, bool, lucid.bool), (lucid.bool, int, lucid.int64), (lucid.bool, float, lucid.float32),
        (lucid.int8, bool, lucid.int8), (lucid.int8, int, lucid.int8), (lucid.int8, float, lucid.float32),
        (lucid.uint8, complex, lucid.complex64), (lucid.bfloat16, int, lucid.bfloat16),
        (lucid.float16, float, lucid.float16),
        (lucid.float64, float, lucid.float64), (lucid.float64, complex, lucid.complex128),
        (lucid.float32, complex, lucid.complex64), (lucid.complex128, float, lucid.complex128),
    ],
)  # fmt: skip
def test_python_numbers_are_weak(dtype: lucid.DType, scalar: type, result: lucid.DType) -> None:
    assert promote_scalar(dtype, scalar) is result


@pytest.mark.parametrize("dtype", ALL)
def test_there_is_one_object_for_each_dtype(dtype: lucid.DType) -> None:
    assert pickle.loads(pickle.dumps(dtype)) is copy.deepcopy(dtype) is copy.copy(dtype) is dtype
    assert getattr(lucid, dtype.name) is dtype
    assert eval(repr(dtype), {"lucid": lucid}) is dtype
    assert dtype == dtype
    assert dtype != dtype.name
    assert dtype != None  # noqa: E711
    assert {dtype: 1}[dtype] == 1


def test_what_is_no_dtype_is_told_which_is() -> None:
    import numpy as np

    for value, hint in (
        ("float32", "write lucid.float32"),
        (np.int8, "write lucid.int8"),
        (float, "choose among bool, int8"),
    ):
        with pytest.raises(DTypeError) as caught:
            as_dtype("cast", value)
        assert f"cast: dtype={value!r} is not a lucid dtype; {hint}" in str(caught.value)
