"""What a picture looks like, in a few bytes: a perceptual hash and its dominant colours.

What belongs here: numbers that any copy of a picture shares, whatever its size, format and compression. What does not:
what the picture shows, which is the models' business (resources.inference).
"""

import functools

import numpy as np
from PIL import Image

_INPUT_PX = 32  # sides of the square that both are taken from: all they need, in one millisecond
_HASH_SIDE = 8  # the lowest frequencies of each direction: 64 bits
_HASH_DECIMALS = 3  # below is rounding: a sky without a cloud must not have a hash of noise
_MAX_COLOURS = 5
_MIN_SHARE = 0.02


def perceptual_hash(image: Image.Image) -> str:
    """Return 64 bits of a picture's structure as 16 hex digits; two copies differ in few bits, two photos in about 32.

    Bit by bit, from the lowest frequency: is this coefficient of the cosine transform of the grey picture above the
    median of them all?
    """
    grey = image.convert("L").resize((_INPUT_PX, _INPUT_PX), Image.Resampling.BOX)
    cosines = _cosines()
    coefficients = (cosines @ np.asarray(grey, dtype=np.float64) @ cosines.T).round(_HASH_DECIMALS)
    bits = coefficients.ravel() > np.median(coefficients)
    return np.packbits(bits).tobytes().hex()


def dominant_colours(image: Image.Image) -> list[str]:
    """Return up to five colours of an RGB picture as `#rrggbb`, the one with the largest share first."""
    small = image.resize((_INPUT_PX, _INPUT_PX), Image.Resampling.BOX)
    reduced = small.quantize(_MAX_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = np.array(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
    counts = np.bincount(np.asarray(reduced).ravel())
    found = np.argsort(-counts, kind="stable")
    kept = [index for index in found if counts[index] >= _MIN_SHARE * _INPUT_PX**2]
    return list(dict.fromkeys(f"#{palette[index].tobytes().hex()}" for index in kept))


@functools.cache
def _cosines() -> np.ndarray:
    """Return the first rows of the cosine transform, (8, 32) float64."""
    frequency, place = np.mgrid[:_HASH_SIDE, :_INPUT_PX]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * _INPUT_PX))
