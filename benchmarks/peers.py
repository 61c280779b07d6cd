"""How fast lucid is beside the library that people would use in its place, and how much memory it takes.

    python benchmarks/peers.py [cpu] [--batch-size 1 8 32] [--rounds 9] [--threads 2] [--compile] [--json]
    python benchmarks/peers.py gpu [--batch-size 2] [--image-size 64] [--rounds 9] [--json]

Each part has one question. cpu: PVT-Tiny on NumPy against Hugging Face's PvtForImageClassification in PyTorch, with the
same configuration and random weights; inference, and a training step of forward, cross-entropy, backward and AdamW.
Both libraries get the same number of threads, and take their turns in the same rounds, so that a slow moment of the
machine meets them all. Peak memory is that of a fresh process: how far training steps lift it above what the library,
the model and its images took before.

gpu: the same work on MLX against PVT-Tiny by hand in mlx.nn (pvt_mlx.py), with the same weights, eager against eager
and `lucid.compile` against `mx.compile`. Wall time lasts until the values are there; host time until the work stands as
a graph that MLX has not begun to compute. Where MLX finds no GPU it runs on the processor, which multiplies matrices
slowly, so images are small by default: give a GPU --image-size 224 --batch-size 1 32 --training-size 32.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import lucid
from lucid import models, nn, optim
from lucid.cli.measure import Spread, environment, in_turn

Case = tuple[str, int, str]  # what is computed, the batch size, the library
INFERENCE, TRAINING = "inference", "training step"
EPS = {"norm_eps": 1e-6, "patch_norm_eps": 1e-6, "sr_norm_eps": 1e-6}  # Hugging Face has one everywhere
CLASSES, PIXELS, STEPS = 1000, 224, 3
PEERS = {"cpu": ("lucid", "torch"), "gpu": ("lucid", "mlx.nn")}  # the libraries of each part: ours first
SIZES = {"cpu": ([1, 8, 32], [8], PIXELS), "gpu": ([2], [2], 64)}  # batches of both kinds of work, pixels


# --- The contestants -------------------------------------------------------------------------------------------------


def of_lucid(what: str, size: int, threads: int) -> Callable[[], Any]:
    lucid.set_num_threads(threads)
    model = models.pvt_tiny(out_proj=True, drop_path_rate=0.0, **EPS).train(what == TRAINING)
    images = lucid.random.normal((size, 3, PIXELS, PIXELS))
    if what == INFERENCE:
        return lucid.no_grad()(lambda: model(images))
    optimizer = optim.AdamW(model.parameters(), lr=1e-4)
    labels = lucid.random.integers(0, CLASSES, (size,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def of_torch(what: str, size: int, threads: int, compiled: bool = False) -> Callable[[], Any]:
    import torch
    from transformers import PvtConfig, PvtForImageClassification

    torch.set_num_threads(threads)
    model = PvtForImageClassification(PvtConfig(num_labels=CLASSES)).train(what == TRAINING)
    run = torch.compile(model) if compiled else model
    images = torch.randn(size, 3, PIXELS, PIXELS)
    if what == INFERENCE:
        return torch.no_grad()(lambda: run(images))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    labels = torch.randint(0, CLASSES, (size,))

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(run(images).logits, labels).backward()
        optimizer.step()

    return step


def of_torch_compiled(what: str, size: int, threads: int) -> Callable[[], Any]:
    return of_torch(what, size, threads, compiled=True)


CONTESTANTS = {"lucid": of_lucid, "torch": of_torch, "torch compiled": of_torch_compiled}


# --- Measuring -------------------------------------------------------------------------------------------------------


def times(libraries: Sequence[str], work: Sequence[tuple[str, int]], threads: int, rounds: int) -> dict[Case, Spread]:
    """The seconds of each case. Only the libraries take turns: what differs in size would crowd the cache of others."""
    found: dict[Case, Spread] = {}
    for what, size in work:
        cases = {(what, size, name): CONTESTANTS[name](what, size, threads) for name in libraries}
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


def peak(library: str, size: int, threads: int) -> float:
    """The bytes that training steps need at most, in a fresh process."""
    command = [sys.executable, __file__, "--peak-of", library, "--batch-size", str(size), "--threads", str(threads)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def print_peak(library: str, size: int, threads: int) -> None:
    """What the process of `peak` does."""
    step = CONTESTANTS[library](TRAINING, size, threads)
    before = _most_memory()
    for _ in range(STEPS):
        step()
    print(_most_memory() - before)


def _most_memory() -> int:
    """The most memory, in bytes, that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


# --- Reporting -------------------------------------------------------------------------------------------------------


def rows_of(found: dict[Case, Spread], time: str = "wall") -> list[dict[str, Any]]:
    """A row for each case; its ratio is that of our time to theirs, the median over rounds that both ran in.

    What is compiled is compared with what is compiled, where ours is.
    """
    rows = []
    for (what, size, library), spread in found.items():
        compiled = (what, size, "lucid compiled")
        ours = found[compiled if "compiled" in library and compiled in found else (what, size, "lucid")]
        rows.append(
            {
                "time": time,
                "work": what,
                "batch_size": size,
                "library": library,
                "milliseconds": 1e3 * spread.median,
                "shortest": 1e3 * spread.seconds[0],
                "spread_percent": spread.percent,
                "ratio": ours.median / spread.median,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("part", nargs="?", choices=PEERS, default="cpu", help="what to compare (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, nargs="+", metavar="N", help="of inference")
    parser.add_argument("--training-size", type=int, nargs="*", metavar="N", help="batches to learn from")
    parser.add_argument("--image-size", type=int, metavar="N", help="pixels of images on the gpu (default: 64)")
    parser.add_argument(
        "--rounds", type=int, default=9, metavar="N", help="measurements of each (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=lucid.get_num_threads(), metavar="N", help="of each library")
    parser.add_argument("--compile", action="store_true", help="torch.compile too, which needs a C++ compiler")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the tables")
    parser.add_argument("--peak-of", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        print_peak(options.peak_of, options.batch_size[0], options.threads)
        return

    batches, training, pixels = SIZES[options.part]
    batches, pixels = options.batch_size or batches, (options.part == "gpu" and options.image_size) or pixels
    training = training if options.training_size is None else options.training_size
    work = [*((INFERENCE, size) for size in batches), *((TRAINING, size) for size in training)]
    about = environment([options.part])
    peaks: dict[tuple[int, str], float] = {}
    if options.part == "gpu":
        wall, host = times_on_gpu(work, pixels, options.rounds)
        rows = rows_of(wall) + rows_of(host, "host")
    else:
        about["threads"] = options.threads
        libraries = [*PEERS[options.part], *(["torch compiled"] if options.compile else [])]
        peaks = {(size, name): peak(name, size, options.threads) for size in training for name in libraries}
        rows = rows_of(times(libraries, work, options.threads, options.rounds))
    results = {
        "environment": about,
        "rounds": options.rounds,
        "pixels": pixels,
        "times": rows,
        "peaks": [
            {"batch_size": size, "library": name, "megabytes": n / 1e6, "ratio": peaks[size, "lucid"] / n}
            for (size, name), n in peaks.items()
        ],
    }
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(json.dumps(results["environment"], indent=2))
    print(f"\nPVT-Tiny, {pixels} x {pixels}, medians of {options.rounds} rounds in turn; ratio: lucid / the other")
    print(f"on the {options.part}: {about['devices'][options.part]}")
    print(
        f"{'time':<5} {'work':<14} {'batch':>5}  {'library':<15} {'ms':>8} {'shortest':>9} {'spread':>7} {'ratio':>6}"
    )
    for row in results["times"]:
        print(
            "{time:<5} {work:<14} {batch_size:>5}  {library:<15} {milliseconds:8.1f} {shortest:9.1f} "
            "{spread_percent:5.0f} % "
            "{ratio:6.2f}".format_map(row)
        )
    if not peaks:
        return
    print("\nPeak memory of training steps")
    print(f"{'batch':>5}  {'library':<15} {'MB':>8} {'ratio':>6}")
    for row in results["peaks"]:
        print("{batch_size:>5}  {library:<15} {megabytes:8.1f} {ratio:6.2f}".format_map(row))


if __name__ == "__main__":
    main()
