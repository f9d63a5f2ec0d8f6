"""A copy of a version's folder, without the empty space that the engine reserves in its files.

What belongs here: bytes from one folder into another. When to copy, and what becomes of the copy, is `embedded.py`.
"""

import os
from pathlib import Path

_BLOCK_BYTES = 1 << 16  # larger ones would copy empty space that stands between what is written
_EMPTY = bytes(_BLOCK_BYTES)


def copy_folder(source: Path, target: Path) -> None:
    """Copy all files below `source` into the empty folder `target`; they are on the disk when this returns."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir()
        else:
            _copy_file(path, place)


def size_bytes(folder: Path) -> int:
    """What the files below `folder` take on the disk, which is less than their lengths."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("xb") as written:
        while block := read.read(_BLOCK_BYTES):
            if block == _EMPTY[: len(block)]:
                written.seek(len(block), os.SEEK_CUR)
            else:
                written.write(block)
        written.truncate()  # to where it stands, past what was left out
        written.flush()
        os.fsync(written.fileno())
