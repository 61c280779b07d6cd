"""What PyTorch refuses and lucid accepts: for a name, a part of PyTorch's message, and the reason.

What PyTorch refuses without saying why is a number in the place of a tensor, which lucid takes beside a tensor.
"""

PROMOTED = "dtypes are promoted together, as the standard has it"
STACKS = "several matrices stand beside each other"
SLICED = "a slice ends where its axis does, as in Python"

ACCEPTED: dict[str, tuple[tuple[str, str], ...]] = {
    "arange": (
        ("inconsistent with step sign", "there are no such numbers, so the tensor is empty, as the standard has it"),
        ("step must be nonzero", "it is not zero: PyTorch rounds it to the dtype of `out`, which lucid does not have"),
    ),
    "complex": (("to be Half, Float or Double", PROMOTED), ("scalar type Float but got", PROMOTED)),
    "cov": (("cannot be negative", "values are not read, so that a gpu need not wait"),),
    "diag": (("1D or 2D", STACKS),),
    "linalg.cross": (("same number of dimensions", "the other axes broadcast, as the standard has it"),),
    "mean": (("infer output dtype", "integers become float32"),),
    "narrow": (("start", SLICED), ("length", SLICED)),
    "narrow_copy": (("start", SLICED), ("length", SLICED)),
    **{f"nn.functional.conv{space}d": (("should be the same", PROMOTED),) for space in (1, 2, 3)},
    "nn.functional.linear_cross_entropy": (("requires batched input", "what the matrix makes of it is a batch"),),
    "nn.functional.max_pool1d": (("optional 0 dim batch size", "of no channel there is nothing to choose"),),
    "nn.functional.max_pool3d": (("non-batch dimensions", "of no channel there is nothing to choose"),),
    "scatter": (("to be equal to src.dtype", "what is written takes the dtype of what it is written to"),),
    "scatter_add": (("to be equal to src.dtype", "what is written takes the dtype of what it is written to"),),
    "trace": (("expected a matrix", STACKS),),
}
