"""The index on a Qdrant server, through qdrant-client: one collection per version, one alias.

What belongs here: the calls of the port, each sent through `retries.call`. The client's words are in
`server_requests.py`. The server is taken to be this platform's own: all its collections count as versions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from resources.vectors import retries, server_requests
from resources.vectors.breadth import RecentCounts, breadth
from resources.vectors.chunks import chunked
from resources.vectors.cluster import Cluster
from resources.vectors.errors import ActiveVersion, DimensionMismatch, IndexRejected, UnknownVersion
from resources.vectors.points import (
    check_ids,
    check_payload,
    check_points,
    check_vector,
    check_version_name,
    last_of_each,
)
from resources.vectors.port import INDEXED_FIELDS, SCRATCH, Filters, Hit, Point, Quantization, Record, Using
from resources.vectors.ranking import nearest
from resources.vectors.server_snapshot import download_snapshot, upload_snapshot
from resources.vectors.vector_names import NAMES, vector_of

T = TypeVar("T")
ALIAS = "photos"
_CHUNK = 256  # points per request: 1.5 to 3 MB of JSON, well below the server's limit of 32 MB
_STREAMS = 4
_AS_IT_SAYS = Cluster()
_TIMEOUT_S = 30


class ServerIndex:
    """`VectorIndex` on the server at `url`. A ready `client` replaces the one made from the address and the key.

    With `grpc_port` all but snapshots goes over gRPC, which takes points faster than HTTP; 0 is HTTP alone. Points are
    sent in up to `streams` requests at a time. Versions are made as `cluster` says.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        grpc_port: int = 0,
        quantization: Quantization = "none",
        streams: int = _STREAMS,
        cluster: Cluster = _AS_IT_SAYS,
        client: QdrantClient | None = None,
        policy: retries.RetryPolicy | None = None,
    ) -> None:
        self._url, self._api_key = url, api_key
        self._policy = policy or retries.RetryPolicy()
        self._quantization = quantization
        self._streams, self._cluster = streams, cluster
        self._client = client or QdrantClient(
            url=url,
            api_key=api_key,
            prefer_grpc=bool(grpc_port),
            grpc_port=grpc_port or 6334,
            timeout=_TIMEOUT_S,
            check_compatibility=False,  # it would ask for the server's release here, and warn where none answers
        )
        self._sizes_of: dict[str, dict[str, int]] = {}
        self._counts = RecentCounts(self._rough_count)

    def create_version(self, version: str, dimensions: int) -> None:
        """See VectorIndex. A creation that broke off is completed by the next one."""
        check_version_name(version)
        if not self._call(version, self._client.collection_exists, version):
            self._make(version, dimensions)
        existing = self._dimensions(version)
        if existing != dimensions:
            raise DimensionMismatch(version, existing, dimensions)
        if not self._has(version, "caption"):  # made by an earlier release
            later = server_requests.later_vector(dimensions)
            self._call(version, self._client.create_vector_name, version, NAMES["caption"], later, wait=True)
        for field, kind in INDEXED_FIELDS.items():
            schema = server_requests.FIELD_SCHEMAS[kind]
            self._call(version, self._client.create_payload_index, version, field, schema, wait=True)

    def versions(self) -> list[str]:
        """See VectorIndex."""
        found = (each.name for each in self._call("", self._client.get_collections).collections)
        return sorted(name for name in found if name != SCRATCH)

    def drop_version(self, version: str) -> None:
        """See VectorIndex."""
        self._dimensions(version)
        if version == self.active_version():
            raise ActiveVersion(version)
        self._call(version, self._client.delete_collection, version)
        del self._sizes_of[version]

    def active_version(self) -> str | None:
        """See VectorIndex."""
        aliases = self._call("", self._client.get_aliases).aliases
        return next((found.collection_name for found in aliases if found.alias_name == ALIAS), None)

    def switch_alias(self, version: str) -> None:
        """See VectorIndex."""
        self._dimensions(version)
        operations = server_requests.alias_operations(ALIAS, self.active_version(), version)
        self._call(version, self._client.update_collection_aliases, operations)

    def upsert(self, version: str, points: Sequence[Point]) -> None:
        """See VectorIndex. Sent in chunks, several at a time: an error in one leaves others written."""
        check_points(version, self._dimensions(version), points)
        chunks = list(chunked(last_of_each(points), _CHUNK))
        with ThreadPoolExecutor(max_workers=max(1, min(self._streams, len(chunks)))) as pool:
            for _ in pool.map(partial(self._send, version), chunks):
                pass

    def delete(self, version: str, point_ids: Sequence[str]) -> None:
        """See VectorIndex."""
        check_ids(point_ids)
        self._dimensions(version)
        for chunk in chunked(point_ids, _CHUNK):
            selected = models.PointIdsList(points=list(chunk))
            self._call(version, self._client.delete, version, selected, wait=True)

    def set_payload(self, version: str, payload_by_id: Mapping[str, dict[str, Any]]) -> list[str]:
        """See VectorIndex."""
        check_ids(payload_by_id)
        for point_id, payload in payload_by_id.items():
            check_payload(point_id, payload)
        there = [record.point_id for record in self._fetch(version, list(payload_by_id), False)]
        for chunk in chunked(there, _CHUNK):
            operations = server_requests.payload_operations(chunk, payload_by_id)
            self._call(version, self._client.batch_update_points, version, operations, wait=True)
        return sorted(set(payload_by_id).difference(there))

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
        check_vector(version, self._dimensions(version), vector, "of the query")
        if not self._has(version, using):
            return []
        ef = breadth(self._counts.of(version), limit)
        search = server_requests.search_params(self._quantization, exact, ef)
        asked = {"query": vector.tolist(), "search_params": search, "using": NAMES[using] or None}
        return nearest(partial(self._best, version, asked, filters, with_payload), limit)

    def query_words(
        self, version: str, text: str, limit: int, filters: Filters | None = None, with_payload: bool = True
    ) -> list[Hit]:
        """See VectorIndex. A server that cannot rank by words (before 1.20) raises IndexRejected."""
        self._dimensions(version)
        asked = {"query": models.TextQuery(text=text), "using": "caption"}
        return nearest(partial(self._best, version, asked, filters, with_payload), limit)

    def retrieve(self, version: str, point_ids: Sequence[str]) -> list[Record]:
        """See VectorIndex."""
        check_ids(point_ids)
        found = {record.point_id: record for record in self._fetch(version, point_ids, True)}
        return [found[point_id] for point_id in point_ids if point_id in found]

    def vectors(self, version: str, point_ids: Sequence[str], using: Using = "image") -> dict[str, NDArray[np.float32]]:
        """See VectorIndex."""
        check_ids(point_ids)
        self._dimensions(version)
        found: dict[str, NDArray[np.float32]] = {}
        for chunk in chunked(point_ids, _CHUNK):
            records = self._call(
                version, self._client.retrieve, version, list(chunk), with_payload=False, with_vectors=True
            )
            vectors = ((str(record.id), vector_of(record.vector, using)) for record in records)
            found.update((point_id, vector) for point_id, vector in vectors if vector is not None)
        return found

    def scroll(self, version: str, *, with_payload: bool = True) -> Iterator[Record]:
        """See VectorIndex."""
        self._dimensions(version)
        return self._pages(version, with_payload)

    def count(self, version: str) -> int:
        """See VectorIndex."""
        self._dimensions(version)
        return int(self._call(version, self._client.count, version, exact=True).count)

    def optimize(self, version: str) -> bool:
        """See VectorIndex: the server builds its graphs by itself, and is only told of another quantization."""
        self._dimensions(version)
        told = self._call(version, self._client.get_collection, version).config.quantization_config
        wanted = server_requests.quantization_of(self._quantization)
        if server_requests.is_int8(told) == server_requests.is_int8(wanted):
            return False
        change = wanted or models.Disabled.DISABLED
        self._call(version, self._client.update_collection, version, quantization_config=change)
        return True

    def size_bytes(self, version: str) -> int | None:
        """See VectorIndex: a server does not tell."""
        self._dimensions(version)
        return None

    def snapshot(self, version: str, destination: Path) -> Path:
        """See VectorIndex: DESTINATION/VERSION.snapshot, complete or not there. Raises also OSError."""
        self._dimensions(version)
        return self._call(version, download_snapshot, self._url, self._api_key, version, destination)

    def restore(self, version: str, archive: Path) -> None:
        """See VectorIndex. The server judges the file."""
        check_version_name(version)
        self._call(version, upload_snapshot, self._url, self._api_key, version, archive)
        self._sizes_of.pop(version, None)

    @contextmanager
    def unpacked(self, archive: Path) -> "Iterator[tuple[ServerIndex, str]]":
        """See VectorIndex: in a collection of its own on the server, dropped at the end or before the next."""
        self.restore(SCRATCH, archive)
        try:
            yield self, SCRATCH
        finally:
            self.drop_version(SCRATCH)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, version: str, points: Sequence[Point]) -> None:
        self._call(version, self._client.upsert, version, server_requests.points_of(points), wait=True)

    def _call(self, version: str, method: Callable[..., T], *args: Any, **options: Any) -> T:
        return retries.call(partial(method, *args, **options), self._policy, self._url, version)

    def _make(self, version: str, dimensions: int) -> None:
        vectors = server_requests.vector_params(dimensions)
        try:
            quantization = server_requests.quantization_of(self._quantization)
            self._call(
                version,
                self._client.create_collection,
                version,
                vectors_config=vectors,
                quantization_config=quantization,
                **self._cluster.asked(),
            )
        except IndexRejected as error:
            if error.status != 409:  # conflict: made by another process, or by a try whose answer was lost
                raise

    def _dimensions(self, version: str) -> int:
        return self._sizes(version)[NAMES["image"]]

    def _has(self, version: str, using: Using) -> bool:
        """Whether points may have this vector: in an older collection another process may just have added it."""
        if NAMES[using] not in self._sizes(version):
            del self._sizes_of[version]
        return NAMES[using] in self._sizes(version)

    def _sizes(self, version: str) -> dict[str, int]:
        if version not in self._sizes_of:
            if not self._call(version, self._client.collection_exists, version):
                raise UnknownVersion(version, tuple(self.versions()))
            told = self._call(version, self._client.get_collection, version).config.params.vectors
            sizes = server_requests.sizes_of(told)
            if NAMES["image"] not in sizes:
                raise IndexRejected(self._url, None, f"collection {version} is not one of this platform")
            self._sizes_of[version] = sizes
        return self._sizes_of[version]

    def _rough_count(self, version: str) -> int:
        return int(self._call(version, self._client.count, version, exact=False).count)

    def _best(
        self, version: str, asked: dict[str, Any], filters: Filters | None, with_payload: bool, limit: int
    ) -> list[Hit]:
        answer = self._call(
            version,
            self._client.query_points,
            version,
            **asked,
            query_filter=server_requests.filter_of(filters),
            limit=limit,
            with_payload=with_payload,
        )
        return [server_requests.hit_of(point) for point in answer.points]

    def _fetch(self, version: str, point_ids: Sequence[str], with_payload: bool) -> Iterator[Record]:
        self._dimensions(version)
        for chunk in chunked(point_ids, _CHUNK):
            records = self._call(version, self._client.retrieve, version, list(chunk), with_payload=with_payload)
            yield from map(server_requests.record_of, records)

    def _pages(self, version: str, with_payload: bool) -> Iterator[Record]:
        offset: Any = None
        while True:
            records, offset = self._call(
                version, self._client.scroll, version, limit=_CHUNK, offset=offset, with_payload=with_payload
            )
            yield from map(server_requests.record_of, records)
            if offset is None:
                return
