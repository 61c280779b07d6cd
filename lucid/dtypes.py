"""The data types, and the one table that says what two of them make together.

    >>> promote(int64, float32)
    lucid.float32
    >>> promote(int8, uint8)
    lucid.int16

Two rules go beyond the Array API standard, which leaves these pairs open: an integer that meets a float takes the
float's dtype, and float16 with bfloat16 gives float32. uint64 with a signed integer has no integer that holds
both, so it is an error.
"""

from typing import Any

from .errors import DTypeError

__all__ = [
    "DType",
    "bfloat16",
    "bool",
    "complex64",
    "complex128",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

builtin_bool = bool  # `bool` below is the dtype
BOOL, SIGNED, UNSIGNED = "bool", "signed integer", "unsigned integer"
REAL, COMPLEX = "real floating", "complex floating"


class DType:
    """A data type: its name, its kind (a word of the Array API's `isdtype`) and its size in bytes.

    There is one object for each dtype; compare with `is` or `==`.
    """

    __slots__ = ("itemsize", "kind", "name")

    name: str
    kind: str
    itemsize: int

    def __init__(self, name: str, kind: str, itemsize: int) -> None:
        self.name, self.kind, self.itemsize = name, kind, itemsize

    @property
    def is_floating(self) -> builtin_bool:
        """Real or complex: what can carry a gradient."""
        return self.kind in (REAL, COMPLEX)

    def __repr__(self) -> str:
        return f"lucid.{self.name}"

    def __reduce__(self) -> Any:  # pickles and copies give back the one object
        return _by_name, (self.name,)


bool = DType("bool", BOOL, 1)
int8, int16, int32, int64 = (DType(f"int{8 * n}", SIGNED, n) for n in (1, 2, 4, 8))
uint8, uint16, uint32, uint64 = (DType(f"uint{8 * n}", UNSIGNED, n) for n in (1, 2, 4, 8))
float16, bfloat16 = DType("float16", REAL, 2), DType("bfloat16", REAL, 2)
float32, float64 = DType("float32", REAL, 4), DType("float64", REAL, 8)
complex64, complex128 = DType("complex64", COMPLEX, 8), DType("complex128", COMPLEX, 16)

ALL = (
    *(bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64),
    *(float16, bfloat16, float32, float64, complex64, complex128),
)
BY_NAME = {dtype.name: dtype for dtype in ALL}

DEFAULT_INT, DEFAULT_FLOAT, DEFAULT_COMPLEX = int64, float32, complex64
OF_SCALAR = {builtin_bool: bool, int: DEFAULT_INT, float: DEFAULT_FLOAT, complex: DEFAULT_COMPLEX}


def _by_name(name: str) -> DType:
    return BY_NAME[name]


def _joined(a: DType, b: DType) -> DType | None:
    """What two dtypes make, from their kinds and sizes; None where nothing holds both."""
    if a is b or b.kind == BOOL:
        return a
    if a.kind == BOOL:
        return b
    if COMPLEX in (a.kind, b.kind):
        return complex128 if {a, b} & {float64, complex128} else complex64
    if REAL in (a.kind, b.kind):
        if a.kind != b.kind:
            return a if a.kind == REAL else b
        return float32 if a.itemsize == b.itemsize else max(a, b, key=lambda d: d.itemsize)
    if a.kind == b.kind:
        return max(a, b, key=lambda d: d.itemsize)
    signed, unsigned = (a, b) if a.kind == SIGNED else (b, a)
    if signed.itemsize > unsigned.itemsize:
        return signed
    return BY_NAME.get(f"int{16 * unsigned.itemsize}")


PROMOTION: dict[tuple[DType, DType], DType | None] = {(a, b): _joined(a, b) for a in ALL for b in ALL}


def promote(a: DType, b: DType) -> DType:
    """The dtype that holds both: the smallest that the standard's table, and the rules above, give.

    Raises DTypeError for uint64 with a signed integer.
    """
    joined = PROMOTION[a, b]
    if joined is None:
        raise DTypeError(
            f"no integer dtype holds both {a} and {b}; convert one first, as x.astype(lucid.int64) or lucid.float32"
        )
    return joined


def promote_scalar(dtype: DType, scalar: type) -> DType:
    """The dtype of a tensor of `dtype` together with a Python scalar, which is weak: only its kind counts.

    >>> promote_scalar(float16, float), promote_scalar(int8, int), promote_scalar(int64, float)
    (lucid.float16, lucid.int8, lucid.float32)
    """
    if scalar is builtin_bool or dtype.kind == COMPLEX:
        return dtype
    if scalar is int:
        return DEFAULT_INT if dtype.kind == BOOL else dtype
    if scalar is float:
        return dtype if dtype.kind == REAL else DEFAULT_FLOAT
    return complex128 if dtype is float64 else complex64


def as_dtype(function: str, dtype: Any) -> DType:
    """The DType itself, or an error that names `function` and the dtypes there are."""
    if isinstance(dtype, DType):
        return dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", None))
    hint = f"write lucid.{name}" if name in BY_NAME else f"choose among {', '.join(d.name for d in ALL)}"
    raise DTypeError(f"{function}: dtype={dtype!r} is not a lucid dtype; {hint}")
