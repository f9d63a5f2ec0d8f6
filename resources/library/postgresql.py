"""Reaching a ledger on PostgreSQL: its URL, its driver, and what a session of it is told.

Nothing of the tables and no statement of the ledger's; database.py does with the engine what it does with SQLite's.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

from resources.library.errors import LedgerUnusable

# Any number that no other program of the same database uses: "photo led" in ASCII.
WRITERS_LOCK = 0x70686F746F206C65

# Who has waited for the writers' lock must see what the one before has written, whatever the server's default is.
_WRITING = "READ COMMITTED"

# Of transactions that write nothing: what they read is of one moment, however many statements it takes.
READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_CONNECT_WAIT_S = 10


def open_postgresql(named: str, lock_wait_s: int) -> Engine:
    """The engine of the database that this URL names; no connection is made yet. Raises LedgerUnusable."""
    url = make_url(named)
    # The URL's own options go first, but for the encoding: paths' names are of any script.
    options = {"connect_timeout": str(_CONNECT_WAIT_S)} | dict(url.query) | {"client_encoding": "utf8"}
    url = url.set(drivername="postgresql+psycopg2", query=options)
    try:
        # A server that was started anew costs a ping and no error; updates in bulk are sent by the hundred.
        engine = create_engine(url, pool_pre_ping=True, executemany_mode="values_plus_batch", isolation_level=_WRITING)
    except ModuleNotFoundError as error:
        remedy = "Install it with `pip install --constraint constraints.txt '.[postgres]'` in the checkout"
        raise LedgerUnusable(shown(url), f"its driver is missing ({error.name})", remedy) from None
    event.listen(engine, "connect", _configured(shown(url), lock_wait_s))
    return engine


def shown(url: URL) -> str:
    """The URL as far as a person needs it: neither user nor password, wherever it holds them."""
    host = url.host or str(url.query.get("host", ""))
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def _configured(where: str, lock_wait_s: int) -> Callable[[Any, object], None]:
    def configure(connection: Any, _record: object) -> None:
        encoding = connection.get_parameter_status("server_encoding")
        if encoding != "UTF8":
            remedy = "Create one with `createdb --encoding UTF8 --template template0`"
            raise LedgerUnusable(where, f"its encoding is {encoding}, which cannot hold every file's name", remedy)
        with connection.cursor() as cursor:
            # A process that was stopped in the middle of a transaction must not hold up the others for ever.
            for timeout in ("lock_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute(f"SET {timeout} = '{lock_wait_s}s'")
        connection.commit()

    return configure
