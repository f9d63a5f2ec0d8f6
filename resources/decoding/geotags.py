"""Where a photo was taken, in the units of a map.

What belongs here: reading EXIF's GPS directory and XMP's properties of the same names. What does not: the GPS clock
(time_values.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.decoding.sources import Properties, Sources
from resources.decoding.tag_values import number_in

_SEXAGESIMAL = (1.0, 60.0, 3600.0)
_LOWEST_M, _HIGHEST_M = -12_000.0, 100_000.0  # the deepest trench, and beyond any aircraft
_BELOW_SEA_LEVEL = (1, [1], "1")
_XMP_COORDINATE = re.compile(r"\s*([+-]?)([\d.,/ ]{1,80})([NSEW]?)\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84; latitude and longitude are both there or both None."""

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None


def position(sources: Sources) -> Position:
    """Return the first place that is believable, of the sidecar, EXIF and XMP, with the first height that is."""
    places = (_xmp_position(sources.sidecar), _exif_position(sources.exif), _xmp_position(sources.xmp))
    best = next((each for each in places if each.latitude_deg is not None), Position())
    heights = (each.altitude_m for each in (best, *places) if each.altitude_m is not None)
    return Position(best.latitude_deg, best.longitude_deg, next(heights, None))


def _exif_position(exif: Properties) -> Position:
    gps = exif.get("GPSInfo")
    if not isinstance(gps, Mapping):
        return Position()
    return _position(
        _degrees(gps.get("GPSLatitude"), gps.get("GPSLatitudeRef"), "S", 90.0),
        _degrees(gps.get("GPSLongitude"), gps.get("GPSLongitudeRef"), "W", 180.0),
        _altitude(gps.get("GPSAltitude"), gps.get("GPSAltitudeRef")),
    )


def _xmp_position(xmp: Properties) -> Position:
    return _position(
        _xmp_degrees(xmp.get("exif:GPSLatitude"), xmp.get("exif:GPSLatitudeRef"), "S", 90.0),
        _xmp_degrees(xmp.get("exif:GPSLongitude"), xmp.get("exif:GPSLongitudeRef"), "W", 180.0),
        _altitude(xmp.get("exif:GPSAltitude"), xmp.get("exif:GPSAltitudeRef")),
    )


def _position(latitude_deg: float | None, longitude_deg: float | None, altitude_m: float | None) -> Position:
    if latitude_deg is None or longitude_deg is None:
        return Position(altitude_m=altitude_m)
    if latitude_deg == longitude_deg == 0.0:  # what cameras write when they have no fix
        return Position()
    return Position(latitude_deg, longitude_deg, altitude_m)


def _degrees(parts: Any, reference: Any, negative: str, limit_deg: float) -> float | None:
    """Return signed degrees from [degrees, minutes, seconds], where the latter may be left out."""
    if not isinstance(parts, list) or not 1 <= len(parts) <= 3:
        return None
    numbers = [number_in(part, 0.0, limit_deg) for part in parts]
    degrees = sum((number or 0.0) / unit for number, unit in zip(numbers, _SEXAGESIMAL, strict=False))
    if None in numbers or degrees > limit_deg:
        return None
    is_negative = isinstance(reference, str) and reference.strip().upper().startswith(negative)
    return -degrees if is_negative else degrees


def _xmp_degrees(text: Any, reference: Any, negative: str, limit_deg: float) -> float | None:
    """Return signed degrees from "48,52.5N", "48,52,30N", or other programs' "48.875", "-48.875", "48/1 52/1 30/1"."""
    found = _XMP_COORDINATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    sign, parts, letter = found.groups()
    degrees = _degrees(re.split("[, ]+", parts.strip()), letter or reference, negative, limit_deg)
    return -abs(degrees) if degrees is not None and sign == "-" else degrees


def _altitude(value: Any, reference: Any) -> float | None:
    metres = number_in(value, _LOWEST_M, _HIGHEST_M)
    return -metres if metres and reference in _BELOW_SEA_LEVEL else metres
