"""A group of parameters with the options of their updates."""

from collections.abc import Iterator, Mapping, MutableMapping
from numbers import Real
from typing import Any

from ..devices import Device
from ..dtypes import DType
from ..ops.creation import full
from ..tensor import Tensor

__all__ = ["Group"]


class Group(MutableMapping[str, Any]):
    """The parameters of a group, under "params", and their options, as a dict holds them.

    The learning rate is kept in tensors too, and updates read it there: `lucid.compile` builds Python numbers into the
    graph of a step, but what tensors hold may change from run to run.

    >>> import lucid
    >>> group = Group({"params": [], "lr": 0.5, "momentum": 0.0})
    >>> rate = group.rate("cpu", lucid.float32)
    >>> group["lr"] = 0.25
    >>> group, rate
    (Group({'params': [], 'momentum': 0.0, 'lr': 0.25}), tensor(0.25, dtype=float32, device='cpu'))
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        self._lr = _Hidden(self.options.pop("lr"))
        self.initial_lr: float | None = None  # the learning rate before any schedule changed it
        self._rates: dict[tuple[Device, DType], Tensor] = {}
        self._before = _Hidden("")

    def rate(self, device: Device, dtype: DType) -> Tensor:
        """The learning rate, always in the same tensor."""
        if (device, dtype) not in self._rates:
            self._rates[device, dtype] = full((), self["lr"], dtype=dtype, device=device)
        return self._rates[device, dtype]

    def settled(self) -> str:
        """All but the parameters and the learning rate, in words, if they were the same the last time; else ""."""
        now = repr([(name, value) for name, value in self.options.items() if name != "params"])
        before, self._before.value = self._before.value, now
        return now if now == before else ""

    def __getitem__(self, name: str) -> Any:
        return self._lr.value if name == "lr" else self.options[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "lr":
            if not isinstance(value, Real):
                raise TypeError(f"lr={value!r} is {type(value).__name__}; wanted a number")
            self._lr.value = value
            for rate in self._rates.values():
                rate.fill_(value)
        else:
            self.options[name] = value

    def __delitem__(self, name: str) -> None:
        del self.options[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.options, "lr"])

    def __len__(self) -> int:
        return len(self.options) + 1

    __eq__, __hash__ = object.__eq__, object.__hash__  # one group is not another with equal options

    def __repr__(self) -> str:
        return f"Group({dict(self)})"


class _Hidden:
    """What is no attribute in a `__dict__`, where `lucid.compile` would find it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value
