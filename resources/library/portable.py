"""The ledger as Parquet files, one per table: written from either database, and read into either.

Rows as they are, with nothing known of what they mean. The schema's own columns say each file's types.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Table, TypeDecorator, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from resources.errors import first_line
from resources.library.errors import UnreadableCopy
from resources.library.schema import metadata

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_ONCE = 10_000


def write_copy(connection: Connection, folder: Path) -> list[Path]:
    """Write every table into `folder`, as of the moment that the transaction reads."""
    return [_write(connection, table, folder / f"{table.name}.parquet") for table in metadata.sorted_tables]


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return not any(connection.scalar(select(1).select_from(table).limit(1)) for table in metadata.sorted_tables)


def empty(connection: Connection) -> None:
    """Delete every row."""
    for table in metadata.sorted_tables:
        connection.execute(delete(table))


def read_copy(connection: Connection, folder: Path) -> None:
    """Replace every table's rows by those in `folder`. Raises UnreadableCopy; the transaction is then to end."""
    import pyarrow as pa

    empty(connection)
    for table in metadata.sorted_tables:
        path = folder / f"{table.name}.parquet"
        try:
            for rows in _rows(path, table):
                connection.execute(insert(table), rows)
        except (pa.ArrowException, OSError, ValueError, KeyError, SQLAlchemyError) as error:
            raise UnreadableCopy(path, first_line(error)) from error
    _count_on(connection)


def _write(connection: Connection, table: Table, path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    schema = pa.schema([(column.name, _arrow_type(column)) for column in table.columns])
    found = connection.execute(select(table), execution_options={"yield_per": _ROWS_AT_ONCE})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in found.mappings().partitions():
            writer.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema))
    return path


def _rows(path: Path, table: Table) -> Iterator[list[dict[str, object]]]:
    """The rows in portions. A copy of an earlier version may lack columns; one of a later version may have more."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        newer = set(file.schema_arrow.names).difference(table.columns.keys())
        if newer:
            raise ValueError(f"it has columns of a later version: {', '.join(sorted(newer))}")
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            yield batch.to_pylist()


def _arrow_type(column: Column[Any]) -> pa.DataType:
    import pyarrow as pa

    stored = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    types = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary(), str: pa.string()}
    return types[stored.python_type]


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number the next file after the last one; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if (column := table.autoincrement_column) is not None:
            highest = connection.scalar(select(func.max(column)))
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            )
            if highest and sequence:
                connection.execute(
                    text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
                )
