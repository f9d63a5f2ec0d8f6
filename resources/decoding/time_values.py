"""Reading one moment from the many ways in which tags write it.

What belongs here: texts of EXIF, XMP and IPTC, the clock of GPS, file names and modification times, each turned into a
believable time or nothing. What does not: which source is believed (capture_time.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from resources.decoding.tag_values import number_in

_EARLIEST_YEAR = 1826  # the oldest photograph there is
_LATEST_YEAR = 2100  # anything later is a misread number, and nanosecond timestamps end in 2262
_DATE = r"\s*(\d{4})\D(\d{1,2})\D(\d{1,2})"
_TIME = r"[ T](\d{1,2})\D(\d{1,2})(?:[^\dZ+-](\d{1,2}))?"
_ZONE = r"Z|[+-](?:0\d|1[0-4]):?[0-5]\d"
_MOMENT = re.compile(rf"{_DATE}(?:{_TIME}(?:\.(\d{{1,9}})\d*)?\s*({_ZONE})?)?", re.ASCII)
_OFFSET = re.compile(rf"\s*({_ZONE})", re.ASCII)
_SUBSECOND = re.compile(r"\d{1,9}", re.ASCII)
_IPTC_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_IPTC_TIME = re.compile(rf"(\d\d):?(\d\d):?(\d\d)({_ZONE})?", re.ASCII)

# IMG_20230514_101530, PXL_20230514_101530123, 2023-05-14 10.15.30, IMG-20230514-WA0001 (a date only: midnight)
_DATE_IN_NAME = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_TIME_IN_NAME = r"[-_ T.]{0,3}([01]\d|2[0-3])[-_.:]?([0-5]\d)[-_.:]?([0-5]\d)"
_IN_NAME = re.compile(rf"{_DATE_IN_NAME}(?:{_TIME_IN_NAME}|(?!\d))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A naive local time and its offset to UTC as "+hh:mm" where known; `is_day` where only the day is known."""

    time: datetime
    offset: str | None = None
    is_day: bool = False


def moment_of(text: Any) -> Moment | None:
    """Read "2021:06:05 14:30:15" or an ISO time, with a fraction and an offset where they are given."""
    found = _MOMENT.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    time = _believable(*(int(part or 0) for part in parts))
    return None if time is None else Moment(_with_fraction(time, fraction), _offset_of(zone), parts[3] is None)


def exif_moment(text: Any, subsecond: Any, offset: Any) -> Moment | None:
    """Read EXIF's time, whose fraction and offset are tags of their own."""
    moment = moment_of(text)
    if moment is None:
        return None
    digits = _SUBSECOND.match(subsecond) if isinstance(subsecond, str) else None
    zone = _OFFSET.match(offset) if isinstance(offset, str) else None
    time = _with_fraction(moment.time, digits[0]) if digits else moment.time
    return replace(moment, time=time, offset=_offset_of(zone[1]) if zone else moment.offset)


def gps_moment(gps: Any) -> Moment | None:
    """Read the day and the clock of a "GPSInfo" object, which are UTC."""
    if not isinstance(gps, Mapping):
        return None
    day, clock = moment_of(gps.get("GPSDateStamp")), gps.get("GPSTimeStamp")
    if day is None or not isinstance(clock, list) or len(clock) != 3:
        return None
    parts = [number_in(part, 0, limit) for part, limit in zip(clock, (23, 59, 59.999999), strict=True)]
    hours, minutes, seconds = (0.0 if part is None else part for part in parts)
    time = day.time + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return None if None in parts else Moment(time, "+00:00")


def iptc_moment(day: Any, clock: Any) -> Moment | None:
    """Read "20210605" and "143015+0200"; without the latter it is a day."""
    date = _IPTC_DATE.match(day) if isinstance(day, str) else None
    time = _IPTC_TIME.match(clock) if isinstance(clock, str) else None
    if date is None:
        return None
    return moment_of("-".join(date.groups()) + (f"T{time[1]}:{time[2]}:{time[3]}{time[4] or ''}" if time else ""))


def moment_in_name(name: str) -> Moment | None:
    """Read the names that phones and chat programs give."""
    found = _IN_NAME.search(name)
    if found is None:
        return None
    year, _, *rest = found.groups()
    time = _believable(int(year), *(int(part or 0) for part in rest))
    return Moment(time, is_day=rest[2] is None) if time else None


def modification_moment(mtime_ns: int) -> Moment | None:
    """Read nanoseconds since 1970, in UTC."""
    if mtime_ns <= 0:  # an archive without dates, not a photo of 1970
        return None
    try:
        time = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
    return Moment(time, "+00:00") if time.year <= _LATEST_YEAR else None


def _believable(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime | None:
    """Return a naive datetime, or None for a day or an hour that does not exist."""
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return None
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _with_fraction(time: datetime, digits: str | None) -> datetime:
    return time.replace(microsecond=int((digits or "").ljust(6, "0")[:6]))


def _offset_of(zone: str | None) -> str | None:
    if zone is None:
        return None
    return "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
