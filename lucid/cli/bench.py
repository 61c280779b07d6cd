"""`lucid bench`: how many images a second a model takes on each device, or how many it learns from."""

import argparse
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from .. import models, optim, random
from ..autograd import no_grad
from ..devices import Device, backend
from ..io.files import replacing
from ..io.packages import needed
from ..nn import Module
from ..nn.functional import cross_entropy
from .measure import Spread, environment, in_turn
from .options import add_common, chosen_devices, positive
from .output import Output

__all__ = ["configure", "run", "show", "throughput"]

SUMMARY = "measure the throughput of a model on each device"
EXAMPLE = "lucid bench --device cpu gpu --batch-size 1 8 32 --training"

Times = dict[tuple[Device, int], Spread]


def configure(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    names = models.list_models()
    parser.add_argument("--model", choices=names, default="pvt_tiny", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--batch-size", type=positive, nargs="+", metavar="N", help="images at a time (default: 1 8 32)"
    )
    parser.add_argument("--image-size", type=positive, default=224, metavar="N", help="pixels (default: %(default)s)")
    parser.add_argument("--rounds", type=positive, metavar="N", help="measurements of each, in turn (default: 5)")
    parser.add_argument(
        "--training", action="store_true", help="forward, backward and AdamW, in place of forward alone"
    )
    parser.add_argument("--quick", action="store_true", help="batches of one image, two rounds")


def run(options: argparse.Namespace) -> None:
    output = Output("lucid bench", options.json)
    devices = chosen_devices(options.device, output)
    sizes = options.batch_size or ([1] if options.quick else [1, 8, 32])
    rounds = options.rounds or (2 if options.quick else 5)
    output.environment(environment(devices))
    random.seed(options.seed)
    model = models.create_model(options.model)
    times = throughput(model, devices, sizes, rounds, training=options.training, pixels=options.image_size)
    size = options.image_size
    what = f"{options.model}, {'training' if options.training else 'inference'}, float32, {size} x {size}"
    show(output, what, times)
    options.output.mkdir(parents=True, exist_ok=True)
    plot(options.output / "throughput.png", what, times, output)
    output.finish(options.output / "throughput.json")


def throughput(
    model: Module,
    devices: Iterable[Device],
    sizes: Iterable[int],
    rounds: int,
    *,
    training: bool = False,
    warm_up: int = 1,
    pixels: int = 224,
) -> Times:
    """The seconds that `model` takes for batches of each size on each device, or to learn from them.

    Every measurement ends when the values are there, and not before.
    """
    cases: dict[tuple[Device, int], Callable[[], Any]] = {}
    for device in devices:
        placed = deepcopy(model).to(device).train(training)
        update = _training_step(placed, device) if training else _inference(placed, device)
        for size in sizes:
            images = random.normal((size, 3, pixels, pixels), device=device)
            labels = random.integers(0, 1000, (size,), device=device)
            backend(device).wait([images.array, labels.array])
            cases[device, size] = partial(update, images, labels)
    return in_turn(cases, rounds, warm_up)


def _inference(model: Module, device: Device) -> Callable[..., None]:
    def forward(images: Any, labels: Any) -> None:
        with no_grad():
            backend(device).wait([model(images).array])

    return forward


def _training_step(model: Module, device: Device) -> Callable[..., None]:
    optimizer = optim.AdamW(model.parameters())

    def step(images: Any, labels: Any) -> None:
        loss = cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        backend(device).wait([loss.array, *(p.array for p in model.parameters())])

    return step


def show(output: Output, what: str, times: Times) -> None:
    """A table of throughputs, and the same numbers among the results."""
    described = output.results["environment"]["devices"]
    output.results["throughput"] = {
        "what": what,
        "rows": [
            {
                "device": device,
                "runs_on": described[device],
                "batch_size": size,
                "images_per_second": size / spread.median,
                "seconds": spread.seconds,
                "spread_percent": spread.percent,
            }
            for (device, size), spread in times.items()
        ],
    }
    rows = (
        (device, str(size), f"{size / t.median:.2f}", f"{1e3 * t.median:.1f}", f"{t.percent:.0f} %", described[device])
        for (device, size), t in times.items()
    )
    rounds = len(next(iter(times.values())).seconds)
    columns = ("device", "batch", "images/s", "ms/batch", "spread", "runs on")
    output.table(f"Throughput of {what}: medians of {rounds}", columns, rows)


def plot(path: Path, what: str, times: Times, output: Output) -> None:
    """Images a second over the size of the batch, a line for each device."""
    figure = needed("matplotlib.figure", "lucid bench", "vision").Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    described = output.results["environment"]["devices"]
    for device in dict.fromkeys(device for device, _ in times):
        points = sorted((size, size / t.median) for (d, size), t in times.items() if d == device)
        axes.plot(*zip(*points), marker="o", label=f"{device}: {described[device]}")
    sizes = sorted({size for _, size in times})
    axes.set(title=what, xlabel="images in a batch", ylabel="images a second", xscale="log", yscale="log")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=150)
    output.say(f"The plot is in {path}.")
