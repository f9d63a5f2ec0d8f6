"""A photo's EXIF as bounded JSON, so that the metadata can be made again without opening the original.

What belongs here: reading the tags by name and making their values safe for JSON. What does not: what they
mean (metadata.py). The form: one object of tag names of the main and the Exif directory, and under
"GPSInfo" an object of GPS tag names. Rationals are floats, or null where they divide by zero; bytes are text where
they are printable and lists of integers where they are few; the rest is left out.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import ExifTags, Image

_MAX_TEXT_LENGTH = 1024
_MAX_VALUES = 64
_POINTERS = frozenset({ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop, ExifTags.IFD.MakerNote})
_FIRST_DNG_TAG = 50706  # from here on: matrices and profiles for the RAW decoder


def read_tags(exif: Image.Exif) -> dict[str, Any]:
    """Return the tags by name; what cannot be read is left out, whatever the EXIF holds."""
    tags = {
        **_by_name(_directory(exif, None), ExifTags.TAGS),
        **_by_name(_directory(exif, ExifTags.IFD.Exif), ExifTags.TAGS),
    }
    gps = _by_name(_directory(exif, ExifTags.IFD.GPSInfo), ExifTags.GPSTAGS)
    return {**tags, "GPSInfo": gps} if gps else tags


def dump_tags(tags: Mapping[str, Any], max_bytes: int) -> str:
    """Return the tags as ASCII JSON of at most `max_bytes`; tags that no longer fit are left out."""
    kept: dict[str, Any] = {}
    room_bytes = max_bytes - len("{}")
    for name, value in tags.items():
        cost_bytes = len(json.dumps({name: value})) + len(", ")
        if cost_bytes <= room_bytes:
            kept[name] = value
            room_bytes -= cost_bytes
    return json.dumps(kept, allow_nan=False)


def _directory(exif: Image.Exif, pointer: int | None) -> Mapping[int, Any]:
    try:
        return dict(exif) if pointer is None else exif.get_ifd(pointer)
    except Exception:  # a broken directory costs its tags, never the photo
        return {}


def _by_name(directory: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names[tag]: value for tag, value in _safe_items(directory) if tag in names}


def _safe_items(directory: Mapping[int, Any]) -> Iterator[tuple[int, Any]]:
    for tag, value in directory.items():
        safe = None if tag in _POINTERS or tag >= _FIRST_DNG_TAG else _json_safe(value)
        if safe is not None:
            yield tag, safe


def _json_safe(value: Any) -> Any:
    """Return a str, int, finite float or a short list of them, or None."""
    if isinstance(value, str):
        return value.partition("\0")[0].encode("utf-8", "ignore").decode()[:_MAX_TEXT_LENGTH]
    if isinstance(value, bytes):
        return _bytes_safe(value)
    if isinstance(value, tuple | list):
        return [_json_safe(each) for each in value] if len(value) <= _MAX_VALUES else None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    return _number_safe(value)


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
