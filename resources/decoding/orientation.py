"""Turning a picture upright, once.

What belongs here: the eight EXIF orientations and LibRaw's flips. What does not: finding out which one
applies; every decoder says with its picture what is left to be applied, 1 meaning nothing.
"""

from PIL import Image

UPRIGHT = 1

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# LibRaw's bits: 1 mirrors left and right, 2 top and bottom, 4 exchanges rows and columns beforehand.
_ORIENTATION_BY_LIBRAW_FLIP = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a person sees it; `orientation` is EXIF's 1 to 8, anything else counts as 1."""
    transposition = _TRANSPOSITIONS.get(orientation)
    return image if transposition is None else image.transpose(transposition)


def upright_size(width_px: int, height_px: int, orientation: int) -> tuple[int, int]:
    """Return (width, height) after `turn_upright`."""
    return (height_px, width_px) if orientation in (5, 6, 7, 8) else (width_px, height_px)


def orientation_of_libraw_flip(flip: int) -> int:
    """Return the EXIF orientation that LibRaw's `sizes.flip` stands for."""
    return _ORIENTATION_BY_LIBRAW_FLIP.get(flip, UPRIGHT)
