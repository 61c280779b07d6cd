"""Files: tensors in the safetensors format, and photographs."""

from .images import IMAGENET_MEAN, IMAGENET_STD, ImageError, crop, load_image, normalize, preprocess
from .safetensors import load_metadata, load_safetensors, save_safetensors

__all__ = [
    *("IMAGENET_MEAN", "IMAGENET_STD", "ImageError", "crop", "load_image", "normalize", "preprocess"),
    *("load_metadata", "load_safetensors", "save_safetensors"),
]
