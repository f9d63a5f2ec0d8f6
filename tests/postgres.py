"""A PostgreSQL server of the tests' own, from the binaries of the system's package; each ledger gets a schema there.

Schemas are emptied and used again, because making a ledger's tables takes longer than most tests. The server listens
on a socket in its own folder only, and what it stores need not outlive the machine.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg2

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))

# A crash of the machine may lose the tests' data; a server that never syncs is several times faster.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")

EMPTY = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'
    LOOP EXECUTE format('DELETE FROM {schema}.%I', name); END LOOP;
END $$
"""


class Postgres:
    """A server, running or stopped. Raises FileNotFoundError where none is installed."""

    def __init__(self, folder: Path) -> None:
        if not BINARIES:
            raise FileNotFoundError("no PostgreSQL below /usr/lib/postgresql; apt-get install postgresql")
        self.folder, self._binaries = folder, BINARIES[-1].parent
        self._schemas, self._empty = count(), list[str]()
        self._run("initdb", "--no-sync", "--auth=trust", "--username=photos", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        settings = [f"-c {option}" for option in (*OPTIONS, f"unix_socket_directories={self.folder}")]
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder}/log", "--options", " ".join(settings))

    def stop(self, mode: str = "fast") -> None:
        """End it, and every connection to it; `immediate` writes nothing more and may lose what was committed."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def sql(self, statement: str) -> None:
        """Do it, in a transaction of its own where that is possible."""
        with closing(psycopg2.connect(host=str(self.folder), user="photos", dbname="postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def new_schema(self) -> str:
        """The name of a schema without any table."""
        schema = f"ledger_{next(self._schemas)}"
        self.sql(f"CREATE SCHEMA {schema}")
        return schema

    def url(self, schema: str) -> str:
        return f"postgresql://photos@/postgres?host={quote(str(self.folder))}&options=-csearch_path%3D{schema}"

    @contextmanager
    def empty_place(self) -> Iterator[str]:
        """The URL of a schema without rows and perhaps with tables, for nobody else while the context lasts."""
        schema = self._empty.pop() if self._empty else self.new_schema()
        yield self.url(schema)
        self.sql(EMPTY.format(schema=schema))
        self._empty.append(schema)

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._binaries / program, *arguments, f"--pgdata={self.folder}/data"]
        # The server refuses to run as root; a server that inherits a pipe would keep it open.
        user = "postgres" if os.geteuid() == 0 else None
        subprocess.run(command, check=True, user=user, group=user, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def running() -> Iterator[Postgres]:
    """A server for as long as the context lasts; in a folder that its user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="photos-postgres-") as folder:
        if os.geteuid() == 0:
            subprocess.run(["chown", "postgres:", folder], check=True)
        postgres = Postgres(Path(folder))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop("immediate")
