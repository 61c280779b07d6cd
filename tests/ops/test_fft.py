"""lucid.fft: values against NumPy, gradients to second order, both devices, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lucid
from lucid import fft
from lucid.autograd import check_gradients, grad
from lucid.errors import DTypeError, ShapeError
from tests.op_samples import numbers

COMPLEX, REAL = ("fft", "ifft", "irfft", "hfft"), ("rfft", "ihfft")
SINGLE = {"f": np.float32, "c": np.complex64}


def some(*shape: int, real: bool = False) -> np.ndarray:
    return numbers(*shape, dtype=np.float64 if real else np.complex128)


def samples() -> list[Any]:
    """The name of a function, its arguments, and its options in lucid and in NumPy."""
    found: list[tuple[str, np.ndarray, dict[str, Any]]] = []
    for name in (*COMPLEX, *REAL):
        real = name in REAL
        for size in (1, 2, 5, 6):
            for n in (None, 1, 4, 7):
                if n is not None or size > 1 or name not in ("irfft", "hfft"):
                    found.append((name, some(2, size, real=real), {"n": n}))
        for norm in ("ortho", "forward", "backward"):
            found.append((name, some(3, 4, 2, real=real), {"n": 5, "axis": 1, "norm": norm}))
    found += [(name, some(2, 5, real=True), {"axis": 0}) for name in ("fft", "ifft")]
    for name in ("fftn", "ifftn", "rfftn", "irfftn"):
        x = some(3, 4, 5, real=name == "rfftn")
        found += [
            (name, x, {}),
            (name, x, {"axes": (-1, 0), "norm": "ortho"}),
            (name, x, {"s": (4, 4), "axes": (1, 0)}),
        ]
        found += [(name, x, {"s": (-1, 6), "axes": (0, 2), "norm": "forward"})] if name != "irfftn" else []
        found += [(name, x[:0], {"axes": (1, 2)})]
    for name in ("fftshift", "ifftshift"):
        found += [(name, some(4, 5, real=True), options) for options in ({}, {"axes": 1}, {"axes": (0, -1)})]
    return [pytest.param(*case, id=f"{case[0]} {case[1].shape} {case[2]}") for case in found]


@pytest.mark.parametrize(("name", "x", "options"), samples())
def test_values_are_those_of_numpy(device: str, name: str, x: np.ndarray, options: dict[str, Any]) -> None:
    """In double precision on the cpu; in single precision on both devices."""
    wanted = getattr(np.fft, name)(x, **options)
    for single in (False, True) if device == "cpu" else (True,):
        given = x.astype(SINGLE[x.dtype.kind]) if single else x
        found = getattr(fft, name)(lucid.asarray(given, device=device), **options)
        assert found.device == device
        assert found.dtype.name == np.dtype(SINGLE[wanted.dtype.kind] if single else wanted.dtype).name
        off = 1e-5 if single else 1e-12
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found.numpy(), wanted, rtol=off, atol=10 * off)


def differentiable(name: str, x: np.ndarray, options: dict[str, Any]) -> Callable[..., lucid.Tensor]:
    return lambda y: getattr(fft, name)(y, **options)


@pytest.mark.parametrize(("name", "x", "options"), [case for case in samples() if case.values[1].size])
def test_gradients_are_those_of_finite_differences(name: str, x: np.ndarray, options: dict[str, Any]) -> None:
    check_gradients(differentiable(name, x, options), [lucid.asarray(x, requires_grad=True)])


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("name", "x", "options"), samples())
def test_the_gpu_has_the_gradients_of_the_cpu(device: str, name: str, x: np.ndarray, options: dict[str, Any]) -> None:
    found = []
    for where in ("cpu", device):
        given = lucid.asarray(x.astype(SINGLE[x.dtype.kind]), device=where, requires_grad=True)
        out = differentiable(name, x, options)(given)
        weights = np.sin(np.arange(1.0, out.size + 1) * 2.3).reshape(out.shape).astype(out.dtype.name)
        found.append(grad(out, [given], lucid.asarray(weights, device=where))[0].numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-4)


def test_inverses_give_back_what_was_transformed(device: str) -> None:
    real, z = (
        lucid.asarray(some(4, 5, real=r).astype(SINGLE["f" if r else "c"]), device=device) for r in (True, False)
    )
    for norm in ("backward", "ortho", "forward"):
        pairs = [
            (fft.ifft(fft.fft(z, norm=norm), norm=norm), z),
            (fft.ifftn(fft.fftn(z, norm=norm), norm=norm), z),
            (fft.irfft(fft.rfft(real, norm=norm), n=5, norm=norm), real),
            (fft.irfftn(fft.rfftn(real, norm=norm), s=(4, 5), axes=(0, 1), norm=norm), real),
            (fft.hfft(fft.ihfft(real, norm=norm), n=5, norm=norm), real),
        ]
        for found, wanted in pairs:
            np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-5)
    assert fft.ifftshift(fft.fftshift(real)).tolist() == real.tolist()


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_frequencies(device: str, n: int) -> None:
    for name in ("fftfreq", "rfftfreq"):
        found = getattr(fft, name)(n, d=0.25, device=device)
        assert (found.dtype, found.device) == (lucid.float32, device)
        np.testing.assert_allclose(found.numpy(), getattr(np.fft, name)(n, 0.25), rtol=1e-6)
    assert fft.fftfreq(n, dtype=lucid.float64).dtype is lucid.float64


def test_16_bit_numbers_and_integers_become_single_precision(device: str) -> None:
    for x in ([1, 2, 3], lucid.asarray([1.0, 2.0, 3.0], dtype=lucid.float16), lucid.asarray([True, False, True])):
        x = lucid.asarray(x, device=device)
        assert fft.fft(x).dtype is fft.rfft(x).dtype is lucid.complex64
        assert fft.irfft(x).dtype is fft.hfft(x).dtype is lucid.float32


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: fft.fft(x, n=0), ShapeError, "fft: a transform of 0 numbers; wanted at least 1"),
        (lambda x: fft.fft(x, n="3"), TypeError, "fft: a transform of '3' numbers; wanted an integer"),
        (lambda x: fft.irfftn(x, s=(2.5,), axes=(0,)), TypeError, "irfftn: a transform of 2.5 numbers; wanted an int"),
        (lambda x: fft.ifft(x[:0], axis=0), ShapeError, "ifft: a transform of 0 numbers"),
        (lambda x: fft.irfft(x[:, :1]), ShapeError, "irfft: a transform of 0 numbers"),
        (lambda x: fft.fft(x, axis=2), ShapeError, "fft: axis=2 is not an axis of a tensor with 2"),
        (lambda x: fft.fft(x, norm="none"), ValueError, "fft: norm='none'; choose 'backward', 'ortho' or 'forward'"),
        (lambda x: fft.fftn(x, s=(2, 2)), ValueError, r"fftn: s=\(2, 2\) without axes"),
        (lambda x: fft.fftn(x, s=(2,), axes=(0, 1)), ShapeError, "fftn: .* differ in length"),
        (lambda x: fft.rfftn(x, axes=()), ShapeError, "rfftn: no axis to transform"),
        (lambda x: fft.rfft(x * 1j), DTypeError, "rfft: got dtype complex64; wanted one of kind real floating"),
        (lambda x: fft.ihfft(x * 1j), DTypeError, "ihfft: got dtype complex64"),
        (lambda x: fft.fft([1.0]), TypeError, "fft: x is list; wanted a Tensor"),
        (lambda x: fft.fftfreq(0), ShapeError, "fftfreq: a transform of 0 numbers"),
        (lambda x: fft.fftfreq(3, dtype=lucid.int64), DTypeError, "fftfreq: dtype=int64; wanted a real floating one"),
    ],
)
def test_what_is_wrong_is_refused(
    device: str, function: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        function(lucid.ones((2, 3), device=device))


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_transforms_compile(device: str) -> None:
    x = lucid.asarray(np.float32([1.0, 2.0, 4.0]), device=device)
    there_and_back = lucid.compile(lambda x: fft.irfft(fft.rfft(x) * 2, n=3))
    np.testing.assert_allclose(there_and_back(x).numpy(), [2.0, 4.0, 8.0], rtol=1e-6)


def test_every_name_is_there() -> None:
    assert all(callable(getattr(lucid.fft, name)) for name in fft.__all__)
