"""What a small op costs, on 4 numbers, beside the array library that does the work.

    python benchmarks/dispatch.py [--rounds 15] [--quick] [--output runs] [--json]

For each op and each way to call it: the nanoseconds of one call, the median of rounds that run all of them in turn,
their spread, and the ratio to the bare library below it (NumPy for the cpu, MLX for the gpu); a plot shows the medians.
The gpu's ops are put into MLX's graph and never evaluated, since that is what a call costs the program; nobody reads
the values. PyTorch is there if installed. A chain is 20 products and a sum, and where it is recorded the backward pass
too, which the bare libraries lack.
"""

import argparse
import importlib.util
import sys
import timeit
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import lucid
from lucid.cli import exit_code
from lucid.cli.measure import Spread, environment, per_call
from lucid.cli.options import add_json, add_output, add_rounds, chosen_devices
from lucid.cli.output import Output
from lucid.cli.plotting import Panel, plot

OPS = {
    "add": "x + y",
    "scale": "x * 2",
    "sin": "sin(x)",
    "matmul": "a @ a",
    "sum": "sum(x)",
    "index": "a[1]",
    "slice": "a[:, 1:3]",
    "reshape": "reshape(a, (2, 8))",
    "chain": "chain(x, sum)",
}
LENGTH = 20  # of a chain of products, with its gradient where it is recorded
ROUNDS, QUICK = 15, 3
HOST = {
    "x": np.asarray([0.1, 0.2, 0.3, 0.4], np.float32),
    "y": np.asarray([1, 2, 3, 4], np.float32),
    "a": np.eye(4, dtype=np.float32),
}


def chain(x: Any, sum: Callable[[Any], Any]) -> None:
    out = x
    for _ in range(LENGTH):
        out = out * x
    sum(out)


def chain_and_gradient(x: Any, sum: Callable[[Any], Any]) -> None:
    out = x
    for _ in range(LENGTH):
        out = out * x
    x.grad = None
    sum(out).backward()


class Way(NamedTuple):
    """One way to call an op: the names that its expression uses, the mode that it runs in, what it is compared with."""

    names: dict[str, Any]
    mode: Callable[[], AbstractContextManager[Any]]
    base: str


def ways() -> dict[str, Way]:
    """Every way to call an op that can be had here, by name."""
    functions = {"sin": np.sin, "sum": np.sum, "reshape": np.reshape, "chain": chain}
    found = {"numpy": Way(HOST | functions, nullcontext, "numpy")}
    for device, base in (("cpu", "numpy"), ("gpu", "mlx")):
        if not lucid.is_available(device):
            continue
        if device == "gpu":
            import mlx.core as mx

            functions = {"sin": mx.sin, "sum": mx.sum, "reshape": mx.reshape, "chain": chain}
            names = {name: mx.array(x) for name, x in HOST.items()}
            found["mlx"] = Way(names | functions, nullcontext, "mlx")
        tensors = {name: lucid.asarray(x, device=device, requires_grad=True) for name, x in HOST.items()}
        names = tensors | {"sin": lucid.sin, "sum": lucid.sum, "reshape": lucid.reshape, "chain": chain}
        found[f"lucid {device}"] = Way(names, lucid.no_grad, base)
        found[f"lucid {device}, recorded"] = Way(names | {"chain": chain_and_gradient}, nullcontext, base)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        names = {name: torch.tensor(x, requires_grad=True) for name, x in HOST.items()}
        names |= {"sin": torch.sin, "sum": torch.sum, "reshape": torch.reshape, "chain": chain}
        found["torch"] = Way(names, torch.no_grad, "numpy")
        found["torch, recorded"] = Way(names | {"chain": chain_and_gradient}, nullcontext, "numpy")
    return found


def measure(found: Mapping[str, Way], rounds: int) -> dict[tuple[str, str], Spread]:
    """The seconds of one call of each op, each way."""
    cases = {
        (op, name): partial(_run, timeit.Timer(expression, globals=way.names), way)
        for op, expression in OPS.items()
        for name, way in found.items()
    }
    return per_call(cases, rounds)


def _run(timer: timeit.Timer, way: Way, calls: int) -> None:
    with way.mode():
        timer.timeit(calls)


def report(output: Output, seconds: Mapping[tuple[str, str], Spread], found: Mapping[str, Way], rounds: int) -> None:
    def cell(op: str, name: str, way: Way) -> str:
        spread = seconds[op, name]
        times = spread.median / seconds[op, way.base].median
        return f"{1e9 * spread.median:,.0f}, {spread.percent:.0f} %, {times:.1f}x"

    rows = [(name, *(cell(op, name, way) for op in OPS)) for name, way in found.items()]
    title = f"Nanoseconds a call, medians of {rounds} rounds in turn, their spread, and times the bare library"
    output.table(title, ("", *OPS), rows)
    output.results |= {
        "rounds": rounds,
        "times": [{"op": op, "way": name, "seconds": spread.seconds} for (op, name), spread in seconds.items()],
    }


def panel(seconds: Mapping[tuple[str, str], Spread], found: Mapping[str, Way]) -> Panel:
    """Points for each way, hollow where it is recorded."""
    points = {name: [(op, 1e9 * seconds[op, name].median) for op in OPS] for name in found}
    return Panel("", "", "nanoseconds a call", points, [name for name in found if "recorded" in name])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add_output(parser, "the plot")
    add_rounds(parser, ROUNDS, f"{QUICK} rounds")
    add_json(parser)
    options = parser.parse_args()

    output = Output("benchmarks/dispatch.py", options.json)
    output.environment(environment(chosen_devices(None, output)))
    output.has("torch", "parity")
    found, rounds = ways(), options.rounds or (QUICK if options.quick else ROUNDS)
    seconds = measure(found, rounds)
    report(output, seconds, found, rounds)
    plot(options.output / "dispatch.png", "What a small op costs", [panel(seconds, found)], output)
    output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/dispatch.py", main))
