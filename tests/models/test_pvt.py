"""PVT: its size, its names, its shapes for every input, and how it starts and trains."""

import copy
import os

import numpy as np
import pytest

import lucid
from lucid import models, nn
from lucid.errors import ShapeError
from lucid.models.pvt import resized_positions

SMALL = {"embed_dims": (8, 16), "depths": (1, 2), "num_heads": (1, 2), "sr_ratios": (2, 1), "mlp_ratios": (2, 2)}
SMALL |= {"img_size": 32, "num_classes": 5}


def small(**options):
    return models.pvt_tiny(**(SMALL | options))


# What a model of this size has to be. The large ones are built unfilled.

TABLE = {  # parameters without and with the output projection, and multiply-adds with it, in units of 10^9, at 224
    "pvt_tiny": (12_457_192, 13_229_288, 1.93),
    "pvt_small": (23_003_048, 24_485_864, 3.82),
    "pvt_medium": (41_492_648, 44_208_104, 6.66),
    "pvt_large": (57_663_336, 61_369_320, 9.81),
    "pvt_huge": (286_706_920, 304_945_512, 50.5),
}


@pytest.mark.parametrize("name", TABLE)
def test_parameters_and_multiply_adds(name):
    without, with_projection, cost = TABLE[name]
    with nn.init.skipped():
        assert sum(p.size for p in models.create_model(name).parameters()) == without
        model = models.create_model(name, out_proj=True)
    assert sum(p.size for p in model.parameters()) == with_projection
    if name != "pvt_huge":  # of which a run takes seconds
        summary = model.summary((1, 3, 224, 224))
        assert summary.parameters == with_projection
        assert summary.multiply_adds / 1e9 == pytest.approx(cost, rel=0.005)


@pytest.mark.parametrize(("name", "rate"), [("tiny", 0.1), ("small", 0.1), ("medium", 0.3), ("large", 0.3)])
def test_drop_path_rises_over_all_blocks(name, rate):
    with nn.init.skipped():
        model = models.create_model(f"pvt_{name}", embed_dims=(1, 2, 5, 8), img_size=32)
    rates = [module.p for module in model.modules() if isinstance(module, nn.DropPath)]
    np.testing.assert_allclose(rates, np.linspace(0, rate, sum(model.config.depths)))


@pytest.mark.parametrize(("out_proj", "count"), [(False, 145), (True, 161)])
def test_tensors_have_the_official_names(out_proj, count):
    with nn.init.skipped():
        state = models.pvt_tiny(out_proj=out_proj).state_dict()
    assert len(state) == count
    shapes = {name: x.shape for name, x in state.items()}
    wanted = {
        "patch_embed1.proj.weight": (64, 3, 4, 4),
        "patch_embed4.norm.bias": (512,),
        "cls_token": (1, 1, 512),
        "pos_embed1": (1, 3136, 64),
        "pos_embed2": (1, 784, 128),
        "pos_embed4": (1, 50, 512),
        "block1.0.attn.q.weight": (64, 64),
        "block1.0.attn.kv.bias": (128,),
        "block1.0.attn.norm.weight": (64,),
        "block1.0.attn.sr.weight": (64, 64, 8, 8),
        "block3.1.mlp.fc1.weight": (1280, 320),
        "norm.weight": (512,),
        "block2.1.norm1.bias": (128,),
        "block2.1.norm2.bias": (128,),
        "head.weight": (1000, 512),
    }
    assert wanted.items() <= shapes.items()
    assert ("block4.1.attn.proj.weight" in shapes) == out_proj
    assert "block4.0.attn.sr.weight" not in shapes


def test_the_repr_begins_with_the_configuration():
    with nn.init.skipped():
        lines = repr(models.pvt_tiny()).splitlines()
    assert lines[0].startswith(
        "PVT(img_size=224, num_classes=1000, embed_dims=[64, 128, 320, 512], depths=[2, 2, 2, 2], "
        "num_heads=[1, 2, 5, 8], sr_ratios=[8.0, 4.0, 2.0, 1.0], "
    )
    assert "out_proj=False" in lines[0]
    assert lines[1] == "  (patch_embed1): PatchEmbed("
    assert lines[2] == "    (proj): Conv2d(3, 64, kernel_size=(4, 4), stride=(4, 4))"
    assert lines[-1] == ")"


def test_norms_have_the_official_eps():
    with nn.init.skipped():
        model = models.pvt_tiny()
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            assert module.eps == (1e-5 if "patch_embed" in name or "attn" in name else 1e-6), name


def test_options_reach_the_layers():
    model = small(norm_eps=0.1, patch_norm_eps=0.2, sr_norm_eps=0.3, drop_rate=0.4, attn_drop_rate=0.5, qkv_bias=False)
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            assert module.eps == (0.2 if "patch_embed" in name else 0.3 if "attn" in name else 0.1), name
        elif type(module) is nn.Dropout:
            assert module.p == (0.5 if "attn_drop" in name else 0.4), name
    assert model.block1[0].attn.q.bias is model.block1[0].attn.kv.bias is None
    assert small(in_chans=1, patch_size=8).patch_embed1.proj.weight.shape == (8, 1, 8, 8)


# What goes in and comes out.


@pytest.mark.parametrize("size", [(32, 32), (64, 32), (33, 47), (8, 75)])
def test_images_of_any_size(size, device):
    model = small().to(device).eval()
    x = lucid.random.normal((2, 3, *size), device=device)
    assert model(x).shape == (2, 5)
    assert model.forward_features(x).shape == (2, 16)
    pyramid = model.forward_pyramid(x)
    assert [image.shape for image in pyramid] == [(2, d, size[0] // s, size[1] // s) for d, s in ((8, 4), (16, 8))]


def test_the_pyramid_of_four_stages():
    with nn.init.skipped():
        model = models.pvt_tiny(embed_dims=(4, 6, 10, 8), img_size=64).eval()
    shapes = [x.shape for x in model.forward_pyramid(lucid.zeros((1, 3, 70, 96)))]
    assert shapes == [(1, 4, 17, 24), (1, 6, 8, 12), (1, 10, 4, 6), (1, 8, 2, 3)]


def test_the_pyramid_is_what_the_scores_are_made_of():
    model, x = small().eval(), lucid.random.normal((2, 3, 40, 32))
    seen = {}
    for i in (1, 2):
        getattr(model, f"block{i}")[-1].register_forward_hook(lambda m, inputs, out, i=i: seen.update({i: out}))
    pyramid = model.forward_pyramid(x)
    for i, (height, width) in ((1, (10, 8)), (2, (5, 4))):
        tokens = seen[i].detach().numpy()[:, i == 2 :]
        found = pyramid[i - 1].detach().numpy()
        for row, column in ((0, 0), (1, 3), (height - 1, width - 1)):
            np.testing.assert_array_equal(found[:, :, row, column], tokens[:, row * width + column])


def test_position_embeddings_are_resized_apart_from_the_class_tokens():
    sizes = ((4, 8), (2, 16), (8, 4))
    model = small(img_size=(32, 64)).eval()
    with lucid.no_grad():
        table = model.pos_embed2
        slope = lucid.arange(8, dtype=lucid.float32)[None, :, None] + lucid.zeros((4, 8, 16))
        table.copy_(lucid.concat([lucid.full((1, 1, 16), -7.0), slope.reshape((1, 32, 16))], axis=1))
        same, wide, turned = (resized_positions(table.detach(), (4, 8), s).numpy() for s in sizes)
    assert np.array_equal(same, table.detach().numpy())
    for resized, columns in ((wide, 16), (turned, 4)):
        assert np.all(resized[:, 0] == -7)
        centres = np.clip((np.arange(columns) + 0.5) * 8 / columns - 0.5, 0, 7)
        pixels = resized[0, 1:].reshape(32 // columns, columns, 16)
        np.testing.assert_allclose(pixels, np.broadcast_to(centres[:, None], pixels.shape), atol=1e-5)


def test_without_classes_features_come_out():
    model = small(num_classes=0).eval()
    x = lucid.random.normal((2, 3, 32, 32))
    assert model(x).tolist() == model.forward_features(x).tolist()
    assert "head.weight" not in model.state_dict()


def test_the_classifier_can_be_exchanged(device):
    model = small().to(device, lucid.float16)
    model.reset_classifier(3)
    assert (model.head.weight.shape, model.config.num_classes) == ((3, 16), 3)
    assert (model.head.weight.device, model.head.weight.dtype) == (device, lucid.float16)
    assert 0 < model.head.weight.abs().max().item() < 0.2
    assert "num_classes=3" in repr(model)
    model.reset_classifier(0)
    assert isinstance(model.head, nn.Identity)
    assert model.no_weight_decay() == {"cls_token"} <= {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small()(lucid.ones((3, 32, 32))), ShapeError, r"images of shape \(3, 32, 32\); wanted \(b, 3, h, w\)"),
        (lambda: small()(lucid.ones((1, 1, 32, 32))), ShapeError, r"images of shape \(1, 1, 32, 32\)"),
        (lambda: small()(lucid.ones((1, 3, 32, 7))), ShapeError, "an image is 32 x 7; wanted at least 8 x 8"),
        (lambda: small()(lucid.ones((1, 3, 32, 32), dtype=lucid.uint8)), TypeError, "images of uint8; convert"),
        (lambda: small()([[1.0]]), TypeError, "PVT: got list; wanted a Tensor"),
        (lambda: models.pvt_tiny(img_size=31), ShapeError, "img_size is 31 x 31; wanted at least 32 x 32"),
        (lambda: small(depths=(1, 2, 3)), ValueError, r"'depths': 3.*wanted as many numbers in each"),
        (lambda: small(num_classes=-1), ValueError, "num_classes=-1; wanted whole numbers of at least 0"),
        (lambda: small(num_classes=2.5), ValueError, "num_classes=2.5; wanted whole numbers of at least 0"),
        (lambda: small(in_chans=0), ValueError, "in_chans=0; wanted whole numbers of at least 1"),
        (lambda: small(depths="ab"), ValueError, r"depths=\['a', 'b'\]; wanted whole numbers of at least 0"),
        (lambda: small(img_size="32"), ValueError, "img_size='32'; wanted a number of pixels"),
        (lambda: small(sr_ratios=(4, 2)), ValueError, r"sr_ratios=\[4.0, 2.0\]; wanted 1.0 last"),
        (lambda: small(num_heads=(3, 2)), ShapeError, "num_heads=3 does not divide dim=8"),
        (lambda: small(drop_path_rate=1.5), ValueError, "DropPath: p=1.5"),
    ],
)
def test_errors_say_what_came_and_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()


# How it starts, and that it learns.


def test_it_starts_as_the_paper_says():
    lucid.random.seed(0)
    model = small(embed_dims=(32, 64), num_classes=100, qkv_bias=True)
    for name, p in model.named_parameters():
        x = p.detach().numpy()
        if "norm" in name:
            assert np.all(x == name.endswith("weight")), name
        elif name.endswith(("proj.weight", "sr.weight")):
            assert np.abs(x).max() <= np.prod(x.shape[1:]) ** -0.5, name
            assert np.abs(x).max() > 0.9 * np.prod(x.shape[1:]) ** -0.5, name
        elif name.endswith("bias"):
            assert np.all(x == 0) != ("proj" in name or "sr" in name), name
        else:
            assert x.std() == pytest.approx(0.02, rel=0.3), name


def test_building_is_repeatable_and_writes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states = []
    for _ in range(2):
        lucid.random.seed(5)
        states.append(small().state_dict())
    assert all(bool((x == states[1][name]).all()) for name, x in states[0].items())
    assert not bool((states[0]["head.weight"] == small().head.weight).all())
    assert os.listdir(tmp_path) == []


def test_every_parameter_gets_a_gradient(device):
    model = small(out_proj=True, drop_rate=0.1, attn_drop_rate=0.1).to(device)
    x = lucid.random.normal((4, 3, 36, 40), device=device)
    nn.functional.cross_entropy(model(x), lucid.asarray([0, 1, 2, 3], device=device)).backward()
    for name, p in model.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().max().item() > 0 or name.endswith("attn.kv.bias"), name


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16], ids=str)
def test_half_precision_stays_half(dtype, device):
    model = small().to(device, dtype)
    scores = model(lucid.random.normal((2, 3, 40, 32), device=device).astype(dtype))
    nn.functional.cross_entropy(scores, lucid.asarray([0, 1], device=device)).backward()
    assert scores.dtype is dtype
    assert {p.grad.dtype for p in model.parameters()} == {dtype}


def test_dropping_is_for_training_alone(device):
    model = small(drop_path_rate=0.5).to(device)
    x = lucid.random.normal((8, 3, 32, 32), device=device)
    assert model(x).tolist() != model(x).tolist()
    model.eval()
    assert model(x).tolist() == model(x).tolist()


def test_a_block_whose_paths_are_dropped_does_nothing():
    block, x = small(drop_path_rate=1.0).block2[-1], lucid.random.normal((2, 17, 16))
    assert block(x, 4, 4).tolist() == x.tolist()
    assert block.eval()(x, 4, 4).tolist() != x.tolist()


def test_devices_agree(device):
    lucid.random.seed(0)
    model, x = small(out_proj=True).eval(), lucid.random.normal((2, 3, 32, 40))
    twin = copy.deepcopy(model).to(device)
    np.testing.assert_allclose(twin(x.to(device)).detach().numpy(), model(x).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_a_few_steps_learn_four_images(device):
    lucid.random.seed(0)
    model = small(drop_path_rate=0.0).to(device)
    x = lucid.random.normal((4, 3, 32, 32), device=device)
    target = lucid.asarray([0, 1, 2, 3], device=device)
    optimizer = lucid.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(5), rel=0.05)
    assert losses[-1] < 0.5 * losses[0]


def test_the_class_takes_the_fields_as_keywords():
    small = {"img_size": 32, "num_classes": 3, "embed_dims": [8, 16], "depths": [1, 1], "num_heads": [1, 2]}
    model = models.PVT(**small, sr_ratios=[2, 1], mlp_ratios=[2, 2])
    assert repr(model).startswith("PVT(img_size=32, num_classes=3, embed_dims=[8, 16], depths=[1, 1], num_heads=[1, 2]")
    assert repr(models.PVT(model.config)) == repr(model)
    with pytest.raises(TypeError, match="did you mean 'embed_dims'"):
        models.PVT(embed_dim=[8])
    with pytest.raises(TypeError, match="put them into the config"):
        models.PVT(model.config, depths=[2, 2])


def test_a_batch_may_be_empty(device):
    model = models.pvt_tiny(img_size=32, num_classes=3, depths=[1, 1, 1, 1]).to(device)
    scores = model(lucid.ones((0, 3, 32, 32), device=device))
    assert scores.shape == (0, 3)
    scores.sum().backward()
    assert model.head.weight.grad.shape == (3, 512)
