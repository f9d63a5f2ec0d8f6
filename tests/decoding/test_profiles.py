"""Embedded profiles become sRGB by the numbers: what is stored is computed here, and must come out as it went in."""

import numpy as np
import pytest
from PIL import Image

from .icc_samples import ADOBE_RGB, DISPLAY_P3, PROPHOTO, ink_profile, levels_in, overprints, rgb_profile
from .samples import UPRIGHT_QUARTERS, encode, quarters

CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))
PROFILES = {"Display P3": (DISPLAY_P3, 2.2), "Adobe RGB": (ADOBE_RGB, 563 / 256), "ProPhoto": (PROPHOTO, 1.8)}


def corner_colours(image: Image.Image) -> np.ndarray:
    return np.array([image.getpixel((int(x * image.width), int(y * image.height))) for x, y in CORNERS])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "HEIF"])
@pytest.mark.parametrize("name", PROFILES)
def test_colours_in_a_wide_profile_come_out_as_they_were_seen(decode_bytes, show, name, file_format):
    import pillow_heif

    pillow_heif.register_heif_opener()
    image = Image.fromarray(levels_in(np.asarray(quarters(480, 320)), *PROFILES[name]))
    content = encode(image, file_format, icc_profile=rgb_profile(*PROFILES[name]), quality=98)
    found = corner_colours(show(decode_bytes(content)))
    assert np.abs(found - UPRIGHT_QUARTERS).max() <= 7, found
    unconverted = corner_colours(image)
    assert np.abs(unconverted - UPRIGHT_QUARTERS).max() >= 14, "the profile makes a difference that can be seen"


def cmyk(ink: tuple[int, ...]) -> Image.Image:
    return Image.new("CMYK", (96, 64), ink)


def test_inks_are_shown_as_the_profile_of_their_press_says(decode_bytes, show):
    inks = overprints()
    colours = np.random.default_rng(2).integers(40, 216, (len(inks), 3))
    colours[[black == 255 for *_, black in inks]] = 0
    colours[inks.index((0, 0, 0, 0))] = 255
    profile = ink_profile(colours)
    for ink, colour in zip(inks, colours, strict=True):
        content = encode(cmyk(ink), "JPEG", icc_profile=profile, quality=95)
        found = show(decode_bytes(content)).getpixel((48, 32))
        assert np.abs(np.subtract(found, colour)).max() <= 6, ink
