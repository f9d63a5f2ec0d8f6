"""A photo's own tags as bounded JSON, so that the metadata can be made again without opening the original.

What belongs here: reading the tags by name and making their values safe for JSON. What does not: where a file keeps
them (metadata_blocks.py) and what they mean (metadata.py). The form: one object of tag names of EXIF's main and Exif
directory, and under "GPSInfo" an object of GPS tag names, under "XMP" one of properties (xmp.py) and under "IPTC" one
of data sets (iptc.py). EXIF's rationals are floats, or null where they divide by zero; bytes are text where they are
printable and lists of integers where they are few; the rest is left out.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from resources.decoding.formats import Format
from resources.decoding.iptc import parse_iptc
from resources.decoding.metadata_blocks import find_blocks
from resources.decoding.xmp import merge_xmp, parse_xmp

_MAX_TEXT_LENGTH = 1024
_MAX_VALUES = 64
_POINTERS = frozenset({ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop, ExifTags.IFD.MakerNote})
_FIRST_DNG_TAG = 50706  # from here on: matrices and profiles for the RAW decoder, except
_DNG_TEXTS = frozenset({ExifTags.Base.UniqueCameraModel, ExifTags.Base.CameraSerialNumber})
_BLOCKS = frozenset({700, 33723})  # XMP and IPTC, which a TIFF has as tags
_WINDOWS_TEXTS = range(ExifTags.Base.XPTitle, ExifTags.Base.XPSubject + 1)  # what its Explorer writes, in UTF-16


def read_tags(data: bytes, photo_format: Format) -> dict[str, Any]:
    """Return the tags of a whole file by name; what cannot be read is left out, whatever the file holds."""
    blocks = find_blocks(data, photo_format)
    others = {"XMP": merge_xmp(map(parse_xmp, blocks.xmp)), "IPTC": parse_iptc(blocks.iptc)}
    return read_exif(_load(blocks.exif)) | {name: found for name, found in others.items() if found}


def read_exif(exif: Image.Exif) -> dict[str, Any]:
    """Return the tags of EXIF alone."""
    tags = {
        **_by_name(_directory(exif, None), ExifTags.TAGS),
        **_by_name(_directory(exif, ExifTags.IFD.Exif), ExifTags.TAGS),
    }
    gps = _by_name(_directory(exif, ExifTags.IFD.GPSInfo), ExifTags.GPSTAGS)
    return {**tags, "GPSInfo": gps} if gps else tags


def dump_tags(tags: Mapping[str, Any], max_bytes: int) -> str:
    """Return the tags as ASCII JSON of at most `max_bytes`; tags and properties that no longer fit are left out."""
    return json.dumps(_fitting(tags, max_bytes), allow_nan=False)


def _fitting(tags: Mapping[str, Any], room_bytes: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    room_bytes -= len("{}")
    for name, value in tags.items():
        frame_bytes = len(json.dumps({name: 0})) - len("{0}") + len(", ")
        part = _fitting(value, room_bytes - frame_bytes) if isinstance(value, Mapping) else value
        cost_bytes = frame_bytes + len(json.dumps(part))
        if cost_bytes <= room_bytes:
            kept[name] = part
            room_bytes -= cost_bytes
    return kept


def _load(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    with suppress(Exception):  # broken EXIF costs its tags, never the photo
        exif.load(block)
    return exif


def _directory(exif: Image.Exif, pointer: int | None) -> Mapping[int, Any]:
    try:
        return dict(exif) if pointer is None else exif.get_ifd(pointer)
    except Exception:  # a broken directory costs its tags, never the photo
        return {}


def _by_name(directory: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names[tag]: value for tag, value in _safe_items(directory) if tag in names}


def _safe_items(directory: Mapping[int, Any]) -> Iterator[tuple[int, Any]]:
    for tag, value in directory.items():
        if tag in _POINTERS | _BLOCKS or (tag >= _FIRST_DNG_TAG and tag not in _DNG_TEXTS):
            continue
        is_utf_16 = tag in _WINDOWS_TEXTS and isinstance(value, bytes)
        safe = _json_safe(value.decode("utf-16-le", "ignore") if is_utf_16 else value)
        if safe is not None:
            yield tag, safe


def _json_safe(value: Any) -> Any:
    """Return a str, int, finite float or a short list of them, or None."""
    if isinstance(value, str):
        return _text_safe(value)
    if isinstance(value, bytes):
        return _bytes_safe(value)
    if isinstance(value, tuple | list):
        return [_json_safe(each) for each in value] if len(value) <= _MAX_VALUES else None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    return _number_safe(value)


def _text_safe(value: str) -> str:
    text = value.partition("\0")[0]
    # EXIF's texts are ASCII by the standard and UTF-8 by habit; Pillow reads them as Latin-1.
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return text[:_MAX_TEXT_LENGTH].encode("utf-8", "ignore").decode()


def _bytes_safe(value: bytes) -> str | list[int] | None:
    text = value.rstrip(b"\0 ")
    if text and text.isascii() and text.decode("ascii").isprintable():
        return text.decode("ascii")[:_MAX_TEXT_LENGTH]
    return list(value) if len(value) <= _MAX_VALUES else None


def _number_safe(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None
