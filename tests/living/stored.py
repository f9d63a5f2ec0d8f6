"""The platform's stores on disk behind the doubles' doors, and a worker process over them that may be killed.

Ledger, tables and index are the real ones; only pixels and models are doubles, so that a whole ingest takes a second.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from photo_assets.steps.collection import space_of
from photo_assets.tables import SCHEMAS
from resources.library.ledger import Ledger
from resources.tables.frames import frame_of, rows_of
from resources.tables.schema import Row
from resources.tables.store import TableStore
from resources.vectors.embedded import EmbeddedIndex

from .doubles import CountingEngine
from .faults import Calls
from .resting import come_to_rest
from .works import TABLES, Kept, Works


class StoredTables:
    """Rows of Parquet files."""

    def __init__(self, directory: Path) -> None:
        self._store = TableStore(directory)

    def write(self, table: str, batch: str, rows: Sequence[Row]) -> None:
        self._store.write(table, batch, frame_of(rows, SCHEMAS[table]), SCHEMAS[table])

    def read(self, table: str, batch: str) -> Sequence[Row]:
        return rows_of(self._store.read(table, batch, SCHEMAS[table]))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        return self._store.rows(table, columns)

    def batches(self, table: str) -> list[str]:
        return list(self._store.batches(table))


def work(home: Path, root: Path, now: float) -> None:
    """Take everything below `root` into the collection below `home`; what a worker process does until it is killed."""
    with EmbeddedIndex(home / "collection") as index:
        kept = Kept(home / "ledger.sqlite", index, StoredTables(home / "tables"), now=now)
        with kept.clock():
            works = Works(kept, [root], home / "state", Calls(), batch_size=6)
            come_to_rest(works, lambda run: _run(works, run))
            works.close()


def end_state(home: Path) -> dict[str, Any]:
    """Everything that a later reader sees, without the batches' keys."""
    tables, version = StoredTables(home / "tables"), space_of(CountingEngine())[0]
    rows = {table: [tables.read(table, batch) for batch in tables.batches(table)] for table in TABLES}
    with Ledger(home / "ledger.sqlite") as ledger, EmbeddedIndex(home / "collection") as index:
        points = {point.point_id: point.payload for point in index.scroll(version)}
        failures = [(row["path"], row["error_kind"]) for row in ledger.failures()]
        return {"counts": ledger.counts(), "failures": failures, "rows": rows, "points": points}


def _run(works: Works, run: dg.DagsterRun) -> None:
    for _ in works.do(run):
        pass
