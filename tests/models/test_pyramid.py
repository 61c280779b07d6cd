"""What both generations of PVT have: images of chosen stages, frozen stages, new heads."""

import numpy as np
import pytest

import lucid
from lucid import models, nn

SMALL = {"embed_dims": (8, 16, 16), "depths": (1, 1, 1), "num_heads": (1, 2, 2), "sr_ratios": (4, 2, 1)}
SMALL |= {"mlp_ratios": (2, 2, 2), "num_classes": 5}
MAKERS = {
    "v1": lambda **options: models.pvt_tiny(**(SMALL | {"img_size": 32} | options)),
    "v2": lambda **options: models.pvt_v2_b0(**(SMALL | options)),
    "v2 linear": lambda **options: models.pvt_v2_b0(**(SMALL | {"linear": True} | options)),
}
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@EACH
def test_images_of_chosen_stages(make, device):
    model, x = make().to(device).eval(), lucid.random.normal((2, 3, 32, 48), device=device)
    shapes = [(2, 8, 8, 12), (2, 16, 4, 6), (2, 16, 2, 3)]
    whole = model.forward_pyramid(x)
    assert [image.shape for image in whole] == shapes
    for indices in ((0,), (2, 0), (-1,), (1, -1), ()):
        chosen = model.forward_pyramid(x, out_indices=indices)
        assert [image.tolist() for image in chosen] == [whole[i].tolist() for i in indices]
    for wrong in ((3,), (-4,)):
        with pytest.raises(IndexError, match="there are 3 stages"):
            model.forward_pyramid(x, out_indices=wrong)


@EACH
def test_stages_after_the_last_one_wanted_do_not_run(make):
    model, seen = make().eval(), []
    for i in (1, 2, 3):
        getattr(model, f"patch_embed{i}").register_forward_hook(lambda m, inputs, out, i=i: seen.append(i))
    model.forward_pyramid(lucid.zeros((1, 3, 32, 32)), out_indices=(1,))
    assert seen == [1, 2]


@EACH
def test_frozen_stages_stay_as_they_are(make):
    model = make(drop_rate=0.5, drop_path_rate=0.5).freeze_stages(2)
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if any(f"{i}." in name[:13] for i in (1, 2))} | {
        name for name, _ in model.named_parameters() if name in ("pos_embed1", "pos_embed2")
    }
    model.train()
    assert not model.block1[0].training
    assert not model.block2[0].attn.attn_drop.training
    assert model.block3[0].mlp.drop.training
    nn.functional.cross_entropy(model(lucid.random.normal((2, 3, 32, 32))), lucid.asarray([0, 1])).backward()
    assert {name for name, p in model.named_parameters() if p.grad is None} == frozen
    model.freeze_stages(0).train()
    assert all(p.requires_grad for p in model.parameters())
    assert model.block1[0].training
    assert {n for n, p in model.freeze_stages(3).named_parameters() if p.requires_grad} == {"head.weight", "head.bias"}
    with pytest.raises(ValueError, match="freeze_stages: got 4; there are 3 stages"):
        model.freeze_stages(4)


@EACH
def test_the_head_can_be_exchanged(make, device):
    model = make().to(device, lucid.float16).eval()
    model.reset_classifier(3)
    assert (model.head.weight.shape, model.config.num_classes) == ((3, 16), 3)
    assert (model.head.weight.device, model.head.weight.dtype, model.head.training) == (device, lucid.float16, False)
    model.reset_classifier(0)
    x = lucid.random.normal((1, 3, 32, 32), device=device).astype(lucid.float16)
    assert model(x).tolist() == model.forward_features(x).tolist()


@EACH
def test_every_parameter_learns(make, device):
    model = make(drop_path_rate=0.1).to(device)
    x = lucid.random.normal((4, 3, 33, 47), device=device)
    nn.functional.cross_entropy(model(x), lucid.asarray([0, 1, 2, 3], device=device)).backward()
    for name, p in model.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().max().item() > 0, name


@EACH
def test_devices_agree(make, device):
    lucid.random.seed(0)
    model, x = make().eval(), lucid.random.normal((2, 3, 32, 40))
    wanted = model(x).detach().numpy()
    np.testing.assert_allclose(model.to(device)(x.to(device)).detach().numpy(), wanted, rtol=1e-4, atol=1e-6)


@EACH
def test_checkpointing_changes_no_gradient(make, device):
    model = make(drop_rate=0.1, drop_path_rate=0.2).to(device)
    x, target = lucid.random.normal((2, 3, 32, 32), device=device), lucid.asarray([0, 1], device=device)
    gradients = []
    for enable in (False, True):
        lucid.random.seed(5)
        model.zero_grad()
        nn.functional.cross_entropy(model.set_grad_checkpointing(enable)(x), target).backward()
        gradients.append({name: p.grad.numpy() for name, p in model.named_parameters()})
    for name, g in gradients[0].items():
        np.testing.assert_allclose(gradients[1][name], g, rtol=1e-5, atol=1e-7, err_msg=name)


def test_decay_is_for_all_but_the_class_token():
    assert MAKERS["v1"]().no_weight_decay() == {"cls_token"}
    assert MAKERS["v2"]().no_weight_decay() == set()


def in_parts(mlp, x):
    """What an MLP gives while somebody watches a layer: then all of them are called."""
    handle = mlp.fc1.register_forward_hook(lambda *given: None)
    out = mlp(x, 3, 4)
    handle.remove()
    return out.tolist()


@EACH
def test_layers_of_an_mlp_that_are_watched_are_called(make):
    mlp, x = make().block1[0].mlp.eval(), lucid.random.normal((2, 12, 8))
    np.testing.assert_allclose(mlp(x, 3, 4).tolist(), in_parts(mlp, x), atol=1e-6)
    for layer in [module for module in mlp.modules() if module is not mlp]:
        seen = []
        handle = layer.register_forward_hook(lambda *given, seen=seen: seen.append(given))
        mlp(x, 3, 4)
        handle.remove()
        assert seen, layer


class Doubled(nn.Linear):
    def forward(self, x):
        return super().forward(x) * 2


@EACH
def test_layers_of_an_mlp_may_be_changed(make):
    mlp, x = make().block1[0].mlp.eval(), lucid.random.normal((2, 12, 8))
    changes = [(mlp, "fc1", Doubled(8, 16)), (mlp, "fc2", Doubled(16, 8)), (mlp, "act", nn.GELU("tanh"))]
    if hasattr(mlp, "relu"):
        changes += [(mlp, "relu", nn.Tanh())]
        changes += [(mlp.dwconv, "dwconv", other) for other in (nn.Conv2d(16, 16, 3, padding=1), nn.Identity())]
        sized = [{"padding": 2, "dilation": 2}, {"padding_mode": "reflect"}]
        changes += [(mlp.dwconv, "dwconv", nn.Conv2d(16, 16, 3, **{"padding": 1, "groups": 16} | s)) for s in sized]
    for owner, name, other in changes:
        before, kept = mlp(x, 3, 4).tolist(), getattr(owner, name)
        setattr(owner, name, other)
        assert mlp(x, 3, 4).tolist() == in_parts(mlp, x) != before
        setattr(owner, name, kept)
