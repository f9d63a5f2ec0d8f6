"""The vector index as a Dagster resource: the embedded engine's folder or the server's address."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from resources.vectors.port import VectorIndex


class VectorIndexResource(dg.ConfigurableResource):
    """Embedded below `directory` unless `url` names a server."""

    directory: str
    url: str = ""
    api_key: str = ""

    def index(self) -> "VectorIndex":
        """The open index; use it in a `with`, so that the embedded engine is free for the next process."""
        from resources.vectors.open import open_index

        return open_index(Path(self.directory), self.url or None, self.api_key or None)
