"""Tags in, clean columns out, whatever the tags hold."""

import json
import math
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, TiffImagePlugin

from resources.decoding.metadata import PhotoMetadata, photo_metadata
from resources.decoding.tags import dump_tags, read_exif

NOON_NS = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC


def interpret(tags: dict, name: str = "photo.jpg", mtime_ns: int = NOON_NS) -> PhotoMetadata:
    return photo_metadata(tags, name=name, mtime_ns=mtime_ns)


def round_trip(exif: Image.Exif, max_bytes: int = 65_536) -> dict:
    again = Image.Exif()
    again.load(exif.tobytes())
    return json.loads(dump_tags(read_exif(again), max_bytes))


def test_a_cameras_tags_survive_the_way_through_json():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Testmaker"
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.DateTimeOriginal: "2021:06:05 14:30:15",
        ExifTags.Base.SubsecTimeOriginal: "25",
        ExifTags.Base.OffsetTimeOriginal: "+02:00",
        ExifTags.Base.ExposureTime: 0.004,
        ExifTags.Base.FNumber: 1.8,
        ExifTags.Base.ISOSpeedRatings: 400,
        ExifTags.Base.FocalLength: 26.0,
        ExifTags.Base.LensModel: "Lens \N{LATIN SMALL LETTER E WITH ACUTE}",
    }
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "S",
        ExifTags.GPS.GPSLatitude: (33.0, 30.0, 0.0),
        ExifTags.GPS.GPSLongitudeRef: "W",
        ExifTags.GPS.GPSLongitude: (70.0, 15.0, 36.0),
        ExifTags.GPS.GPSAltitudeRef: b"\x01",
        ExifTags.GPS.GPSAltitude: 12.5,
    }
    found = interpret(round_trip(exif))
    assert found.taken_at == datetime(2021, 6, 5, 14, 30, 15, 250_000)
    assert (found.taken_at_offset, found.taken_at_source) == ("+02:00", "exif_original")
    assert (found.camera_make, found.orientation, found.iso) == ("Testmaker", 6, 400)
    assert (found.exposure_s, found.f_number, found.focal_length_mm) == pytest.approx((0.004, 1.8, 26.0))
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((-33.5, -70.26))
    assert found.altitude_m == pytest.approx(-12.5)


def test_no_tags_at_all_leave_the_modification_time_in_utc():
    found = interpret({})
    assert found.taken_at == datetime(2023, 11, 14, 22, 13, 20)
    assert (found.taken_at_source, found.taken_at_offset) == ("mtime", "+00:00")
    assert (found.camera_make, found.iso, found.orientation) == (None, None, 1)


@pytest.mark.parametrize(
    ("tags", "name", "source"),
    [
        ({"DateTimeOriginal": "2020:01:02 03:04:05", "DateTime": "2021:01:01 00:00:00"}, "x.jpg", "exif_original"),
        (
            {"DateTimeOriginal": "0000:00:00 00:00:00", "DateTimeDigitized": "2020:01:02 03:04:05"},
            "x.jpg",
            "exif_digitized",
        ),
        ({"DateTimeOriginal": "    :  :     :  :  ", "DateTime": "2020-01-02T03:04:05"}, "x.jpg", "exif_modified"),
        (
            {"GPSInfo": {"GPSDateStamp": "2020:01:02", "GPSTimeStamp": [3.0, 4.0, 5.0]}},
            "IMG_20190101_000000.jpg",
            "gps",
        ),
        ({"DateTimeOriginal": "2020:13:45 99:99:99"}, "IMG_20200102_030405.jpg", "file_name"),
    ],
)
def test_the_best_believable_source_of_time_wins(tags, name, source):
    found = interpret(tags, name)
    assert (found.taken_at, found.taken_at_source) == (datetime(2020, 1, 2, 3, 4, 5), source)


@pytest.mark.parametrize(
    ("name", "taken_at"),
    [
        ("PXL_20200102_030405123.jpg", datetime(2020, 1, 2, 3, 4, 5)),
        ("2020-01-02 03.04.05.png", datetime(2020, 1, 2, 3, 4, 5)),
        ("Screenshot_2020-01-02-03-04-05-99.png", datetime(2020, 1, 2, 3, 4, 5)),
        ("20200102030405.heic", datetime(2020, 1, 2, 3, 4, 5)),
        ("IMG-20200102-WA0007.jpg", datetime(2020, 1, 2)),
        ("IMG_20201302.jpg", None),
        ("DSC_120200102.jpg", None),
        ("202001021.jpg", None),
        ("1920x1080.jpg", None),
    ],
)
def test_dates_are_read_from_the_names_that_phones_give(name, taken_at):
    found = interpret({}, name, mtime_ns=0)
    assert found.taken_at == taken_at


def test_a_file_without_any_time_has_none():
    assert interpret({}, mtime_ns=0).taken_at is None
    assert interpret({}, mtime_ns=10**30).taken_at is None


@pytest.mark.parametrize(
    "gps",
    [
        {"GPSLatitude": [91.0, 0.0, 0.0], "GPSLongitude": [10.0, 0.0, 0.0]},
        {"GPSLatitude": [45.0, None, 0.0], "GPSLongitude": [10.0, 0.0, 0.0]},
        {"GPSLatitude": [0.0, 0.0, 0.0], "GPSLongitude": [0.0, 0.0, 0.0]},
        {"GPSLatitude": [45.0, 0.0, 0.0]},
        {"GPSLatitude": "45 N", "GPSLongitude": "10 E"},
        {"GPSLatitude": [math.nan], "GPSLongitude": [math.inf]},
        "not a directory",
    ],
)
def test_a_place_that_is_none_is_none(gps):
    found = interpret({"GPSInfo": gps})
    assert found.latitude_deg is None
    assert found.longitude_deg is None


def test_hostile_texts_come_out_clean():
    found = interpret(
        {"Make": "A\0hidden", "Model": "  B\n\tC\x1b[31m ", "LensModel": "x" * 10_000_000, "Software": "\ud800"}
    )
    assert (found.camera_make, found.camera_model, found.software) == ("A", "B C [31m", None)
    assert found.lens_model == "x" * 200
    assert interpret({"Make": "Unknown", "Model": "----"}).camera_make is None


def test_numbers_that_mean_nothing_are_none():
    found = interpret(
        {"ExposureTime": 0.0, "FNumber": -1.0, "ISOSpeedRatings": [0], "FocalLength": True, "Orientation": 9}
    )
    assert (found.exposure_s, found.f_number, found.iso, found.focal_length_mm) == (None, None, None, None)
    assert found.orientation == 1


def test_tags_stay_within_their_room_and_are_plain_json():
    tags = {"A": "x" * 500, "B": "\N{SNOWMAN}" * 300, "C": 1}
    text = dump_tags(tags, max_bytes=600)
    assert len(text) <= 600
    assert text.isascii()
    assert json.loads(text) == {"A": "x" * 500, "C": 1}


def test_values_that_json_does_not_know_are_left_out():
    exif = Image.Exif()
    exif.update(
        {
            ExifTags.Base.XResolution: TiffImagePlugin.IFDRational(1, 0),
            ExifTags.Base.Make: "A\0B",
            ExifTags.Base.Software: "\ud83d broken",
            ExifTags.Base.Copyright: b"\xff\xfe" * 500,
            ExifTags.Base.HostComputer: b"plain\0\0",
            ExifTags.Base.ImageWidth: 2**70,
            ExifTags.Base.BitsPerSample: (math.nan, 8),
        }
    )
    assert read_exif(exif) == {"Make": "A", "Software": " broken", "HostComputer": "plain", "BitsPerSample": [None, 8]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["DateTimeOriginal", "SubsecTimeOriginal", "OffsetTimeOriginal", "Make", "ExposureTime", "Orientation", "GPSInfo"]
)
GPS_NAMES = st.sampled_from(
    ["GPSLatitude", "GPSLongitude", "GPSLatitudeRef", "GPSAltitude", "GPSDateStamp", "GPSTimeStamp"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES), st.dictionaries(GPS_NAMES, VALUES), st.text(max_size=30), st.integers())
def test_no_tags_whatever_raise_or_leave_infinite_numbers(tags, gps, name, mtime_ns):
    found = photo_metadata({"GPSInfo": gps, **tags}, name=name, mtime_ns=mtime_ns)
    json.dumps([found.exposure_s, found.latitude_deg, found.longitude_deg, found.altitude_m], allow_nan=False)
    assert 1 <= found.orientation <= 8
    assert found.camera_make is None or found.camera_make.isprintable()
