"""Packages that lucid works without, until something needs them."""

from importlib import import_module
from typing import Any

__all__ = ["needed"]


def needed(module: str, function: str, extra: str) -> Any:
    """A module of another package, imported now.

    Raises ImportError with the pip line, naming the `function` that needs it, where the package is missing.

    >>> needed("no_such_package.tools", "demo", "io")
    Traceback (most recent call last):
        ...
    ImportError: demo: needs the package no_such_package; install it with: pip install 'lucid-tensor[io]'
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        message = f"{function}: needs the package {package}; install it with: pip install 'lucid-tensor[{extra}]'"
        raise ImportError(message, name=package) from None
