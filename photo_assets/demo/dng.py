"""A painted picture as the Bayer mosaic that a camera would have recorded of it, in a DNG file.

Here belongs what makes a picture RAW: linear light, one colour per pixel, and the tags a converter needs to undo both.
What a camera says about the moment (files) comes in as EXIF. A DNG is a TIFF, and so is the inside of an EXIF block:
Pillow's writer of the latter, with its Exif and GPS directories, makes the whole header.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from PIL.TiffTags import ASCII, BYTE, LONG, RATIONAL, SHORT, SIGNED_RATIONAL

BLACK_LEVEL, WHITE_LEVEL = 1_024, 64_000
NEUTRAL = (0.5, 1.0, 0.65)  # what the sensor's red, green and blue make of a white wall in daylight
_RED_GREEN_GREEN_BLUE = bytes((0, 1, 1, 2))
_XYZ_TO_SRGB = np.array(((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570)))
_CFA, _UNCOMPRESSED, _D65, _UPRIGHT = 32803, 1, 21, 1
_CFA_DIMENSIONS, _CFA_PATTERN = 33421, 33422  # without a name in Pillow
# A green one in the corner: without any pixel at the white level, LibRaw takes the brightest for white.
_HOT_PIXEL = (0, 1)
_DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def dng_bytes(picture: NDArray[np.uint8], exif: Image.Exif) -> bytes:
    """A 16-bit uncompressed RGGB DNG of an (H, W, 3) uint8 sRGB picture of even height and width."""
    directory = ImageFileDirectory_v2()
    directory.update(dict(exif))
    for pointer in _DIRECTORIES:
        directory[pointer] = exif.get_ifd(pointer)
        directory.tagtype[pointer] = LONG
    height, width, _ = picture.shape
    for tag, (kind, value) in {**_raw_tags(width, height), **_colour_tags(exif[ExifTags.Base.Model])}.items():
        directory[tag] = value
        directory.tagtype[tag] = kind
    file = io.BytesIO()
    directory.save(file)
    file.write(mosaic(picture).astype("<u2").tobytes())
    return file.getvalue()


def mosaic(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """What the sensor counts: (H, W) uint16, red at even rows and columns, blue at odd ones, green between."""
    light = _linear_light()[picture] * np.array(NEUTRAL, dtype=np.float32)
    counts = light[:, :, 1].copy()
    counts[0::2, 0::2], counts[1::2, 1::2] = light[0::2, 0::2, 0], light[1::2, 1::2, 2]
    counts[_HOT_PIXEL] = 1.0
    return (BLACK_LEVEL + counts * (WHITE_LEVEL - BLACK_LEVEL)).round().astype(np.uint16)


def _linear_light() -> NDArray[np.float32]:
    """The light, 0 to 1, that each of sRGB's 256 levels stands for."""
    level = np.arange(256, dtype=np.float32) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _raw_tags(width: int, height: int) -> dict[int, tuple[int, Any]]:
    base = ExifTags.Base
    return {
        base.NewSubfileType: (LONG, 0),
        base.ImageWidth: (LONG, width),
        base.ImageLength: (LONG, height),
        base.BitsPerSample: (SHORT, 16),
        base.Compression: (SHORT, _UNCOMPRESSED),
        base.PhotometricInterpretation: (SHORT, _CFA),
        base.Orientation: (SHORT, _UPRIGHT),
        base.SamplesPerPixel: (SHORT, 1),
        base.StripOffsets: (LONG, 0),  # counted by Pillow from the end of the header
        base.RowsPerStrip: (LONG, height),
        base.StripByteCounts: (LONG, 2 * width * height),
        _CFA_DIMENSIONS: (SHORT, (2, 2)),
        _CFA_PATTERN: (BYTE, _RED_GREEN_GREEN_BLUE),
    }


def _colour_tags(model: str) -> dict[int, tuple[int, Any]]:
    base = ExifTags.Base
    matrix = np.diag(NEUTRAL) @ _XYZ_TO_SRGB  # so that daylight's white comes out as the neutral
    return {
        base.DNGVersion: (BYTE, bytes((1, 4, 0, 0))),
        base.DNGBackwardVersion: (BYTE, bytes((1, 1, 0, 0))),
        base.UniqueCameraModel: (ASCII, model),
        base.BlackLevel: (SHORT, BLACK_LEVEL),
        base.WhiteLevel: (LONG, WHITE_LEVEL),
        base.ColorMatrix1: (SIGNED_RATIONAL, tuple(matrix.ravel().round(4).tolist())),
        base.AsShotNeutral: (RATIONAL, NEUTRAL),
        base.BaselineExposure: (SIGNED_RATIONAL, 0.0),
        base.CalibrationIlluminant1: (SHORT, _D65),
    }
