"""PyTorch's names of ops, and what each is in lucid: NAMES. What lucid leaves out, with the reason: LEFT_OUT.

An adapter says how PyTorch's arguments become lucid's, and is no part of lucid: where `amax` is `max` with another
keyword, where `addmm` is a formula, where `vstack` is `concat`.
"""

from . import creation, elementwise, indexing, linear_algebra, masked, neural, reductions, shapes, transforms
from .adapting import Call, Unsupported
from .left_out import LEFT_OUT

__all__ = ["FIRST_ORDER_ALONE", "LEFT_OUT", "NAMES", "VARIANTS", "WIDENED", "Unsupported"]

CHAPTERS = (creation, elementwise, indexing, linear_algebra, masked, neural, reductions, shapes, transforms)
VARIANTS: dict[str, Call] = linear_algebra.VARIANTS  # where PyTorch tests an op in a form of its own

FIRST_ORDER_ALONE = {  # whose second derivative is not compared, and why
    "cdist": "PyTorch has none",
    **dict.fromkeys(
        [
            *(
                "nn.functional.ctc_loss",
                "nn.functional.embedding_bag",
                "nn.functional.hardsigmoid",
                "nn.functional.multi_margin_loss",
            ),
            *("nn.functional.multilabel_margin_loss", "nn.functional.pdist"),
            "nn.functional.scaled_dot_product_attention",
        ],
        "PyTorch has none",
    ),
    "linalg.norm subgradients_at_zero": "there is none at 0, where PyTorch says nan and lucid 0",
    "masked.logaddexp": "PyTorch says nan where both are masked, and lucid 0",
}
WIDENED = {"cov": "PyTorch sums weights in their own dtype, float32"}  # samples all of whose tensors become float64
NAMES: dict[str, Call] = {name: function for chapter in CHAPTERS for name, function in chapter.NAMES.items()}
