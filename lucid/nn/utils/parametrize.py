"""Tensors of modules that are computed from others each time they are asked for.

    register_parametrization(layer, "weight", parametrization)

puts the module `parametrization` between what is learnt and what `layer.weight` is. Its `right_inverse`, if it has one,
says what to learn, one tensor or several, so that the weight begins as it was.
"""

from ...tensor import Tensor
from ..container import ModuleDict
from ..module import Module
from ..parameter import Parameter

__all__ = ["is_parametrized", "register_parametrization", "remove_parametrizations"]


class Parametrization(Module):
    """What stands for one tensor: `original`, or `original0`, `original1`, ..., and under "0" what computes it."""

    def __init__(self, held: Parameter, parametrization: Module) -> None:
        start = held.detach()
        values = parametrization.right_inverse(start) if hasattr(parametrization, "right_inverse") else start
        named = (
            {"original": values} if isinstance(values, Tensor) else {f"original{i}": x for i, x in enumerate(values)}
        )
        for name, x in named.items():
            setattr(self, name, Parameter(x, requires_grad=held.requires_grad))
        setattr(self, "0", parametrization)

    def forward(self) -> Tensor:
        return vars(self)["0"](*(p for _, p in self._own_parameters()))


def register_parametrization(module: Module, tensor_name: str, parametrization: Module) -> Module:
    """Let `parametrization` compute a parameter of `module`, which is returned, from what is learnt in its place.

    That is under `module.parametrizations[tensor_name]`. Raises AttributeError for a name that is no parameter.

    >>> import lucid
    >>> from lucid import nn
    >>> class Positive(nn.Module):
    ...     def forward(self, x):
    ...         return lucid.exp(x)
    ...
    ...     def right_inverse(self, x):
    ...         return lucid.log(abs(x))
    >>> layer = register_parametrization(nn.Linear(2, 2), "weight", Positive())
    >>> bool((layer.weight > 0).all()), [name for name, _ in layer.named_parameters()]
    (True, ['bias', 'parametrizations.weight.original'])
    """
    held = module._one("parameter", tensor_name, dict(module._own_parameters()))
    made = Parametrization(held, parametrization)
    computed = vars(module).get("parametrizations", ModuleDict())
    computed[tensor_name] = made  # first, since it may refuse the name
    del vars(module)[tensor_name]
    module.parametrizations = computed
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of the module, or any, is computed."""
    made = vars(module).get("parametrizations", ())
    return bool(made) if tensor_name is None else tensor_name in made


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a computed tensor a parameter again: of the value that it has, or that which is learnt in its place.

    Returns the module. Raises ValueError if it is not computed, and without `leave_parametrized` if several
    tensors are learnt.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"remove_parametrizations: {type(module).__name__} does not compute {tensor_name!r}")
    made = vars(module)["parametrizations"]
    learnt = [p for _, p in made[tensor_name]._own_parameters()]
    if not leave_parametrized and len(learnt) > 1:
        raise ValueError(
            f"remove_parametrizations: {len(learnt)} tensors are learnt for {tensor_name!r}; keep its value"
        )
    value = getattr(module, tensor_name).detach() if leave_parametrized else learnt[0].detach()
    del made[tensor_name]
    if not made:
        del vars(module)["parametrizations"]
    setattr(module, tensor_name, Parameter(value, requires_grad=any(p.requires_grad for p in learnt)))
    return module
