"""A PostgreSQL server of the tests' own, from the binaries of the system's package; each ledger gets a schema there.

It listens on a socket in its own folder only, and what it stores need not outlive the machine.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))

# A crash of the machine may lose the tests' data; a server that never syncs is several times faster.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")


class Postgres:
    """A server, running or stopped. Raises FileNotFoundError where none is installed."""

    def __init__(self, folder: Path) -> None:
        if not BINARIES:
            raise FileNotFoundError("no PostgreSQL below /usr/lib/postgresql; apt-get install postgresql")
        self.folder, self._binaries, self._numbers = folder, BINARIES[-1].parent, count()
        self._run("initdb", "--no-sync", "--auth=trust", "--username=photos", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        settings = [f"-c {option}" for option in (*OPTIONS, f"unix_socket_directories={self.folder}")]
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder}/log", "--options", " ".join(settings))

    def stop(self) -> None:
        """End it, and every connection to it."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast")

    def sql(self, statement: str) -> str:
        """What psql prints of it."""
        command = [self._binaries / "psql", "-h", self.folder, "-U", "photos", "-d", "postgres", "-XAtqc", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def new_url(self) -> str:
        """The URL of an empty schema that nothing else uses."""
        schema = f"ledger_{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {schema}")
        return f"postgresql://photos@/postgres?host={quote(str(self.folder))}&options=-csearch_path%3D{schema}"

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
            postgres.stop()
