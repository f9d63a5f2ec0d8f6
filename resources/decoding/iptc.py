"""IPTC-IIM: what agencies and older programs say of a photo, in numbered data sets.

What belongs here: the data sets by name, and the Photoshop resources that hold them in a JPEG. What does not: finding
the bytes in a file (metadata_blocks.py) and what a data set means for a column (metadata.py).
"""

from collections.abc import Iterator
from typing import Any

_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    55: "DateCreated",
    60: "TimeCreated",
    80: "By-line",
    90: "City",
    101: "Country",
    105: "Headline",
    116: "CopyrightNotice",
    120: "Caption-Abstract",
}
_REPEATED = frozenset({"Keywords", "By-line"})
_MARK = 0x1C
_CHARACTER_SET, _APPLICATION_RECORD = (1, 90), 2
_UTF_8 = b"\x1b%G"
_MAX_DATA_SETS = 1024
_MAX_TEXT_BYTES = 2000  # the standard's own limit, of a caption

_RESOURCE_MARK = b"8BIM"
_IPTC_RESOURCE = 0x0404


def parse_iptc(block: bytes) -> dict[str, Any]:
    """Return the data sets by name, "Keywords" and "By-line" as lists of str, the others as str; never raises."""
    data_sets = list(_iter_data_sets(block))
    encoding = "utf-8" if (_CHARACTER_SET, _UTF_8) in data_sets else None
    found: dict[str, Any] = {}
    for (record, number), content in data_sets:
        name = _NAMES.get(number) if record == _APPLICATION_RECORD else None
        text = _text_of(content, encoding)
        if name in _REPEATED:
            found.setdefault(name, []).append(text)
        elif name is not None:
            found.setdefault(name, text)
    return found


def iptc_of_photoshop(resources: bytes) -> bytes:
    """Return the IPTC block among Photoshop's image resources, or nothing."""
    at = 0
    while resources[at : at + 4] == _RESOURCE_MARK:
        name_bytes = 1 + int.from_bytes(resources[at + 6 : at + 7], "big")
        start = at + 6 + name_bytes + name_bytes % 2 + 4
        end = start + int.from_bytes(resources[start - 4 : start], "big")
        if int.from_bytes(resources[at + 4 : at + 6], "big") == _IPTC_RESOURCE:
            return resources[start:end]
        at = end + (end - start) % 2
    return b""


def _iter_data_sets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield (record, number) and content, up to the first byte that does not fit."""
    at, count = 0, 0
    while at + 5 <= len(block) and block[at] == _MARK and count < _MAX_DATA_SETS:
        size_bytes = int.from_bytes(block[at + 3 : at + 5], "big")
        end = at + 5 + size_bytes
        if size_bytes & 0x8000 or end > len(block):  # the bit marks an extended data set, which no text needs
            return
        yield (block[at + 1], block[at + 2]), block[at + 5 : end]
        at, count = end, count + 1


def _text_of(content: bytes, encoding: str | None) -> str:
    """Decode as declared; undeclared text is UTF-8 if it can be, and else what Windows wrote."""
    bounded = content[:_MAX_TEXT_BYTES]
    if encoding is not None:
        return bounded.decode(encoding, "ignore")
    try:
        return bounded.decode("utf-8")
    except UnicodeDecodeError:
        return bounded.decode("cp1252", "replace")
