"""Checkpointing: the same values, gradients of both orders and random numbers; what is inside is not kept."""

import gc

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid.autograd import grad
from lucid.autograd.graph import Node


@pytest.fixture
def block() -> nn.Sequential:
    lucid.random.seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 4))


def slopes(function, block, x):
    lucid.random.seed(1)
    weights = list(block.parameters())
    first = grad(lucid.square(function(block, x)).sum(), [x, *weights], create_graph=True)
    second = grad(sum(lucid.sin(g).sum() for g in first), [x, *weights])
    return [*first, *second]


def test_gradients_of_both_orders_are_those_of_the_function(block, device):
    block.to(device)
    x = lucid.random.normal((3, 4), device=device).requires_grad_()
    wanted = slopes(lambda function, x: function(x), block, x)
    for f, w in zip(slopes(nn.checkpoint, block, x), wanted):
        np.testing.assert_allclose(f.detach().numpy(), w.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_backward_reaches_parameters_and_draws_the_same_numbers(block):
    x = lucid.ones((3, 4), requires_grad=True)
    collected = []
    for function in (lambda f, x: f(x), nn.checkpoint):
        lucid.random.seed(2)
        block.zero_grad()
        x.grad = None
        function(block, x).sum().backward()
        state = lucid.random.get_state()
        collected.append([x.grad, *(p.grad for p in block.parameters())])
    assert state == lucid.random.get_state()
    for f, w in zip(*collected):
        np.testing.assert_allclose(f.numpy(), w.numpy(), rtol=1e-6)


def nodes_behind(function, x):
    """How many recorded ops are alive because of what the function gave."""
    gc.collect()
    before = sum(isinstance(thing, Node) for thing in gc.get_objects())
    out = function(x)
    gc.collect()
    return sum(isinstance(thing, Node) for thing in gc.get_objects()) - before, out


def test_what_is_computed_inside_is_not_kept():
    x = lucid.ones(3, requires_grad=True)

    def function(x):
        for _ in range(50):
            x = lucid.sin(x)
        return x

    assert nodes_behind(function, x)[0] == 50
    assert nodes_behind(lambda x: nn.checkpoint(function, x), x)[0] < 5


def test_several_outputs_arguments_and_none():
    def function(x, y, options):
        return {"sum": x + y * options["scale"], "whole": 3, "square": x * x}

    x, y = (lucid.asarray(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
    out = nn.checkpoint(function, x, y, options={"scale": 5.0})
    assert out["whole"] == 3
    assert [g.tolist() for g in grad(out["square"].sum(), [x])] == [[2.0, 4.0]]
    out = nn.checkpoint(function, x, y, {"scale": 5.0})
    assert [g.tolist() for g in grad((out["sum"] * out["square"]).sum(), [x, y])] == [[33.0, 92.0], [5.0, 20.0]]
    with lucid.no_grad():
        assert nn.checkpoint(function, x, y, {"scale": 1.0})["sum"].node is None


def test_one_tensor_passed_twice():
    x = lucid.asarray(3.0, requires_grad=True)
    nn.checkpoint(lambda a, b: a * b, x, x).backward()
    assert x.grad.item() == 6.0
