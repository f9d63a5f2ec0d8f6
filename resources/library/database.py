"""Opening the ledger's database: SQLite in WAL mode, with transactions that really are.

What the tables mean is not known here, only how they are reached and filled in bulk.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, and_, create_engine, event, update

from resources.library.schema import files, metadata

# Two ingests and a sensor may write at once; each transaction is short.
LOCK_WAIT_S = 60

# SQLite takes at most 32,766 variables in one statement.
STATEMENT_VARIABLES = 10_000


def open_database(path: Path) -> Engine:
    """The engine of the SQLite file at `path`, made with its tables if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not as text: a "?" in a folder's name would begin the URL's options.
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    metadata.create_all(engine)
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads and then writes must not fail half way on another writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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
