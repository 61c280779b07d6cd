"""Transforms of functions against closed forms and against each other, to any order, on both devices."""

import math

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid.autograd import check_gradients, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp, vmap
from lucid.errors import DTypeError, GradientError, ShapeError

X = [0.5, -1.0, 2.0]
V = [1.0, 3.0, -2.0]


@pytest.fixture
def on(device):
    return lambda values, dtype=None: lucid.asarray(values, dtype=dtype, device=device)


def close(found, wanted, rtol=1e-5):
    assert not found.requires_grad
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=rtol, atol=1e-6)


def cube(x):
    return x * x * x


# --- vjp and jvp -----------------------------------------------------------------------------------------------------


def test_vjp(on):
    y, pullback = vjp(lambda a, b: lucid.sin(a) * b, on(X), on(V))
    x, v = np.array(X), np.array(V)
    close(y, np.sin(x) * v)
    for g in ([1.0, 1.0, 1.0], [0.0, -2.0, 5.0]):  # as often as one likes
        to_a, to_b = pullback(on(g))
        close(to_a, g * np.cos(x) * v)
        close(to_b, g * np.sin(x))
    for none, zeros in zip(pullback(None), (x, v), strict=True):
        close(none, 0 * zeros)


def test_jvp(on):
    x, v = np.array(X), np.array(V)
    y, t = jvp(lambda a, b: lucid.exp(a) * b, (on(X), on(V)), (on(V), on(X)))
    close(y, np.exp(x) * v)
    close(t, np.exp(x) * v * v + np.exp(x) * x)
    close(jvp(cube, on(X), on(V))[1], 3 * x * x * v)
    close(jvp(lambda a, b: a * b, (on(X), on(V)), (None, on(X)))[1], x * x)


def test_trees_and_leaves_without_gradients(on):
    def function(batch, power, *, scale=2.0):
        loss = (batch["x"] ** power * scale).sum()
        return {"loss": loss, "count": batch["i"] + 1, "note": "kept", "pair": (batch["x"], None)}

    batch = {"x": on(X), "i": on([1, 2])}
    out, pullback = vjp(function, batch, 3)
    assert (out["note"], out["count"].tolist(), out["pair"][1]) == ("kept", [2, 3], None)
    found, nothing = pullback({"loss": on(1.0), "count": None, "note": None, "pair": (on(V), None)})
    assert nothing is None
    assert found["i"] is None
    close(found["x"], 6 * np.array(X) ** 2 + V)
    out, tangents = jvp(function, (batch, 3), ({"x": on(V), "i": None}, None))
    assert (tangents["count"], tangents["note"]) == (None, None)
    close(tangents["loss"], (6 * np.array(X) ** 2 * V).sum())
    close(tangents["pair"][0], V)


def test_outputs_that_do_not_depend_on_an_input(on):
    _, pullback = vjp(lambda a, b: a * 2, on(X), on(V))
    close(pullback(on(V))[1], [0.0, 0.0, 0.0])
    other = on(V)
    close(jvp(lambda a: other, on(X), on(X))[1], [0.0, 0.0, 0.0])
    close(jvp(lambda a: lucid.floor(a), on(X), on(X))[1], [0.0, 0.0, 0.0])
    y, t = jvp(lambda a: a, on(X), on(V))
    close(y, X)
    close(t, V)


@pytest.mark.parametrize(
    ("function", "slopes"),  # the derivative along t is slopes[0] t + slopes[1] conj(t)
    [
        (lambda z: z * z, lambda z: (2 * z, 0)),
        (lucid.exp, lambda z: (np.exp(z), 0)),
        (lucid.conj, lambda z: (0, 1)),
        (lambda z: z * lucid.conj(z), lambda z: (np.conj(z), z)),
        (lambda z: lucid.abs(z) + 0j, lambda z: (np.conj(z) / abs(z) / 2, z / abs(z) / 2)),
    ],
)
def test_complex_numbers(function, slopes, on):
    z = np.array([1 + 2j, -0.5 + 1j], np.complex64)
    t = np.array([0.3 - 1j, 2 + 0.5j], np.complex64)
    by_z, by_conj = slopes(z)
    close(jvp(function, on(z), on(t))[1], by_z * t + by_conj * np.conj(t))
    # the pullback is the adjoint of that for Re(conj(a) b)
    close(vjp(function, on(z))[1](on(t))[0], np.conj(by_z) * t + by_conj * np.conj(t))


def test_from_real_to_complex(on):
    y, t = jvp(lambda x: lucid.exp(x * 1j), on([0.0, 1.0]), on([1.0, 2.0]))
    close(t, 1j * np.exp([0j, 1j]) * [1, 2])
    assert t.dtype is y.dtype is lucid.complex64


OPS = {
    "matmul": (lambda x: x @ x.mT, (2, 3)),
    "softmax": (lambda x: lucid.softmax(x) * x, (2, 3)),
    "gelu": (lucid.gelu, (2, 3)),
    "layer_norm": (lambda x: lucid.layer_norm(x, x[0], x[1]), (2, 3)),
    "attention": (lambda x: lucid.scaled_dot_product_attention(x, x * 2, x + 1), (2, 3, 2)),
    "conv": (lambda x: lucid.conv(x, x[:, :, :2, :2] * 3, padding=1), (2, 2, 3, 3)),
    "indexing": (lambda x: x[lucid.asarray([1, 0, 1]), 1:] * x[0, 0], (2, 3)),
    "max": (lambda x: lucid.max(x * x, axis=0), (2, 3)),
    "concat": (lambda x: lucid.concat([x, x * x, x], axis=1), (2, 3)),
    "split": (lambda x: lucid.split(x, 3, axis=1)[1] * x, (2, 3)),
}


@pytest.mark.parametrize("name", OPS)
def test_jvp_is_the_difference_of_values(name):
    """For primitives and composites alike: of an exact float64 function, along a direction without symmetry."""
    function, shape = OPS[name]
    size = math.prod(shape)
    x = lucid.asarray(np.sin(np.arange(size) * 2.3 + 1).reshape(shape))
    v = lucid.asarray(np.cos(np.arange(size) * 1.7).reshape(shape))
    step = 1e-6
    difference = (function(x + v * step) - function(x - v * step)) / (2 * step)
    _, t = jvp(function, x, v)
    np.testing.assert_allclose(t.numpy(), difference.numpy(), rtol=1e-5, atol=1e-7)


def test_gradients_flow_through_every_transform():
    x = lucid.asarray(X, dtype=lucid.float64, requires_grad=True)
    v = lucid.asarray(V, dtype=lucid.float64, requires_grad=True)
    w = lucid.asarray([0.3, 0.7, -0.2], dtype=lucid.float64, requires_grad=True)
    for function in (
        lambda x, v, w: jvp(lambda x: lucid.sin(x) * w, x, v)[1],
        lambda x, v, w: vjp(lambda x: lucid.sin(x) * w, x)[1](v)[0],
        lambda x, v, w: vjp(lambda x: lucid.sin(x) * w, x)[0] * v,
        lambda x, v, w: jacobian(lambda x: cube(x)[:2] * w[:2] * v[0], x),
        lambda x, v, w: jacobian(lambda x: lucid.concat([x, x * w]) * x[0], x) * v,
        lambda x, v, w: hvp(lambda x: (cube(x) * w).sum(), x, v),
        lambda x, v, w: value_and_grad(lambda x: (cube(x) * w * v).sum())(x)[1],
        lambda x, v, w: vmap(lambda a, b: lucid.sin(a * b) * w)(x, v),
    ):
        check_gradients(function, [x, v, w])
    assert x.grad is v.grad is w.grad is None


# --- Jacobians and Hessians ------------------------------------------------------------------------------------------


def test_jacobian(on):
    x = np.array(X)
    close(jacobian(cube, on(X)), np.diag(3 * x * x))
    matrix = on([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    close(jacobian(lambda x: matrix @ x, on(X)), matrix.tolist())  # more inputs than outputs: by rows
    close(jacobian(lambda x: matrix.mT @ x, on([1.0, 1.0])), matrix.mT.tolist())  # fewer: by columns
    close(jacobian(lambda x: x.sum(), on(X)), [1.0, 1.0, 1.0])
    assert jacobian(lambda x: x.reshape((3, 1)) * x, on([X, X, X])[0]).shape == (3, 3, 3)


def test_jacobian_by_rows_is_that_by_columns(on):
    def function(a, b):
        return {"ab": lucid.sin(a)[:, None] * b, "b": b * b}

    a, b = on([0.1, 0.2]), on([1.0, 2.0, 3.0])
    columns = jacobian(function, (a, b))  # 5 inputs, 9 outputs
    rows = {"ab": [], "b": []}
    _, pullback = vjp(function, a, b)
    for k in range(6):
        unit = lucid.asarray(np.eye(6, dtype=np.float32)[k].reshape(2, 3), device=a.device)
        rows["ab"].append(pullback({"ab": unit, "b": None}))
    for i, x in enumerate((a, b)):
        assert columns["ab"][i].shape == (2, 3, *x.shape)
        close(columns["ab"][i].reshape((6, -1)), lucid.stack([row[i] for row in rows["ab"]]).numpy())
    close(columns["b"][0], np.zeros((3, 2)))
    close(columns["b"][1], np.diag([2.0, 4.0, 6.0]))


def test_hessian(on):
    x = np.array(X)
    close(hessian(lambda x: cube(x).sum(), on(X)), np.diag(6 * x))
    matrix = on([[1.0, 2.0], [5.0, 3.0]])
    close(hessian(lambda x: x @ matrix @ x, on([0.3, 0.4])), [[2.0, 7.0], [7.0, 6.0]])
    found = hessian(lambda p: (p["a"] * p["b"]).sum() + cube(p["a"]).sum(), {"a": on([1.0, 2.0]), "b": on([3.0, 4.0])})
    close(found["a"]["a"], [[6.0, 0.0], [0.0, 12.0]])
    close(found["a"]["b"], np.eye(2))
    close(found["b"]["b"], np.zeros((2, 2)))


@pytest.mark.parametrize("chunk_size", [1, 2, 5])
def test_chunks(on, chunk_size):
    def function(x):
        return lucid.concat([cube(x), x[:1] * x[1:2]]) * x[0]

    for x, of in ((on(X), function), (on(V), lambda x: function(x)[1:])):
        close(jacobian(of, x, chunk_size=chunk_size), jacobian(of, x).numpy())
    whole = hessian(lambda x: function(x).sum(), on(X))
    close(hessian(lambda x: function(x).sum(), on(X), chunk_size=chunk_size), whole.numpy())


def test_hvp(on):
    def rosenbrock(x):
        return ((x[1:] - x[:-1] ** 2) ** 2 * 100 + (1 - x[:-1]) ** 2).sum()

    wanted = hessian(rosenbrock, on(X)).numpy() @ np.array(V, np.float32)
    close(hvp(rosenbrock, on(X), on(V)), wanted, rtol=1e-4)
    to_a, to_b = hvp(lambda a, b: (a * a * b).sum(), [on(X), on(V)], [on(V), None])
    close(to_a, 2 * np.array(V) * V)
    close(to_b, 2 * np.array(X) * V)


def test_value_and_grad(on):
    def function(x, y, *, power=2):
        return (x**power * y).sum()

    value, gradient = value_and_grad(function)(on(X), on(V))
    close(value, (np.array(X) ** 2 * V).sum())
    close(gradient, 2 * np.array(X) * V)
    _, (to_y, to_x) = value_and_grad(function, argnums=(-1, 0))(on(X), on(V), power=3)
    close(to_y, np.array(X) ** 3)
    close(to_x, 3 * np.array(X) ** 2 * V)
    assert value_and_grad(function).__name__ == "function"


# --- Nesting, and what stays untouched -------------------------------------------------------------------------------


def test_transforms_nest(on):
    x, v = np.array(X), np.array(V)
    close(jvp(lambda x: jvp(cube, x, on(V))[1], on(X), on(V))[1], 6 * x * v * v)
    close(jvp(lambda x: vjp(cube, x)[1](on(V))[0], on(X), on(V))[1], 6 * x * v * v)
    close(vjp(lambda x: jvp(cube, x, on(V))[1], on(X))[1](on(V))[0], 6 * x * v * v)
    third = jacobian(lambda x: hessian(lambda x: (cube(x) * x).sum(), x), on(X))
    wanted = np.zeros((3, 3, 3))
    wanted[range(3), range(3), range(3)] = 24 * x
    close(third, wanted)

    def inner(x, y):  # the inner gradient is by y alone: the outer x is a constant there
        return value_and_grad(lambda y: (x * y * y).sum())(y)[1]

    close(jacobian(lambda x: inner(x, x), on(X)), np.diag(4 * x))


def test_no_grad_outside_cuts_off_the_outside_alone(on):
    w = on(V).requires_grad_()
    with lucid.no_grad():
        close(hessian(lambda x: (cube(x) * w).sum(), on(X)), np.diag(6 * np.array(X) * V))
        close(jvp(lambda x: x * w, on(X), on(X))[1], np.array(X) * V)
        assert not lucid.is_grad_enabled()
        y, pullback = vjp(lambda x: x * x * w, w)
    close(y, np.array(V) ** 3)
    assert not pullback(on(X))[0].requires_grad
    assert jacobian(lambda x: x * w, on(X)).requires_grad
    close(jacobian(lambda x: vjp_without_graph(x) * x, on(X)), np.diag(3 * np.array(X) ** 2))


def vjp_without_graph(x):
    """3 x^2, as a constant."""
    with lucid.no_grad():
        return vjp(cube, x)[1](lucid.ones_like(x))[0]


def test_nobody_s_grad_is_touched_and_values_do_not_change(on):
    x = on(X).requires_grad_()
    w = on(V).requires_grad_()
    w.grad = on(X)

    def function(a):
        a *= 2.0  # a handle of the function's own
        return (a * w * x).sum()

    for run in (
        lambda: vjp(function, x)[1](on(1.0)),
        lambda: jvp(function, x, on(V)),
        lambda: jacobian(function, x),
        lambda: hessian(function, x),
        lambda: hvp(function, x, on(V)),
        lambda: value_and_grad(function)(x),
    ):
        run()
        assert x.grad is None
        assert w.grad.tolist() == X
        assert x.tolist() == X
    _, gradient = value_and_grad(function)(x)
    close(gradient.detach(), 2 * np.array(V) * X)
    (gradient**2).sum().backward()  # it depends on w and on the x outside
    close(x.grad, 8 * np.array(X) * np.array(V) ** 2)


def test_results_do_not_require_gradients_of_their_own(on):
    y, pullback = vjp(cube, on(X))
    assert not y.requires_grad
    assert not pullback(on(V))[0].requires_grad
    w = on(V).requires_grad_()
    y, pullback = vjp(lambda x: (x * 2, x * w), on(X))
    assert [t.requires_grad for t in y] == [False, True]
    assert pullback((on(V), None))[0].requires_grad is False
    assert pullback((None, on(V)))[0].requires_grad is True
    (g,) = grad(y[1].sum(), [w])
    close(g, X)
    _, tangents = jvp(lambda x: (x * x, x * w), on(X), on(V))
    assert [t.requires_grad for t in tangents] == [False, True]


def test_gradients_flow_to_cotangents_and_tangents_alone(on):
    v = on(V).requires_grad_()
    _, pullback = vjp(cube, on(X))
    for found in (pullback(v)[0], jvp(cube, on(X), v)[1], hvp(lambda x: (x * x * x * x).sum() / 4, on(X), v)):
        (g,) = grad(found.sum(), [v])
        close(g, 3 * np.array(X) ** 2)


def test_modules(on):
    """A layer's parameters are outside, and gradients flow to them too."""
    layer = nn.Linear(3, 2).to(on(0.0).device)
    _, gradient = value_and_grad(lambda x: (layer(x) ** 2).sum())(on(X))
    (gradient**2).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_transforms_compile(on):
    def function(x, v):
        return hvp(lambda x: cube(x).sum(), x, v), jvp(cube, x, v)[1], vmap(lambda a: a * 2)(x)

    compiled = lucid.compile(function)
    for _ in range(2):
        for found, wanted in zip(compiled(on(X), on(V)), function(on(X), on(V)), strict=True):
            close(found, wanted.numpy())


# --- What is refused -------------------------------------------------------------------------------------------------


ones = lucid.ones(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vjp(lambda x: x, 3), GradientError, r"vjp: got inputs \(int\); wanted at least one floating tensor"),
        (lambda: jvp(lambda x: x, lucid.arange(2), None), GradientError, r"jvp: got inputs \(Tensor\)"),
        (
            lambda: vjp(lambda x: x, ones)[1](lucid.ones(3)),
            ShapeError,
            r"gradients is float32 \(3,\) on cpu; wanted float32 \(2,\)",
        ),
        (
            lambda: vjp(lambda x: (x, x), ones)[1](ones),
            ShapeError,
            r"gradients have leaves \[''\]; wanted \['0', '1'\]",
        ),
        (lambda: vjp(lambda x: x, ones)[1](1.0), ShapeError, r"is float; wanted float32"),
        (lambda: vjp(lambda x: x > 0, ones)[1](ones), ShapeError, r"wanted None, since no gradient flows there"),
        (lambda: jvp(lambda x: x, ones, ones.astype(lucid.float64)), ShapeError, r"jvp: tangents 0 is float64"),
        (
            lambda: hessian(lambda x: x, ones),
            GradientError,
            r"hessian: the function gave a float32 tensor of shape \(2,\)",
        ),
        (lambda: hvp(lambda x: x.sum() > 0, ones, ones), GradientError, r"hvp: the function gave a bool tensor"),
        (lambda: value_and_grad(lambda x: 3)(ones), GradientError, r"value_and_grad: the function gave int"),
        (lambda: value_and_grad(lambda x: x.sum(), 1)(ones), ValueError, r"argnums=1 of 1 positional"),
        (lambda: jacobian(lambda x: x * 1j, ones), DTypeError, r"jacobian: got complex64; wanted real numbers"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
