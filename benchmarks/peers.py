"""How fast lucid is beside the library that people would use in its place, and how much memory it takes.

    python benchmarks/peers.py [cpu] [--batch-size 1 8 32] [--threads 2] [--compile] [--rounds 9] [--quick] [--json]
    python benchmarks/peers.py gpu [--batch-size 2] [--image-size 64] [--rounds 9] [--quick] [--json]

Each part has one question. cpu: PVT-Tiny on NumPy against Hugging Face's PvtForImageClassification in PyTorch, with the
same configuration and random weights; inference, and a training step of forward, cross-entropy, backward and AdamW.
Both libraries get the same number of threads, and take their turns in the same rounds, so that a slow moment of the
machine meets them all. --compile adds `torch.compile`, with a graph for each size. Peak memory is that of a fresh
process: how far training steps lift it above what the library, the model and its images took before. That of a process
that compiles would be the compiler's.

gpu: the same work on MLX against PVT-Tiny by hand in mlx.nn (pvt_mlx.py), with the same weights, eager against eager
and `lucid.compile` against `mx.compile`. Wall time lasts until the values are there; host time until the work stands as
a graph that MLX has not begun to compute. Where MLX finds no GPU it runs on the processor, which multiplies matrices
slowly, so images are small by default: give a GPU --image-size 224 --batch-size 1 32 --training-size 32.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lucid
from lucid import models, nn, optim
from lucid.cli import exit_code
from lucid.cli.measure import Spread, environment, in_turn
from lucid.cli.options import UsageError, add_json, add_output, add_rounds, positive
from lucid.cli.output import Output
from lucid.cli.plotting import Panel, plot

Case = tuple[str, int, str]  # what is computed, the batch size, the library
Times = Mapping[Case, Spread]
INFERENCE, TRAINING = "inference", "training step"
EPS = {"norm_eps": 1e-6, "patch_norm_eps": 1e-6, "sr_norm_eps": 1e-6}  # Hugging Face has one everywhere
CLASSES, STEPS, ROUNDS, QUICK = 1000, 3, 9, 3
SIZES = {"cpu": ([1, 8, 32], [8], 224), "gpu": ([2], [2], 64)}  # batches of both kinds of work, pixels


# --- The contestants -------------------------------------------------------------------------------------------------


def of_lucid(what: str, size: int, pixels: int, threads: int) -> Callable[[], Any]:
    lucid.set_num_threads(threads)
    model = models.pvt_tiny(img_size=pixels, out_proj=True, drop_path_rate=0.0, **EPS).train(what == TRAINING)
    images = lucid.random.normal((size, 3, pixels, pixels))
    if what == INFERENCE:
        return lucid.no_grad()(lambda: model(images))
    optimizer = optim.AdamW(model.parameters(), lr=1e-4)
    labels = lucid.random.integers(0, CLASSES, (size,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def of_torch(what: str, size: int, pixels: int, threads: int, compiled: bool = False) -> Callable[[], Any]:
    import torch
    from transformers import PvtConfig, PvtForImageClassification

    torch.set_num_threads(threads)
    model = PvtForImageClassification(PvtConfig(image_size=pixels, num_labels=CLASSES)).train(what == TRAINING)
    run: Any = model
    if compiled:
        torch.compiler.reset()  # after some sizes of the same code it would compile no more
        run = torch.compile(model, dynamic=False)
    images = torch.randn(size, 3, pixels, pixels)
    if what == INFERENCE:
        return torch.no_grad()(lambda: run(images))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    labels = torch.randint(0, CLASSES, (size,))

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(run(images).logits, labels).backward()
        optimizer.step()

    return step


def of_torch_compiled(what: str, size: int, pixels: int, threads: int) -> Callable[[], Any]:
    return of_torch(what, size, pixels, threads, compiled=True)


CONTESTANTS = {"lucid": of_lucid, "torch": of_torch, "torch compiled": of_torch_compiled}


# --- Measuring -------------------------------------------------------------------------------------------------------


def times_on_cpu(
    libraries: Sequence[str], work: Sequence[tuple[str, int]], pixels: int, threads: int, rounds: int
) -> dict[Case, Spread]:
    """The seconds of each case. Only the libraries take turns: what differs in size would crowd the cache of others."""
    found: dict[Case, Spread] = {}
    for what, size in work:
        cases = {(what, size, name): CONTESTANTS[name](what, size, pixels, threads) for name in libraries}
        found |= in_turn(cases, rounds, warm_up=2)
    return found


def times_on_gpu(
    work: Sequence[tuple[str, int]], pixels: int, rounds: int
) -> tuple[dict[Case, Spread], dict[Case, Spread]]:
    """The seconds of each case on the gpu until its values are there, and those until it stands as a graph."""
    import pvt_mlx

    wall: dict[Case, Spread] = {}
    host: dict[Case, Spread] = {}
    for what, size in work:
        piece = "forward" if what == INFERENCE else "step"
        names = {piece: "", f"compiled_{piece}": " compiled"}
        sides = pvt_mlx.sides(pixels, size, tuple(names), training=what == TRAINING)
        for found, measured in ((wall, pvt_mlx.whole_times), (host, pvt_mlx.host_times)):
            spreads = measured(sides, rounds)
            found |= {(what, size, library + names[name]): spread for (library, name), spread in spreads.items()}
    return wall, host


def peak(library: str, size: int, pixels: int, threads: int) -> int:
    """The bytes that training steps need at most, in a fresh process."""
    options = {"--peak-of": library, "--batch-size": size, "--image-size": pixels, "--threads": threads}
    command = [sys.executable, __file__, *(str(x) for option in options.items() for x in option)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def print_peak(library: str, size: int, pixels: int, threads: int) -> None:
    """What the process of `peak` does."""
    step = CONTESTANTS[library](TRAINING, size, pixels, threads)
    before = _most_memory()
    for _ in range(STEPS):
        step()
    print(_most_memory() - before)


def _most_memory() -> int:
    """The most memory, in bytes, that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


# --- Reporting -------------------------------------------------------------------------------------------------------


def report(output: Output, times: Mapping[str, Times], pixels: int, rounds: int) -> None:
    """A table of each kind of time. The ratio is that of our median to theirs.

    What is compiled is compared with what is compiled, where ours is.
    """
    output.results["times"] = []
    for kind, found in times.items():
        rows = []
        for (what, size, library), spread in found.items():
            compiled = (what, size, "lucid compiled")
            ours = found[compiled if "compiled" in library and compiled in found else (what, size, "lucid")]
            row = {"time": kind, "work": what, "batch_size": size, "library": library, "seconds": spread.seconds}
            output.results["times"].append(row)
            numbers = (f"{1e3 * spread.median:.1f}", f"{spread.percent:.0f} %", f"{ours.median / spread.median:.2f}")
            rows.append((what, library, str(size), *numbers))
        title = f"PVT-Tiny, {pixels} x {pixels}, {kind} time, medians of {rounds} rounds in turn and their spread"
        output.table(title, ("work", "library", "batch", "ms", "spread", "lucid / it"), rows, left=2)


def report_peaks(output: Output, peaks: Mapping[tuple[int, str], int]) -> None:
    rows = [
        (library, str(size), f"{peak / 1e6:.1f}", f"{peaks[size, 'lucid'] / peak:.2f}")
        for (size, library), peak in peaks.items()
    ]
    output.table("Peak memory of training steps", ("library", "batch", "MB", "lucid / it"), rows)
    output.results["peaks"] = [{"batch_size": size, "library": name, "bytes": n} for (size, name), n in peaks.items()]


def panels(times: Mapping[str, Times], peaks: Mapping[tuple[int, str], int]) -> list[Panel]:
    """One for each kind of time and work, a line for each library, dashed where it is compiled; and one for memory."""
    made = []
    for kind, found in times.items():
        for work in dict.fromkeys(case[0] for case in found):
            lines: dict[str, list[tuple[int, float]]] = {}
            for (what, size, library), spread in found.items():
                if what == work:
                    lines.setdefault(library, []).append((size, 1e3 * spread.median))
            dashed = [name for name in lines if "compiled" in name]
            made.append(Panel(f"{work}, {kind} time", "images in a batch", "milliseconds", lines, dashed))
    if peaks:
        lines = {}
        for (size, library), peak in peaks.items():
            lines.setdefault(library, []).append((size, peak / 1e6))
        made.append(Panel(f"{TRAINING}, peak of memory", "images in a batch", "MB", lines))
    return made


# --- The parts -------------------------------------------------------------------------------------------------------


def libraries(compiled: bool, output: Output) -> list[str]:
    """Those of the cpu that are there, lucid first."""
    found = ["lucid"]
    if output.has("torch", "parity") and output.has("transformers", "parity"):
        found.append("torch")
    if compiled and "torch" in found:
        if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
            raise UsageError("--compile needs a C++ compiler: g++ or clang++, or the one that CXX names")
        found.append("torch compiled")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("part", nargs="?", choices=SIZES, default="cpu", help="what to compare (default: %(default)s)")
    parser.add_argument("--batch-size", type=positive, nargs="+", metavar="N", help="of inference (default: 1 8 32; 2)")
    parser.add_argument(
        "--training-size", type=positive, nargs="*", metavar="N", help="batches to learn from (default: 8; 2)"
    )
    parser.add_argument("--image-size", type=positive, metavar="N", help="pixels (default: 224; on the gpu 64)")
    parser.add_argument("--threads", type=positive, metavar="N", help="of each library, on the cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile too, which needs a C++ compiler")
    add_output(parser, "the plot")
    add_rounds(parser, ROUNDS, f"{QUICK} rounds of the smallest batch")
    add_json(parser)
    parser.add_argument("--peak-of", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "gpu" and (options.compile or options.threads):
        parser.error("--compile and --threads are for the cpu; the gpu's part compiles without being asked")

    usual = [sizes[:1] if options.quick else sizes for sizes in SIZES[options.part][:2]]
    training = usual[1] if options.training_size is None else options.training_size
    work = [*((INFERENCE, n) for n in options.batch_size or usual[0]), *((TRAINING, n) for n in training)]
    pixels = options.image_size or SIZES[options.part][2]
    rounds = options.rounds or (QUICK if options.quick else ROUNDS)
    threads = options.threads or lucid.get_num_threads()
    if options.peak_of:
        return print_peak(options.peak_of, options.batch_size[0], pixels, threads)

    output = Output("benchmarks/peers.py", options.json)
    output.environment(environment([options.part]))
    output.results |= {"rounds": rounds, "pixels": pixels}
    times, peaks = {}, {}
    if options.part == "gpu":
        times["wall"], times["host"] = times_on_gpu(work, pixels, rounds)
    else:
        output.results["threads"] = threads
        found = libraries(options.compile, output)
        eager = [name for name in found if name != "torch compiled"]
        # First, while this process is small: Linux counts what it has in the peak of a process that it starts.
        peaks = {(size, name): peak(name, size, pixels, threads) for size in training for name in eager}
        times["wall"] = times_on_cpu(found, work, pixels, threads, rounds)
    report(output, times, pixels, rounds)
    if peaks:
        report_peaks(output, peaks)
    plot(options.output / "peers.png", f"PVT-Tiny, {pixels} x {pixels}", panels(times, peaks), output)
    return output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/peers.py", main))
