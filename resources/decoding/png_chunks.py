"""The text and EXIF chunks of a PNG, wherever they stand in it.

What belongs here: walking the chunks and unfolding compressed text within a bound. What does not: which text is which
block (metadata_blocks.py), and the picture. Pillow has no chunk after the picture until it has decoded the picture.
"""

import zlib
from collections.abc import Collection, Iterator

_SIGNATURE_BYTES = 8
_MAX_CHUNKS = 200_000  # a 100 MP picture in pieces of 4 kB has 75,000
_MAX_TEXT_BYTES = 8 * 1024 * 1024  # a PNG can carry 200 MB of text in 200 kB


def read_chunks(data: bytes, keywords: Collection[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the EXIF block, empty if there is none, and the texts of these keywords, still encoded."""
    exif, texts = b"", dict[bytes, bytes]()
    for name, content in iter_chunks(data):
        if name == b"eXIf":
            exif = exif or content
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, _, rest = content.partition(b"\0")
            if keyword in keywords and keyword not in texts:
                texts[keyword] = _text_of(name, rest)
    return exif, texts


def iter_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name of each chunk and, of those that are not the picture, the content."""
    at = _SIGNATURE_BYTES
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return
        size_bytes, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name != b"IDAT":
            yield name, data[at + 8 : at + 8 + size_bytes]
        at += 12 + size_bytes


def _text_of(name: bytes, rest: bytes) -> bytes:
    """Return the text behind a keyword: plain, after one byte of method, or after flags and two names."""
    if name == b"zTXt":
        return _unfold(rest[1:])
    if name == b"iTXt":
        text = rest[2:].split(b"\0", 2)[-1]
        return _unfold(text) if rest[:1] == b"\1" else text
    return rest


def _unfold(compressed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(compressed, _MAX_TEXT_BYTES)
    except zlib.error:
        return b""
