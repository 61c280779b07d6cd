"""What the tokens of an image read in a model's attention, for pictures and for a page to explore."""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..autograd import no_grad
from ..io import normalize
from ..io.files import replacing
from ..io.packages import needed
from ..nn import SpatialReductionAttention
from ..tensor import Tensor

__all__ = ["Attention", "attentions", "plot"]


class Attention(NamedTuple):
    """The attention of one block to one image."""

    weights: Tensor  # (heads, queries, keys), each row adding up to 1
    tokens: tuple[int, int]  # the height and width of the image of the queries
    cells: tuple[int, int]  # and of the reduced image of the keys
    others: int  # tokens that are no pixels: the class token, first among queries and keys

    def token(self, x: float, y: float) -> tuple[int, int]:
        """The row and the column of the token at a place, from 0 at the left and at the top to 1."""
        rows, columns = self.tokens
        return min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)

    def look(self, x: float = 0.5, y: float = 0.5, head: int | None = None) -> Tensor:
        """How much of its attention the token at a place gives to each cell: (rows, columns), of one head or the mean
        over all; what the class token gets is left out."""
        row, column = self.token(x, y)
        given = self.weights[:, self.others + row * self.tokens[1] + column, self.others :]
        return (given.mean(axis=0) if head is None else given[head]).reshape(self.cells)


def attentions(model: Any, image: Tensor, blocks: Mapping[int, int] = MappingProxyType({})) -> list[Attention]:
    """The attention of one block of each stage to an image (3, h, w) from 0 to 1: the one that `blocks` has for the
    stage, or else the last. All numbers count from 0."""
    found = []

    def note(attention: Any, inputs: tuple[Any, ...]) -> None:
        x, height, width = inputs
        weights = attention.attention_weights(x, height, width)[0].cpu()
        others = x.shape[1] - height * width
        keys = weights.shape[-1] - others
        reduced = height // attention.sr_ratio, width // attention.sr_ratio
        cells = reduced if math.prod(reduced) == keys else (math.isqrt(keys),) * 2  # a pool is square
        found.append(Attention(weights, (height, width), cells, others))

    with ExitStack() as hooks, no_grad():
        for i in range(len(model.config.depths)):
            attention: SpatialReductionAttention = getattr(model, f"block{i + 1}")[blocks.get(i, -1)].attn
            hooks.enter_context(attention.register_forward_pre_hook(note))
        model(normalize(image)[None].to(next(model.parameters()).device))
    return found


def plot(path: Path, image: Tensor, looks: Sequence[tuple[str, Tensor]], title: str, query: Sequence[float]) -> None:
    """The photograph, and beside it one titled panel for each look, laid over it from least to most; the query is
    marked, from 0 at the left and at the top to 1."""
    count, size = len(looks) + 1, image.shape[1]
    figure = needed("matplotlib.figure", "lucid", "vision").Figure(figsize=(3 * count, 4), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    panels, whole = figure.subplots(1, count), {"extent": (0, size, size, 0)}
    panels[0].imshow(image.permute_dims((1, 2, 0)).numpy(), **whole)
    panels[0].set_title("the photograph\n+ the query", fontsize="small")
    for panel, (about, weights) in zip(panels[1:], looks):
        least, most = weights.min().item(), weights.max().item()
        panel.imshow(image.mean(axis=0).numpy(), cmap="gray", **whole)
        panel.imshow(weights.numpy(), cmap="inferno", alpha=0.6, interpolation="bilinear", **whole)
        panel.set_title(f"{about}\nfrom {least:.3g} (dark) to {most:.3g} (bright)", fontsize="small")
    for panel in panels:
        panel.plot(query[0] * size, query[1] * size, "w+", markersize=10, markeredgewidth=2)
        panel.set_axis_off()
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)
