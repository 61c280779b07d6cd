"""`lucid run`: the whole of lucid in one job. A vision transformer, PVT-Tiny, classifies a photograph on each device; their answers are compared, their throughputs measured, and a picture shows where the model looks. Then a small PVT learns to read handwritten digits."""  # noqa: E501

import argparse
import time
from pathlib import Path

from .. import random
from ..devices import Device
from ..io import save_safetensors
from . import digits, photograph
from .attention_maps import attentions, plot
from .bench import show, throughput
from .loading import about_weights, load_model
from .measure import environment
from .options import add_common, add_weights, chosen_devices, positive
from .output import Output

__all__ = ["configure", "run"]

SUMMARY = "classify a photograph on each device, then learn to read digits"
EXAMPLE = "lucid run --image cat.jpg --output runs"


def configure(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument(
        "--image", type=Path, metavar="FILE", help="a photograph (default: one that scikit-learn ships)"
    )
    add_weights(parser)
    parser.add_argument("--epochs", type=positive, metavar="N", help="of learning the digits (default: 25)")
    parser.add_argument("--quick", action="store_true", help="a smaller image, one epoch: only to see that it works")


def run(options: argparse.Namespace) -> None:
    output = Output("lucid run", options.json)
    devices = chosen_devices(options.device, output)
    output.environment(environment(devices))
    options.output.mkdir(parents=True, exist_ok=True)
    _look_at_photograph(options, devices, output)
    _learn_digits(options, devices[0], output)
    output.finish(options.output / "run.json")


def _look_at_photograph(options: argparse.Namespace, devices: list[Device], output: Output) -> None:
    described = output.results["environment"]["devices"]
    size = 96 if options.quick else 224
    image = photograph.photograph(options.image, size)
    model = load_model("pvt_tiny", options.weights, options.seed)
    weights = about_weights(options.weights, options.seed)
    output.say(f"\nPVT-Tiny, {sum(p.size for p in model.parameters()):,} parameters, {weights}")
    if options.weights is None:
        output.say("Random weights know nothing: the classes show that devices agree. Give others with --weights FILE.")

    found = photograph.classify(model, image, devices)
    best = {device: photograph.top(probabilities) for device, probabilities in found.items()}
    rows = (
        [str(i + 1), *(f"class {number:>3}  {100 * p:.4f} %" for number, p in (best[device][i] for device in devices))]
        for i in range(5)
    )
    output.table("The five best of all classes", ["", *(f"{d}: {described[d]}" for d in devices)], rows)
    output.results["photograph"] = {
        "image": str(options.image or "china.jpg of scikit-learn"),
        "weights": str(options.weights or f"random, seed {options.seed}"),
        "top5": {d: [{"class": number, "probability": p} for number, p in pairs] for d, pairs in best.items()},
    }
    if len(found) > 1:
        one, other = found.values()
        difference = abs(one - other).max().item()
        output.results["photograph"]["largest_difference"] = difference
        output.say(f"The largest difference of a probability between the devices is {difference:.1e}.")

    rounds, warm_up = (1, 0) if options.quick else (3, 1)
    times = throughput(model, devices, [1], rounds, warm_up=warm_up, pixels=[size])
    show(output, "PVT-Tiny, float32", times)

    model.to(devices[0])
    path = options.output / "attention.png"
    title = f"Where PVT-Tiny looks from the centre, {weights}\n{devices[0]}: {described[devices[0]]}"
    looks = [
        (f"stage {i}\n{height} x {width} tokens see {rows} x {columns}", found.look())
        for i, found in enumerate(attentions(model, image), 1)
        for (height, width), (rows, columns) in [(found.tokens, found.cells)]
    ]
    plot(path, image, looks, title, (0.5, 0.5))
    output.results["photograph"]["attention"] = str(path)
    output.say(f"Where the last block of each stage looks is in {path}.")


def _learn_digits(options: argparse.Namespace, device: Device, output: Output) -> None:
    epochs = options.epochs or (1 if options.quick else 25)
    data = digits.digits(device)
    random.seed(options.seed)
    learner = digits.model().to(device)
    count = sum(p.size for p in learner.parameters())
    counts = f"{data.images.shape[0]:,} digits, tests on {data.test_images.shape[0]}"
    description = output.results["environment"]["devices"][device]
    output.say(f"\nA PVT of {count:,} parameters learns from {counts}; {device}: {description}")
    losses, start = [], time.perf_counter()
    with digits.one_thread(), output.progress() as progress:
        task = progress.add_task("learning", total=epochs)
        for loss in digits.train(learner, data, epochs):
            losses.append(loss)
            progress.update(task, advance=1, description=f"loss {loss:.3f}")
        seconds = time.perf_counter() - start
        accuracy = digits.accuracy(learner, data)
    output.say(f"{100 * accuracy:.2f} % of the test digits are read right, after {epochs} epochs in {seconds:.0f} s.")
    path = options.output / "digits.safetensors"
    save_safetensors(path, learner.state_dict(), {"model": "PVT for digits", "accuracy": f"{accuracy:.4f}"})
    output.say(f"The weights are in {path}.")
    output.results["digits"] = {
        "device": device,
        "runs_on": description,
        "parameters": count,
        "epochs": epochs,
        "seconds": seconds,
        "losses": losses,
        "accuracy": accuracy,
        "weights": str(path),
    }
