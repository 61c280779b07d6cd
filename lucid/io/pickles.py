"""Pickles, looked at and not run: no name in them is imported, nothing is called, no attribute is set.

A pickle is a program for a small machine with a stack. The standard library's `pickletools` takes it apart; this file
is a machine that knows plain values and containers, and of the names that a pickle asks for just those that its caller
gives a meaning. Anything else is refused by name.

>>> import io, pickle
>>> read_pickle(io.BytesIO(pickle.dumps({"lr": [0.1, 0.2]})), {}, None, 10_000)
{'lr': [0.1, 0.2]}
>>> read_pickle(io.BytesIO(pickle.dumps(print)), {}, None, 10_000)
Traceback (most recent call last):
...
lucid.errors.CheckpointError: refused to look up builtins.print: it is neither a tensor nor a plain container
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import CheckpointError

__all__ = ["Maker", "read_pickle"]

COST = 100  # bytes of memory for what one instruction makes


class Maker(NamedTuple):
    """What a name in a pickle means when it is called."""

    make: Callable[..., Any]


CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}
LITERALS = frozenset(
    """
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE
    SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8
    """.split()
)
FROM_MARK: dict[str, Callable[[list[Any]], Any]] = {
    "TUPLE": tuple,
    "LIST": list,
    "DICT": lambda items: _filled({}, items),
    "FROZENSET": lambda items: frozenset(map(_key, items)),
}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_pickle(file: Any, meanings: Mapping[str, Any], persistent: Callable[[Any], Any] | None, allowance: int) -> Any:
    """The value of the pickle that begins where `file` stands; `file` then stands behind it.

    `meanings` are the names that a pickle may ask for, a Maker for one that is called; `persistent` gives the meaning
    of references to what is outside the pickle. `allowance` bounds the bytes that the values may take.

    Raises CheckpointError for other names, for what the machine does not know, and for more than the allowance; what
    `pickletools` and a wrong order of instructions raise passes through.
    """
    stack: list[Any] = []
    marks: list[list[Any]] = []
    memo: dict[int, Any] = {}
    argument: Any
    for instruction, argument, _ in pickletools.genops(file):
        allowance -= COST + (4 * len(argument) if isinstance(argument, str | bytes) else 0)
        if allowance < 0:
            raise CheckpointError("its pickle would take more memory than a file of its size can need")
        match instruction.name:
            case "STOP":
                return stack.pop()
            case name if name in LITERALS:
                stack.append(argument)
            case name if name in CONSTANTS:
                stack.append(CONSTANTS[name]())
            case "MARK":
                marks.append(stack)
                stack = []
            case name if name in FROM_MARK:
                made = FROM_MARK[name](stack)
                stack = marks.pop()
                stack.append(made)
            case name if name in TUPLES:
                count = TUPLES[name]
                if len(stack) < count:
                    raise CheckpointError("its pickle takes more from the stack than is there")
                stack[-count:] = [tuple(stack[-count:])]
            case "APPEND":
                item = stack.pop()
                _of(list, stack[-1]).append(item)
            case "APPENDS":
                items, stack = stack, marks.pop()
                _of(list, stack[-1]).extend(items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _filled(_of(dict, stack[-1]), [key, value])
            case "SETITEMS":
                items, stack = stack, marks.pop()
                _filled(_of(dict, stack[-1]), items)
            case "ADDITEMS":
                items, stack = stack, marks.pop()
                _of(set, stack[-1]).update(map(_key, items))
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[_of(int, argument)] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "POP":
                stack.pop()
            case "POP_MARK":
                stack = marks.pop()
            case "DUP":
                stack.append(stack[-1])
            case "GLOBAL":
                stack.append(_meaning(meanings, argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(_meaning(meanings, f"{_of(str, module)}.{_of(str, name)}"))
            case "REDUCE" | "NEWOBJ":
                arguments = _of(tuple, stack.pop())
                stack.append(_of(Maker, stack.pop()).make(*arguments))
            case "BUILD":  # attributes of an object: there is none here that has any
                stack.pop()
            case "BINPERSID" if persistent is not None:
                stack.append(persistent(stack.pop()))
            case "PROTO" | "FRAME":
                pass
            case name:
                raise CheckpointError(f"its pickle has the instruction {name}, which no file of tensors needs")
    raise CheckpointError("its pickle has no end")


def _meaning(meanings: Mapping[str, Any], name: str) -> Any:
    if name not in meanings:
        raise CheckpointError(f"refused to look up {name[:100]}: it is neither a tensor nor a plain container")
    return meanings[name]


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise CheckpointError(f"its pickle has {type(value).__name__} where {kind.__name__} belongs")
    return value


def _key(key: Any) -> Any:
    """A key itself, if it is plain: the hash of tuples in tuples may take forever."""
    if not isinstance(key, str | int | float | bytes | None):
        raise CheckpointError(f"its pickle has {type(key).__name__} as a key; wanted text or a number")
    return key


def _filled(target: dict[Any, Any], items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise CheckpointError("its pickle has a key without a value")
    target.update(zip(map(_key, items[::2]), items[1::2]))
    return target
