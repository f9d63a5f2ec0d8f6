"""The ways to see a RAW photo: its camera's own JPEG, or the RAW data in half or in full.

What belongs here: asking LibRaw for each, at the size and in the orientation the camera meant. What does not: which of
them is wanted (raw_decoder.py). A rendering that does not serve is None.
"""

import numpy as np
import rawpy
from PIL import Image

from resources.decoding.formats import Format
from resources.decoding.limits import DecodingLimits
from resources.decoding.orientation import UPRIGHT, orientation_of_libraw_flip, upright_size
from resources.decoding.pictures import Picture
from resources.decoding.pillow_decoder import decode_with_pillow

RAWPY = f"rawpy {rawpy.__version__}"

_EMBEDDED_MIN_SHORT_SIDE_PX = 1024  # smaller ones are the camera's thumbnails, sharpened and compressed hard
_ASPECT_TOLERANCE = 0.03  # previews lack the sensor's border, one or two per cent; a 16:9 crop of 4:3 differs by 33
_SRGB_CURVE = (2.4, 12.92)  # LibRaw's own is television's BT.709, which shows sRGB's mid-tones up to 19 levels darker


def show_large_preview(raw: rawpy.RawPy, limits: DecodingLimits) -> Picture | None:
    """Return the camera's own JPEG where it is more than a thumbnail."""
    return _show_preview(raw, limits, max(_EMBEDDED_MIN_SHORT_SIDE_PX, limits.preview_short_side_px))


def show_small_preview(raw: rawpy.RawPy, limits: DecodingLimits) -> Picture | None:
    """Return the camera's own JPEG where it is no smaller than the preview to be made."""
    return _show_preview(raw, limits, limits.preview_short_side_px)


def render_half(raw: rawpy.RawPy, limits: DecodingLimits) -> Picture | None:
    """Return one pixel for each two by two of a mosaic, where the preview to be made needs no more."""
    has_mosaic = raw.raw_type is rawpy.RawType.Flat and raw.num_colors > 1
    is_enough = min(_size(raw)) // 2 >= limits.preview_short_side_px
    return _render(raw, half_size=True) if has_mosaic and is_enough else None


def render_full(raw: rawpy.RawPy, limits: DecodingLimits) -> Picture | None:
    """Return the RAW data at its own size, demosaiced where it is a mosaic."""
    return _render(raw, half_size=False)


def _render(raw: rawpy.RawPy, half_size: bool) -> Picture:
    """Render the RAW data as it is stored: cropping and turning a reduced picture costs less than LibRaw's turning."""
    size, orientation, crop = _size(raw), orientation_of_libraw_flip(raw.sizes.flip), _crop(raw)
    pixels = raw.postprocess(use_camera_wb=True, half_size=half_size, output_bps=8, gamma=_SRGB_CURVE, user_flip=0)
    decoder = f"{RAWPY} {'half_size' if half_size else 'full'}"
    return Picture(Image.fromarray(_cut(pixels, crop)), *size, orientation, decoder)


def _crop(raw: rawpy.RawPy) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom of what the camera shows, as shares of what LibRaw renders."""
    sizes = raw.sizes
    left, top = sizes.crop_left_margin - sizes.left_margin, sizes.crop_top_margin - sizes.top_margin
    right, bottom = left + sizes.crop_width, top + sizes.crop_height
    if not (0 <= left < right <= sizes.width and 0 <= top < bottom <= sizes.height):
        return 0.0, 0.0, 1.0, 1.0
    return left / sizes.width, top / sizes.height, right / sizes.width, bottom / sizes.height


def _size(raw: rawpy.RawPy) -> tuple[int, int]:
    """Return the (width, height) of what the camera shows, as stored."""
    left, top, right, bottom = _crop(raw)
    return round((right - left) * raw.sizes.width), round((bottom - top) * raw.sizes.height)


def _cut(pixels: np.ndarray, crop: tuple[float, float, float, float]) -> np.ndarray:
    """Cut (H, W, C) pixels to shares of their sides; a single channel is dropped."""
    height, width, channels = pixels.shape
    left, top, right, bottom = crop
    cut = pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return np.ascontiguousarray(cut[:, :, 0] if channels == 1 else cut)


def _show_preview(raw: rawpy.RawPy, limits: DecodingLimits, min_short_side_px: int) -> Picture | None:
    """Return the camera's own JPEG if it is large enough and shows what the RAW data shows."""
    try:
        thumbnail = raw.extract_thumb()
        if not isinstance(thumbnail.data, bytes):  # a bitmap, which only small thumbnails are
            return None
        found = decode_with_pillow(thumbnail.data, Format.JPEG, limits)
    except Exception:  # whatever is wrong with the preview, the RAW data has its own chance
        return None
    orientation = _orientation_left(found, raw)
    if orientation is None or min(found.width_px, found.height_px) < min_short_side_px:
        return None
    width_px, height_px = upright_size(*_upright_size(raw), orientation)
    return Picture(found.image, width_px, height_px, orientation, f"{RAWPY} embedded preview", found.icc_profile)


def _orientation_left(preview: Picture, raw: rawpy.RawPy) -> int | None:
    """Return what turns an embedded preview upright, or None if its shape is not the RAW data's.

    Previews are stored like the RAW data, to be turned with it; some writers store them upright already, which only
    their shape tells.
    """
    aspect = preview.width_px / preview.height_px
    width_px, height_px = _size(raw)
    if _same_aspect(aspect, width_px / height_px):
        return orientation_of_libraw_flip(raw.sizes.flip)
    upright_width_px, upright_height_px = _upright_size(raw)
    return UPRIGHT if _same_aspect(aspect, upright_width_px / upright_height_px) else None


def _same_aspect(one: float, other: float) -> bool:
    return abs(one / other - 1.0) <= _ASPECT_TOLERANCE


def _upright_size(raw: rawpy.RawPy) -> tuple[int, int]:
    return upright_size(*_size(raw), orientation_of_libraw_flip(raw.sizes.flip))
