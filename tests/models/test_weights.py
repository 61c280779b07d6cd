"""Published weights into models: what the file says, what is asked, and what does not fit, in words."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import lucid
from lucid import models, nn
from lucid.cli import main
from lucid.errors import CheckpointError
from lucid.io import load_checkpoint, load_metadata, save_checkpoint
from lucid.models.dialects import translated

SMALL = {"embed_dims": (8, 16, 16, 16), "num_heads": (1, 2, 2, 2), "mlp_ratios": (2, 2, 2, 2)}
V1 = {"img_size": 64, "num_classes": 5, "out_proj": True}


@pytest.fixture
def v1():
    lucid.random.seed(1)
    return models.pvt_tiny(**SMALL, **V1).eval()


@pytest.fixture
def v2():
    lucid.random.seed(2)
    return models.pvt_v2_b0(**SMALL, num_classes=5).eval()


def scores(model, size=64, channels=3):
    x = lucid.asarray(np.random.default_rng(0).normal(size=(2, channels, size, size)).astype("float32"))
    with lucid.no_grad():
        return model.eval()(x).numpy()


def saved(path, model, dialect="official", **without):
    state = translated(model.state_dict(), model.FAMILY, "official", dialect)
    save_checkpoint(path, {name: x for name, x in state.items() if not any(part in name for part in without)})
    return path


@pytest.mark.parametrize("dialect", ["official", "huggingface"])
def test_the_file_says_what_model_it_is_of(v1, tmp_path, dialect, device):
    path = saved(tmp_path / "x.npz", v1, dialect)
    found = models.create_model("pvt_tiny", weights=path, **SMALL).to(device)
    assert (found.config.num_classes, found.config.img_size, found.config.out_proj) == (5, 64, True)
    eps = {1e-6} if dialect == "huggingface" else {1e-5, 1e-6}
    assert {m.eps for m in found.modules() if isinstance(m, nn.LayerNorm)} == eps
    for name, x in v1.state_dict().items():
        assert found.state_dict()[name].tolist() == x.tolist(), name
    if dialect == "official" and device == "cpu":
        assert scores(found).tolist() == scores(v1).tolist()


@pytest.mark.parametrize("dialect", ["official", "timm", "huggingface"])
def test_the_second_generation(v2, tmp_path, dialect):
    path = saved(tmp_path / "x.safetensors", v2, dialect)
    found = models.create_model("pvt_v2_b0", weights=path, **SMALL)
    assert found.state_dict().keys() == v2.state_dict().keys()
    options = dict.fromkeys(("norm_eps", "patch_norm_eps", "sr_norm_eps"), 1e-6) if dialect == "huggingface" else {}
    wanted = models.PVTv2(replace(v2.config, **options))
    wanted.load_state_dict(v2.state_dict())
    assert scores(found).tolist() == scores(wanted).tolist()


def test_the_eps_of_config_json_holds_and_options_hold_more(v2, tmp_path):
    saved(tmp_path / "model.safetensors", v2, "huggingface")
    (tmp_path / "config.json").write_text(json.dumps({"layer_norm_eps": 1e-3}))
    config = models.create_model("pvt_v2_b0", weights=tmp_path, **SMALL).config
    assert (config.norm_eps, config.patch_norm_eps, config.sr_norm_eps) == (1e-3, 1e-3, 1e-3)
    config = models.create_model("pvt_v2_b0", weights=tmp_path, norm_eps=0.5, **SMALL).config
    assert (config.norm_eps, config.patch_norm_eps) == (0.5, 1e-3)


def test_positions_are_resized(v1, tmp_path):
    path = saved(tmp_path / "x.npz", v1)
    found = models.create_model("pvt_tiny", weights=path, img_size=96, **SMALL)
    assert found.pos_embed1.shape == (1, 576, 8)
    assert found.pos_embed4.shape == (1, 10, 16)
    assert found.pos_embed4[:, 0].tolist() == v1.pos_embed4[:, 0].tolist()
    np.testing.assert_allclose(scores(found, 96), scores(v1, 96), rtol=1e-5, atol=1e-6)
    wide = models.create_model("pvt_tiny", weights=path, img_size=(32, 96), **SMALL)
    again = models.create_model("pvt_tiny", weights=saved(tmp_path / "w.npz", wide), img_size=(32, 96), **SMALL)
    assert again.pos_embed1.tolist() == wide.pos_embed1.tolist()


def test_another_number_of_classes(v2, tmp_path):
    path = saved(tmp_path / "x.npz", v2)
    with pytest.warns(UserWarning, match="has 5 classes and num_classes=3: its head was left out, and the"):
        found = models.create_model("pvt_v2_b0", weights=path, num_classes=3, **SMALL)
    assert found.head.weight.shape == (3, 16)
    assert 0 < found.head.weight.abs().max().item() < 0.2
    with pytest.warns(UserWarning, match="its head was left out$"):
        found = models.create_model("pvt_v2_b0", weights=path, num_classes=0, **SMALL)
    x = lucid.random.normal((1, 3, 64, 64))
    assert found.eval()(x).tolist() == v2.forward_features(x).tolist()


def test_files_without_a_head(v2, tmp_path):
    path = saved(tmp_path / "x.npz", v2, head=False)
    assert isinstance(models.create_model("pvt_v2_b0", weights=path, **SMALL).head, nn.Identity)
    assert models.create_model("pvt_v2_b0", weights=path, num_classes=7, **SMALL).head.weight.shape == (7, 16)


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_other_channels(v2, tmp_path, channels):
    found = models.create_model("pvt_v2_b0", weights=saved(tmp_path / "x.npz", v2), in_chans=channels, **SMALL)
    kernels, old = (model.patch_embed1.proj.weight.detach().numpy() for model in (found, v2))
    for i in range(channels if channels > 1 else 0):
        np.testing.assert_allclose(kernels[:, i], old[:, i % 3] * (3 / channels), rtol=1e-6)
    if channels == 1:
        np.testing.assert_allclose(kernels[:, 0], old.sum(axis=1), rtol=1e-5, atol=1e-7)


def without_projections(state):
    return {name: x for name, x in state.items() if ".attn.proj." not in name}


def test_output_projections_are_as_the_file_has_them(v1, tmp_path):
    save_checkpoint(tmp_path / "x.npz", without_projections(v1.state_dict()))
    assert not models.create_model("pvt_tiny", weights=tmp_path / "x.npz", **SMALL).config.out_proj
    with pytest.raises(CheckpointError) as caught:
        models.create_model("pvt_tiny", weights=tmp_path / "x.npz", out_proj=True, **SMALL)
    why = "this file was made without output projections; out_proj=False makes such a model"
    assert str(caught.value).splitlines()[1:] == [f"  16 tensors `attn.proj` are missing: {why}"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pvt_tiny", {"depths": (2, 2, 3, 2)}, r"depths: the file has \[2, 2, 2, 2\], the model \[2, 2, 3, 2\]"),
        ("pvt_tiny", {"embed_dims": (8, 16, 16, 32)}, r"embed_dims: the file has \[8, 16, 16, 16\], the model \[8, 16"),
        ("pvt_tiny", {"out_proj": False}, "16 tensors `attn.proj` are unexpected: this file was made with output proj"),
        ("pvt_tiny", {"mlp_ratios": (3, 2, 2, 2)}, r"block1\.0\.mlp\.fc1\.weight is \(16, 8\), wanted \(24, 8\)"),
        ("pvt_tiny", {"mlp_ratios": (3, 3, 2, 2)}, "and 8 others have other shapes"),
        ("pvt_tiny", {"sr_ratios": (8, 4, 1, 1)}, "4 tensors `attn.sr` are unexpected: they are those of linear"),
        ("pvt_v2_b0", {}, "has weights of the family pvt; wanted pvt_v2"),
    ],
)
def test_what_does_not_fit(v1, tmp_path, name, options, message):
    path = saved(tmp_path / "x.npz", v1)
    with pytest.raises(CheckpointError, match=message):
        models.create_model(name, weights=path, **(SMALL | options))


def test_weights_of_something_else(tmp_path):
    save_checkpoint(tmp_path / "x.npz", {"conv1.weight": lucid.ones(1), "fc.bias": lucid.ones(1)})
    with pytest.raises(CheckpointError, match=r"names of no model that lucid knows: conv1\.weight, fc\.bias, \.\.\."):
        models.create_model("pvt_tiny", weights=tmp_path / "x.npz")


# --- lucid convert ---


def contents(path):
    return {name: (x.dtype, x.shape, x.numpy().tobytes()) for name, x in load_checkpoint(path, "cpu").items()}


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.bfloat16], ids=str)
@pytest.mark.parametrize("family", ["pvt", "pvt_v2"])
def test_converting_there_and_back_changes_no_bit(v1, v2, tmp_path, capsys, family, dtype):
    model = (v1 if family == "pvt" else v2).to(dtype)
    paths = [saved(tmp_path / "start.safetensors", model)]
    for i, dialect in enumerate(["huggingface", *(["timm"] if family == "pvt_v2" else []), "official", "lucid"]):
        paths.append(tmp_path / f"{i}{'.npz' if i % 2 else '.safetensors'}")
        assert main(["convert", str(paths[-2]), str(paths[-1]), "--to", dialect]) == 0
        assert f"tensors of the family {family}" in capsys.readouterr().out
    assert contents(paths[-1]) == contents(paths[0])
    assert (
        load_checkpoint(paths[1], "cpu").keys()
        == translated(model.state_dict(), family, "official", "huggingface").keys()
    )


def test_the_eps_of_hugging_face_goes_along(v1, tmp_path, capsys):
    path = saved(tmp_path / "x.safetensors", v1, "huggingface")
    assert main(["convert", str(path), str(tmp_path / "y.safetensors")]) == 0
    assert load_metadata(tmp_path / "y.safetensors") == {"format": "pt", "layer_norm_eps": "1e-06"}
    assert models.create_model("pvt_tiny", weights=tmp_path / "y.safetensors", **SMALL).config.sr_norm_eps == 1e-6
    assert main(["convert", str(path), str(tmp_path / "y.npz")]) == 0
    assert "eps 1e-06, which .npz cannot say" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["x.npz", "y.pth"], 2, r"lucid convert: argument TARGET: 'y.pth' does not end in .safetensors or .npz"),
        (["no.npz", "y.npz"], 1, "lucid convert: convert: no.npz: there is no such file"),
        (["x.npz", "y.npz", "--to", "timm"], 1, "pvt has no names in the dialect 'timm'"),
        (["x.npz", "y.npz", "--to", "french"], 2, "invalid choice: 'french'"),
    ],
)
def test_bad_usage_is_one_line(v1, tmp_path, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    saved("x.npz", v1)
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main(["convert", *arguments]))
    assert stop.value.code == code
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(message, error)
    assert not (tmp_path / "y.npz").exists()
