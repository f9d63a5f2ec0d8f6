"""Reading an original: opened safely, once, read-only, and only if it still is what was identified.

What belongs here: opening, reading and hash-checking the file. What does not: looking inside the bytes.
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

# NOFOLLOW: a symbolic link may lead out of the library. NONBLOCK: opening a FIFO would wait for ever.
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

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
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        _require_regular_file(status, max_file_bytes)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(status.st_size + 1)  # one more: a file that grows meanwhile has another hash then
    finally:
        os.close(descriptor)


def _require_regular_file(status: os.stat_result, max_file_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(_FILE_KINDS.get(stat.S_IFMT(status.st_mode), "special file"))
    if status.st_size > max_file_bytes:
        raise TooLargeError("bytes", "max_file_bytes", status.st_size, max_file_bytes)


def _why_unreadable(error: OSError | ValueError) -> DecodingError:
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOENT, errno.ENOTDIR):
        return VanishedError()
    if code == errno.ELOOP:
        return NotAFileError("symbolic link")
    if code == errno.ENXIO:
        return NotAFileError("socket")
    return UnreadableError(os.strerror(code) if code else str(error))
