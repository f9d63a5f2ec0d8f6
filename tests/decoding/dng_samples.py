"""DNG files made on the spot: mosaics, linear and grey pixels, in every depth and compression, previews, or black."""

import io
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from .lossless_jpeg import lossless_jpeg

BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
_SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SIGNED_RATIONAL: 8}
_HEADER_BYTES = 8
_CFA, _LINEAR_RAW = 32803, 34892
_FLOATING_POINT = 3  # the sample format, and the predictor that goes with it
_UNCOMPRESSED, _JPEG, _DEFLATE, _LOSSY_JPEG, _JPEG_XL = 1, 7, 8, 34892, 52546

Tags = dict[int, tuple[int, bytes]]


@dataclass(frozen=True)
class RawData:
    """What a sensor recorded: the tags that describe it, and one strip."""

    strip: bytes
    tags: Tags = field(default_factory=dict)


def dng(
    image: Image.Image, orientation: int = 1, preview_jpeg: bytes | None = None, raw: RawData | None = None
) -> bytes:
    """Return a DNG of an RGB picture, 16-bit Bayer unless `raw` is another; a preview comes first, as in cameras."""
    raw = raw or mosaic(image)
    if preview_jpeg is None:
        return _tiff([({**raw.tags, **_camera_tags(orientation, _samples(raw))}, raw.strip)])
    preview = {**_preview_tags(preview_jpeg), **_camera_tags(orientation, _samples(raw))}
    return _tiff([(preview, preview_jpeg), (raw.tags, raw.strip)])


def mosaic(image: Image.Image, bits: int = 16, compression: str = "none") -> RawData:
    """Return an RGGB mosaic, packed without gaps between the samples of a row."""
    samples = _bayer(image, bits)
    if compression == "lossless jpeg":
        return RawData(lossless_jpeg(samples, bits), _raw_tags(image.size, bits, _CFA, _JPEG))
    return RawData(_packed(samples, bits), _raw_tags(image.size, bits, _CFA))


def linear(image: Image.Image, bits: int = 16) -> RawData:
    """Return three samples per pixel, as phones and stitched panoramas have them."""
    return RawData(_packed(_light(image, bits), bits), _raw_tags(image.size, bits, _LINEAR_RAW, samples=3))


def lossy(image: Image.Image) -> RawData:
    """Return linear pixels as an ordinary JPEG, as Adobe's lossy DNG has them."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return RawData(buffer.getvalue(), _raw_tags(image.size, 8, _LINEAR_RAW, _LOSSY_JPEG, samples=3))


def monochrome(image: Image.Image, bits: int = 16) -> RawData:
    """Return one sample per pixel of a sensor without colour filters."""
    return RawData(_packed(_light(image.convert("L"), bits), bits), _raw_tags(image.size, bits, _LINEAR_RAW))


def floating(image: Image.Image, bits: int = 32) -> RawData:
    """Return a deflated mosaic of floating-point numbers, as merged exposures have them."""
    samples = (_bayer(image, 16) / _white_level(16)).astype(f">f{bits // 8}")
    planes = samples.view(np.uint8).reshape(*samples.shape, -1).transpose(0, 2, 1).reshape(len(samples), -1)
    differences = np.diff(planes, axis=1, prepend=np.uint8(0))
    tags = _raw_tags(image.size, bits, _CFA, _DEFLATE)
    tags |= {317: _values(SHORT, _FLOATING_POINT), 339: _values(SHORT, _FLOATING_POINT), 50717: _values(LONG, 1)}
    return RawData(zlib.compress(differences.tobytes()), tags)


def jpeg_xl(image: Image.Image) -> RawData:
    """Return what LibRaw only sees the label of: JPEG XL, which nothing here can write."""
    return RawData(b"\xff\x0a" + bytes(5000), _raw_tags(image.size, 16, _LINEAR_RAW, _JPEG_XL, samples=3))


def cropped(raw: RawData, active: tuple[int, int, int, int], origin: tuple[int, int], size: tuple[int, int]) -> RawData:
    """Return the data with an active area (top, left, bottom, right) and a default crop (x, y; width, height) in it."""
    crop = {50829: _values(LONG, *active), 50719: _values(LONG, *origin), 50720: _values(LONG, *size)}
    return RawData(raw.strip, {**raw.tags, **crop})


def _bayer(image: Image.Image, bits: int) -> np.ndarray:
    rgb = _light(image, bits)
    samples = rgb[:, :, 1].copy()
    samples[0::2, 0::2], samples[1::2, 1::2] = rgb[0::2, 0::2, 0], rgb[1::2, 1::2, 2]
    return samples


def _light(image: Image.Image, bits: int) -> np.ndarray:
    """Return what a sensor counts that sees an sRGB picture: its light, in proportion."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return (light * _white_level(bits)).round().astype(np.uint32)[np.asarray(image)]


def _white_level(bits: int) -> int:
    return (1 << bits) * 4 // 5


def _packed(samples: np.ndarray, bits: int) -> bytes:
    """Return rows of whole bytes; depths between 8 and 16 go from the highest bit down, as TIFF wants it."""
    rows = samples.reshape(len(samples), -1)
    if bits in (8, 16):
        return rows.astype(f"<u{bits // 8}").tobytes()
    digits = (rows[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(digits.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def _samples(raw: RawData) -> int:
    return struct.unpack("<H", raw.tags[277][1])[0]


def _raw_tags(
    size: tuple[int, int], bits: int, photometric: int, compression: int = _UNCOMPRESSED, samples: int = 1
) -> Tags:
    tags = {
        **_size_tags(*size, samples=samples, bits=bits),
        254: _values(LONG, 0),
        259: _values(SHORT, compression),
        262: _values(SHORT, photometric),
        50717: _values(LONG, *[_white_level(bits) if compression != _LOSSY_JPEG else 255] * samples),
    }
    if photometric == _CFA:
        tags |= {33421: _values(SHORT, 2, 2), 33422: (BYTE, bytes((0, 1, 1, 2)))}
    return tags


def _preview_tags(jpeg: bytes) -> Tags:
    with Image.open(io.BytesIO(jpeg)) as preview:
        sizes = _size_tags(*preview.size, samples=3, bits=8)
    return {**sizes, 254: _values(LONG, 1), 259: _values(SHORT, 7), 262: _values(SHORT, 6)}


def _size_tags(width_px: int, height_px: int, samples: int, bits: int) -> Tags:
    return {
        256: _values(LONG, width_px),
        257: _values(LONG, height_px),
        258: _values(SHORT, *[bits] * samples),
        277: _values(SHORT, samples),
        278: _values(LONG, height_px),
        284: _values(SHORT, 1),
    }


def _camera_tags(orientation: int, samples: int) -> Tags:
    xyz_to_srgb = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
    matrix = [part for value in xyz_to_srgb for part in (round(value * 10_000), 10_000)]
    return {
        271: (ASCII, b"Testmaker\0"),
        272: (ASCII, b"Test Camera\0"),
        274: _values(SHORT, orientation),
        50706: (BYTE, bytes((1, 4, 0, 0))),
        50708: (ASCII, b"Test Camera\0"),
        50721: (SIGNED_RATIONAL, struct.pack("<18i", *matrix)),
        50728: (RATIONAL, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
        50778: _values(SHORT, 21),
    }


def _values(kind: int, *values: int) -> tuple[int, bytes]:
    return kind, struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)


def _tiff(directories: list[tuple[Tags, bytes]]) -> bytes:
    """Return a TIFF of one directory, or of one whose SubIFD is the second; each with one strip behind it."""
    outer_tags, outer_strip = directories[0]
    if len(directories) == 1:
        return b"II*\0" + struct.pack("<I", _HEADER_BYTES) + _directory(outer_tags, outer_strip, _HEADER_BYTES)
    placeholder = _directory({**outer_tags, 330: _values(LONG, 0)}, outer_strip, _HEADER_BYTES)
    inner_at = _HEADER_BYTES + len(placeholder)
    outer = _directory({**outer_tags, 330: _values(LONG, inner_at)}, outer_strip, _HEADER_BYTES)
    return b"II*\0" + struct.pack("<I", _HEADER_BYTES) + outer + _directory(*directories[1], inner_at)


def _directory(tags: Tags, strip: bytes, at: int) -> bytes:
    """Return a directory that begins at offset `at`, then its long values, then its strip."""
    tags = {**tags, 273: _values(LONG, 0), 279: _values(LONG, len(strip))}
    long_values_at = at + 2 + 12 * len(tags) + 4
    strip_at = long_values_at + sum(len(content) for _, content in tags.values() if len(content) > 4)
    tags[273] = _values(LONG, strip_at)
    entries, long_values = b"", b""
    for tag, (kind, content) in sorted(tags.items()):
        field_bytes = content.ljust(4, b"\0")
        if len(content) > 4:
            field_bytes = struct.pack("<I", long_values_at + len(long_values))
            long_values += content
        entries += struct.pack("<HHI", tag, kind, len(content) // _SIZES[kind]) + field_bytes
    return struct.pack("<H", len(tags)) + entries + bytes(4) + long_values + strip
