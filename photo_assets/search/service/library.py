"""What the routes ask of the collection and the models; no HTTP here, and no JSON.

Each method borrows the collection for one short piece of work, so that an ingest gets its turn between two queries.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf, nan
from threading import Lock
from typing import Any

from photo_assets.search.compared import read_compared
from photo_assets.search.duplicates import Duplicates, Kind, find_duplicates
from photo_assets.search.errors import NoSuchPhoto
from photo_assets.search.models import EngineOf
from photo_assets.search.pictures import QueryPictures
from photo_assets.search.query import Query
from photo_assets.search.searching import Found, QueryVectors, Searcher, embedded
from photo_assets.search.service.warming import Warming
from resources.decoding.previews import PreviewStore
from resources.vectors.errors import UnknownVersion
from resources.vectors.lending import Lending
from resources.vectors.port import VectorIndex

_COUNTED_FOR_S = 60


@dataclass
class Library:
    """One library's collection, the models that make it, its previews, and what decodes pictures to search by.

    `points` is how many are searched, as a query of the last minutes found it; NaN before the first.
    """

    collection: Lending
    engine_of: EngineOf
    previews: PreviewStore
    pictures: QueryPictures
    show_missing: bool = False
    is_ready: bool = False
    points: float = nan
    _count_again_at: float = -inf
    _looked: dict[frozenset[Kind], tuple[float, Duplicates]] = field(default_factory=dict)
    _looking: Lock = field(default_factory=Lock)
    _warming: Warming = field(init=False)

    def __post_init__(self) -> None:
        self._warming = Warming(self.collection, self.engine_of)

    def load(self) -> None:
        """Load the model, so that the first query finds it warm. Raises SearchError, ModelError."""
        self._warming.load()
        self.is_ready = True

    def model(self) -> str:
        """The model that answers queries now."""
        return self._warming.model()

    def find(self, query: Query) -> list[Found]:
        """The photos that the query is after, the best first. Raises SearchError, VectorIndexError, ModelError."""
        version, vectors = self._embedded(query)
        with self.collection.borrowed() as index:
            self._count(index)
            searcher = Searcher(index, self.engine_of, self.previews, show_missing=self.show_missing)
            try:
                return searcher.find(query, version, vectors)
            except UnknownVersion:  # dropped while it was asked
                return searcher.find(query)

    def duplicates(self, kinds: Collection[Kind], *, anew: bool) -> Duplicates:
        """Photos that are there more than once, of these kinds: looked for `anew`, or as they were the last time.

        So the pages of one look follow each other. A look reads the whole collection: only one goes on at a time, and
        serves all who asked before it began.
        """
        wanted, asked_at = frozenset(kinds), time.monotonic()
        with self._looking:
            began_at, _ = self._looked.get(wanted, (-inf, None))
            if began_at < (asked_at if anew else 0):
                self._looked[wanted] = time.monotonic(), self._look(wanted)
            return self._looked[wanted][1]

    def payload(self, photo_id: str) -> Mapping[str, Any]:
        """All that the collection holds of a photo. Raises NoSuchPhoto."""
        with self.collection.borrowed() as index:
            active = index.active_version()
            records = index.retrieve(active, [photo_id]) if active else []
        if not records:
            raise NoSuchPhoto(photo_id)
        return records[0].payload

    def searched(self) -> str | None:
        """The version that is searched now; None before the first ingest."""
        with self.collection.borrowed() as index:
            return index.active_version()

    def _embedded(self, query: Query) -> tuple[str | None, QueryVectors | None]:
        """The version to ask and the query's vectors in it; the collection is not kept while the model works."""
        with self.collection.borrowed() as index:
            version = self._warming.version(index)
            engine = self.engine_of(index, version) if version is not None and query.asks_model() else None
        return version, embedded(query, engine) if engine else None

    def _look(self, kinds: frozenset[Kind]) -> Duplicates:
        with self.collection.borrowed() as index:
            photos = read_compared(index, with_vectors=Kind.SEMANTIC in kinds, show_missing=self.show_missing)
        return find_duplicates(photos, kinds)

    def _count(self, index: VectorIndex) -> None:
        """See how large the collection is, once in a while and only when it is open anyway."""
        if time.monotonic() >= self._count_again_at:
            active = index.active_version()
            self.points = index.count(active) if active else 0
            self._count_again_at = time.monotonic() + _COUNTED_FOR_S
