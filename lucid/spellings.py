"""What NumPy and PyTorch call things that have one other name here: for the error that says so.

There are no synonyms: one name for one thing. But whoever writes `lucid.cat` should learn of `lucid.concat`.

>>> hint("cumsum")
'; it is cumulative_sum here'
"""

__all__ = ["hint"]

HERE = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **dict.fromkeys(("array", "as_tensor", "from_numpy", "tensor"), "asarray"),
    **dict.fromkeys(("cat", "concatenate"), "concat"),
    "arctan2": "atan2",
    "clamp": "clip",
    "cuda": "gpu()",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "dim": "ndim",
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
    "index_put_": "x[key] = value",
    "inverse": "linalg.inv",
    **{name: f"linalg.{name}" for name in ("cholesky", "det", "eigh", "inv", "pinv", "qr", "slogdet", "solve", "svd")},
    **{f"{name}_shift": f"bitwise_{name}_shift" for name in ("left", "right")},
    "load": "io.load_checkpoint",
    "long": "astype(lucid.int64)",
    "manual_seed": "random.seed",
    **dict.fromkeys(("mm", "bmm", "dot", "mv"), "matmul, or @"),
    "mps": "gpu()",
    "movedim": "moveaxis",
    "mul": "multiply",
    **dict.fromkeys(("nelement", "numel"), "size"),
    "norm": "linalg.vector_norm or linalg.matrix_norm",
    "permute": "permute_dims",
    "power": "pow",
    **dict.fromkeys(("rand", "random_sample"), "random.uniform"),
    "randint": "random.integers",
    "randn": "random.normal",
    "randperm": "random.permutation",
    "repeat_interleave": "repeat",
    "save": "io.save_checkpoint",
    "sub": "subtract",
    "swapaxes": "permute_dims, or mT for the last two axes",
    "transpose": "permute_dims, or mT for the last two axes",
    "true_divide": "divide",
    "type": "astype",
    "unsqueeze": "expand_dims",
    **dict.fromkeys(("view", "ravel", "view_as"), "reshape"),
    "zero_": "fill_(0)",
}


def hint(name: str) -> str:
    """The end of an error about a name that is not there. Python itself adds the nearest one that is."""
    return f"; it is {HERE[name]} here" if name in HERE else ""
