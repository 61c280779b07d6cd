"""What NumPy and PyTorch call things that have one other name here: for the error that says so.

There are no synonyms: one name for one thing. But whoever writes `lucid.cat` should learn of `lucid.concat`.

>>> hint("cumsum")
'; it is cumulative_sum here'
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["OF_MODULES", "hint", "telling"]

HERE = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **dict.fromkeys(("array", "as_tensor", "from_numpy", "new_tensor", "tensor"), "asarray"),
    "arctan2": "atan2",
    **{name: f"random.{name}" for name in ("bernoulli", "multinomial")},
    "bool": "astype(lucid.bool)",
    **dict.fromkeys(("cat", "concatenate"), "concat"),
    "clamp": "clip",
    **dict.fromkeys(("copy", "deepcopy"), "clone"),
    "cross_entropy": "nn.functional.cross_entropy",
    **dict.fromkeys(("cuda", "mps"), 'x.gpu(), or device="gpu",'),
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "data": "x.detach()",
    "diag": "linalg.diagonal, or linalg.diag_embed",
    "dim": "ndim",
    "div": "divide",
    "double": "astype(lucid.float64)",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "expand": "broadcast_to",
    "float": "astype(lucid.float32)",
    "half": "astype(lucid.float16)",
    "expand_as": "broadcast_to",
    **{f"{kind}fft2": f"fft.{kind}fftn, with axes=(-2, -1)," for kind in ("", "i", "r", "ir")},
    **dict.fromkeys(("index_copy", "index_fill", "index_put", "index_put_"), "x[key] = value"),
    "int": "astype(lucid.int32)",
    "inverse": "linalg.inv",
    **{name: f"linalg.{name}" for name in ("cholesky", "det", "eigh", "inv", "pinv", "qr", "slogdet", "solve", "svd")},
    **{f"{name}_shift": f"bitwise_{name}_shift" for name in ("left", "right")},
    "load": "io.load_checkpoint",
    "long": "astype(lucid.int64)",
    "manual_seed": "random.seed",
    **dict.fromkeys(("mm", "bmm", "dot", "mv"), "matmul, or @"),
    "neg": "negative",
    "movedim": "moveaxis",
    "mul": "multiply",
    **dict.fromkeys(("nelement", "numel"), "size"),
    **{f"new_{name}": f"{name}(shape, dtype=x.dtype, device=x.device)" for name in ("empty", "full", "ones", "zeros")},
    "norm": "linalg.vector_norm or linalg.matrix_norm",
    **{f"{name}_": f"nn.init.{name}_" for name in ("normal", "uniform")},
    "permute": "permute_dims",
    "power": "pow",
    **dict.fromkeys(("rand", "random_sample"), "random.uniform((2, 3))"),
    "rand_like": "random.uniform(x.shape)",
    "randint": "random.integers",
    **dict.fromkeys(("randn", "standard_normal"), "random.normal((2, 3))"),
    "randn_like": "random.normal(x.shape)",
    **dict.fromkeys(("randperm", "shuffle"), "random.permutation"),
    "relu": "nn.functional.relu",
    "repeat_interleave": "repeat",
    "save": "io.save_checkpoint",
    "scatter_add": 'scatter, with reduce="sum",',
    "sub": "subtract",
    **dict.fromkeys(("swapaxes", "transpose"), "permute_dims, or mT for the last two axes"),
    "t": "T",
    "true_divide": "divide",
    "type": "astype",
    "unbind": "unstack",
    "unsqueeze": "expand_dims",
    **dict.fromkeys(("view", "ravel", "view_as"), "reshape"),
    "zero_": "fill_(0)",
}
NEEDLESS = ("ascontiguousarray", "contiguous", "is_contiguous")
IN_PLACE = """
    abs clamp clip div exp floor index_add log masked_fill neg pow relu round scatter scatter_add sigmoid sqrt squeeze
    tanh unsqueeze
""".split()

OF_MODULES = {
    **dict.fromkeys(("add_module", "register_module", "register_parameter"), "setattr(module, name, value)"),
    "bfloat16": "to(lucid.bfloat16)",
    **dict.fromkeys(("cuda", "mps"), "gpu()"),
    "double": "to(lucid.float64)",
    "float": "to(lucid.float32)",
    "half": "to(lucid.float16)",
    "register_backward_hook": "register_full_backward_hook",
    "type": "to",
}


def hint(name: str, here: Mapping[str, str] = HERE) -> str:
    """The end of an error about a name that is not there. Python itself adds the nearest one that is."""
    if name in here:
        return f"; it is {here[name]} here"
    if name in NEEDLESS:
        return "; it is not needed here, since tensors are values: leave it out"
    if here is HERE and name.endswith("_") and name[:-1] in IN_PLACE:
        return f"; {HERE.get(name[:-1], f'x.{name[:-1]}')} gives a new tensor here"
    return ""


def telling(module: str, here: Mapping[str, str] = HERE) -> Callable[[str], Any]:
    """What a module has as `__getattr__`, so that it gives the hint too."""

    def missing(name: str) -> Any:
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}{hint(name, here)}", name=name, obj=sys.modules[module]
        )

    return missing
