"""Which devices there are, which one is the default, and what is said where one cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lucid
from lucid import devices
from lucid.errors import DeviceError, DTypeError

ROOT = Path(__file__).resolve().parent.parent


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_the_default_is_the_cpu() -> None:
    assert lucid.default_device() == lucid.ones(1).device == "cpu"


def test_the_default_can_be_set_for_a_while(device: str) -> None:
    with lucid.use_device(device):
        assert lucid.default_device() == device
        made = (lucid.ones(1), lucid.asarray([1]), lucid.arange(2), lucid.eye(2), lucid.random.uniform((2,)))
        assert {x.device for x in made} == {device}
    assert lucid.default_device() == "cpu"


def test_the_default_comes_back_after_an_error(device: str) -> None:
    with pytest.raises(ZeroDivisionError), lucid.use_device(device):
        raise ZeroDivisionError
    assert lucid.default_device() == "cpu"


@pytest.mark.parametrize("use", [lucid.set_default_device, lambda d: lucid.ones(1, device=d), lucid.ones(1).to])
def test_an_unknown_device_is_refused(use) -> None:
    with pytest.raises(DeviceError, match=r"device='cuda' is not a device; choose 'cpu' .* or 'gpu'"):
        use("cuda")
    with pytest.raises(DeviceError, match=r"device=a Tensor is not a device; choose"):
        use(lucid.zeros((30, 30)))
    assert lucid.default_device() == "cpu"
    assert not lucid.is_available("cuda")


def test_a_device_says_what_it_is(device: str) -> None:
    described = devices.describe(device)
    assert {"cpu": "NumPy", "gpu": "MLX"}[device] in described
    if device == "gpu" and devices.backend("gpu").ON_PROCESSOR:
        assert "ON THE PROCESSOR" in described


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize("dtype", [lucid.float64, lucid.complex128])
def test_a_dtype_that_the_gpu_lacks_is_refused_with_what_to_do(device: str, dtype: lucid.DType) -> None:
    on_cpu = lucid.ones(2, dtype=dtype)
    smaller = {lucid.float64: "float32", lucid.complex128: "complex64"}[dtype]
    attempts = [
        lambda: lucid.ones(2, dtype=dtype, device=device), lambda: on_cpu.to(device), lambda: on_cpu.gpu(),
        lambda: lucid.ones(2, device=device).astype(dtype), lambda: lucid.asarray([1.0], dtype=dtype, device=device),
        lambda: lucid.asarray(on_cpu.numpy(), device=device), lambda: lucid.full(2, 1.0, dtype=dtype, device=device),
        lambda: lucid.zeros_like(on_cpu, device=device), lambda: lucid.arange(3, dtype=dtype, device=device),
        lambda: lucid.ones(2, device=device).to(dtype), lambda: lucid.eye(2, dtype=dtype, device=device),
        lambda: lucid.linspace(0, 1, 3, dtype=dtype, device=device),
        lambda: lucid.asarray(on_cpu, device=device), lambda: lucid.sum(lucid.ones(2, device=device), dtype=dtype),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(DTypeError) as caught:
            attempt()
        assert f"{dtype.name} lives on the cpu alone" in str(caught.value)
        assert f"x.astype(lucid.{smaller})" in str(caught.value)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
@pytest.mark.parametrize(("dtype", "smaller"), [(lucid.float64, lucid.float32), (lucid.complex128, lucid.complex64)])
def test_dlpack_alone_narrows_what_the_gpu_lacks_and_says_so(device, dtype, smaller, caplog) -> None:
    on_cpu = lucid.asarray([0.1, 2.0], dtype=dtype, device="cpu")
    for given in (on_cpu, on_cpu.numpy()):
        caplog.clear()
        found = lucid.from_dlpack(given, device=device)
        assert (found.device, found.dtype) == (device, smaller)
        assert found.tolist() == on_cpu.astype(smaller).tolist()
        assert caplog.messages == [f"from_dlpack: {dtype.name} became {smaller.name}, which 'gpu' has"]
        assert lucid.from_dlpack(given, device="cpu").dtype is dtype
    assert len(caplog.messages) == 1


def test_without_mlx_the_cpu_works_and_the_gpu_says_how_to_install_it() -> None:
    program = """
import sys
sys.modules["mlx"] = sys.modules["mlx.core"] = None  # what import finds for a package that is not there
import lucid
assert (lucid.ones(2) + 1).tolist() == [2, 2]
assert not lucid.is_available("gpu")
for use in (lambda: lucid.ones(2, device="gpu"), lambda: lucid.ones(2).gpu(), lambda: lucid.set_default_device("gpu")):
    try:
        use()
    except lucid.errors.DeviceError as error:
        assert "pip install mlx" in str(error) and "mlx[cpu]" in str(error), error
    else:
        raise AssertionError("no error")
"""
    finished = run(program)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_a_required_gpu_is_not_replaced_by_the_processor(device: str) -> None:
    if not devices.backend("gpu").ON_PROCESSOR:
        pytest.skip("this machine has a GPU")
    program = 'import lucid; print(lucid.is_available("gpu")); lucid.ones(1, device="gpu")'
    assert run(program, LUCID_REQUIRE_GPU="0").stdout == "True\n"
    refused = run(program, LUCID_REQUIRE_GPU="1")
    assert refused.stdout == "False\n"
    assert "DeviceError: gpu: LUCID_REQUIRE_GPU is set and MLX finds no GPU here" in refused.stderr


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["gpu"], indirect=True)
def test_float32_means_float32(device: str) -> None:
    """MLX may round float32 to 10 bits in matrix products; lucid switches that off before MLX starts."""
    program = 'import lucid, os; lucid.ones(1, device="gpu"); print(os.environ["MLX_ENABLE_TF32"])'
    assert run(program).stdout == "0\n"
    assert run(program, LUCID_ENABLE_TF32="1").stdout == "1\n"


FLOATING_POINT_STATE = """
import warnings, numpy as np, numpy._core.umath
{before}
import lucid
x = lucid.asarray([1.0, -1.0])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(lucid.divide(x, 0.0).tolist(), lucid.log(x).tolist(), len(caught))
    np.asarray([1.0]) / 0.0
    print(len(caught))
"""


@pytest.mark.parametrize("before", ["", "del numpy._core.umath._extobj_contextvar"])
def test_only_the_programs_own_numpy_warns(before: str) -> None:
    """Also with a NumPy that has renamed what it keeps floating-point warnings in."""
    found = run(FLOATING_POINT_STATE.format(before=before))
    assert found.stdout.splitlines() == ["[inf, -inf] [0.0, nan] 0", "1"], found.stderr
