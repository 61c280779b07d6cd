"""Small programs: ops in a row, writes in place among them, then gradients. Both devices agree, and so does NumPy."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lucid
from lucid import dtypes
from lucid.autograd import check_gradients
from lucid.ops.methods import OPERATORS
from tests.comparing import assert_same, outcome
from tests.fuzz.strategies import WHERE, arrays, keys
from tests.fuzz.test_arguments import PUBLIC, SENTENCE, without_infinities
from tests.op_samples import on
from tests.ops.test_gradients import numbers_of, of_its_numbers, smooth

Step = tuple[str, Any]
numbers = st.one_of(st.integers(-3, 300), st.sampled_from([0.5, -2.0, 1e30, float("nan"), True, 1j]))


@st.composite
def in_place(draw: st.DrawFn) -> tuple[np.ndarray, list[Step]]:
    """A tensor and what is done to it: operators in place, with tensors and numbers, and writes to parts."""
    x = draw(arrays())
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from([*OPERATORS, "setitem", "copy_", "fill_"]))
        if name == "pow" and x.dtype.kind == "c":  # MLX goes by logarithms: off by as many ulps as the exponent says
            name = "mul"
        other = draw(st.one_of(numbers, arrays(st.sampled_from([x.shape, x.shape[-1:], ()])), arrays()))
        steps.append((name, (draw(keys(x.shape)), other) if name == "setitem" else other))
    return x, steps


def run(device: str, x: np.ndarray, steps: list[Step]) -> list[Any]:
    """What every step gives, or says; after an error the tensor has to be what it was."""
    y, found = on(device, x), []
    for name, argument in steps:
        before = y
        if name == "setitem":

            def step(y: Any = y, argument: Any = argument) -> Any:
                y[on(device, argument[0])] = on(device, argument[1])
                return y
        else:
            method = getattr(y, name if name.endswith("_") else f"__i{name}__")

            def step(method: Any = method, argument: Any = argument) -> Any:
                return method(on(device, argument))

        out, error = outcome(step)
        assert not error or SENTENCE.match(error), error
        found += [error, lucid.asarray(before.detach())]
        if not error:
            y = out
    return found


@given(in_place())
def test_writing_in_place(program: tuple[np.ndarray, list[Step]]) -> None:
    outcomes = [run(where, *program) for where in WHERE]
    for found in outcomes[1:]:
        assert found[::2] == outcomes[0][::2]
        for x, y in zip(found[1::2], outcomes[0][1::2], strict=True):
            assert_same(without_infinities(x, True), without_infinities(y, True), ulps=16)


UNARY = ["exp", "tanh", "sin", "sqrt", "abs", "square", "negative", "log1p", "floor", "sign", "isnan"]
REDUCING = ["sum", "mean", "max", "min", "prod", "var", "argmax", "any"]


@st.composite
def chains(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """Names of functions that NumPy and lucid have in common, each with options."""
    found: list[tuple[str, dict[str, Any]]] = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            found.append((draw(st.sampled_from(UNARY)), {}))
        else:
            axis = draw(st.one_of(st.none(), st.integers(-3, 3)))
            found.append((draw(st.sampled_from(REDUCING)), {"axis": axis, "keepdims": draw(st.booleans())}))
    return found


@pytest.mark.parametrize("device", WHERE)
@given(arrays(dtype=st.just(lucid.float32)), chains())
def test_chains_of_functions(device: str, x: np.ndarray, chain: list[tuple[str, dict[str, Any]]]) -> None:
    """NumPy in double precision says the values; where it refuses, so does lucid."""
    y, wanted = on(device, x), x.astype(np.float64)
    for name, options in chain:
        if not y.ndim and "axis" in options:  # NumPy takes axis 0 of a number
            options = {**options, "axis": None}
        y_before = y
        y, error = outcome(lambda name=name, y=y, options=options: getattr(lucid, name)(y, **options))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                wanted = getattr(np, name)(wanted, **options)
        except (ValueError, IndexError, TypeError):
            assert SENTENCE.match(error), error
            return
        if error:
            assert SENTENCE.match(error), error
            assert y_before.dtype.kind != dtypes.REAL or not y_before.size, error
            return
        wanted = np.asarray(wanted)
        if y.dtype.is_floating:
            assert_same(without_infinities(y, True), finite_in(y, wanted), ulps=64, dtype=y.dtype)
        elif y.dtype is lucid.bool:
            assert_same(y, wanted.astype(bool), ulps=0, dtype=lucid.bool)
        wanted = y.numpy().astype(np.float64)  # errors do not add up, and nothing is computed in float16


def finite_in(y: lucid.Tensor, wanted: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        rounded = wanted.astype(y.dtype.name)
    return np.where(np.abs(rounded) < np.finfo(rounded.dtype).max / 4, rounded, np.nan)


SMOOTH = {op.name: op for op in PUBLIC.values() if any(smooth(op, of) for of in op.samples)}


@given(st.data())
def test_gradients_are_those_of_finite_differences(data: st.DataObject) -> None:
    """Samples with their numbers mixed up and a little off, where they are real and no two of them are equal."""
    op = SMOOTH[data.draw(st.sampled_from(sorted(SMOOTH)), label="op")]
    of = data.draw(st.sampled_from([of for of in op.samples if smooth(op, of)]), label="sample")
    source = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    arrays = numbers_of(of)
    if any(x.dtype.kind == "c" for x in arrays):
        return

    def mixed(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        if not np.isnan(x).any():  # where there are gaps, none may lie beside another
            x = source.permuted(x.ravel()).reshape(x.shape)
        return x * source.uniform(0.97, 1.03, x.shape)

    inputs = [lucid.asarray(mixed(x), requires_grad=True) for x in arrays]

    def function(*xs: lucid.Tensor) -> lucid.Tensor:
        return lucid.concat([x.astype(lucid.float64).flatten() for x in of_its_numbers(op, of, "cpu")(*xs)])

    if function(*inputs).requires_grad:
        check_gradients(function, inputs, rtol=1e-3, atol=1e-4)
