"""XMP in every usual spelling, and XML that is meant to do harm."""

import json
import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.decoding.metadata import photo_metadata
from resources.decoding.xmp import merge_xmp, parse_xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMES = (
    f'xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"'
)


def packet(inside: str, attributes: str = "") -> bytes:
    """Return a packet as programs write it: wrapped, with processing instructions and padding."""
    description = f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
    tree = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMES}>{description}</rdf:RDF></x:xmpmeta>'
    text = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{tree}{" " * 200}<?xpacket end="w"?>'
    return text.encode() + bytes(3)


@pytest.mark.parametrize(
    ("inside", "attributes", "expected"),
    [
        ("", 'xmp:Rating="3"', {"xmp:Rating": "3"}),
        ("<xmp:Rating> 3\n</xmp:Rating>", "", {"xmp:Rating": "3"}),
        ("<xmp:Label/>", "", {"xmp:Label": ""}),
        (
            "<dc:subject><rdf:Bag><rdf:li>sea &amp; sun</rdf:li><rdf:li>\N{SNOWMAN}</rdf:li></rdf:Bag></dc:subject>",
            "",
            {"dc:subject": ["sea & sun", "\N{SNOWMAN}"]},
        ),
        ("<dc:subject><rdf:Seq><rdf:li>one</rdf:li></rdf:Seq></dc:subject>", "", {"dc:subject": ["one"]}),
        ("<dc:subject><rdf:Bag/></dc:subject>", "", {"dc:subject": []}),
        (
            '<dc:title><rdf:Alt><rdf:li xml:lang="de">Meer</rdf:li><rdf:li xml:lang="x-default">Sea</rdf:li>'
            "</rdf:Alt></dc:title>",
            "",
            {"dc:title": "Sea"},
        ),
        ('<dc:title><rdf:Alt><rdf:li xml:lang="de">Meer</rdf:li></rdf:Alt></dc:title>', "", {"dc:title": "Meer"}),
        ("<dc:title><rdf:Alt/></dc:title>", "", {"dc:title": ""}),
        (
            '<exif:Flash rdf:parseType="Resource"><exif:Fired>True</exif:Fired></exif:Flash>',
            "",
            {"exif:Flash": {"exif:Fired": "True"}},
        ),
        (
            "<exif:Flash><rdf:Description><exif:Fired>True</exif:Fired></rdf:Description></exif:Flash>",
            "",
            {"exif:Flash": {"exif:Fired": "True"}},
        ),
        ('<exif:Flash exif:Fired="True" exif:Mode="2"/>', "", {"exif:Flash": {"exif:Fired": "True", "exif:Mode": "2"}}),
        (
            '<exif:Flash><rdf:Description exif:Fired="True"/></exif:Flash>',
            "",
            {"exif:Flash": {"exif:Fired": "True"}},
        ),
        ('<dc:relation rdf:resource="https://example.org"/>', "", {"dc:relation": "https://example.org"}),
        (
            '<dc:title rdf:parseType="Resource"><rdf:value>Sea</rdf:value><xmp:x>why</xmp:x></dc:title>',
            "",
            {"dc:title": "Sea"},
        ),
        ("<crs:Exposure>1</crs:Exposure><xmp:Rating>1</xmp:Rating>", 'crs:Tint="3"', {"xmp:Rating": "1"}),
    ],
)
def test_rdf_is_read_in_all_its_usual_spellings(inside: str, attributes: str, expected: dict[str, Any]) -> None:
    assert parse_xmp(packet(inside, attributes)) == expected


def test_prefixes_mean_nothing_and_descriptions_add_up() -> None:
    text = (
        f'<R:RDF xmlns:R="{RDF}"><R:Description xmlns:a="http://purl.org/dc/elements/1.1/" a:format="image/jpeg"/>'
        '<R:Description><a:format xmlns:a="http://ns.adobe.com/xap/1.0/">2</a:format></R:Description></R:RDF>'
    )
    assert parse_xmp(text.encode()) == {"dc:format": "image/jpeg", "xmp:format": "2"}


@pytest.mark.parametrize(
    ("encoding", "label"),
    [("utf-8", "\N{SNOWMAN}"), ("utf-8-sig", "\N{SNOWMAN}"), ("utf-16", "\N{SNOWMAN}"), ("latin-1", "\xe9t\xe9")],
)
def test_a_packet_is_read_in_any_encoding(encoding: str, label: str) -> None:
    text = f'<?xml version="1.0"?><rdf:RDF {NAMES}><rdf:Description xmp:Label="{label}"/></rdf:RDF>'
    assert parse_xmp(text.encode(encoding)) == {"xmp:Label": label}


def test_the_first_packet_that_names_a_property_wins() -> None:
    assert merge_xmp([{"a": 1}, {"a": 2, "b": 3}]) == {"a": 1, "b": 3}


def with_document_type(definitions: str, value: str) -> bytes:
    return f"<!DOCTYPE x [{definitions}]>".encode() + packet(f"<xmp:Label>{value}</xmp:Label>")


BILLION_LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9)
)


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\0" * 100,
        b"no XML",
        b"<" * 100_000,
        b"<a>" * 100_000,
        packet("")[:-100],
        packet("<xmp:Rating>1</xmp:Wrong>"),
        packet("<undeclared:Rating>1</undeclared:Rating>"),
        packet("&undefined;"),
        with_document_type("", "1"),
        with_document_type(BILLION_LAUGHS, "&j;"),
        with_document_type('<!ENTITY file SYSTEM "file:///etc/passwd">', "&file;"),
        with_document_type('<!ENTITY % more SYSTEM "http://localhost:9/x.dtd"> %more;', "1"),
        packet("<dc:x>" * 65 + "</dc:x>" * 65),
        packet("<dc:x/>" * 50_001),
        packet("<xmp:Label>1</xmp:Label>" + " " * 16 * 2**20),
    ],
)
def test_hostile_xml_gives_nothing_and_costs_little(hostile: bytes) -> None:
    started_s = time.perf_counter()
    assert parse_xmp(hostile) == {}
    assert time.perf_counter() - started_s < 5.0


def test_long_values_and_lists_are_cut() -> None:
    items = f"<rdf:li>{'x' * 9000}</rdf:li>" * 600
    found = parse_xmp(packet(f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>", f'xmp:Label="{"y" * 9000}"'))
    assert found == {"xmp:Label": "y" * 4096, "dc:subject": ["x" * 4096] * 512}


def test_no_more_properties_are_kept_than_programs_write() -> None:
    descriptions = "".join(f'<rdf:Description dc:p{index}="1"/>' for index in range(25_000))
    started_s = time.perf_counter()
    found = parse_xmp(f"<rdf:RDF {NAMES}>{descriptions}</rdf:RDF>".encode())
    assert time.perf_counter() - started_s < 5.0
    assert list(found) == [f"dc:p{index}" for index in range(256)]


LIGHTROOM = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
   xmp:Rating="4" xmp:Label="Red" photoshop:DateCreated="2021-06-05T14:30:15"
   exif:GPSLatitude="48,52.5N" exif:GPSLongitude="2,21.12E">
   <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""
DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:darktable="http://darktable.sf.net/"
   exif:DateTimeOriginal="2021:06:05 14:30:15.000" xmp:Rating="4" darktable:xmp_version="5"
   exif:GPSLatitude="48,52.500000N" exif:GPSLongitude="2,21.120000E">
   <darktable:history><rdf:Seq><rdf:li darktable:operation="flip" darktable:params="0"/></rdf:Seq></darktable:history>
   <darktable:colorlabels><rdf:Seq><rdf:li>0</rdf:li></rdf:Seq></darktable:colorlabels>
   <dc:subject><rdf:Seq><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Seq></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""
DIGIKAM = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmp:Rating="4" MicrosoftPhoto:Rating="75" xmp:Label="Red" exif:DateTimeOriginal="2021-06-05T14:30:15"
    exif:GPSLatitude="48,52.50000000N" exif:GPSLongitude="2,21.12000000E">
   <digiKam:TagsList><rdf:Seq><rdf:li>nature/sea</rdf:li></rdf:Seq></digiKam:TagsList>
   <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""
APPLE = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
   <dc:subject><rdf:Seq><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Seq></dc:subject>
   <photoshop:DateCreated>2021-06-05T14:30:15+02:00</photoshop:DateCreated>
   <exif:GPSLatitude>48.875</exif:GPSLatitude><exif:GPSLatitudeRef>N</exif:GPSLatitudeRef>
   <exif:GPSLongitude>2.352</exif:GPSLongitude><exif:GPSLongitudeRef>E</exif:GPSLongitudeRef>
   <xmp:Rating>4</xmp:Rating><xmp:Label>Red</xmp:Label>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""


@pytest.mark.parametrize("sidecar", [LIGHTROOM, DARKTABLE, DIGIKAM, APPLE], ids=["lr", "dt", "digikam", "apple"])
def test_the_sidecars_of_four_programs_say_the_same_in_their_own_ways(sidecar: str) -> None:
    found = photo_metadata({}, name="", mtime_ns=0, sidecar=parse_xmp(sidecar.encode()))
    assert (found.taken_at, found.taken_at_source) == (datetime(2021, 6, 5, 14, 30, 15), "sidecar")
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((48.875, 2.352))
    assert (found.keywords, found.rating, found.label) == (["sea", "sun"], 4, "Red")


def test_what_nobody_searches_by_may_be_as_long_as_it_likes() -> None:
    settings_of_a_program = "<crs:Mask><crs:Dab>1</crs:Dab></crs:Mask>" * 60_000
    assert parse_xmp(packet(f"{settings_of_a_program}<xmp:Rating>2</xmp:Rating>")) == {"xmp:Rating": "2"}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_a_packet_raises(data: st.DataObject) -> None:
    whole = packet("<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>", 'xmp:Rating="3"')
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=8)) + whole[at + data.draw(st.integers(0, 8)) :]
    assert json.dumps(parse_xmp(damaged)).isascii()
