"""L-BFGS: steps along the gradient as the curvature of the last steps turns it, with a line search if asked for.

It is the one optimiser that looks at values, and so it waits for them: how far to go depends on the loss that it meets.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from ..autograd import enable_grad, no_grad
from ..dtypes import int64
from ..ops.arguments import whole
from ..ops.creation import full_like, ones_like, zeros, zeros_like
from ..ops.manipulation import concat, stack
from ..tensor import Tensor
from .group import Group
from .line_search import Point, quotient, searched
from .optimizer import Optimizer, Params, State, wide

__all__ = ["LBFGS"]

T = TypeVar("T")


class LBFGS(Optimizer):
    """Quasi-Newton steps, for full batches: with the gradient g of all parameters as one vector,

        p ← p − t H g

    where H is the inverse of the Hessian as the last `history_size` steps show it, and t is lr, or what the line search
    "strong_wolfe" finds from there (the first step of all is shorter). `step` takes up to `max_iter` such steps, and no
    other once it has called the closure `max_eval` times (1.25 max_iter if None). It ends sooner where no element of g
    is larger than `tolerance_grad`, and where the parameters or the loss change by no more than `tolerance_change`.
    After an error of the closure the parameters are where the step began.

    Nocedal and Wright, Numerical Optimization, algorithms 7.5, 3.5 and 3.6. Raises as Optimizer does, and ValueError
    for a second group.

    >>> import lucid
    >>> x = lucid.asarray([-1.5, 2.0], requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe", max_iter=50)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(12.5, dtype=float32, device='cpu', grad_fn=add)
    >>> bool(abs(x - 1).max() < 1e-3)
    True
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        max_iter, history_size = whole("LBFGS", max_iter, "max_iter"), whole("LBFGS", history_size, "history_size")
        max_eval = max_iter * 5 // 4 if max_eval is None else whole("LBFGS", max_eval, "max_eval")
        tolerances = {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        counts = {"max_iter": max_iter, "max_eval": max_eval, "history_size": history_size}
        super().__init__(params, lr=lr, **counts, **tolerances, line_search_fn=line_search_fn)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        if self.param_groups:
            raise ValueError("LBFGS: got a second group; its steps are for all parameters together")
        super().add_param_group(group)

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        """The state of all parameters, which is kept with the first: the last step, and how gradients changed."""
        shapes = {"d": (n := sum(p.size for p in self._params),), "prev_flat_grad": (n,), "history": (0, 2, n), "t": ()}
        state = {name: zeros(shape, dtype=value.dtype, device=value.device) for name, shape in shapes.items()}
        return {**state, "H_diag": ones_like(state["t"])}

    def step(self, closure: Callable[[], T] | None = None, *, skip: Tensor | None = None) -> T:  # type: ignore[override]
        """Call `closure`, which computes the loss and its gradients, and step until one of the limits is met.

        Returns the loss before the first step. Raises TypeError without a closure, and for `skip`.
        """
        if closure is None or skip is not None:
            raise TypeError("LBFGS.step: wanted a closure that computes the loss and its gradients, and nothing else")
        with no_grad():
            return self._step(closure, self.param_groups[0])

    def _step(self, closure: Callable[[], T], options: Group) -> T:
        lr, tolerance_change = options["lr"], options["tolerance_change"]
        state, first = self.state.get(0), self._params[0]
        if state is None:
            fresh = self.start(zeros_like(first, dtype=wide(first)), options)
            state = {"step": zeros((), dtype=int64, device=first.device), **fresh}
        step, t, scale = (state[name].item() for name in ("step", "t", "H_diag"))
        d, before = state["d"], state["prev_flat_grad"]
        history = [_Change(y, s, _dot(y, s)) for y, s in state["history"]]
        begun = [p.detach() for p in self._params]
        found, loss, g = self._evaluated(closure)
        evaluations = 1
        if _largest(g) <= options["tolerance_grad"]:
            return found
        for i in range(1, options["max_iter"] + 1):
            if step:
                y, s = g - before, d * t
                if (curvature := _dot(y, s)) > 1e-10:
                    history.append(_Change(y, s, curvature))
                    del history[: -options["history_size"] or None]
                    scale = curvature / _dot(y, y)
            d = _direction(g, history, scale)
            before, previous, slope = g, loss, _dot(g, d)
            t = lr if step else min(1.0, 1.0 / abs(g).sum().item()) * lr
            step += 1
            if slope > -tolerance_change:
                break
            start = [p.detach() for p in self._params]
            try:
                if options["line_search_fn"]:
                    at = partial(self._at, closure, start, d)
                    shortest = quotient(tolerance_change, _largest(d))
                    here = Point(0.0, loss, slope, g)
                    (t, loss, _, g), seen = searched(at, here, t, shortest, options["max_eval"] - evaluations)
                    evaluations += seen
                self._move(start, d, t)
                if not options["line_search_fn"] and i < options["max_iter"]:
                    _, loss, g = self._evaluated(closure)
                    evaluations += 1
            except BaseException:
                for p, x in zip(self._params, begun, strict=True):
                    p.copy_(x)
                raise
            if (
                evaluations >= options["max_eval"]
                or _largest(g) <= options["tolerance_grad"]
                or _largest(d * t) <= tolerance_change
                or abs(loss - previous) < tolerance_change
            ):
                break
        numbers = {"t": full_like(d[0], t), "H_diag": full_like(d[0], scale)}
        changes = stack([stack([y, s]) for y, s, _ in history]) if history else state["history"][:0]
        count = full_like(state["step"], step)
        self.state[0] = {"step": count, **numbers, "d": d, "prev_flat_grad": before, "history": changes}
        return found

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _shapes(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Histories may be of any length."""
        found = super()._shapes(state)
        return found | {"history": found["history"][1:]} if "history" in found else found

    def _evaluated(self, closure: Callable[[], T]) -> tuple[T, float, Tensor]:
        """What the closure returns, as a number too, and the gradients in one vector."""
        with enable_grad():
            found = closure()
        gradients = [zeros_like(p) if p.grad is None else p.grad for p in self._params]
        parts = [g.astype(wide(g), copy=False).reshape((-1,)) for g in gradients]
        return found, float(found), concat(parts)  # type: ignore[arg-type]

    def _at(self, closure: Callable[[], Any], start: list[Tensor], d: Tensor, t: float) -> "Point":
        """What the closure finds at start + t d."""
        self._move(start, d, t)
        _, loss, g = self._evaluated(closure)
        return Point(t, loss, _dot(g, d), g)

    def _move(self, start: list[Tensor], d: Tensor, t: float) -> None:
        """Put the parameters at start + t d."""
        i = 0
        for p, x in zip(self._params, start, strict=True):
            p.copy_(x + d[i : (i := i + x.size)].reshape(x.shape) * t)


class _Change(NamedTuple):
    """How the gradient changed, by y, along a step s, and y s."""

    y: Tensor
    s: Tensor
    curvature: float


def _direction(g: Tensor, history: list[_Change], scale: float) -> Tensor:
    """−H g, in two loops over the last changes."""
    r, along = -g, []
    for y, s, curvature in reversed(history):
        along.append(_dot(s, r) / curvature)
        r = r - y * along[-1]
    r = r * scale
    for (y, s, curvature), a in zip(history, reversed(along), strict=True):
        r = r + s * (a - _dot(y, r) / curvature)
    return r


def _dot(x: Tensor, y: Tensor) -> float:
    return (x @ y).item()


def _largest(x: Tensor) -> float:
    return abs(x).max().item()
