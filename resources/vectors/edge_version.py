"""One version of the embedded index, open: the points in one shard of qdrant-edge-py.

What belongs here: reading and writing points, with the lock held from `open_version` to `close`. Which versions
exist, and their making and dropping, is `embedded.py`; the engine's words are `edge_requests.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from resources.vectors import edge_requests, locks
from resources.vectors.breadth import breadth
from resources.vectors.chunks import chunked
from resources.vectors.errors import EngineFailure, IndexInUse
from resources.vectors.port import Filters, Hit, Point, Quantization, Record, Using
from resources.vectors.room import check_room
from resources.vectors.vector_names import NAMES, vector_of

_CHUNK = 1_000  # points per write: 2 MB of vectors of 512 dimensions, and past the size where more is faster
_FLUSH_EVERY = 20_000  # points: the log is cut back only by a flush, and takes 2.5 kB per point until then


class OpenVersion:
    """Holds the lock and the shard in `directory`; arguments have been checked by the caller."""

    def __init__(
        self,
        directory: Path,
        lock: Path,
        dimensions: int,
        wait_s: float,
        quantization: Quantization,
        before_writing: Callable[[], None],
    ) -> None:
        """Open the shard, waiting up to `wait_s` seconds for other processes. Raises IndexInUse, EngineFailure.

        `before_writing` is called once, before the first write.
        """
        self.dimensions = dimensions
        self._directory = directory
        self._quantization = quantization
        self._before_writing = before_writing
        self._has_written = False
        self._unflushed = 0
        self._lock = locks.acquire(lock, wait_s)
        try:
            self._shard = _load(directory, wait_s)
            with _engine(directory):
                edge_requests.complete(self._shard, dimensions)
        except BaseException:
            locks.release(self._lock)
            raise

    def close(self) -> None:
        """Write everything out and let others in."""
        try:
            with _engine(self._directory):
                self._shard.close()
        finally:
            locks.release(self._lock)

    def upsert(self, points: Sequence[Point]) -> None:
        """Write `points`; they survive the death of the process from here on."""
        for chunk in chunked(points, _CHUNK):
            self._update(edge_requests.upsert_of(chunk))
            self._unflushed += len(chunk)
        if self._unflushed >= _FLUSH_EVERY:
            with _engine(self._directory):
                self._shard.flush()
            self._unflushed = 0

    def delete(self, point_ids: Sequence[str]) -> None:
        """Delete what is there of `point_ids`."""
        for chunk in chunked(point_ids, _CHUNK):
            self._update(edge.UpdateOperation.delete_points(list(chunk)))

    def set_payload(self, payload_by_id: Mapping[str, dict[str, Any]]) -> list[str]:
        """Set fields of the points that are there; returns the ids of the others."""
        missing = set(payload_by_id).difference(r.point_id for r in self._fetch(list(payload_by_id), False))
        for point_id, payload in payload_by_id.items():
            if point_id not in missing:
                self._update(edge.UpdateOperation.set_payload([point_id], payload))
        return sorted(missing)

    def nearest(
        self, vector: list[float], limit: int, filters: Filters | None, exact: bool, with_payload: bool, using: Using
    ) -> list[Hit]:
        """The engine's best `limit` hits, best first."""
        ef = breadth(self._rough_count(), limit)
        params = edge_requests.search_params(self._quantization, exact, ef)
        return self._hits(edge_requests.query_of(vector, limit, filters, with_payload, using, params))

    def best_worded(self, text: str, limit: int, filters: Filters | None, with_payload: bool) -> list[Hit]:
        """The engine's best `limit` hits by the words of their captions, best first."""
        return self._hits(edge_requests.words_of(text, limit, filters, with_payload))

    def retrieve(self, point_ids: Sequence[str]) -> list[Record]:
        """What is there of `point_ids`, in their order."""
        found = {record.point_id: record for record in self._fetch(point_ids, True)}
        return [found[point_id] for point_id in point_ids if point_id in found]

    def vectors(self, point_ids: Sequence[str], using: Using) -> dict[str, NDArray[np.float32]]:
        """The unit vectors of what is there of `point_ids`."""
        found: dict[str, NDArray[np.float32]] = {}
        for chunk in chunked(point_ids, _CHUNK):
            with _engine(self._directory):
                records = self._shard.retrieve(list(chunk), False, [NAMES[using]])
            vectors = ((str(record.id), vector_of(record.vector, using)) for record in records)
            found.update((point_id, vector) for point_id, vector in vectors if vector is not None)
        return found

    def page(self, offset: Any, with_payload: bool) -> tuple[list[Record], Any]:
        """Points in id order from `offset` on, None for the first, and the offset of the next ones, None at the end."""
        request = edge.ScrollRequest(offset=offset, limit=_CHUNK, with_payload=with_payload)
        with _engine(self._directory):
            records, following = self._shard.scroll(request)
        return [edge_requests.record_of(record) for record in records], following

    def count(self) -> int:
        """How many points there are."""
        with _engine(self._directory):
            return self._shard.count(edge.CountRequest(exact=True))

    def _rough_count(self) -> int:
        """How many points there are, or nearly so: told in a hundredth of a millisecond, where counting takes 15."""
        with _engine(self._directory):
            return self._shard.count(edge.CountRequest(exact=False))

    def _hits(self, request: edge.QueryRequest) -> list[Hit]:
        with _engine(self._directory):
            return [edge_requests.hit_of(point) for point in self._shard.query(request)]

    def _update(self, operation: edge.UpdateOperation) -> None:
        check_room(self._directory)
        if not self._has_written:
            self._before_writing()
            self._has_written = True
        with _engine(self._directory):
            self._shard.update(operation)

    def _fetch(self, point_ids: Sequence[str], with_payload: bool) -> Iterator[Record]:
        for chunk in chunked(point_ids, _CHUNK):
            with _engine(self._directory):
                records = self._shard.retrieve(list(chunk), with_payload, False)
            yield from map(edge_requests.record_of, records)


def check_shard(directory: Path, dimensions: int) -> None:
    """Open the shard once, with all that this release wants of it. Raises EngineFailure."""
    with _engine(directory):
        shard = edge.EdgeShard.load(str(directory))
        edge_requests.complete(shard, dimensions)
        shard.close()


def build_graph(directory: Path, dimensions: int, quantization: Quantization) -> bool:
    """Build the search graph of a shard that nobody else has; False if it has one. Raises EngineFailure."""
    with _engine(directory):
        return edge_requests.build(directory, dimensions, quantization)


def _load(directory: Path, wait_s: float) -> edge.EdgeShard:
    """Load the shard, waiting while the engine's own lock is held past ours: by a forked child, or a foreigner."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return edge.EdgeShard.load(str(directory))
        except Exception as error:
            if "WouldBlock" not in str(error):
                raise EngineFailure(directory, str(error)) from error
            if time.monotonic() >= deadline:
                raise IndexInUse(directory, wait_s) from error
        time.sleep(locks.POLL_S)


@contextmanager
def _engine(directory: Path) -> Iterator[None]:
    """Turn the engine's failures, all of them plain Exception, into ours."""
    try:
        yield
    except Exception as error:
        raise EngineFailure(directory, str(error)) from error
