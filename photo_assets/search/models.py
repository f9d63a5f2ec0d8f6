"""Which model answers a query: the one that made the version that is searched.

That is the settings' model, except from the day on which another is set until the version that it makes is searched.
The earlier one is then loaded into this process, wherever the settings' runs.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from photo_assets.search.errors import SearchError
from photo_assets.steps.versions import is_made_by, known
from resources.inference.port import InferenceEngine
from resources.library.errors import LedgerUnavailable
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.vectors.port import VectorIndex

if TYPE_CHECKING:
    from resources.inference.resource import InferenceResource

EngineOf = Callable[[VectorIndex, str | None], InferenceEngine]
"""The engine whose vectors a version holds; of no version, the settings'. Raises SearchError, ModelError."""


class VersionModels:
    """An EngineOf, for the threads of one process; remembers the two latest answers, since each query asks."""

    def __init__(self, inference: "InferenceResource", open_ledger: Callable[[], Ledger]) -> None:
        self._inference = inference
        self._open_ledger = open_ledger
        self._one_at_a_time = threading.Lock()
        self._latest: dict[str, tuple[InferenceEngine, str]] = {}

    def __call__(self, index: VectorIndex, version: str | None) -> InferenceEngine:
        """See EngineOf."""
        if version is None:
            return self._inference.engine()
        with self._one_at_a_time:
            if version in self._latest:
                engine, identity = self._latest[version]
                if self._identity(engine) == identity:
                    return engine
            engine = self._engine_of(index, version)
            before = list(self._latest.items())[-1:]
            self._latest = dict(before) | {version: (engine, self._identity(engine))}
            return engine

    def _engine_of(self, index: VectorIndex, version: str) -> InferenceEngine:
        clip, _ = self._inference.provenance()
        if is_made_by(version, clip):
            return self._inference.engine()
        made = self._known(index, version)
        if made is None:
            raise SearchError(f"it is not known which model made the collection {version}; run `photos ingest` first")
        if (made.model, made.revision) == (clip.model, clip.revision):
            return self._inference.engine()
        return self._inference.engine_of(made.model, made.revision, made.folder)

    def _known(self, index: VectorIndex, version: str) -> KnownVersion | None:
        try:
            with self._open_ledger() as ledger:
                return known(index, ledger, version)
        except LedgerUnavailable:  # a search may have none; points tell all but the folder of a checkpoint of one's own
            return known(index, None, version)

    def _identity(self, engine: InferenceEngine) -> str:
        """A service may come back with another model; an engine of this process stays what it is, and loads late."""
        if not self._inference.url or engine is not self._inference.engine():
            return ""
        return f"{engine.clip.model}@{engine.clip.revision}"
