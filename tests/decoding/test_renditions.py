"""What a preview may lose to the short cuts taken on its way."""

import io

import numpy as np
import pytest
from PIL import Image

from resources.decoding.formats import Format
from resources.decoding.limits import DecodingLimits
from resources.decoding.renditions import make_renditions, preview_image
from resources.decoding.steps import decode

from .samples import encode

SHORT_SIDE_PX = DecodingLimits().preview_short_side_px
EQUAL_QUALITY_DB = 38.0


def fine_detail(width_px: int, height_px: int) -> Image.Image:
    """Return an RGB picture whose detail falls off with its size, as in photographs, down to single pixels."""
    random = np.random.default_rng(3)
    light = np.full((height_px, width_px), 128.0)
    for step in (1, 2, 4, 8, 16, 32):
        grid = random.standard_normal((height_px // step + 1, width_px // step + 1)).astype(np.float32)
        light += 6 * step**0.2 * np.asarray(Image.fromarray(grid).resize((width_px, height_px)))
    return Image.fromarray(light.clip(0, 255).astype(np.uint8)).convert("RGB")


def psnr_db(one: Image.Image, other: Image.Image) -> float:
    error = np.asarray(one).astype(float) - np.asarray(other).astype(float)
    return float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-9)))


@pytest.mark.parametrize("short_side_px", [513, 1030, 1100, 1300, 2060, 2600])
def test_a_preview_is_as_good_as_one_from_a_full_decode_at_any_size_of_the_original(short_side_px):
    content = encode(fine_detail(short_side_px * 5 // 4, short_side_px), "JPEG", quality=95)
    preview = preview_image(decode(content, Format.JPEG, DecodingLimits()), DecodingLimits())
    with Image.open(io.BytesIO(content)) as original:
        exact = original.resize(preview.size, Image.Resampling.LANCZOS)
    assert min(preview.size) == SHORT_SIDE_PX
    assert psnr_db(preview, exact) >= EQUAL_QUALITY_DB


def test_a_stored_preview_keeps_colours_that_change_from_pixel_to_pixel():
    stripes = np.zeros((SHORT_SIDE_PX, SHORT_SIDE_PX, 3), np.uint8)
    stripes[:, 0::2, 0], stripes[:, 1::2, 2] = 200, 200
    picture = decode(encode(Image.fromarray(stripes), "PNG"), Format.PNG, DecodingLimits())
    with Image.open(io.BytesIO(make_renditions(picture, DecodingLimits()).preview)) as preview:
        colours = np.asarray(preview).astype(int)
    assert np.abs(colours - stripes).mean() < 10, "red and blue became purple"
