"""How the time and the memory of PVT-Tiny grow with its batch, its images and its depth, and what takes over.

    python benchmarks/scaling.py [--device cpu] [--rounds 7] [--quick] [--output runs] [--json]

Growth: one of the three changes and the others stay, in inference and in a training step of forward, cross-entropy,
backward and AdamW. Times are medians of rounds in turn. Peak memory is the most that arrays took at once beside those
that were there before: the model, its images and the state of AdamW. NumPy and MLX count it themselves. The peak of a
whole process, which benchmarks/peers.py compares, would hide all inference behind how the model is filled at its start.

Shares: attention and the MLP of a block of each stage, called by themselves on random tokens, one image at a time, and
added up over all blocks of the model. Attention to all cells costs the square of the number of tokens, the MLP is
linear in it; so there is a size of images from which on attention costs more. It is found between the sizes that were
measured, on logarithmic scales, by time and by multiply-adds.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import exp, log
from typing import Any, NamedTuple

import lucid
from lucid import models, optim, random
from lucid.cli import exit_code
from lucid.cli.measure import Spread, environment, in_turn, per_call
from lucid.cli.options import add_json, add_output, add_rounds
from lucid.cli.output import Output
from lucid.cli.plotting import Panel, plot
from lucid.devices import DEVICES, Device, backend
from lucid.nn.functional import cross_entropy

ROUNDS, QUICK = 7, 3
INFERENCE, TRAINING = "inference", "training step"
PARTS = ("attn", "mlp")


class Point(NamedTuple):
    """What is run: so many images, of so many pixels, by a model with so many blocks in each stage."""

    batch: int = 1
    pixels: int = 224
    depth: int = 2


class Plan(NamedTuple):
    """The numbers that each part of a point takes, and the sizes of images for the shares."""

    batch: Sequence[int]
    pixels: Sequence[int]
    depth: Sequence[int]
    shares: Sequence[int]

    @property
    def points(self) -> dict[str, list[Point]]:
        """The points of each axis."""
        return {name: [Point(**{name: n}) for n in getattr(self, name)] for name in Point._fields}


FULL = Plan((1, 2, 4, 8, 16), (64, 128, 224, 320, 448), (1, 2, 4, 8), (64, 128, 224, 320, 448, 640, 768, 1024))
SHORT = Plan((1, 2, 4), (64, 128, 224), (1, 2, 4), (128, 448, 896))


# --- Growth ----------------------------------------------------------------------------------------------------------


def prepared(what: str, point: Point, device: Device) -> Callable[[], None]:
    """Inference or a training step, which ends when the values are there."""
    model = models.pvt_tiny(img_size=point.pixels, depths=[point.depth] * 4).to(device).train(what == TRAINING)
    images = random.normal((point.batch, 3, point.pixels, point.pixels), device=device)
    labels = random.integers(0, 1000, (point.batch,), device=device)
    parameters = list(model.parameters())
    optimizer = optim.AdamW(parameters, lr=1e-4)
    wait = backend(device).wait
    wait([images.array, labels.array, *(p.array for p in parameters)])

    def infer() -> None:
        with lucid.no_grad():
            wait([model(images).array])

    def learn() -> None:
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        optimizer.step()
        wait([p.array for p in parameters])

    return learn if what == TRAINING else infer


def times(points: Sequence[Point], device: Device, rounds: int) -> dict[tuple[str, Point], Spread]:
    """The seconds of each."""
    cases = {(what, point): prepared(what, point, device) for what in (INFERENCE, TRAINING) for point in points}
    return in_turn(cases, rounds, warm_up=2)


def peak(what: str, point: Point, device: Device) -> int:
    """The bytes that arrays of the work take at most, beside those that stay."""
    run = prepared(what, point, device)
    run()  # the optimiser makes its state
    return backend(device).peak_bytes(run)


# --- Shares ----------------------------------------------------------------------------------------------------------


class Share(NamedTuple):
    """What attention and the MLP of all blocks cost."""

    attn: float
    mlp: float

    @property
    def ratio(self) -> float:
        return self.attn / self.mlp


def shares(pixels: int, device: Device, rounds: int) -> tuple[Share, Share]:
    """The seconds and the multiply-adds, for one image."""
    with lucid.use_device(device):
        model = models.pvt_tiny(img_size=pixels).eval()
        cases = {
            (stage, part): partial(_called, getattr(block, part), tokens, grid, device)
            for stage, (block, tokens, grid) in enumerate(_stages(model))
            for part in PARTS
        }
        with lucid.no_grad():
            found = per_call(cases, rounds)
        rows = model.summary((1, 3, pixels, pixels)).rows
    depths = model.config.depths
    seconds = {part: sum(depths[i] * found[i, part].median for i in range(len(depths))) for part in PARTS}
    counts = {part: sum(row.multiply_adds for row in rows if row.name.endswith(f".{part}")) for part in PARTS}
    return Share(**seconds), Share(**counts)


def _stages(model: models.PVT) -> list[tuple[Any, lucid.Tensor, tuple[int, int]]]:
    """The first block of each stage, and tokens as it gets them."""
    found = []
    for i, (grid, dim) in enumerate(zip(model.config.grids, model.config.embed_dims)):
        tokens = random.normal((1, grid[0] * grid[1] + (i == model.last), dim))
        found.append((getattr(model, f"block{i + 1}")[0], tokens, grid))
    return found


def _called(part: Any, tokens: lucid.Tensor, grid: tuple[int, int], device: Device, calls: int) -> None:
    for _ in range(calls):
        backend(device).wait([part(tokens, *grid).array])


def meeting(ratios: Mapping[int, float]) -> float | None:
    """From where on a ratio, known at some sizes, stays above 1; None if it is below at the largest.

    >>> round(meeting({100: 0.5, 400: 2.0}))
    200
    """
    found = sorted(ratios.items())
    if found[-1][1] < 1:
        return None
    for (x, below), (y, above) in reversed(list(pairwise(found))):
        if below < 1:
            return exp(log(x) + log(y / x) * log(1 / below) / log(above / below))
    return found[0][0]


# --- Reporting -------------------------------------------------------------------------------------------------------


def growth(output: Output, plan: Plan, device: Device, rounds: int) -> list[Panel]:
    """Measure it and show it, a table and two panels for each axis."""
    points = list(dict.fromkeys(point for axis in plan.points.values() for point in axis))
    both = (INFERENCE, TRAINING)
    peaks = {(what, point): peak(what, point, device) for what in both for point in points}
    seconds = times(points, device, rounds)
    output.results["growth"] = [
        {"work": what, **point._asdict(), "seconds": spread.seconds, "peak_bytes": peaks[what, point]}
        for (what, point), spread in seconds.items()
    ]
    panels = []
    for axis, some in plan.points.items():
        rest = ", ".join(f"{name} {n}" for name, n in Point()._asdict().items() if name != axis)
        columns = [f"{what}, {unit}" for what in both for unit in ("ms", "spread", "MB")]
        rows = []
        for point in some:
            row = [str(getattr(point, axis))]
            for what in both:
                spread = seconds[what, point]
                row += [f"{1e3 * spread.median:.1f}", f"{spread.percent:.0f} %", f"{peaks[what, point] / 1e6:.1f}"]
            rows.append(row)
        output.table(f"Growth with {axis}; {rest}; medians of {rounds} rounds in turn", (axis, *columns), rows)
        for unit, value in (("milliseconds", lambda case: 1e3 * seconds[case].median),
                            ("MB", lambda case: peaks[case] / 1e6)):  # fmt: skip
            lines = {what: [(getattr(p, axis), value((what, p))) for p in some] for what in both}
            panels.append(Panel(rest, axis, unit, lines))
    return panels


def crossing(output: Output, sizes: Sequence[int], device: Device, rounds: int) -> list[Panel]:
    """Measure the shares and show them: a table, a sentence and two panels."""
    found = {pixels: shares(pixels, device, rounds) for pixels in sizes}
    rows = [
        [
            str(pixels),
            f"{1e3 * time.attn:.2f}",
            f"{1e3 * time.mlp:.2f}",
            f"{time.ratio:.2f}",
            f"{count.attn / 1e6:,.0f}",
            f"{count.mlp / 1e6:,.0f}",
            f"{count.ratio:.2f}",
        ]
        for pixels, (time, count) in found.items()
    ]
    columns = ("pixels", *("attention, ms", "MLP, ms", "ratio"), *("attention, 10⁶", "MLP, 10⁶", "ratio"))
    output.table(f"Shares: times, medians of {rounds} rounds in turn, and multiply-adds", columns, rows)
    kinds = ("by time", "by multiply-adds")
    meetings = {kind: meeting({n: of[i].ratio for n, of in found.items()}) for i, kind in enumerate(kinds)}
    output.results["shares"] = [
        {"pixels": n, "seconds": time._asdict(), "multiply_adds": count._asdict()} for n, (time, count) in found.items()
    ]
    output.results["meetings"] = meetings
    for kind, pixels in meetings.items():
        costs = f"more from {pixels:.0f} pixels on" if pixels else f"less up to {max(sizes)} pixels"
        output.note(f"{kind[0].upper()}{kind[1:]}, attention costs {costs} than the MLP does.")
    return [
        Panel(f"shares {kind}", "pixels", unit, {part: [(n, getattr(of[i], part)) for n, of in found.items()]
                                                  for part in PARTS})
        for i, (kind, unit) in enumerate(zip(kinds, ("seconds", "multiply-adds")))
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where to run (default: %(default)s)")
    add_output(parser, "the plot")
    add_rounds(parser, ROUNDS, f"{QUICK} rounds with fewer and smaller cases")
    add_json(parser)
    options = parser.parse_args()

    output = Output("benchmarks/scaling.py", options.json)
    output.environment(environment([options.device]))
    plan, rounds = SHORT if options.quick else FULL, options.rounds or (QUICK if options.quick else ROUNDS)
    output.results |= {"rounds": rounds, "device": options.device}
    panels = growth(output, plan, options.device, rounds) + crossing(output, plan.shares, options.device, rounds)
    described = output.results["environment"]["devices"][options.device]
    plot(options.output / "scaling.png", f"PVT-Tiny on the {options.device}: {described}", panels, output, columns=2)
    output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/scaling.py", main))
