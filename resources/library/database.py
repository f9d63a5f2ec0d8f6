"""Opening the ledger's database: SQLite in WAL mode or PostgreSQL, with transactions that really are.

What the tables mean is not known here, only how they are reached and filled in bulk.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    ExceptionContext,
    Table,
    and_,
    create_engine,
    event,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from resources.errors import first_line
from resources.library import path_index, upgrading
from resources.library.errors import LedgerUnavailable
from resources.library.postgresql import READING, WRITERS_LOCK, open_postgresql
from resources.library.postgresql import shown as postgresql_shown
from resources.library.schema import files

# Two ingests and a sensor may write at once; each transaction is short.
LOCK_WAIT_S = 60
_LOCK_POLL_S = 0.01

# SQLite takes at most 32,766 variables in one statement.
STATEMENT_VARIABLES = 10_000

_READS_ONLY = "photo_reads_only"


def open_database(where: Path | str) -> Engine:
    """The engine of the SQLite file or the PostgreSQL URL, its tables made if absent.

    Raises LedgerUnavailable, as every later use of the engine does, and LedgerUnusable.
    """
    if isinstance(where, Path):
        engine, shown = _open_sqlite(where), str(where)
    else:
        engine = open_postgresql(where, LOCK_WAIT_S)
        shown = postgresql_shown(engine.url)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _translating(shown))
    _complete(engine)
    return engine


def only_reading(engine: Engine) -> Engine:
    """The same database for transactions that write nothing: those wait for no writer and hold none up."""
    reading = READING if engine.dialect.name == "postgresql" else {}
    return engine.execution_options(**{_READS_ONLY: True}, **reading)


def _complete(engine: Engine) -> None:
    with only_reading(engine).begin() as connection:  # to open a ledger that is complete waits for no writer
        lacks_something = upgrading.lacks_something(connection)
    if lacks_something:
        with engine.begin() as connection:
            upgrading.make_tables(connection)


def _open_sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not as text: a "?" in a folder's name would begin the URL's options.
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": LOCK_WAIT_S})
    event.listen(engine, "connect", _configure)
    return engine


def _translating(where: str) -> Callable[[ExceptionContext], None]:
    def translate(context: ExceptionContext) -> None:
        is_ours = context.is_disconnect or isinstance(context.sqlalchemy_exception, OperationalError)
        # To be interrupted is no error of the database's, though the connection is lost.
        is_error = isinstance(context.original_exception, Exception)
        if is_ours and is_error and not context.is_pre_ping:  # a ping that fails is answered with a new connection
            raise LedgerUnavailable(where, first_line(context.original_exception))

    return translate


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """WAL mode; where another process has begun to write into a new file, SQLite refuses that without waiting."""
    give_up_at = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(_LOCK_POLL_S)
        else:
            return


def _begin(connection: Connection) -> None:
    """One writer at a time: a transaction that reads and then writes must not fail half way on another writer."""
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
    elif not reads_only:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"))


def upsert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert that can say what to do where the row is there already; both dialects say it alike."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def below(folder: bytes, after: bytes = b"", until: bytes | None = None) -> ColumnElement[bool]:
    """The files below a folder, or those of them after one path and up to another. "0" is the byte after "/"."""
    begin, end = folder.rstrip(b"/") + b"/", folder.rstrip(b"/") + b"0"
    # One bound at each end: SQLite looks up no more, and would read all of the folder for each portion of it.
    return and_(_between(max(begin, after), end if until is None else until), files.c.path != end)


def _between(after: bytes, until: bytes) -> ColumnElement[bool]:
    return and_(path_index.after(files.c.path, after), path_index.up_to(files.c.path, until))


def chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    """`items` in pieces that fit one statement's variables."""
    return [items[start : start + STATEMENT_VARIABLES] for start in range(0, len(items), STATEMENT_VARIABLES)]


def set_by_id(connection: Connection, ids: Sequence[int], **values: Any) -> None:
    """Give the files with these ids new values."""
    for chunk in chunks(ids):
        connection.execute(update(files).where(files.c.id.in_(chunk)).values(**values))
