"""The library as a Dagster resource: where the ledger lies and which roots are watched."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from resources.library.ledger import Ledger
    from resources.library.patterns import Patterns


class LibraryResource(dg.ConfigurableResource):
    """The ledger's place, the library's roots, and the folder of our own state that a scan leaves out.

    The ledger is the PostgreSQL database at `ledger_url`, without one the SQLite file at `ledger_path`. `include` and
    `exclude` are patterns.py's. A photo that no file holds for `missing_grace_s` seconds leaves the collection.
    An audit reads `audit_bytes` of the originals again.
    """

    ledger_path: str
    ledger_url: str = Field("", repr=False)  # it may hold a password
    roots: list[str]
    state_directory: str
    batch_size: int = 256
    nightly_batches: int = 50
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    missing_grace_s: float = 30 * 86_400.0
    audit_bytes: int = 10_000_000_000

    def ledger(self) -> "Ledger":
        """The open ledger; close it, or use it in a `with`."""
        from resources.library.ledger import Ledger

        return Ledger(self.ledger_url or Path(self.ledger_path))

    def root_paths(self) -> list[Path]:
        """The roots, in the order of PHOTO_LIBRARY."""
        return [Path(root) for root in self.roots]

    def patterns(self) -> "Patterns":
        """Which files of the roots are taken."""
        from resources.library.patterns import Patterns

        return Patterns.of(self.include, self.exclude)

    def state_path(self) -> Path:
        """Our own folder, which no scan enters."""
        return Path(self.state_directory)
