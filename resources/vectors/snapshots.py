"""Snapshots of a version in a folder: made, proven, found, and the oldest removed.

What belongs here: what is the same for both engines. What a snapshot holds is the engine's own matter, so one of the
embedded engine cannot be restored on a server, nor the other way round; `pushing.py` moves points between them.

A snapshot is proven by restoring it beside everything else and comparing every id, payload and vector with those of the
version as it was before and after. Whoever writes meanwhile is not kept out, and does not spoil it.
"""

import hashlib
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from resources.vectors.contents import points_of
from resources.vectors.errors import SnapshotDiffers
from resources.vectors.payloads import canonical
from resources.vectors.port import Point, VectorIndex

_UNPROVEN = ".unproven-"
_LONGEST_S = 86_400.0  # no snapshot takes so long
_NAME = re.compile(r"(?P<version>.+)-(?P<stamp>\d{8}T\d{6}Z)(?P<suffix>\.tar\.gz|\.snapshot)")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot that was proven: its file, what it is of, and how many points it holds."""

    path: Path
    version: str
    points: int
    size_bytes: int


def take(index: VectorIndex, version: str, folder: Path, keep: int = 0) -> Snapshot:
    """Write a proven snapshot FOLDER/VERSION-TIME.SUFFIX, and keep the latest `keep` of this version, or all.

    Raises SnapshotDiffers, with the file deleted, and OSError.
    """
    before = _digests(index, version)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with TemporaryDirectory(prefix=_UNPROVEN, dir=folder) as unproven:
        partial = index.snapshot(version, Path(unproven))
        points = _prove(index, version, partial, before)
        suffix = partial.name.removeprefix(version)
        path = partial.replace(folder / f"{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{suffix}")
    if keep:
        for old in snapshots(folder, version)[:-keep]:
            old.unlink()
    return Snapshot(path, version, points, path.stat().st_size)


def snapshots(folder: Path, version: str) -> list[Path]:
    """The snapshots of `version` in `folder`, the latest last."""
    named = ((path, _NAME.fullmatch(path.name)) for path in folder.glob(f"{version}-*"))
    return sorted(path for path, name in named if name and name["version"] == version)


def version_in(archive: Path) -> str | None:
    """The version that a snapshot's name tells, as `take` or `VectorIndex.snapshot` named it."""
    if name := _NAME.fullmatch(archive.name):
        return name["version"]
    stem = archive.name.removesuffix(".tar.gz").removesuffix(".snapshot")
    return stem if stem != archive.name else None


def _sweep(folder: Path) -> None:
    """Remove what killed ones left, never what another process is taking."""
    for left in folder.glob(f"{_UNPROVEN}*"):
        if left.stat().st_mtime < time.time() - _LONGEST_S:
            shutil.rmtree(left, ignore_errors=True)


def _prove(index: VectorIndex, version: str, archive: Path, before: dict[str, bytes]) -> int:
    """Raise SnapshotDiffers unless each point is as it was before or after; how many there are."""
    with index.unpacked(archive) as (scratch, name):
        held = _digests(scratch, name)
    after = _digests(index, version)
    wrong = [point_id for point_id, digest in held.items() if digest not in (before.get(point_id), after.get(point_id))]
    lost = [point_id for point_id in before.keys() & after.keys() if point_id not in held]
    if wrong or lost:
        raise SnapshotDiffers(version, sorted(wrong + lost))
    return len(held)


def _digests(index: VectorIndex, version: str) -> dict[str, bytes]:
    """A digest of each point's payload and vectors, by id: 150 bytes of memory each."""
    return {point.point_id: _digest(point) for chunk in points_of(index, version) for point in chunk}


def _digest(point: Point) -> bytes:
    content = hashlib.blake2b(canonical(point.payload).encode(), digest_size=16)
    for vector in (point.vector, point.caption_vector):
        content.update(b"none" if vector is None else vector.tobytes())
    return content.digest()
