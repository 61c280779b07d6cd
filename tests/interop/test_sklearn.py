"""scikit-learn takes tensors with `array_api_dispatch=True`: the same results as from NumPy arrays.

Left out: `roc_curve`, for which scikit-learn 1.9 calls `xp.where(condition)` where the standard takes three arguments,
and `PLSRegression`, which it does not list among those that take such arrays.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge, RidgeClassifier, RidgeCV
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)

import lucid
from tests.op_samples import numbers

X = numbers(40, 5)
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(np.int64)
R = X @ np.arange(5, dtype=np.float32) + 1

ESTIMATORS: dict[str, Callable[[Any, Any, Any], Any]] = {
    **{f"PCA {s}": lambda x, y, r, s=s: PCA(3, svd_solver=s).fit(x).explained_variance_
       for s in ("full", "covariance_eigh")},
    "PCA and back": lambda x, y, r: (pca := PCA(3, svd_solver="full").fit(x)).inverse_transform(pca.transform(x)),
    "LDA": lambda x, y, r: LinearDiscriminantAnalysis().fit(x, y).predict_proba(x),
    "Ridge": lambda x, y, r: Ridge(solver="svd").fit(x, r).predict(x),
    "RidgeCV": lambda x, y, r: RidgeCV().fit(x, r).predict(x),
    "RidgeClassifier": lambda x, y, r: RidgeClassifier(solver="svd").fit(x, y).predict(x),
    "GaussianNB": lambda x, y, r: GaussianNB().fit(x, y).predict_proba(x),
    "GaussianMixture": lambda x, y, r: GaussianMixture(2, init_params="random", random_state=0).fit(x).means_,
    "Nystroem": lambda x, y, r: Nystroem(n_components=5, random_state=0).fit_transform(x),
    "KernelCenterer": lambda x, y, r: KernelCenterer().fit_transform(x @ x.T),
    "LabelEncoder": lambda x, y, r: LabelEncoder().fit_transform(y),
    "LabelBinarizer": lambda x, y, r: LabelBinarizer().fit_transform(y),
    "train_test_split": lambda x, y, r: train_test_split(x, random_state=0)[0],
    **{s.__name__: lambda x, y, r, s=s: s().fit_transform(x)
       for s in (StandardScaler, MinMaxScaler, MaxAbsScaler, Normalizer, Binarizer, PolynomialFeatures)},
}  # fmt: skip
KERNELS = """
    cosine_similarity cosine_distances euclidean_distances linear_kernel rbf_kernel polynomial_kernel sigmoid_kernel
    chi2_kernel paired_cosine_distances paired_euclidean_distances manhattan_distances laplacian_kernel
""".split()
OF_CLASSES = """
    accuracy_score balanced_accuracy_score confusion_matrix f1_score zero_one_loss precision_score recall_score
    jaccard_score hamming_loss cohen_kappa_score
""".split()
OF_NUMBERS = """
    r2_score mean_squared_error mean_absolute_error max_error explained_variance_score d2_tweedie_score
    mean_pinball_loss root_mean_squared_error
""".split()


@pytest.fixture(autouse=True)
def dispatch(device: str) -> Iterator[None]:
    with sklearn.config_context(array_api_dispatch=True), lucid.use_device(device):
        yield


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators(device: str, name: str) -> None:
    found = ESTIMATORS[name](*(lucid.asarray(a) for a in (X, Y, R)))
    assert found.device == device
    np.testing.assert_allclose(found.numpy(), ESTIMATORS[name](X, Y, R), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", KERNELS)
def test_pairwise_kernels(device: str, name: str) -> None:
    found = getattr(pairwise, name)(lucid.asarray(abs(X)), lucid.asarray(abs(X[::-1])))
    assert found.device == device
    np.testing.assert_allclose(found.numpy(), getattr(pairwise, name)(abs(X), abs(X[::-1])), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [*OF_CLASSES, *OF_NUMBERS])
def test_metrics(name: str) -> None:
    pair = (Y, (X[:, 1] > 0).astype(np.int64)) if name in OF_CLASSES else (R, R * np.float32(0.9) + X[:, 0])
    found, wanted = (getattr(metrics, name)(*arrays) for arrays in (map(lucid.asarray, pair), pair))
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-4, atol=1e-5)
