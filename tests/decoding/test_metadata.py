"""Tags in, clean columns out, whatever the tags hold."""

import json
import math
from dataclasses import asdict
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, TiffImagePlugin

from photo_assets.steps.collection import PAYLOAD_FROM_METADATA
from photo_assets.tables import PHOTO_METADATA
from resources.decoding.metadata import PhotoMetadata, photo_metadata
from resources.decoding.tags import dump_tags, read_exif
from resources.tables.frames import frame_of, rows_of
from resources.vectors.points import check_payload

NOON_NS = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC


def interpret(
    tags: dict, name: str = "photo.jpg", mtime_ns: int = NOON_NS, sidecar: dict | None = None
) -> PhotoMetadata:
    return photo_metadata(tags, name=name, mtime_ns=mtime_ns, sidecar=sidecar)


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
        ({"XMP": {"photoshop:DateCreated": "2020-01-02T03:04:05"}, "DateTime": "2021:01:01 00:00:00"}, "x.jpg", "xmp"),
        ({"IPTC": {"DateCreated": "20200102", "TimeCreated": "030405"}, "DateTime": "2021:01:01 00:00:00"}, "", "iptc"),
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


def test_properties_that_no_longer_fit_are_left_out_one_by_one():
    tags = {"Make": "A", "XMP": {"xmp:Label": "Red", "dc:title": "x" * 500, "xmp:Rating": "3"}}
    text = dump_tags(tags, max_bytes=200)
    assert len(text) <= 200
    assert json.loads(text) == {"Make": "A", "XMP": {"xmp:Label": "Red", "xmp:Rating": "3"}}


def test_texts_that_are_utf_8_or_windows_utf_16_are_read_as_such():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Zoé".encode().decode("latin-1")
    exif[ExifTags.Base.Copyright] = "Zo\xe9"
    exif[ExifTags.Base.XPTitle] = "Zoé\0".encode("utf-16-le")
    assert read_exif(exif) == {"Artist": "Zoé", "Copyright": "Zoé", "XPTitle": "Zoé"}


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


def test_a_sidecar_is_believed_before_the_photo_and_the_photo_where_it_is_silent():
    tags = {"DateTimeOriginal": "2020:01:02 03:04:05", "Make": "A", "Rating": 2, "ImageDescription": "old", "Flash": 1}
    tags["ExposureTime"] = 0.25
    tags["XMP"] = {"dc:subject": ["sea"], "xmp:Label": "Red", "dc:title": "old"}
    sidecar = {
        "exif:DateTimeOriginal": "2021-06-05T14:30:15.25+02:00",
        "xmp:Rating": "-1",
        "dc:subject": ["sun", "Sun", "", "sand"],
        "dc:description": "new",
        "exif:GPSLatitude": "33,30.75S",
        "exif:GPSLongitude": "70,15,36W",
        "exif:GPSAltitude": "25/2",
        "exif:GPSAltitudeRef": "1",
        "exif:ExposureTime": "1/2",
    }
    found = interpret(tags, sidecar=sidecar)
    assert (found.taken_at, found.taken_at_source) == (datetime(2021, 6, 5, 14, 30, 15, 250_000), "sidecar")
    assert (found.rating, found.keywords, found.description) == (-1, ["sun", "sand"], "new")
    assert found.exposure_s == 0.5
    assert (found.latitude_deg, found.longitude_deg, found.altitude_m) == pytest.approx((-33.5125, -70.26, -12.5))
    assert (found.camera_make, found.label, found.title, found.flash_fired) == ("A", "Red", "old", True)
    assert interpret(tags, sidecar={}) == interpret(tags)


@pytest.mark.parametrize(
    ("text", "taken_at", "offset"),
    [
        ("2021-06-05T14:30:15", datetime(2021, 6, 5, 14, 30, 15), None),
        ("2021-06-05T14:30:15.5Z", datetime(2021, 6, 5, 14, 30, 15, 500_000), "+00:00"),
        ("2021-06-05T14:30+02:00", datetime(2021, 6, 5, 14, 30), "+02:00"),
        ("2021:06:05 14:30:15-0330", datetime(2021, 6, 5, 14, 30, 15), "-03:30"),
        ("2021-06-05", datetime(2021, 6, 5), None),
        ("2021-06-05T14:30:15+99:00", datetime(2021, 6, 5, 14, 30, 15), None),
        ("2021-06", None, None),
        ("0000-00-00T00:00:00", None, None),
        ("9999-12-31T23:59:59", None, None),
        ("\0" * 10_000_000, None, None),
        (["2021-06-05"], None, None),
    ],
)
def test_xmps_times_carry_their_offset(text, taken_at, offset):
    found = interpret({"XMP": {"xmp:CreateDate": text}}, "", 0)
    assert (found.taken_at, found.taken_at_offset) == (taken_at, offset)


def test_what_another_source_of_the_same_moment_knows_more_is_taken_over():
    tags = {"DateTimeOriginal": "2021:06:05 14:30:15", "SubsecTimeOriginal": "25", "OffsetTimeOriginal": "+02:00"}
    for text in ("2021-06-05T14:30:15", "2021-06-05"):
        found = interpret(tags, sidecar={"photoshop:DateCreated": text})
        assert found.taken_at == datetime(2021, 6, 5, 14, 30, 15, 250_000)
        assert (found.taken_at_offset, found.taken_at_source) == ("+02:00", "sidecar")
    corrected = interpret(tags, sidecar={"photoshop:DateCreated": "2021-06-05T15:30:15"})
    assert (corrected.taken_at, corrected.taken_at_offset) == (datetime(2021, 6, 5, 15, 30, 15), None)


def test_the_words_of_all_places_in_the_file_are_found_and_xmps_come_first():
    tags = {
        "XMP": {"dc:subject": ["sea", "sun"], "dc:title": "from XMP"},
        "IPTC": {"Keywords": ["Sun", "sand"], "ObjectName": "from IPTC", "Caption-Abstract": "two\nlines"},
        "XPKeywords": "wind;sea;",
        "XPTitle": "from Windows",
        "ImageDescription": "from EXIF",
    }
    found = interpret(tags)
    assert found.keywords == ["sea", "sun", "sand", "wind"]
    assert (found.title, found.description) == ("from XMP", "two lines")
    assert interpret({"XPTitle": "from Windows"}).title == "from Windows"
    assert interpret({"ImageDescription": "OLYMPUS DIGITAL CAMERA         "}).description is None
    assert interpret({"ImageDescription": "x" * 10_000}).description == "x" * 2000


@pytest.mark.parametrize(
    ("tags", "rating"),
    [
        ({"XMP": {"xmp:Rating": "-1"}}, -1),
        ({"XMP": {"xmp:Rating": "0"}, "Rating": 4}, 0),
        ({"XMP": {"xmp:Rating": "3.0"}}, 3),
        ({"XMP": {"xmp:Rating": "7"}, "Rating": 4}, 4),
        ({"RatingPercent": 0}, 0),
        *(({"RatingPercent": percent}, stars) for percent, stars in ((1, 1), (25, 2), (50, 3), (75, 4), (99, 5))),
        ({"XMP": {"MicrosoftPhoto:Rating": "75"}}, 4),
        ({"Rating": 1e308}, None),
        ({}, None),
    ],
)
def test_ratings_are_on_xmps_scale(tags, rating):
    assert interpret(tags).rating == rating


def test_labels_are_names_of_lightroom_or_numbers_of_darktable():
    assert interpret({"XMP": {"xmp:Label": "Winner"}}).label == "Winner"
    assert interpret({"XMP": {"xmp:Label": "Winner"}}, sidecar={"darktable:colorlabels": ["3", "1"]}).label == "Blue"
    assert interpret({"XMP": {"darktable:colorlabels": ["9"]}}).label is None


@pytest.mark.parametrize(
    ("tags", "fired"),
    [
        ({"Flash": 0x19}, True),
        ({"Flash": 0x10}, False),
        ({"XMP": {"exif:Flash": {"exif:Fired": "True"}}}, True),
        ({"XMP": {"exif:Flash": {"exif:Fired": "maybe"}}}, None),
        ({"Flash": "auto"}, None),
        ({}, None),
    ],
)
def test_the_flash_fired_or_not_or_nobody_knows(tags, fired):
    assert interpret(tags).flash_fired is fired


def test_exposure_stands_in_other_tags_where_the_usual_ones_are_silent():
    found = interpret({"ShutterSpeedValue": 3.0, "ApertureValue": 4.0, "ISOSpeedRatings": 65535, "ISOSpeed": 102_400})
    assert (found.exposure_s, found.f_number, found.iso) == (0.125, 4.0, 102_400)
    assert interpret({"ISOSpeedRatings": 65535}).iso == 65535
    silent = interpret({"ExposureTime": 0.0, "ShutterSpeedValue": 0.0, "ApertureValue": 0.0})
    assert (silent.exposure_s, silent.f_number) == (None, None)
    xmp = {"exif:ExposureTime": "1/250", "exif:FNumber": "28/10", "exif:ISOSpeedRatings": ["400"], "aux:Lens": "50 mm"}
    found = interpret({"XMP": xmp | {"exif:FocalLength": "50/0", "aux:SerialNumber": "0042"}})
    assert (found.exposure_s, found.f_number, found.iso, found.focal_length_mm) == (0.004, 2.8, 400, None)
    assert (found.lens_model, found.camera_serial) == ("50 mm", "0042")


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("48,52.5N", "2,21,7.2E", (48.875, 2.352)),
        ("48,52.5s", "2,21w", (-48.875, -2.35)),
        ("-48.875", "+2.35", (-48.875, 2.35)),
        ("55/1 54/1 4074/100", "36/1 57/1 4852/100", (55.91131667, 36.96347778)),
        ("91,0N", "2,0E", (None, None)),
        ("48,52,30,1N", "2,0E", (None, None)),
        ("48;52N", "2,0E", (None, None)),
        ("1/0N", "2,0E", (None, None)),
        ("0,0N", "0,0E", (None, None)),
        (48.0, {"a": 1}, (None, None)),
    ],
)
def test_xmps_coordinates_are_degrees_on_a_map_or_nothing(latitude, longitude, expected):
    found = interpret({"XMP": {"exif:GPSLatitude": latitude, "exif:GPSLongitude": longitude}})
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx(expected)


def test_a_coordinates_direction_may_stand_beside_it():
    xmp = {"exif:GPSLatitude": "-33.5", "exif:GPSLatitudeRef": "S", "exif:GPSLongitude": "70.25"}
    found = interpret({"XMP": {**xmp, "exif:GPSLongitudeRef": "West"}})
    assert (found.latitude_deg, found.longitude_deg) == (-33.5, -70.25)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "DateTimeOriginal",
        "SubsecTimeOriginal",
        "OffsetTimeOriginal",
        "Make",
        "ExposureTime",
        "Orientation",
        "GPSInfo",
        "Flash",
        "Rating",
        "RatingPercent",
        "XPKeywords",
        "ImageDescription",
        "ISOSpeedRatings",
        "ShutterSpeedValue",
        "XMP",
        "IPTC",
    ]
)
IPTC_NAMES = st.sampled_from(["DateCreated", "TimeCreated", "Keywords", "ObjectName", "Caption-Abstract"])
XMP_NAMES = st.sampled_from(
    [
        "xmp:Rating",
        "xmp:Label",
        "dc:title",
        "dc:description",
        "dc:subject",
        "exif:Flash",
        "darktable:colorlabels",
        "exif:GPSLatitude",
        "exif:GPSLongitude",
        "exif:GPSAltitude",
        "photoshop:DateCreated",
        "tiff:Orientation",
    ]
)
XMP = st.dictionaries(XMP_NAMES, VALUES)
GPS_NAMES = st.sampled_from(
    ["GPSLatitude", "GPSLongitude", "GPSLatitudeRef", "GPSAltitude", "GPSDateStamp", "GPSTimeStamp"]
)


@settings(max_examples=150, deadline=None)
@given(
    tags=st.dictionaries(NAMES, VALUES),
    gps=st.dictionaries(GPS_NAMES, VALUES),
    xmp=XMP,
    iptc=st.dictionaries(IPTC_NAMES, VALUES),
    sidecar=XMP | st.none(),
    name=st.text(max_size=30),
    mtime_ns=st.integers(),
)
def test_no_tags_whatever_raise_or_leave_what_a_table_cannot_hold(tags, gps, xmp, iptc, sidecar, name, mtime_ns):
    tags = {"GPSInfo": gps, "XMP": xmp, "IPTC": iptc, **tags}
    found = asdict(photo_metadata(tags, name=name, mtime_ns=mtime_ns, sidecar=sidecar))
    assert found["orientation"] in range(1, 9)
    assert found["rating"] is None or found["rating"] in range(-1, 6)
    texts = [value for value in found.values() if isinstance(value, str)] + (found["keywords"] or [])
    assert all(text.isprintable() and text for text in texts)
    row = found | {"photo_id": "a", "status": "ok", "taken_at": str(found["taken_at"])}
    columns = {column.name for column in PHOTO_METADATA}
    (again,) = rows_of(frame_of([row], PHOTO_METADATA))
    assert {column: again[column] for column in found} == {column: row[column] for column in found}
    assert found.keys() <= columns
    # The rest of the row is what decoding saw.
    check_payload("a", {column: row[column] for column in PAYLOAD_FROM_METADATA if column in row})
