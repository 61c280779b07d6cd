"""Learning rates that change from step to step."""

from collections.abc import Mapping
from math import cos, pi
from typing import Any

from ..errors import CheckpointError
from .optimizer import Optimizer

__all__ = ["CosineWithWarmup"]


class CosineWithWarmup:
    """A learning rate that rises along a line and falls along half a cosine. With r the rate of a group, at step t:

        warmup_start + (r − warmup_start) t / w    for t < w = warmup_steps
        final + (r − final) (1 + cos(π u)) / 2     from then on, with u = (t − w) / (total_steps − w)
        final                                      from total_steps on

    It sets the rate of the first step when it is made; call `step` after each
    `optimizer.step`. The steps may be updates or epochs, as long as all three numbers count the same.

    Loshchilov and Hutter, SGDR, ICLR 2017 (arXiv 1608.03983); warm-up: Goyal et al., 2017 (arXiv 1706.02677).

    Raises ValueError for numbers that are no schedule.

    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1)], lr=1.0)
    >>> schedule = CosineWithWarmup(optimizer, total_steps=6, warmup_steps=2)
    >>> rates = []
    >>> for _ in range(7):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     schedule.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_steps: int,
        *,
        warmup_steps: int = 0,
        warmup_start: float = 0.0,
        final: float = 0.0,
    ) -> None:
        if not 0 <= warmup_steps <= total_steps or total_steps < 1 or warmup_start < 0 or final < 0:
            raise ValueError(
                f"CosineWithWarmup: total_steps={total_steps}, warmup_steps={warmup_steps}, "
                f"warmup_start={warmup_start}, final={final}; "
                "wanted 0 <= warmup_steps <= total_steps, at least one step, and rates from 0"
            )
        self.optimizer, self.total_steps, self.warmup_steps = optimizer, total_steps, warmup_steps
        self.warmup_start, self.final = warmup_start, final
        self.rates: list[float] = [group["lr"] for group in optimizer.param_groups]
        self.steps = 0
        self._set()

    def rate(self, base: float, step: int) -> float:
        """The learning rate at `step`, counted from 0, of a group whose own rate is `base`."""
        if step < self.warmup_steps:
            return self.warmup_start + (base - self.warmup_start) * step / self.warmup_steps
        if step >= self.total_steps:
            return self.final
        done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.final + (base - self.final) * (1 + cos(pi * done)) / 2

    def step(self) -> None:
        """Go to the next step."""
        self.steps += 1
        self._set()

    def _set(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = self.rate(base, self.steps)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands."""
        return {"steps": self.steps, "rates": list(self.rates)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises CheckpointError, and changes nothing, if it does not fit."""
        match state_dict:
            case {"steps": int(steps), "rates": [*rates]} if len(rates) == len(self.rates) and steps >= 0:
                self.steps, self.rates = steps, rates
                self._set()
            case _:
                wanted = f"'steps' and {len(self.rates)} 'rates', one for each group"
                raise CheckpointError(f"CosineWithWarmup: got {state_dict!r}; wanted {wanted}")
