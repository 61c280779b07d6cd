"""Each op belongs to the innermost module at work, and its gradient to the same one."""

from typing import Any

import lucid
from lucid import nn
from lucid.debug.layers import watch


class Halves(nn.Module):
    """Ops of its own before, between and after its layers."""

    def __init__(self) -> None:
        self.first, self.second = nn.GELU(), nn.Softmax(-1)

    def forward(self, x: lucid.Tensor) -> lucid.Tensor:
        return lucid.exp(self.second(lucid.negative(self.first(x * 2))))


class Product(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        self.weight = nn.Parameter(lucid.ones((before, after)))

    def forward(self, x: lucid.Tensor) -> lucid.Tensor:
        return x @ self.weight


def seen(device: Any) -> list[tuple[str, str]]:
    found = []

    def around(layer: str, step: Any, compute: Any) -> Any:
        found.append((layer, step.name))
        return compute()

    model = nn.Sequential(Halves(), Product(4, 2)).to(device)
    x = lucid.ones((3, 4), device=device, requires_grad=True)
    with watch(model, around):
        model(x + 1).sum().backward()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    return found


def test_forward() -> None:
    assert seen("cpu")[:8] == [
        ("", "add"),
        ("0", "multiply"),
        ("0.first", "gelu"),
        ("0", "negative"),
        ("0.second", "softmax"),
        ("0", "exp"),
        ("1", "matmul"),
        ("", "sum"),
    ]


def test_backward_belongs_where_forward_did(device: Any) -> None:
    found = seen(device)
    forward = {(layer, op) for layer, op in found if " " not in op}
    backward = [(layer, op.removeprefix("gradient of ")) for layer, op in found if " " in op]
    assert set(backward) <= forward
    assert [layer for layer, op in backward if op in ("negative", "exp", "softmax")] == ["0", "0.second", "0"]
    assert ("1", "matmul") in backward
