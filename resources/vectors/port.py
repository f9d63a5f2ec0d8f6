"""The vector index as its callers see it: points, hits, filters, and the `VectorIndex` protocol.

What belongs here: the vocabulary that every implementation and every caller shares, and nothing that costs
an import. What does not: engines (`embedded.py`, `server.py`), the choice between them (`open.py`).

A **version** is one embedding space: the points of one model, revision and preprocessing. Several stand
side by side; the **alias** names the active one, which searches go to.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FieldKind = Literal["keyword", "prefix", "words", "integer", "datetime", "geo"]

Using = Literal["image", "caption"]
"""Which of a point's vectors is meant: its picture's, or that of what its caption says."""

INDEXED_FIELDS: Mapping[str, FieldKind] = {
    "photo_id": "keyword",
    "caption": "words",
    "paths": "prefix",
    "camera": "keyword",
    "lens_model": "keyword",
    "format": "keyword",
    "keywords": "keyword",
    "presence": "keyword",
    "rating": "integer",
    "taken_at": "datetime",
    "location": "geo",
}
"""Payload fields with an index: filtering without one reads every payload."""

Quantization = Literal["none", "int8"]
"""How vectors are ranked: as they are, or in a quarter of the bytes, and then only the best as they are."""

OVERSAMPLING = 2.0
"""With int8: hits that are ranked by whole vectors, for each one that is asked for."""

SCRATCH = "scratch"
"""A version that is made to be looked at, and no version of the library: `versions` leaves it out."""

OFFLINE = "offline"
"""The `presence` of a photo that no file holds now; any other and none at all is that of a photo with files."""


def is_offline(payload: Mapping[str, Any]) -> bool:
    """Whether a point with this payload is a photo that no file holds now."""
    return payload.get("presence") == OFFLINE


@dataclass(frozen=True, eq=False)
class Point:
    """One photo in one embedding space.

    `point_id` is a UUID as lower-case text, `vector` a (d,) float32 array of unit norm, `caption_vector` another one
    of the same space or None where there is no caption, `payload` JSON values only: photo_id, caption, paths (list of
    text), presence, taken_at (ISO-8601 text), camera, lens_model, format, keywords (list of text), rating (-1 to 5),
    location ({"lat", "lon"} in degrees), and the provenance (models, revisions, preprocessing, decoder).
    """

    point_id: str
    vector: NDArray[np.float32]
    payload: dict[str, Any]
    caption_vector: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Record:
    """A stored point without its vectors."""

    point_id: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Hit:
    """A stored point and its cosine similarity to the query, from -1 to 1, to 6 decimals."""

    point_id: str
    score: float
    payload: dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A circle on the earth: all that lies less than `km` from a point. Raises ValueError where there is none."""

    lat_deg: float
    lon_deg: float
    km: float

    def __post_init__(self) -> None:
        if not (abs(self.lat_deg) <= 90 and abs(self.lon_deg) <= 180 and 0 < self.km < math.inf):
            raise ValueError("a place is a latitude of -90 to 90, a longitude of -180 to 180 and more than 0 km")


@dataclass(frozen=True)
class Filters:
    """What a hit must satisfy; every one that is set. None and an empty one leave a field free.

    Taken from `taken_from` on and before `taken_before` (a time without a zone is UTC), within `place`, with this
    `camera`, `lens` and `format` to the letter, a rating of at least `min_rating`, any of `keywords`, a file below
    the absolute `folder`. `only_present` leaves out photos that are OFFLINE.
    """

    taken_from: datetime | None = None
    taken_before: datetime | None = None
    place: Place | None = None
    camera: str | None = None
    lens: str | None = None
    format: str | None = None
    min_rating: int | None = None
    keywords: tuple[str, ...] = ()
    folder: str | None = None
    only_present: bool = False

    def equalities(self) -> list[tuple[str, str]]:
        """The payload fields that must have one value, each with it."""
        named = (("camera", self.camera), ("lens_model", self.lens), ("format", self.format))
        return [(field, value) for field, value in named if value is not None]

    def path_prefix(self) -> str | None:
        """What a path below `folder` begins with: /a/b/ for /a/b, so that /a/bc is not below it."""
        return None if self.folder is None else self.folder.rstrip("/") + "/"


class VectorIndex(Protocol):
    """Stores points by version and finds the nearest. A context manager; not to be used once closed.

    Every call may raise a VectorIndexError; calls that name a version raise UnknownVersion when it is missing.
    Every call can be repeated: a replay ends in the same state.
    """

    def create_version(self, version: str, dimensions: int) -> None:
        """Make `version` for (dimensions,) vectors, with its payload indexes; nothing if it is there already.

        Raises DimensionMismatch when it is there with other dimensions, InvalidVersionName.
        """

    def versions(self) -> list[str]:
        """All versions, sorted."""

    def drop_version(self, version: str) -> None:
        """Delete `version` and its points. Raises ActiveVersion for the one the alias names."""

    def active_version(self) -> str | None:
        """The version the alias names; None before the first switch."""

    def switch_alias(self, version: str) -> None:
        """Make `version` the active one, in one atomic step."""

    def upsert(self, version: str, points: Sequence[Point]) -> None:
        """Write `points`, replacing those with the same id; they are stored when this returns.

        All are checked before the first is written: raises InvalidPoint, DimensionMismatch.
        """

    def delete(self, version: str, point_ids: Sequence[str]) -> None:
        """Delete these points; ids that are not there are passed over."""

    def set_payload(self, version: str, payload_by_id: Mapping[str, dict[str, Any]]) -> list[str]:
        """Set the named top-level fields of each point and leave its other fields.

        Returns the ids that are not in the version, which are passed over. Raises InvalidPoint.
        """

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
        """Up to `limit` points, the most similar to the (d,) `vector` first, equal scores in id order.

        Compared are the vectors that `using` names; a point without that one is no hit. `exact` compares with every
        vector even where `optimize` has built a graph. Without their payloads, which are then empty, hundreds of hits
        take a tenth of the time.
        """

    def query_words(
        self, version: str, text: str, limit: int, filters: Filters | None = None, with_payload: bool = True
    ) -> list[Hit]:
        """Up to `limit` points whose caption has any word of `text`, the best by BM25 first, equal scores in id order.

        The score of a hit is BM25's, 0 or more, and not a cosine. Case does not matter; every word is a whole word.
        """

    def retrieve(self, version: str, point_ids: Sequence[str]) -> list[Record]:
        """These points in the order asked for; ids that are not there are left out."""

    def vectors(self, version: str, point_ids: Sequence[str], using: Using = "image") -> dict[str, NDArray[np.float32]]:
        """The (d,) float32 unit vectors of these points, by id; ids without that vector are left out."""

    def scroll(self, version: str, *, with_payload: bool = True) -> Iterator[Record]:
        """Every point once, in id order; without the payloads in a fifth of the time."""

    def count(self, version: str) -> int:
        """How many points there are, exactly."""

    def optimize(self, version: str) -> bool:
        """Build the search graph, and vectors as the index was told to quantize them; True if anything was to do.

        Embedded: 0.3 to 0.8 s per 1,000 points on 2 cores, a job of its own once tens of thousands are in. All goes on
        meanwhile, on what was there; raises ChangedMeanwhile if points were written. A server does this by itself.
        """

    def size_bytes(self, version: str) -> int | None:
        """What `version` takes on the disk; None where the engine does not tell, as a server."""

    def snapshot(self, version: str, destination: Path) -> Path:
        """Write a backup of `version` into the folder `destination`; returns the file, VERSION and a suffix."""

    def restore(self, version: str, archive: Path) -> None:
        """Make `version`, there or not, what `archive` holds: a file that `snapshot` of the same engine wrote.

        Raises DamagedSnapshot (embedded) or IndexRejected (server) for any other, with nothing changed.
        """

    def unpacked(self, archive: Path) -> AbstractContextManager[tuple[VectorIndex, str]]:
        """A snapshot restored for the length of a `with` block: an index and the version in it, beside all others."""

    def close(self) -> None:
        """Let go of files, locks and connections. May be called twice."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def version_name(model: str, revision: str, preprocessing: str, dimensions: int) -> str:
    """A name for this embedding space: readable, safe for files and collections, another one if any part differs.

    >>> version_name("openai/clip-vit-base-patch32", "3d74acf9", "bicubic-224", 512)
    'openai-clip-vit-base-patch32-512-ce17f3c06696'
    """
    identity = json.dumps([model, revision, preprocessing, dimensions])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    readable = re.sub(r"[^a-z0-9]+", "-", model.lower())[-60:].strip("-") or "model"
    return f"{readable}-{dimensions}-{digest}"
