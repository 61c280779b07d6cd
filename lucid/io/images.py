"""Photographs as tensors of shape (3, height, width), and the preprocessing of ImageNet models.

    image = preprocess(load_image("cat.jpg"))

is what the authors of the Pyramid Vision Transformer evaluate on: the short side resized to 256 pixels (bicubic,
antialiased, in 8 bits, as Pillow does), the central 224 x 224 of it, and each channel normalised.
"""

import builtins
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..dtypes import float32, uint8
from ..errors import ShapeError
from ..ops.creation import asarray
from ..ops.elementwise import clip, round
from ..tensor import Tensor
from .packages import needed

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "ImageError", "crop", "load_image", "normalize", "preprocess"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ImageError(ValueError):
    """A file is no image that can be read."""


def load_image(path: str | os.PathLike[str]) -> Tensor:
    """The picture in a file: (3, height, width), float32 from 0 to 1, red, green and blue, on the cpu.

    It is turned as its EXIF orientation says. Grey, CMYK, palettes and 16 bits become RGB in 8 bits; transparency is
    dropped. Raises ImageError for a file that is damaged or no image, FileNotFoundError for one that is not there.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"load_image: {path}: there is no such file")
    package, turn = (needed(name, "load_image", "vision") for name in ("PIL.Image", "PIL.ImageOps"))
    try:
        with package.open(path) as file:
            return _to_tensor(_rgb(turn.exif_transpose(file)))
    except (OSError, SyntaxError, ValueError, EOFError, package.DecompressionBombError) as error:
        raise ImageError(f"load_image: {path} is damaged or no image: {error}") from None


def crop(image: Tensor, short_side: int = 256, size: int = 224) -> Tensor:
    """The central square of `size` pixels of an image (3, h, w), after its short side was resized to `short_side`.

    Values are from 0 to 1 and are rounded to 8 bits. Raises ShapeError for another shape or for size > short_side.

    >>> import lucid
    >>> crop(lucid.ones((3, 300, 600))).shape
    (3, 224, 224)
    """
    if image.ndim != 3 or image.shape[0] != 3 or not image.size:
        raise ShapeError(f"crop: got an image of shape {image.shape}; wanted (3, height, width)")
    if not 0 < size <= short_side:
        raise ShapeError(f"crop: size={size} pixels do not come out of short_side={short_side}")
    package = needed("PIL.Image", "crop", "vision")
    height, width = image.shape[1:]
    scale = short_side / min(height, width)
    wide, high = max(short_side, int(width * scale)), max(short_side, int(height * scale))
    picture = _to_picture(package, image).resize((wide, high), package.Resampling.BICUBIC)
    left, top = (builtins.round((n - size) / 2) for n in (wide, high))
    return _to_tensor(picture.crop((left, top, left + size, top + size)))


def normalize(image: Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD) -> Tensor:
    """(image - mean) / std for each of the three channels of an image (3, h, w) or of images (n, 3, h, w)."""
    of_channel = [asarray([[[x]] for x in numbers], device=image.device) for numbers in (mean, std)]
    return (image - of_channel[0]) / of_channel[1]


def preprocess(image: Tensor) -> Tensor:
    """An image (3, h, w), as `load_image` gives it, ready for a model: (3, 224, 224), normalised.

    >>> import lucid
    >>> preprocess(lucid.zeros((3, 300, 600)))[:, 0, 0]
    tensor([-2.117904 , -2.0357141, -1.8044444], dtype=float32, device='cpu')
    """
    return normalize(crop(image))


def _rgb(picture: Any) -> Any:
    """A picture of any mode in 8 bits of red, green and blue. Pillow alone would cut 16 bits off at 255."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return picture.convert("RGB")


def _to_tensor(picture: Any) -> Tensor:
    pixels = asarray(memoryview(picture.tobytes()), dtype=uint8).reshape((picture.height, picture.width, 3))
    return pixels.permute_dims((2, 0, 1)).astype(float32) / 255


def _to_picture(package: Any, image: Tensor) -> Any:
    pixels = round(clip(image.detach(), 0, 1) * 255).astype(uint8).permute_dims((1, 2, 0))
    return package.frombytes("RGB", (image.shape[2], image.shape[1]), pixels.numpy().tobytes())
