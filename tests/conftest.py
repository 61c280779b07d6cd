"""What every test can count on: a device to run on, a TMPDIR of its own, and parity tests only when asked for."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# MLX compiles kernels into TMPDIR and reuses them, which is not safe between processes: each worker gets its own.
# Here, since nothing has imported MLX yet.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix=f"lucid-{worker}-")
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

os.environ["SCIPY_ARRAY_API"] = "1"  # read when SciPy is imported: it then takes tensors, in tests/interop

PARITY = Path(__file__).with_name("parity")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the parity tests alone, so that nothing imports torch, unless `-m` asks for them."""
    asked = "parity" in config.option.markexpr.replace("not parity", "")
    return True if collection_path == PARITY and not asked else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """All of tests/parity carries the marker; no file has to say it."""
    if PARITY in item.path.parents:
        item.add_marker("parity")


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """Each device in turn. "gpu" is skipped without MLX, but fails if LUCID_REQUIRE_GPU=1 says it has to be there."""
    if request.param == "gpu":
        try:
            import mlx.core  # noqa: F401
        except ImportError as error:
            if os.environ.get("LUCID_REQUIRE_GPU") == "1":
                raise
            pytest.skip(f"device='gpu' needs MLX, which cannot be imported ({error}); pip install 'lucid-tensor[gpu]'")
    return request.param
