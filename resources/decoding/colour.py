"""Bringing every kind of pixel to 8-bit sRGB.

What belongs here: sample depths, palettes, transparency, colour spaces. What does not: size and
orientation. White stands behind transparent pixels, as on a page.
"""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

_WHITE = 255
_SINGLE_LEVELS = frozenset((level, level) for level in range(256))
_SPACE_OF_MODE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def to_continuous_tone(image: Image.Image) -> Image.Image:
    """Return the picture in an 8-bit mode that can be resized by averaging: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I;16"):
        return _sixteen_to_eight_bits(image)
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else image.convert("RGB")


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Return an RGB picture on white; a profile that is broken or of another colour space is ignored."""
    opaque = _flatten(image)
    profile = _read_profile(icc_profile)
    if profile is None or profile.profile.xcolor_space.strip() != _SPACE_OF_MODE.get(opaque.mode):
        return opaque.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(opaque, profile, _srgb_profile(), outputMode="RGB")
    except ImageCms.PyCMSError:
        return opaque.convert("RGB")
    return converted or opaque.convert("RGB")


def is_one_colour(image: Image.Image) -> bool:
    """Say whether every pixel of an RGB picture is the same."""
    return all(channel.getextrema() in _SINGLE_LEVELS for channel in image.convert("RGB").split())


def _sixteen_to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale to 256 levels, in 16 bits throughout: wider integers would double the memory."""
    samples = np.asarray(image).astype(np.uint16)
    return Image.fromarray(((samples - (samples >> 8) + 128) >> 8).astype(np.uint8))


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    page = Image.new(image.mode[:-1], image.size, (_WHITE,) * (len(image.mode) - 1))
    page.paste(image.convert(page.mode), mask=image.getchannel("A"))
    return page


def _read_profile(icc_profile: bytes | None) -> ImageCms.ImageCmsProfile | None:
    if not icc_profile:
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    except (OSError, TypeError, ValueError):
        return None


@functools.cache
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
