"""`lucid profile`: where the time and the memory of a model go, by layer and by op, and when each op ran, in a trace that chrome://tracing and ui.perfetto.dev show. Each op is waited for, so that its time is its own also where a device computes lazily; what they take together as in real use is said beside it."""  # noqa: E501

import argparse

from .. import random
from ..debug.profile import HEADER, profile
from ..devices import backend, describe
from ..io.files import replacing
from .loading import about_weights, load_model
from .measure import environment
from .options import add_common, add_model, add_weights, chosen_devices, positive
from .output import Output

__all__ = ["configure", "run"]

SUMMARY = "measure a model layer by layer and op by op"
EXAMPLE = "lucid profile pvt_tiny --device gpu --batch-size 8 --training"


def configure(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_weights(parser)
    parser.add_argument("--image-size", type=positive, default=224, metavar="N", help="pixels (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=1, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--training", action="store_true", help="forward and backward, in place of forward alone")
    parser.add_argument("--depth", type=positive, default=2, metavar="N", help="of layers to list (default: 2)")
    add_common(parser)


def run(options: argparse.Namespace) -> None:
    output = Output("lucid profile", options.json)
    devices = chosen_devices(options.device, output)
    output.environment(environment(devices))
    weights = about_weights(options.weights, options.seed)
    what = f"{options.model}, {'training' if options.training else 'inference'}, batch of {options.batch_size}"
    output.results |= {"what": what, "weights": weights, "devices": {}}
    options.output.mkdir(parents=True, exist_ok=True)
    for device in devices:
        model = load_model(options.model, options.weights, options.seed).to(device).train(options.training)
        images = random.normal((options.batch_size, 3, options.image_size, options.image_size), device=device)
        backend(device).wait([images.array])
        found = profile(model, images, training=options.training)
        output.say()
        output.table(
            f"Layers of {what}; {device}: {describe(device)}", ("layer", *HEADER), found.by_layer(options.depth)
        )
        output.table("Ops, with their gradients", ("op", *HEADER), found.by_op())
        output.say(found.about())
        path = options.output / f"trace-{device}.json"
        with replacing(path) as file:
            found.save_trace(file)
        output.say(f"The trace is in {path}; chrome://tracing and ui.perfetto.dev show it.")
        output.results["devices"][device] = {
            "trace": str(path),
            "seconds_in_ops": found.seconds,
            "seconds_seen": found.seen,
            "seconds_alone": found.alone,
            "peak_bytes": found.peak,
            "ops": [cost._asdict() for cost in found.costs],
        }
    output.finish(options.output / "profile.json")
