"""An axis may be given by position, as in NumPy and PyTorch: `x.sum(1)`, `concat([x, y], 1)`."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import lucid
from lucid import fft, linalg, random, tree
from tests.op_samples import Op, Sample, cases, numbers, on

BY_NAME_ALONE = {  # since PyTorch's or NumPy's order of arguments would silently mean something else
    "repeat": "PyTorch's x.repeat(2, 3) is tile",
    "unfold": "PyTorch has (axis, size, step)",
    "trapezoid": "NumPy has the step before the axis",
    "cumulative_trapezoid": "NumPy has the step before the axis",
    "choice": "NumPy has replace before the probabilities and the axis",
    "categorical": "a number after the logits looks like how many to draw",
}
SPACES = {"lucid": lucid, "linalg": linalg, "fft": fft, "random": random}
OPS_WITH_AXIS = [
    (space, name)
    for space, module in SPACES.items()
    for name, function in sorted(vars(module).items())
    if inspect.isfunction(function) and {"axis", "axes"} & set(inspect.signature(function).parameters)
]


@pytest.mark.parametrize(("space", "name"), OPS_WITH_AXIS)
def test_every_axis_has_a_place(space: str, name: str) -> None:
    parameters = inspect.signature(getattr(SPACES[space], name)).parameters
    if "axis" in parameters:
        by_name_alone = parameters["axis"].kind is inspect.Parameter.KEYWORD_ONLY
        assert by_name_alone == (name in BY_NAME_ALONE)
    assert "keepdims" not in parameters or parameters["keepdims"].kind is inspect.Parameter.KEYWORD_ONLY


def by_position(function: Callable[..., Any], args: Any, options: dict[str, Any]) -> Any:
    """The call with every option by position that may stand there."""
    bound = inspect.signature(function).bind(*args, **options)
    bound.apply_defaults()
    return function(*bound.args, **bound.kwargs)


@pytest.mark.parametrize(("op", "of"), cases(lambda op, of: "axis" in of.options and op.name not in BY_NAME_ALONE))
def test_by_position_it_gives_the_same(op: Op, of: Sample) -> None:
    args, options = on("cpu", of.args), on("cpu", of.options)
    pairs = zip(
        tree.leaves(by_position(op.function, args, options)), tree.leaves(op.function(*args, **options)), strict=True
    )
    for found, wanted in pairs:
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert found.numpy().tobytes() == wanted.numpy().tobytes()


METHODS: dict[str, tuple[Callable[[lucid.Tensor], Any], Callable[[lucid.Tensor], Any]]] = {
    "sum": (lambda x: x.sum(1), lambda x: x.sum(axis=1)),
    "mean": (lambda x: x.mean(-1), lambda x: x.mean(axis=-1)),
    "max": (lambda x: x.max(1), lambda x: x.max(axis=1)),
    "softmax": (lambda x: x.softmax(0), lambda x: x.softmax(axis=0)),
    "argmax": (lambda x: x.argmax(1), lambda x: x.argmax(axis=1)),
    "sum of two": (lambda x: x.sum((0, 1), keepdims=True), lambda x: x.sum(axis=(0, 1), keepdims=True)),
    "concat": (lambda x: lucid.concat([x, x], 1), lambda x: lucid.concat([x, x], axis=1)),
    "stack": (lambda x: lucid.stack([x, x], 2), lambda x: lucid.stack([x, x], axis=2)),
    "tril": (lambda x: lucid.tril(x, -1), lambda x: lucid.tril(x, k=-1)),
    "roll": (lambda x: lucid.roll(x, 1, 1), lambda x: lucid.roll(x, 1, axis=1)),
    "rot90": (lambda x: lucid.rot90(x, 1, (1, 0)), lambda x: lucid.rot90(x, 1, axes=(1, 0))),
    "diff": (lambda x: lucid.diff(x, 2, 0), lambda x: lucid.diff(x, n=2, axis=0)),
    "norm": (lambda x: linalg.vector_norm(x, 1, 0), lambda x: linalg.vector_norm(x, ord=1, axis=0)),
    "matrix norm": (lambda x: linalg.matrix_norm(x, 1), lambda x: linalg.matrix_norm(x, ord=1)),
    "diagonal": (lambda x: linalg.diagonal(x, 1), lambda x: linalg.diagonal(x, offset=1)),
    "fft": (lambda x: fft.fft(x, 2, 0), lambda x: fft.fft(x, n=2, axis=0)),
    "fftn": (lambda x: fft.fftn(x, (2, 2), (0, 1)), lambda x: fft.fftn(x, s=(2, 2), axes=(0, 1))),
    "fftshift": (lambda x: fft.fftshift(x, 1), lambda x: fft.fftshift(x, axes=1)),
    "quantile": (lambda x: x.quantile(0.3, 1), lambda x: x.quantile(0.3, axis=1)),
    "gather": (lambda x: x.gather(x.argsort(1), 1), lambda x: x.gather(x.argsort(axis=1), axis=1)),
}


@pytest.mark.parametrize(("short", "long"), METHODS.values(), ids=METHODS)
def test_as_people_write_it(device: str, short: Callable, long: Callable) -> None:
    x = lucid.asarray(numbers(3, 4), device=device, requires_grad=True)
    assert short(x).tolist() == long(x).tolist()


def test_pytorchs_order_is_refused_where_it_is_another(device: str) -> None:
    x, places = lucid.asarray(numbers(2, 2), device=device), lucid.zeros((2, 2), dtype=lucid.int64, device=device)
    for call in (
        lambda: x.gather(1, places),
        lambda: x.scatter(1, places, x),
        lambda: x.index_select(1, places[0]),
        lambda: x.index_add(1, places[0], x),
        lambda: x.unflatten(1, (1, 2)),
        lambda: x.repeat(2, 1),
        lambda: x.unfold(1, 2, 1),
    ):
        with pytest.raises(TypeError):
            call()
