"""Bringing every kind of pixel to 8-bit sRGB.

What belongs here: sample depths, palettes, transparency, colour spaces. What does not: size and
orientation. White stands behind transparent pixels, as on a page.
"""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

from resources.decoding.colour_encoding import ColourEncoding, encoded_as_srgb

_WHITE = _OPAQUE = 255
_PREMULTIPLIED = {"RGBa": "RGBA", "La": "LA"}
_SPACE_OF_MODE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def to_continuous_tone(image: Image.Image) -> Image.Image:
    """Return the picture in an 8-bit mode that can be resized by averaging: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I;16"):
        return _sixteen_to_eight_bits(image)
    if image.mode in _PREMULTIPLIED:
        return image.convert(_PREMULTIPLIED[image.mode])
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else image.convert("RGB")


def to_srgb(image: Image.Image, icc_profile: bytes | None, encoding: ColourEncoding | None = None) -> Image.Image:
    """Return an RGB picture on white, by the encoding if there is one, else by the profile.

    A profile that is broken or of another colour space is ignored.
    """
    opaque = _flatten(image)
    if encoding is not None:
        return encoded_as_srgb(opaque.convert("RGB"), encoding)
    transform = _transform_to_srgb(icc_profile, opaque.mode) if icc_profile else None
    try:
        converted = transform and ImageCms.applyTransform(opaque, transform)
    except ImageCms.PyCMSError:
        return opaque.convert("RGB")
    return converted or opaque.convert("RGB")


def is_one_colour(image: Image.Image) -> bool:
    """Say whether every pixel of a picture is the same."""
    lowest_and_highest = np.reshape(image.getextrema(), (-1, 2))
    return not np.ptp(lowest_and_highest, axis=1).any()


def _sixteen_to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale to 256 levels, in 16 bits throughout: wider integers would double the memory."""
    samples = np.asarray(image).astype(np.uint16)
    grey = Image.fromarray(((samples - (samples >> 8) + 128) >> 8).astype(np.uint8))
    if "transparency" in image.info:
        grey.putalpha(Image.fromarray((samples != image.info["transparency"]).astype(np.uint8) * _OPAQUE))
    return grey


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    page = Image.new(image.mode[:-1], image.size, (_WHITE,) * (len(image.mode) - 1))
    page.paste(image.convert(page.mode), mask=image.getchannel("A"))
    return page


@functools.lru_cache(maxsize=16)  # the photos of a library come from a few cameras
def _transform_to_srgb(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what brings pixels of a mode to sRGB; None where the profile is of no use, or is sRGB's own."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        if profile.profile.xcolor_space.strip() != _SPACE_OF_MODE.get(mode):
            return None
        transform = ImageCms.buildTransform(profile, _srgb_profile(), mode, "RGB")
        return transform if mode != "RGB" or _changes_colours(transform) else None
    except (OSError, TypeError, ValueError, ImageCms.PyCMSError):
        return None


def _changes_colours(transform: ImageCms.ImageCmsTransform) -> bool:
    """Say whether any of 4,096 colours becomes another, rounding aside."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(64, 64, 3)
    shown = np.asarray(ImageCms.applyTransform(Image.fromarray(probe), transform))
    return bool(np.abs(shown.astype(int) - probe).max() > 1)


@functools.cache
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
