"""Everything that can go wrong in the vectors room, as one tree.

    VectorIndexError
    ├── IndexInUse           another process holds the embedded engine            retry helps
    ├── IndexUnreachable     the server does not answer, or answers "not now"     retry helps
    ├── IndexUnauthorized    the server refuses the key
    ├── DiskFull             the server has no room for what is written
    ├── IndexRejected        the server refuses the request
    ├── DamagedSnapshot      a file that is no snapshot of a version
    ├── SnapshotDiffers      a new snapshot that does not hold what it should     retry helps
    ├── PushRefused          an index that cannot be made what another one is
    ├── EngineFailure        the embedded engine failed (damage, full disk)
    ├── ChangedMeanwhile     points were written while their graph was built      retry helps
    ├── UnknownVersion       no such version
    ├── InvalidVersionName   a name that cannot be a directory or a collection
    ├── ActiveVersion        the version that is searched must not be dropped
    ├── DimensionMismatch    vectors of another length than the version's
    └── InvalidPoint         a point that would be stored wrongly

Each error keeps its data as attributes, says by `retryable` whether the same call may succeed later, and
ends with the remedy. Only errors belong here. Their arguments are their data, so they survive pickling.
"""

import os
from pathlib import Path

from resources.errors import PhotoPlatformError


class VectorIndexError(PhotoPlatformError):
    """Base of the tree; `retryable` is True where the same call may succeed later."""


class IndexInUse(VectorIndexError):
    """The embedded engine admits one holder at a time, and `holder` (a process id, or "") kept it too long."""

    retryable = True

    def __init__(self, directory: Path, waited_s: float, holder: str = "") -> None:
        super().__init__(directory, waited_s, holder)
        self.directory, self.waited_s, self.holder = directory, waited_s, holder

    def __str__(self) -> str:
        holder = f"process {self.holder}" if self.holder else "another process"
        if self.holder == str(os.getpid()):
            holder = "another EmbeddedIndex of this same process"
        return (
            f"the vector index in {self.directory} is held open by {holder}, still so after "
            f"{self.waited_s:g} s. Wait for that run to end, or set QDRANT_URL to use a Qdrant server, "
            "which several processes can use at once."
        )


class IndexUnreachable(VectorIndexError):
    """The server at `url` could not be reached, timed out or was overloaded, on every one of the attempts."""

    retryable = True

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return (
            f"the Qdrant server at {self.url} does not serve: {self.reason}. Check that it runs and that "
            "QDRANT_URL is right; without QDRANT_URL the embedded index is used."
        )


class IndexUnauthorized(VectorIndexError):
    """The server at `url` refuses the API key, or wants one."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(url, status)
        self.url, self.status = url, status

    def __str__(self) -> str:
        return f"the Qdrant server at {self.url} refuses access ({self.status}). Set QDRANT_API_KEY to its key."


class DiskFull(VectorIndexError):
    """The server at `url` has no room left for what is written."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return (
            f"the Qdrant server at {self.url} has no room left: {self.reason}. Make room on its disk and start again; "
            "batches that were not written to the end stay due, and nothing is lost."
        )


class IndexRejected(VectorIndexError):
    """The server at `url` refuses the request, or what answers there is no Qdrant server; `status` is HTTP's."""

    def __init__(self, url: str, status: int | None, reason: str) -> None:
        super().__init__(url, status, reason)
        self.url, self.status, self.reason = url, status, reason

    def __str__(self) -> str:
        return (
            f"the server at {self.url} refuses the request ({self.status}): {self.reason}. Check that "
            "QDRANT_URL names a Qdrant server of a supported release."
        )


class EngineFailure(VectorIndexError):
    """The embedded engine failed on `directory`."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(directory, reason)
        self.directory, self.reason = directory, reason

    def __str__(self) -> str:
        return (
            f"the embedded index in {self.directory} failed: {self.reason}. Check the free space there; if the "
            "files are damaged, restore a snapshot, or drop this version and build it again from the tables."
        )


class DamagedSnapshot(VectorIndexError):
    """The file `archive` cannot be made a version."""

    def __init__(self, archive: Path, reason: str) -> None:
        super().__init__(archive, reason)
        self.archive, self.reason = archive, reason

    def __str__(self) -> str:
        return (
            f"{self.archive} is no snapshot of a version: {self.reason}. Nothing was changed; take another one, or "
            "write the version again from the tables."
        )


class SnapshotDiffers(VectorIndexError):
    """A snapshot of `version`, restored to be looked at, did not hold what the version holds in `point_ids`."""

    retryable = True

    def __init__(self, version: str, point_ids: list[str]) -> None:
        super().__init__(version, point_ids)
        self.version, self.point_ids = version, point_ids

    def __str__(self) -> str:
        return (
            f"the snapshot of {self.version} differs from it in {len(self.point_ids)} points, such as "
            f"{', '.join(self.point_ids[:3])}, and was deleted. Try again; if it happens again, check the disk."
        )


class ChangedMeanwhile(VectorIndexError):
    """Points of `version` were written while its search graph was built from a copy, so the copy is of no use."""

    retryable = True

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return (
            f"points of version {self.version!r} were written while its search graph was built; nothing is lost, and "
            "searches go on without the new graph. Build it again when no photos are being ingested."
        )


class PushRefused(VectorIndexError):
    """`version` was not made in one index what it is in another; searches there go where they went."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(version, reason)
        self.version, self.reason = version, reason

    def __str__(self) -> str:
        return f"{self.version} was not moved: {self.reason}. What is searched there stays as it was."


class UnknownVersion(VectorIndexError):
    """There is no `version`; `known` lists those there are, or is None where that was not asked."""

    def __init__(self, version: str, known: tuple[str, ...] | None = None) -> None:
        super().__init__(version, known)
        self.version, self.known = version, known

    def __str__(self) -> str:
        known = "" if self.known is None else f" (there are: {', '.join(self.known) or 'none yet'})"
        return f"the vector index has no version {self.version!r}{known}. Create it first."


class InvalidVersionName(VectorIndexError):
    """`version` cannot name a directory and a collection on every system."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return f"{self.version!r} cannot name a version. Use version_name(), which makes a safe one."


class ActiveVersion(VectorIndexError):
    """`version` is the one that searches go to."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return f"version {self.version!r} is the active one. Switch the alias to another version, then drop it."


class DimensionMismatch(VectorIndexError):
    """Vectors of `got` dimensions were offered to `version`, which holds `expected`."""

    def __init__(self, version: str, expected: int, got: int) -> None:
        super().__init__(version, expected, got)
        self.version, self.expected, self.got = version, expected, got

    def __str__(self) -> str:
        return (
            f"version {self.version!r} holds vectors of {self.expected} dimensions, not {self.got}. "
            "Another model needs a version of its own: version_name() gives it another name."
        )


class InvalidPoint(VectorIndexError):
    """The point `point_id` would be stored wrongly, so nothing of this call was written."""

    def __init__(self, point_id: str, reason: str) -> None:
        super().__init__(point_id, reason)
        self.point_id, self.reason = point_id, reason

    def __str__(self) -> str:
        return f"point {self.point_id}: {self.reason}. Nothing of this call was written; correct the point."
