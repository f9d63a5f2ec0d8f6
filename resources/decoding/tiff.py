"""The few facts that must be read from a TIFF structure before any decoder touches it.

What belongs here: walking the directories of a TIFF (a DNG is one) for the tags that say whether it is a
DNG and where its picture data lies. What does not: pixels, and the tags a person would ask for (tags.py).
Every offset is checked against the bytes at hand, so hostile files end the walk and nothing else.
"""

import struct
from collections import deque
from collections.abc import Iterator, Mapping

Directory = Mapping[int, tuple[int, ...]]

NEW_SUBFILE_TYPE, COMPRESSION, SUB_IFDS, DNG_VERSION = 254, 259, 330, 50706
DATA_RANGES = ((273, 279), (324, 325))  # offsets and byte counts: of strips, of tiles

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_SIZES_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}  # of bytes, text, 16 and 32 bits, undefined
_INTEGER_TYPES = {1: "B", 3: "H", 4: "I", 13: "I"}
_TAGS_READ = frozenset({NEW_SUBFILE_TYPE, COMPRESSION, SUB_IFDS, DNG_VERSION, *sum(DATA_RANGES, ())})
_MAX_DIRECTORIES = 64  # a DNG has three to ten; directories can point at each other in circles
_MAX_VALUES = 1_000_000  # far above any limit on pieces; each value costs 40 bytes of memory


def is_tiff(head: bytes) -> bool:
    """Say whether the bytes begin with the header of a TIFF, in either byte order."""
    return head[:4] in _BYTE_ORDERS


def is_dng(head: bytes) -> bool:
    """Say whether the first directory carries DNGVersion; `head` must reach past that directory."""
    first = next(iter_directories(head), {})
    return DNG_VERSION in first


def is_cut_off(data: bytes) -> bool:
    """Say whether the main picture of a whole DNG file, or the directory of any picture, lies past the file's end."""
    pictures = (offset for each in iter_directories(data) for offset in each.get(SUB_IFDS, ()))
    if any(offset >= len(data) for offset in pictures):
        return True
    return any(_end_of_data(directory) > len(data) for directory in _main_directories(data))


def most_pieces(data: bytes) -> int:
    """Return how many strips or tiles the picture of a DNG has that has most of them; 0 without any."""
    counts = (len(each.get(tag, ())) for each in iter_directories(data) for tag, _ in DATA_RANGES)
    return max(counts, default=0)


def main_compression(data: bytes) -> int:
    """Return the number of the compression of a DNG's main picture, or 0 where it is not said."""
    return next((sum(each.get(COMPRESSION, ())) for each in _main_directories(data)), 0)


def block_in_first_directory(data: bytes, wanted_tag: int) -> bytes:
    """Return the value of a tag as the bytes of the file, whatever type they are declared to be; empty without it."""
    order = _BYTE_ORDERS.get(data[:4], "<")
    at = sum(_read(order, "I", 1, data, 4))
    for entry_at in range(at + 2, at + 2 + 12 * sum(_read(order, "H", 1, data, at)), 12):
        tag, type_code = _read(order, "H", 2, data, entry_at) or (None, None)
        if tag == wanted_tag and type_code in _SIZES_BYTES:
            count, start = _read(order, "I", 2, data, entry_at + 4) or (0, 0)
            size_bytes = count * _SIZES_BYTES[type_code]
            return data[start : start + size_bytes] if size_bytes > 4 else data[entry_at + 8 :][:size_bytes]
    return b""


def iter_directories(data: bytes) -> Iterator[Directory]:
    """Yield the directories in the file's order: the chain of the first one, then their SubIFDs."""
    order = _BYTE_ORDERS.get(data[:4])
    pending = deque(_read(order, "I", 1, data, 4)) if order else deque[int]()
    seen: set[int] = set()
    while order and pending and len(seen) < _MAX_DIRECTORIES:
        offset = pending.popleft()  # of a tag that may list a million
        if offset and offset not in seen:
            seen.add(offset)
            directory, following = _read_directory(order, data, offset)
            pending += [*following, *directory.get(SUB_IFDS, ())]
            yield directory


def _main_directories(data: bytes) -> Iterator[Directory]:
    return (each for each in iter_directories(data) if each.get(NEW_SUBFILE_TYPE) == (0,))


def _read_directory(order: str, data: bytes, offset: int) -> tuple[Directory, tuple[int, ...]]:
    count = sum(_read(order, "H", 1, data, offset))
    directory: dict[int, tuple[int, ...]] = {}
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag = sum(_read(order, "H", 1, data, at))
        if tag in _TAGS_READ and tag not in directory:  # 60,000 repetitions of a long one would take minutes
            directory[tag] = _read_values(order, data, at)
    return directory, _read(order, "I", 1, data, offset + 2 + 12 * count)


def _read_values(order: str, data: bytes, at: int) -> tuple[int, ...]:
    """Read the integers of the entry at `at`, a million at most; none where it holds something else."""
    header = data[at + 2 : at + 8]
    type_code, count = struct.unpack(order + "HI", header) if len(header) == 6 else (0, 0)
    code = _INTEGER_TYPES.get(type_code)
    if code is None:
        return ()
    fits_inline = count * struct.calcsize(code) <= 4
    where = at + 8 if fits_inline else sum(_read(order, "I", 1, data, at + 8))
    return _read(order, code, min(count, _MAX_VALUES), data, where)


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
