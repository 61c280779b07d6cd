"""Optimisers, learning-rate schedules and gradient clipping, under PyTorch's names.

>>> import lucid
>>> x = lucid.asarray([3.0, -2.0], requires_grad=True)
>>> optimizer = SGD([x], lr=0.1)
>>> for _ in range(50):
...     optimizer.zero_grad()
...     (x * x).sum().backward()
...     optimizer.step()
>>> bool((abs(x) < 1e-4).all())
True
"""

from . import lr_scheduler
from .adam import Adam, Adamax, AdamW, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop, Rprop
from .clipping import clip_grad_norm_, clip_grad_value_
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop", "SGD",
    "clip_grad_norm_", "clip_grad_value_", "lr_scheduler",
]  # fmt: skip
