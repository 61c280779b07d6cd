"""What makes `lucid` a namespace of the Array API standard, beside its functions; `make array-api` runs the rest."""

import operator

import numpy as np
import pytest

import lucid


def test_a_tensor_knows_its_namespace(device: str) -> None:
    x = lucid.ones(2, device=device)
    assert x.__array_namespace__() is lucid
    assert x.__array_namespace__(api_version=lucid.__array_api_version__) is lucid
    with pytest.raises(ValueError, match=r"api_version='2020\.01'; choose among 2021\.12"):
        x.__array_namespace__(api_version="2020.01")


def test_every_device_says_what_it_has(device: str) -> None:
    info = lucid.__array_namespace_info__()
    assert device in info.devices()
    for dtype in info.dtypes(device=device).values():
        assert lucid.zeros(1, dtype=dtype, device=device).dtype is dtype
    assert ("float64" in info.dtypes(device=device)) is (device == "cpu")
    assert set(info.dtypes(device=device, kind=("bool", "real floating"))) <= {"bool", "float32", "float64"}
    with lucid.use_device(device):
        assert info.default_device() == device


def test_asarray_gives_the_tensor_itself_only_when_asked(device: str) -> None:
    x = lucid.zeros(2, device=device)
    assert lucid.asarray(x, copy=False) is lucid.asarray(x, dtype=lucid.float32, copy=False) is x
    copies = [lucid.asarray(x), lucid.asarray(x, copy=True), lucid.asarray(x, dtype=lucid.float32)]
    x[0] = 1.0
    assert x.tolist() == [1.0, 0.0]
    assert all(y.tolist() == [0.0, 0.0] for y in copies)


def test_numbers_are_written_in_the_dtype_of_the_tensor() -> None:
    x = lucid.zeros(2, dtype=lucid.float64)
    x[0] = 0.1
    assert x[0].item() == 0.1
    y = lucid.zeros(1, dtype=lucid.uint64)
    y[0] = 2**63
    assert y.tolist() == [2**63]


def test_a_slice_takes_tensors_as_bounds(device: str) -> None:
    x, one = lucid.arange(4, device=device), lucid.asarray(1, device=device)
    assert x[one : operator.index(one) + 2].tolist() == [1, 2]


def test_an_axis_that_is_not_there_is_an_index_error(device: str) -> None:
    with pytest.raises(IndexError, match="axis=3 is not an axis of a tensor with 3"):
        lucid.expand_dims(lucid.ones((2, 2), device=device), axis=3)


def test_the_next_number_is_exact(device: str) -> None:
    x = np.array([1, -1, 0, -0.0, np.inf, 3.4028235e38, 1e-45, 2, 5], np.float32)
    y = np.array([2, 2, 1, -1, 0, np.inf, 0, 2, np.nan], np.float32)
    found = lucid.nextafter(lucid.asarray(x, device=device), lucid.asarray(y, device=device)).numpy()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found, np.nextafter(x, y))


def test_infinities_that_libraries_disagree_on(device: str) -> None:
    inf, nan = float("inf"), float("nan")
    x, y = lucid.asarray([inf, -inf, 1.0, -1.0], device=device), lucid.asarray([2.0, 2.0, -inf, inf], device=device)
    np.testing.assert_array_equal((x // y).numpy(), [inf, -inf, -0.0, -0.0])
    z = lucid.asarray([complex(-inf, inf), complex(inf, 0), complex(nan, 0)], device=device)
    found = lucid.expm1(z).numpy()
    np.testing.assert_array_equal(found.real, [-1, inf, nan])
    np.testing.assert_array_equal(found.imag, [0, 0, 0])
    assert lucid.tanh(lucid.asarray(complex(inf, 2), device=device)).item() == 1


def test_the_sign_of_every_complex_zero_is_plain_zero(device: str) -> None:
    found = lucid.sign(lucid.asarray([0j, complex(-0.0, 0.0), complex(-0.0, -0.0)], device=device)).numpy()
    np.testing.assert_array_equal(np.signbit([found.real, found.imag]), False)


@pytest.mark.parametrize("k", [2**63, -(2**63)])
def test_diagonals_outside_of_the_matrix(device: str, k: int) -> None:
    x = lucid.ones((2, 2), device=device)
    assert lucid.eye(2, k=k, device=device).sum().item() == 0
    assert (lucid.tril(x, k=k).sum() + lucid.triu(x, k=k).sum()).item() == 4


def test_sums_keep_the_dtype_that_is_asked_for(device: str) -> None:
    x = lucid.full((3,), 100, dtype=lucid.uint8, device=device)
    assert x.sum(dtype=lucid.uint8).dtype is lucid.prod(x, dtype=lucid.uint8).dtype is lucid.uint8
    assert x.sum(dtype=lucid.uint8).item() == 300 - 256
