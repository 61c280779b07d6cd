"""Pictures as Hugging Face's processor of PVT prepares them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers.models.pvt.image_processing_pil_pvt import PvtImageProcessorPil

from lucid.io import preprocess


@pytest.mark.parametrize(("width", "height"), [(500, 333), (90, 200), (224, 224)])
def test_the_whole_picture_is_squeezed(width: int, height: int, tmp_path: Path) -> None:
    """Hugging Face scales by 1 / 255 in float32, after which a normalised value may be off in its last places."""
    made = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))
    made.save(tmp_path / "noise.png")
    expected = PvtImageProcessorPil()(made, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(preprocess(tmp_path / "noise.png", "huggingface").numpy(), expected, atol=2e-6)
