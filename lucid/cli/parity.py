"""`lucid parity`: whether both devices compute the same with a model. Each op that one device runs, forward and backward, is run again by the other on the same numbers; the first op that differs by more than rounding explains is named, with the reason of its limit. The exit code is 1 if there is one."""  # noqa: E501

import argparse

from .. import random
from ..debug.parity import HEADER, parity
from ..devices import DEVICES, backend
from .loading import about_weights, load_model
from .measure import environment
from .options import add_json, add_model, add_seed, add_weights, positive
from .output import Output

__all__ = ["configure", "run"]

SUMMARY = "compare the devices op by op on a model"
EXAMPLE = "lucid parity pvt_tiny --image-size 64 --training"


def configure(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_weights(parser)
    parser.add_argument("--image-size", type=positive, default=224, metavar="N", help="pixels (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=2, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--training", action="store_true", help="in train mode, with dropout")
    parser.add_argument("--depth", type=positive, default=2, metavar="N", help="of layers to list (default: 2)")
    add_seed(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    output = Output("lucid parity", options.json)
    for device in DEVICES:
        backend(device, "lucid parity")
    output.environment(environment(DEVICES))
    model = load_model(options.model, options.weights, options.seed).train(options.training)
    images = random.normal((options.batch_size, 3, options.image_size, options.image_size))
    about = about_weights(options.weights, options.seed)
    output.say(f"\n{options.model}, {about}, {options.batch_size} random images of {options.image_size} pixels")
    found = parity(model, images)
    rows = [(layer, f"{count:,}", forth, back) for layer, count, forth, back in found.rows(options.depth)]
    output.table("The ops that differ most, in parts of what they may", HEADER, rows, left=4)
    output.say(found.verdict(), style=None if found.agree else "bold red")
    output.results |= {
        "model": options.model,
        "weights": about,
        "agree": found.agree,
        "verdict": found.verdict(),
        "outputs": found.outputs,
        "gradients": found.gradients,
        "ops": [c._asdict() | {"ratio": c.ratio} for c in found.comparisons],
    }
    output.finish()
    return int(not found.agree)
