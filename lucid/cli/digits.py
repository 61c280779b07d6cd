"""A small PVT that learns to read: 1,797 handwritten digits of 8 x 8 pixels, which scikit-learn ships."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from .. import models, optim, random
from ..autograd import no_grad
from ..devices import Device
from ..dtypes import float32
from ..io.packages import needed
from ..nn.functional import cross_entropy
from ..ops.creation import asarray
from ..tensor import Tensor

__all__ = ["BATCH", "Digits", "accuracy", "digits", "model", "one_thread", "train"]

BATCH = 32


class Digits(NamedTuple):
    """Images (n, 1, 8, 8) from -1 to 1 and their classes (n,): four fifths to learn from, and one fifth to test."""

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def digits(device: Device) -> Digits:
    """The digits, split the same way every time, each class in proportion."""
    found = needed("sklearn.datasets", "lucid run", "run").load_digits()
    split = needed("sklearn.model_selection", "lucid run", "run").train_test_split
    parts = split(found.images, found.target, test_size=0.2, stratify=found.target, random_state=0)
    images, test_images = (asarray(x, dtype=float32, device=device)[:, None] / 8 - 1 for x in parts[:2])
    labels, test_labels = (asarray(x, device=device) for x in parts[2:])
    return Digits(images, labels, test_images, test_labels)


def model() -> models.PVT:
    """Two stages: 4 x 4 tokens of 2 x 2 pixels each, then 2 x 2 tokens and the class token."""
    return models.PVT(
        models.PVTConfig(
            img_size=8,
            in_chans=1,
            num_classes=10,
            patch_size=2,
            embed_dims=(64, 128),
            depths=(2, 2),
            num_heads=(2, 4),
            sr_ratios=(2, 1),
            mlp_ratios=(4, 4),
        )
    )


def train(learner: models.PVT, data: Digits, epochs: int) -> Iterator[float]:
    """Learn with AdamW, warm-up, half a cosine and label smoothing; yields the mean loss of each epoch."""
    steps = data.images.shape[0] // BATCH
    optimizer = optim.AdamW(learner.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = optim.lr_scheduler.CosineWithWarmup(optimizer, epochs * steps, warmup_steps=steps, final=1e-5)
    for _ in range(epochs):
        learner.train()
        order = random.permutation(data.images.shape[0], device=data.images.device)
        total = asarray(0.0, device=data.images.device)
        for i in range(steps):
            chosen = order[i * BATCH : (i + 1) * BATCH]
            loss = cross_entropy(learner(data.images[chosen]), data.labels[chosen], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optim.clip_grad_norm_(learner.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total = total + loss.detach()
        yield total.item() / steps


def accuracy(learner: models.PVT, data: Digits) -> float:
    """How many of the test images are read right, from 0 to 1."""
    learner.eval()
    with no_grad():
        right = learner(data.test_images).argmax(axis=1) == data.test_labels
        return right.astype(float32).mean().item()


def one_thread() -> AbstractContextManager[Any]:
    """NumPy's matrix products in one thread: faster for small matrices, and much so on a machine that is busy."""
    return needed("threadpoolctl", "lucid run", "run").threadpool_limits(1, user_api="blas")
