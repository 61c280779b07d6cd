"""Images of every kind come out as RGB from 0 to 1, and preprocessing is what Pillow does step by step."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lucid
from lucid.errors import ShapeError
from lucid.io import IMAGENET_MEAN, IMAGENET_STD, RECIPES, ImageError, crop, load_image, normalize, preprocess

RED, BLUE = (255, 51, 0), (0, 51, 255)  # in Pillow's palette too


def picture(mode: str = "RGB") -> Any:
    """4 pixels wide, 2 high: red, with the left column blue."""
    made = Image.new("RGB", (4, 2), RED)
    for y in range(2):
        made.putpixel((0, y), BLUE)
    return made.convert(mode)


def noise(width: int, height: int) -> Any:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def loaded(made: Any, folder: Path, kind: str = "png", **options: Any) -> Any:
    path = folder / f"picture.{kind}"
    made.save(path, **options)
    image = load_image(path)
    assert (image.dtype, image.device) == (lucid.float32, "cpu")
    return image.numpy()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "CMYK"])
def test_modes(mode: str, tmp_path: Path) -> None:
    made = picture(mode)
    image = loaded(made, tmp_path, "tif" if mode == "CMYK" else "png")
    assert image.shape == (3, 2, 4)
    expected = np.asarray(made.convert("RGB")).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(image, expected, atol=1e-7)
    if mode in ("RGB", "RGBA", "P", "CMYK"):
        np.testing.assert_allclose(image[:, 0, 0], np.array(BLUE) / 255, atol=0.01)
        np.testing.assert_allclose(image[:, 1, 3], np.array(RED) / 255, atol=0.01)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_16_bits_are_scaled(kind: str, tmp_path: Path) -> None:
    levels = np.array([[0, 257 * 10, 257 * 128, 65535]], np.uint16)
    image = loaded(Image.fromarray(levels), tmp_path, kind)
    np.testing.assert_allclose(image[:, 0] * 255, [[0, 10, 128, 255]] * 3, atol=1e-4)


def test_a_palette_with_transparency(tmp_path: Path) -> None:
    image = loaded(picture("P"), tmp_path, transparency=b"\x00\x80")
    np.testing.assert_allclose(image[:, 0, 0], np.array(BLUE) / 255, atol=0.01)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda x: x),
        (3, lambda x: x[:, ::-1, ::-1]),
        (6, lambda x: np.rot90(x, -1, (1, 2))),
        (8, lambda x: np.rot90(x, 1, (1, 2))),
    ],
)
def test_exif_orientation(orientation: int, turn: Callable[[Any], Any], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(picture()).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(loaded(picture(), tmp_path, exif=exif), turn(upright), atol=1e-7)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(("width", "height"), [(500, 333), (300, 640), (256, 256), (90, 41)])
def test_preprocessing_is_pillows(width: int, height: int, recipe: str, tmp_path: Path) -> None:
    """Of a file and of a tensor, step by step: torchvision's Resize cuts off the fraction of the longer side."""
    made, path = noise(width, height), tmp_path / "noise.png"
    made.save(path)
    short = {"official": 256, "timm": 248, "huggingface": 0}[recipe]  # timm's is floor(224 / 0.9)
    if short:
        scaled = [short if n == min(made.size) else int(short * n / min(made.size)) for n in made.size]
        left, top = (round((n - 224) / 2) for n in scaled)
        made = made.resize(scaled, Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224))
    else:
        made = made.resize((224, 224), Image.Resampling.BICUBIC)
    expected = (np.asarray(made) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    for image in (path, load_image(path)):
        np.testing.assert_allclose(preprocess(image, recipe).numpy(), expected.transpose(2, 0, 1), atol=1e-5)


def test_a_recipe_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there is no recipe 'mine'; choose one of official, timm, huggingface"):
        preprocess(lucid.ones((3, 8, 8)), "mine")


@pytest.mark.parametrize("turned", [False, True])
def test_one_pixel_high_and_very_long(turned: bool, tmp_path: Path) -> None:
    """Only the middle of it is resized: all of it would be 256 x 12,800,000 pixels."""
    line = np.zeros((1, 50_000, 3), np.uint8)
    line[:, 25_000:] = 255
    Image.fromarray(line.transpose(1, 0, 2) if turned else line).save(tmp_path / "line.png")
    image = preprocess(tmp_path / "line.png", size=32)
    assert image.shape == (3, 32, 32)
    level = image[0].numpy().T if turned else image[0].numpy()
    assert (level == level[0]).all()
    assert level[0, 0] < level[0, -1]


def test_large_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow warns above a number of pixels, and refuses twice as many."""
    noise(800, 800).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400_000)
    assert preprocess(tmp_path / "large.png").shape == (3, 224, 224)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300_000)
    with pytest.raises(ImageError, match=r"large\.png is too large: Image size \(640000 pixels\) exceeds limit"):
        preprocess(tmp_path / "large.png")


@pytest.mark.parametrize("kind", ["jpeg", "tiff"])
def test_cmyk(kind: str, tmp_path: Path) -> None:
    """As printers make them: no ink is white, and all of cyan takes the red."""
    made = Image.new("CMYK", (16, 8), (0, 0, 0, 0))
    made.paste((255, 0, 0, 0), (8, 0, 16, 8))
    image = loaded(made, tmp_path, kind)
    np.testing.assert_allclose(image[:, 4, 2], [1, 1, 1], atol=0.02)
    np.testing.assert_allclose(image[:, 4, 13], [0, 1, 1], atol=0.02)


def test_transparency_is_dropped(tmp_path: Path) -> None:
    """What lies under it shows, as in every other preprocessing for ImageNet."""
    image = loaded(Image.new("RGBA", (4, 4), (255, 51, 0, 0)), tmp_path)
    np.testing.assert_allclose(image[:, 0, 0], np.array(RED) / 255, atol=1e-7)


def test_crop_takes_the_middle() -> None:
    ramp = lucid.arange(8.0) / 8 + lucid.zeros((3, 4, 8))
    np.testing.assert_allclose(crop(ramp, 4, 2).numpy()[:, 0], [[3 / 8, 4 / 8]] * 3, atol=0.5 / 255)


def test_normalize_works_on_batches_and_devices(device: Any) -> None:
    images = lucid.ones((2, 3, 4, 4), device=device)
    out = normalize(images, (0.0, 0.5, 1.0), (1.0, 0.5, 0.1))
    assert out.device == device
    assert out[1, :, 0, 0].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crop(lucid.ones((1, 8, 8))), "got an image of shape"),
        (lambda: crop(lucid.ones((8, 8, 3))), "wanted"),
        (lambda: crop(lucid.ones((3, 0, 8))), "wanted"),
        (lambda: crop(lucid.ones((3, 8, 8)), 100, 101), "size=101 pixels"),
    ],
)
def test_errors_of_shape(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()


def test_no_image(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.png: there is no such file"):
        load_image(tmp_path / "no.png")
    path = tmp_path / "notes.png"
    for content in (b"", b"just text", b"\x89PNG\r\n\x1a\n"):
        path.write_bytes(content)
        with pytest.raises(ImageError, match=r"notes\.png is damaged or no image"):
            load_image(path)


@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Possibly corrupt EXIF data")
@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_truncations_are_seen(kind: str, tmp_path: Path) -> None:
    buffer, path = io.BytesIO(), tmp_path / "cut"
    noise(32, 32).save(buffer, kind)
    content = buffer.getvalue()
    for length in range(0, len(content) * 3 // 4, max(1, len(content) // 60)):
        path.write_bytes(content[:length])
        with pytest.raises(ImageError, match="cut is damaged or no image"):
            load_image(path)
