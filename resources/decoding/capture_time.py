"""When a photo was taken, from the best source there is.

What belongs here: the order of the sources and reading each of them. What does not: other tags. Cameras note local
time, mostly without its offset to UTC, so the time is local and naive and the offset stands beside it where it is
known.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from resources.decoding.tag_values import number_in

_EARLIEST_YEAR = 1826  # the oldest photograph there is
_LATEST_YEAR = 2100  # anything later is a misread number, and nanosecond timestamps end in 2262
_EXIF_SOURCES = (
    ("exif_original", "DateTimeOriginal", "SubsecTimeOriginal", "OffsetTimeOriginal"),
    ("exif_digitized", "DateTimeDigitized", "SubsecTimeDigitized", "OffsetTimeDigitized"),
    ("exif_modified", "DateTime", "SubsecTime", "OffsetTime"),
)
_DATE_AND_TIME = re.compile(r"\s*(\d{4})\D(\d{1,2})\D(\d{1,2})(?:[ T](\d{1,2})\D(\d{1,2})(?:\D(\d{1,2}))?)?")
_OFFSET = re.compile(r"\s*([+-](?:0\d|1[0-4]):[0-5]\d)")
_SUBSECOND = re.compile(r"\d{1,9}")

# IMG_20230514_101530, PXL_20230514_101530123, 2023-05-14 10.15.30, IMG-20230514-WA0001 (a date only: midnight)
_DATE_IN_NAME = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_TIME_IN_NAME = r"[-_ T.]{0,3}([01]\d|2[0-3])[-_.:]?([0-5]\d)[-_.:]?([0-5]\d)"
_IN_NAME = re.compile(rf"{_DATE_IN_NAME}(?:{_TIME_IN_NAME}|(?!\d))")


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """A naive local time, its offset to UTC as "+hh:mm" where known, and where it comes from."""

    taken_at: datetime
    offset: str | None
    source: str


def capture_time(tags: Mapping[str, Any], name: str, mtime_ns: int) -> CaptureTime | None:
    """Return the first believable time among EXIF, GPS, the file's name and its modification time (in UTC)."""
    return next(_candidates(tags, name, mtime_ns), None)


def _candidates(tags: Mapping[str, Any], name: str, mtime_ns: int) -> Iterator[CaptureTime]:
    for source, time_tag, subsecond_tag, offset_tag in _EXIF_SOURCES:
        if moment := _exif_time(tags.get(time_tag), tags.get(subsecond_tag)):
            yield CaptureTime(moment, _first_group(_OFFSET, tags.get(offset_tag)), source)
    if moment := _gps_time(tags.get("GPSInfo")):
        yield CaptureTime(moment, "+00:00", "gps")
    if moment := _time_in_name(name):
        yield CaptureTime(moment, None, "file_name")
    if moment := _modification_time(mtime_ns):
        yield CaptureTime(moment, "+00:00", "mtime")


def _exif_time(text: Any, subsecond: Any) -> datetime | None:
    found = _DATE_AND_TIME.match(text) if isinstance(text, str) else None
    moment = _believable(*(int(part or 0) for part in found.groups())) if found else None
    digits = _SUBSECOND.match(subsecond) if isinstance(subsecond, str) else None
    if moment is None or digits is None:
        return moment
    return moment + timedelta(microseconds=int(digits[0].ljust(6, "0")[:6]))


def _gps_time(gps: Any) -> datetime | None:
    if not isinstance(gps, Mapping):
        return None
    day, clock = _exif_time(gps.get("GPSDateStamp"), None), gps.get("GPSTimeStamp")
    if day is None or not isinstance(clock, list) or len(clock) != 3:
        return None
    parts = [number_in(part, 0, limit) for part, limit in zip(clock, (23, 59, 59.999999), strict=True)]
    hours, minutes, seconds = (0.0 if part is None else part for part in parts)
    return None if None in parts else day + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _time_in_name(name: str) -> datetime | None:
    found = _IN_NAME.search(name)
    if found is None:
        return None
    year, _, *rest = found.groups()
    return _believable(int(year), *(int(part or 0) for part in rest))


def _modification_time(mtime_ns: int) -> datetime | None:
    if mtime_ns <= 0:  # an archive without dates, not a photo of 1970
        return None
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if moment.year <= _LATEST_YEAR else None


def _believable(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime | None:
    """Return a naive datetime, or None for a day or an hour that does not exist."""
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return None
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _first_group(pattern: re.Pattern[str], text: Any) -> str | None:
    found = pattern.match(text) if isinstance(text, str) else None
    return found[1] if found else None
