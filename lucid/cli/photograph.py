"""What a model makes of a photograph: its best classes, on each device."""

import os
from collections.abc import Iterable
from importlib.resources import as_file, files

from .. import models
from ..autograd import no_grad
from ..devices import Device
from ..io import crop, load_image, normalize
from ..io.packages import needed
from ..nn.functional import softmax
from ..tensor import Tensor

__all__ = ["classify", "photograph", "top"]


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
