"""Modules made of many modules or parameters, by number or by name."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, TypeVar

from ..ops.arguments import several, whole
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]

L = TypeVar("L", bound="_Numbered")


class _Holder(Module):
    """Values of one kind, which are attributes."""

    kind: type[Any]

    def __len__(self) -> int:
        return len(self._held())

    def _held(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, self.kind)}


class _Numbered(_Holder):
    """Values under the names "0", "1", ..., as in a list."""

    def append(self: L, value: Any) -> L:
        """Add a value at the end. Raises TypeError for one of a wrong type."""
        setattr(self, next(name for name in map(str, count(len(self))) if name not in vars(self)), self._checked(value))
        return self

    def extend(self: L, values: Iterable[Any]) -> L:
        """Add values at the end, all or none."""
        for value in list(map(self._checked, several(type(self).__name__, values, "values"))):
            self.append(value)
        return self

    def insert(self, index: int, value: Any) -> None:
        """Put a value before the one at `index`; all are numbered anew."""
        values = list(self)
        values.insert(index, self._checked(value))
        self._become(values)

    def pop(self, index: int = -1) -> Any:
        """Take out the value at `index`, which is returned; the others are numbered anew."""
        value = self[index]
        del self[index]
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._held().values()))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(dict(list(self._held().items())[index]))
        return self._held()[self._name(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            values = list(self)
            values[index] = map(self._checked, several(type(self).__name__, value, "values"))
            self._become(values)
        else:
            setattr(self, self._name(index), self._checked(value))

    def __delitem__(self, index: Any) -> None:
        gone = self._held()
        for name in list(gone)[index] if isinstance(index, slice) else [self._name(index)]:
            del gone[name]
        self._become(gone.values())

    def __iadd__(self: L, values: Iterable[Any]) -> L:
        return self.extend(values)

    def _part(self, held: dict[str, Any]) -> Any:
        """What a slice gives."""
        raise NotImplementedError

    def _name(self, index: Any) -> str:
        """The name of the value at an index, which may be negative."""
        names = list(self._held())
        if not -len(names) <= (place := whole(type(self).__name__, index, "index")) < len(names):
            raise IndexError(f"{type(self).__name__}: index {index} for {len(names)}")
        return names[place]

    def _checked(self, value: Any) -> Any:
        if not isinstance(value, self.kind):
            raise TypeError(f"{type(self).__name__}: got {type(value).__name__}; wanted a {self.kind.__name__}")
        return value

    def _become(self, values: Iterable[Any]) -> None:
        """Have these values, under new numbers."""
        values = list(values)
        for name in self._held():
            del vars(self)[name]
        for i, value in enumerate(values):
            setattr(self, str(i), value)


class ModuleList(_Numbered):
    """A list of modules, which are its children under the names "0", "1", ...

    >>> from lucid import nn
    >>> layers = ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(layers), layers[-1] is layers[2], len(layers[1:])
    (3, True, 2)
    >>> layers[0] = nn.Identity()
    >>> layers.insert(1, nn.ReLU())
    >>> del layers[2:]
    >>> layers
    ModuleList(
      (0): Identity()
      (1): ReLU()
    )
    """

    kind = Module

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(several(type(self).__name__, modules, "modules"))

    def _part(self, held: dict[str, Any]) -> "ModuleList":
        return ModuleList(held.values())


class Sequential(_Numbered):
    """Modules that are called one after the other, each with what the one before it gave; a dict names them.

    It is a list of them too, as ModuleList; a slice keeps their names.

    >>> import lucid
    >>> from lucid import nn
    >>> model = Sequential(nn.Linear(4, 2), nn.ReLU())
    >>> model
    Sequential(
      (0): Linear(in_features=4, out_features=2, bias=True)
      (1): ReLU()
    )
    >>> model(lucid.ones((1, 4))).shape
    (1, 2)
    >>> model[-1] = nn.Identity()
    >>> model.append(nn.Linear(2, 1))[1:]
    Sequential(
      (1): Identity()
      (2): Linear(in_features=2, out_features=1, bias=True)
    )
    """

    kind = Module

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                setattr(self, name, self._checked(module))
        else:
            self.extend(modules)

    def _part(self, held: dict[str, Any]) -> "Sequential":
        return Sequential(held)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class _Named(_Holder):
    """Values under names of their own, as in a dict."""

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        self.update(values)

    def update(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Take over names and values."""
        try:
            given = dict(values)
        except (TypeError, ValueError):
            kind = type(values).__name__
            raise TypeError(f"{type(self).__name__}: got {kind}; wanted a dict, or pairs of names and values") from None
        for name, value in given.items():
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._held()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(value, self.kind):
            raise TypeError(f"{type(self).__name__}: {name} is {type(value).__name__}; wanted a {self.kind.__name__}")
        if hasattr(type(self), name):
            raise KeyError(f"{type(self).__name__}: {name!r} is a method; choose another name")
        setattr(self, name, value)

    def __delitem__(self, name: str) -> None:
        del vars(self)[next(held for held in self._held() if held == name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __contains__(self, name: object) -> bool:
        return name in self._held()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._held().keys()

    def values(self) -> Iterable[Any]:
        """What they name."""
        return self._held().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of both."""
        return self._held().items()


class ModuleDict(_Named):
    """A dict of modules, which are its children under their names.

    >>> from lucid import nn
    >>> heads = ModuleDict({"large": nn.Linear(4, 2), "small": nn.Linear(4, 1)})
    >>> list(heads), heads["small"].out_features
    (['large', 'small'], 1)
    """

    kind = Module


class ParameterDict(_Named):
    """A dict of parameters; tensors become such.

    >>> import lucid
    >>> list(ParameterDict({"scale": lucid.ones(2)}).state_dict())
    ['scale']
    """

    kind = Parameter

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value if not isinstance(value, Tensor) else _parameter(value))


class ParameterList(_Numbered):
    """A list of parameters, under the names "0", "1", ...; tensors become such.

    >>> import lucid
    >>> parameters = ParameterList([lucid.ones(2), lucid.zeros(3)])
    >>> len(parameters), parameters[-1].shape
    (2, (3,))
    """

    kind = Parameter

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        self.extend(values)

    def _part(self, held: dict[str, Any]) -> "ParameterList":
        return ParameterList(held.values())

    def _checked(self, value: Any) -> Any:
        return _parameter(value)


def _parameter(value: Tensor) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)
