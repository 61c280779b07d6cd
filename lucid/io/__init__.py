"""Files: tensors in the safetensors format, photographs, and the names of what is on them."""

from .images import IMAGENET_MEAN, IMAGENET_STD, RECIPES, ImageError, crop, load_image, normalize, preprocess, to_png
from .labels import Label, imagenet_classes
from .safetensors import load_metadata, load_safetensors, save_safetensors

__all__ = [
    *("IMAGENET_MEAN", "IMAGENET_STD", "RECIPES", "ImageError", "crop", "load_image", "normalize", "preprocess"),
    "to_png",
    *("Label", "imagenet_classes"),
    *("load_metadata", "load_safetensors", "save_safetensors"),
]
