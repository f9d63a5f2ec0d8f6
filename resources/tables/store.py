"""Where tables lie on disk: one Parquet file per table and batch, replaced in one step.

What a table means is not known here, and nothing here imports Dagster.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from resources.tables.frames import TableError, checked_table, column_values, to_frame, with_newer_columns
from resources.tables.schema import Row, Schema

if TYPE_CHECKING:
    import pandas as pd


# No table takes this long to write.
STRAY_AFTER_S = 3600


class TableStore:
    """Tables below one folder: `<directory>/<table>/<batch>.parquet`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, table: str, batch: str) -> Path:
        """Where this table of this batch lies, whether it exists or not."""
        return self._directory / table / f"{batch}.parquet"

    def write(self, table: str, batch: str, frame: pd.DataFrame, schema: Schema) -> Path:
        """Check the frame against the schema and put it in place; a kill leaves the old file or the new one."""
        import pyarrow.parquet as parquet

        checked = checked_table(frame, schema)
        path = self.path(table, batch)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two writers of one table may be containers with the same process id.
        temporary = path.with_suffix(f".{uuid4().hex}.tmp")
        try:
            with temporary.open("wb") as file:
                parquet.write_table(checked, file, compression="zstd", write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
            self._sweep(path)
        return path

    @staticmethod
    def _sweep(path: Path) -> None:
        """Remove what killed writers of this table left, never what a living one writes."""
        for stray in path.parent.glob(f"{path.stem}.*.tmp"):
            with suppress(FileNotFoundError):  # another writer's own, put in place meanwhile
                if stray.stat().st_mtime < time.time() - STRAY_AFTER_S:
                    stray.unlink()

    def read(self, table: str, batch: str, schema: Schema) -> pd.DataFrame:
        """The table of one batch. Raises TableError when it was never made or is not of this schema."""
        import pyarrow as pa
        import pyarrow.parquet as parquet

        path = self.path(table, batch)
        try:
            table_read = parquet.read_table(path, page_checksum_verification=True)
            frame = to_frame(with_newer_columns(table_read, schema))
        except FileNotFoundError:
            raise TableError(f"{table} of batch {batch} does not exist; materialize it first") from None
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:  # what damaged files are seen to raise
            raise TableError(f"{path} cannot be read ({error}); materialize {table} of batch {batch} again") from error
        checked_table(frame, schema)
        return frame

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """These columns of every batch's rows: as `some` has them."""
        for batch in self.batches(table):
            yield from self.some(table, batch, columns)

    def some(self, table: str, batch: str, columns: Sequence[str]) -> list[Row]:
        """These columns of one batch's rows, vectors as float32 arrays and None for what an earlier release lacks.

        A table that is not there or damaged has no rows.
        """
        import pyarrow as pa
        import pyarrow.parquet as parquet

        try:
            file = parquet.ParquetFile(self.path(table, batch), page_checksum_verification=True)
            there = [name for name in columns if name in file.schema_arrow.names]
            values = [column_values(column) for column in file.read(columns=there).itercolumns()]
        except (pa.ArrowException, OSError, ValueError):
            return []
        return [dict.fromkeys(columns) | dict(zip(there, row, strict=True)) for row in zip(*values, strict=True)]

    def batches(self, table: str) -> Iterator[str]:
        """The batches that have this table, oldest first."""
        for path in sorted((self._directory / table).glob("*.parquet")):
            yield path.stem
