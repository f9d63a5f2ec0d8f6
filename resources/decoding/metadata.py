"""What a photo's tags mean: when, where and with what it was taken.

What belongs here: the columns of a photo's metadata, as a pure function of the tags that the worker read, so
that they can be made again without opening an original. What does not: reading tags from files (tags.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from resources.decoding.capture_time import capture_time
from resources.decoding.geotags import position
from resources.decoding.tag_values import clean_text, integer_in, number_in

_DAY_S = 86_400.0
_UPRIGHT = 1


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One row of metadata; None where nothing believable is said.

    `taken_at` is naive: local time at the place, or UTC where `taken_at_offset` is "+00:00". `taken_at_source` is one
    of exif_original, exif_digitized, exif_modified, gps, file_name, mtime. `orientation` is the camera's (1 to 8) and
    already applied to the preview.
    """

    taken_at: datetime | None
    taken_at_offset: str | None
    taken_at_source: str | None
    camera_make: str | None
    camera_model: str | None
    lens_model: str | None
    exposure_s: float | None
    f_number: float | None
    iso: int | None
    focal_length_mm: float | None
    latitude_deg: float | None
    longitude_deg: float | None
    altitude_m: float | None
    orientation: int
    software: str | None


def photo_metadata(tags: Mapping[str, Any], *, name: str, mtime_ns: int) -> PhotoMetadata:
    """Interpret tags in the form that tags.py describes; never raises, whatever they hold.

    `name` is the file's name and `mtime_ns` its modification time, the last two sources of the time of capture.
    """
    taken = capture_time(tags, name, mtime_ns)
    place = position(tags.get("GPSInfo"))
    return PhotoMetadata(
        taken_at=taken.taken_at if taken else None,
        taken_at_offset=taken.offset if taken else None,
        taken_at_source=taken.source if taken else None,
        camera_make=clean_text(tags.get("Make")),
        camera_model=clean_text(tags.get("Model")),
        lens_model=clean_text(tags.get("LensModel")),
        exposure_s=_positive(tags.get("ExposureTime"), _DAY_S),
        f_number=_positive(tags.get("FNumber"), 1000.0),
        iso=integer_in(tags.get("ISOSpeedRatings"), 1, 100_000_000),
        focal_length_mm=_positive(tags.get("FocalLength"), 100_000.0),
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        altitude_m=place.altitude_m,
        orientation=integer_in(tags.get("Orientation"), 1, 8) or _UPRIGHT,
        software=clean_text(tags.get("Software")),
    )


def _positive(value: Any, limit: float) -> float | None:
    """Return a number above zero, which is what cameras write for "not known"."""
    return number_in(value, 0.0, limit) or None
