"""`lucid bench`: how many images a second a model takes on each device, or how many it learns from, over batches and sizes of images, and from which batch size on the gpu is faster. What both devices took is remembered, and --device auto goes by it."""  # noqa: E501

import argparse
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from itertools import groupby, product
from typing import Any, NamedTuple

from .. import models, optim, random
from ..autograd import no_grad
from ..compiler import compile
from ..devices import Device, backend, describe
from ..models.placement import Measurement, cache_file, crossing, current, forget, measurements, remember
from ..nn import Module
from ..nn.functional import cross_entropy
from .measure import Spread, environment, in_turn
from .options import add_common, add_model, add_rounds, chosen_devices, positive
from .output import Output
from .plotting import Panel, plot

__all__ = ["Case", "configure", "run", "show", "throughput"]

SUMMARY = "measure the throughput of a model on each device, and where the gpu starts to win"
EXAMPLE = "lucid bench pvt_tiny --batch-size 1 8 32 --mode training"
MODES = ("inference", "training")


class Case(NamedTuple):
    """What is measured: one way of running a model, the size of images, and how many at a time."""

    mode: str
    device: Device
    compiled: bool
    image_size: int
    batch_size: int


Times = Mapping[Case, Spread]


def configure(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--batch-size", type=positive, nargs="+", metavar="N", help="images at a time (default: 1 8 32)"
    )
    parser.add_argument("--mode", nargs="+", choices=MODES, default=MODES, help="of running it (default: both)")
    parser.add_argument("--eager", action="store_true", help="leave out what lucid.compile makes of it on the gpu")
    parser.add_argument("--image-size", type=positive, nargs="+", metavar="N", help="pixels (default: 128 224)")
    add_rounds(parser, 5, "one image of 224 pixels, two rounds, not remembered")
    parser.add_argument("--remembered", action="store_true", help="only show what earlier runs measured")
    parser.add_argument("--forget", action="store_true", help="only forget what earlier runs measured")
    add_common(parser)


def run(options: argparse.Namespace) -> None:
    output = Output("lucid bench", options.json)
    if options.remembered or options.forget:
        if options.remembered:
            _show_remembered(output)
        if options.forget:
            output.results["forgotten"] = forget()
            output.say(f"{output.results['forgotten']} measurements of {cache_file()} are forgotten.")
        return output.finish()
    devices = chosen_devices(options.device, output)
    sizes = options.batch_size or ([1] if options.quick else [1, 8, 32])
    pixels = options.image_size or ([224] if options.quick else [128, 224])
    rounds = options.rounds or (2 if options.quick else 5)
    output.environment(environment(devices))
    random.seed(options.seed)
    model = models.create_model(options.model)
    with output.progress() as progress:
        task = progress.add_task("measuring", total=None)

        def seen(count: int) -> None:
            progress.update(task, total=count, advance=1)

        ways = {"modes": options.mode, "compiled": not options.eager}
        times = throughput(model, devices, sizes, rounds, pixels=pixels, seen=seen, **ways)
    what = f"{options.model}, float32"
    show(output, what, times)
    found = [_measurement(options.model, case, spread) for case, spread in times.items()]
    output.results["crossings"] = crossings = _crossings(found)
    for line in _said(crossings):
        output.note(line)
    if crossings and not options.quick:
        remember(found)
        output.say(f"--device auto goes by this from now on; it is kept in {cache_file()}.")
    plot(options.output / "throughput.png", what, _panels(times, output), output, columns=max(len(pixels), 2))
    return output.finish(options.output / "throughput.json")


def throughput(
    model: Module,
    devices: Iterable[Device],
    sizes: Iterable[int],
    rounds: int,
    *,
    modes: Iterable[str] = ("inference",),
    compiled: bool = False,
    warm_up: int = 2,  # a compiled training step is traced twice: its optimiser makes its state in the first
    pixels: Iterable[int] = (224,),
    seen: Callable[[int], Any] = lambda count: None,
) -> Times:
    """The seconds that `model` takes for batches of each size of images of each, on each device, or in training, to
    learn from them; if `compiled`, on the gpu also as `lucid.compile` makes it. `seen` is told how many measurements
    there will be after each of them.

    Every measurement ends when the values are there, and not before.
    """
    cases: dict[Case, Callable[[], Any]] = {}
    batches, total = list(product(pixels, sizes)), 0
    for mode in modes:
        for device in devices:
            for as_graph in (False, True) if compiled and device == "gpu" else (False,):
                placed = deepcopy(model).to(device).train(mode == "training")
                update = _learning(placed, device) if mode == "training" else _inferring(placed)
                update = compile(update) if as_graph else update
                for side, size in batches:
                    images = random.normal((size, 3, side, side), device=device)
                    labels = random.integers(0, 1000, (size,), device=device)
                    backend(device).wait([images.array, labels.array])
                    cases[Case(mode, device, as_graph, side, size)] = partial(_finished, update, placed, images, labels)
    total = len(cases) * (warm_up + rounds)

    def told(case: Callable[[], Any]) -> None:
        case()
        seen(total)

    return in_turn({name: partial(told, case) for name, case in cases.items()}, rounds, warm_up)


def _inferring(model: Module) -> Callable[..., Any]:
    def forward(images: Any, labels: Any) -> Any:
        with no_grad():
            return model(images)

    return forward


def _learning(model: Module, device: Device) -> Callable[..., Any]:
    optimizer = optim.AdamW(model.parameters())

    def step(images: Any, labels: Any) -> Any:
        loss = cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def _finished(update: Callable[..., Any], model: Module, images: Any, labels: Any) -> None:
    """Run an update and wait for all that it computes."""
    out = update(images, labels)
    backend(out.device).wait([out.array, *(p.array for p in model.parameters())])


def show(output: Output, what: str, times: Times) -> None:
    """A table of throughputs, and the same numbers among the results."""
    described = output.results["environment"]["devices"]
    output.results["throughput"] = {
        "what": what,
        "rows": [
            {
                **case._asdict(),
                "runs_on": described[case.device],
                "images_per_second": case.batch_size / spread.median,
                "seconds": spread.seconds,
                "spread_percent": spread.percent,
            }
            for case, spread in times.items()
        ],
    }
    rounds = len(next(iter(times.values())).seconds)
    for mode, group in groupby(times, lambda case: case.mode):
        cases = list(group)
        ways = dict.fromkeys((case.device, case.compiled) for case in cases)
        rows = (
            [str(side), str(size), *(_cell(times.get(Case(mode, *way, side, size)), size) for way in ways)]
            for side, size in sorted({(case.image_size, case.batch_size) for case in cases})
        )
        columns = ("pixels", "batch", *(f"{_named(*way)}: {described[way[0]]}" for way in ways))
        output.table(f"{what}, {mode}: images a second, medians of {rounds} and their spread", columns, rows, left=0)


def _cell(spread: Spread | None, size: int) -> str:
    return "" if spread is None else f"{size / spread.median:.2f}, {spread.percent:3.0f} %"


def _named(device: Device, compiled: bool) -> str:
    return f"{device}, compiled" if compiled else device


def _panels(times: Times, output: Output) -> list[Panel]:
    """Images a second over the size of the batch: a panel for each mode and size of images, a line for each way."""
    described = output.results["environment"]["devices"]
    panels = []
    for mode, pixels in dict.fromkeys((case.mode, case.image_size) for case in times):
        lines: dict[str, list[tuple[float, float]]] = {}
        dashed = set()
        for case, spread in times.items():
            if (case.mode, case.image_size) == (mode, pixels):
                label = f"{_named(case.device, case.compiled)}: {described[case.device]}"
                lines.setdefault(label, []).append((case.batch_size, case.batch_size / spread.median))
                if case.compiled:
                    dashed.add(label)
        panels.append(Panel(f"{mode}, {pixels} x {pixels}", "images in a batch", "images a second", lines, dashed))
    return panels


def _measurement(model: str, case: Case, spread: Spread) -> Measurement:
    ran = case.device, describe(case.device), case.mode == "training", case.compiled
    return Measurement(model, *ran, case.image_size, case.batch_size, spread.median)


def _crossings(found: Iterable[Measurement]) -> list[dict[str, Any]]:
    """From which batch size on the gpu was faster, for each way of running the model that both devices ran."""
    found = list(found)
    ways = dict.fromkeys((m.model, m.image_size, m.training, m.compiled) for m in found if m.device == "gpu")
    made = []
    for model, pixels, training, compiled in ways:
        compared = [
            m
            for m in found
            if (m.model, m.image_size, m.training) == (model, pixels, training)
            and (m.compiled == compiled or m.device == "cpu")
        ]
        sizes = [{m.batch_size for m in compared if m.device == device} for device in ("cpu", "gpu")]
        if both := sorted(sizes[0] & sizes[1]):
            about = {"model": model, "image_size": pixels, "training": training, "compiled": compiled}
            made.append(about | {"batch_sizes": both, "gpu_wins_from": crossing(compared)})
    return made


def _said(crossings: Iterable[dict[str, Any]]) -> list[str]:
    """The same in words."""
    lines = []
    for c in crossings:
        sizes, start = c["batch_sizes"], c["gpu_wins_from"]
        where = f"{c['model']}, {c['image_size']} pixels, {MODES[c['training']]}{', compiled' if c['compiled'] else ''}"
        if start is None:
            lines.append(f"{where}: the gpu is not faster, up to a batch of {sizes[-1]}.")
        elif start == sizes[0]:
            lines.append(f"{where}: the gpu is faster with every batch from {start} on.")
        else:
            lines.append(f"{where}: the gpu is faster from a batch of {start} on.")
    return lines


def _show_remembered(output: Output) -> None:
    """What --device auto goes by."""
    kept, every = current(), measurements()
    output.results["measurements"] = [m._asdict() for m in kept]
    if len(kept) < len(every):
        output.say(f"{len(every) - len(kept)} others are of other versions or machines, and count no more.")
    if not kept:
        output.say(f"Nothing is in {cache_file()}: `lucid bench MODEL` measures.")
        return
    rows = [
        (
            *(m.model, MODES[m.training], str(m.image_size), str(m.batch_size), _named(m.device, m.compiled)),
            f"{m.batch_size / m.seconds:.2f}",
        )
        for m in kept
    ]
    output.table(f"In {cache_file()}", ("model", "mode", "pixels", "batch", "device", "images/s"), rows, left=2)
    for device in dict.fromkeys(m.device for m in kept):
        output.say(f"{device}: {describe(device)}")
    for line in _said(_crossings(kept)):
        output.say(line)
