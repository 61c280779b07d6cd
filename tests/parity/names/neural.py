"""Functions of neural networks."""

from lucid import Tensor
from lucid.nn import functional as F

from .adapting import Call


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    return F.gelu(x, approximate=approximate)


NAMES: dict[str, Call] = {
    "nn.functional.gelu": gelu,
    "nn.functional.relu": lambda x, inplace=False: F.relu(x),
    "nn.functional.linear": F.linear,
    "nn.functional.layer_norm": F.layer_norm,
    "nn.functional.conv2d": F.conv2d,
    "nn.functional.cross_entropy": F.cross_entropy,
    "nn.functional.mse_loss": F.mse_loss,
}
