"""Identity is content: the photo that a file holds is named by the sha256 of its bytes.

Files are read to be hashed and never opened for pixels here. A file that cannot be read, or that is no longer the one
the scan saw, is a row with its reason.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID, uuid5

from resources.library.scan import mtime_ns, signature
from resources.opening import IrregularFile, opened

# Fixed for ever: another namespace would give every photo another id.
PHOTO_NAMESPACE = UUID("6f1d3c1e-52a4-5f0b-9c58-3b0a7f3f2d11")

READ_BYTES = 1 << 20
READERS = 4  # hashing and reading both release the interpreter lock


@dataclass(frozen=True)
class Member:
    """One file of a batch, as it was when the batch was cut. `path` is absolute."""

    position: int
    path: bytes
    signature: str


@dataclass(frozen=True)
class IdentifiedFile:
    """A member with its content's name, or with the reason why it has none."""

    member: Member
    size_bytes: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    error_kind: str | None = None
    error_message: str | None = None

    @property
    def photo_id(self) -> str | None:
        """The id every table and the collection use, None for a file that could not be read."""
        return photo_id(self.sha256) if self.sha256 else None


def photo_id(sha256: str) -> str:
    """uuid5 of the content's hash, as text."""
    return str(uuid5(PHOTO_NAMESPACE, sha256))


def identify(members: Iterable[Member]) -> Iterator[IdentifiedFile]:
    """Hash every member's file; results in the members' order."""
    with ThreadPoolExecutor(READERS) as readers:
        yield from readers.map(_identify_one, members)


def _identify_one(member: Member) -> IdentifiedFile:
    try:
        return _hash(member)
    except FileNotFoundError:
        return _failed(member, "vanished", "the file is gone; it is taken again when it returns")
    except IrregularFile:
        return _failed(member, "not_a_file", "not a regular file any more")
    except OSError as error:
        return _failed(member, "unreadable", f"{error.strerror or error}; check its permissions and its disk")


def _hash(member: Member) -> IdentifiedFile:
    with opened(member.path) as file:
        before = os.fstat(file.fileno())
        digest = hashlib.sha256()
        while block := file.read(READ_BYTES):
            digest.update(block)
        if not member.signature == signature(before) == signature(os.fstat(file.fileno())):
            return _failed(member, "changed", "the file changed after the scan; a later batch takes it")
    return IdentifiedFile(member, before.st_size, mtime_ns(before), digest.hexdigest())


def _failed(member: Member, kind: str, message: str) -> IdentifiedFile:
    return IdentifiedFile(member, error_kind=kind, error_message=message)
