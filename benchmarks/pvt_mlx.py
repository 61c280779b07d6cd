"""PVT-Tiny by hand in mlx.nn, as a peer, and what lucid costs beside it on the gpu.

    python benchmarks/pvt_mlx.py [--batch-size 1] [--image-size 32] [--rounds 15] [--quick] [--json]

Host time is what the program spends until a step stands as a graph that MLX has not begun to compute: forward, the
gradients, and AdamW. Then the whole of inference and of a training step, values and all, eager and compiled. Medians of
rounds in turn. Images are small by default, since the time to build a graph does not depend on their size.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from itertools import pairwise
from typing import Any
from unittest import mock

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import mlx.utils

import lucid
from lucid import devices, memory, models, optim
from lucid.cli import exit_code
from lucid.cli.measure import Spread, environment, in_turn
from lucid.cli.options import add_json, add_rounds, positive
from lucid.cli.output import Output
from lucid.nn.functional import cross_entropy

DIMS, HEADS, REDUCTIONS, RATIOS, DEPTH = (64, 128, 320, 512), (1, 2, 5, 8), (8, 4, 2, 1), (8, 8, 4, 4), 2
BLOCK_EPS, PATCH_EPS = 1e-6, 1e-5
ROUNDS, QUICK = 15, 3


# --- The model, as one writes it in MLX: images (b, h, w, c) --------------------------------------------------------


class Attention(mlx.nn.Module):
    def __init__(self, dim: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q, self.kv = mlx.nn.Linear(dim, dim), mlx.nn.Linear(dim, 2 * dim)
        if reduction > 1:
            self.sr = mlx.nn.Conv2d(dim, dim, reduction, reduction)
            self.norm = mlx.nn.LayerNorm(dim, PATCH_EPS)

    def __call__(self, x: Any, height: int, width: int) -> Any:
        b, n, c = x.shape
        q = self.q(x).reshape(b, n, self.heads, -1).transpose(0, 2, 1, 3)
        if self.reduction > 1:
            x = self.norm(self.sr(x.reshape(b, height, width, c)).reshape(b, -1, c))
        k, v = self.kv(x).reshape(b, x.shape[1], 2, self.heads, -1).transpose(2, 0, 3, 1, 4)
        out = mx.fast.scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5)
        return out.transpose(0, 2, 1, 3).reshape(b, n, c)


class Mlp(mlx.nn.Module):
    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = mlx.nn.Linear(dim, hidden), mlx.nn.Linear(hidden, dim)

    def __call__(self, x: Any) -> Any:
        return self.fc2(mlx.nn.gelu(self.fc1(x)))


class Block(mlx.nn.Module):
    def __init__(self, dim: int, heads: int, reduction: int, ratio: int, drop_path: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = mlx.nn.LayerNorm(dim, BLOCK_EPS), mlx.nn.LayerNorm(dim, BLOCK_EPS)
        self.attn, self.mlp, self.drop_path = Attention(dim, heads, reduction), Mlp(dim, dim * ratio), drop_path

    def __call__(self, x: Any, height: int, width: int) -> Any:
        x = x + self.dropped(self.attn(self.norm1(x), height, width))
        return x + self.dropped(self.mlp(self.norm2(x)))

    def dropped(self, x: Any) -> Any:
        if not self.training or not self.drop_path:
            return x
        kept = mx.random.bernoulli(1 - self.drop_path, (x.shape[0], 1, 1))
        return mx.where(kept, x * (1 / (1 - self.drop_path)), 0.0)


class PatchEmbed(mlx.nn.Module):
    def __init__(self, before: int, dim: int, size: int) -> None:
        super().__init__()
        self.proj, self.norm = mlx.nn.Conv2d(before, dim, size, size), mlx.nn.LayerNorm(dim, PATCH_EPS)

    def __call__(self, x: Any) -> Any:
        x = self.proj(x)
        b, height, width, c = x.shape
        return self.norm(x.reshape(b, height * width, c)), height, width


class PVT(mlx.nn.Module):
    """Images (b, 3, h, w) become scores (b, num_classes)."""

    def __init__(self, image_size: int, num_classes: int = 1000, drop_path: float = 0.1) -> None:
        super().__init__()
        count = len(DIMS) * DEPTH
        for i, (before, dim) in enumerate(pairwise((3, *DIMS))):
            tokens = (image_size // (4 * 2**i)) ** 2 + (i == 3)
            self[f"patch_embed{i + 1}"] = PatchEmbed(before, dim, 2 if i else 4)
            self[f"pos_embed{i + 1}"] = mx.zeros((1, tokens, dim))
            rates = [drop_path * (DEPTH * i + j) / (count - 1) for j in range(DEPTH)]
            self[f"block{i + 1}"] = [Block(dim, HEADS[i], REDUCTIONS[i], RATIOS[i], rate) for rate in rates]
        self.cls_token, self.norm = mx.zeros((1, 1, DIMS[-1])), mlx.nn.LayerNorm(DIMS[-1], BLOCK_EPS)
        self.head = mlx.nn.Linear(DIMS[-1], num_classes)

    def __call__(self, x: Any) -> Any:
        x = x.transpose(0, 2, 3, 1)
        for i in range(len(DIMS)):
            x, height, width = self[f"patch_embed{i + 1}"](x)
            b, _, c = x.shape
            if i == 3:
                x = mx.concatenate([mx.broadcast_to(self.cls_token, (b, 1, c)), x], axis=1)
            x = x + self[f"pos_embed{i + 1}"]
            for block in self[f"block{i + 1}"]:
                x = block(x, height, width)
            if i < 3:
                x = x.reshape(b, height, width, c)
        return self.head(self.norm(x)[:, 0])

    def take(self, state: dict[str, lucid.Tensor]) -> "PVT":
        """The parameters of lucid's PVT-Tiny; kernels (o, c, k, l) become (o, k, l, c)."""
        arrays = {name: mx.array(x.numpy()) for name, x in state.items()}
        self.load_weights([(name, a.transpose(0, 2, 3, 1) if a.ndim == 4 else a) for name, a in arrays.items()])
        mx.eval(self.parameters())
        return self


# --- What is measured ------------------------------------------------------------------------------------------------


def loss(model: PVT, images: Any, labels: Any) -> Any:
    return mlx.nn.losses.cross_entropy(model(images), labels, reduction="mean")


class ByHand:
    """Inference and training in plain MLX."""

    def __init__(self, state: dict[str, lucid.Tensor], images: Any, labels: Any) -> None:
        self.images, self.labels = images, labels
        self.model = PVT(images.shape[-1]).take(state)
        self.optimizer = mlx.optimizers.AdamW(1e-3, weight_decay=1e-2, bias_correction=True)
        self.optimizer.init(self.model.trainable_parameters())
        self.gradients = mlx.nn.value_and_grad(self.model, loss)
        state_of_step = [self.model.state, self.optimizer.state, mx.random.state]
        self.compiled_step = mx.compile(self.step, inputs=state_of_step, outputs=state_of_step)
        self.compiled_forward = mx.compile(self.forward, inputs=[self.model.state])

    def forward(self) -> Any:
        return self.model(self.images)

    def step(self) -> Any:
        value, gradients = self.gradients(self.model, self.images, self.labels)
        self.optimizer.update(self.model, gradients)
        return value

    def gradient(self) -> Any:
        return self.gradients(self.model, self.images, self.labels)

    def wait(self, out: Any) -> None:
        mx.eval(out, self.model.state, self.optimizer.state)


class WithLucid:
    """The same in lucid."""

    def __init__(self, model: models.PVT, images: Any, labels: Any) -> None:
        self.images, self.labels = lucid.Tensor(images), lucid.Tensor(labels)
        self.model = model.to("gpu")
        self.parameters = list(self.model.parameters())
        self.optimizer = optim.AdamW(self.parameters, lr=1e-3)
        self.compiled_step, self.compiled_forward = lucid.compile(self.step), lucid.compile(self.forward)

    def forward(self) -> Any:
        with lucid.no_grad():
            return self.model(self.images)

    def gradient(self) -> Any:
        value = cross_entropy(self.model(self.images), self.labels)
        self.optimizer.zero_grad()
        value.backward()
        return value, [p.grad for p in self.parameters]

    def step(self) -> Any:
        value = cross_entropy(self.model(self.images), self.labels)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        return value.detach()

    def wait(self, out: Any) -> None:
        state = [x for entry in self.optimizer.state.values() for x in entry.values()]
        tensors = [*lucid.tree.leaves(out), *self.parameters, *state]
        devices.backend("gpu").wait([x.array for x in tensors])


Side = ByHand | WithLucid
WORK = ("forward", "gradient", "step", "compiled_forward", "compiled_step")
NAMES = ("mlx.nn", "lucid")


@contextmanager
def nothing_starts() -> Iterator[None]:
    """lucid begins to compute at the end of a step; not here, where only the building is measured."""

    def start(arrays: Any) -> None:
        pass

    budget = memory.set_budget(2**60)
    try:
        with mock.patch.object(devices.backend("gpu"), "start", start):
            yield
    finally:
        memory.set_budget(budget)


def sides(
    image_size: int, batch: int, works: Sequence[str] = WORK, training: bool = True
) -> dict[tuple[str, str], Side]:
    """Both for each piece of work, which has models of its own; all with the same parameters, images and labels."""
    lucid.random.seed(0)
    model = models.pvt_tiny(img_size=image_size).train(training)
    state = model.state_dict()
    images = lucid.random.normal((batch, 3, image_size, image_size), device="gpu").array
    labels = lucid.random.integers(0, 1000, (batch,), device="gpu").array
    mx.eval(images, labels)
    found: dict[tuple[str, str], Side] = {}
    for work in works:
        found["mlx.nn", work] = ByHand(state, images, labels)
        found["mlx.nn", work].model.train(training)
        found["lucid", work] = WithLucid(deepcopy(model), images, labels)
    return found


def host_times(found: dict[tuple[str, str], Side], rounds: int) -> dict[tuple[str, str], Spread]:
    """Until each piece of work stands as a graph."""
    last: dict[tuple[str, str], Any] = {}

    def build(case: tuple[str, str]) -> None:
        last[case] = getattr(found[case], case[1])()

    def settle(case: tuple[str, str]) -> None:
        found[case].wait(last.pop(case))

    cases: dict[Any, Callable[[], None]] = {}
    for case in found:
        cases[case] = partial(build, case)
        cases[case, "settled"] = partial(settle, case)
    with nothing_starts():
        times = in_turn(cases, rounds, warm_up=2)
    return {case: times[case] for case in found}


def whole_times(found: dict[tuple[str, str], Side], rounds: int) -> dict[tuple[str, str], Spread]:
    """Until the values of each piece of work are there."""

    def whole(side: Side, work: str) -> None:
        side.wait(getattr(side, work)())

    return in_turn({case: partial(whole, side, case[1]) for case, side in found.items()}, rounds, warm_up=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--batch-size", type=positive, default=1, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--image-size", type=positive, default=32, metavar="N", help="pixels (default: %(default)s)")
    add_rounds(parser, ROUNDS, f"{QUICK} rounds")
    add_json(parser)
    options = parser.parse_args()

    output = Output("benchmarks/pvt_mlx.py", options.json)
    output.environment(environment(["gpu"]))
    rounds = options.rounds or (QUICK if options.quick else ROUNDS)
    found = sides(options.image_size, options.batch_size)
    times = {"host": host_times(found, rounds), "whole": whole_times(found, rounds)}
    rows = [
        {"time": kind, "work": work, **{name: 1e3 * by_case[name, work].median for name in NAMES}}
        for kind, by_case in times.items()
        for work in WORK
    ]
    cells = [
        (row["time"], row["work"], f"{theirs:.2f}", f"{ours:.2f}", f"{ours / theirs:.2f}")
        for row in rows
        for theirs, ours in [[row[name] for name in NAMES]]
    ]
    title = (
        f"Milliseconds, median of {rounds} rounds in turn; batch of {options.batch_size}, "
        f"{options.image_size} x {options.image_size}"
    )
    output.table(title, ("time", "work", *NAMES, "ratio"), cells, left=2)
    output.results |= {"rounds": rounds, "unit": "ms", "rows": rows}
    output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/pvt_mlx.py", main))
