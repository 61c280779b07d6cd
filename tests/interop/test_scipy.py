"""SciPy takes tensors in its Array API mode (`SCIPY_ARRAY_API=1`), and gives tensors back.

Some of its functions compute in NumPy and make tensors of the result by `xp.asarray`, without naming a device. So on
the gpu they are called under `lucid.use_device("gpu")`, as PyTorch users call them under `torch.set_default_device`.

Left out: `integrate.cubature`, whose rules are made in `xp.float64` (SciPy 1.17), which no gpu of lucid has.
"""

from collections.abc import Callable
from typing import Any

import array_api_compat
import numpy as np
import pytest
import scipy.cluster.vq
import scipy.differentiate
import scipy.fft
import scipy.integrate
import scipy.ndimage
import scipy.signal
import scipy.special
import scipy.stats
from scipy.spatial.transform import Rotation

import lucid
from tests.op_samples import numbers

X, V = numbers(5, 4), np.float32([0.5, 1.0, 2.0, 4.0, 3.0, 1.5])

CASES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "special.logsumexp": lambda xp, x, v: scipy.special.logsumexp(x, axis=0),
    "special.softmax": lambda xp, x, v: scipy.special.softmax(x, axis=1),
    "special.expit": lambda xp, x, v: scipy.special.expit(x),
    "special.gammaln": lambda xp, x, v: scipy.special.gammaln(v),
    "special.ndtr": lambda xp, x, v: scipy.special.ndtr(x),
    "special.xlogy": lambda xp, x, v: scipy.special.xlogy(v, v),
    "stats.zscore": lambda xp, x, v: scipy.stats.zscore(x),
    "stats.skew": lambda xp, x, v: scipy.stats.skew(x),
    "stats.kurtosis": lambda xp, x, v: scipy.stats.kurtosis(x),
    "stats.gmean": lambda xp, x, v: scipy.stats.gmean(v),
    "stats.variation": lambda xp, x, v: scipy.stats.variation(v),
    "stats.ttest_1samp": lambda xp, x, v: scipy.stats.ttest_1samp(x, 0.5).pvalue,
    "stats.pearsonr": lambda xp, x, v: scipy.stats.pearsonr(v, v * v).statistic,
    "fft.rfft": lambda xp, x, v: scipy.fft.rfft(x),
    "fft.dct": lambda xp, x, v: scipy.fft.dct(x),
    "signal.convolve": lambda xp, x, v: scipy.signal.convolve(v, v),
    "signal.detrend": lambda xp, x, v: scipy.signal.detrend(v),
    "signal.hilbert": lambda xp, x, v: scipy.signal.hilbert(v),
    "ndimage.gaussian_filter": lambda xp, x, v: scipy.ndimage.gaussian_filter(x, 1.0),
    "cluster.vq.whiten": lambda xp, x, v: scipy.cluster.vq.whiten(x),
    "cluster.vq.vq": lambda xp, x, v: scipy.cluster.vq.vq(x, x[:2])[0],
    "integrate.trapezoid": lambda xp, x, v: scipy.integrate.trapezoid(v),
    "differentiate.derivative": lambda xp, x, v: scipy.differentiate.derivative(lambda y: y**3, v).df,
    "spatial.Rotation": lambda xp, x, v: Rotation.from_quat(v[:4]).as_matrix(),
}


@pytest.mark.parametrize("name", CASES)
def test_scipy_takes_tensors(device: str, name: str) -> None:
    wanted = CASES[name](np, X, V)
    with lucid.use_device(device):
        found = CASES[name](lucid, lucid.asarray(X), lucid.asarray(V))
    assert (type(found), found.device) == (lucid.Tensor, device)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-3, atol=1e-4)


def test_what_array_api_compat_asks_for(device: str) -> None:
    x = lucid.asarray(X, device=device)
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.array_namespace(x, x) is lucid
    assert array_api_compat.device(x) == device
    assert array_api_compat.to_device(x, "cpu").device == "cpu"
    assert array_api_compat.size(x) == 20
    assert array_api_compat.is_writeable_array(x)
    assert not array_api_compat.is_lazy_array(x)
