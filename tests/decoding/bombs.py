"""Small files that ask for much: claims of size, things that unfold, things that point at themselves.

Each is made here in a few lines, from the smallest honest file of its format. What a bomb must come to is said beside
it: the kinds of error that are right for it, or "ok" where the picture in it is good and only its wrapping is not.
"""

import struct
import zlib
from collections.abc import Iterable

import pillow_heif

from . import dng_samples
from .samples import encode, png_chunk, quarters

pillow_heif.register_heif_opener()  # which brings the writer too

FOUR_GIGABYTES = 0xFFFF_FFFF
UNFOLDED_BYTES = 100_000_000
Bomb = tuple[bytes, frozenset[str]]


def bombs() -> dict[str, Bomb]:
    """Return the files by a name that says what each does, with the outcomes that are right for it."""
    return {
        **{f"{name}.jpg": bomb for name, bomb in _jpegs().items()},
        **{f"{name}.png": bomb for name, bomb in _pngs().items()},
        **{f"{name}.heic": bomb for name, bomb in _heics().items()},
        **{f"{name}.dng": bomb for name, bomb in _dngs().items()},
    }


def _jpegs() -> dict[str, Bomb]:
    plain, progressive = encode(quarters(64, 64), "JPEG"), encode(quarters(64, 64), "JPEG", progressive=True)
    return {
        "claims 65,000 x 65,000": _is(jpeg_claiming(plain, 65_000, 65_000), "too_large"),
        "progressive, claims 65,000 x 65,000": _is(jpeg_claiming(progressive, 65_000, 65_000), "too_large"),
        "paints the largest picture in 20,000 scans": _is(jpeg_of_scans(progressive, 14_000, 20_000), "too_large"),
        "segment as long as can be": _is(plain[:2] + b"\xff\xe1\xff\xff" + plain[2:], "corrupt"),
        "EXIF pointing at itself": _is(_with_exif(plain, _looping_tiff()), "ok"),
        "EXIF counting to 4 GB": _is(_with_exif(plain, _tiff_with(0x010F, 2, FOUR_GIGABYTES, 8)), "ok"),
        "60,000 comments": _is(plain[:2] + b"\xff\xfe\0\x03!" * 60_000 + plain[2:], "ok"),
    }


def _pngs() -> dict[str, Bomb]:
    unfolding = zlib.compress(bytes(UNFOLDED_BYTES), 9)
    small = zlib.compress(bytes(8_000_000), 9)
    long_exif = b"II*\0" + struct.pack("<IH", 8, 60_000) + 60_000 * struct.pack("<HHII", 0x8769, 4, 1, 8)
    return {
        "claims 60,000 x 60,000": _is(_png(60_000, 60_000, b""), "too_large"),
        "claims 2 billion x 1": _is(_png(0x7FFF_FFFF, 1, b""), "too_large"),
        "chunk of 4 GB": _is(_png(64, 64, b"")[:33] + struct.pack(">I", FOUR_GIGABYTES) + b"IDAT", "corrupt"),
        "zTXt unfolds": _is(_png(64, 64, png_chunk(b"zTXt", b"k\0\0" + unfolding)), "too_large"),
        "iTXt unfolds": _is(_png(64, 64, png_chunk(b"iTXt", b"k\0\1\0\0\0" + unfolding)), "too_large"),
        "iCCP unfolds": _is(_png(64, 64, png_chunk(b"iCCP", b"k\0\0" + unfolding)), "too_large"),
        "XMP unfolds": _is(_png(64, 64, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + unfolding)), "too_large"),
        "many texts unfold": _is(_png(64, 64, png_chunk(b"zTXt", b"k\0\0" + small) * 100), "too_large"),
        "IDAT unfolds behind the picture": _is(_png(64, 64, png_chunk(b"IDAT", unfolding)), "ok"),
        "EXIF of 60,000 pointers to itself": _is(_png(64, 64, png_chunk(b"eXIf", long_exif)), "ok"),
        "claims 4 billion frames": _is(_png(64, 64, png_chunk(b"acTL", b"\xff" * 8)), "ok", "corrupt"),
    }


def _heics() -> dict[str, Bomb]:
    plain = encode(quarters(64, 64), "HEIF")
    return {
        "claims 60,000 x 60,000": _is(_heic_claiming(plain, 60_000, 60_000), "too_large"),
        "claims 14,000 x 14,000": _is(_heic_claiming(plain, 14_000, 14_000), "corrupt"),
        "box of 4 GB": _is(_with_box_size(plain, b"meta", FOUR_GIGABYTES), "corrupt"),
        "box of 2^64 bytes": _is(plain[:-8] + b"\0\0\0\1free" + b"\xff" * 8, "ok", "corrupt"),
        "box within itself": _is(_box(b"ftyp", plain[8:24]) + _nested_boxes(10_000), "corrupt"),
        "65,535 items": _is(_counting(plain, b"iinf", 0xFFFF), "corrupt", "too_large"),
        "65,535 places": _is(_counting(plain, b"iloc", 0xFFFF, skip=2), "corrupt", "too_large"),
    }


def _dngs() -> dict[str, Bomb]:
    plain = dng_samples.dng(quarters(64, 48))
    preview = encode(quarters(64, 64), "JPEG")
    return {
        "claims 60,000 x 60,000": _is(_dng_saying(plain, {256: 60_000, 257: 60_000}), "too_large"),
        "claims 14,000 x 14,000": _is(_dng_saying(plain, {256: 14_000, 257: 14_000}), "corrupt"),
        "claims 4 billion samples": _is(_dng_saying(plain, {277: 65_535}), "corrupt", "ok", "unsupported"),
        "strip at 4 GB": _is(_dng_saying(plain, {273: FOUR_GIGABYTES}), "corrupt"),
        "preview claims 65,000 x 65,000": _is(
            dng_samples.dng(quarters(64, 48), preview_jpeg=preview).replace(
                preview, jpeg_claiming(preview, 65_000, 65_000)
            ),
            "ok",
        ),
        "800,000 tiles that are the same JPEG": _is(_many_tiles(14_000, 16), "too_large"),
        "more tiles than are counted": _is(_many_tiles(14_000, 8), "too_large"),
        "directory pointing at itself": _is(plain[:4] + struct.pack("<I", 8) + _pointing_back(plain), "ok"),
        "60,000 tags that say the same million": _is(_repeating_tags(), "corrupt", "unsupported"),
        "a DNG of a million directories at nothing": _is(_listing_nothing(), "corrupt", "unsupported"),
    }


def _is(data: bytes, *outcomes: str) -> Bomb:
    return data, frozenset(outcomes)


def jpeg_claiming(jpeg: bytes, width_px: int, height_px: int) -> bytes:
    """Return a JPEG with another size in its frame header."""
    at = max(jpeg.rfind(b"\xff\xc0\0\x11"), jpeg.rfind(b"\xff\xc2\0\x11")) + 5
    return jpeg[:at] + struct.pack(">HH", height_px, width_px) + jpeg[at + 4 :]


def jpeg_of_scans(progressive: bytes, side_px: int, scans: int) -> bytes:
    """Return a progressive JPEG that claims a size and paints its first scan over and over."""
    claiming = jpeg_claiming(progressive, side_px, side_px)
    first = claiming.index(b"\xff\xda")
    scan = claiming[first : claiming.index(b"\xff", first + 2)]
    return claiming[:first] + scan * scans + b"\xff\xd9"


def _with_exif(jpeg: bytes, tiff: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


def _tiff_with(tag: int, kind: int, count: int, value: int, following: int = 0) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, tag, kind, count, value, following)


def _looping_tiff() -> bytes:
    return _tiff_with(0x8769, 4, 1, 8, following=8)


def _png(width_px: int, height_px: int, extra: bytes) -> bytes:
    """Return a PNG of any claimed size that holds 64 x 64 black pixels; `extra` stands before and behind them."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(64 * (1 + 3 * 64))))
    behind = extra if extra[4:8] == b"IDAT" else b""
    before = b"" if behind else extra
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + before + pixels + behind + png_chunk(b"IEND", b"")


def _heic_claiming(heic: bytes, width_px: int, height_px: int) -> bytes:
    at = heic.index(b"ispe") + 8
    return heic[:at] + struct.pack(">II", width_px, height_px) + heic[at + 8 :]


def _with_box_size(heic: bytes, name: bytes, size_bytes: int) -> bytes:
    at = heic.index(name) - 4
    return heic[:at] + struct.pack(">I", size_bytes) + heic[at + 4 :]


def _counting(heic: bytes, name: bytes, count: int, skip: int = 0) -> bytes:
    at = heic.index(name) + 8 + skip
    return heic[:at] + struct.pack(">H", count) + heic[at + 2 :]


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _nested_boxes(depth: int) -> bytes:
    return b"".join(struct.pack(">I", 12 * (depth - level)) + b"meta" + bytes(4) for level in range(depth))


def _dng_saying(dng: bytes, values: dict[int, int]) -> bytes:
    """Return a DNG with other values in entries of its first directory."""
    changed = bytearray(dng)
    for at in _entries(dng):
        if (tag := struct.unpack_from("<H", dng, at)[0]) in values:
            kind = struct.unpack_from("<H", dng, at + 2)[0]
            struct.pack_into("<H" if kind == dng_samples.SHORT else "<I", changed, at + 8, values[tag])
    return bytes(changed)


def _entries(dng: bytes) -> Iterable[int]:
    return range(10, 10 + 12 * struct.unpack_from("<H", dng, 8)[0], 12)


def _pointing_back(dng: bytes) -> bytes:
    """Return what follows the header of a DNG, with the next directory set to the first one."""
    following = 10 + 12 * struct.unpack_from("<H", dng, 8)[0]
    return dng[8:following] + struct.pack("<I", 8) + dng[following + 4 :]


def _many_tiles(side_px: int, tile_px: int) -> bytes:
    """Return a lossy DNG that cuts a large picture into small tiles, each of which is the same whole picture."""
    plain = dng_samples.dng(quarters(64, 48), raw=dng_samples.lossy(quarters(64, 48)))
    said = {struct.unpack_from("<H", plain, at)[0]: plain[at : at + 12] for at in _entries(plain)}
    count = (side_px // tile_px + 1) ** 2
    offsets, sizes = (said.pop(tag)[8:] * count for tag in (273, 279))
    values = {256: side_px, 257: side_px, 322: tile_px, 323: tile_px}
    said |= {tag: struct.pack("<HHII", tag, dng_samples.LONG, 1, value) for tag, value in values.items()}
    for tag, at in ((324, len(plain)), (325, len(plain) + len(offsets))):
        said[tag] = struct.pack("<HHII", tag, dng_samples.LONG, count, at)
    directory = struct.pack("<H", len(said)) + b"".join(said[tag] for tag in sorted(said)) + bytes(4)
    at = len(plain) + len(offsets) + len(sizes)
    return plain[:4] + struct.pack("<I", at) + plain[8:] + offsets + sizes + directory


def _listing_nothing() -> bytes:
    """Return a DNG whose SubIFDs tag lists a million directories, all of them nowhere."""
    values = 1_000_000
    listed = struct.pack("<HHII", 330, 4, values, 10 + 2 * 12 + 4)
    version = struct.pack("<HHI4B", 50706, 1, 4, 1, 4, 0, 0)
    return b"II*\0" + struct.pack("<IH", 8, 2) + listed + version + bytes(4) + bytes(4 * values)


def _repeating_tags() -> bytes:
    """Return a TIFF with 60,000 SubIFDs tags, each of which lists the same 250,000 directories."""
    values = 250_000
    at = 10 + 12 * 60_000 + 4
    entries = struct.pack("<HHII", 330, 4, values, at) * 60_000
    return b"II*\0" + struct.pack("<IH", 8, 60_000) + entries + bytes(4) + bytes(4 * values)
