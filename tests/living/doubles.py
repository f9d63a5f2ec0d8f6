"""The expensive rooms in small: an index, a table store, a decoder pool and models that only count.

They keep what they are given in memory, where it outlives the process that a test lets die. What is decided about
photos is never decided here.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from photo_assets.tables import SCHEMAS
from resources.decoding.errors import CorruptError, DecodingError, TimedOutError
from resources.decoding.originals import read_original
from resources.decoding.requests import DecodeRequest, DecodeResult, failed_result
from resources.inference.port import Inferred, ItemError, Provenance
from resources.tables.schema import Row
from resources.vectors.port import Point, Record

DIMENSIONS = 4
MAX_BYTES = 1 << 20

# A photo's first word says how it behaves.
GOOD, CORRUPT, SLOW, MUTE = b"good", b"corrupt", b"slow", b"mute"


class MemoryIndex:
    """As much of a `VectorIndex` as batches and the collection's assets ask for."""

    def __init__(self) -> None:
        self._points: dict[str, dict[str, Point]] = {}
        self._active: str | None = None

    def create_version(self, version: str, dimensions: int) -> None:
        self._points.setdefault(version, {})

    def versions(self) -> list[str]:
        return sorted(self._points)

    def active_version(self) -> str | None:
        return self._active

    def switch_alias(self, version: str) -> None:
        self._active = version

    def upsert(self, version: str, points: Sequence[Point]) -> None:
        self._points[version] |= {point.point_id: point for point in points}

    def delete(self, version: str, point_ids: Sequence[str]) -> None:
        for point_id in point_ids:
            self._points[version].pop(point_id, None)

    def set_payload(self, version: str, payload_by_id: Mapping[str, dict[str, Any]]) -> list[str]:
        points = self._points[version]
        for point_id in points.keys() & payload_by_id.keys():
            point = points[point_id]
            points[point_id] = replace(point, payload=point.payload | payload_by_id[point_id])
        return [point_id for point_id in payload_by_id if point_id not in points]

    def retrieve(self, version: str, point_ids: Sequence[str]) -> list[Record]:
        points = self._points[version]
        return [Record(point_id, points[point_id].payload) for point_id in point_ids if point_id in points]

    def scroll(self, version: str, *, with_payload: bool = True) -> Iterator[Record]:
        points = self._points[version]
        return (Record(point_id, points[point_id].payload if with_payload else {}) for point_id in sorted(points))


class MemoryTables:
    """The rows of each asset and batch, with all columns of their table."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Sequence[Row]] = {}

    def write(self, table: str, batch: str, rows: Sequence[Row]) -> None:
        names = [column.name for column in SCHEMAS[table]]
        self._rows[table, batch] = [{name: row.get(name) for name in names} for row in rows]

    def read(self, table: str, batch: str) -> Sequence[Row]:
        return self._rows[table, batch]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        mine = (row for (name, _), rows in self._rows.items() if name == table for row in rows)
        return ({name: row[name] for name in columns} for row in mine)


class Previews:
    """The bytes of each decoded photo: its preview is the photo itself."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def write(self, photo_id: str, content: bytes) -> None:
        self._contents[photo_id] = content

    def read_preview(self, photo_id: str) -> bytes:
        try:
            return self._contents[photo_id]
        except KeyError:
            raise FileNotFoundError(photo_id) from None


class CountingPool:
    """Reads originals as the real pool's workers do; `decoded` counts the tries of each photo.

    A slow photo's first try is timed out and not counted.
    """

    provenance = decoder = "doubles"

    def __init__(self, previews: Previews) -> None:
        self._previews = previews
        self._seen_slow: set[str] = set()
        self.decoded: Counter[str] = Counter()

    def decode(
        self, requests: Sequence[DecodeRequest], on_result: Callable[[DecodeResult], None] | None = None
    ) -> list[DecodeResult]:
        return [self._decode_one(request) for request in requests]

    def _decode_one(self, request: DecodeRequest) -> DecodeResult:
        try:
            content = read_original(request.path, request.sha256, MAX_BYTES)
            self._stop_slow(request, content)
            self.decoded[request.photo_id] += 1
            if content.startswith(CORRUPT):
                raise CorruptError("its first word says so")
        except DecodingError as error:
            return failed_result(request.photo_id, error)
        self._previews.write(request.photo_id, content)
        return DecodeResult(request.photo_id, "ok", format="jpeg", decoder=self.decoder, width_px=4, height_px=3)

    def _stop_slow(self, request: DecodeRequest, content: bytes) -> None:
        if content.startswith(SLOW) and request.photo_id not in self._seen_slow:
            self._seen_slow.add(request.photo_id)
            raise TimedOutError(1.0)


class CountingEngine:
    """Answers with a vector that only this picture has; `inferred` counts the vectors of each picture.

    A mute picture's first caption fails.
    """

    clip = Provenance("clip", "1", "none", "float32")
    blip = Provenance("blip", "1", "none", "float32")
    dimensions = DIMENSIONS
    device = "cpu"

    def __init__(self) -> None:
        self.inferred: Counter[bytes] = Counter()
        self._seen_mute: set[bytes] = set()

    def infer(
        self, pictures: Iterable[bytes | ItemError], *, embed: bool = True, caption: bool = True
    ) -> Iterator[Inferred]:
        for picture in pictures:
            if isinstance(picture, ItemError):
                yield Inferred(picture, picture)
            else:
                self.inferred[picture] += embed
                yield Inferred(vector_of(picture), self._caption(picture))

    def _caption(self, picture: bytes) -> str | ItemError:
        if picture.startswith(MUTE) and picture not in self._seen_mute:
            self._seen_mute.add(picture)
            return ItemError("inference", "it says nothing yet")
        return caption_of(picture)


def caption_of(content: bytes) -> str:
    """What the models say of this picture."""
    return f"a picture of {hashlib.sha256(content).hexdigest()[:8]}"


def vector_of(content: bytes) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """(DIMENSIONS,) float32 of norm 1."""
    values = np.frombuffer(hashlib.sha256(content).digest()[:DIMENSIONS], dtype=np.uint8).astype(np.float32) + 1
    return values / np.linalg.norm(values)
