"""Which files are photos by name, and which format the bytes really have.

What belongs here: the extensions a scan takes, and recognising a format from its first bytes. What does
not: decoding. The decoder is chosen by the bytes, never by the name: a HEIC called .jpg is a HEIC.
"""

from enum import StrEnum

from resources.decoding.tiff import is_dng

PHOTO_EXTENSIONS: frozenset[bytes] = frozenset({b".jpg", b".jpeg", b".png", b".dng", b".heic", b".heif", b".hif"})

_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERIC_BRANDS = frozenset({b"mif1", b"msf1"})
_AV1_BRANDS = frozenset({b"avif", b"avis"})

_OTHER_FORMATS = (
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF or a camera RAW other than DNG"),
    (0, b"MM\0*", "TIFF or a camera RAW other than DNG"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyp", "a video or another ISO media file"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (0, b"%PDF", "PDF"),
    (0, b"<", "HTML, XML or SVG"),
)


class Format(StrEnum):
    """A photo format that this room decodes."""

    JPEG = "jpeg"
    PNG = "png"
    HEIC = "heic"
    DNG = "dng"


def is_photo_name(name: bytes) -> bool:
    """Say whether a file name ends like a photo's, in either case; AppleDouble companions (`._x`) do not count."""
    stem, dot, extension = name.rpartition(b".")  # os.path.splitext takes a second longer for a million names
    return (dot + extension).lower() in PHOTO_EXTENSIONS and not name.startswith(b"._") and stem.strip(b".") != b""


def sniff(head: bytes) -> Format | None:
    """Return the format of the bytes, or None for any other content.

    `head` is the beginning of the file. A few dozen bytes are enough except for DNG, where they must reach past
    the first TIFF directory, which may lie anywhere: give the whole file when it is at hand.
    """
    if head.startswith(_JPEG_START):
        return Format.JPEG
    if head.startswith(_PNG_START):
        return Format.PNG
    if _is_heic(head):
        return Format.HEIC
    return Format.DNG if is_dng(head) else None


def describe_other(head: bytes) -> str:
    """Name the content of bytes that `sniff` does not know, for the message of an error."""
    names = (name for at, magic, name in _OTHER_FORMATS if head[at : at + len(magic)] == magic)
    return next(names, "unknown content")


def _is_heic(head: bytes) -> bool:
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), 256)
    major, *compatible = [head[at : at + 4] for at in (8, *range(16, end, 4))]
    if major in _AV1_BRANDS:
        return False
    names_hevc = not _HEVC_BRANDS.isdisjoint((major, *compatible))
    return names_hevc or (major in _GENERIC_BRANDS and _AV1_BRANDS.isdisjoint(compatible))
