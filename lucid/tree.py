"""Nested containers of leaves: what a function takes and gives, whatever its shape.

A tree is a dict, list, tuple or namedtuple of trees; anything else is a leaf.

    >>> map(lambda x: x * 10, {"a": [1, 2], "b": (3,)})
    {'a': [10, 20], 'b': (30,)}
"""

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["leaves", "map", "named_leaves"]


def map(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with `function` applied to every leaf, in the order of `leaves`."""
    if isinstance(tree, dict):
        return type(tree)((key, map(function, value)) for key, value in tree.items())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(map(function, value) for value in tree)
    return function(tree)


def leaves(tree: Any) -> list[Any]:
    """All leaves, depth first, dictionaries in their own order.

    >>> leaves({"a": [1, 2], "b": (3, {})})
    [1, 2, 3]
    """
    return [leaf for _, leaf in named_leaves(tree)]


def named_leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its dotted path, so that an error can name the guilty one.

    >>> list(named_leaves({"a": [1, 2]}))
    [('a.0', 1), ('a.1', 2)]
    """
    if isinstance(tree, dict):
        children: Any = tree.items()
    elif isinstance(tree, list | tuple):
        children = enumerate(tree)
    else:
        yield prefix, tree
        return
    for key, value in children:
        yield from named_leaves(value, f"{prefix}.{key}" if prefix else str(key))
