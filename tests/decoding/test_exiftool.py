"""What we read against what exiftool reads, on real cameras' files and on files that exiftool itself has written.

Only what the standards define is compared: makers' private notes are not read. `KNOWN` is explained in
docs/metadata.md.
"""

import io
import json
import shutil
import subprocess
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from resources.decoding.formats import Format, sniff
from resources.decoding.metadata import PhotoMetadata, photo_metadata
from resources.decoding.tags import dump_tags, read_tags
from resources.decoding.xmp import parse_xmp
from tests.conftest import REAL_PHOTOS

from .dng_samples import dng
from .samples import encode, quarters

PLUGINS = {Format.JPEG: "JPEG", Format.PNG: "PNG", Format.HEIC: "HEIF"}

# By column: the tags that exiftool knows it by, in the order in which docs/metadata.md believes them.
TAGS = {
    "camera_make": ["IFD0:Make", "ExifIFD:Make", "XMP-tiff:Make"],
    "camera_model": ["IFD0:Model", "ExifIFD:Model", "IFD0:UniqueCameraModel", "XMP-tiff:Model"],
    "camera_serial": ["ExifIFD:SerialNumber", "IFD0:SerialNumber", "XMP-exifEX:SerialNumber", "XMP-aux:SerialNumber"],
    "lens_make": ["ExifIFD:LensMake", "XMP-exifEX:LensMake"],
    "lens_model": ["ExifIFD:LensModel", "XMP-exifEX:LensModel", "XMP-aux:Lens"],
    "exposure_s": ["ExifIFD:ExposureTime", "IFD0:ExposureTime", "XMP-exif:ExposureTime", "ExifIFD:ShutterSpeedValue"],
    "f_number": ["ExifIFD:FNumber", "IFD0:FNumber", "XMP-exif:FNumber", "ExifIFD:ApertureValue"],
    "iso": ["ExifIFD:ISO", "IFD0:ISO", "XMP-exif:ISO", "XMP-exifEX:PhotographicSensitivity", "ExifIFD:ISOSpeed"],
    "focal_length_mm": ["ExifIFD:FocalLength", "IFD0:FocalLength", "XMP-exif:FocalLength"],
    "focal_length_35mm_mm": ["ExifIFD:FocalLengthIn35mmFormat", "XMP-exif:FocalLengthIn35mmFormat"],
    "latitude_deg": ["Composite:GPSLatitude", "XMP-exif:GPSLatitude"],
    "longitude_deg": ["Composite:GPSLongitude", "XMP-exif:GPSLongitude"],
    "altitude_m": ["Composite:GPSAltitude", "XMP-exif:GPSAltitude"],
    "orientation": ["IFD0:Orientation", "XMP-tiff:Orientation"],
}
TIMES = [
    "ExifIFD:DateTimeOriginal",
    "IFD0:DateTimeOriginal",
    "ExifIFD:CreateDate",
    "Composite:GPSDateTime",
    "XMP-exif:DateTimeOriginal",
    "XMP-photoshop:DateCreated",
    "XMP-xmp:CreateDate",
    "IPTC:DateTimeCreated",
    "IFD0:ModifyDate",
]
COLUMNS = [*TAGS, "taken_at", "flash_fired", "rating", "keywords"]
UNKNOWN_IF_ZERO = {name.partition(":")[2] for column in TAGS for name in TAGS[column] if "GPS" not in name}
PERCENT_TO_STARS = {0: 0, 1: 1, 25: 2, 50: 3, 75: 4, 99: 5}

KNOWN = {
    ("colorchart.dng", "exposure_s"),
    ("colorchart.dng", "f_number"),
    ("geodegrees_as_string.jpg", "latitude_deg"),
    ("geodegrees_as_string.jpg", "longitude_deg"),
    ("issue-590.png", "latitude_deg"),
    ("issue-590.png", "longitude_deg"),
    ("L_exif_xmp_iptc.heic", "keywords"),
}

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
needs_photos = pytest.mark.skipif(
    not REAL_PHOTOS.is_dir(), reason="the folder of real photos is not beside the project"
)


def exiftool(*arguments: str | Path) -> str:
    """Run one exiftool for all files; it exits with 1 for a file that it cannot read, and goes on."""
    ran = subprocess.run(["exiftool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr
    return ran.stdout


def read_by_exiftool(paths: Iterable[Path]) -> dict[Path, dict[str, Any]]:
    found = json.loads(exiftool("-json", "-n", "-G1", "-a", "-struct", *paths))
    return {Path(tags["SourceFile"]): dict(said(tags)) for tags in found}


def said(tags: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the tags without what cameras write for "not known": blanks, zeros, the place 0, 0."""
    has_fix = any(tags.get(f"Composite:GPS{axis}") for axis in ("Latitude", "Longitude"))
    for name, value in tags.items():
        group, _, tag = name.partition(":")
        is_blank = str(value).strip(" :-") == "" or (tag in UNKNOWN_IF_ZERO and value == 0)
        if not is_blank and (has_fix or group != "Composite" or not tag.startswith("GPS")):
            yield name, value


def read_by_us(path: Path, sidecar: dict[str, Any] | None = None) -> PhotoMetadata:
    data = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tags = json.loads(dump_tags(read_tags(data, sniff(data)), 65_536))
    return photo_metadata(tags, name="", mtime_ns=0, sidecar=sidecar)


def expected(tags: dict[str, Any], column: str) -> Any:
    if column == "taken_at":
        day, clock = tags.get("IPTC:DateCreated"), tags.get("IPTC:TimeCreated", "00:00:00")
        tags = {**tags, "IPTC:DateTimeCreated": f"{day} {clock}"} if day else tags
        return next((str(tags[name]) for name in TIMES if name in tags), None)
    if column == "flash_fired":
        flash = tags.get("ExifIFD:Flash", tags.get("XMP-exif:Flash"))
        return flash["Fired"] if isinstance(flash, dict) else None if flash is None else bool(flash % 2)
    if column == "keywords":
        names = ("XMP-dc:Subject", "IPTC:Keywords", "IFD0:XPKeywords")
        return list(dict.fromkeys(each for name in names for each in listed(tags.get(name)))) or None
    if column == "rating":
        percent = tags.get("XMP-microsoft:RatingPercent", tags.get("IFD0:RatingPercent"))
        return tags.get("XMP-xmp:Rating", tags.get("IFD0:Rating", PERCENT_TO_STARS.get(percent)))
    return next((tags[name] for name in TAGS[column] if name in tags), None)


def listed(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        yield from (part.strip() for part in str(each).split(";"))


def agree(theirs: Any, ours: Any) -> bool:
    if theirs is None or ours is None:
        return theirs is ours
    if isinstance(ours, list):
        return theirs == ours
    if isinstance(ours, str):
        return str(theirs).strip() == ours
    if isinstance(ours, datetime):
        return theirs[:19].replace("-", ":") == f"{ours:%Y:%m:%d %H:%M:%S}"
    theirs = float(theirs[0] if isinstance(theirs, list) else theirs)
    return abs(theirs - ours) <= 1e-4 * abs(theirs)


def compare(paths: Iterable[Path]) -> tuple[int, set[tuple[str, str]]]:
    """Return how many values either side has, and where the two do not agree."""
    values, differences = 0, set()
    for path, tags in read_by_exiftool(paths).items():
        metadata = read_by_us(path)
        for column in COLUMNS:
            theirs, ours = expected(tags, column), getattr(metadata, column)
            if column == "orientation" and (theirs, ours) == (None, 1):
                continue  # upright is what we say where nothing is said
            values += theirs is not None or ours is not None
            if not agree(theirs, ours):
                differences.add((path.name, column))
    return values, differences


def has_picture(path: Path) -> bool:
    """Say whether a decoder would open the file; many samples are headers without a picture."""
    data = path.read_bytes() if path.is_file() else b""
    photo_format = sniff(data)
    if photo_format in (None, Format.DNG):
        return photo_format is not None
    try:
        with Image.open(io.BytesIO(data), formats=(PLUGINS[photo_format],)):
            return True
    except Exception:
        return False


@needs_exiftool
@needs_photos
def test_exiftool_agrees_on_real_cameras_files() -> None:
    pillow_heif.register_heif_opener()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paths = [path for path in sorted(REAL_PHOTOS.rglob("*")) if has_picture(path)]
    values, differences = compare(paths)
    assert values > 600
    assert differences <= KNOWN
    assert len(differences) <= 0.01 * values


WRITTEN = [
    "-EXIF:DateTimeOriginal=2021:06:05 14:30:15",
    "-EXIF:OffsetTimeOriginal=+02:00",
    "-EXIF:Make=Testmaker",
    "-EXIF:Model=Camera 1",
    "-EXIF:SerialNumber=0042",
    "-EXIF:LensMake=Glassmaker",
    "-EXIF:LensModel=Zoom 24-70 \N{LATIN SMALL LETTER E WITH ACUTE}",
    "-EXIF:ExposureTime=0.004",
    "-EXIF:FNumber=1.8",
    "-EXIF:ISO=400",
    "-EXIF:FocalLength=26.5",
    "-EXIF:FocalLengthIn35mmFormat=40",
    "-EXIF:Flash#=25",
    "-EXIF:Orientation#=6",
    "-GPSLatitude=-33.5125",
    "-GPSLatitudeRef=S",
    "-GPSLongitude=-70.26",
    "-GPSLongitudeRef=W",
    "-GPSAltitude=-12.5",
    "-GPSAltitudeRef=Below Sea Level",
    "-XMP:Rating=4",
    "-XMP:Label=Red",
    "-XMP:Title=A \N{SNOWMAN} title",
    "-XMP:Description=Two\nlines",
    "-XMP:Subject=sea",
    "-XMP:Subject=\N{GREEK SMALL LETTER ALPHA} & <b>",
]


@pytest.fixture
def four_formats(tmp_path: Path) -> list[Path]:
    pillow_heif.register_heif_opener()
    contents = {
        "a.jpg": encode(quarters(60, 40), "JPEG"),
        "a.png": encode(quarters(60, 40), "PNG"),
        "a.heic": encode(quarters(64, 64), "HEIF"),
        "a.dng": dng(quarters(60, 40)),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


@needs_exiftool
def test_exiftool_agrees_on_what_it_wrote_into_all_four_formats(four_formats: list[Path]) -> None:
    exiftool("-overwrite_original", *WRITTEN, *four_formats)
    values, differences = compare(four_formats)
    assert (values, differences) == (4 * len(COLUMNS), set())
    for path in four_formats:
        found = read_by_us(path)
        assert (found.title, found.description, found.label) == ("A \N{SNOWMAN} title", "Two lines", "Red"), path
        assert (found.keywords, found.rating) == (["sea", "\N{GREEK SMALL LETTER ALPHA} & <b>"], 4), path
        assert (found.latitude_deg, found.taken_at_offset) == (pytest.approx(-33.5125), "+02:00"), path


@needs_exiftool
@pytest.mark.parametrize("charset", ["UTF8", ""])
def test_the_iptc_that_exiftool_writes_is_read_in_either_character_set(four_formats: list[Path], charset: str) -> None:
    words = ["-IPTC:Keywords=caf\N{LATIN SMALL LETTER E WITH ACUTE}", "-IPTC:ObjectName=Title"]
    when = ["-IPTC:DateCreated=2021:06:05", "-IPTC:TimeCreated=14:30:15+02:00"]
    paths = [path for path in four_formats if path.suffix in (".jpg", ".png", ".dng")]
    exiftool("-overwrite_original", f"-CodedCharacterSet={charset}", *words, *when, *paths)
    for path in paths:
        found = read_by_us(path)
        assert (found.keywords, found.title) == (["caf\N{LATIN SMALL LETTER E WITH ACUTE}"], "Title"), path
        assert (f"{found.taken_at}", found.taken_at_offset) == ("2021-06-05 14:30:15", "+02:00"), path
        assert found.taken_at_source == "iptc"


@needs_exiftool
def test_a_sidecar_that_exiftool_writes_is_believed_before_the_photo(four_formats: list[Path], tmp_path: Path) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    exiftool(
        *("-XMP:Rating=-1", "-XMP:Subject=other", "-XMP-photoshop:DateCreated=1999:12:31 23:59:58+01:00"),
        *("-XMP:GPSLatitude=48.8584", "-XMP:GPSLongitude=2.2945", "-XMP-exif:Flash={Fired=false}", sidecar),
    )
    exiftool("-overwrite_original", *WRITTEN, four_formats[0])
    found = read_by_us(four_formats[0], parse_xmp(sidecar.read_bytes()))
    assert (found.rating, found.keywords, found.flash_fired) == (-1, ["other"], False)
    assert (f"{found.taken_at}", found.taken_at_offset) == ("1999-12-31 23:59:58", "+01:00")
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((48.8584, 2.2945))
    assert (found.taken_at_source, found.title) == ("sidecar", "A \N{SNOWMAN} title")
