"""The index inside this process: qdrant-edge-py on a folder, no server.

What belongs here: which versions exist, and their life (made, opened at first use, closed, dropped). Points are
read and written in `edge_version.py`, paths and renames are `layout.py`.

One process at a time can hold a version open; a second one waits and then gets IndexInUse, so open late and
close early. Threads share one EmbeddedIndex: two of them on one folder would lock each other out. A child forked
while a version is open keeps the engine's lock until it ends: start worker processes first, or by spawn.
A snapshot is one tar file of a version's folder (archives.py).
"""

import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from resources.vectors import archives, copies, locks
from resources.vectors.edge_requests import make_shard
from resources.vectors.edge_version import OpenVersion, build_graph, check_shard
from resources.vectors.errors import ActiveVersion, ChangedMeanwhile, DamagedSnapshot, DimensionMismatch, EngineFailure
from resources.vectors.layout import Layout
from resources.vectors.points import check_ids, check_payload, check_points, check_vector, check_version_name
from resources.vectors.port import SCRATCH, Filters, Hit, Point, Quantization, Record, Using
from resources.vectors.ranking import nearest
from resources.vectors.room import check_room

_BUILDING_SIZES = 3  # the copy, and in it for a while both what is built and what it is built of


class EmbeddedIndex:
    """`VectorIndex` on the folder `directory`; waits up to `wait_s` seconds for another process to let go of it."""

    def __init__(self, directory: Path, wait_s: float = 60.0, quantization: Quantization = "none") -> None:
        self._layout = Layout(directory)
        self._quantization = quantization
        self._wait_s = wait_s
        self._opened: dict[str, OpenVersion] = {}
        self._users = Counter[str]()
        self._guard = threading.Condition(threading.RLock())

    def create_version(self, version: str, dimensions: int) -> None:
        """See VectorIndex. A killed creation leaves no version."""
        check_version_name(version)
        if version not in self._layout.versions():
            self._make(version, dimensions)
        existing = self._layout.dimensions(version)
        if existing != dimensions:
            raise DimensionMismatch(version, existing, dimensions)

    def versions(self) -> list[str]:
        """See VectorIndex."""
        return self._layout.versions()

    def drop_version(self, version: str) -> None:
        """See VectorIndex. A killed drop leaves either the whole version or none."""
        self._layout.dimensions(version)
        if version == self.active_version():
            raise ActiveVersion(version)
        with self._guard, self._closed(version):
            self._layout.retire(version)

    def active_version(self) -> str | None:
        """See VectorIndex."""
        return self._layout.active()

    def switch_alias(self, version: str) -> None:
        """See VectorIndex."""
        self._layout.dimensions(version)
        self._layout.point_to(version)

    def upsert(self, version: str, points: Sequence[Point]) -> None:
        """See VectorIndex."""
        with self._using(version) as opened:
            check_points(version, opened.dimensions, points)
            opened.upsert(points)

    def delete(self, version: str, point_ids: Sequence[str]) -> None:
        """See VectorIndex."""
        check_ids(point_ids)
        with self._using(version) as opened:
            opened.delete(point_ids)

    def set_payload(self, version: str, payload_by_id: Mapping[str, dict[str, Any]]) -> list[str]:
        """See VectorIndex."""
        check_ids(payload_by_id)
        for point_id, payload in payload_by_id.items():
            check_payload(point_id, payload)
        with self._using(version) as opened:
            return opened.set_payload(payload_by_id)

    def query(
        self,
        version: str,
        vector: NDArray[np.float32],
        limit: int,
        filters: Filters | None = None,
        exact: bool = False,
        with_payload: bool = True,
        using: Using = "image",
    ) -> list[Hit]:
        """See VectorIndex."""
        with self._using(version) as opened:
            check_vector(version, opened.dimensions, vector, "of the query")
            values: list[float] = vector.tolist()
            return nearest(lambda wanted: opened.nearest(values, wanted, filters, exact, with_payload, using), limit)

    def query_words(
        self, version: str, text: str, limit: int, filters: Filters | None = None, with_payload: bool = True
    ) -> list[Hit]:
        """See VectorIndex."""
        with self._using(version) as opened:
            return nearest(lambda wanted: opened.best_worded(text, wanted, filters, with_payload), limit)

    def retrieve(self, version: str, point_ids: Sequence[str]) -> list[Record]:
        """See VectorIndex."""
        check_ids(point_ids)
        with self._using(version) as opened:
            return opened.retrieve(point_ids)

    def vectors(self, version: str, point_ids: Sequence[str], using: Using = "image") -> dict[str, NDArray[np.float32]]:
        """See VectorIndex."""
        check_ids(point_ids)
        with self._using(version) as opened:
            return opened.vectors(point_ids, using)

    def scroll(self, version: str, *, with_payload: bool = True) -> Iterator[Record]:
        """See VectorIndex."""
        self._layout.dimensions(version)
        return self._pages(version, with_payload)

    def count(self, version: str) -> int:
        """See VectorIndex."""
        with self._using(version) as opened:
            return opened.count()

    def optimize(self, version: str) -> bool:
        """See VectorIndex. The graph is built in a copy of the version, which then takes its place in one step.

        So the engine is closed for the copying, and again for the moment of the change: as for a snapshot, other
        threads' calls wait then. Raises also OSError.
        """
        dimensions = self._layout.dimensions(version)
        with locks.held(self._layout.lock(f"{version}.building"), self._wait_s):
            with self._guard, self._closed(version):
                if self._layout.is_built(version, self._quantization):
                    return False
                folder = self._layout.version(version)
                check_room(folder, _BUILDING_SIZES * copies.size_bytes(folder))
                copy = self._layout.begin_building(version)
                copies.copy_folder(folder, copy)
            try:
                has_changed = build_graph(copy / "shard", dimensions, self._quantization)
                self._put_built(version, copy, has_changed)
            finally:
                shutil.rmtree(copy, ignore_errors=True)
        return has_changed

    def size_bytes(self, version: str) -> int | None:
        """See VectorIndex."""
        self._layout.dimensions(version)
        return copies.size_bytes(self._layout.version(version))

    def snapshot(self, version: str, destination: Path) -> Path:
        """See VectorIndex: DESTINATION/VERSION.tar.gz, complete or not there. Raises also OSError.

        Closes the engine meanwhile, once other threads' calls have ended; those that come wait.
        """
        self._layout.dimensions(version)
        destination.mkdir(parents=True, exist_ok=True)
        archive = destination / f"{version}{archives.SUFFIX}"
        with self._guard, self._closed(version):
            archives.pack(self._layout.version(version), archive)
        return archive

    def restore(self, version: str, archive: Path) -> None:
        """See VectorIndex. Raises also OSError. A killed restore leaves the version that was, the new one or none."""
        check_version_name(version)
        with self._guard, self._closed(version):
            staging = self._layout.begin(version)
            try:
                dimensions = archives.unpack(archive, staging)
                check_shard(staging / "shard", dimensions)
            except EngineFailure as error:
                raise DamagedSnapshot(archive, error.reason) from error
            else:
                self._layout.replace(version, staging)
            finally:
                shutil.rmtree(staging, ignore_errors=True)

    @contextmanager
    def unpacked(self, archive: Path) -> "Iterator[tuple[EmbeddedIndex, str]]":
        """See VectorIndex: in a folder beside the versions, deleted at the end or before the next."""
        folder = self._layout.directory / SCRATCH
        with locks.held(self._layout.lock(SCRATCH), self._wait_s):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                with EmbeddedIndex(folder) as scratch:
                    scratch.restore(SCRATCH, archive)
                    yield scratch, SCRATCH
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Close every open version; the next call would open it again."""
        with self._guard:
            for version in list(self._opened):
                self._close(version)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def is_wanted(self) -> bool:
        """Whether another process waits for a version that is open here."""
        return any(locks.is_wanted(self._layout.lock(version)) for version in list(self._opened))

    @contextmanager
    def _using(self, version: str) -> Iterator[OpenVersion]:
        """The version for one call, opened if need be; no other thread closes it meanwhile."""
        with self._guard:
            opened = self._open(version)
            self._users[version] += 1
        try:
            yield opened
        finally:
            with self._guard:
                self._users[version] -= 1
                self._guard.notify_all()

    def _open(self, version: str) -> OpenVersion:
        if version not in self._opened:
            dimensions = self._layout.dimensions(version)
            shard = self._layout.version(version) / "shard"
            lock, before_writing = self._layout.lock(version), partial(self._layout.mark_written, version)
            self._opened[version] = OpenVersion(
                shard, lock, dimensions, self._wait_s, self._quantization, before_writing
            )
        return self._opened[version]

    def _pages(self, version: str, with_payload: bool) -> Iterator[Record]:
        """Page by page, so that whoever stops reading keeps nobody from closing."""
        offset: Any = None
        while True:
            with self._using(version) as opened:
                records, offset = opened.page(offset, with_payload)
            yield from records
            if offset is None:
                return

    def _make(self, version: str, dimensions: int) -> None:
        with locks.held(self._layout.lock(version), self._wait_s):
            if version in self._layout.versions():  # made by another process during the wait
                return
            shard = self._layout.begin(version) / "shard"
            shard.mkdir()
            check_room(shard)
            make_shard(shard, dimensions)
            self._layout.publish(version, dimensions)

    def _put_built(self, version: str, copy: Path, has_changed: bool) -> None:
        """Let the version become its copy if that has a graph now, unless points were written since."""
        with self._guard, self._closed(version):
            self._layout.dimensions(version)  # not dropped meanwhile
            if self._layout.written(self._layout.version(version)) != self._layout.written(copy):
                raise ChangedMeanwhile(version)
            self._layout.mark_built(copy if has_changed else self._layout.version(version), self._quantization)
            if has_changed:
                self._layout.replace(version, copy)

    def _closed(self, version: str) -> AbstractContextManager[None]:
        """The lock on `version`, with its engine closed: for what touches its files."""
        self._close(version)
        return locks.held(self._layout.lock(version), self._wait_s)

    def _close(self, version: str) -> None:
        """Close the version, once the other threads' calls have ended; for whoever has the guard."""
        self._guard.wait_for(lambda: not self._users[version])
        if opened := self._opened.pop(version, None):
            opened.close()
