"""Learning rates that change from step to step.

A schedule says in `rate` what becomes of a group's own rate r at step t, counted from 0. It sets the rates of the first
step when it is made; call `step` after each `optimizer.step`, or after each epoch, as long as all numbers of the
schedule count the same.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from math import cos, inf, pi, prod
from typing import Any

from ..errors import CheckpointError
from ..ops.arguments import choose, whole
from .optimizer import Optimizer

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CosineWithWarmup",
    "CyclicLR", "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR",
    "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip


class LRScheduler:
    """The base of schedules. `rates` are the rates that the groups had before any schedule changed them."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer, self.steps = optimizer, 0
        for group in optimizer.param_groups:
            group.initial_lr = group["lr"] if group.initial_lr is None else group.initial_lr
        self.rates: list[float] = [group.initial_lr for group in optimizer.param_groups]  # type: ignore[misc]
        self._set()

    def rate(self, base: float, step: int) -> float:
        """The learning rate at `step`, counted from 0, of a group whose own rate is `base`."""
        raise NotImplementedError(f"{type(self).__name__}: define rate(self, base, step)")

    def rates_at(self, step: int) -> list[float]:
        """The learning rates of all groups at `step`."""
        return [self.rate(base, step) for base in self.rates]

    def step(self) -> None:
        """Go to the next step."""
        self.steps += 1
        self._set()

    def get_last_lr(self) -> list[float]:
        """The learning rates of all groups now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _set(self) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.rates_at(self.steps), strict=True):
            group["lr"] = rate
        if (momentum := self.momentum(self.steps)) is None:
            return
        for group in self.optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            elif "momentum" in group:
                group["momentum"] = momentum

    def momentum(self, step: int) -> float | None:
        """The momentum at `step`, of Adam the first beta, for schedules that change it too."""
        return None

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
                raise CheckpointError(f"{type(self).__name__}: got {state_dict!r}; wanted {wanted}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(steps={self.steps}, rates={self.rates})"


class CosineWithWarmup(LRScheduler):
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
        self.total_steps, self.warmup_steps = total_steps, warmup_steps
        self.warmup_start, self.final = warmup_start, final
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """The learning rate at `step`, counted from 0, of a group whose own rate is `base`."""
        if step < self.warmup_steps:
            return self.warmup_start + (base - self.warmup_start) * step / self.warmup_steps
        if step >= self.total_steps:
            return self.final
        done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.final + (base - self.final) * (1 + cos(pi * done)) / 2


class LambdaLR(LRScheduler):
    """r f(t), with one function f or one for each group.

    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1)], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda step: 1 / (1 + step))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]]
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"{type(self).__name__}: {len(self.lr_lambdas)} functions for {groups} groups")
        super().__init__(optimizer)

    def rates_at(self, step: int) -> list[float]:
        return [base * function(step) for base, function in zip(self.rates, self.lr_lambdas, strict=True)]


class MultiplicativeLR(LambdaLR):
    """r f(1) f(2) ⋯ f(t), with one function f or one for each group."""

    def rates_at(self, step: int) -> list[float]:
        rates = list(self.rates)
        for i in range(1, step + 1):
            rates = [rate * function(i) for rate, function in zip(rates, self.lr_lambdas, strict=True)]
        return rates


class StepLR(LRScheduler):
    """r gamma^n after n times `step_size` steps.

    >>> import lucid
    >>> schedule = StepLR(lucid.optim.SGD([lucid.ones(1)], lr=1.0), step_size=2, gamma=0.5)
    >>> schedule.rate(1.0, 3), schedule.rate(1.0, 4)
    (0.5, 0.25)
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(LRScheduler):
    """r gamma^n after the first n of the `milestones`."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return base * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(LRScheduler):
    """r gamma^t."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return base * self.gamma**step


class LinearLR(LRScheduler):
    """r times a factor that goes from `start_factor` to `end_factor` along a line, in `total_iters` steps.

    Raises ValueError for a start_factor outside (0, 1] and an end_factor outside [0, 1].
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: start_factor={start_factor}, end_factor={end_factor}; wanted up to 1, from 0")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        done = min(step, self.total_iters) / self.total_iters if self.total_iters else 1.0
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class ConstantLR(LRScheduler):
    """r times `factor` for `total_iters` steps, then r."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return base * (self.factor if step < self.total_iters else 1.0)


class PolynomialLR(LRScheduler):
    """r (1 - t / total_iters)^power, and 0 from then on."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return base * (1 - min(step, self.total_iters) / self.total_iters) ** self.power


class CosineAnnealingLR(LRScheduler):
    """eta_min + (r - eta_min) (1 + cos(π t / T_max)) / 2: down in T_max steps, and up again.

    Loshchilov and Hutter, SGDR, ICLR 2017 (arXiv 1608.03983).
    """

    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * step / self.T_max)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine down from r to eta_min in T_0 steps, then again in T_mult times as many, and so on.

    Loshchilov and Hutter, SGDR, ICLR 2017 (arXiv 1608.03983).
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        length = self.T_0
        while step >= length:
            step, length = step - length, length * self.T_mult
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * step / length)) / 2


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to `max_lr` in a share `pct_start` of `total_steps`, then down to the first rate
    divided by `final_div_factor`; with `three_phase` back to the first rate in as many steps, and then on down.

    `anneal_strategy` is "cos" or "linear". With `cycle_momentum`, the momentum (of Adam the first beta) goes the other
    way, between `max_momentum` and `base_momentum`. A total of `epochs` times `steps_per_epoch` takes the place of
    total_steps.

    Smith and Topin, Super-Convergence, 2017 (arXiv 1708.07120). Raises ValueError without a total, and for another
    strategy.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy={anneal_strategy!r}; choose 'cos' or 'linear'")
        self.total_steps = (epochs or 0) * (steps_per_epoch or 0) if total_steps is None else total_steps
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self.momenta = base_momentum, max_momentum
        self.div_factor, self.final_div_factor, self.three_phase = div_factor, final_div_factor, three_phase
        self.turn = pct_start * self.total_steps - 1
        groups = len(optimizer.param_groups)
        self.max_lrs = [max_lr] * groups if isinstance(max_lr, float | int) else list(max_lr)
        super().__init__(optimizer)

    def rates_at(self, step: int) -> list[float]:
        if step >= self.total_steps:
            raise ValueError(f"OneCycleLR: step {step + 1} of {self.total_steps}; make a longer schedule")
        rates = []
        for most in self.max_lrs:
            first = most / self.div_factor
            rates.append(self._between(step, first, most, first / self.final_div_factor, first))
        return rates

    def _between(self, step: int, first: float, most: float, last: float, middle: float) -> float:
        """From `first` to `most` and on to `last`, over `middle` if there are three phases."""
        ends = (
            [self.turn, 2 * self.turn, self.total_steps - 1] if self.three_phase else [self.turn, self.total_steps - 1]
        )
        values = [first, most, middle, last] if self.three_phase else [first, most, last]
        start = 0.0
        for i, end in enumerate(ends):
            if step <= end or i == len(ends) - 1:
                done = (step - start) / (end - start)
                share = done if self.anneal_strategy == "linear" else (1 - cos(pi * done)) / 2
                return values[i] + (values[i + 1] - values[i]) * share
            start = end
        return last

    def momentum(self, step: int) -> float | None:
        least, most = self.momenta
        return self._between(step, most, least, most, most) if self.cycle_momentum else None


class CyclicLR(LRScheduler):
    """From `base_lr` up to `max_lr` along a line in `step_size_up` steps, down again in `step_size_down`, and so on.

    How far up is scaled: in cycle n by 1 ("triangular") or by 2^(1 - n) ("triangular2"), at step t by gamma^t
    ("exp_range"), or by `scale_fn` of n or t, as `scale_mode` is "cycle" or "iterations". With `cycle_momentum`, the
    momentum (of Adam the first beta) goes the other way, between `max_momentum` and `base_momentum`.

    Smith, Cyclical Learning Rates for Training Neural Networks, 2017 (arXiv 1506.01186). Raises ValueError for another
    mode.

    >>> import lucid
    >>> schedule = CyclicLR(lucid.optim.SGD([lucid.ones(1)], lr=1.0), 0.1, 0.5, step_size_up=2)
    >>> [round(schedule.rates_at(t)[0], 3) for t in range(6)]
    [0.1, 0.3, 0.5, 0.3, 0.1, 0.3]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
    ) -> None:
        choose("CyclicLR", "mode", mode, ("triangular", "triangular2", "exp_range"))
        choose("CyclicLR", "scale_mode", scale_mode, ("cycle", "iterations"))
        groups = len(optimizer.param_groups)
        lows, tops = ([x] * groups if isinstance(x, float | int) else list(x) for x in (base_lr, max_lr))
        self.ends = list(zip(lows, tops, strict=True))
        self.up = whole("CyclicLR", step_size_up, "step_size_up")
        self.down = self.up if step_size_down is None else whole("CyclicLR", step_size_down, "step_size_down")
        if min(self.up, self.down) < 1:
            raise ValueError(f"CyclicLR: steps of {self.up} up and {self.down} down; wanted at least 1 of each")
        self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
        self.cycle_momentum, self.momenta = cycle_momentum, (base_momentum, max_momentum)
        super().__init__(optimizer)

    def rates_at(self, step: int) -> list[float]:
        return [low + (top - low) * self._height(step) for low, top in self.ends]

    def momentum(self, step: int) -> float | None:
        least, most = self.momenta
        return most - (most - least) * self._height(step) if self.cycle_momentum else None

    def _height(self, step: int) -> float:
        """How far up it is at a step, from 0 to 1."""
        cycles, t = divmod(step, self.up + self.down)
        share = t / self.up if t <= self.up else (self.up + self.down - t) / self.down
        if self.scale_fn is not None:
            return share * self.scale_fn(cycles + 1 if self.scale_mode == "cycle" else step)
        return share * (self.gamma**step if self.mode == "exp_range" else 0.5**cycles if self.mode[-1] == "2" else 1.0)


class ChainedScheduler(LRScheduler):
    """Several schedules at once: r times what each of them makes of a rate of 1.

    It steps for all of them. Raises ValueError without schedules, and for those of several optimisers.

    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1)], lr=1.0)
    >>> schedule = ChainedScheduler([ConstantLR(optimizer, 0.5, total_iters=1), ExponentialLR(optimizer, 0.1)])
    >>> [schedule.rates_at(t)[0] for t in range(2)]
    [0.5, 0.1]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.schedulers = _schedules("ChainedScheduler", schedulers)
        optimizers = {each.optimizer for each in self.schedulers} | ({optimizer} if optimizer else set())
        if not self.schedulers or len(optimizers) > 1:
            raise ValueError(
                f"ChainedScheduler: {len(self.schedulers)} schedules, of {len(optimizers)} optimisers; wanted at least "
                "one, all of the same optimiser"
            )
        super().__init__(optimizers.pop())

    def rates_at(self, step: int) -> list[float]:
        chains = zip(self.rates, *(each.rates_at(step) for each in self.schedulers), strict=True)
        return [base and base * prod(rate / base for rate in rates) for base, *rates in chains]

    def momentum(self, step: int) -> float | None:
        """That of the last schedule that changes it."""
        momenta = (each.momentum(step) for each in reversed(self.schedulers))
        return next((found for found in momenta if found is not None), None)


class SequentialLR(LRScheduler):
    """One schedule after the other: at each of the `milestones` the next begins, at its own first step.

    Raises ValueError unless there is one milestone less than schedules.

    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1)], lr=1.0)
    >>> first, second = ConstantLR(optimizer, 0.5), ExponentialLR(optimizer, 0.1)
    >>> schedule = SequentialLR(optimizer, [first, second], milestones=[2])
    >>> [schedule.rates_at(t)[0] for t in range(4)]
    [0.5, 0.5, 1.0, 0.1]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules and {len(milestones)} milestones; wanted 1 less"
            )
        self.schedulers, self.milestones = _schedules("SequentialLR", schedulers), list(milestones)
        super().__init__(optimizer)

    def rates_at(self, step: int) -> list[float]:
        schedule, since = self._at(step)
        return schedule.rates_at(since)

    def momentum(self, step: int) -> float | None:
        schedule, since = self._at(step)
        return schedule.momentum(since)

    def _at(self, step: int) -> tuple[LRScheduler, int]:
        """The schedule at a step, and how many steps of its own that is."""
        i = bisect_right(self.milestones, step)
        return self.schedulers[i], step - (self.milestones[i - 1] if i else 0)


def _schedules(name: str, given: Sequence[LRScheduler]) -> list[LRScheduler]:
    """Those whose rates are known for each step. Raises TypeError for others."""
    for each in given:
        if not isinstance(each, LRScheduler):
            raise TypeError(f"{name}: got {type(each).__name__}; wanted schedules that know the rates of each step")
    return list(given)


class ReduceLROnPlateau:
    """The rate times `factor` whenever a measure has not become better for more than `patience` steps.

    Call `step(measure)` after each epoch. Better is less (`mode` "min") or more ("max") than the best by a share
    `threshold` of it ("rel") or by `threshold` itself ("abs"). After a change, `cooldown` steps pass uncounted. Rates
    stay from `min_lr` on, and changes of at most `eps` are not made.

    Raises ValueError for a factor from 1 on, and other words.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1 or mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"ReduceLROnPlateau: factor={factor}, mode={mode!r}, threshold_mode={threshold_mode!r}; "
                "wanted a factor below 1, 'min' or 'max', 'rel' or 'abs'"
            )
        self.optimizer, self.factor, self.patience, self.cooldown = optimizer, factor, patience, cooldown
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.min_lr, self.eps = min_lr, eps
        self.best, self.bad, self.cooling = (inf if mode == "min" else -inf), 0, 0

    def step(self, metrics: Any) -> None:
        """Look at a measure, a number or a tensor without axes."""
        measure = float(metrics)
        if self._better(measure):
            self.best, self.bad = measure, 0
        else:
            self.bad += 1
        if self.cooling:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self.cooling, self.bad = self.cooldown, 0
            for group in self.optimizer.param_groups:
                rate = max(group["lr"] * self.factor, self.min_lr)
                if group["lr"] - rate > self.eps:
                    group["lr"] = rate

    def _better(self, measure: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "abs":
            return measure * sign > self.best * sign + self.threshold
        return measure * sign > self.best * (1 + sign * self.threshold) * sign

    def get_last_lr(self) -> list[float]:
        """The learning rates of all groups now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands."""
        return {"best": self.best, "bad": self.bad, "cooling": self.cooling}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises CheckpointError, and changes nothing, if it does not fit."""
        match state_dict:
            case {"best": float(best), "bad": int(bad), "cooling": int(cooling)}:
                self.best, self.bad, self.cooling = best, bad, cooling
            case _:
                raise CheckpointError(f"ReduceLROnPlateau: got {state_dict!r}; wanted 'best', 'bad' and 'cooling'")
