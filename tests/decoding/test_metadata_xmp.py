"""XMP in every usual spelling, and XML that is meant to do harm."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_packet_is_read_in_any_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0"?><rdf:RDF {NAMES}><rdf:Description xmp:Label="\xe9t\xe9"/></rdf:RDF>'
    assert parse_xmp(text.encode(encoding)) == {"xmp:Label": "\xe9t\xe9"}


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
