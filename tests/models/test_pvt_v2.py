"""The second generation of PVT: its size, its names, how it starts, and what images it takes."""

import numpy as np
import pytest

import lucid
from lucid import models, nn
from lucid.errors import ShapeError

TABLE = {  # parameters, and multiply-adds at 224 in units of 10^9, as published
    "pvt_v2_b0": (3_666_760, 0.57),
    "pvt_v2_b1": (14_009_000, 2.11),
    "pvt_v2_b2": (25_362_856, 4.03),
    "pvt_v2_b2_li": (22_553_512, 3.89),
    "pvt_v2_b3": (45_238_696, 6.90),
    "pvt_v2_b4": (62_556_072, 10.1),
    "pvt_v2_b5": (81_956_008, 11.7),
}
COUNTED = ("pvt_v2_b0", "pvt_v2_b1")  # a run of the others takes long


@pytest.mark.parametrize("name", TABLE)
def test_parameters_and_multiply_adds(name):
    parameters, cost = TABLE[name]
    with nn.init.skipped():
        model = models.create_model(name)
    assert sum(p.size for p in model.parameters()) == parameters
    if name in COUNTED:
        assert model.summary((1, 3, 224, 224)).multiply_adds / 1e9 == pytest.approx(cost, rel=0.01)


def test_tensors_have_the_official_names():
    with nn.init.skipped():
        plain, linear = (models.pvt_v2_b0(linear=linear).state_dict() for linear in (False, True))
    assert len(plain) == 178
    wanted = {
        "patch_embed1.proj.weight": (32, 3, 7, 7),
        "patch_embed2.proj.weight": (64, 32, 3, 3),
        "patch_embed4.norm.bias": (256,),
        "block1.0.attn.kv.bias": (64,),
        "block1.0.attn.proj.weight": (32, 32),
        "block1.0.attn.sr.weight": (32, 32, 8, 8),
        "block3.1.mlp.dwconv.dwconv.weight": (640, 1, 3, 3),
        "norm4.weight": (256,),
        "head.weight": (1000, 256),
    }
    assert wanted.items() <= {name: x.shape for name, x in plain.items()}.items()
    assert "block4.0.attn.sr.weight" not in plain
    assert linear["block4.0.attn.sr.weight"].shape == (256, 256, 1, 1)


def test_linear_attention_pools_to_seven_by_seven():
    attention = models.pvt_v2_b0(linear=True).block1[0].attn.eval()
    x = lucid.random.normal((1, 20 * 14, 32))
    assert attention.attention_weights(x, 20, 14).shape == (1, 1, 280, 49)
    assert attention.multiply_adds((x, 20, 14), x) == 2 * 280 * 49 * 32


def test_relu_is_for_linear_attention_alone():
    with nn.init.skipped():
        kinds = [type(models.pvt_v2_b0(linear=linear).block1[0].mlp.relu) for linear in (False, True)]
    assert kinds == [nn.Identity, nn.ReLU]


def test_norms_have_the_official_eps():
    with nn.init.skipped():
        model = models.pvt_v2_b0()
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            assert module.eps == (1e-5 if "patch_embed" in name or "attn" in name else 1e-6), name


def test_it_starts_as_the_official_code_does():
    lucid.random.seed(0)
    for name, p in models.pvt_v2_b0(embed_dims=[32, 64, 80, 64], num_classes=100).named_parameters():
        x = p.detach().numpy()
        if "norm" in name:
            assert np.all(x == name.endswith("weight")), name
        elif name.endswith("bias"):
            assert np.all(x == 0), name
        elif x.ndim == 4:
            fan_out = x.shape[2] * x.shape[3] * (1 if "dwconv" in name else x.shape[0])
            assert x.std() == pytest.approx(np.sqrt(2 / fan_out), rel=0.2), name
        else:
            assert x.std() == pytest.approx(0.02, rel=0.1), name


@pytest.mark.parametrize(("linear", "least"), [(False, 29), (True, 1)])
def test_heights_and_widths_are_rounded_up(linear, least, device):
    model = models.pvt_v2_b0(linear=linear, num_classes=3).to(device).eval()
    assert model.config.smallest == least
    for size in ((least, 33), (50, 41)):
        x = lucid.random.normal((1, 3, *size), device=device)
        assert model(x).shape == (1, 3)
        wanted = [tuple(-(-n // stride) for n in size) for stride in (4, 8, 16, 32)]
        assert [image.shape[2:] for image in model.forward_pyramid(x)] == wanted
    if not linear:
        with pytest.raises(ShapeError, match="PVTv2: an image is 28 x 40; wanted at least 29 x 29"):
            model(lucid.zeros((1, 3, 28, 40), device=device))


def test_there_are_no_positions_to_be_made_for_a_size():
    with pytest.raises(TypeError, match="pvt_v2_b0: there is no option 'img_size'"):
        models.pvt_v2_b0(img_size=224)
