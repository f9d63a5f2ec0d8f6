"""Where files keep their blocks, IPTC's data sets, and blocks that are cut off, folded up or lie."""

import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resources.decoding.formats import Format
from resources.decoding.iptc import iptc_of_photoshop, parse_iptc
from resources.decoding.metadata_blocks import find_blocks
from resources.decoding.tags import read_tags

from .dng_samples import dng
from .samples import encode, exif, png_chunk, quarters
from .test_metadata_xmp import packet

LABELLED = packet("<xmp:Label>Red</xmp:Label>")
RATED = packet("<xmp:Rating>5</xmp:Rating>")


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_with(*segments: bytes) -> bytes:
    plain = encode(quarters(60, 40), "JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def png_with(*chunks: bytes, at_the_end: bool = True) -> bytes:
    plain = encode(quarters(60, 40), "PNG")
    at = len(plain) - 12 if at_the_end else 33
    return plain[:at] + b"".join(chunks) + plain[at:]


def data_set(record: int, number: int, content: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(content)) + content


def photoshop(block: bytes, name: bytes = b"") -> bytes:
    def resource(kind: int, content: bytes) -> bytes:
        title = bytes([len(name)]) + name
        padded = content + b"\0" * (len(content) % 2)
        return (
            b"8BIM"
            + struct.pack(">H", kind)
            + title
            + b"\0" * (len(title) % 2)
            + struct.pack(">I", len(content))
            + padded
        )

    return resource(0x03ED, b"odd") + resource(0x0404, block) + resource(0x040C, b"thumbnail")


IPTC = data_set(2, 5, b"Title") + data_set(2, 25, b"sea") + data_set(2, 25, b"sun")
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def extended(text: bytes, digest: bytes, sizes: list[int]) -> list[bytes]:
    """Return a packet in parts, the last part first, as nothing forbids."""
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    parts = [
        digest + struct.pack(">II", len(text), start) + text[start : start + size]
        for start, size in zip(starts, sizes, strict=True)
    ]
    return [segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + part) for part in reversed(parts)]


def test_a_jpegs_segments_are_found_in_any_order() -> None:
    half = len(RATED) // 2
    parts = extended(RATED, b"D" * 32, [half, len(RATED) - half])
    resources = photoshop(IPTC, b"odd name")
    data = jpeg_with(
        segment(0xED, b"Photoshop 3.0\0" + resources[:30]),
        *parts,
        b"\xff",  # a fill byte
        segment(0xED, b"Photoshop 3.0\0" + resources[30:]),
        segment(0xE1, XMP_HEAD + LABELLED),
        segment(0xE1, b"Exif\0\0" + exif(6, make="Testmaker").tobytes()[6:]),
    )
    tags = read_tags(data, Format.JPEG)
    assert (tags["Make"], tags["Orientation"]) == ("Testmaker", 6)
    assert tags["XMP"] == {"xmp:Label": "Red", "xmp:Rating": "5"}
    assert tags["IPTC"] == {"ObjectName": "Title", "Keywords": ["sea", "sun"]}


def raw_profile(name: bytes, content: bytes) -> bytes:
    text = b"\n%s\n%8d\n" % (name, len(content)) + content.hex().encode()
    return png_chunk(b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(text))


@pytest.mark.parametrize("at_the_end", [True, False])
@pytest.mark.parametrize("folded", [True, False])
def test_a_pngs_chunks_are_found_before_and_after_the_picture(at_the_end: bool, folded: bool) -> None:
    text = zlib.compress(LABELLED) if folded else LABELLED
    xmp = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([folded, 0]) + b"en\0name\0" + text)
    data = png_with(xmp, png_chunk(b"eXIf", exif(6).tobytes()[6:]), at_the_end=at_the_end)
    assert read_tags(data, Format.PNG) == {"Orientation": 6, "XMP": {"xmp:Label": "Red"}}


def test_imagemagicks_texts_of_a_png_are_read() -> None:
    profiles = (b"exif", exif(6).tobytes()), (b"xmp", LABELLED), (b"iptc", photoshop(IPTC))
    tags = read_tags(png_with(*(raw_profile(*each) for each in profiles)), Format.PNG)
    assert (tags["Orientation"], tags["XMP"]["xmp:Label"], tags["IPTC"]["Keywords"]) == (6, "Red", ["sea", "sun"])


def test_a_heics_items_are_found() -> None:
    pillow_heif.register_heif_opener()
    data = encode(quarters(64, 64), "HEIF", exif=exif(1, make="Testmaker").tobytes(), xmp=LABELLED)
    tags = read_tags(data, Format.HEIC)
    assert (tags["Make"], tags["XMP"]) == ("Testmaker", {"xmp:Label": "Red"})


@pytest.mark.filterwarnings("ignore:Metadata Warning")
@pytest.mark.parametrize("long_integers", [True, False])
def test_a_dngs_blocks_are_tags_of_whatever_type(long_integers: bool) -> None:
    blocks = {700: (1, LABELLED), 33723: (4 if long_integers else 7, IPTC + bytes(-len(IPTC) % 4))}
    tags = read_tags(dng_with(blocks), Format.DNG)
    assert (tags["XMP"], tags["IPTC"]["Keywords"]) == ({"xmp:Label": "Red"}, ["sea", "sun"])
    assert (tags["Model"], tags["UniqueCameraModel"]) == ("Test Camera", "Test Camera")


def dng_with(blocks: dict[int, tuple[int, bytes]]) -> bytes:
    """Return a DNG whose first directory, moved to the end, has these tags more."""
    plain = dng(quarters(60, 40))
    start = struct.unpack_from("<I", plain, 4)[0]
    count = struct.unpack_from("<H", plain, start)[0]
    entries = [plain[start + 2 + 12 * index :][:12] for index in range(count)]
    values = b""
    for tag, (kind, content) in blocks.items():
        length = len(content) // (4 if kind == 4 else 1)
        entries.append(struct.pack("<HHII", tag, kind, length, len(plain) + len(values)))
        values += content
    directory = struct.pack("<H", len(entries)) + b"".join(sorted(entries, key=lambda each: each[1::-1])) + bytes(4)
    moved = plain[:4] + struct.pack("<I", len(plain) + len(values)) + plain[8:]
    return moved + values + directory


@pytest.mark.parametrize(
    ("declared", "content", "expected"),
    [
        (b"\x1b%G", "caf\xe9".encode(), "caf\xe9"),
        (b"\x1b%G", b"caf\xe9", "caf"),
        (None, "caf\xe9".encode(), "caf\xe9"),
        (None, b"caf\xe9 \x80", "caf\xe9 \N{EURO SIGN}"),
        (None, b"x" * 30_000, "x" * 2000),
    ],
)
def test_iptc_is_decoded_as_declared_or_as_it_must_be_meant(
    declared: bytes | None, content: bytes, expected: str
) -> None:
    head = data_set(1, 90, declared) if declared else b""
    assert parse_iptc(head + data_set(2, 120, content)) == {"Caption-Abstract": expected}


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x1c",
        b"garbage" + IPTC,
        data_set(2, 25, b"sea")[:-4] + b"\xff\xff",
        b"\x1c\x02\x19\x80\x04\0\0\0\3sea" + b"\x1c" * 40_000,
        b"8BIM",
        photoshop(IPTC)[:9],
        b"8BIM\x04\x04\0\0\xff\xff\xff\xff",
    ],
)
def test_iptc_that_lies_about_its_lengths_gives_no_data_sets(block: bytes) -> None:
    assert parse_iptc(block) == {}
    assert parse_iptc(iptc_of_photoshop(block)) == {}


def test_a_bomb_of_text_in_a_png_is_not_unfolded() -> None:
    bomb = zlib.compress(b"<" + b" " * 40_000_000)
    chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
    blocks = find_blocks(png_with(chunk), Format.PNG)
    assert max(map(len, blocks.xmp)) == 8 * 2**20


def sample_of(photo_format: Format) -> bytes:
    segments = [segment(0xE1, XMP_HEAD + LABELLED), segment(0xED, b"Photoshop 3.0\0" + photoshop(IPTC))]
    makers: dict[Format, Callable[[], bytes]] = {
        Format.JPEG: lambda: jpeg_with(*segments, segment(0xE1, b"Exif\0\0" + exif(6).tobytes()[6:])),
        Format.PNG: lambda: png_with(raw_profile(b"xmp", LABELLED), png_chunk(b"eXIf", exif(6).tobytes()[6:])),
        Format.HEIC: lambda: encode(quarters(64, 64), "HEIF", exif=exif(6).tobytes(), xmp=LABELLED),
        Format.DNG: lambda: dng_with({700: (1, LABELLED), 33723: (7, IPTC)}),
    }
    pillow_heif.register_heif_opener()
    return makers[photo_format]()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("photo_format", list(Format))
def test_no_damage_to_a_file_raises(photo_format: Format) -> None:
    whole = sample_of(photo_format)

    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, min(len(whole), 3000)), st.binary(max_size=6), st.integers(0, 6))
    def damage(at: int, inserted: bytes, removed: int) -> None:
        read_tags(whole[:at] + inserted + whole[at + removed :], photo_format)

    damage()
    for cut in range(0, len(whole), max(1, len(whole) // 100)):
        read_tags(whole[:cut], photo_format)


def test_the_tags_are_read_without_decoding_the_picture() -> None:
    data = sample_of(Format.JPEG)
    start_of_scan = data.rindex(b"\xff\xda")
    tags = read_tags(data[:start_of_scan], Format.JPEG)
    assert tags["XMP"] == {"xmp:Label": "Red"}
    with pytest.raises(OSError, match="truncated"), Image.open(io.BytesIO(data[: start_of_scan + 20])) as image:
        image.load()
