"""Answering one query: a text or a picture becomes a vector, the vector's neighbours become hits.

No Dagster, no terminal, no HTML. The collection that is searched was made by the model that embeds the query.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import numpy as np

from photo_assets.steps.collection import version_of
from resources.decoding.pool import DecodeRequest, DecodingPool
from resources.decoding.previews import PreviewStore
from resources.errors import PhotoPlatformError
from resources.inference.port import InferenceEngine, ItemError
from resources.library.identity import photo_id
from resources.vectors.port import Filters, Hit, VectorIndex


class SearchError(PhotoPlatformError):
    """The query cannot be answered; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """One photo that was found; `thumbnail` is a JPEG file. `score` is the cosine with the query, -1 to 1."""

    photo_id: str
    score: float
    caption: str | None
    paths: list[str]
    taken_at: str | None
    camera: str | None
    format: str | None
    location: dict[str, float] | None
    thumbnail: Path

    def places(self) -> list[str]:
        """Where the photo is, from the current folder where it lies below it; its id if no file holds it now."""
        here = Path.cwd()
        paths = [Path(path) for path in self.paths]
        shown = [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
        return shown or [self.photo_id]


class Searcher:
    """An open collection and the model that made it; use it in a `with`."""

    def __init__(self, index: VectorIndex, engine: InferenceEngine, previews: PreviewStore) -> None:
        self._index = index
        self._engine = engine
        self._previews = previews

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._index.close()

    def by_text(self, text: str, limit: int = 10, filters: Filters | None = None) -> list[Found]:
        """The photos that show what the text says, the best first."""
        (found,) = self.by_texts([text], limit, filters)
        return found

    def by_texts(self, texts: Sequence[str], limit: int = 10, filters: Filters | None = None) -> list[list[Found]]:
        """The photos of several texts, embedded together; one list per text, in order."""
        return [self._nearest(_sound(vector), limit, filters) for vector in self._engine.embed_texts(texts)]

    def by_image(self, path: Path, limit: int = 10) -> list[Found]:
        """The photos that look like the picture in this file, which may be of any format the library takes."""
        (answer,) = self._engine.infer([_preview_of(path)], caption=False)
        return self._nearest(_sound(answer.vector), limit)

    def captions_by_path(self) -> dict[str, str]:
        """The caption of every path in the collection."""
        records = self._index.scroll(self._version())
        return {path: record.payload.get("caption", "") for record in records for path in record.payload["paths"]}

    def _nearest(self, vector: np.ndarray, limit: int, filters: Filters | None = None) -> list[Found]:
        return [self._found(hit) for hit in self._index.query(self._version(), vector, limit, filters)]

    def _version(self) -> str:
        active = self._index.active_version()
        if active is None:
            raise SearchError("the collection is empty; run `photos ingest` first")
        wanted = version_of(self._engine.clip, self._engine.dimensions)
        if active != wanted:
            raise SearchError(
                f"the collection {active} was made by another model than {self._engine.clip.model}. Set PHOTO_MODELS "
                "or PHOTO_CLIP_MODEL back to the model that made it, or materialize all batches with the new one."
            )
        return active

    def _found(self, hit: Hit) -> Found:
        payload: dict[str, Any] = hit.payload
        names = ("caption", "taken_at", "camera", "format", "location")
        return Found(
            photo_id=hit.point_id,
            score=hit.score,
            paths=payload.get("paths", []),
            thumbnail=self._previews.thumbnail_path(hit.point_id),
            **{name: payload.get(name) for name in names},
        )


def _sound(result: np.ndarray | ItemError | None) -> np.ndarray:
    if isinstance(result, ItemError):
        raise SearchError(f"the query cannot be embedded: {result.message}")
    return cast(np.ndarray, result)


def _preview_of(path: Path) -> bytes:
    """The picture of a query as a JPEG, decoded within the limits of any photo, in a folder that is gone afterwards."""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SearchError(f"{path}: {error.strerror}; name a photo that can be read") from error
    with tempfile.TemporaryDirectory() as folder:
        previews = PreviewStore(Path(folder))
        with DecodingPool(previews, workers=1) as pool:
            (result,) = pool.decode([DecodeRequest(photo_id(sha256), os.fsencode(path.absolute()), sha256)])
        if result.status != "ok":
            raise SearchError(f"{path}: {result.error_message}")
        return previews.read_preview(result.photo_id)
