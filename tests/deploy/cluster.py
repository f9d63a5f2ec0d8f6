"""The deployment past one host as a test has it: Redis, PostgreSQL and the daemon on the head, workers on machines.

Dagster is configured by docs/deploy/dagster.celery.yaml with the head's address for its services' names.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from dagster import DagsterInstance

import tests.postgres
from photo_assets.definitions import open_resource
from photo_assets.settings import Settings
from tests.deploy import machines
from tests.deploy.files import DEPLOY, ROOT
from tests.deploy.machines import HEAD, Machine

BINARIES = Path(sys.executable).parent
REDIS_PORT, QDRANT_PORT = 6391, 6392


def missing() -> str:
    """Why there can be none here; empty if there can."""
    if not shutil.which("redis-server"):
        return "no Redis is installed; apt-get install redis-server"
    if not tests.postgres.BINARIES:
        return "no PostgreSQL is installed; apt-get install postgresql"
    return machines.missing()


class _Postgres(tests.postgres.Postgres):
    """One that the machines reach by the head's address."""

    def start(self) -> None:
        with (self.folder / "data" / "pg_hba.conf").open("a") as access:
            access.write(f"host all all {HEAD}/24 trust\n")
        options = f"-c listen_addresses={HEAD} -c unix_socket_directories={self.folder} -c max_connections=200"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder}/log", "--options", options)


class Cluster:
    """The head's services, running; `folder` is what all machines mount."""

    def __init__(self, folder: Path, batch: int, ending: ExitStack) -> None:
        self._folder, self._batch, self._ending = folder, batch, ending
        self.library, self._logs = folder / "library", folder / "logs"
        for made in (self.library, self._logs, folder / "dagster"):
            made.mkdir()
        self._redis_password = secrets.token_hex(8)
        (folder / "dagster" / "dagster.yaml").write_text(_configuration(folder))
        self._machines: list[Machine] = []
        self._start_services()

    @property
    def env(self) -> dict[str, str]:
        """What every process of the platform gets."""
        return os.environ | {
            "DAGSTER_HOME": str(self._folder / "dagster"),
            "POSTGRES_PASSWORD": "any",
            "PHOTO_LEDGER_URL": f"postgresql://photos@{HEAD}:5432/photos",
            "PHOTO_CELERY_URL": f"redis://:{self._redis_password}@{HEAD}:{REDIS_PORT}/0",
            "QDRANT_URL": f"http://{HEAD}:{QDRANT_PORT}",
            "PHOTO_LIBRARY": str(self.library),
            "PHOTO_DATA": str(self._folder / "data"),
            "PHOTO_MODELS": "small",
            "PHOTO_BATCH_SIZE": str(self._batch),
            "PHOTO_WORKERS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }

    @property
    def settings(self) -> Settings:
        """The platform's settings there."""
        return Settings(
            **{name.lower(): value for name, value in self.env.items() if name.startswith(("PHOTO_", "QD"))}
        )

    def join(self) -> Machine:
        """Another machine, with a worker that is ready."""
        machine = Machine(len(self._machines) + 1)
        self._machines.append(machine)
        self._ending.callback(machine.remove)
        name = f"celery@{machine.name}"
        app = [str(BINARIES / "celery"), "--app=photo_assets.celery_worker"]
        worker = [*app, "worker", "--concurrency=1", "--queues=gpu,cpu", f"--hostname={name}"]
        machine.start(worker, self.env, self._logs / f"{machine.name}.log")
        ping = [*app, "inspect", "--timeout=2", f"--destination={name}", "ping"]
        _wait_for(f"worker {name}", lambda: self._succeeds(ping))
        return machine

    def _start_services(self) -> None:
        folder = Path(self._ending.enter_context(_folder_of("postgres")))
        postgres = _Postgres(folder)
        postgres.start()
        self._ending.callback(postgres.stop, "immediate")
        for database in ("dagster", "photos"):
            postgres.sql(f"CREATE DATABASE {database}")
        redis = ["redis-server", "--bind", HEAD, "--port", str(REDIS_PORT), "--save", "", "--dir", str(self._folder)]
        self._start("redis", [*redis, "--requirepass", self._redis_password])
        stand_in = [sys.executable, "-m", "tests.vectors.qdrant_stand_in", "--host", HEAD, "--port", str(QDRANT_PORT)]
        self._start("qdrant", stand_in)
        self._prepare()
        self._start("daemon", [str(BINARIES / "dagster-daemon"), "run", "-m", "photo_assets.definitions"])

    def _prepare(self) -> None:
        """As the service of that name."""
        os.environ.update(self.env)
        with DagsterInstance.get() as instance:
            for pool, limit in {"decoding": 64, "device": 64, "collection": 1}.items():
                instance.event_log_storage.set_concurrency_slots(pool, limit)
        open_resource(self.settings, "library").ledger().close()

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self._logs / f"{name}.log").open("ab") as told:
            started = subprocess.Popen(command, env=self.env, stdout=told, stderr=told, cwd=self._folder)
        self._ending.callback(_end, started)

    def _succeeds(self, command: Sequence[str]) -> bool:
        return subprocess.run(command, env=self.env, cwd=self._folder, capture_output=True).returncode == 0


@contextmanager
def cluster(folder: Path, batch: int) -> Iterator[Cluster]:
    """All of it with batches of so many photos, gone at the end."""
    with ExitStack() as ending:
        ending.enter_context(machines.network())
        yield Cluster(folder, batch, ending)


@contextmanager
def _folder_of(user: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix=f"photos-{user}-") as folder:
        shutil.chown(folder, user, user)
        yield folder


def _configuration(folder: Path) -> str:
    text = (DEPLOY / "dagster.celery.yaml").read_text()
    return text.replace("hostname: postgres", f"hostname: {HEAD}").replace(
        "base_dir: /logs", f"base_dir: {folder}/logs"
    )


def _wait_for(what: str, reached: Callable[[], bool], seconds: float = 180.0) -> None:
    give_up_at = monotonic() + seconds
    while not reached():
        if monotonic() > give_up_at:
            raise TimeoutError(f"{what} is not there after {seconds:.0f} s")
        sleep(0.5)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
