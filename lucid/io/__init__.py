"""Files: tensors in the formats that others publish them in, photographs, and the names of what is on them."""

from .checkpoints import load_checkpoint, save_checkpoint
from .images import IMAGENET_MEAN, IMAGENET_STD, RECIPES, ImageError, crop, load_image, normalize, preprocess, to_png
from .labels import Label, imagenet_classes
from .npz import load_npz, save_npz
from .safetensors import load_metadata, load_safetensors, save_safetensors

__all__ = [
    *("IMAGENET_MEAN", "IMAGENET_STD", "RECIPES", "ImageError", "crop", "load_image", "normalize", "preprocess"),
    "to_png",
    *("Label", "imagenet_classes"),
    *("load_checkpoint", "load_metadata", "load_npz", "load_safetensors"),
    *("save_checkpoint", "save_npz", "save_safetensors"),
]
