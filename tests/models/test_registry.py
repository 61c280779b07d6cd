"""Models by name, and help for names that are nearly right."""

import pytest

import lucid
from lucid import models, nn


@pytest.fixture
def bare(monkeypatch):
    """A registry of the test's own."""
    monkeypatch.setattr(models.registry, "_makers", dict(models.registry._makers))


def test_a_registered_model_can_be_listed_and_made(bare):
    @models.register_model
    def twig_small(width=2):
        return nn.Linear(width, 1)

    assert models.list_models("twig_*") == ["twig_small"]
    assert "twig_small" in models.list_models()
    assert models.create_model("twig_small", width=5).in_features == 5
    assert models.register_model(twig_small) is twig_small


def test_a_name_is_given_once(bare):
    def pvt_tiny():
        return nn.Identity()

    with pytest.raises(ValueError, match="a model named 'pvt_tiny' already"):
        models.register_model(pvt_tiny)


def test_wildcards():
    assert models.list_models("pvt_[!v]*") == ["pvt_huge", "pvt_large", "pvt_medium", "pvt_small", "pvt_tiny"]
    assert models.list_models("pvt_[!v]????") == ["pvt_large", "pvt_small"]
    assert models.list_models("PVT_*") == []


def test_an_unknown_name_or_option_names_the_nearest():
    with pytest.raises(ValueError, match="no model 'pvt_smal'; did you mean 'pvt_small'"):
        models.create_model("pvt_smal")
    for make in (models.pvt_tiny, lambda **options: models.create_model("pvt_tiny", **options)):
        with pytest.raises(TypeError, match="pvt_tiny: there is no option 'embed_dim'; did you mean 'embed_dims'"):
            make(embed_dim=[1])


def test_options_reach_the_model():
    with nn.init.skipped():
        model = models.create_model("pvt_tiny", num_classes=7, depths=(1, 1, 1, 1))
    assert isinstance(model, models.PVT)
    assert (model.config.num_classes, model.config.depths) == (7, [1, 1, 1, 1])
    assert lucid.models is models
