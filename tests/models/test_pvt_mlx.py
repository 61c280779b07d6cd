"""The PVT that benchmarks/pvt_mlx.py writes by hand in mlx.nn is the same model as lucid's."""

import pytest

import lucid
from lucid import models

pytestmark = pytest.mark.gpu


def test_equal_parameters_give_equal_scores():
    mx = pytest.importorskip("mlx.core")
    from benchmarks import pvt_mlx

    lucid.random.seed(0)
    model = models.pvt_tiny(img_size=64, num_classes=1000).eval()
    by_hand = pvt_mlx.PVT(64).take(model.state_dict())
    by_hand.eval()
    images = lucid.random.normal((2, 3, 64, 64))
    wanted = model(images).detach().numpy()
    found = lucid.asarray(by_hand(mx.array(images.numpy()))).numpy()
    assert abs(found - wanted).max() < 2e-5 * abs(wanted).max()  # float32, in another order


def test_it_has_as_many_parameters():
    from benchmarks import pvt_mlx

    count = sum(x.size for _, x in pvt_mlx.mlx.utils.tree_flatten(pvt_mlx.PVT(224).parameters()))
    assert count == 12_457_192
