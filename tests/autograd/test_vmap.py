"""`vmap` against loops and closed forms: axes, trees, nesting, gradients inside and around, draws, what is refused.

That every op is right for a batch is shown in tests/ops/test_vmap.py.
"""

import gc

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid.autograd import Function, grad, hessian, jacobian, jvp, value_and_grad, vjp, vmap
from lucid.autograd.batches import Batch
from lucid.errors import BatchError, DeviceError, GradientError, ShapeError

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


# --- Axes, trees, nesting --------------------------------------------------------------------------------------------


def test_vmap(on):
    a = on(np.arange(12.0, dtype=np.float32).reshape(3, 4))
    b = on(np.arange(8.0, dtype=np.float32).reshape(2, 4))
    close(vmap(lambda x, y: y @ x, in_axes=(0, None))(a, b), a.numpy() @ b.numpy().T)
    ones = lucid.ones((2, 4), device=b.device)
    close(vmap(lambda x, y: x @ y, in_axes=(1, -1), out_axes=-1)(b, ones), b.numpy().sum(0))
    deep = a.reshape((3, 2, 2))
    close(vmap(lambda x: x * 2, in_axes=1, out_axes=1)(deep), deep.numpy() * 2)
    close(vmap(lambda x: x.mT, in_axes=2, out_axes=0)(deep), deep.numpy().transpose(2, 1, 0))
    close(vmap(lambda x: vmap(lambda y: (x * y).sum())(b))(a), a.numpy() @ b.numpy().T)
    out = vmap(lambda p, k: {"x": p["x"] * k, "n": (p["i"], p["x"].sum())}, ({"x": 1, "i": 0}, None), {"x": 1, "n": 0})(
        {"x": a, "i": on([1, 2, 3, 4])}, 10
    )
    close(out["x"], a.numpy() * 10)
    assert out["n"][0].tolist() == [1, 2, 3, 4]
    close(out["n"][1], a.numpy().sum(0))


def test_the_function_runs_once_and_sees_one_element(on):
    seen = []

    def function(x, y):
        seen.append((x.shape, x.ndim, x.size, x.dtype, x.device, y.shape))
        return x.sum() * y

    x = on(np.ones((5, 2, 3), np.float32))
    assert vmap(function, in_axes=(0, None))(x, on(V)).shape == (5, 3)
    assert seen == [((2, 3), 2, 6, lucid.float32, x.device, (3,))]


def test_what_does_not_depend_on_the_batch_is_repeated(on):
    out = vmap(lambda x: (x, lucid.ones(2, device=x.device), on(V)), out_axes=(0, 1, 0))(on(X))
    assert [t.shape for t in out] == [(3,), (2, 3), (3, 3)]
    close(out[2], [V, V, V])


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 7])
def test_chunks(on, chunk_size):
    sizes = []

    def function(x, w):
        sizes.append(x.shape)
        return {"sum": (x * w).sum(), "rows": x * 2}

    x = on(np.arange(20.0, dtype=np.float32).reshape(4, 5))
    mapped = vmap(function, in_axes=(1, None), out_axes={"sum": 0, "rows": -1}, chunk_size=chunk_size)
    out = mapped(x, on([1.0, 2.0, 3.0, 4.0]))
    close(out["sum"], np.array([1, 2, 3, 4]) @ x.numpy())
    close(out["rows"], x.numpy() * 2)
    assert len(sizes) == -(-5 // chunk_size)


def test_three_batches_in_one_another(on):
    a, b, c = on(X), on(V), on([5.0, 7.0])
    found = vmap(lambda x: vmap(lambda y: vmap(lambda z: x * y + z)(c))(b), out_axes=2)(a)
    close(found, (np.array(X)[:, None, None] * np.array(V)[:, None] + [5.0, 7.0]).transpose(1, 2, 0))


# --- Gradients -------------------------------------------------------------------------------------------------------


def test_gradients_of_each_example(on):
    w, rows = on(V), on([X, V])
    found = vmap(lambda x: value_and_grad(lambda w: (x * w * w).sum())(w)[1])(rows)
    close(found, 2 * np.array([X, V]) * V)
    by_row = on([X, V]).requires_grad_()
    vmap(lambda x: cube(x).sum(), in_axes=1)(by_row)[1:].sum().backward()
    wanted = 3 * np.array([X, V]) ** 2
    wanted[:, 0] = 0
    close(by_row.grad, wanted)
    diagonal = jacobian(vmap(lambda x: lucid.sin(x)), on(X))
    close(diagonal, np.diag(np.cos(X)))


def test_what_elements_share_gets_the_sum_of_their_gradients(on):
    w = on(V).requires_grad_()
    vmap(lambda x: (cube(w) * x).sum())(on(X)).sum().backward()
    close(w.grad, 3 * np.array(V) ** 2 * sum(X))
    w.grad = None
    vmap(lambda x: w * 2)(on(X)).sum().backward()  # none of it depends on the batch
    close(w.grad, [6.0, 6.0, 6.0])
    nested = vmap(lambda x: vmap(lambda y: (w * x).sum() * y)(on(V)))(on(X))
    (g,) = grad(nested.sum(), [w])
    close(g, [sum(X) * sum(V)] * 3)


def test_gradients_of_each_example_of_a_network(on):
    """The loop takes them one by one, vmap all at once; parameters are arguments."""
    lucid.random.seed(0)
    layer = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 5))
    layer = layer.to(on(0.0).device)
    images = lucid.random.normal((3, 2, 4, 4), device=on(0.0).device)
    parameters = list(layer.parameters())

    def loss(image):
        return (layer(image[None]) ** 2).sum()

    total = vmap(loss)(images).sum()
    found = grad(total, parameters)
    wanted = grad(lucid.stack([loss(image) for image in images]).sum(), parameters)
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f.numpy(), w.numpy(), rtol=1e-4, atol=1e-4)
    weight = lucid.random.normal((5, 48), device=on(0.0).device)

    def of_weight(weight, features):
        return ((weight @ features) ** 2).sum()

    features = lucid.random.normal((6, 48), device=weight.device)
    per_example = vmap(lambda x: value_and_grad(of_weight)(weight, x)[1])(features)
    close(per_example, [value_and_grad(of_weight)(weight, x)[1].numpy() for x in features], rtol=1e-4)


def test_transforms_inside(on):
    rows = on([X, V])
    close(vmap(lambda x: hessian(lambda x: cube(x).sum(), x))(rows), [np.diag(6 * np.array(r)) for r in (X, V)])
    close(vmap(lambda x: jacobian(lambda x: cube(x)[:2], x))(rows), [np.diag(3 * np.array(r) ** 2)[:2] for r in (X, V)])
    close(vmap(lambda x, t: jvp(cube, x, t)[1])(rows, rows), 3 * np.array([X, V]) ** 3)
    close(vmap(lambda x: vjp(lucid.sin, x)[1](on(V))[0])(rows), np.cos([X, V]) * V)
    third = vmap(lambda x: jacobian(lambda x: hessian(lambda x: (cube(x) * x).sum(), x), x))(rows)
    wanted = np.zeros((2, 3, 3, 3))
    wanted[:, range(3), range(3), range(3)] = 24 * np.array([X, V])
    close(third, wanted)


def test_a_mapped_function_inside_hessians_of_any_order(on):
    """Batches of gradients that pass graphs which hold a batch."""
    table = on([[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]])

    def function(x):
        return vmap(lambda row: lucid.sin(row @ x) * x[0])(table).sum()

    def plain(x):
        return (lucid.sin(table @ x) * x[0]).sum()

    x = on([0.3, -0.2, 0.1])
    close(hessian(function, x), hessian(plain, x).numpy(), rtol=1e-4)
    third, wanted = (jacobian(lambda x, f=f: hessian(f, x), x) for f in (function, plain))
    close(third, wanted.numpy(), rtol=1e-4)
    weights = on(V).requires_grad_()
    found = [grad((hessian(lambda x, f=f: f(x * weights), x) ** 2).sum(), [weights])[0] for f in (function, plain)]
    np.testing.assert_allclose(found[0].numpy(), found[1].numpy(), rtol=1e-3)


def test_functions_with_gradients_of_their_own(on):
    class Cube(Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(context, g):
            return g * 3 * context.saved_tensors[0] ** 2

    close(vmap(lambda x: value_and_grad(lambda x: Cube.apply(x).sum())(x)[1])(on([X, V])), 3 * np.array([X, V]) ** 2)
    close(jacobian(Cube.apply, on(X)), np.diag(3 * np.array(X) ** 2))


def test_a_gradient_that_no_element_changes_counts_for_each(on):
    class Constant(Function):
        @staticmethod
        def forward(context, x, w):
            return x + w

        @staticmethod
        def backward(context, g):
            return g, lucid.ones((), device=g.device)

    w = on(2.0).requires_grad_()
    (g,) = grad(vmap(lambda x: Constant.apply(x, w))(on(X)).sum(), [w])
    close(g, 3.0)


def test_what_elements_share_is_an_argument_of_a_function_with_a_gradient_of_its_own(on):
    class Product(Function):
        @staticmethod
        def forward(context, x, w):
            context.save_for_backward(x, w)
            return x * w

        @staticmethod
        def backward(context, g):
            x, w = context.saved_tensors
            return g * w, g * x

    w = on(V).requires_grad_()
    found = grad(vmap(lambda x: Product.apply(x.sum(), w) * w)(on([X, V])).sum(), [w], create_graph=True)[0]
    np.testing.assert_allclose(found.detach().numpy(), 2 * np.array(V) * (sum(X) + sum(V)), rtol=1e-5)
    close(grad(found.sum(), [w])[0], [2 * (sum(X) + sum(V))] * 3)
    per_element = vmap(lambda x: value_and_grad(lambda w: Product.apply(x, w).sum())(w.detach())[1])(on([X, V]))
    close(per_element, [X, V])


def test_hooks(on):
    def slope(x):
        def function(x):
            y = x * x
            y.register_hook(lambda g: lucid.ones(3, device=g.device) * 2)
            return (y * x).sum()

        return value_and_grad(function)(x)[1]

    close(vmap(slope)(on([X, V])), [slope(on(r)).numpy() for r in (X, V)])


def test_leaves_made_inside(on):
    def slope(x):
        inner = x.detach().requires_grad_()
        (g,) = grad(cube(inner).sum(), [inner])
        return g

    close(vmap(slope)(on([X, V])), 3 * np.array([X, V]) ** 2)


def test_batches_end_with_their_graphs(on):
    gc.collect()
    before = len(Batch.alive)
    x = on(X).requires_grad_()
    kept = [vmap(cube)(x) for _ in range(3)]
    assert len(Batch.alive) == before + 3
    (g,) = grad(kept[0].sum() + kept[2].sum(), [x])
    close(g, 6 * np.array(X) ** 2)
    del kept
    gc.collect()
    assert len(Batch.alive) == before


@pytest.mark.parametrize("space", [1, 2, 3])
def test_kernels_that_differ_from_element_to_element(on, space):
    lucid.random.seed(1)
    x = lucid.random.normal((3, 2, 4, *[4] * space), device=on(0.0).device)
    kernels = lucid.random.normal((3, 4, 2, *[2] * space), device=x.device)

    def loss(x, kernel):
        return (lucid.conv(x, kernel, groups=2) ** 2).sum()

    def slopes(x, kernel):
        return value_and_grad(loss, (0, 1))(x, kernel)[1]

    for shared in (kernels, kernels[0]):
        found = vmap(slopes, in_axes=(0, 0 if shared is kernels else None))(x, shared)
        wanted = [slopes(a, shared[i] if shared is kernels else shared) for i, a in enumerate(x)]
        for f, column in zip(found, zip(*wanted, strict=True), strict=True):
            close(f, lucid.stack(column).numpy(), rtol=1e-3)


# --- Draws, writing, compiling ---------------------------------------------------------------------------------------


def test_draws_are_fresh_for_each_element(on):
    zeros = lucid.zeros((2, 3), device=on(0.0).device)
    draws = vmap(vmap(lambda x: x + lucid.random.uniform(device=x.device)))(zeros)
    assert len(set(draws.reshape((-1,)).tolist())) == 6
    orders = vmap(lambda x: lucid.random.permutation(x))(on(np.tile(np.arange(50), (4, 1))))
    assert [sorted(row) for row in orders.tolist()] == [list(range(50))] * 4
    assert len({tuple(row) for row in orders.tolist()}) == 4
    chosen = vmap(lambda p: lucid.random.categorical(lucid.log(p)))(on([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert chosen.tolist() == [1, 2]
    kept = vmap(lambda x: nn.functional.dropout(x, 0.5))(lucid.ones((8, 64), device=on(0.0).device))
    assert len({tuple(row) for row in kept.tolist()}) == 8


def test_writing_to_a_tensor_that_the_function_made(on):
    def function(x):
        out = lucid.zeros(3, device=x.device)
        out[1] = x
        out += x
        return out

    close(vmap(function)(on([1.0, 2.0])), [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0]])


def test_indices_that_differ_from_element_to_element(on):
    table, at = on([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), on([2, 0])
    close(vmap(lambda i: table[i])(at), [[5.0, 6.0], [1.0, 2.0]])
    close(vmap(lambda x, i: x[i], in_axes=(1, 0))(table, at), [5.0, 2.0])
    if table.device == "gpu":
        host = lucid.asarray([2, 0])
        close(vmap(lambda i: table[i])(host), [[5.0, 6.0], [1.0, 2.0]])
    with pytest.raises(IndexError):
        vmap(lambda i: table[i])(on([3, 0])).tolist()


def test_compiling(on):
    w = on(V)
    per_example = vmap(lambda x: value_and_grad(lambda w: (lucid.sin(x * w) * w).sum())(w)[1])
    noisy = vmap(lambda x: x + lucid.random.uniform(device=x.device))
    compiled, compiled_noisy = lucid.compile(per_example), lucid.compile(noisy)
    rows = on([X, V])
    for _ in range(2):
        close(compiled(rows), per_example(rows).numpy())
        assert len(set(compiled_noisy(on([0.0, 0.0])).tolist())) == 2
    close(vmap(lucid.compile(cube))(rows), cube(rows).numpy())


# --- What is refused -------------------------------------------------------------------------------------------------


ones = lucid.ones(2)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x > 0 else -x,
        lambda x: lucid.ones(int(x)),
        lambda x: x.item(),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: x[None][x[None] > 0],
        lambda x: lucid.unique_values(x),
        lambda x: lucid.repeat(lucid.ones(1), x.astype(lucid.int64)[None]),
    ],
)
def test_reading_a_value_is_refused(on, function):
    with pytest.raises(BatchError, match=r"inside vmap.*lucid\.where"):
        vmap(function)(on([1.0, 2.0]))


def test_a_tensor_shows_itself_without_being_read(on):
    seen = []
    vmap(lambda x: seen.append(repr(x)) or x)(on([X, V]))
    assert seen == [f"tensor(one of 2 in vmap, shape=(3,), dtype=float32, device={on(X).device!r})"]


def test_a_tensor_that_left_vmap_otherwise_than_by_return(on):
    left = []
    vmap(lambda x: left.append(x) or x)(on(X))
    with pytest.raises(BatchError, match="inside vmap"):
        left[0].tolist()
    with pytest.raises(BatchError, match="return it from there"):
        left[0] + on(1.0)


def test_gradients_of_what_elements_share_are_taken_by_transforms(on):
    w = on(V).requires_grad_()
    with pytest.raises(GradientError, match="use vjp or value_and_grad"):
        vmap(lambda x: grad((w * x).sum(), [w])[0])(on(X))
    with pytest.raises(GradientError, match="use vjp or value_and_grad"):
        vmap(lambda x: (w * x).sum().backward() or x)(on(X))
    y = (w * 2).sum()
    with pytest.raises(GradientError, match="use vjp or value_and_grad"):
        vmap(lambda x: y.backward(x) or x)(on(X))
    assert w.grad is None


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_devices_do_not_mix_in_a_batch_either(on):
    cpu = lucid.asarray(V)
    for function in (lambda x: x + cpu, lambda x: lucid.concat([x, cpu]), lambda x: lucid.layer_norm(x, cpu)):
        with pytest.raises(DeviceError, match="move them together"):
            vmap(function)(on([X, V]))
    close(vmap(lambda x: x.to("cpu") + cpu)(on([X, V])), np.array([X, V]) + V)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: vmap(lambda x, y: x)(ones, lucid.ones(3)),
            ShapeError,
            r"sizes along in_axes=0 are \{'0': 2, '1': 3\}",
        ),
        (lambda: vmap(lambda x: x)(lucid.ones(0)), ShapeError, r"are \{'0': 0\}; wanted one size of at least 1"),
        (lambda: vmap(lambda x: x, None)(ones), ShapeError, r"are none; wanted"),
        (lambda: vmap(lambda x: x, 1)(ones), ShapeError, r"in_axes=1 is no axis of a tensor with 1"),
        (lambda: vmap(lambda x: x, 0, 1)(ones), ShapeError, r"out_axes=1 is no axis of a tensor with 1"),
        (lambda: vmap(lambda x: x, (0, 0))(ones), ValueError, r"in_axes=\(0, 0\) for a tuple of 1"),
        (lambda: vmap(lambda x: 1.0)(ones), TypeError, r"vmap: the function gave float"),
        (lambda: vmap(lambda x: x, chunk_size=0), ValueError, r"vmap: chunk_size=0"),
        (lambda: vmap(lambda x: x + lucid.ones(3))(lucid.ones((2, 2))), ShapeError, r"\(2,\) and \(3,\) do not broad"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
