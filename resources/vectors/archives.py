"""One version of the embedded index as one file: its folder packed, and such a file unpacked again.

What belongs here: bytes in and out, and every refusal of an archive that packing would not have written. A snapshot may
come from anywhere, so nothing in it chooses where a file lands, what kind it is or how much memory it takes. When to
pack, and what becomes of an unpacked folder, is `embedded.py`.
"""

import errno
import gzip
import json
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Self

from resources.vectors.errors import DamagedSnapshot

SUFFIX = ".tar.gz"
_FILES_MAX = 100_000  # a version of 50,000 points has some 250
_FILE_BYTES_MAX = 1 << 40
_NAME_BYTES_MAX = 65_536  # of a header that gives a long name, which the reader takes into memory whole
_DIMENSIONS_MAX = 65_536
_BLOCK_BYTES = 1 << 20


def pack(folder: Path, archive: Path) -> None:
    """Write `folder` into the file `archive`, complete or not there, below the folder's name. Raises OSError."""
    partial = archive.with_name(f"{archive.name}.partial")
    try:
        # the engine's files begin with 170 MB of reserved, empty space: compression is for that
        with partial.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
                tar.add(folder, arcname=folder.name)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)  # a full disk is not to stay full of it


def unpack(archive: Path, target: Path) -> int:
    """Fill the empty folder `target` with what `pack` put into `archive`; the dimensions of its vectors.

    Raises DamagedSnapshot, with the folder half full, and OSError.
    """
    try:
        with gzip.open(archive) as stream:
            with tarfile.open(fileobj=stream, mode="r:", tarinfo=_Member) as tar:
                _extract(tar, archive, target)
            rest = stream.read(_BLOCK_BYTES)  # to its end, where its checksum is
            if rest.strip(b"\0") or len(rest) == _BLOCK_BYTES:
                raise DamagedSnapshot(archive, "more follows its end")
    except (tarfile.TarError, EOFError, zlib.error, OverflowError, UnicodeError, ValueError) as error:
        raise DamagedSnapshot(archive, f"it cannot be read ({error})") from error
    except OSError as error:
        if error.errno is None:  # gzip's own complaint; a full disk has a number
            raise DamagedSnapshot(archive, f"it cannot be read ({error})") from error
        raise
    return _dimensions(archive, target)


class _Member(tarfile.TarInfo):
    """A header, refused where it announces more than a name and two times need."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if not (member.isreg() or member.isdir()) and member.size > _NAME_BYTES_MAX:
            raise tarfile.ReadError(f"a header of {member.size:,} bytes")
        return member


def _extract(tar: tarfile.TarFile, archive: Path, target: Path) -> None:
    free = shutil.disk_usage(target).free
    for number, member in enumerate(tar, start=1):
        reason = _refusal(member)
        if number > _FILES_MAX or member.size > _FILE_BYTES_MAX:
            reason = "it is larger than any snapshot"
        if reason:
            raise DamagedSnapshot(archive, reason)
        place = target.joinpath(*PurePosixPath(member.name).parts[1:])
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        if member.size > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        free -= member.size
        content = tar.extractfile(member)
        if content is None or place.exists():
            raise DamagedSnapshot(archive, f"{member.name!r} is in it twice")
        _write(content, place)


def _refusal(member: tarfile.TarInfo) -> str | None:
    """Why packing would not have written this member, or None."""
    path = PurePosixPath(member.name)
    if member.type not in (tarfile.REGTYPE, tarfile.DIRTYPE):
        return f"{member.name!r} is neither a file nor a folder"
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in member.name:
        return f"{member.name!r} points out of the snapshot"
    if member.isreg() and len(path.parts) == 1:
        return f"{member.name!r} lies beside the version's folder"
    return None


def _write(content: IO[bytes], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as file:
        shutil.copyfileobj(content, file, _BLOCK_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _dimensions(archive: Path, target: Path) -> int:
    try:
        dimensions = json.loads((target / "version.json").read_bytes())["dimensions"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedSnapshot(archive, "it is not of a collection of this platform") from error
    if not isinstance(dimensions, int) or not 0 < dimensions <= _DIMENSIONS_MAX or not (target / "shard").is_dir():
        raise DamagedSnapshot(archive, "it is not of a collection of this platform")
    return dimensions
