"""How often a JPEG paints over its own picture, counted before a decoder does the painting.

What belongs here: walking the markers of a JPEG for its scans. What does not: its metadata (metadata_blocks.py) and its
pixels. A progressive JPEG of one megabyte can hold 50,000 scans of the largest picture, each of which costs a decoder
as much as a whole one; libjpeg has no limit of its own.
"""

import re
from collections.abc import Iterator

_SEQUENTIAL_FRAMES = frozenset({0xC0, 0xC1, 0xC9})
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")  # what else follows FF in a picture's data has no meaning there


def has_more_scans_than(limit: int, data: bytes) -> bool:
    """Say whether the first picture of a JPEG is painted in more scans; one painted at once is not looked through."""
    scans, components = 0, None
    for marker, at in _iter_markers(data):
        if marker in _SEQUENTIAL_FRAMES:
            components = data[at + 9 : at + 10]
        if marker == _START_OF_SCAN:
            scans += 1
            if scans > limit:
                return True
            if scans == 1 and data[at + 4 : at + 5] == components:
                return False
    return False


def _iter_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker up to the end of the first picture, and where it stands."""
    at = 2
    while (found := _MARKER.search(data, at)) and data[found.start() + 1] != _END_OF_IMAGE:
        yield data[found.start() + 1], found.start()
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
