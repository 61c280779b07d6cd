"""`lucid classify`: what is on pictures. A model trained on ImageNet names the classes that it finds most probable in each; a folder stands for all pictures in it. With random weights it says nothing about a picture."""  # noqa: E501

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..autograd import no_grad
from ..devices import Device, describe
from ..io import RECIPES, ImageError, imagenet_classes, preprocess
from ..io.packages import needed
from ..nn.functional import softmax
from ..ops.manipulation import stack
from ..tensor import Tensor
from .loading import about_weights, load_model
from .options import add_device, add_json, add_model, add_seed, add_weights, chosen_device, positive
from .output import Output
from .photograph import top

__all__ = ["classes_of", "configure", "pictures", "run"]

SUMMARY = "name what is on pictures"
EXAMPLE = "lucid classify cat.jpg holiday/ --model pvt_small --weights pvt_small.safetensors --topk 3"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="a picture, or a folder of pictures")
    add_model(parser, "--model")
    add_weights(parser)
    add_device(parser)
    parser.add_argument("--topk", type=positive, default=5, metavar="N", help="classes to name (default: %(default)s)")
    parser.add_argument(
        "--batch-size", type=positive, default=8, metavar="N", help="pictures at a time (default: %(default)s)"
    )
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        default="official",
        help="of preprocessing, by who published the weights: the whole picture squeezed for huggingface, the middle "
        "for the others (default: %(default)s)",
    )
    parser.add_argument("--image-size", type=positive, default=224, metavar="N", help="pixels (default: %(default)s)")
    add_seed(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    output = Output("lucid classify", options.json)
    paths = list(pictures(options.images))
    batch = min(options.batch_size, len(paths))
    device = chosen_device(options.device, options.model, batch, options.image_size, output)
    about = describe(device)
    model = load_model(options.model, options.weights, options.seed).to(device)
    weights = about_weights(options.weights, options.seed)
    output.say(f"{options.model}, {weights}; {device}: {about}")
    if options.weights is None:
        output.say("Random weights know nothing: what they name means nothing. Give others with --weights FILE.")
    output.results |= {"model": options.model, "weights": weights, "device": device, "runs_on": about}
    output.results["images"] = found = []
    with output.progress() as progress:
        task = progress.add_task("classifying", total=len(paths))
        for some in _batches(paths, options.batch_size):
            found += _classified(model, device, some, options)
            progress.update(task, advance=len(some))
    rows = []
    for picture in found:
        if "error" in picture:
            print(f"lucid classify: {picture['error']}", file=sys.stderr)
        for i, best in enumerate(picture.get("top", ())):
            rows.append(["" if i else picture["image"], best["name"], f"{100 * best['probability']:.2f} %"])
    if rows:
        output.table("The most probable classes", ("picture", "class", "probability"), rows)
    output.finish()
    return int(any("error" in picture for picture in found))


def pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """The files among `paths`, and the files in its folders whose names end as those of pictures do, in order.

    Raises ImageError for a folder without pictures.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        kinds = needed("PIL.Image", "lucid classify", "vision").registered_extensions()
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in kinds and file.is_file())
        if not inside:
            raise ImageError(f"{path}: there are no pictures in this folder")
        yield from inside


def classes_of(probabilities: Tensor, count: int) -> list[dict[str, Any]]:
    """The most probable classes (n,), with their names if they are the 1000 of ImageNet."""
    labels = imagenet_classes() if probabilities.shape == (1000,) else None
    return [
        {"class": number, "name": f"class {number}", "probability": probability}
        | ({} if labels is None else labels[number]._asdict())
        for number, probability in top(probabilities, count)
    ]


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[i : i + size] for i in range(0, len(paths), size))


def _classified(model: Any, device: Device, paths: Sequence[Path], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What is on some pictures, or why a picture cannot be read: one that is damaged does not stop the others."""
    found: list[dict[str, Any]] = []
    images = []
    for path in paths:
        found.append({"image": str(path)})
        try:
            images.append(preprocess(path, options.recipe, options.image_size))
        except (ImageError, OSError) as error:
            found[-1]["error"] = str(error)
    if images:
        with no_grad():
            probabilities = iter(softmax(model(stack(images).to(device))).cpu())
        for picture in found:
            if "error" not in picture:
                picture["top"] = classes_of(next(probabilities), options.topk)
    return found
