"""Which version the service asks: the one that is searched, as soon as its model is loaded.

Loading takes seconds, and the version that was searched before is still there and its model warm; so queries go on in
that one until the other model is loaded beside it.
"""

import logging
import threading
import time

from photo_assets.search.models import EngineOf
from resources.errors import PhotoPlatformError
from resources.vectors.lending import Lending
from resources.vectors.port import VectorIndex

_LOG = logging.getLogger(__name__)
_TRY_AGAIN_S = 30.0


class Warming:
    """Loads the models of the versions that come to be searched."""

    def __init__(self, collection: Lending, engine_of: EngineOf) -> None:
        self._collection = collection
        self._engine_of = engine_of
        self._warm: str | None = None
        self._guard = threading.Lock()
        self._loading: threading.Thread | None = None
        self._next_try_at = 0.0

    def load(self) -> None:
        """Load the model of the version that is searched now. Raises SearchError, ModelError."""
        with self._collection.borrowed() as index:
            version = index.active_version()
            engine = self._engine_of(index, version)
        engine.embed_texts(["a photo"])  # the collection is not kept from others meanwhile
        self._warm, self._next_try_at = version, 0.0

    def version(self, index: VectorIndex) -> str | None:
        """The version to ask now; None before the first ingest."""
        active = index.active_version()
        if active == self._warm:
            return active
        if self._warm not in index.versions():  # nothing to go on with: the query waits for the model
            self._warm = active
            return active
        self._load_beside()
        return self._warm

    def model(self) -> str:
        """The model that answers queries now."""
        with self._collection.borrowed() as index:
            return self._engine_of(index, self.version(index)).clip.model

    def _load_beside(self) -> None:
        with self._guard:
            if time.monotonic() >= self._next_try_at and not (self._loading and self._loading.is_alive()):
                self._next_try_at = time.monotonic() + _TRY_AGAIN_S
                self._loading = threading.Thread(target=self._try_to_load, daemon=True)
                self._loading.start()

    def _try_to_load(self) -> None:
        try:
            self.load()
        except PhotoPlatformError:
            _LOG.exception("the model of the version that is to be searched cannot be loaded; the one before is asked")
