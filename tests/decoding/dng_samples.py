"""DNG files made on the spot, with and without an embedded preview, in any orientation, or black."""

import io
import struct

import numpy as np
from PIL import Image

BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
_SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SIGNED_RATIONAL: 8}
_HEADER_BYTES = 8
_WHITE_LEVEL = 51_000

Tags = dict[int, tuple[int, bytes]]


def dng(image: Image.Image, orientation: int = 1, preview_jpeg: bytes | None = None) -> bytes:
    """Return a 16-bit Bayer (RGGB) DNG of an RGB picture; a preview comes first, as cameras write it."""
    raw = {**_raw_tags(image.width, image.height), **_camera_tags(orientation)}
    if preview_jpeg is None:
        return _tiff([(raw, _mosaic(image))])
    preview = {**_preview_tags(preview_jpeg), **_camera_tags(orientation)}
    return _tiff([(preview, preview_jpeg), (_raw_tags(image.width, image.height), _mosaic(image))])


def _mosaic(image: Image.Image) -> bytes:
    rgb = np.asarray(image).astype("<u2") * (_WHITE_LEVEL // 255)
    mosaic = rgb[:, :, 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = rgb[0::2, 0::2, 0], rgb[1::2, 1::2, 2]
    return mosaic.tobytes()


def _raw_tags(width_px: int, height_px: int) -> Tags:
    return {
        **_size_tags(width_px, height_px, samples=1, bits=16),
        254: _values(LONG, 0),
        259: _values(SHORT, 1),
        262: _values(SHORT, 32803),
        33421: _values(SHORT, 2, 2),
        33422: (BYTE, bytes((0, 1, 1, 2))),
        50717: _values(LONG, _WHITE_LEVEL),
    }


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
    }


def _camera_tags(orientation: int) -> Tags:
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
        field = content.ljust(4, b"\0")
        if len(content) > 4:
            field = struct.pack("<I", long_values_at + len(long_values))
            long_values += content
        entries += struct.pack("<HHI", tag, kind, len(content) // _SIZES[kind]) + field
    return struct.pack("<H", len(tags)) + entries + bytes(4) + long_values + strip
