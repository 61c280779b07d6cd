"""Every PVT of both generations beside Hugging Face's, with the same random weights: scores, features, and the gradient
of a loss for every parameter.

Scores may differ by 1e-4 and a gradient by 1e-3 of the largest in its tensor: two float32 libraries add in other
orders, through up to 76 blocks. What is seen is a tenth of that or less; a wrong formula is off by much more.
"""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import PvtConfig, PvtForImageClassification, PvtV2Backbone, PvtV2Config, PvtV2ForImageClassification

import lucid
from lucid import models, nn
from lucid.models.dialects import translated

EPS = {"norm_eps": 1e-6, "patch_norm_eps": 1e-6, "sr_norm_eps": 1e-6}  # Hugging Face has one everywhere
LARGE = {"pvt_medium", "pvt_large", "pvt_huge", "pvt_v2_b3", "pvt_v2_b4", "pvt_v2_b5"}
CASES = [
    pytest.param(name, device, marks=[pytest.mark.gpu] if device == "gpu" else [])
    for name in models.list_models("pvt_*")
    for device in ("cpu", "gpu")
    if device == "cpu" or name not in LARGE
]
SIZES = [(192, 192), (256, 320), (384, 384)]


def pair_of(name: str, device: str = "cpu") -> tuple[Any, Any]:
    """Hugging Face's model with random weights, and lucid's with the same."""
    with nn.init.skipped():
        ours = models.create_model(name, **EPS, **({} if "v2" in name else {"out_proj": True})).eval()
    config = ours.config
    options = {"depths": config.depths, "num_attention_heads": config.num_heads, "hidden_sizes": config.embed_dims}
    options |= {"mlp_ratios": config.mlp_ratios, "num_labels": config.num_classes}
    ratios = [int(ratio) for ratio in config.sr_ratios]
    torch.manual_seed(0)
    if "v2" in name:
        options |= {"sr_ratios": ratios, "linear_attention": config.linear}
        theirs = PvtV2ForImageClassification(PvtV2Config(**options)).eval()
    else:
        theirs = PvtForImageClassification(PvtConfig(**options, sequence_reduction_ratios=ratios)).eval()
    with torch.no_grad():  # away from the start, where scores and most gradients are nearly 0
        for p in theirs.parameters():
            p.add_(torch.randn_like(p) * (0.05 if p.ndim == 1 else 0.5 * p.std()))
        for key, p in theirs.named_parameters():
            if "dense1.bias" in key and "v2" in name and config.linear:  # what relu gets is nowhere near 0, where a
                p.copy_(torch.sign(p) * 3)  # rounding error decides whether a gradient passes
    ours.load_state_dict(as_ours(ours, theirs.state_dict()))
    return theirs, ours.to(device)


def as_ours(model: Any, state: dict[str, torch.Tensor]) -> dict[str, lucid.Tensor]:
    tensors = {name: lucid.asarray(x.numpy(), device="cpu") for name, x in state.items()}
    return translated(tensors, model.FAMILY, "huggingface", "official")


def off(found: lucid.Tensor, wanted: torch.Tensor) -> float:
    assert found.shape == tuple(wanted.shape)
    assert wanted.abs().max() > 0.1, "the reference says nothing"
    return float(np.abs(found.detach().numpy() - wanted.detach().numpy()).max())


@pytest.mark.parametrize(("name", "device"), CASES)
def test_scores_and_gradients(name: str, device: str) -> None:
    theirs, ours = pair_of(name, device)
    images, classes = torch.randn(1, 3, 224, 224), torch.tensor([700])
    wanted = theirs(images).logits
    torch.nn.functional.cross_entropy(wanted, classes).backward()
    found = ours(lucid.asarray(images.numpy(), device=device))
    nn.functional.cross_entropy(found, lucid.asarray(classes.numpy(), device=device)).backward()
    gradients = as_ours(ours, {key: p.grad for key, p in theirs.named_parameters()})
    worst, where = 0.0, ""
    for key, p in ours.named_parameters():
        g = gradients.pop(key).numpy()
        worst, where = max((worst, where), (float(np.abs(p.grad.numpy() - g).max() / np.abs(g).max()), key))
    assert not gradients
    print(f"\n{name} on {device}: scores up to {wanted.abs().max():.2f} differ by {off(found, wanted):.1e}, ", end="")
    print(f"gradients by {worst:.1e} of each tensor's largest ({where})")
    assert off(found, wanted) < 1e-4
    assert worst < 1e-3


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_second_generation_at_other_sizes(size: tuple[int, int], device: str) -> None:
    for name in ("pvt_v2_b0", "pvt_v2_b2_li"):
        theirs, ours = pair_of(name, device)
        images = torch.randn(1, 3, *size)
        with torch.no_grad(), lucid.no_grad():
            assert off(ours(lucid.asarray(images.numpy(), device=device)), theirs(images).logits) < 1e-4


def test_the_images_that_stages_make(device: str) -> None:
    theirs, ours = pair_of("pvt_v2_b0", device)
    backbone = PvtV2Backbone(PvtV2Config(out_indices=[0, 1, 2, 3])).eval()
    backbone.load_state_dict({k.removeprefix("pvt_v2."): x for k, x in theirs.state_dict().items() if "pvt" in k})
    images = torch.randn(1, 3, 224, 250)
    with torch.no_grad(), lucid.no_grad():
        wanted = backbone(images).feature_maps
        found = ours.forward_pyramid(lucid.asarray(images.numpy(), device=device))
    assert len(found) == len(wanted) == 4
    assert max(map(off, found, wanted)) < 1e-4


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_first_generation_at_other_sizes(size: tuple[int, int], device: str) -> None:
    """Hugging Face's code resizes no positions: it gets them resized here, by the formula."""
    theirs, ours = pair_of("pvt_tiny", device)
    images = torch.randn(1, 3, *size)
    with torch.no_grad(), lucid.no_grad():
        for i, layer in enumerate(theirs.pvt.encoder.patch_embeddings):
            old, new = 56 >> i, [n // (4 << i) for n in size]
            table = layer.position_embeddings.double().numpy()
            others = table.shape[1] - old * old
            pixels = np.einsum(
                "ih,jw,hwc->ijc", between(old, new[0]), between(old, new[1]), table[0, others:].reshape(old, old, -1)
            )
            whole = np.concatenate([table[:, :others], pixels.reshape(1, -1, table.shape[2])], axis=1)
            layer.position_embeddings = torch.nn.Parameter(torch.from_numpy(whole).float())
        assert off(ours(lucid.asarray(images.numpy(), device=device)), theirs(images).logits) < 1e-4


def between(old: int, new: int) -> np.ndarray:
    """Row i says how much of each of `old` points is in point i of `new`, which lies between two."""
    places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(old)))
