"""PVT beside what Hugging Face's computes in float64 with the same weights, without either being here.

`tools/make_golden.py` made the files; weights and images come by formula from `recipe.py`. In float64 only the order of
sums differs: 1e-12 is a hundred times what is seen. In float32 a score, near 4, is the end of some hundred roundings of
6e-8 one after the other; 5e-6 is seen on the two backends, which is far below what any wrong formula leads to.
"""

from pathlib import Path

import numpy as np
import pytest

import lucid
from lucid import models, nn
from tests.models import recipe

GOLDEN = Path(__file__).with_name("golden")
TOLERANCE = {lucid.float64: 1e-12, lucid.float32: 3e-5}


def loaded(case, device, dtype):
    """The golden values, the model with its weights, and its images."""
    name, size = case.rsplit("_", 1)
    with nn.init.skipped():
        model = models.create_model(name, img_size=int(size), out_proj=True)
    with np.load(GOLDEN / f"{case}.npz") as file:
        golden = dict(file)
    images = recipe.images((len(golden["logits"]), 3, int(size), int(size)))
    return golden, recipe.load(model.to(device, dtype)).eval(), lucid.asarray(images).to(device, dtype)


@pytest.mark.parametrize("case", ["pvt_tiny_224", "pvt_small_224"])
def test_scores(case, device):
    golden, model, images = loaded(case, device, lucid.float32)
    with lucid.no_grad():
        found = model(images).numpy()
    np.testing.assert_allclose(found, golden["logits"], rtol=0, atol=TOLERANCE[lucid.float32])


def test_scores_and_the_gradient_of_every_parameter(device):
    check_gradients("pvt_tiny_64", device, lucid.float32)


@pytest.mark.parametrize("case", ["pvt_tiny_64", "pvt_tiny_224"])
def test_scores_and_gradients_in_float64(case):
    check_gradients(case, "cpu", lucid.float64)


def check_gradients(case, device, dtype):
    golden, model, images = loaded(case, device, dtype)
    scores = model(images)
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(scores.detach().numpy(), golden["logits"], rtol=0, atol=tolerance)
    (scores * lucid.asarray(recipe.loss_weights(scores.shape)).to(device, dtype)).sum().backward()
    gradients = {name: p.grad.numpy().astype(np.float64) for name, p in model.named_parameters()}
    assert sorted(gradients) == sorted(golden["names"])
    for name, norm, part in zip(golden["names"], golden["norms"], golden["slices"]):
        g = gradients[name]
        assert np.linalg.norm(g) == pytest.approx(norm, rel=tolerance), name
        np.testing.assert_allclose(g.ravel()[[0, g.size // 2, -1]], part, rtol=0, atol=tolerance * np.abs(g).max())
