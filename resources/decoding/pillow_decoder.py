"""JPEG, PNG and HEIC, by Pillow and pillow-heif.

What belongs here: opening the three formats with exactly one plugin each, and loading all of the picture, because
only loading finds truncated data. What does not: RAW; Pillow would open many DNGs as their tiny thumbnail.
"""

import io
from dataclasses import replace
from typing import Any

import PIL
import pillow_heif
from PIL import ExifTags, Image, PngImagePlugin

from resources.decoding.colour_encoding import ColourEncoding, encoding_of_codes
from resources.decoding.errors import CorruptError, TooLargeError
from resources.decoding.formats import Format
from resources.decoding.isobmff import is_cut_off, picture_part
from resources.decoding.jpeg_scans import has_more_scans_than
from resources.decoding.limits import DecodingLimits
from resources.decoding.orientation import UPRIGHT
from resources.decoding.pictures import Picture, preview_size, require_few_pixels
from resources.decoding.png_colour import encoding_of_png, scaled_transparency

_PLUGINS = {Format.JPEG: "JPEG", Format.PNG: "PNG", Format.HEIC: "HEIF"}
# A JPEG is decoded at an eighth, a quarter or a half, but at least this much larger than its preview: just above its
# size, pictures with fine detail come out 28 to 37 dB from the exact result; from here on most keep 38 and more.
_DRAFT_MARGIN = 1.25
_PILLOW = f"pillow {PIL.__version__}"
_PILLOW_HEIF = f"pillow-heif {pillow_heif.__version__}"


def set_up_pillow(limits: DecodingLimits) -> None:
    """Set this process's Pillow to the limits and add HEIC to it; once per worker."""
    # More threads inside one HEIC gain nothing: the pool is parallel over files. Previews that the
    # file carries are not looked at, or a damaged picture with a whole thumbnail would pass.
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    PngImagePlugin.MAX_TEXT_CHUNK = limits.max_text_bytes
    PngImagePlugin.MAX_TEXT_MEMORY = limits.max_text_bytes


def decode_with_pillow(data: bytes, photo_format: Format, limits: DecodingLimits) -> Picture:
    """Decode a whole JPEG, PNG or HEIC; a JPEG at the smallest scale that serves its preview."""
    if photo_format is Format.HEIC:
        data = picture_part(data)
        if is_cut_off(data):
            raise CorruptError("the picture goes on after the end of the file")
    if photo_format is Format.JPEG and has_more_scans_than(limits.max_scans, data):
        raise TooLargeError("scans", "max_scans", None, limits.max_scans)
    with Image.open(io.BytesIO(data), formats=(_PLUGINS[photo_format],)) as image:
        width_px, height_px = image.size
        require_few_pixels(width_px, height_px, limits)
        if photo_format is Format.JPEG:
            image.draft(None, _draft_size(width_px, height_px, limits))
        image.load()
        if photo_format is Format.PNG and "transparency" in image.info:
            image.info["transparency"] = scaled_transparency(data, image.info)
        encoding = _encoding(data, photo_format, image.info)
        return replace(_picture(image, width_px, height_px, photo_format), encoding=encoding)


def _draft_size(width_px: int, height_px: int, limits: DecodingLimits) -> tuple[int, int]:
    """Return the (width, height) below which a JPEG must not be scaled while it is decoded."""
    preview_width_px, preview_height_px = preview_size(width_px, height_px, limits)
    return round(_DRAFT_MARGIN * preview_width_px), round(_DRAFT_MARGIN * preview_height_px)


def _picture(image: Image.Image, width_px: int, height_px: int, photo_format: Format) -> Picture:
    is_heic = photo_format is Format.HEIC
    if is_heic:  # libheif has already turned the picture
        width_px, height_px = image.size
    return Picture(
        image=image,
        width_px=width_px,
        height_px=height_px,
        orientation=UPRIGHT if is_heic else _orientation(image),
        decoder=_PILLOW_HEIF if is_heic else _PILLOW,
        icc_profile=image.info.get("icc_profile"),
    )


def _encoding(data: bytes, photo_format: Format, info: dict[Any, Any]) -> ColourEncoding | None:
    """Return what the file states about its levels where that counts: HDR always, all else only without a profile."""
    stated = None
    if photo_format is Format.PNG:
        stated = encoding_of_png(data, info)
    elif nclx := info.get("nclx_profile"):
        stated = encoding_of_codes(nclx["color_primaries"], nclx["transfer_characteristics"])
    return stated if stated is not None and (stated.is_hdr or not info.get("icc_profile")) else None


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # a photo with broken EXIF is still a photo
        return UPRIGHT
