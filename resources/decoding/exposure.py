"""How a photo was exposed: time, aperture, sensitivity, focal length, flash.

What belongs here: these values with their units and the tags that stand in for them. What does not: the camera's and
the lens's names (metadata.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.decoding.sources import Sources
from resources.decoding.tag_values import integer_in, number_in

_DAY_S = 86_400.0
_LARGEST_F_NUMBER = 1000.0  # pinholes reach 500
_LONGEST_MM = 100_000.0
_HIGHEST_ISO = 100_000_000
_ISO_ELSEWHERE = 65_535  # the largest number of the tag: the sensitivity is higher and stands in another tag
_FLASH_FIRED_BIT = 1


@dataclass(frozen=True, slots=True)
class Exposure:
    """None where nothing believable is said; zero is what cameras write for "not known"."""

    exposure_s: float | None
    f_number: float | None
    iso: int | None
    focal_length_mm: float | None
    focal_length_35mm_mm: float | None
    flash_fired: bool | None


def exposure(sources: Sources) -> Exposure:
    """Return the exposure in seconds, f-number, ISO and millimetres."""
    return Exposure(
        exposure_s=sources.camera(_seconds, ["ExposureTime"], ["exif:ExposureTime"])
        or sources.camera(_seconds_of_apex, ["ShutterSpeedValue"], ["exif:ShutterSpeedValue"]),
        f_number=sources.camera(_f_number, ["FNumber"], ["exif:FNumber"])
        or sources.camera(_f_number_of_apex, ["ApertureValue"], ["exif:ApertureValue"]),
        iso=_iso(sources),
        focal_length_mm=sources.camera(_millimetres, ["FocalLength"], ["exif:FocalLength"]),
        focal_length_35mm_mm=sources.camera(_millimetres, ["FocalLengthIn35mmFilm"], ["exif:FocalLengthIn35mmFilm"]),
        flash_fired=sources.camera(_has_fired, ["Flash"], ["exif:Flash"]),
    )


def _seconds(value: Any) -> float | None:
    return number_in(value, 0.0, _DAY_S) or None


def _seconds_of_apex(value: Any) -> float | None:
    exponent = number_in(value, -16.0, 30.0)  # a day, a billionth of a second; zero, one second, is mostly "not known"
    return 2.0**-exponent if exponent else None


def _f_number(value: Any) -> float | None:
    return number_in(value, 0.0, _LARGEST_F_NUMBER) or None


def _f_number_of_apex(value: Any) -> float | None:
    exponent = number_in(value, 0.0, 20.0)  # zero is f/1, and what cameras write for a lens without contacts
    return 2.0 ** (exponent / 2) if exponent else None


def _millimetres(value: Any) -> float | None:
    return number_in(value, 0.0, _LONGEST_MM) or None


def _iso(sources: Sources) -> int | None:
    names = ["exif:ISOSpeedRatings", "exifEX:PhotographicSensitivity"]
    iso = sources.camera(_sensitivity, ["ISOSpeedRatings"], names)
    if iso is not None and iso < _ISO_ELSEWHERE:
        return iso
    elsewhere = sources.camera(
        _sensitivity,
        ["RecommendedExposureIndex", "StandardOutputSensitivity", "ISOSpeed"],
        ["exifEX:RecommendedExposureIndex", "exifEX:StandardOutputSensitivity"],
    )
    return elsewhere or iso


def _sensitivity(value: Any) -> int | None:
    return integer_in(value, 1, _HIGHEST_ISO)


def _has_fired(value: Any) -> bool | None:
    """Read EXIF's number, whose lowest bit says it, or XMP's structure."""
    if isinstance(value, Mapping):
        return {"true": True, "false": False}.get(str(value.get("exif:Fired")).lower())
    bits = integer_in(value, 0, 0xFFFF)
    return None if bits is None else bool(bits & _FLASH_FIRED_BIT)
