"""What a photo's tags mean: when, where and with what it was taken, and what people say of it.

What belongs here: the columns of a photo's metadata, as a pure function of the tags that the worker read, so
that they can be made again without opening an original. What does not: reading tags from files (tags.py). Which source
a column believes is told in docs/metadata.md.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from resources.decoding.capture_time import capture_time
from resources.decoding.description import description
from resources.decoding.exposure import exposure
from resources.decoding.geotags import position
from resources.decoding.sources import Sources
from resources.decoding.tag_values import clean_text, integer_in

_UPRIGHT = 1


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One row of metadata; None where nothing believable is said.

    `taken_at` is naive: local time at the place, or UTC where `taken_at_offset` is "+00:00". `taken_at_source` is one
    of sidecar, exif_original, exif_digitized, gps, xmp, iptc, exif_modified, file_name, mtime. `orientation` is the
    camera's (1 to 8) and already applied to the preview. `rating` is -1 (rejected), 0 (not rated) or 1 to 5.
    """

    taken_at: datetime | None
    taken_at_offset: str | None
    taken_at_source: str | None
    camera_make: str | None
    camera_model: str | None
    camera_serial: str | None
    lens_make: str | None
    lens_model: str | None
    exposure_s: float | None
    f_number: float | None
    iso: int | None
    focal_length_mm: float | None
    focal_length_35mm_mm: float | None
    flash_fired: bool | None
    latitude_deg: float | None
    longitude_deg: float | None
    altitude_m: float | None
    orientation: int
    software: str | None
    title: str | None
    description: str | None
    keywords: list[str] | None
    rating: int | None
    label: str | None


def photo_metadata(
    tags: Mapping[str, Any], *, name: str, mtime_ns: int, sidecar: Mapping[str, Any] | None = None
) -> PhotoMetadata:
    """Interpret tags in the form that tags.py describes; never raises, whatever they hold.

    `name` is the file's name and `mtime_ns` its modification time, the last two sources of the time of capture.
    `sidecar` is what `parse_xmp` returned of the XMP file beside the photo; what it says is believed before the photo.
    """
    sources = Sources.of(tags, sidecar)
    taken = capture_time(sources, name, mtime_ns)
    return PhotoMetadata(
        taken_at=taken.taken_at if taken else None,
        taken_at_offset=taken.offset if taken else None,
        taken_at_source=taken.source if taken else None,
        camera_make=sources.camera(clean_text, ["Make"], ["tiff:Make"]),
        camera_model=sources.camera(clean_text, ["Model", "UniqueCameraModel"], ["tiff:Model"]),
        camera_serial=sources.camera(
            clean_text,
            ["BodySerialNumber", "CameraSerialNumber"],
            ["exifEX:BodySerialNumber", "aux:SerialNumber"],
        ),
        lens_make=sources.camera(clean_text, ["LensMake"], ["exifEX:LensMake"]),
        lens_model=sources.camera(clean_text, ["LensModel"], ["exifEX:LensModel", "aux:Lens"]),
        orientation=_orientation(sources),
        software=sources.camera(clean_text, ["Software"], ["xmp:CreatorTool"]),
        **asdict(exposure(sources)),
        **asdict(position(sources)),
        **asdict(description(sources)),
    )


def _orientation(sources: Sources) -> int:
    """Return the file's own, which the preview was turned by; a sidecar's is not applied."""
    stated = integer_in(sources.exif.get("Orientation"), 1, 8)
    return stated or integer_in(sources.xmp.get("tiff:Orientation"), 1, 8) or _UPRIGHT
