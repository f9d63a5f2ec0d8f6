"""Opening a library's file for reading, whatever lies at its path by then.

Only opening: what is read and what it means is the caller's.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def opened(path: bytes) -> Iterator[BinaryIO]:
    """A regular file, open for reading; IrregularFile for anything else, OSError where it cannot be opened."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise IrregularFile(path)
        yield file


class IrregularFile(OSError):
    """A folder, pipe, socket or device lies where a file was."""


def _open_at_once(path: str, flags: int) -> int:
    # NONBLOCK: a named pipe put in the file's place must not hang the batch. NOFOLLOW: links lead out of the library.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
