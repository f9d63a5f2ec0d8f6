"""From what Dagster gives an asset to the rows of each batch: a run has one batch, or several of a backfill."""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from photo_assets.provenance import Facts
from resources.tables.io_manager import ParquetIOManager
from resources.tables.schema import Row


@dataclass(frozen=True)
class Table:
    """One batch's table: its rows, and what they were made by, nothing for a table of an earlier version."""

    rows: list[Row]
    made_by: Facts


def tables_of(context: dg.AssetExecutionContext, frames: Any) -> dict[str, Table]:
    """The table of each of the run's batches, in the batches' order; a run of one batch is given its frame alone."""
    from resources.tables.frames import made_by, rows_of

    keys = context.partition_keys
    by_key = frames if len(keys) > 1 else {keys[0]: frames}
    return {key: Table(rows_of(by_key[key]), made_by(by_key[key])) for key in keys}


def tables_made(context: dg.AssetExecutionContext, io_manager: ParquetIOManager, table: str) -> dict[str, Table]:
    """The same of a table that batches of an earlier release lack until they are refreshed: it is empty there."""
    from resources.tables.frames import made_by, rows_of

    frames = {key: io_manager.made(table, key) for key in context.partition_keys}
    return {
        key: Table([], {}) if frame is None else Table(rows_of(frame), made_by(frame)) for key, frame in frames.items()
    }


def earlier_rows(io_manager: ParquetIOManager, table: str, batch: str) -> list[Row]:
    """The rows that an earlier run wrote of this batch; none in the first."""
    from resources.tables.frames import rows_of

    frame = io_manager.earlier(table, batch)
    return [] if frame is None else rows_of(frame)
