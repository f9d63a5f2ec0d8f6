"""Answering one query: a text or a picture becomes a vector, the vector's neighbours become hits.

No Dagster, no terminal, no HTML. A query is embedded by the model that made the version it is asked of, and keeps to
that version to its end, whatever is searched meanwhile.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import numpy as np

from photo_assets.search.errors import SearchError
from photo_assets.search.hybrid import DEPTH, fused, uncut
from photo_assets.search.models import EngineOf
from photo_assets.search.pictures import content_of
from photo_assets.search.query import Query
from resources.decoding.previews import PreviewStore
from resources.inference.port import InferenceEngine, ItemError
from resources.library.identity import photo_id
from resources.vectors.errors import UnknownVersion
from resources.vectors.port import Filters, Hit, VectorIndex, is_offline


@dataclass(frozen=True)
class Found:
    """One photo that was found; `thumbnail` is a JPEG file. `score` is the cosine with the query, -1 to 1.

    Of a hybrid query it is the share of the best possible fusion, 0 to 1: at 1 the photo is first by its picture, by
    its caption's words and by what the caption means.
    `offline`: no file holds it now, as while its disk is not mounted; the paths are those that it had.
    """

    photo_id: str
    score: float
    caption: str | None
    paths: list[str]
    taken_at: str | None
    camera: str | None
    format: str | None
    location: dict[str, float] | None
    width_px: int | None
    height_px: int | None
    thumbnail: Path
    offline: bool

    def places(self) -> list[str]:
        """Where the photo is, or was before it went offline; from the current folder where it lies below it."""
        here = Path.cwd()
        paths = [Path(path) for path in self.paths]
        shown = [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
        return shown or [self.photo_id]


@dataclass(frozen=True)
class QueryVectors:
    """A query's words and its picture as (d,) float32 unit vectors of one model; None where it has none."""

    text: np.ndarray | None = None
    picture: np.ndarray | None = None


def embedded(query: Query, engine: InferenceEngine) -> QueryVectors:
    """What the model makes of a query, without the collection. Raises SearchError, ModelError."""
    text = picture = None
    if query.text.strip():
        (vector,) = engine.embed_texts([query.text])
        text = _sound(vector)
    if query.picture:
        (answer,) = engine.infer([query.picture], caption=False)
        picture = _sound(answer.vector)
    return QueryVectors(text, picture)


class Searcher:
    """An open collection and its models; use it in a `with`. Photos that are offline only where asked."""

    def __init__(
        self, index: VectorIndex, engine_of: EngineOf, previews: PreviewStore, *, show_missing: bool = False
    ) -> None:
        self._index = index
        self._engine_of = engine_of
        self._previews = previews
        self._show_missing = show_missing

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._index.close()

    def find(self, query: Query, version: str | None = None, vectors: QueryVectors | None = None) -> list[Found]:
        """The photos that answer the query, the best first, equally good ones in the order of their ids.

        Those of the version that is searched, unless another is named, for which the query may be `embedded` already.
        Raises SearchError for an empty query, a picture that cannot be embedded, and a photo that is not there;
        ModelError where the version's model is missing.
        """
        if query.is_empty():
            raise SearchError("the query is empty; give words, a picture or a photo")
        asked = version or self._searched()
        try:
            return self._answer(query, asked, vectors)
        except UnknownVersion:  # dropped while it was asked, which no version is while it is searched
            if version or self._searched() == asked:
                raise
        return self._answer(query, self._searched())

    def captions_by_path(self) -> dict[str, str]:
        """The caption of every path in the collection."""
        records = self._index.scroll(self._searched())
        return {path: record.payload.get("caption", "") for record in records for path in record.payload["paths"]}

    def _answer(self, query: Query, version: str, vectors: QueryVectors | None = None) -> list[Found]:
        wanted = query.offset + query.limit + bool(query.like)
        vector, filters = self._vector_of(query, version, vectors), self._shown(query.filters)
        if query.hybrid and query.text.strip():
            hits = self._fused(version, vector, query.text, filters)
        else:
            hits = self._index.query(version, vector, wanted, filters, with_payload=False)
        others = [hit for hit in hits if hit.point_id != query.like]
        return self._told(version, others[query.offset : query.offset + query.limit])

    def _vector_of(self, query: Query, version: str, vectors: QueryVectors | None) -> np.ndarray:
        """The query as one (d,) float32 unit vector."""
        if vectors is None:
            is_asked = query.asks_model()
            vectors = embedded(query, self._engine_of(self._index, version)) if is_asked else QueryVectors()
        seen = [each for each in (vectors.picture, self._vector_of_photo(query.like, version)) if each is not None]
        text_weight = query.text_weight if seen else 1.0
        parts = [] if vectors.text is None else [(text_weight, vectors.text)]
        parts += [((1.0 - text_weight if parts else 1.0) / len(seen), each) for each in seen]
        total = sum((weight * vector for weight, vector in parts), start=np.zeros_like(parts[0][1]))
        return total / np.linalg.norm(total)

    def _vector_of_photo(self, photo_id: str, version: str) -> np.ndarray | None:
        if not photo_id:
            return None
        found = self._index.vectors(version, [photo_id])
        if photo_id not in found:
            raise SearchError(f"the photo {photo_id} is not in the collection; ingest it, or search by its picture")
        return found[photo_id]

    def _fused(self, version: str, vector: np.ndarray, text: str, filters: Filters) -> list[Hit]:
        by_picture = self._index.query(version, vector, DEPTH, filters, with_payload=False)
        by_words = self._index.query_words(version, text, DEPTH + 1, filters, with_payload=False)
        by_caption = self._index.query(version, vector, DEPTH + 1, filters, with_payload=False, using="caption")
        rankings = [by_picture, uncut(by_words, DEPTH)]
        # A collection of an earlier release has no such vectors until its batches are refreshed.
        return fused([*rankings, uncut(by_caption, DEPTH)] if by_caption else rankings)

    def _told(self, version: str, hits: Sequence[Hit]) -> list[Found]:
        """Hits without payloads with what the collection says of them; one deleted meanwhile is left out."""
        records = self._index.retrieve(version, [hit.point_id for hit in hits])
        payloads = {record.point_id: record.payload for record in records}
        return [self._found(replace(hit, payload=payloads[hit.point_id])) for hit in hits if hit.point_id in payloads]

    def _shown(self, filters: Filters) -> Filters:
        return replace(filters, only_present=filters.only_present or not self._show_missing)

    def _searched(self) -> str:
        active = self._index.active_version()
        if active is None:
            raise SearchError("the collection is empty; run `photos ingest` first")
        return active

    def _found(self, hit: Hit) -> Found:
        payload: dict[str, Any] = hit.payload
        names = ("caption", "taken_at", "camera", "format", "location", "width_px", "height_px")
        return Found(
            photo_id=hit.point_id,
            score=hit.score,
            paths=payload.get("paths", []),
            thumbnail=self._previews.thumbnail_path(hit.point_id),
            offline=is_offline(payload),
            **{name: payload.get(name) for name in names},
        )


def _sound(result: np.ndarray | ItemError | None) -> np.ndarray:
    if isinstance(result, ItemError):
        raise SearchError(f"the query cannot be embedded: {result.message}")
    return cast(np.ndarray, result)


def photo_in(path: Path) -> str:
    """The id of the photo that this file holds, in the collection or not. Raises SearchError."""
    return photo_id(hashlib.sha256(content_of(path)).hexdigest())
