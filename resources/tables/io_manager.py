"""The Parquet IO manager: Dagster's way into the table store.

One asset and one partition are one table file. Only the translation between Dagster's contexts and the store belongs
here.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.tables.frames import TableError
from resources.tables.schema import Schema
from resources.tables.store import TableStore


class ParquetIOManager(dg.IOManager):
    """Stores DataFrames under (asset, partition), checked against the asset's schema."""

    def __init__(self, store: TableStore, schemas: Mapping[str, Schema]) -> None:
        self.store = store
        self._schemas = schemas

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the frame, or each partition's of several, and tell where; who returns nothing stores nothing."""
        if obj is None:
            return
        table = context.asset_key.path[-1]
        frames = obj if isinstance(obj, Mapping) else {context.partition_key: obj}
        for partition, frame in frames.items():
            path = self.store.write(table, partition, frame, self._schemas[table])
            told = {"table": dg.MetadataValue.path(path), "table_bytes": path.stat().st_size}
            context.step_context.add_asset_metadata(told, context.asset_key, partition)

    def earlier(self, table: str, partition: str) -> Any:
        """The frame that an earlier run wrote and this one is to replace; None where none can be read."""
        try:
            return self.store.read(table, partition, self._schemas[table])
        except TableError:
            return None

    def made(self, table: str, partition: str) -> Any:
        """The frame of a table that batches of an earlier release lack; None where there is none. Raises TableError."""
        is_made = self.store.path(table, partition).exists()
        return self.store.read(table, partition, self._schemas[table]) if is_made else None

    def load_input(self, context: dg.InputContext) -> Any:
        """The upstream table of the same partition; in a run of several partitions, a table for each key."""
        table = context.asset_key.path[-1]
        keys = context.asset_partition_keys
        frames = {key: self.store.read(table, key, self._schemas[table]) for key in keys}
        # Not of the context's partition key: a backfill's last run has a range of one, and no such key.
        return frames if len(keys) > 1 else frames[keys[0]]
