"""PVT beside Hugging Face's, with the same random weights: scores, and the gradient of a loss for every parameter."""

import numpy as np
import pytest
import torch
from transformers import PvtConfig, PvtForImageClassification

import lucid
from lucid import models, nn
from tests.models.hugging_face import hugging_face_to_lucid

EPS = {"norm_eps": 1e-6, "patch_norm_eps": 1e-6, "sr_norm_eps": 1e-6}  # Hugging Face has one everywhere


@pytest.mark.parametrize(("name", "depths"), [("pvt_tiny", [2, 2, 2, 2]), ("pvt_small", [3, 4, 6, 3])])
def test_scores_and_gradients(name, depths, device):
    torch.manual_seed(0)
    theirs = PvtForImageClassification(PvtConfig(depths=depths, num_labels=1000)).eval()
    with torch.no_grad():  # away from the start, where scores and most gradients are nearly 0
        for p in theirs.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    with nn.init.skipped():
        ours = models.create_model(name, out_proj=True, **EPS).to(device).eval()
    state = hugging_face_to_lucid({key: x.numpy() for key, x in theirs.state_dict().items()})
    ours.load_state_dict({key: lucid.asarray(x) for key, x in state.items()})

    images, classes = torch.randn(2, 3, 224, 224), torch.tensor([3, 700])
    wanted = theirs(images).logits
    torch.nn.functional.cross_entropy(wanted, classes).backward()
    found = ours(lucid.asarray(images.numpy(), device=device))
    nn.functional.cross_entropy(found, lucid.asarray(classes.numpy(), device=device)).backward()

    off = np.abs(found.detach().numpy() - wanted.detach().numpy()).max()
    gradients = hugging_face_to_lucid({key: p.grad.numpy() for key, p in theirs.named_parameters()})
    assert list(gradients) != []
    worst, where = 0.0, ""
    for key, p in ours.named_parameters():
        g = gradients.pop(key)
        worst, where = max((worst, where), (np.abs(p.grad.numpy() - g).max() / np.abs(g).max(), key))
    assert not gradients
    print(
        f"{name} on {device}: scores to {np.abs(wanted.detach().numpy()).max():.2f} differ by {off:.1e}, "
        f"gradients by {worst:.1e} of each tensor's largest ({where})"
    )
    assert off < 5e-5
    assert worst < 1e-4
