"""Modules without parameters: a function of nn.functional, with its options set beforehand.

    class ELU(Applied, function=functional.elu): ...

Such a class takes the options of its function, behind the tensors, as arguments and keeps them as attributes; tensors
among them, such as the weights of classes, are buffers.
"""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from ..tensor import Tensor
from .module import Module

__all__ = ["Applied"]


def without_example(doc: str) -> str:
    """What a docstring says, without what it shows."""
    return inspect.cleandoc(doc).partition("\n>>>")[0].rstrip()


class Applied(Module):
    """The base of modules that apply a function.

    Of a declaration, `inputs` is how many tensors forward takes, `options` names the function's options in the order of
    the arguments, if it is not that of the function, and `shows` those that the repr has.
    """

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[tuple[str, ...]]
    shows: ClassVar[tuple[str, ...]]
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(
        cls,
        function: Callable[..., Any] | None = None,
        inputs: int = 1,
        options: str | None = None,
        shows: str | None = None,
        **rest: Any,
    ) -> None:
        super().__init_subclass__(**rest)
        if function is None:
            return
        known = inspect.signature(function).parameters
        names = list(known)[inputs:] if options is None else options.split()
        cls.function = staticmethod(function)
        taken = [name for name in names if name != "training"]
        cls.options = tuple(name for name in taken if name != "inplace")  # which changes nothing, and is forgotten
        cls.shows = cls.options if shows is None else tuple(shows.split())
        parameters = [known[name].replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in taken]
        cls.__signature__ = inspect.Signature(parameters)
        cls.__doc__ = cls.__doc__ or without_example(function.__doc__ or "")

    def __init__(self, *args: Any, **options: Any) -> None:
        try:
            given = self.__signature__.bind(*args, **options)
        except TypeError as error:
            known = f"there are {', '.join(self.options)}" if self.options else "it has no options"
            raise TypeError(f"{type(self).__name__}: {error}; {known}") from None
        given.apply_defaults()
        for name in self.options:
            if isinstance(value := given.arguments[name], Tensor):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Tensor, **more: Any) -> Any:
        options = {name: getattr(self, name) for name in self.options}
        return type(self).function(*inputs, **options, **more)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.shows)
