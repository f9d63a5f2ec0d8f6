"""When a photo was taken, from the best source there is.

What belongs here: the order of the sources. What does not: reading any of them (time_values.py). Cameras note local
time, mostly without its offset to UTC, so the time is local and naive and the offset stands beside it where it is
known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from resources.decoding.sources import Properties, Sources
from resources.decoding.time_values import (
    Moment,
    exif_moment,
    gps_moment,
    iptc_moment,
    modification_moment,
    moment_in_name,
    moment_of,
)

_XMP_TIMES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "exif:DateTimeDigitized")


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """A naive local time, its offset to UTC as "+hh:mm" where known, and where it comes from."""

    taken_at: datetime
    offset: str | None
    source: str


def capture_time(sources: Sources, name: str, mtime_ns: int) -> CaptureTime | None:
    """Return the first believable time among the sidecar, EXIF, GPS, XMP, IPTC, the file's name and its mtime.

    What a later source that agrees to the second knows more, a fraction of a second or the offset, is taken over.
    """
    written = [(source, moment) for source, moment in _written(sources) if moment is not None]
    guessed = (("file_name", moment_in_name(name)), ("mtime", modification_moment(mtime_ns)))
    for source, moment in (*written, *guessed):
        if moment is not None:
            whole = _completed(moment, [other for _, other in written])
            return CaptureTime(whole.time, whole.offset, source)
    return None


def _written(sources: Sources) -> Iterator[tuple[str, Moment | None]]:
    exif, iptc = sources.exif, sources.iptc
    yield "sidecar", _xmp_moment(sources.sidecar)
    yield "exif_original", _exif_moment(exif, "DateTimeOriginal", "Original")
    yield "exif_digitized", _exif_moment(exif, "DateTimeDigitized", "Digitized")
    yield "gps", gps_moment(exif.get("GPSInfo"))
    yield "xmp", _xmp_moment(sources.xmp)
    yield "iptc", iptc_moment(iptc.get("DateCreated"), iptc.get("TimeCreated"))
    yield "exif_modified", _exif_moment(exif, "DateTime", "")


def _exif_moment(exif: Properties, name: str, suffix: str) -> Moment | None:
    return exif_moment(exif.get(name), exif.get(f"SubsecTime{suffix}"), exif.get(f"OffsetTime{suffix}"))


def _xmp_moment(properties: Properties) -> Moment | None:
    moments = (moment_of(properties.get(name)) for name in _XMP_TIMES)
    return next((moment for moment in moments if moment is not None), None)


def _completed(moment: Moment, others: Sequence[Moment]) -> Moment:
    """Return the moment with every detail that another one adds which otherwise says the same."""
    for other in others:
        if _agrees(moment, other):
            time, is_day = max(moment.time, other.time), moment.is_day and other.is_day
            moment = Moment(time, moment.offset or other.offset, is_day)
    return moment


def _agrees(moment: Moment, other: Moment) -> bool:
    start, span = moment.time.replace(microsecond=0), timedelta(days=1) if moment.is_day else timedelta(seconds=1)
    is_same_zone = moment.offset is None or other.offset is None or moment.offset == other.offset
    return is_same_zone and start <= other.time < start + span
