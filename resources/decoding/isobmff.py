"""What must be read from a HEIC's outer structure: whether the file ends too early, and where the picture ends.

What belongs here: walking the outermost boxes of an ISO base media file. What does not: pictures. libheif paints
what is missing from a cut-off HEIC grey and reports success, so the file must be measured before it is decoded.
"""

from collections.abc import Iterator

# What follows these is the maker's, motion videos above all.
_NEEDED_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})


def is_cut_off(data: bytes) -> bool:
    """Say whether a box that the picture needs goes on after the end of a whole HEIC file."""
    return any(name in _NEEDED_BOXES and end > len(data) for name, end in _iter_boxes(data))


def picture_part(data: bytes) -> bytes:
    """Return a HEIC without the video that some phones append to it as a whole file of its own."""
    start = 0
    for name, end in _iter_boxes(data):
        if start and name == b"ftyp":  # libheif would take the video for an image sequence
            return data[:start]
        start = end
    return data


def _iter_boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the name and the end (an offset in bytes) of each outermost box."""
    start = 0
    while start + 8 <= len(data):
        size_bytes = int.from_bytes(data[start : start + 4], "big")
        if size_bytes == 0:  # the last box, to the end of the file
            return
        if size_bytes == 1:  # the size proper follows the name, in 8 bytes
            size_bytes = int.from_bytes(data[start + 8 : start + 16], "big")
        if size_bytes < 8:
            return
        yield data[start + 4 : start + 8], start + size_bytes
        start += size_bytes
