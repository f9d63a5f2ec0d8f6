"""What every decoder returns: a picture at least as large as its preview, and what is known of it.

What belongs here: the record between decoders and renditions, and the checks both kinds of decoder make
before they spend memory. What does not: any one format.
"""

from dataclasses import dataclass

from PIL import Image

from resources.decoding.colour_encoding import ColourEncoding
from resources.decoding.errors import TooLargeError
from resources.decoding.limits import DecodingLimits


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture in any Pillow mode, as stored and perhaps at a reduced scale.

    `width_px` and `height_px` are the full size of the original before `orientation` (EXIF's 1 to 8, what is still to
    be applied) turns it upright. `encoding` is what the levels mean where there is no ICC profile; None means sRGB.
    """

    image: Image.Image
    width_px: int
    height_px: int
    orientation: int
    decoder: str
    icc_profile: bytes | None = None
    encoding: ColourEncoding | None = None


def require_few_pixels(width_px: int, height_px: int, limits: DecodingLimits) -> None:
    """Raise TooLargeError when a picture of this size may not be decoded."""
    pixels = width_px * height_px
    if pixels > limits.max_pixels:
        raise TooLargeError("pixels", "max_pixels", pixels, limits.max_pixels)


def require_few_pieces(pieces: int, limits: DecodingLimits) -> None:
    """Raise TooLargeError when a picture of so many strips or tiles may not be decoded."""
    if pieces > limits.max_pieces:
        raise TooLargeError("strips or tiles", "max_pieces", pieces, limits.max_pieces)


def preview_size(width_px: int, height_px: int, limits: DecodingLimits) -> tuple[int, int]:
    """Return (width, height) of the preview of a picture of this size; never larger than the picture."""
    scale = min(
        1.0,
        limits.preview_short_side_px / min(width_px, height_px),
        limits.preview_long_side_px / max(width_px, height_px),
    )
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))
