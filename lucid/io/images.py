"""Photographs as tensors of shape (3, height, width), and the preprocessing of ImageNet models.

    image = preprocess("cat.jpg")

is what the authors of the Pyramid Vision Transformer evaluate on: the short side resized to 256 pixels (bicubic,
antialiased, in 8 bits, as Pillow does), the central 224 x 224 of it, and each channel normalised. RECIPES has what
others who publish weights of it do in place of that.
"""

import builtins
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from ..dtypes import float32, uint8
from ..errors import ShapeError
from ..ops.creation import asarray
from ..ops.elementwise import clip, round
from ..tensor import Tensor
from .packages import needed

__all__ = [
    "IMAGENET_MEAN", "IMAGENET_STD", "RECIPES", "ImageError", "crop", "load_image", "normalize", "preprocess",
    "to_png",
]  # fmt: skip

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RECIPES: dict[str, float | None] = {"official": 0.875, "timm": 0.9, "huggingface": None}
"""How much of the short side the square in the middle takes, by whose preprocessing it is: the authors' `datasets.py`,
timm's `crop_pct` of its PVT v2, and the PvtImageProcessor of transformers, which squeezes the whole picture into it."""

LONGEST = 64  # times its short side: of a longer picture only this much around the middle is resized


class ImageError(ValueError):
    """A file is no image that can be read."""


def load_image(path: str | os.PathLike[str]) -> Tensor:
    """The picture in a file: (3, height, width), float32 from 0 to 1, red, green and blue, on the cpu.

    It is turned as its EXIF orientation says. Grey, CMYK, palettes and 16 bits become RGB in 8 bits; transparency is
    dropped. Raises ImageError for a file that is damaged, no image or of more pixels than Pillow opens,
    FileNotFoundError for one that is not there.
    """
    with _opened(path) as picture:
        return _to_tensor(picture)


def crop(image: Tensor, short_side: int | None = 256, size: int = 224) -> Tensor:
    """The central square of `size` pixels of an image (3, h, w), after its short side was resized to `short_side`, or
    the whole image squeezed into the square if that is None.

    Values are from 0 to 1 and are rounded to 8 bits. Raises ShapeError for another shape or for size > short_side.

    >>> import lucid
    >>> crop(lucid.ones((3, 300, 600))).shape
    (3, 224, 224)
    """
    if image.ndim != 3 or image.shape[0] != 3 or not image.size:
        raise ShapeError(f"crop: got an image of shape {image.shape}; wanted (3, height, width)")
    return _to_tensor(_square(_to_picture(image), short_side, size))


def normalize(image: Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD) -> Tensor:
    """(image - mean) / std for each of the three channels of an image (3, h, w) or of images (n, 3, h, w)."""
    of_channel = [asarray([[[x]] for x in numbers], device=image.device) for numbers in (mean, std)]
    return (image - of_channel[0]) / of_channel[1]


def preprocess(image: Tensor | str | os.PathLike[str], recipe: str = "official", size: int = 224) -> Tensor:
    """An image (3, h, w), as `load_image` gives it, or one in a file, ready for a model: (3, size, size), normalised.

    `recipe` is one of RECIPES. Raises ValueError for another one, and what `load_image` and `crop` raise.

    >>> import lucid
    >>> preprocess(lucid.zeros((3, 300, 600)))[:, 0, 0]
    tensor([-2.117904 , -2.0357141, -1.8044444], dtype=float32, device='cpu')
    """
    if recipe not in RECIPES:
        raise ValueError(f"preprocess: there is no recipe {recipe!r}; choose one of {', '.join(RECIPES)}")
    part = RECIPES[recipe]
    short_side = None if part is None else int(size / part)
    if isinstance(image, Tensor):
        return normalize(crop(image, short_side, size))
    with _opened(image) as picture:  # never as a tensor: that of a large photograph takes a gigabyte
        return normalize(_to_tensor(_square(picture, short_side, size)))


def to_png(image: Tensor) -> bytes:
    """An image (3, h, w) of values from 0 to 1 as the content of a PNG file, in 8 bits.

    >>> import lucid
    >>> to_png(lucid.ones((3, 2, 2)))[1:4]
    b'PNG'
    """
    file = BytesIO()
    _to_picture(image).save(file, format="png")
    return file.getvalue()


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The picture in a file, upright and in RGB."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"load_image: {path}: there is no such file")
    package, turn = (needed(name, "load_image", "vision") for name in ("PIL.Image", "PIL.ImageOps"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", package.DecompressionBombWarning)  # whoever names a large file wants it
            with package.open(path) as file:
                picture = _rgb(turn.exif_transpose(file))
    except package.DecompressionBombError as error:
        raise ImageError(f"load_image: {path} is too large: {error}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(f"load_image: {path} is damaged or no image: {error}") from None
    yield picture


def _square(picture: Any, short_side: int | None, size: int) -> Any:
    """What `crop` says, of a picture. torchvision's transforms round in the same way."""
    bicubic = needed("PIL.Image", "crop", "vision").Resampling.BICUBIC
    if short_side is None:
        return picture.resize((size, size), bicubic)
    if not 0 < size <= short_side:
        raise ShapeError(f"crop: size={size} pixels do not come out of short_side={short_side}")
    picture = _middle(picture, *(min(n, LONGEST * min(picture.size)) for n in picture.size))
    scale = short_side / min(picture.size)
    wide, high = (max(short_side, int(n * scale)) for n in picture.size)
    return _middle(picture.resize((wide, high), bicubic), size, size)


def _middle(picture: Any, width: int, height: int) -> Any:
    if picture.size == (width, height):
        return picture
    left, top = builtins.round((picture.width - width) / 2), builtins.round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))


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


def _to_picture(image: Tensor) -> Any:
    package = needed("PIL.Image", "crop", "vision")
    pixels = round(clip(image.detach(), 0, 1) * 255).astype(uint8).permute_dims((1, 2, 0))
    return package.frombytes("RGB", (image.shape[2], image.shape[1]), pixels.numpy().tobytes())
