"""The library as a Dagster resource: where the ledger lies and which roots are watched."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from resources.library.ledger import Ledger


class LibraryResource(dg.ConfigurableResource):
    """The ledger's file, the library's roots, and the folder of our own state that a scan leaves out."""

    ledger_path: str
    roots: list[str]
    state_directory: str
    batch_size: int = 256

    def ledger(self) -> "Ledger":
        """The open ledger; close it, or use it in a `with`."""
        from resources.library.ledger import Ledger

        return Ledger(Path(self.ledger_path))

    def root_paths(self) -> list[Path]:
        """The roots, in the order of PHOTO_LIBRARY."""
        return [Path(root) for root in self.roots]

    def state_path(self) -> Path:
        """Our own folder, which no scan enters."""
        return Path(self.state_directory)
