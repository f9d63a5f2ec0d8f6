"""Opening a file of a library for reading, whatever lies at its path by then.

Only opening, for every room that reads originals or what lies beside them: what is read and what it means is theirs.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

# NOFOLLOW: a symbolic link may lead out of the library. NONBLOCK: opening a named pipe would wait for ever.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class IrregularFile(OSError):
    """A folder, pipe or device lies where a file was; `mode` is its st_mode."""

    def __init__(self, path: bytes, mode: int) -> None:
        super().__init__(f"{os.fsdecode(path)!r} is not a regular file")
        self.mode = mode


@contextmanager
def opened(path: bytes) -> Iterator[BinaryIO]:
    """A regular file, open for reading.

    IrregularFile for anything else, OSError where it cannot be opened, ValueError for a NUL in the path.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise IrregularFile(path, mode)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)
