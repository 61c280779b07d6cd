"""What each op of a PVT step costs, forward and backward, beside the libraries that do or could do the work.

    python benchmarks/ops.py [OP ...] [--rounds 9] [--quick] [--output runs] [--json]

The ops are those of the first block of PVT-Tiny's second stage, and what stands around the blocks; sizes are given by
the images that they belong to. Every library computes the same function of the same numbers: lucid on each device,
PyTorch if installed, and bare NumPy and MLX as one writes it in them. Forward is without recording; forward and
backward gives the gradients of all inputs, for which NumPy has nothing. A call ends when the values are there. The
numbers are milliseconds of a call, medians of rounds in which all libraries take their turns; a plot shows them too.
"""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import lucid
from lucid.cli import exit_code
from lucid.cli.measure import Spread, environment, per_call
from lucid.cli.options import add_json, add_output, add_rounds, chosen_devices
from lucid.cli.output import Output
from lucid.cli.plotting import Panel, plot
from lucid.devices import Device, backend
from lucid.io.packages import needed
from lucid.ops import feed_forward, permute_dims

Function = Callable[..., Any]
ROUNDS, QUICK = 9, 3
GRADIENT = 99  # the seed of the output's
FORWARD, BOTH = "forward", "forward and backward"
DIM, HEADS, RATIO, CLASSES, EPS = 128, 2, 8, 1000, 1e-6
RATES = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}  # of AdamW


class Size(NamedTuple):
    """Images, and their height and width in pixels."""

    images: int
    pixels: int

    def __str__(self) -> str:
        return f"{self.images} x {self.pixels}²"


SIZES = (Size(1, 64), Size(1, 224), Size(8, 224))

# --- What is computed ------------------------------------------------------------------------------------------------


def shapes(size: Size) -> dict[str, list[tuple[int, ...]]]:
    """The inputs of each op."""
    batch, pixels = size
    tokens, cells = (pixels // 8) ** 2, (pixels // 32) ** 2
    x, bias, hidden = (batch, tokens, DIM), (DIM,), RATIO * DIM
    heads = [(batch, HEADS, n, DIM // HEADS) for n in (tokens, cells, cells)]
    return {
        "patch convolution": [(batch, 3, pixels, pixels), (64, 3, 4, 4), (64,)],
        "linear": [x, (DIM, DIM), bias],
        "layer norm": [x, bias, bias],
        "gelu": [(batch, tokens, hidden)],
        "softmax": [(batch, HEADS, tokens, cells)],
        "attention": heads,
        "feed-forward": [x, (hidden, DIM), (hidden,), (DIM, hidden), bias],
        "residual add": [x, x],
        "joining heads": [heads[0]],
        "cross-entropy": [(batch, CLASSES)],
    }


OPS = tuple(shapes(SIZES[0]))
ADAMW = "AdamW update"  # is no function: it changes as many parameters as the block has linear layers
PARAMETERS = ((DIM, DIM), (2 * DIM, DIM), (RATIO * DIM, DIM), (DIM, RATIO * DIM))


def numbers(shape: Sequence[int], seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def labels(batch: int) -> np.ndarray[Any, Any]:
    return np.arange(batch) * 37 % CLASSES


# --- Who computes it -------------------------------------------------------------------------------------------------


def in_numpy() -> dict[str, Function]:
    erf = needed("scipy.special", "benchmarks/ops.py", "test").erf

    def patches(x: Any, w: Any, b: Any) -> Any:
        n, c, height, width = x.shape
        rows, columns = height // 4, width // 4
        cut = x.reshape(n, c, rows, 4, columns, 4).transpose(0, 2, 4, 1, 3, 5).reshape(n, rows, columns, -1)
        return (cut @ w.reshape(len(w), -1).T + b).transpose(0, 3, 1, 2)

    def norm(x: Any, w: Any, b: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(EPS)) * w + b

    def gelu(x: Any) -> Any:
        return x * (1 + erf(x * np.float32(0.5**0.5))) / 2

    def softmax(x: Any) -> Any:
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def attention(q: Any, k: Any, v: Any) -> Any:
        return softmax(q @ k.swapaxes(-1, -2) * np.float32(q.shape[-1] ** -0.5)) @ v

    def loss(x: Any) -> Any:
        shifted = x - x.max(-1, keepdims=True)
        return (np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(x)), labels(len(x))]).mean()

    return {
        "patch convolution": patches,
        "linear": lambda x, w, b: x @ w.T + b,
        "layer norm": norm,
        "gelu": gelu,
        "softmax": softmax,
        "attention": attention,
        "feed-forward": lambda x, w1, b1, w2, b2: gelu(x @ w1.T + b1) @ w2.T + b2,
        "residual add": np.add,
        "joining heads": lambda x: x.transpose(0, 2, 1, 3).reshape(len(x), -1, DIM),
        "cross-entropy": loss,
    }


def in_mlx() -> dict[str, Function]:
    import mlx.core as mx
    import mlx.nn as nn

    targets = {size.images: mx.array(labels(size.images)) for size in SIZES}

    def patches(x: Any, w: Any, b: Any) -> Any:
        return (mx.conv2d(x.transpose(0, 2, 3, 1), w.transpose(0, 2, 3, 1), 4) + b).transpose(0, 3, 1, 2)

    return {
        "patch convolution": patches,
        "linear": lambda x, w, b: mx.addmm(b, x, w.T),
        "layer norm": lambda x, w, b: mx.fast.layer_norm(x, w, b, EPS),
        "gelu": nn.gelu,
        "softmax": lambda x: mx.softmax(x, axis=-1),
        "attention": lambda q, k, v: mx.fast.scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5),
        "feed-forward": lambda x, w1, b1, w2, b2: mx.addmm(b2, nn.gelu(mx.addmm(b1, x, w1.T)), w2.T),
        "residual add": mx.add,
        "joining heads": lambda x: x.transpose(0, 2, 1, 3).reshape(len(x), -1, DIM),
        "cross-entropy": lambda x: nn.losses.cross_entropy(x, targets[len(x)], reduction="mean"),
    }


def in_functions(F: Any, permute: Function, mlp: Function, targets: Mapping[int, Any]) -> dict[str, Function]:
    """In lucid and PyTorch, which have one set of names."""
    return {
        "patch convolution": lambda x, w, b: F.conv2d(x, w, b, stride=4),
        "linear": F.linear,
        "layer norm": lambda x, w, b: F.layer_norm(x, (DIM,), w, b, EPS),
        "gelu": F.gelu,
        "softmax": lambda x: F.softmax(x, -1),
        "attention": F.scaled_dot_product_attention,
        "feed-forward": mlp,
        "residual add": lambda x, y: x + y,
        "joining heads": lambda x: permute(x, (0, 2, 1, 3)).reshape((x.shape[0], -1, DIM)),
        "cross-entropy": lambda x: F.cross_entropy(x, targets[x.shape[0]]),
    }


class Numpy:
    """A library: its functions, and how it runs one, forward or backward too, until the values are there."""

    name = "numpy"

    def __init__(self) -> None:
        self.functions = in_numpy()

    def forward(self, function: Function, inputs: Sequence[Any]) -> Any:
        return partial(function, *inputs)

    def both(self, function: Function, inputs: Sequence[Any]) -> Any:
        """None: there are no gradients."""

    def update(self, parameters: Sequence[Any], gradients: Sequence[Any]) -> Any:
        """AdamW, with the names of the paper."""
        state = [(p.copy(), g, np.zeros_like(p), np.zeros_like(p)) for p, g in zip(parameters, gradients)]
        (beta1, beta2), rate, step = RATES["betas"], RATES["lr"], 0  # type: ignore[misc]

        def update() -> Any:
            nonlocal step
            step += 1
            for p, g, m, v in state:
                m += (1 - beta1) * (g - m)
                v += (1 - beta2) * (g * g - v)
                p *= 1 - rate * RATES["weight_decay"]
                p -= rate / (1 - beta1**step) * m / (np.sqrt(v / (1 - beta2**step)) + RATES["eps"])
            return [p for p, *_ in state]

        return update


class Mlx:
    name = "mlx"

    def __init__(self) -> None:
        self.functions = in_mlx()

    def forward(self, function: Function, inputs: Sequence[Any]) -> Any:
        import mlx.core as mx

        arrays = [mx.array(x) for x in inputs]

        def run() -> Any:
            out = function(*arrays)
            mx.eval(out)
            return out

        return run

    def both(self, function: Function, inputs: Sequence[Any]) -> Any:
        import mlx.core as mx

        arrays = [mx.array(x) for x in inputs]
        g = mx.array(numbers(function(*arrays).shape, GRADIENT))

        def run() -> Any:
            _, gradients = mx.vjp(function, arrays, [g])
            mx.eval(gradients)
            return gradients

        return run

    def update(self, parameters: Sequence[Any], gradients: Sequence[Any]) -> Any:
        import mlx.core as mx
        import mlx.optimizers

        optimizer = mlx.optimizers.AdamW(RATES["lr"], **{k: x for k, x in RATES.items() if k != "lr"},
                                         bias_correction=True)  # fmt: skip
        held, slopes = ({str(i): mx.array(x) for i, x in enumerate(xs)} for xs in (parameters, gradients))
        optimizer.init(held)

        def update() -> Any:
            nonlocal held
            held = optimizer.apply_gradients(slopes, held)
            mx.eval(held, optimizer.state)
            return list(held.values())

        return update


class Recording:
    """lucid and PyTorch: what is recorded is pulled back."""

    name: str
    optimizer: Function

    def array(self, x: Any, requires_grad: bool = True) -> Any:
        raise NotImplementedError

    def off(self) -> Any:
        """The mode in which nothing is recorded."""
        raise NotImplementedError

    def wait(self, tensors: Sequence[Any]) -> None:
        """Until their values are there."""

    def forward(self, function: Function, inputs: Sequence[Any]) -> Any:
        tensors = [self.array(x) for x in inputs]

        def run() -> Any:
            with self.off():
                out = function(*tensors)
                self.wait([out])
            return out

        return run

    def both(self, function: Function, inputs: Sequence[Any]) -> Any:
        tensors = [self.array(x) for x in inputs]
        g = self.array(numbers(tuple(function(*tensors).shape), GRADIENT), False)

        def run() -> Any:
            for x in tensors:
                x.grad = None
            function(*tensors).backward(g)
            gradients = [x.grad for x in tensors]
            self.wait(gradients)
            return gradients

        return run

    def update(self, parameters: Sequence[Any], gradients: Sequence[Any]) -> Any:
        tensors = [self.array(x) for x in parameters]
        for x, g in zip(tensors, gradients):
            x.grad = self.array(g, False)
        optimizer = self.optimizer(tensors, **RATES)

        def update() -> Any:
            optimizer.step()
            self.wait(tensors)
            return tensors

        return update


class Lucid(Recording):
    optimizer = lucid.optim.AdamW
    off = staticmethod(lucid.no_grad)

    def __init__(self, device: Device) -> None:
        self.name, self.device, self.backend = f"lucid {device}", device, backend(device)
        targets = {size.images: lucid.asarray(labels(size.images), device=device) for size in SIZES}
        self.functions = in_functions(lucid.nn.functional, permute_dims, feed_forward, targets)

    def array(self, x: Any, requires_grad: bool = True) -> Any:
        return lucid.asarray(x, device=self.device, requires_grad=requires_grad)

    def wait(self, tensors: Sequence[Any]) -> None:
        self.backend.wait([x.array for x in tensors])


class Torch(Recording):
    name = "torch"

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(lucid.get_num_threads())
        F = torch.nn.functional
        targets = {size.images: torch.tensor(labels(size.images)) for size in SIZES}
        self.torch, self.optimizer, self.off = torch, torch.optim.AdamW, torch.no_grad
        self.functions = in_functions(
            F, torch.permute, lambda x, w1, b1, w2, b2: F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2), targets
        )

    def array(self, x: Any, requires_grad: bool = True) -> Any:
        return self.torch.tensor(x, requires_grad=requires_grad)


def libraries() -> list[Any]:
    """Those that can be had here; lucid after the one that works for it."""
    found: list[Any] = [Numpy(), Lucid("cpu")]
    if importlib.util.find_spec("torch"):
        found.append(Torch())
    return [*found, Mlx(), Lucid("gpu")] if lucid.is_available("gpu") else found


# --- Measuring and reporting -----------------------------------------------------------------------------------------

Case = tuple[str, Size | None, str, str]  # the op, its size, what of it, the library


def work(ops: Sequence[str], sizes: Sequence[Size], found: Sequence[Any]) -> dict[Case, Function]:
    """A function without arguments for each case."""
    cases: dict[Case, Function] = {}
    for op in ops:
        if op == ADAMW:
            values = [[numbers(shape, seed) for shape in PARAMETERS] for seed in (0, 1)]
            cases |= {(op, None, "update", library.name): library.update(*values) for library in found}
            continue
        for size in sizes:
            inputs = [numbers(shape, i) for i, shape in enumerate(shapes(size)[op])]
            for library in found:
                function = library.functions[op]
                cases[op, size, FORWARD, library.name] = library.forward(function, inputs)
                if both := library.both(function, inputs):
                    cases[op, size, BOTH, library.name] = both
    return cases


def times(ops: Sequence[str], sizes: Sequence[Size], found: Sequence[Any], rounds: int) -> dict[Case, Spread]:
    """The seconds of each case. One op and size at a time, so that few large arrays are there at once."""
    seconds: dict[Case, Spread] = {}
    for op in ops:
        for some in [sizes] if op == ADAMW else [[size] for size in sizes]:
            cases = {case: partial(_repeat, run) for case, run in work([op], some, found).items()}
            seconds |= per_call(cases, rounds)
    return seconds


def _repeat(run: Function, calls: int) -> None:
    for _ in range(calls):
        run()


def report(output: Output, seconds: Mapping[Case, Spread], found: Sequence[Any], rounds: int) -> None:
    names = [library.name for library in found]
    for what in dict.fromkeys(case[2] for case in seconds):
        cells = {}
        for (op, size, kind, library), spread in seconds.items():
            if kind == what:
                row = cells.setdefault((op, str(size or "")), dict.fromkeys(names, ""))
                row[library] = f"{1e3 * spread.median:.3f}, {spread.percent:.0f} %"
        title = f"{what[0].upper()}{what[1:]}: milliseconds, medians of {rounds} rounds in turn and their spread"
        output.table(title, ("op", "images", *names), [[*key, *row.values()] for key, row in cells.items()], left=2)
    output.results |= {
        "rounds": rounds,
        "times": [
            {"op": op, "size": size, "work": what, "library": library, "seconds": spread.seconds}
            for (op, size, what, library), spread in seconds.items()
        ],
    }


def panels(seconds: Mapping[Case, Spread]) -> list[Panel]:
    """One for each op: a line for each library, whole for forward and dashed for both."""
    made = []
    for op in dict.fromkeys(case[0] for case in seconds if case[1]):
        lines: dict[str, list[tuple[float, float]]] = {}
        for (name, size, what, library), spread in seconds.items():
            if name == op and size:
                label = library if what == FORWARD else f"{library}, {what}"
                pixels = size.images * size.pixels**2
                lines.setdefault(label, []).append((pixels, 1e3 * spread.median))
        made.append(Panel(op, "pixels of all images", "milliseconds", lines, [name for name in lines if BOTH in name]))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    known = (*OPS, ADAMW)
    parser.add_argument("op", nargs="*", metavar="OP", help=f"of {', '.join(known)} (default: all)")
    add_output(parser, "the plot")
    add_rounds(parser, ROUNDS, f"{QUICK} rounds, without the largest size")
    add_json(parser)
    options = parser.parse_args()
    if unknown := set(options.op) - set(known):
        parser.error(f"no op {min(unknown)!r}; choose among {', '.join(known)}")

    output = Output("benchmarks/ops.py", options.json)
    output.environment(environment(chosen_devices(None, output)))
    output.has("torch", "parity")
    found, rounds = libraries(), options.rounds or (QUICK if options.quick else ROUNDS)
    seconds = times(options.op or known, SIZES[:-1] if options.quick else SIZES, found, rounds)
    report(output, seconds, found, rounds)
    if drawn := panels(seconds):
        plot(options.output / "ops.png", "The ops of a PVT step", drawn, output)
    output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/ops.py", main))
