"""DNG, by rawpy, always from memory: embedded preview, then half-size, then full demosaic.

What belongs here: the `raw-auto` policy, cheapest rendering first, and the refusal of black frames, which
LibRaw returns for some cut-off files without an error. What does not: the other formats.
"""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import rawpy
from PIL import Image

from resources.decoding.colour import is_one_colour
from resources.decoding.errors import BlackFrameError, CorruptError
from resources.decoding.formats import Format
from resources.decoding.limits import DecodingLimits
from resources.decoding.orientation import UPRIGHT, orientation_of_libraw_flip, upright_size
from resources.decoding.pictures import Picture, require_few_pixels
from resources.decoding.pillow_decoder import decode_with_pillow
from resources.decoding.tags import read_tags
from resources.decoding.tiff import is_cut_off

_RAWPY = f"rawpy {rawpy.__version__}"
_EMBEDDED_MIN_SHORT_SIDE_PX = 1024  # smaller ones are the camera's thumbnails, sharpened and compressed hard
_ASPECT_TOLERANCE = 0.03  # previews lack the sensor's border, one or two per cent; a 16:9 crop of 4:3 differs by 33


# LibRaw brightens until this share of the pixels is white. Its own 1 % turns night into dusk; with none at all,
# files of cameras that expose for the highlights stay dark.
_CLIPPED_SHARE = 0.001


def decode_dng(data: bytes, limits: DecodingLimits) -> Picture:
    """Decode a whole DNG by the first rendering that shows anything; BlackFrameError if none does."""
    if is_cut_off(data):
        raise CorruptError("the RAW data goes on after the end of the file")
    with rawpy.imread(io.BytesIO(data)) as raw:
        require_few_pixels(raw.sizes.raw_width, raw.sizes.raw_height, limits)
        tags = _read_dng_tags(data)
        for picture in _renderings(raw, tags, limits):
            if not is_one_colour(picture.image):
                return picture
    raise BlackFrameError(_RAWPY)


def _renderings(raw: rawpy.RawPy, tags: dict[str, Any], limits: DecodingLimits) -> Iterator[Picture]:
    embedded = _embedded_preview(raw, tags, limits)
    if embedded is not None:
        yield embedded
    half_is_enough = min(raw.sizes.width, raw.sizes.height) // 2 >= limits.preview_short_side_px
    yield _demosaic(raw, tags, half_size=half_is_enough)


def _demosaic(raw: rawpy.RawPy, tags: dict[str, Any], half_size: bool) -> Picture:
    """Render the RAW data itself; LibRaw turns the result upright."""
    size = _upright_raw_size(raw)  # before rendering: half_size halves what LibRaw says afterwards
    pixels: np.ndarray = raw.postprocess(
        use_camera_wb=True, half_size=half_size, output_bps=8, auto_bright_thr=_CLIPPED_SHARE
    )
    name = f"{_RAWPY} {'half_size' if half_size else 'full'}"
    return Picture(Image.fromarray(pixels), *size, orientation=UPRIGHT, decoder=name, tags=tags)


def _embedded_preview(raw: rawpy.RawPy, tags: dict[str, Any], limits: DecodingLimits) -> Picture | None:
    """Return the camera's own JPEG if it is large and shows what the RAW data shows."""
    try:
        thumbnail = raw.extract_thumb()
        if not isinstance(thumbnail.data, bytes):  # a bitmap, which only small thumbnails are
            return None
        found = decode_with_pillow(thumbnail.data, Format.JPEG, limits)
    except Exception:  # whatever is wrong with the preview, the RAW data has its own chance
        return None
    orientation = _orientation_left(found, raw)
    if orientation is None or min(found.width_px, found.height_px) < _EMBEDDED_MIN_SHORT_SIDE_PX:
        return None
    width_px, height_px = upright_size(*_upright_raw_size(raw), orientation)
    return Picture(found.image, width_px, height_px, orientation, f"{_RAWPY} embedded preview", found.icc_profile, tags)


def _orientation_left(preview: Picture, raw: rawpy.RawPy) -> int | None:
    """Return what turns an embedded preview upright, or None if its shape is not the RAW data's.

    Previews are stored like the RAW data, to be turned with it; some writers store them upright already, which only
    their shape tells.
    """
    flip_orientation = orientation_of_libraw_flip(raw.sizes.flip)
    aspect = preview.width_px / preview.height_px
    if _same_aspect(aspect, raw.sizes.width / raw.sizes.height):
        return flip_orientation
    upright_width_px, upright_height_px = _upright_raw_size(raw)
    return UPRIGHT if _same_aspect(aspect, upright_width_px / upright_height_px) else None


def _same_aspect(one: float, other: float) -> bool:
    return abs(one / other - 1.0) <= _ASPECT_TOLERANCE


def _upright_raw_size(raw: rawpy.RawPy) -> tuple[int, int]:
    orientation = orientation_of_libraw_flip(raw.sizes.flip)
    return upright_size(raw.sizes.width, raw.sizes.height, orientation)


def _read_dng_tags(data: bytes) -> dict[str, Any]:
    exif = Image.Exif()
    try:
        exif.load(data)  # a DNG is a TIFF, and so is the inside of an EXIF block
    except Exception:  # broken tags cost the tags only
        return {}
    return read_tags(exif)
