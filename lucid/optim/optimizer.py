"""What all optimisers share: groups of parameters, a state for each parameter, and the step that updates both.

An optimiser adds two small methods: `start` says what state a parameter begins with, `update` what its next value and
state are. A third, `prepare`, may compute what is the same for many parameters of a step. An update computes each
element by itself, so that the cpu may give it blocks that fit the cache.

A step is a function of tensors alone: the number of steps and the learning rate are tensors too, so that one graph of
`lucid.compile` serves all steps.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from math import inf
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar, overload

from ..autograd import enable_grad, no_grad
from ..autograd.observe import OBSERVER
from ..devices import Device, backend
from ..dtypes import REAL, DType, float32, int64, promote
from ..errors import CheckpointError, DTypeError, GradientError
from ..ops.arguments import choose
from ..ops.creation import zeros, zeros_like
from ..ops.searching import where
from ..tensor import Tensor
from .group import Group

__all__ = ["Optimizer", "Params", "State", "wide"]

Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, Any]]
State = dict[str, Tensor]
T = TypeVar("T")

# How many numbers an option is, and below what; one number below infinity else.
RANGES = {"betas": (2, 1.0), "etas": (2, inf), "step_sizes": (2, inf)}
CHOICES = {"line_search_fn": (None, "strong_wolfe")}  # options that are words


class Optimizer:
    """The base of optimisers. `params` is an iterable of tensors, or of dicts that each hold a group of them; pairs of
    names and tensors, as of `named_parameters()`, serve too, and the names are forgotten.

    A group has its tensors under "params" and may have options of its own, such as "lr"; `param_groups` lists the
    groups with all their options, and what is written there counts from the next step on. `state` holds the state of
    each parameter that was updated before, by its number: all groups are counted through. Parameters of 16 bits are
    updated in float32, where their state lives too.

    Two options mean the same in all that have them. `maximize` turns the gradient round. `weight_decay` adds so much of
    the value to the gradient, or if decoupled (`decoupled` of the class, or the option "decoupled_weight_decay") takes
    lr times so much off the value.

    Raises ValueError for no parameters, a parameter given twice and a number out of range, TypeError for anything but
    tensors and for an unknown option, GradientError for a tensor that a recorded op computed.
    """

    decoupled: ClassVar[bool] = False

    def __init__(self, params: Params, **defaults: Any) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[int, State] = {}
        if isinstance(params, Tensor | Mapping | str):
            raise TypeError(f"{self._name}: params is {type(params).__name__}; wanted a list of tensors or of dicts")
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{self._name}: there are no parameters; was model.parameters() used up before?")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    # --- What an optimiser says ---

    def start(self, value: Tensor, options: Mapping[str, Any]) -> State:
        """The state of a parameter before its first update."""
        raise NotImplementedError(f"{self._name}: define start(self, value, options)")

    def prepare(self, now: SimpleNamespace) -> None:
        """Add to `now` (the options, with `step` and `lr` as tensors without axes) what parameters share."""

    def update(self, value: Tensor, g: Tensor, state: State, now: SimpleNamespace) -> tuple[Tensor, State]:
        """The next value and state of a parameter, or of a part of it, with the gradient g; new tensors, all."""
        raise NotImplementedError(f"{self._name}: define update(self, value, g, state, now)")

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ValueError for options that do not go together."""

    # --- What a user calls ---

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Update the tensors in group["params"] too, with the options in `group`, and the defaults for the others."""
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f"{self._name}: got a group {type(group).__name__}; wanted a dict with 'params'")
        given = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        params = [p[1] if isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) else p for p in given]
        self._check_params(params)
        options = self._options(group)
        self.param_groups.append(Group({"params": params, **options}))

    @overload
    def step(self, closure: None = None, *, skip: Tensor | None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], T], *, skip: Tensor | None = None) -> T: ...
    def step(self, closure: Callable[[], T] | None = None, *, skip: Tensor | None = None) -> T | None:
        """Update every parameter that has a gradient, and begin to compute the new values in the background.

        A `closure`, which computes the loss and its gradients, is called first, where ops are recorded; what it returns
        is returned. Where `skip`, a bool without axes, is true, nothing changes; nobody waits for its value.

        >>> import lucid
        >>> from lucid import optim
        >>> x = lucid.asarray(3.0, requires_grad=True)
        >>> optimizer = optim.SGD([x], lr=0.5)
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = x * x
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item(), x.item()
        (9.0, 0.0)
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        changed: defaultdict[Device, list[Any]] = defaultdict(list)
        with no_grad():
            self._count(skip)
            formulas: dict[Any, _Formula] = {}
            for i, p, group in self._numbered():
                if (g := p.grad) is None:
                    continue
                state = self.state[i]
                key = group, p._dtype or p.dtype, *state, state["step"]
                if key not in formulas:
                    formulas[key] = _Formula(self, group, p, state)
                changed[p.device] += formulas[key].update(p, g, state, skip)
        for device, arrays in changed.items():
            backend(device).start(arrays)
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for _, p, _ in self._numbered():
            p.grad = None if set_to_none or p.grad is None else zeros_like(p.grad)

    # --- Checkpoints ---

    def state_dict(self) -> dict[str, Any]:
        """All that an optimiser of the same parameters needs to go on from here; later steps do not change it.

        "state" holds the state of each parameter by its number, "param_groups" the options of each group with the
        numbers of its parameters under "params".
        """
        return {
            "state": {i: {name: x.detach() for name, x in state.items()} for i, state in self.state.items()},
            "param_groups": [{**group, "params": numbers} for group, numbers in self._numbers()],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises CheckpointError, and changes nothing, if it does not fit."""
        try:
            states, groups = dict(state_dict["state"]), [dict(group) for group in state_dict["param_groups"]]
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{self._name}: wanted a dict with 'state' and 'param_groups'") from None
        wanted = [numbers for _, numbers in self._numbers()]
        if [group.get("params") for group in groups] != wanted:
            sizes = [len(numbers) for numbers in wanted]
            raise CheckpointError(f"{self._name}: the groups differ; this optimiser has groups of {sizes} parameters")
        try:
            options = [self._options(group) for group in groups]
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"the options of a group cannot be used: {error}") from None
        loaded = {}
        counts: dict[tuple[int, Device], Tensor] = {}  # equal counts share a tensor again
        for (group, numbers), chosen in zip(self._numbers(), options, strict=True):
            for i, p in zip(numbers, group["params"]):
                if (found := states.pop(i, None)) is not None:
                    loaded[i] = state = self._loaded(i, p, found, chosen)
                    state["step"] = counts.setdefault((int(state["step"]), p.device), state["step"])
        if states:
            raise CheckpointError(f"{self._name}: there is a state for {next(iter(states))!r}, but no such parameter")
        for group, chosen in zip(self.param_groups, options, strict=True):
            group.update(chosen)
        self.state = loaded

    def __repr__(self) -> str:
        groups = (", ".join(f"{name}={group[name]}" for name in self.defaults) for group in self.param_groups)
        return f"{self._name}({'; '.join(groups)})"

    # --- Inside ---

    def _decayed(self, value: Tensor, g: Tensor, now: SimpleNamespace) -> tuple[Tensor, Tensor]:
        """The value and the gradient that `update` gets: what "maximize" and "weight_decay" make of them."""
        options = vars(now)
        if options.get("maximize"):
            g = -g
        if not options.get("weight_decay"):
            return value, g
        if options.get("decoupled_weight_decay", self.decoupled):
            return value * now.kept, g
        return value, g + value * now.weight_decay

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _numbers(self) -> Iterator[tuple[Group, list[int]]]:
        """Each group with the numbers of its parameters."""
        start = 0
        for group in self.param_groups:
            yield group, list(range(start, start := start + len(group["params"])))

    def _numbered(self) -> Iterator[tuple[int, Tensor, Group]]:
        """Each parameter with its number and its group."""
        return ((i, p, group) for group, numbers in self._numbers() for i, p in zip(numbers, group["params"]))

    def _check_params(self, params: list[Any]) -> None:
        """Raise the error that the class names for the first parameter which cannot be one."""
        known = {p for _, p, _ in self._numbered()}
        if not params:
            raise ValueError(f"{self._name}: a group has no parameters")
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(f"{self._name}: parameter {i} is {type(p).__name__}; wanted a Tensor")
            if p.dtype.kind != REAL:
                raise DTypeError(f"{self._name}: parameter {i} is {p.dtype.name}; wanted a real floating dtype")
            if not p.is_leaf:
                raise GradientError(f"{self._name}: parameter {i} was computed by a recorded op; use x.detach()")
            if p in known:
                raise ValueError(f"{self._name}: parameter {i}, of shape {p.shape}, was given before")
            known.add(p)

    def _options(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a group, checked, with the defaults for those that it does not have."""
        options = self.defaults | {name: value for name, value in group.items() if name != "params"}
        for name, value in options.items():
            if name not in self.defaults:
                raise TypeError(f"{self._name}: {name!r} is no option; there are {', '.join(self.defaults)}")
            if name in CHOICES:
                choose(self._name, name, value, CHOICES[name])
                continue
            count, end = RANGES.get(name, (1, inf))
            numbers = value if isinstance(value, tuple | list) else (value,)
            if len(numbers) != count or not all(isinstance(n, int | float) and 0 <= n < end for n in numbers):
                each = "a number" if count == 1 else f"{count} numbers"
                raise ValueError(f"{self._name}: {name}={value!r}; wanted {each} from 0 to below {end}")
        self.check(options)
        return options

    def _count(self, skip: Tensor | None) -> None:
        """One step more for each parameter with a gradient. Those that always moved together share the counter."""
        moving, begun = [], {}
        for i, p, group in self._numbered():
            if p.grad is None:
                continue
            moving.append(i)
            if i not in self.state:
                if p.device not in begun:
                    begun[p.device] = zeros((), dtype=int64, device=p.device)
                self.state[i] = {"step": begun[p.device], **self.start(zeros_like(p, dtype=wide(p)), group)}
        counts = {self.state[i]["step"] for i in moving}
        after = {n: n + 1 if skip is None else where(skip.to(n.device), n, n + 1) for n in counts}
        for i in moving:
            self.state[i]["step"] = after[self.state[i]["step"]]

    def _loaded(self, i: int, p: Tensor, found: Mapping[str, Any], options: Mapping[str, Any]) -> State:
        """The state of one parameter, if it looks like that of a beginner."""
        fresh = {"step": zeros((), dtype=int64), **self.start(zeros_like(p, dtype=wide(p)), options)}
        if not isinstance(found, Mapping):
            raise CheckpointError(f"{self._name}: the state of parameter {i} is {type(found).__name__}; wanted a dict")
        given, wanted = self._shapes(found), self._shapes(fresh)
        if given != wanted:
            raise CheckpointError(f"{self._name}: the state of parameter {i} has {given}; wanted {wanted}")
        return {name: Tensor(x.to(p.device, fresh[name].dtype).array) for name, x in found.items()}

    def _shapes(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """What must be the same for a state to fit a parameter."""
        return {name: getattr(x, "shape", type(x).__name__) for name, x in state.items()}


class _Formula:
    """The update of all parameters whose options and count are the same at a step: a function of arrays."""

    def __init__(self, optimizer: Optimizer, group: Group, p: Tensor, state: State) -> None:
        self.optimizer, self.dtype = optimizer, wide(p)
        self.names = [name for name in state if name != "step"]
        self.dtypes = [self.dtype, self.dtype, *(state[name].dtype for name in self.names)]
        self.now = now = SimpleNamespace(**group)
        now.step, now.lr = state["step"].astype(self.dtype), group.rate(p.device, self.dtype)
        now.kept = 1 - now.lr * group.get("weight_decay", 0)  # by a decay that is decoupled
        optimizer.prepare(now)
        self.shared = {name: x.array for name, x in vars(now).items() if isinstance(x, Tensor)}
        self.backend, options = backend(p.device), group.settled()
        own = type(optimizer).__module__.startswith("lucid.")  # whose update reads nothing but its arguments
        self.kind = (type(optimizer), *self.names, options) if own and options and OBSERVER.around is None else None

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The next value and state from the value, the gradient and the state; then `shared` may be given anew."""
        value, g, *before = map(Tensor, arrays, repeat(None), self.dtypes)  # which no op need ask for
        now, shared = self.now, arrays[len(self.dtypes) :]
        if shared:
            now = SimpleNamespace(**vars(now) | dict(zip(self.shared, map(Tensor, shared), strict=True)))
        update, decayed = self.optimizer.update, self.optimizer._decayed
        value, after = update(*decayed(value, g, now), dict(zip(self.names, before, strict=True)), now)
        return value.array, *(after[name].array for name in self.names)

    def update(self, p: Tensor, g: Tensor, state: State, skip: Tensor | None) -> list[Any]:
        """Update a parameter and its state, of which the new arrays are returned, with the count."""
        held = [p, *(state[name] for name in self.names)]
        arrays = [x.array if x.dtype is self.dtype else x.astype(self.dtype).array for x in (p, g)]
        arrays += [x.array for x in held[1:]]
        shape = arrays[0].shape
        if all(a.shape == shape for a in arrays):  # as where the state is one of each element
            shared = self.shared.values()
            found = self.backend.each_element(self, *arrays, outputs=len(held), shared=shared, kind=self.kind)
        else:
            found = self(*arrays)
        for x, array in zip(held, found, strict=True):
            if skip is None and x.dtype is self.dtype:
                x.array = array
            else:
                x.copy_(Tensor(array) if skip is None else where(skip.to(p.device), x, Tensor(array)))
        return [*(x.array for x in held), state["step"].array]


def wide(p: Tensor) -> DType:
    """The dtype in which a parameter is updated."""
    return promote(p.dtype, float32)
