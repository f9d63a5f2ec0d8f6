"""Where the file of a photo keeps its EXIF, XMP and IPTC: the blocks as bytes, not yet understood.

What belongs here: walking the segments of a JPEG, and asking those who know the other formats (png_chunks.py, tiff.py,
libheif). What does not: the meaning of a block, and pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from resources.decoding.formats import Format
from resources.decoding.iptc import iptc_of_photoshop
from resources.decoding.isobmff import picture_part
from resources.decoding.png_chunks import read_chunks
from resources.decoding.tiff import block_in_first_directory

_MAX_SEGMENTS = 4096  # the longest colour profile or XMP takes 255 of them
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_APP1, _APP13 = 0xE1, 0xED
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_TIFF_XMP, _TIFF_IPTC = 700, 33723
_PHOTOSHOP = b"Photoshop 3.0\0"

# ImageMagick puts what it has no chunk for into texts of these names, in hexadecimal.
_PNG_EXIF, _PNG_APP1 = b"Raw profile type exif", b"Raw profile type APP1"
_PNG_RAW_XMP, _PNG_IPTC = b"Raw profile type xmp", b"Raw profile type iptc"
_PNG_XMP = b"XML:com.adobe.xmp"
_PNG_TEXTS = (_PNG_EXIF, _PNG_APP1, _PNG_RAW_XMP, _PNG_IPTC, _PNG_XMP)


@dataclass(frozen=True, slots=True)
class MetadataBlocks:
    """The blocks of one photo, empty where there is none; `exif` is a TIFF, perhaps after "Exif" and two NULs."""

    exif: bytes = b""
    xmp: tuple[bytes, ...] = ()
    iptc: bytes = b""


def find_blocks(data: bytes, photo_format: Format) -> MetadataBlocks:
    """Return the blocks of a whole file; what a decoder cannot read is left out."""
    match photo_format:
        case Format.JPEG:
            return _in_jpeg(data)
        case Format.PNG:
            return _in_png(data)
        case Format.HEIC:
            return _in_heic(data)
        case Format.DNG:
            return _in_dng(data)


def _in_jpeg(data: bytes) -> MetadataBlocks:
    segments = list(islice(_iter_segments(data), _MAX_SEGMENTS))

    def contents(marker: int, signature: bytes) -> list[bytes]:
        return [each[len(signature) :] for found, each in segments if found == marker and each.startswith(signature)]

    return MetadataBlocks(
        exif=b"".join(contents(_APP1, _EXIF)),
        xmp=(*contents(_APP1, _XMP), _joined_extension(contents(_APP1, _XMP_EXTENSION))),
        iptc=iptc_of_photoshop(b"".join(contents(_APP13, _PHOTOSHOP))),
    )


def _iter_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the content of each segment before the picture."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : end]
        at = max(end, at + 4)


def _joined_extension(parts: list[bytes]) -> bytes:
    """Return the XMP that was too long for one segment: each part has a digest, the full length and its offset."""
    digests = [part[:32] for part in parts]
    return b"".join(part[40:] for part in sorted(parts, key=lambda part: part[36:40]) if part[:32] == digests[0])


def _in_png(data: bytes) -> MetadataBlocks:
    exif, texts = read_chunks(data, _PNG_TEXTS)
    xmp = texts.pop(_PNG_XMP, b"")
    profiles = {keyword: _bytes_of_hexadecimal(text) for keyword, text in texts.items()}
    return MetadataBlocks(
        exif=exif or profiles.get(_PNG_EXIF) or profiles.get(_PNG_APP1, b""),
        xmp=(xmp, profiles.get(_PNG_RAW_XMP, b"")),
        iptc=iptc_of_photoshop(profiles.get(_PNG_IPTC, b"")),
    )


def _bytes_of_hexadecimal(text: bytes) -> bytes:
    """Return what follows an empty line, a name and a length."""
    lines = text.split(b"\n")
    try:
        return bytes.fromhex(b"".join(lines[3:]).decode("ascii"))
    except ValueError:
        return b""


def _in_heic(data: bytes) -> MetadataBlocks:
    import pillow_heif

    try:
        info = pillow_heif.open_heif(picture_part(data)).info
    except Exception:  # the decoder, which sees the same bytes, says what is wrong with them
        return MetadataBlocks()
    iptc = [each["data"] for each in info.get("metadata", ()) if each.get("type") == "iptc"]
    return MetadataBlocks(info.get("exif") or b"", (info.get("xmp") or b"",), b"".join(iptc[:1]))


def _in_dng(data: bytes) -> MetadataBlocks:
    """Return a DNG as its own EXIF: it is a TIFF, as the inside of an EXIF block is, with the other blocks as tags."""
    xmp, iptc = (block_in_first_directory(data, tag) for tag in (_TIFF_XMP, _TIFF_IPTC))
    return MetadataBlocks(exif=data, xmp=(xmp,), iptc=iptc)
