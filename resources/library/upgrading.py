"""Making the ledger's tables, and giving a ledger of an earlier version the columns and indexes it lacks.

Newer columns may all be null, so nothing is ever converted and an earlier version goes on with the same ledger.
"""

from sqlalchemy import Column, Connection, Index, inspect, text
from sqlalchemy.schema import CreateColumn

from resources.library.schema import metadata


def lacks_something(connection: Connection) -> bool:
    """Say whether `make_tables` has anything to do; only reads."""
    return any(_lacking(connection))


def make_tables(connection: Connection) -> None:
    """Make what is lacking: tables, or columns and indexes of them."""
    metadata.create_all(connection)
    columns, indexes = _lacking(connection)
    for column in columns:
        newer = CreateColumn(column).compile(dialect=connection.dialect)
        connection.execute(text(f"ALTER TABLE {column.table.name} ADD COLUMN {newer}"))
    for index in indexes:
        index.create(connection)


def _lacking(connection: Connection) -> tuple[list[Column[object]], list[Index]]:
    known, tables, dialect = inspect(connection), metadata.tables.values(), connection.dialect.name
    columns = {(table, column["name"]) for (_, table), found in known.get_multi_columns().items() for column in found}
    indexes = {index["name"] for found in known.get_multi_indexes().values() for index in found}
    wanted = [index for table in tables for index in table.indexes if index.info.get("dialect", dialect) == dialect]
    return (
        [column for table in tables for column in table.columns if (table.name, column.name) not in columns],
        [index for index in wanted if index.name not in indexes],
    )
