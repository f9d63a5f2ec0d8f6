"""The platform's side: ticks and runs made of the real steps and the real ledger, over doubles of the expensive rooms.

A process that dies loses what is in here; what outlives it are the ledger's file and the doubles (`Kept`). The order of
the steps is that of the assets, and between any two of them anything may happen to the files.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from photo_assets.steps.collection import BatchTables, reconcile, space_of, write_batch
from photo_assets.steps.decoding import decode_photos, read_metadata
from photo_assets.steps.files import identify_files
from photo_assets.steps.following import follow
from photo_assets.steps.inference import infer
from photo_assets.steps.scanning import Roots, Scan, scan_once
from resources.errors import PhotoPlatformError
from resources.library import look
from resources.library.errors import RootUnavailable
from resources.library.ledger import Ledger
from resources.library.scan import walk

from .doubles import CountingEngine, CountingPool, MemoryIndex, MemoryTables, Previews
from .faults import Calls, Frail

PORTION = 4
GRACE_S = 30 * 86_400.0
TICK_S = 30.0

# A ledger syncs every transaction, a table every file; in memory, where there is such a folder, that costs nothing.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Every table of a batch, in the order in which its steps write them.
TABLES = ("photo_files", "decoded_images", "photo_metadata", "image_embeddings", "image_captions")


@dataclass
class Kept:
    """What a process that died leaves behind, and what its steps have cost.

    `pardoned` counts, for each photo, the runs that were cut off and must do its work once more.
    """

    ledger_path: Path
    index: Any = field(default_factory=MemoryIndex)
    tables: Any = field(default_factory=MemoryTables)
    previews: Previews = field(default_factory=Previews)
    engine: CountingEngine = field(default_factory=CountingEngine)
    pool: CountingPool = field(init=False)
    pardoned: Counter[str] = field(default_factory=Counter)
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        self.pool = CountingPool(self.previews)

    def clock(self) -> float:
        """Instead of time.time."""
        return self.now


class Works:
    """One process's view: the rooms behind their seams, opened anew after every death."""

    def __init__(self, kept: Kept, roots: list[Path], state: Path, calls: Calls, *, batch_size: int = 3) -> None:
        self.kept = kept
        self.calls = calls
        self.roots = Roots(roots, state)
        self.batch_size = batch_size
        self.opened = Ledger(kept.ledger_path)
        self.ledger: Any = Frail(self.opened, calls)
        self.index: Any = Frail(kept.index, calls)
        self.tables: Any = Frail(kept.tables, calls)
        self.pool: Any = Frail(kept.pool, calls)
        self.engine: Any = Frail(kept.engine, calls)
        self.space = space_of(kept.engine)
        self.version = self.space[0]

    def close(self) -> None:
        """Let go of the ledger's file."""
        self.opened.close()

    def tick(self, *, stop_at: float = float("inf"), patience_s: float = 0.0) -> Scan | None:
        """Look at every root and cut what has settled; None where no root could be read."""
        try:
            return scan_once(
                self.ledger,
                self.roots,
                self.batch_size,
                stop_at=stop_at,
                patience_s=patience_s,
                decoder=self.pool.decoder,
            )
        except RootUnavailable:
            return None

    def run(self, batch: str) -> Iterator[None]:
        """The job ingest_batch; a pause stands between any two steps."""
        files = self._write("photo_files", batch, identify_files(self.ledger, batch))
        yield
        decoded = self._write("decoded_images", batch, decode_photos(files, self.pool, self.ledger))
        yield
        self._write("photo_metadata", batch, read_metadata(decoded, self.ledger))
        yield
        embeddings, captions = infer(decoded, self.kept.previews, self.engine, embed=True, caption=True)
        self._write("image_embeddings", batch, embeddings)
        self._write("image_captions", batch, captions)
        yield
        self.put(batch)

    def put(self, batch: str) -> None:
        """The asset collection_points."""
        tables = BatchTables(*(self.tables.read(table, batch) for table in TABLES[1:]))
        _, missing = write_batch(batch, tables, {}, self.index, self.ledger, self.space)
        assert not missing

    def follow_up(self) -> None:
        """The asset photo_collection, and of earlier batches what is due: captions, and points of what came back."""
        follow(self.ledger, self.index, GRACE_S, self.kept.clock())
        reconcile(self.index, self.ledger, self.version)
        for batch in self.ledger.batches_with_due_captions():
            self._recaption(batch)
        for batch in self.ledger.batches_to_rewrite():
            self.put(batch)

    def _recaption(self, batch: str) -> None:
        """The job retry_captions."""
        decoded = self.tables.read("decoded_images", batch)
        _, captions = infer(decoded, self.kept.previews, self.engine, embed=False, caption=True)
        self._write("image_captions", batch, captions)
        self.put(batch)

    def pardon(self, batch: str) -> None:
        """A run of this batch was cut off: what it had decoded may be decoded once more."""
        try:
            rows = self.kept.tables.read("photo_files", batch)
        except (KeyError, PhotoPlatformError):
            return
        self.kept.pardoned.update(row["photo_id"] for row in rows if row["status"] == "ok")

    def _write(self, table: str, batch: str, rows: Any) -> Any:
        self.tables.write(table, batch, rows)
        return rows


# For patch.object: looks come in portions of a few entries, so that a handful of files makes several.
WALK = (look, "walk", partial(walk, portion_size=PORTION))
