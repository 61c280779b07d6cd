"""Module: what has parameters and computes. Layers and models are modules made of modules.

A module's attributes are its register: one that is a Parameter is a parameter, one that is a Module is a child, and a
buffer is a tensor whose name `register_buffer` has noted. Their order is that of assignment.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..autograd.graph import Handle
from ..autograd.modes import MODES
from ..devices import Device
from ..dtypes import DType
from ..errors import CheckpointError, DTypeError
from ..ops.arguments import tensor
from ..ops.creation import zeros_like
from ..spellings import OF_MODULES, hint
from ..tensor import Tensor
from .gate import Gate
from .parameter import Parameter
from .summary import Summary, summarize

__all__ = ["LoadResult", "Module"]

M = TypeVar("M", bound="Module")
T = TypeVar("T")
Hooks = Mapping[int, Callable[..., Any]]

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
NOTHING: Mapping[Any, Any] = MappingProxyType({})


class LoadResult(NamedTuple):
    """The names that `load_state_dict(strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """The base class of layers and models: assign parameters and modules in `__init__`, compute in `forward`.

    >>> import lucid
    >>> class Scale(Module):
    ...     def __init__(self, size):
    ...         self.weight = Parameter(lucid.ones(size))
    ...     def forward(self, x):
    ...         return x * self.weight
    >>> scale = Scale(3)
    >>> [name for name, _ in scale.named_parameters()]
    ['weight']
    >>> scale(lucid.arange(3)).tolist()
    [0.0, 1.0, 2.0]
    """

    training: bool = True  # in train mode, rather than eval mode

    _buffers: Mapping[str, bool] = NOTHING  # whether each buffer is part of the state
    _forward_hooks: Hooks = NOTHING
    _forward_pre_hooks: Hooks = NOTHING
    _backward_hooks: Hooks = NOTHING

    # --- Computing ---

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; calling the module calls this, and the hooks."""
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, ...), which says what it computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if not self.is_hooked:
            return self.forward(*inputs, **options)
        for hook in tuple(self._forward_pre_hooks.values()):
            if (changed := hook(self, inputs, options)) is not None:
                inputs, options = changed
        gate = Gate(self, self._backward_hooks.values()) if self._backward_hooks and MODES.recording else None
        output = self.forward(*(gate.entered(inputs) if gate else inputs), **options)
        for hook in tuple(self._forward_hooks.values()):
            if (changed := hook(self, inputs, options, output)) is not None:
                output = changed
        return gate.left(output) if gate else output

    @property
    def is_hooked(self) -> bool:
        """Whether hooks are called with what the module computes."""
        return bool(self._forward_hooks or self._forward_pre_hooks or self._backward_hooks)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call `hook(module, inputs)` before each forward; what it returns, if not None, replaces the inputs.

        Hooks are called in the order in which they came, but one to `prepend` comes first. One `with_kwargs` is called
        as `hook(module, inputs, kwargs)`, and may return both.
        """
        return self._hooked("_forward_pre_hooks", hook if with_kwargs else partial(_of_inputs, hook), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call `hook(module, inputs, output)` after each forward; what it returns, if not None, replaces the output.

        Hooks are called in the order in which they came, but one to `prepend` comes first. One `with_kwargs` is called
        as `hook(module, inputs, kwargs, output)`.
        """
        return self._hooked("_forward_hooks", hook if with_kwargs else partial(_of_output, hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[["Module", Any, Any], Any], *, prepend: bool = False
    ) -> Handle:
        """Call `hook(module, grad_input, grad_output)` when a backward pass has come through the module.

        Both are tuples of gradients: one for each positional input, None where none flows, and one for each tensor of
        the output. What the hook returns, if not None, replaces those of the inputs.

        >>> import lucid
        >>> from lucid import nn
        >>> layer = nn.Identity()
        >>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: grad_output[0] * 10)
        >>> x = lucid.ones(2, requires_grad=True)
        >>> layer(x).sum().backward()
        >>> x.grad
        tensor([10., 10.], dtype=float32, device='cpu')
        """
        return self._hooked("_backward_hooks", hook, prepend)

    def _hooked(self, kind: str, hook: Callable[..., Any], prepend: bool) -> Handle:
        hooks = vars(self).setdefault(kind, {})
        others = dict(hooks)
        handle = Handle(hooks, hook)
        if prepend:
            for number, other in others.items():
                del hooks[number]
                hooks[number] = other
        return handle

    # --- What it is made of ---

    def __setattr__(self, name: str, value: Any) -> None:
        held = vars(self).get(name)
        kind = Parameter if isinstance(held, Parameter) else Tensor if name in self._buffers else None
        if kind is not None and value is not None and not isinstance(value, kind):
            raise TypeError(
                f"{type(self).__name__}.{name} is a {'parameter' if kind is Parameter else 'buffer'} and got "
                f"{type(value).__name__}; assign a {kind.__name__} or None, or delete the attribute first"
            )
        if name in vars(self).get("parametrizations", NOTHING):
            raise TypeError(f"{type(self).__name__}.{name} is computed; call remove_parametrizations to set it")
        super().__setattr__(name, value)

    def register_buffer(self, name: str, value: Tensor | None, persistent: bool = True) -> None:
        """Set an attribute that moves with the module but is not learnt; part of its state if `persistent`."""
        vars(self)["_buffers"] = {**self._buffers, name: persistent}
        setattr(self, name, value)

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules that are attributes of this one, with their names."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self) -> Iterator["Module"]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def _paths(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all below it, a shared one under each of its names."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child._paths(_joined(prefix, name))

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """This module, named "", and all below it, each once, with dotted names."""
        return _distinct(self._paths())

    def modules(self) -> Iterator["Module"]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def _own_parameters(self) -> list[tuple[str, Parameter]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Parameter)]

    def _own_buffers(self) -> list[tuple[str, Tensor]]:
        held = vars(self)
        return [(name, held[name]) for name in self._buffers if held.get(name) is not None]

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, behind `prefix`, each once; of this module alone unless `recurse`."""
        paths = self._paths(prefix) if recurse else [(prefix, self)]
        return _distinct((_joined(path, name), p) for path, module in paths for name, p in module._own_parameters())

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once; those of this module alone unless `recurse`."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, behind `prefix`, each once; of this module alone unless `recurse`."""
        paths = self._paths(prefix) if recurse else [(prefix, self)]
        return _distinct((_joined(path, name), b) for path, module in paths for name, b in module._own_buffers())

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once; those of this module alone unless `recurse`."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> "Module":
        """The module of a dotted name below this one, which is "" itself. Raises AttributeError if there is none.

        >>> from lucid import nn
        >>> nn.Sequential(nn.Sequential(nn.ReLU())).get_submodule("0.0")
        ReLU()
        """
        module = self
        for name in target.split(".") if target else ():
            module = module._one("module", name, dict(module.named_children()))
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted name. Raises AttributeError if there is none."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        return module._one("parameter", name, dict(module._own_parameters()))

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of a dotted name. Raises AttributeError if there is none."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        return module._one("buffer", name, dict(module._own_buffers()))

    def _one(self, kind: str, name: str, held: dict[str, T]) -> T:
        if name not in held:
            there = f"it has {', '.join(held)}" if held else "it has none"
            raise AttributeError(f"{type(self).__name__} has no {kind} {name!r}; {there}", name=name, obj=self)
        return held[name]

    if not TYPE_CHECKING:  # else any name would pass

        def __getattr__(self, name: str) -> Any:
            """What is not there, but for tensors that are computed; and a property that met something not there."""
            if name in (computed := vars(self).get("parametrizations", NOTHING)):
                return computed[name]()
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)  # whose error says what that was
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}{hint(name, OF_MODULES)}", name=name, obj=self
            )

    # --- Its state ---

    def _slots(self) -> dict[str, tuple["Module", str]]:
        """Where each tensor of the state is: the module that has it, and its name there."""
        return {path: (module, name) for path, module, name in self._places() if module._buffers.get(name, True)}

    def _places(self) -> Iterator[tuple[str, "Module", str]]:
        """Each parameter and buffer under all its dotted names, with the module that has it and its name there."""
        for path, module in self._paths():
            for name, _ in (*module._own_parameters(), *module._own_buffers()):
                yield _joined(path, name), module, name

    def state_dict(self) -> dict[str, Tensor]:
        """The values of all parameters and persistent buffers by dotted name: a snapshot that later steps leave alone.

        >>> from lucid import nn
        >>> list(nn.Sequential(nn.Linear(2, 3)).state_dict())
        ['0.weight', '0.bias']
        """
        return {path: vars(module)[name].detach() for path, (module, name) in self._slots().items()}

    def load_state_dict(self, state: Mapping[str, Tensor], strict: bool = True) -> LoadResult:
        """Take over the values of `state`, in the dtypes and on the devices that this module has.

        Raises CheckpointError with all that does not fit: names that are missing or unexpected, which `strict=False`
        passes over and returns, and shapes that differ. The module then is as it was.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict: got {type(state).__name__}; wanted tensors by name, as of state_dict()")
        slots = self._slots()
        missing = [path for path in slots if path not in state]
        unexpected = [path for path in state if path not in slots]
        given = {
            path: tensor("load_state_dict", state[path], path).detach() for path in slots if path not in set(missing)
        }
        shapes = {path: vars(module)[name].shape for path, (module, name) in slots.items()}
        misshapen = [
            f"{path} is {x.shape}, wanted {shapes[path]}" for path, x in given.items() if x.shape != shapes[path]
        ]
        faults = {"missing": missing, "unexpected": unexpected} if strict else {}
        faults["misshapen"] = misshapen
        if any(faults.values()):
            lines = [f"  {fault} ({len(names)}): {', '.join(names)}" for fault, names in faults.items() if names]
            advice = "" if misshapen else "\nPass strict=False to load the names that both have."
            raise CheckpointError(
                f"load_state_dict: the state does not fit {type(self).__name__}; nothing was loaded\n"
                + "\n".join(lines)
                + advice
            )
        _replace((slots[path], x.to(_held(slots[path]).device, _held(slots[path]).dtype)) for path, x in given.items())
        return LoadResult(missing, unexpected)

    def to(self: M, device: Device | DType | None = None, dtype: DType | None = None) -> M:
        """Move all parameters and buffers to a device, floating ones to a dtype, or both; returns the module itself.

        The parameters stay the same objects, so that optimisers keep them. Raises DTypeError for a dtype without
        gradients and for one that the device lacks; the module then is as it was.

        >>> import lucid
        >>> from lucid import nn
        >>> nn.Linear(2, 3).to(lucid.float16).weight.dtype
        lucid.float16
        """
        if isinstance(device, DType):
            if dtype is not None:
                raise DTypeError(f"to: got two dtypes, {device} and {dtype}; give the device first")
            device, dtype = None, device
        if dtype is not None and not dtype.is_floating:
            raise DTypeError(f"to: {dtype} has no gradients; parameters can be float16, bfloat16, float32 or float64")
        slots = [
            (module, name)
            for module in self.modules()
            for name, _ in (*module._own_parameters(), *module._own_buffers())
        ]
        held = {id(x): x for x in map(_held, slots)}  # a shared tensor moves once
        moved = {key: x.detach().to(device, dtype if x.dtype.is_floating else None) for key, x in held.items()}
        _replace((slot, moved[id(_held(slot))]) for slot in slots)
        return self

    def cpu(self: M) -> M:
        """Move all parameters and buffers to the cpu."""
        return self.to("cpu")

    def gpu(self: M) -> M:
        """Move all parameters and buffers to the gpu."""
        return self.to("gpu")

    def train(self: M, mode: bool = True) -> M:
        """Set train mode, or eval mode for False, here and in all modules below: dropout acts in train mode alone."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Set eval mode: `train(False)`."""
        return self.train(False)

    def apply(self: M, function: Callable[["Module"], Any]) -> M:
        """Call `function` with each module below this one, children before parents, and last with this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Collect gradients for all parameters, or for none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for parameter in self.parameters():
            parameter.grad = None if set_to_none or parameter.grad is None else zeros_like(parameter.grad)

    # --- Showing it ---

    def extra_repr(self) -> str:
        """What stands between the brackets of the repr: the options that the module was made with."""
        return ""

    def __repr__(self) -> str:
        children = [f"\n({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        return f"{type(self).__name__}({self.extra_repr()}{''.join(children)}{chr(10) if children else ''})"

    def multiply_adds(self, inputs: tuple[Any, ...], output: Any) -> int:
        """The multiply-adds of one forward from `inputs` to `output`, without those of the modules below."""
        return 0

    def summary(self, *inputs: Any, depth: int | None = None) -> Summary:
        """A table of output shapes, parameters and multiply-adds of all modules down to `depth`, from one run.

        Each of `inputs` is what forward takes, or the shape of a tensor of zeros. The run is in eval mode, unrecorded.

        >>> from lucid import nn
        >>> print(nn.Sequential(nn.Linear(4, 8), nn.ReLU()).summary((2, 4)))
        module        output  parameters  multiply-adds
        Sequential    (2, 8)          40             64
          0  Linear   (2, 8)          40             64
          1  ReLU     (2, 8)           0              0
        """
        return summarize(self, inputs, depth)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles have no hooks: those belong to who registered them on this module."""
        return {name: value for name, value in vars(self).items() if name not in HOOKS}


def _of_inputs(hook: Callable[..., Any], module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A hook that knows nothing of options, called as one that does."""
    if (changed := hook(module, inputs)) is None:
        return None
    return changed if isinstance(changed, tuple) else (changed,), options


def _of_output(hook: Callable[..., Any], module: Module, inputs: Any, options: Any, output: Any) -> Any:
    """A hook that knows nothing of options, called as one that does."""
    return hook(module, inputs, output)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _distinct(named: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Each object once, under its first name."""
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


def _held(slot: tuple[Module, str]) -> Tensor:
    module, name = slot
    return vars(module)[name]


def _replace(changes: Iterable[tuple[tuple[Module, str], Tensor]]) -> None:
    """Give slots their new values, once all are known. A parameter stays the same object, a buffer need not."""
    for (module, name), value in list(changes):
        held = vars(module)[name]
        if isinstance(held, Parameter):
            held.become(value)
        else:
            vars(module)[name] = value
