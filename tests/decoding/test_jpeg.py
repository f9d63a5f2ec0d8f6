"""JPEG in all its ways of storing colours: grey, inks with Adobe's inversion, progressive, with restart markers."""

import io

import numpy as np
import pytest
from PIL import Image

from .samples import UPRIGHT_QUARTERS, encode, quarters

CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))
ADOBE_MARKER_TO_TRANSFORM = len(b"Adobe") + 2 + 2 + 2  # version and two flags stand between
YCCK = 2


def corner_colours(image: Image.Image) -> np.ndarray:
    return np.array([image.getpixel((int(x * image.width), int(y * image.height))) for x, y in CORNERS])


def inks_of(image: Image.Image) -> Image.Image:
    """Return the picture in inks, with as much black as there can be."""
    rgb = np.asarray(image).astype(float)
    light = rgb.max(axis=2, keepdims=True)
    inks = np.concatenate([255 * (1 - rgb / np.maximum(light, 1)), 255 - light], axis=2)
    return Image.fromarray(inks.round().astype(np.uint8), mode="CMYK")


def as_ycck(inks: Image.Image) -> bytes:
    """Return a JPEG as Photoshop writes it: cyan, magenta and yellow as luma and chroma, black beside them."""
    *colours, black = inks.split()
    luma_and_chroma = Image.merge("RGB", colours).convert("YCbCr").split()
    # Pillow inverts all inks on their way into a file, as Adobe does; luma and chroma must arrive as they are.
    inverted = [Image.eval(each, lambda level: 255 - level) for each in luma_and_chroma]
    content = encode(Image.merge("CMYK", [*inverted, black]), "JPEG", quality=98)
    transform_at = content.index(b"Adobe") + ADOBE_MARKER_TO_TRANSFORM
    return content[:transform_at] + bytes((YCCK,)) + content[transform_at + 1 :]


def test_inks_with_adobes_inversion_have_their_own_colours(decode_bytes, show):
    content = encode(inks_of(quarters()), "JPEG", quality=98)
    assert b"Adobe" in content
    assert np.abs(corner_colours(show(decode_bytes(content))) - UPRIGHT_QUARTERS).max() <= 6


def test_inks_as_luma_chroma_and_black_have_their_own_colours(decode_bytes, show):
    content = as_ycck(inks_of(quarters()))
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["adobe_transform"] == YCCK
    assert np.abs(corner_colours(show(decode_bytes(content))) - UPRIGHT_QUARTERS).max() <= 6


@pytest.mark.parametrize(
    "options",
    [
        {"progressive": True},
        {"subsampling": 0},
        {"restart_marker_blocks": 3},
        {"restart_marker_rows": 1, "progressive": True},
        {"optimize": True},
        {"keep_rgb": True},
    ],
    ids=str,
)
def test_every_way_of_compressing_gives_the_same_colours(decode_bytes, show, options):
    content = encode(quarters(1600, 1200), "JPEG", **options)
    assert np.abs(corner_colours(show(decode_bytes(content))) - UPRIGHT_QUARTERS).max() <= 8


@pytest.mark.parametrize("progressive", [False, True])
def test_a_grey_jpeg_stays_grey(decode_bytes, show, progressive):
    grey = quarters().convert("L")
    preview = show(decode_bytes(encode(grey, "JPEG", progressive=progressive)))
    expected = np.repeat([[grey.getpixel((int(x * 900), int(y * 600)))] for x, y in CORNERS], 3, axis=1)
    assert np.abs(corner_colours(preview) - expected).max() <= 3
