"""The Parquet IO manager: Dagster's way into the table store.

One asset and one partition are one table file. Only the translation between Dagster's contexts and the store belongs
here.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.tables.schema import Schema
from resources.tables.store import TableStore


class ParquetIOManager(dg.IOManager):
    """Stores DataFrames under (asset, partition), checked against the asset's schema."""

    def __init__(self, store: TableStore, schemas: Mapping[str, Schema]) -> None:
        self._store = store
        self._schemas = schemas

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the frame and tell where; an asset that returns nothing stores nothing."""
        if obj is None:
            return
        table = context.asset_key.path[-1]
        path = self._store.write(table, context.partition_key, obj, self._schemas[table])
        context.add_output_metadata({"table": dg.MetadataValue.path(path), "table_bytes": path.stat().st_size})

    def load_input(self, context: dg.InputContext) -> Any:
        """The upstream table of the same partition."""
        table = context.asset_key.path[-1]
        return self._store.read(table, context.partition_key, self._schemas[table])
