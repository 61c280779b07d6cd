"""What a model makes of a photograph: its best classes, on each device, and where its attention goes."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

from .. import models
from ..autograd import no_grad
from ..devices import Device
from ..io import crop, load_image, normalize
from ..io.files import replacing
from ..io.packages import needed
from ..nn import SpatialReductionAttention
from ..nn.functional import softmax
from ..tensor import Tensor

__all__ = ["Look", "classify", "looks", "photograph", "plot", "top"]


def photograph(path: str | os.PathLike[str] | None, size: int = 224) -> Tensor:
    """The centre of an image, (3, size, size): of a photograph that scikit-learn ships if none is named."""
    short_side = size * 256 // 224
    if path is not None:
        return crop(load_image(path), short_side, size)
    package = needed("sklearn.datasets.images", "lucid run", "run")
    with as_file(files(package) / "china.jpg") as sample:
        return crop(load_image(sample), short_side, size)


def classify(model: models.PVT, image: Tensor, devices: Iterable[Device]) -> dict[Device, Tensor]:
    """The probability of each class on each device, back on the cpu."""
    found = {}
    with no_grad():
        for device in devices:
            model.to(device)
            found[device] = softmax(model(normalize(image)[None].to(device)))[0].cpu()
    return found


def top(probabilities: Tensor, count: int = 5) -> list[tuple[int, float]]:
    """The classes with the largest probabilities, largest first."""
    values = probabilities.tolist()
    best = sorted(range(len(values)), key=lambda i: -values[i])[:count]
    return [(i, values[i]) for i in best]


class Look(NamedTuple):
    """Where the centre of the image looks in the last block of a stage."""

    weights: Tensor  # (rows, columns): how much of its attention each part of the reduced image gets
    tokens: tuple[int, int]  # the height and width of the stage's image


def looks(model: models.PVT, image: Tensor) -> list[Look]:
    """A Look for each stage, the mean over the heads; what the class token gets is left out."""
    found = []

    def note(attention: Any, inputs: tuple[Any, ...]) -> None:
        x, height, width = inputs
        weights = attention.attention_weights(x, height, width)
        rows, columns = height // attention.sr_ratio, width // attention.sr_ratio
        query = x.shape[1] - height * width + height // 2 * width + width // 2
        given = weights[0, :, query, weights.shape[-1] - rows * columns :].mean(axis=0)
        found.append(Look(given.reshape((rows, columns)).cpu(), (height, width)))

    stages = len(model.config.depths)
    with ExitStack() as hooks, no_grad():
        for i in range(stages):
            attention: SpatialReductionAttention = getattr(model, f"block{i + 1}")[-1].attn
            hooks.enter_context(attention.register_forward_pre_hook(note))
        model(normalize(image)[None].to(model.cls_token.device))
    return found


def plot(path: Path, image: Tensor, found: list[Look], title: str) -> None:
    """The photograph, and beside it one panel for each stage with the attention laid over it, from least to most."""
    count = len(found) + 1
    figure = needed("matplotlib.figure", "lucid run", "vision").Figure(figsize=(3 * count, 3.9), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    panels, size = figure.subplots(1, count), image.shape[1]
    whole = {"extent": (0, size, size, 0)}
    panels[0].imshow(image.permute_dims((1, 2, 0)).numpy(), **whole)
    panels[0].set_title("the photograph\n+ the centre", fontsize="small")
    for stage, (panel, (weights, (height, width))) in enumerate(zip(panels[1:], found), 1):
        rows, columns = weights.shape
        least, most = weights.min().item(), weights.max().item()
        panel.imshow(image.mean(axis=0).numpy(), cmap="gray", **whole)
        panel.imshow(weights.numpy(), cmap="inferno", alpha=0.6, interpolation="bilinear", **whole)
        panel.set_title(
            f"stage {stage}: {height} x {width} tokens see {rows} x {columns}\n"
            f"from {least:.3g} (dark) to {most:.3g} (bright)",
            fontsize="small",
        )
    for panel in panels:
        panel.plot(size / 2, size / 2, "w+", markersize=10, markeredgewidth=2)
        panel.set_axis_off()
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)
