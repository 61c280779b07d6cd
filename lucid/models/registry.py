"""Which models there are, by name."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from ..nn import Module

__all__ = ["configured", "list_models", "maker_of", "register_model"]

Maker = TypeVar("Maker", bound=Callable[..., Module])
Config = TypeVar("Config")

_makers: dict[str, Callable[..., Module]] = {}


def register_model(maker: Maker) -> Maker:
    """Let `create_model` make what the decorated function returns, under the function's name.

    Raises ValueError if the name is taken.

    >>> from lucid import models, nn
    >>> @models.register_model
    ... def two_lines(width=2):
    ...     return nn.Sequential(nn.Linear(1, width), nn.Linear(width, 1))
    >>> models.create_model("two_lines", width=3)[0].out_features
    3
    """
    name = maker.__name__
    if name in _makers and _makers[name] is not maker:
        raise ValueError(f"register_model: there is a model named {name!r} already; choose another name")
    _makers[name] = maker
    return maker


def maker_of(name: str) -> Callable[..., Module]:
    """What makes the model of a name. Raises ValueError for an unknown one."""
    if name not in _makers:
        raise ValueError(f"create_model: there is no model {name!r}{_nearest(name, _makers)} list_models() names all")
    return _makers[name]


def list_models(filter: str = "*") -> list[str]:
    """The names of all models that match `filter`, in which * stands for any letters and ? for any one; sorted."""
    return sorted(name for name in _makers if fnmatchcase(name, filter))


def configured(function: str, config: type[Config], **options: Any) -> Config:
    """A dataclass with options for some fields. Raises TypeError for an option that is none, naming the nearest."""
    known = [field.name for field in fields(config)]  # type: ignore[arg-type]
    for name in options:
        if name not in known:
            raise TypeError(f"{function}: there is no option {name!r}{_nearest(name, known)} it has {', '.join(known)}")
    return config(**options)


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, known, n=1, cutoff=0.0)
    return f"; did you mean {found[0]!r}?" if found else ";"
