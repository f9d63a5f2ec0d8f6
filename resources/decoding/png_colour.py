"""What a PNG says of its colours that Pillow leaves out or leaves unscaled.

What belongs here: the transparent level in the depth that Pillow decodes to, and which of a PNG's statements about
colour counts. What does not: pixels (colour.py) and what the statements mean (colour_encoding.py).
"""

from collections.abc import Sequence
from typing import Any

from resources.decoding.colour_encoding import SRGB_PRIMARIES, ColourEncoding, encoding_of_codes, encoding_of_gamma
from resources.decoding.png_chunks import iter_chunks

_DEPTH_AT = 24  # in the header chunk, which is always the first
_SRGB_GAMMA, _GAMMA_TOLERANCE = 1 / 2.2, 0.05
_BELIEVABLE_GAMMAS = (0.1, 3.0)
_MIN_GAMUT = 0.02  # area of the triangle of primaries in CIE xy; sRGB has 0.112


def encoding_of_png(data: bytes, info: dict[Any, Any]) -> ColourEncoding | None:
    """Return what a whole PNG says without an ICC profile: cICP before sRGB before gAMA with cHRM; None for sRGB."""
    codes = next((content for name, content in iter_chunks(data) if name == b"cICP"), b"")
    if len(codes) == 4:
        return encoding_of_codes(codes[0], codes[1])
    gamma = info.get("gamma", _SRGB_GAMMA)
    is_srgb = "srgb" in info or abs(gamma - _SRGB_GAMMA) < _GAMMA_TOLERANCE
    if is_srgb or not _BELIEVABLE_GAMMAS[0] <= gamma <= _BELIEVABLE_GAMMAS[1]:
        return None
    return encoding_of_gamma(1.0 / gamma, _believable(info.get("chromaticity")))


def scaled_transparency(data: bytes, info: dict[Any, Any]) -> Any:
    """Return the level or colour that a PNG declares transparent, in eight bits, or in 16 where grey has 16."""
    declared, depth = info.get("transparency"), data[_DEPTH_AT]
    if depth in (2, 4) and isinstance(declared, int):
        return declared * 255 // ((1 << depth) - 1)
    if depth == 16 and isinstance(declared, tuple):  # Pillow keeps the upper byte of 16-bit colours
        return tuple(level >> 8 for level in declared)
    return declared


def _believable(chromaticity: Sequence[float] | None) -> Sequence[float]:
    """Return the primaries of cHRM, which puts white first, with white last; sRGB's where they cannot be."""
    if chromaticity is None or len(chromaticity) != 8:
        return SRGB_PRIMARIES
    *white, red_x, red_y, green_x, green_y, blue_x, blue_y = chromaticity
    gamut = ((green_x - red_x) * (blue_y - red_y) - (blue_x - red_x) * (green_y - red_y)) / 2
    is_possible = gamut >= _MIN_GAMUT and all(0.0 <= each <= 1.0 for each in chromaticity)
    heights = (white[1], red_y, green_y, blue_y)
    return (*chromaticity[2:], *white) if is_possible and min(heights) > 0.0 else SRGB_PRIMARIES
