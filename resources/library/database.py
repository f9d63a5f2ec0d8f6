"""Opening the ledger's database: SQLite in WAL mode or PostgreSQL, with transactions that really are.

What the tables mean is not known here, only how they are reached and filled in bulk.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    create_engine,
    event,
    inspect,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateColumn

from resources.library.schema import files, metadata

# Two ingests and a sensor may write at once; each transaction is short.
LOCK_WAIT_S = 60

# SQLite takes at most 32,766 variables in one statement.
STATEMENT_VARIABLES = 10_000

# Any number that no other program of the same PostgreSQL database uses: "photo led" in ASCII.
_WRITERS_LOCK = 0x70686F746F206C65

_READS_ONLY = "photo_reads_only"


def open_database(path: Path) -> Engine:
    """The engine of the SQLite file at `path`, made with its tables if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not as text: a "?" in a folder's name would begin the URL's options.
    return _opened(URL.create("sqlite", database=str(path)), {"timeout": LOCK_WAIT_S})


def only_reading(engine: Engine) -> Engine:
    """The same database for transactions that write nothing: those wait for no writer and hold none up."""
    return engine.execution_options(**{_READS_ONLY: True})


def _opened(url: URL, arguments: dict[str, Any]) -> Engine:
    engine = create_engine(url, connect_args=arguments)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        metadata.create_all(connection)
        _add_newer_columns(connection)
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """One writer at a time: a transaction that reads and then writes must not fail half way on another writer."""
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
    elif not reads_only:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})"))


def _add_newer_columns(connection: Connection) -> None:
    """Give a ledger of an earlier version the columns it lacks; all of those may be null."""
    known = inspect(connection)
    for table in metadata.tables.values():
        there = {column["name"] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                newer = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {newer}"))
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def upsert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert that can say what to do where the row is there already; both dialects say it alike."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def below(folder: bytes) -> ColumnElement[bool]:
    """The files below a folder: "0" is the byte after "/"."""
    folder = folder.rstrip(b"/")
    return and_(files.c.path > folder + b"/", files.c.path < folder + b"0")


def chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    """`items` in pieces that fit one statement's variables."""
    return [items[start : start + STATEMENT_VARIABLES] for start in range(0, len(items), STATEMENT_VARIABLES)]


def set_by_id(connection: Connection, ids: Sequence[int], **values: Any) -> None:
    """Give the files with these ids new values."""
    for chunk in chunks(ids):
        connection.execute(update(files).where(files.c.id.in_(chunk)).values(**values))
