"""Where a photo was taken, in the units of a map.

What belongs here: reading EXIF's GPS directory. What does not: the GPS clock (capture_time.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.decoding.tag_values import number_in

_SEXAGESIMAL = (1.0, 60.0, 3600.0)
_LOWEST_M, _HIGHEST_M = -12_000.0, 100_000.0  # the deepest trench, and beyond any aircraft
_BELOW_SEA_LEVEL = (1, [1], "1")


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84; latitude and longitude are both there or both None."""

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None


def position(gps: Any) -> Position:
    """Return the position in a "GPSInfo" object; whatever is not believable is None."""
    if not isinstance(gps, Mapping):
        return Position()
    latitude_deg = _degrees(gps.get("GPSLatitude"), gps.get("GPSLatitudeRef"), "S", 90.0)
    longitude_deg = _degrees(gps.get("GPSLongitude"), gps.get("GPSLongitudeRef"), "W", 180.0)
    if latitude_deg is None or longitude_deg is None or latitude_deg == longitude_deg == 0.0:
        return Position(altitude_m=_altitude(gps))  # cameras write 0, 0 when they have no fix
    return Position(latitude_deg, longitude_deg, _altitude(gps))


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


def _altitude(gps: Mapping[str, Any]) -> float | None:
    metres = number_in(gps.get("GPSAltitude"), _LOWEST_M, _HIGHEST_M)
    return -metres if metres and gps.get("GPSAltitudeRef") in _BELOW_SEA_LEVEL else metres
