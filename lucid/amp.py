"""Automatic mixed precision: products in 16 bits, and all that rounding would spoil in float32.

Micikevicius et al., Mixed Precision Training, ICLR 2018 (arXiv 1710.03740).

>>> import lucid
>>> from lucid import amp, nn, optim
>>> layer = nn.Linear(4, 2)
>>> optimizer, scaler = optim.SGD(layer.parameters(), lr=0.1), amp.GradScaler()
>>> with amp.autocast("cpu", dtype=lucid.float16):
...     out = layer(lucid.ones((3, 4)))
...     loss = out.mean()
>>> out.dtype, loss.dtype, layer.weight.dtype
(lucid.float16, lucid.float32, lucid.float32)
>>> scaler.scale(loss).backward()
>>> scaler.step(optimizer)
>>> scaler.update()
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

from .autograd import no_grad
from .autograd.modes import MODES, Casting
from .devices import Device, backend
from .dtypes import DType, bfloat16, float16, float32, int64
from .errors import CheckpointError, DTypeError, GradientError
from .ops.creation import full, zeros
from .ops.elementwise import add, isnan, logical_or, reciprocal
from .ops.searching import where
from .optim import Optimizer
from .tensor import Tensor

__all__ = ["GradScaler", "autocast"]


@contextmanager
def autocast(device_type: Device, dtype: DType = bfloat16, enabled: bool = True) -> Iterator[None]:
    """Compute in mixed precision on a device, in this thread, for the length of a with block or a decorated function.

    Matrix products, convolutions and attention take their inputs in `dtype`, and so give it. Softmax, norms, losses,
    sums and means, exponentials, logarithms and powers take 16-bit numbers in float32. Other ops take what comes, and
    float64 stays. Parameters stay as they are: each is converted once while the block lasts, and gradients come back
    in its own dtype. With `enabled=False` ops inside a block compute as they would outside.

    Put the forward pass and the loss inside; backward needs no autocast. Raises DTypeError for a dtype that is not
    bfloat16 or float16, DeviceError for an unknown device.

    >>> import lucid
    >>> x = lucid.ones((2, 2))
    >>> with autocast("cpu", dtype=lucid.float16):
    ...     (x @ x).dtype, lucid.exp(x @ x).dtype, (x + x).dtype
    (lucid.float16, lucid.float32, lucid.float32)
    """
    backend(device_type, "autocast")
    if dtype not in (bfloat16, float16):
        raise DTypeError(f"autocast: dtype={dtype!r}; wanted lucid.bfloat16 or lucid.float16")
    before = MODES.casting, MODES.casts
    casting = (before[0] or Casting())._replace(**{device_type: dtype if enabled else None})
    MODES.casting = casting if any(casting) else None
    MODES.casts = None if MODES.casting is None else {} if before[1] is None else before[1]
    try:
        yield
    finally:
        MODES.casting, MODES.casts = before


class GradScaler:
    """Scales a loss up, so that small gradients do not vanish in float16, and gradients down before they are used.

    A step with an infinity or nan in a gradient changes nothing, and `update` makes the scale smaller by
    `backoff_factor`; after `growth_interval` steps without any it grows by `growth_factor`. Whether there was one is
    never read on the way: the values from before are chosen on the device, so nothing waits for a gpu, and all of it
    compiles.

    Raises ValueError for factors that do not shrink or grow, or an interval below 1.

    >>> scaler = GradScaler(init_scale=4.0)
    >>> scaler.get_scale()
    4.0
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if init_scale <= 0 or growth_factor <= 1 or not 0 < backoff_factor < 1 or growth_interval < 1:
            raise ValueError(
                f"GradScaler: init_scale={init_scale}, growth_factor={growth_factor}, "
                f"backoff_factor={backoff_factor}, growth_interval={growth_interval}; wanted a scale above 0, growth "
                "above 1, a backoff between 0 and 1, an interval of at least 1"
            )
        self.init_scale, self.growth_factor = init_scale, growth_factor
        self.backoff_factor, self.growth_interval, self.enabled = backoff_factor, growth_interval, enabled
        self._scale: Tensor | None = None  # both live where the first loss does
        self._steps: Tensor | None = None  # without an infinity, since the scale last changed
        self._infinite: dict[Optimizer, Tensor] = {}  # since the last update, of each optimiser that was unscaled
        self._stepped: set[Optimizer] = set()

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the scale; begin backward here."""
        if not self.enabled:
            return loss
        if self._scale is None or self._steps is None:
            self._scale = full((), self.init_scale, dtype=float32, device=loss.device)
            self._steps = zeros((), dtype=int64, device=loss.device)
        return loss * self._scale.to(loss.device)

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimiser by the scale, as to clip them; `step` does it if you do not.

        Raises GradientError a second time before `update`, or without any gradients.
        """
        if not self.enabled:
            return
        if optimizer in self._infinite:
            raise GradientError("unscale_: the gradients of this optimiser have been unscaled; call update() first")
        params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not params or self._scale is None:
            raise GradientError("unscale_: there are no scaled gradients; call scaler.scale(loss).backward() first")
        with no_grad():
            inverse = reciprocal(self._scale)
            for p in params:
                p.grad = p.grad * inverse.to(p.device, p.dtype)
            spoiled = [(p.grad * 0.0).sum().to(self._scale.device, self._scale.dtype) for p in params]  # nan, or 0
            self._infinite[optimizer] = isnan(reduce(add, spoiled))

    def step(self, optimizer: Optimizer) -> None:
        """`optimizer.step()`, which changes nothing where a gradient is infinite or nan.

        Raises GradientError a second time before `update`, or without any gradients.
        """
        if not self.enabled:
            optimizer.step()
            return
        if optimizer in self._stepped:
            raise GradientError("step: this optimiser has made its step; call update() before the next one")
        if optimizer not in self._infinite:
            self.unscale_(optimizer)
        self._stepped.add(optimizer)
        optimizer.step(skip=self._infinite[optimizer])

    def update(self) -> None:
        """Make the scale larger or smaller by what the steps since the last update met.

        Raises GradientError if no optimiser was unscaled.
        """
        if not self.enabled:
            return
        if not self._infinite or self._scale is None or self._steps is None:
            raise GradientError("update: no gradients were looked at; call scaler.step(optimizer) first")
        with no_grad():
            infinite = reduce(logical_or, self._infinite.values())
            steps = where(infinite, 0, self._steps + 1)
            grown = where(steps == self.growth_interval, self._scale * self.growth_factor, self._scale)
            self._scale = where(infinite, self._scale * self.backoff_factor, grown)
            self._steps = where(steps == self.growth_interval, 0, steps)
        self._infinite, self._stepped = {}, set()

    def get_scale(self) -> float:
        """The scale; this waits for it."""
        return self.init_scale if self._scale is None else self._scale.item()

    def state_dict(self) -> dict[str, Any]:
        """All that another scaler needs to go on from here."""
        return {
            "scale": self.get_scale(),
            "growth_factor": self.growth_factor,
            "backoff_factor": self.backoff_factor,
            "growth_interval": self.growth_interval,
            "_growth_tracker": 0 if self._steps is None else self._steps.item(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises CheckpointError, and changes nothing, if it does not fit."""
        wanted = self.state_dict()
        if not isinstance(state_dict, Mapping) or state_dict.keys() != wanted.keys():
            raise CheckpointError(f"GradScaler: got {state_dict!r}; wanted a dict with {', '.join(wanted)}")
        device = None if self._scale is None else self._scale.device
        scale, steps, self.growth_factor, self.backoff_factor, self.growth_interval = (
            state_dict[name] for name in ("scale", "_growth_tracker", *list(wanted)[1:4])
        )
        self.init_scale = scale
        self._scale = full((), scale, dtype=float32, device=device)
        self._steps = full((), steps, dtype=int64, device=device)
