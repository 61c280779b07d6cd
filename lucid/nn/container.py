"""Modules made of many modules or parameters, by number or by name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..ops.arguments import several
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class ModuleList(Module):
    """A list of modules, which are its children under the names "0", "1", ...

    >>> from lucid import nn
    >>> layers = ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(layers), layers[-1] is layers[2], len(layers[1:])
    (3, True, 2)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in several(type(self).__name__, modules, "modules"):
            self.append(module)

    def append(self, module: Module) -> "ModuleList":
        """Add a module at the end. Raises TypeError for anything else."""
        self._add(str(len(self)), module)
        return self

    def _add(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: got {type(module).__name__}; wanted a Module")
        setattr(self, name, module)

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: Any) -> Any:
        found = list(self.children())[index]
        return ModuleList(found) if isinstance(index, slice) else found


class Sequential(ModuleList):
    """Modules that are called one after the other, each with what the one before it gave; a dict names them.

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
    """

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self._add(name, module)
        else:
            super().__init__(modules)

    def __getitem__(self, index: Any) -> Any:
        found = list(self.children())[index]
        return Sequential(*found) if isinstance(index, slice) else found

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class _Named(Module):
    """Values that are attributes under names of their own, as in a dict."""

    kind: type

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

    def _held(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, self.kind)}

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

    def __len__(self) -> int:
        return len(self._held())

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


class ParameterList(Module):
    """A list of parameters, under the names "0", "1", ...; tensors become such.

    >>> import lucid
    >>> parameters = ParameterList([lucid.ones(2), lucid.zeros(3)])
    >>> len(parameters), parameters[-1].shape
    (2, (3,))
    """

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        for value in several("ParameterList", values, "values"):
            self.append(value)

    def append(self, value: Tensor) -> "ParameterList":
        """Add a parameter at the end."""
        setattr(self, str(len(self)), _parameter(value))
        return self

    def __len__(self) -> int:
        return len(self._own_parameters())

    def __iter__(self) -> Iterator[Parameter]:
        return iter([p for _, p in self._own_parameters()])

    def __getitem__(self, index: Any) -> Any:
        found = [p for _, p in self._own_parameters()][index]
        return ParameterList(found) if isinstance(index, slice) else found


def _parameter(value: Tensor) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)
