"""Functions of each element, operators, dtypes, complex numbers."""

import math
from typing import Any

import lucid
from lucid import Tensor

from .adapting import Call, lucid_dtype, only, real

UNARY = """
    abs acos acosh asin asinh atan atanh ceil cos cosh digamma erf erfc erfinv exp expm1 floor frac isfinite isinf
    isnan lgamma log log10 log1p log2 logical_not reciprocal rsqrt sigmoid sign signbit sin sinc sinh sqrt
    square tan tanh trunc
""".split()
BINARY = """
    atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign floor_divide fmod gcd
    heaviside hypot lcm logaddexp logical_and logical_or logical_xor maximum minimum nextafter remainder pow xlogy
""".split()
CONVERSIONS = {
    "bfloat16": "bfloat16", "bool": "bool", "byte": "uint8", "cdouble": "complex128", "cfloat": "complex64",
    "char": "int8", "double": "float64", "float": "float32", "half": "float16", "int": "int32", "long": "int64",
    "short": "int16",
}  # fmt: skip


def scaled(function: Call) -> Call:
    """PyTorch's add and sub: `alpha` times the second."""
    return lambda a, b, alpha=1: function(a, b if alpha == 1 else b * alpha)


def divided(a: Any, b: Any, rounding_mode: str | None = None) -> Tensor:
    if rounding_mode == "trunc":
        whole = lucid.result_type(a, b).kind != "real floating"
        return lucid.floor_divide(a - lucid.fmod(a, b), b) if whole else lucid.trunc(lucid.divide(a, b))
    return (lucid.divide if rounding_mode is None else lucid.floor_divide)(a, b)


def rounded(x: Tensor, decimals: int = 0) -> Tensor:
    return lucid.round(x * 10.0**decimals) / 10.0**decimals if decimals else lucid.round(x)


def converted(dtype: str) -> Call:
    return lambda x, **options: x.astype(getattr(lucid, dtype))


def to(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """Somewhere, in some dtype: devices are lucid's own here."""
    wanted = [a for a in (*args, options.get("dtype")) if type(a).__name__ == "dtype"]
    like = [a for a in args if isinstance(a, Tensor)]
    return x.astype(lucid_dtype(wanted[0]) if wanted else like[0].dtype if like else x.dtype)


def known(extreme: Call) -> Call:
    """The extreme one of two of which one may be nan."""
    return lambda a, b: lucid.where(lucid.isnan(a), b, lucid.where(lucid.isnan(b), a, extreme(a, b)))


def angle(x: Tensor) -> Tensor:
    if x.dtype.name.startswith("complex"):
        return lucid.atan2(x.imag, x.real)
    return lucid.where(lucid.isnan(x), x, lucid.where(x < 0, math.pi, lucid.zeros_like(x)))


def logit(x: Tensor, eps: float | None = None) -> Tensor:
    x = x if x.dtype.is_floating else x.astype(lucid.float32)
    return lucid.logit(x if eps is None else lucid.clip(x, eps, 1 - eps))


def mvlgamma(x: Tensor, p: int) -> Tensor:
    return sum((lucid.lgamma(x - j / 2) for j in range(1, p)), lucid.lgamma(x)) + p * (p - 1) / 4 * math.log(math.pi)


def entropy(x: Tensor) -> Tensor:
    return lucid.where(x < 0, -math.inf, -lucid.xlogy(x, x))


def doubled(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return x
    return x.astype(lucid.complex128 if x.dtype.name.startswith("complex") else lucid.float64)


def power_of_two(a: Tensor, b: Tensor) -> Tensor:
    return a * lucid.pow(2.0, b)


def logaddexp2(a: Tensor, b: Tensor) -> Tensor:
    return lucid.logaddexp(a * math.log(2), b * math.log(2)) / math.log(2)


def filled(x: Tensor, value: Any = 0) -> Tensor:
    if isinstance(value, Tensor):
        return lucid.where(lucid.zeros(x.shape, dtype=lucid.bool), x, value)
    return lucid.full(x.shape, value, dtype=x.dtype) + x * 0 if x.dtype.is_floating else lucid.full_like(x, value)


def reflected(operator: Call) -> Call:
    return lambda x, other: operator(other, x)


NAMES: dict[str, Call] = {
    **{name: getattr(lucid, name) for name in (*UNARY, *BINARY)},
    **{name: converted(dtype) for name, dtype in CONVERSIONS.items()},
    "add": scaled(lucid.add),
    "sub": scaled(lucid.subtract),
    "rsub": lambda a, b, alpha=1: lucid.subtract(b, a if alpha == 1 else a * alpha),
    "mul": lucid.multiply,
    "div": divided,
    "true_divide": lucid.divide,
    "neg": lucid.negative,
    "positive": lucid.positive,
    "round": rounded,
    "sgn": lucid.sign,
    "eq": lucid.equal,
    "ne": lucid.not_equal,
    "lt": lucid.less,
    "le": lucid.less_equal,
    "gt": lucid.greater,
    "ge": lucid.greater_equal,
    "bitwise_not": lucid.bitwise_invert,
    "float_power": lambda a, b: lucid.pow(*map(doubled, (a, b))),
    "fmax": known(lucid.maximum),
    "fmin": known(lucid.minimum),
    "clamp": only(lucid.clip),
    "clamp_min": lambda x, low: lucid.clip(x, low),
    "clamp_max": lambda x, high: lucid.clip(x, None, high),
    "isclose": lucid.isclose,
    "allclose": lambda a, b, **options: bool(lucid.allclose(a, b, **options)),
    "equal": lambda a, b: bool(lucid.array_equal(a, b)),
    "isneginf": lambda x: lucid.equal(x, -math.inf),
    "isposinf": lambda x: lucid.equal(x, math.inf),
    "isreal": lambda x: lucid.equal(x, real(x)),
    "addcmul": lambda x, a, b, value=1: x + a * b * value,
    "addcdiv": lambda x, a, b, value=1: x + a / b * value,
    "lerp": lucid.lerp,
    "ldexp": power_of_two,
    "logaddexp2": logaddexp2,
    "deg2rad": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "exp2": lambda x: lucid.pow(2.0, x),
    "nan_to_num": lambda x, nan=0.0, posinf=None, neginf=None: lucid.nan_to_num(
        x, nan=nan or 0.0, posinf=posinf, neginf=neginf
    ),
    "fill": filled,
    "zero_": filled,
    "clone": lambda x, **options: x.clone(),
    "to": to,
    "item": Tensor.item,
    # Complex numbers
    "angle": angle,
    "conj": lucid.conj,
    "conj_physical": lucid.conj,
    "real": real,
    "imag": lucid.imag,
    "complex": lambda a, b: a + b * 1j,
    "polar": lambda size, angle: size * lucid.cos(angle) + size * lucid.sin(angle) * 1j,
    "view_as_complex": lambda x: x[..., 0] + x[..., 1] * 1j,
    "view_as_real": lambda x: lucid.stack([x.real, x.imag], axis=-1),
    # Special functions
    "logit": logit,
    "mvlgamma": mvlgamma,
    "polygamma": lucid.polygamma,
    "special.polygamma": lucid.polygamma,
    "special.entr": entropy,
    "special.erfcx": lucid.erfcx,
    "i0": lucid.i0,
    "special.i0e": lucid.i0e,
    "special.i1": lucid.i1,
    "special.i1e": lucid.i1e,
    "special.modified_bessel_i0": lucid.i0,
    "special.modified_bessel_i1": lucid.i1,
    "special.log_ndtr": lucid.log_ndtr,
    "special.ndtr": lucid.ndtr,
    "special.ndtri": lambda x: lucid.erfinv(x * 2.0 - 1) * math.sqrt(2),
    "special.xlog1py": lambda a, b: lucid.xlogy(a, b + 1),
    # Operators with the number or tensor on the left
    "__radd__": reflected(lambda a, b: a + b),
    "__rsub__": reflected(lambda a, b: a - b),
    "__rmul__": reflected(lambda a, b: a * b),
    "__rdiv__": reflected(lambda a, b: a / b),
    "__rmod__": reflected(lambda a, b: a % b),
    "__rpow__": reflected(lambda a, b: a**b),
    "__rmatmul__": reflected(lambda a, b: a @ b),
    "__rand__": reflected(lambda a, b: a & b),
    "__ror__": reflected(lambda a, b: a | b),
    "__rxor__": reflected(lambda a, b: a ^ b),
}
