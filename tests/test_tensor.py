"""Tensors are values: nothing changes what another tensor shows. How they come in, go out, print and are copied."""

import copy
import inspect
import math
import operator
import pickle
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lucid
from lucid import Tensor, tree
from lucid.autograd import grad
from lucid.errors import DeviceError, DTypeError, GradientError, ShapeError
from lucid.ops import arguments
from tests.comparing import native
from tests.op_samples import OPS, numbers, on, uses_float64

ON_BOTH = [d for d in lucid.dtypes.ALL if d not in (lucid.float64, lucid.complex128)]


def tensor(device: str, *values: Any, **options: Any) -> Tensor:
    return lucid.asarray(list(values), device=device, **options)


# --- Values ----------------------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Tensor], Any]] = {
    "assignment": lambda x: operator.setitem(x, 0, 9.0),
    "masked assignment": lambda x: operator.setitem(x, x > 1, 9.0),
    "assignment of all": lambda x: operator.setitem(x, ..., 9.0),
    "add": lambda x: operator.iadd(x, 1),
    "subtract": lambda x: operator.isub(x, 1),
    "multiply": lambda x: operator.imul(x, 3),
    "divide": lambda x: operator.itruediv(x, 2),
    "floor_divide": lambda x: operator.ifloordiv(x, 2),
    "remainder": lambda x: operator.imod(x, 0.75),
    "power": lambda x: operator.ipow(x, 2),
    "add_": lambda x: x.add_(1),
    "sub_": lambda x: x.sub_(1),
    "mul_": lambda x: x.mul_(3),
    "copy_": lambda x: x.copy_(lucid.zeros_like(x)),
    "fill_": lambda x: x.fill_(9.0),
}  # fmt: skip
SHARES: dict[str, Callable[[Tensor], Tensor]] = {
    "detach": Tensor.detach, "slice": lambda x: x[:], "reshape": lambda x: x.reshape((-1,)),
    "flip of flip": lambda x: lucid.flip(lucid.flip(x)),
    "astype": lambda x: x.astype(x.dtype), "astype without copy": lambda x: x.astype(x.dtype, copy=False),
    "positive": lambda x: +x, "asarray": lucid.asarray, "copy": copy.copy, "deepcopy": copy.deepcopy,
    "clone": lambda x: x.clone(),
    "to": lambda x: x.to(x.device), "broadcast": lambda x: lucid.broadcast_to(x, (2, 3))[0],
    "flatten": lambda x: x.flatten(),
    "permute": lambda x: x.permute_dims((0,)), "expand": lambda x: lucid.expand_dims(x, 0)[0],
    "dlpack": lucid.from_dlpack, "ellipsis": lambda x: x[...],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("share", SHARES.values(), ids=SHARES)
def test_changing_one_tensor_changes_no_other(device: str, share: Callable, change: Callable) -> None:
    x = tensor(device, 1.0, 2.0, 3.0)
    other = share(x)
    change(x)
    assert x.tolist() != [1.0, 2.0, 3.0], "the change did nothing"
    assert other.tolist() == [1.0, 2.0, 3.0]
    x = tensor(device, 1.0, 2.0, 3.0)
    other = share(x)
    change(other)
    assert x.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_no_op_changes_its_inputs(device: str, op: Any) -> None:
    for sample in op.samples:
        if device == "gpu" and uses_float64(sample):
            continue
        args = on(device, sample.args, sample.layout)
        before = [x.numpy() for x in tree.leaves(args) if isinstance(x, Tensor)]
        op.function(*args, **on(device, {**sample.options, "device": device} if op.creates else sample.options))
        after = [x.numpy() for x in tree.leaves(args) if isinstance(x, Tensor)]
        for b, a in zip(before, after, strict=True):
            assert b.tobytes() == a.tobytes()


def test_an_in_place_change_keeps_the_handle(device: str) -> None:
    x = tensor(device, 1.0, 2.0)
    same = x
    x += 1
    x[0] = 7
    assert same is x
    assert x.tolist() == [7.0, 3.0]
    assert x.add_(1) is x
    assert x.add_(1).mul_(2).tolist() == [18.0, 10.0]


def test_in_place_keeps_dtype_and_shape(device: str) -> None:
    x, whole = tensor(device, 1.0, 2.0), tensor(device, 1, 2)
    with pytest.raises(DTypeError, match="add: in place, int64 cannot become float32"):
        whole += 1.5
    with pytest.raises(DTypeError, match="divide: in place, int64 cannot become float32"):
        whole /= 2
    with pytest.raises(ShapeError, match=r"add: in place, shape \(2,\) cannot become \(3, 2\)"):
        x += lucid.ones((3, 2), device=device)
    assert (x.tolist(), whole.tolist()) == ([1.0, 2.0], [1, 2])


def test_gradients_are_those_of_the_values_before_an_in_place_change(device: str) -> None:
    x = tensor(device, 2.0, 3.0, requires_grad=True)
    y = x * 1.0
    z = y * y  # keeps y
    y += 100
    z.sum().backward()
    assert x.grad.tolist() == [4.0, 6.0]


def test_gradients_follow_an_in_place_change(device: str) -> None:
    x = tensor(device, 2.0, 3.0, requires_grad=True)
    y = x * 1.0
    y *= y
    y[0] = 5.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 6.0]


def test_a_gradient_reaches_a_value_that_is_written(device: str) -> None:
    x, y = tensor(device, 1.0, 2.0, 3.0), lucid.asarray(4.0, device=device, requires_grad=True)
    x[1:] = y
    assert x.requires_grad
    (x * x).sum().backward()
    assert y.grad.item() == 16.0


def test_a_leaf_that_collects_gradients_is_not_changed_unless_nothing_is_recorded(device: str) -> None:
    x = tensor(device, 1.0, requires_grad=True)
    for change in CHANGES.values():
        with pytest.raises(GradientError, match="update it inside"):
            change(x)
    with lucid.no_grad():
        x -= 0.5
    assert x.tolist() == [0.5]
    assert x.requires_grad
    assert x.is_leaf
    (x * x).sum().backward()
    assert x.grad.tolist() == [1.0]


def test_a_changed_gradient_is_no_other_tensors_gradient(device: str) -> None:
    x, y = (tensor(device, 1.0, 2.0, requires_grad=True) for _ in range(2))
    (x + y).sum().backward()
    x.grad *= 10
    assert y.grad.tolist() == [1.0, 1.0]


FUNCTIONS_ALONE = """
    avg_pool conv conv_feed_forward conv_transpose empty_like feed_forward from_dlpack full_like layer_norm linear
    max_pool ones_like zeros_like
""".split()


def test_an_op_of_a_tensor_is_a_method() -> None:
    first = {name: next(iter(inspect.signature(getattr(lucid, name)).parameters), "") for name in lucid.ops.__all__
             if inspect.isfunction(getattr(lucid, name))}  # fmt: skip
    alone = [name for name, x in first.items() if x in ("x", "x1") and not hasattr(Tensor, name)]
    assert sorted(alone) == FUNCTIONS_ALONE
    x = lucid.asarray([1.0, math.nan])
    assert (x.nansum().item(), x.nan_to_num().tolist(), lucid.zeros(1).gelu().tolist()) == (1.0, [1.0, 0.0], [0.0])


def test_methods_take_sizes_one_by_one(device: str) -> None:
    x = lucid.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device=device, requires_grad=True)
    for found in (x.reshape(3, -1), x.reshape((3, -1)), x.reshape([3, 2]), x.reshape(shape=(3, 2))):
        assert found.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert x.reshape(-1).shape == x.reshape(6).shape == (6,)
    assert x.reshape(1, 2, 3).permute_dims(2, 0, 1).tolist() == x.reshape(1, 2, 3).permute_dims((2, 0, 1)).tolist()
    x.reshape(3, 2).permute_dims(1, 0).sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
    with pytest.raises(ShapeError, match=r"reshape: 6 elements of shape \(2, 3\) do not fill shape \(4, 2\)"):
        x.reshape(4, 2)


# --- Leaving and coming ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", lucid.dtypes.ALL)
def test_item_has_the_type_of_the_dtype(device: str, dtype: lucid.DType) -> None:
    if device == "gpu" and dtype not in ON_BOTH:
        pytest.skip("lives on the cpu alone")
    kind = {"bool": bool, "real floating": float, "complex floating": complex}.get(dtype.kind, int)
    for value in (0, 1):
        x = lucid.full((1, 1), value, dtype=dtype, device=device)
        assert type(x.item()) is type(x.tolist()[0][0]) is type(x[0, 0].tolist()) is kind
        assert x.item() == value
    for empty in ((0,), (2,)):
        with pytest.raises(ShapeError, match=r"item: the shape is \(.,\)"):
            lucid.zeros(empty, dtype=dtype, device=device).item()


@pytest.mark.parametrize("dtype", lucid.dtypes.ALL)
def test_numpy_gives_a_copy_in_the_dtype(device: str, dtype: lucid.DType) -> None:
    if device == "gpu" and dtype not in ON_BOTH:
        pytest.skip("lives on the cpu alone")
    x = lucid.ones((2, 2), dtype=dtype, device=device)
    host = x.numpy()
    assert host.dtype == native(dtype)
    host[...] = 0
    assert bool(x.astype(lucid.bool).all())
    assert lucid.asarray(host, device=device).dtype is dtype


def test_what_came_from_numpy_is_not_shared(device: str) -> None:
    host = np.array([1.0, 2.0, 3.0], np.float32)
    made = [
        lucid.asarray(host, device=device),
        lucid.from_dlpack(host, device=device),
        lucid.asarray(memoryview(host), device=device),
    ]
    made += [lucid.asarray(host[::-1], device=device), lucid.asarray(host, dtype=lucid.float32, device=device)]
    host[:] = 0
    assert [x.tolist() for x in made] == [[1.0, 2.0, 3.0]] * 3 + [[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]


@pytest.mark.parametrize("take", [np.asarray, np.from_dlpack, memoryview, lambda x: np.array(x, copy=None)])
def test_nobody_who_takes_the_memory_can_change_the_tensor(device: str, take: Callable[[Any], Any]) -> None:
    x = lucid.asarray([1.0, 2.0], device=device)
    if take is memoryview:
        with pytest.raises(TypeError):
            take(x)
        return
    taken = np.asarray(take(x))
    np.testing.assert_array_equal(taken, [1.0, 2.0])
    if taken.flags.writeable:
        taken[:] = 9
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.gpu
@pytest.mark.parametrize("where", ["cpu", "gpu"])
def test_dlpack_with_mlx(where: str) -> None:
    mx = pytest.importorskip("mlx.core")
    theirs = mx.array([1.0, 2.0])
    ours = lucid.from_dlpack(theirs, device=where)
    assert (ours.tolist(), ours.device) == ([1.0, 2.0], where)
    theirs[0] = 9
    assert ours.tolist() == [1.0, 2.0]
    taken = mx.array(np.from_dlpack(ours))
    taken += 1
    assert ours.tolist() == [1.0, 2.0]


def test_array_options(device: str) -> None:
    x = lucid.asarray([1.0, 2.0], device=device)
    assert np.asarray(x, np.float64).dtype == np.float64
    assert np.array(x, copy=True).flags.writeable
    with pytest.raises(ValueError, match="only as a copy; drop copy=False"):
        np.array(x, dtype=np.float64, copy=False)
    if device == "cpu":
        assert not np.array(x, copy=False).flags.writeable


def test_gradients_are_not_lost_on_the_way_out(device: str) -> None:
    x = tensor(device, 1.0, requires_grad=True)
    for leave in (Tensor.numpy, np.from_dlpack):
        with pytest.raises(GradientError, match=r"use x\.detach\(\)"):
            leave(x)
    assert x.detach().numpy().tolist() == x.tolist() == [1.0]
    assert x.item() == 1.0


def test_gradients_are_not_lost_in_an_array(device: str) -> None:
    with pytest.raises(GradientError, match=r"use x\.detach\(\)"):
        np.asarray(tensor(device, 1.0, requires_grad=True))


def test_numpy_does_not_take_over_mixed_expressions(device: str) -> None:
    x, host = lucid.ones(2, device=device), np.ones(2, np.float32)
    for mix in (operator.add, operator.mul, operator.matmul, operator.lt):
        for pair in ((x, host), (host, x)):
            with pytest.raises(TypeError):
                mix(*pair)
    assert type(np.float32(2) * x) is type(x * np.float32(2)) is Tensor
    assert (np.float64(2) * x).dtype is lucid.float32


NUMPYS: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    **{name: (lambda x, name=name: getattr(np, name)(x), f"lucid.{name}")
       for name in ("sum", "prod", "mean", "std", "var", "max", "min", "all", "any", "exp", "sqrt", "isnan")},
    "amax": (np.amax, "lucid.max"), "arcsin": (np.arcsin, "lucid.asin"),
    "power": (lambda x: np.power(x, 2), "lucid.pow"),
    "add": (lambda x: np.add(x, x), "lucid.add"), "add.reduce": (np.add.reduce, "lucid.add"),
    "mean of an axis": (lambda x: np.mean(x, axis=0), "lucid.mean"),
    "matmul": (lambda x: np.matmul(x, x), "lucid.matmul"),
    "in place": (lambda x: operator.iadd(np.ones(2, np.float32), x), "lucid.add"), "modf": (np.modf, "x.numpy()"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "instead"), NUMPYS.values(), ids=NUMPYS)
def test_numpys_functions_name_ours(device: str, function: Callable[[Tensor], Any], instead: str) -> None:
    with pytest.raises(TypeError, match=rf"^numpy\.\w+: got a Tensor; use {re.escape(instead)}"):
        function(lucid.asarray([1.0, 2.0], device=device))


def test_numpys_other_functions_read_a_tensor_as_an_array(device: str) -> None:
    x = lucid.asarray([[1.0, 2.0], [3.0, 4.0]], device=device)
    host = x.numpy()
    for function in (np.argmax, np.median, np.linalg.norm, np.cumsum, np.transpose, lambda y: np.concatenate([y, y])):
        found = function(x)
        assert type(found) is type(function(host))
        np.testing.assert_array_equal(found, function(host))
    assert np.allclose(x, host)
    assert np.array_equal(x, x)


def test_numpys_numbers_go_with_tensors(device: str) -> None:
    x, whole = lucid.asarray([1.0, 2.0], device=device), lucid.asarray([1, 2], device=device)
    for op in (
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.pow,
    ):
        assert op(np.float32(3), x).tolist() == op(3.0, x).tolist()
        assert op(np.array(3.0), x).tolist() == op(3.0, x).tolist()
    for op in (operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor):
        assert op(np.int64(3), whole).tolist() == op(3, whole).tolist()
    for compare in COMPARED:
        assert compare(np.float32(2), x).tolist() == compare(2.0, x).tolist()


COMPARED = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)


@pytest.mark.parametrize("compare", COMPARED)
def test_other_arrays_are_not_compared_silently(device: str, compare: Callable[[Any, Any], Any]) -> None:
    x = lucid.asarray([1.0, 2.0], device=device)
    for other in (np.array([1.0, 2.0]), np.array(["a", "b"]), [1.0, 2.0], (1.0, 2.0), [[1, 2]], []):
        for pair in ((x, other), (other, x)):
            with pytest.raises(
                TypeError, match=r"wanted a Tensor or a Python number; other arrays become tensors with"
            ):
                compare(*pair)


def test_what_is_no_array_is_not_equal(device: str) -> None:
    x = lucid.asarray([1.0, 2.0], device=device)
    for other in (None, "a", object(), {1.0: 2.0}):
        assert (x == other) is (other == x) is False
        assert (x != other) is (other != x) is True
        with pytest.raises(TypeError, match="not supported between"):
            _ = x < other
    assert (np.float32(2) == x).tolist() == (x == np.int64(2)).tolist() == [False, True]


# --- Devices ---------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
class TestTwoDevices:
    def test_there_and_back(self, device: str) -> None:
        for dtype in ON_BOTH:
            x = lucid.asarray(numbers(2, 3, low=0, dtype=native(dtype) if dtype.kind != "bool" else bool))
            x = x if x.dtype is dtype else x.astype(dtype)
            there = x.to(device)
            assert (there.device, there.dtype, there.shape) == (device, dtype, x.shape)
            np.testing.assert_array_equal(there.cpu().numpy(), x.numpy())
            assert x.device == "cpu"
            assert there.gpu() is not there  # a handle of its own, which in-place operations do not reach

    def test_the_gradient_moves_back(self, device: str) -> None:
        x = lucid.asarray([1.0, 2.0], requires_grad=True)
        y = (x.to(device) ** 3).cpu() * 2
        (slope,) = grad(y.sum(), [x], create_graph=True)
        assert (slope.device, slope.tolist()) == ("cpu", [6.0, 24.0])
        assert grad(slope.sum(), [x])[0].tolist() == [12.0, 24.0]

    def test_they_do_not_mix(self, device: str) -> None:
        x, y = lucid.ones((2, 2)), lucid.ones((2, 2), device=device)
        mask = lucid.asarray([[True, False]] * 2)
        for mix in (
            operator.add,
            operator.matmul,
            lambda a, b: lucid.concat([a, b]),
            lambda a, b: lucid.where(mask, a, b),
        ):
            with pytest.raises(DeviceError, match=r"on different devices \(.*cpu.*gpu.*\).*x\.to\(device\)"):
                mix(x, y)
        with pytest.raises(IndexError, match=r"move it with \.to\(device\)"):
            x[lucid.asarray([0], device=device)]
        with pytest.raises(DeviceError):
            x[0] = y[0]
        assert lucid.ones(3, device=device)[lucid.asarray([0, 1])].shape == (2,)  # host indices come by themselves

    def test_a_gradient_of_another_device_is_refused(self, device: str) -> None:
        x = lucid.ones(2, requires_grad=True)
        with pytest.raises(ShapeError, match="on gpu; wanted a Tensor"):
            (x * 1).backward(lucid.ones(2, device=device))

    def test_a_tensor_whose_value_is_there_crosses_threads(self, device: str) -> None:
        x = lucid.ones(2, device=device) * 2
        x.numpy()
        assert in_another_thread(lambda: (x + 1).tolist()) == [3.0, 3.0]

    def test_another_thread_is_told_what_to_do_where_the_value_is_not_there(self, device: str) -> None:
        """MLX's graphs belong to the thread that built them."""
        x = lucid.ones(2, device=device) * 2

        def read() -> None:
            with pytest.raises(DeviceError, match=r"read it there first, as with x\.numpy\(\)"):
                x.numpy()

        in_another_thread(read)
        assert x.tolist() == [2.0, 2.0]


def in_another_thread(function: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


# --- Being a Python object -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", lucid.dtypes.ALL)
def test_pickling(device: str, dtype: lucid.DType) -> None:
    if device == "gpu" and dtype not in ON_BOTH:
        pytest.skip("lives on the cpu alone")
    for shape in ((2, 3), (), (0, 2)):
        x = lucid.ones(shape, dtype=dtype, device=device)
        back = pickle.loads(pickle.dumps(x))
        assert (back.shape, back.dtype, back.device, back.requires_grad) == (shape, dtype, device, False)
        np.testing.assert_array_equal(back.numpy(), x.numpy())


def test_pickling_and_copying_a_leaf_keep_its_gradient(device: str) -> None:
    x = tensor(device, 2.0, 3.0, requires_grad=True)
    (x * x).sum().backward()
    for again in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert again.requires_grad
        assert again.is_leaf
        assert again.grad.tolist() == [4.0, 6.0]
        (again * 1).sum().backward()
        assert (again.grad.tolist(), x.grad.tolist()) == ([5.0, 7.0], [4.0, 6.0])


def test_what_was_computed_is_not_pickled_or_deepcopied(device: str) -> None:
    y = tensor(device, 2.0, requires_grad=True) * 2
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(GradientError, match=r"use x\.detach\(\)"):
            leave(y)


def test_deepcopy_keeps_what_is_shared(device: str) -> None:
    x = tensor(device, 1.0)
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first is not x


REPRS = [
    (lambda d: lucid.asarray([[1.0, 2.5], [3.0, -1.0]], device=d),
    "tensor([[ 1. ,  2.5],\n        [ 3. , -1. ]], dtype=float32, device={!r})"),
    (lambda d: lucid.asarray([True, False], device=d), "tensor([ True, False], dtype=bool, device={!r})"),
    (lambda d: lucid.asarray(7, device=d), "tensor(7, dtype=int64, device={!r})"),
    (lambda d: lucid.asarray([1.5, 2], device=d).astype(lucid.bfloat16),
    "tensor([1.5, 2], dtype=bfloat16, device={!r})"),
    (lambda d: lucid.zeros((0, 3), device=d), "tensor([], shape=(0, 3), dtype=float32, device={!r})"),
    (lambda d: lucid.asarray([1 + 2j], device=d), "tensor([1.+2.j], dtype=complex64, device={!r})"),
    (lambda d: lucid.ones(1, device=d, requires_grad=True),
    "tensor([1.], dtype=float32, device={!r}, requires_grad=True)"),
    (lambda d: lucid.ones(1, device=d, requires_grad=True) * 2,
    "tensor([2.], dtype=float32, device={!r}, grad_fn=multiply)"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "wanted"), REPRS)
def test_repr(device: str, make: Callable[[str], Tensor], wanted: str) -> None:
    assert repr(make(device)) == wanted.format(device)


def test_repr_of_something_large_is_short(device: str) -> None:
    text = repr(lucid.zeros((100, 100), device=device))
    assert len(text) < 1000
    assert "..." in text
    assert text.endswith(f"dtype=float32, device={device!r})")


def test_format(device: str) -> None:
    assert f"{lucid.asarray(1.23456, device=device):.2f}" == "1.23"
    assert f"{lucid.asarray([1], device=device)}" == repr(lucid.asarray([1], device=device))


def test_a_format_is_not_ignored_for_many_numbers(device: str) -> None:
    assert f"{lucid.asarray([1.23456], device=device):.2f}" == "1.23"
    with pytest.raises(ShapeError, match=r"format: .* shape \(2,\) is not one value; reduce it first"):
        f"{tensor(device, 1.0, 2.0):.2f}"


def test_the_class_makes_no_tensor_of_values() -> None:
    for values in ([1.0, 2.0], 3, 2.5, True, 1j):
        with pytest.raises(TypeError, match=re.escape(f"Tensor: got {values!r}; use lucid.asarray for values")):
            Tensor(values)
    with pytest.raises(TypeError, match=r"lucid\.zeros for a shape"):
        Tensor(2, 3)


def test_in_asks_for_each_element(device: str) -> None:
    x = lucid.asarray([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert 3.0 in x
    assert 5 not in x
    assert None not in x
    assert x[0] in x
    with pytest.raises(TypeError, match=r"equal: got list"):
        [1.0, 2.0] in x  # noqa: B015


def test_truth_and_numbers(device: str) -> None:
    assert bool(tensor(device, 1.0))
    assert not lucid.asarray(0, device=device)
    assert (int(tensor(device, 2.7)), float(tensor(device, 2)), complex(tensor(device, 1.0))) == (2, 2.0, 1 + 0j)
    assert [5, 6, 7][lucid.asarray(1, device=device)] == 6
    for ask in (bool, int, float, complex):
        with pytest.raises(ShapeError, match=r"reduce it first, as with lucid\.any"):
            ask(tensor(device, 1.0, 2.0))
    for no_index in (lucid.asarray(1.0, device=device), tensor(device, 1), lucid.asarray(True, device=device)):
        with pytest.raises(TypeError, match="is an index"):
            operator.index(no_index)


def test_equality_is_elementwise_and_hash_is_identity(device: str) -> None:
    x = tensor(device, 1, 2)
    assert (x == tensor(device, 1, 3)).tolist() == [True, False]
    assert (x != 2).tolist() == [True, False]
    assert x != None  # noqa: E711
    assert x != "text"
    assert {x: 1}[x] == 1
    assert x in {x}


def test_length_and_iteration(device: str) -> None:
    x = lucid.asarray([[1, 2], [3, 4], [5, 6]], device=device)
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[1, 2], [3, 4], [5, 6]]
    first, *_ = x
    assert first.tolist() == [1, 2]
    one = lucid.asarray(1, device=device)
    for ask in (len, iter):
        with pytest.raises(TypeError, match="without axes"):
            ask(one)


def test_what_a_tensor_says_of_itself(device: str) -> None:
    x = lucid.zeros((2, 3), dtype=lucid.int16, device=device)
    assert (x.shape, x.ndim, x.size, x.nbytes, x.dtype, x.device) == ((2, 3), 2, 6, 12, lucid.int16, device)
    assert (x.T.shape, lucid.zeros((4, 2, 3), device=device).mT.shape) == ((3, 2), (4, 3, 2))
    with pytest.raises(ShapeError, match=r"use x\.mT"):
        lucid.zeros((4, 2, 3), device=device).T  # noqa: B018


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (lambda x: 10 - x, [9, 8]), (lambda x: 2**x, [2, 4]), (lambda x: 10 // x, [10, 5]), (lambda x: 5 % x, [0, 1]),
        (lambda x: 1 / x, [1.0, 0.5]), (lambda x: x << 2, [4, 8]), (lambda x: 16 >> x, [8, 4]),
        (lambda x: 3 & x, [1, 2]),
        (lambda x: x | 4, [5, 6]), (lambda x: 1 ^ x, [0, 3]), (lambda x: ~x, [-2, -3]), (lambda x: -x, [-1, -2]),
        (lambda x: +x, [1, 2]), (lambda x: abs(-x), [1, 2]), (lambda x: x**2, [1, 4]),
        (lambda x: x >= 2, [False, True]),
        (lambda x: x < 2, [True, False]), (lambda x: x @ x, 5), (lambda x: 1 << x, [2, 4]), (lambda x: x >> 1, [0, 1]),
    ],
)  # fmt: skip
def test_operators(device: str, operation: Callable[[Tensor], Tensor], wanted: Any) -> None:
    assert operation(tensor(device, 1, 2)).tolist() == wanted


def test_a_number_that_no_c_integer_holds_fills_any_tensor_but_of_integers(device: str) -> None:
    assert lucid.zeros(2, dtype=lucid.bool, device=device).fill_(2**64).tolist() == [True, True]
    assert lucid.zeros(1, dtype=lucid.bfloat16, device=device).fill_(2**64).tolist() == [2.0**64]


# --- Indexing --------------------------------------------------------------------------------------------------------

SLICES = st.builds(slice, *(st.none() | st.integers(-6, 6),) * 2, st.none() | st.integers(-3, 3).filter(bool))
PLACES = st.lists(st.integers(-3, 2), min_size=1, max_size=4).map(np.array)
PARTS = st.one_of(SLICES, st.integers(-3, 2), st.none(), PLACES)
MASKS = st.lists(st.booleans(), min_size=3, max_size=3).map(np.array)
KEYS = st.lists(PARTS, max_size=3).map(tuple) | st.tuples(MASKS, PARTS) | st.tuples(SLICES, MASKS) | MASKS


@settings(deadline=None, derandomize=True, max_examples=300, database=None)
@given(key=KEYS)
@pytest.mark.parametrize("where", ["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_any_key_reads_and_writes_what_numpy_does(where: str, key: Any) -> None:
    if not lucid.is_available(where):
        pytest.skip("no such device")
    host = np.arange(27.0, dtype=np.float32).reshape(3, 3, 3)
    try:
        wanted = host[key]
    except IndexError:
        with pytest.raises((IndexError, ShapeError)):
            lucid.asarray(host, device=where)[key]
        return
    x = lucid.asarray(host, device=where, requires_grad=True)
    found = x[key]
    np.testing.assert_array_equal(found.detach().numpy(), wanted)
    counts = np.zeros_like(host)
    np.add.at(counts, key, 1)
    np.testing.assert_array_equal(grad(found.sum(), [x])[0].numpy(), counts)
    host[key] = -1
    y = x.detach()
    y[key] = -1
    np.testing.assert_array_equal(y.numpy(), host)


def test_an_index_that_the_gpu_computed_is_judged_when_a_value_is_read(device: str) -> None:
    x, places = tensor(device, 1.0, 2.0, 3.0), tensor(device, 1, 2) + 1
    if device == "cpu":
        with pytest.raises(IndexError, match="has 3 places: index 3 is outside"):
            x[places]
        return
    read = x[places]
    with pytest.raises(IndexError, match="has 3 places: index 3 is outside"):
        read.numpy()
    assert x.tolist() == [1.0, 2.0, 3.0], "the error is told once"


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize("far", [3, -4, 10**9, -(10**9), 2**62, -(2**63)])
def test_no_memory_outside_is_ever_touched(device: str, far: int) -> None:
    """MLX would read and write whatever lies there."""
    places = tensor(device, far, dtype=lucid.int64) + 0
    x = tensor(device, 1.0, 2.0, 3.0)
    for touch in (lambda: x[places], lambda: lucid.take(x, places), lambda: lucid.take_along_axis(x, places)):
        inside = touch()
        with pytest.raises(IndexError, match=r"has 3 places: index .* is outside"):
            inside.tolist()
        assert inside.tolist()[0] in (1.0, 2.0, 3.0)
    y = tensor(device, 1.0, 2.0, 3.0)
    y[lucid.concat([tensor(device, 1, dtype=lucid.int64), places])] = 9.0
    with pytest.raises(IndexError, match=r"has 3 places: index .* is outside"):
        y.tolist()
    assert y.tolist() == [1.0, 2.0, 3.0], "nothing of it is written"


def test_masks_read_and_write(device: str) -> None:
    x = lucid.asarray([[1.0, -2.0], [-3.0, 4.0]], device=device)
    assert x[x > 0].tolist() == [1.0, 4.0]
    x[x < 0] = 0.0
    assert x.tolist() == [[1.0, 0.0], [0.0, 4.0]]
    x[x > 0] = lucid.asarray([7.0, 8.0], device=device)
    assert x.tolist() == [[7.0, 0.0], [0.0, 8.0]]
    x[lucid.asarray([True, False], device=device), 1] = 5.0
    assert x.tolist() == [[7.0, 5.0], [0.0, 8.0]]
    assert x[lucid.zeros((2, 2), dtype=lucid.bool, device=device)].shape == (0,)
    with pytest.raises(ShapeError):
        x[x > 0] = lucid.asarray([1.0, 2.0], device=device)


def test_ops_are_methods(device: str) -> None:
    x = tensor(device, 3.0, 1.0, 2.0)
    assert x.topk(2).values.tolist() == [3.0, 2.0]
    assert x.softmax().sum().item() == pytest.approx(1.0)
    assert x.masked_fill(x > 1, 0.0).tolist() == [0.0, 1.0, 0.0]
    assert x.maximum(2.0).flip().cumulative_sum().tolist() == [2.0, 4.0, 7.0]
    assert x.gather(tensor(device, 1), axis=0).tolist() == [1.0]
    assert (x * 1j).imag.tolist() == x.tolist()
    assert not hasattr(x, "zeros_like")
    assert not hasattr(x, "where")
    assert not {"dtype", "shape", "numpy", "item"} & {op.name for op in OPS}, "an op would replace what a tensor has"


def test_boolean_arithmetic_is_logic(device: str) -> None:
    x, y = tensor(device, True, True, False), tensor(device, True, False, False)
    assert ((x + y).tolist(), (x * y).tolist()) == ([True, True, False], [True, False, False])
    assert (x & y | ~x).tolist() == [True, False, True]
    with pytest.raises(DTypeError, match="subtract: got dtype bool"):
        x - y


def test_errors_name_the_op_and_say_what_to_do(device: str) -> None:
    x = lucid.ones((2, 3), device=device)
    with pytest.raises(ShapeError, match=r"multiply: shapes \(2, 3\) and \(2, 4\) do not broadcast.*make them equal"):
        x * lucid.ones((2, 4), device=device)
    with pytest.raises(TypeError, match=r"add: got list; wanted a Tensor or a Python number.*lucid\.asarray"):
        operator.add(x, [1, 2, 3])
    with pytest.raises(OverflowError, match="add: 300 does not fit int8"):
        lucid.ones(2, dtype=lucid.int8, device=device) + 300
    with pytest.raises(AttributeError):
        x.no_such_thing = 1


def test_numbers_that_are_equal_stay_what_they_are(device: str) -> None:
    """A number beside a tensor is made once and remembered, but 0.0 is not -0.0, and 1 is not 1.0 is not True."""
    x = lucid.ones(2, device=device)
    for _ in range(2):
        assert [(x / number).tolist()[0] for number in (0.0, -0.0, 2, 2.0)] == [math.inf, -math.inf, 0.5, 0.5]
        whole = lucid.ones(2, dtype=lucid.int8, device=device)
        found = [(whole * number).dtype for number in (1, 1.0, True)]
        assert found == [lucid.int8, lucid.float32, lucid.int8]
        with pytest.raises(OverflowError, match="300 does not fit int8"):
            whole + 300


def test_remembered_numbers_are_bounded_in_number(device: str) -> None:
    x = lucid.ones(1, device=device)
    for i in range(2 * arguments.STORED):
        x + (i + 0.5)
    assert len(arguments._stored) <= arguments.STORED
