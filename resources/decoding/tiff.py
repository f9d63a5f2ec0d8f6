"""The few facts that must be read from a TIFF structure before any decoder touches it.

What belongs here: walking the directories of a TIFF (a DNG is one) for the tags that say whether it is a
DNG and where its picture data lies. What does not: pixels, and the tags a person would ask for (tags.py).
Every offset is checked against the bytes at hand, so hostile files end the walk and nothing else.
"""

import struct
from collections.abc import Iterator, Mapping

Directory = Mapping[int, tuple[int, ...]]

NEW_SUBFILE_TYPE, COMPRESSION, SUB_IFDS, DNG_VERSION = 254, 259, 330, 50706
DATA_RANGES = ((273, 279), (324, 325))  # offsets and byte counts: of strips, of tiles

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_INTEGER_TYPES = {1: "B", 3: "H", 4: "I", 13: "I"}
_TAGS_READ = frozenset({NEW_SUBFILE_TYPE, COMPRESSION, SUB_IFDS, DNG_VERSION, *sum(DATA_RANGES, ())})
_MAX_DIRECTORIES = 64  # a DNG has three to ten; directories can point at each other in circles


def is_tiff(head: bytes) -> bool:
    """Say whether the bytes begin with the header of a TIFF, in either byte order."""
    return head[:4] in _BYTE_ORDERS


def is_dng(head: bytes) -> bool:
    """Say whether the first directory carries DNGVersion; `head` must reach past that directory."""
    first = next(iter_directories(head), {})
    return DNG_VERSION in first


def is_cut_off(data: bytes) -> bool:
    """Say whether the main picture of a whole DNG file points past the end of the file."""
    return any(_end_of_data(directory) > len(data) for directory in _main_directories(data))


def main_compression(data: bytes) -> int:
    """Return the number of the compression of a DNG's main picture, or 0 where it is not said."""
    return next((sum(each.get(COMPRESSION, ())) for each in _main_directories(data)), 0)


def iter_directories(data: bytes) -> Iterator[Directory]:
    """Yield the directories in the file's order: the chain of the first one, then their SubIFDs."""
    order = _BYTE_ORDERS.get(data[:4])
    pending = list(_read(order, "I", 1, data, 4)) if order else []
    seen: set[int] = set()
    while order and pending and len(seen) < _MAX_DIRECTORIES:
        offset = pending.pop(0)
        if offset and offset not in seen:
            seen.add(offset)
            directory, following = _read_directory(order, data, offset)
            pending += [*following, *directory.get(SUB_IFDS, ())]
            yield directory


def _main_directories(data: bytes) -> Iterator[Directory]:
    return (each for each in iter_directories(data) if each.get(NEW_SUBFILE_TYPE) == (0,))


def _read_directory(order: str, data: bytes, offset: int) -> tuple[Directory, tuple[int, ...]]:
    count = sum(_read(order, "H", 1, data, offset))
    entries = (offset + 2 + 12 * index for index in range(count))
    directory = dict(entry for at in entries if (entry := _read_entry(order, data, at)))
    return directory, _read(order, "I", 1, data, offset + 2 + 12 * count)


def _read_entry(order: str, data: bytes, at: int) -> tuple[int, tuple[int, ...]] | None:
    header = data[at : at + 8]
    if len(header) < 8:
        return None
    tag, type_code, count = struct.unpack(order + "HHI", header)
    code = _INTEGER_TYPES.get(type_code)
    if tag not in _TAGS_READ or code is None:
        return None
    fits_inline = count * struct.calcsize(code) <= 4
    where = at + 8 if fits_inline else sum(_read(order, "I", 1, data, at + 8))
    return tag, _read(order, code, count, data, where)


def _read(order: str, code: str, count: int, data: bytes, at: int) -> tuple[int, ...]:
    """Read integers, or none at all where the bytes end too early."""
    size_bytes = count * struct.calcsize(code)
    if at + size_bytes > len(data):
        return ()
    return struct.unpack_from(f"{order}{count}{code}", data, at)


def _end_of_data(directory: Directory) -> int:
    ends = (
        start + length
        for offsets, lengths in DATA_RANGES
        for start, length in zip(directory.get(offsets, ()), directory.get(lengths, ()), strict=False)
    )
    return max(ends, default=0)
