"""Reading an original: opened safely, once, read-only, and only if it still is what was identified.

What belongs here: reading and hash-checking the file. What does not: looking inside the bytes.
Nothing in this project opens an original in any other way for its pixels.
"""

import errno
import hashlib
import os
import stat

from resources.decoding.errors import (
    ChangedError,
    DecodingError,
    EmptyError,
    NotAFileError,
    TooLargeError,
    UnreadableError,
    VanishedError,
)
from resources.opening import IrregularFile, opened

_FILE_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def read_original(path: bytes, sha256: str, max_file_bytes: int) -> bytes:
    """Return the whole content of a regular file whose SHA-256 is `sha256` (hex); OriginalError or ContentError."""
    try:
        data = _read_regular_file(path, max_file_bytes)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _why_unreadable(error) from error
    if not data:
        raise EmptyError
    found_sha256 = hashlib.sha256(data).hexdigest()
    if found_sha256 != sha256.lower():
        raise ChangedError(sha256, found_sha256)
    return data


def _read_regular_file(path: bytes, max_file_bytes: int) -> bytes:
    with opened(path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes > max_file_bytes:
            raise TooLargeError("bytes", "max_file_bytes", size_bytes, max_file_bytes)
        return file.read(size_bytes + 1)  # one more: a file that grows meanwhile has another hash then


def _why_unreadable(error: OSError | ValueError) -> DecodingError:
    if isinstance(error, IrregularFile):
        return NotAFileError(_FILE_KINDS.get(stat.S_IFMT(error.mode), "special file"))
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOENT, errno.ENOTDIR):
        return VanishedError()
    if code == errno.ELOOP:
        return NotAFileError("symbolic link")
    if code == errno.ENXIO:
        return NotAFileError("socket")
    return UnreadableError(os.strerror(code) if code else str(error))
