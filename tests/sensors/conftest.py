"""A watched folder, a Dagster instance of its own, and a daemon that does with a tick's result what Dagster's does."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets.partitions import BATCHES
from resources.library.ledger import Ledger
from resources.library.look import look_over
from resources.library.looking import SETTLE_S
from resources.library.resource import LibraryResource


@dataclass
class Watched:
    """The library as the sensor is given it."""

    root: Path
    library: LibraryResource
    instance: dg.DagsterInstance

    def differently(self, **changes: object) -> LibraryResource:
        """The library with another configuration."""
        configured = {name: getattr(self.library, name) for name in LibraryResource.model_fields}
        return LibraryResource(**(configured | changes))

    def put(self, *names: str) -> None:
        """Write files, each of other bytes."""
        for name in names:
            (self.root / name).write_bytes(name.encode())

    def settle(self) -> None:
        """An earlier look, so long ago that the next one finds everything at rest."""
        with self.library.ledger() as ledger:
            look_over(ledger, self.root, now=time.time() - 2 * SETTLE_S)

    def planned(self) -> list[str]:
        """The batches that no run has finished."""
        with self.library.ledger() as ledger:
            return ledger.planned_batches()

    def partitions(self) -> set[str]:
        """The partitions that Dagster knows."""
        return set(self.instance.get_dynamic_partitions(str(BATCHES.name)))

    def submit(self, requests: list[dg.RunRequest], status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> None:
        """Make the runs that were asked for, with the tags that Dagster gives them."""
        for request in requests:
            tags = {"dagster/run_key": str(request.run_key)}
            if request.partition_key is not None:
                assert request.partition_key in self.partitions()
                tags["dagster/partition"] = request.partition_key
            create_run_for_test(self.instance, str(request.job_name or "ingest_batch"), tags=tags, status=status)

    def register(self, result: dg.SensorResult) -> None:
        """Add the partitions that a tick asked for."""
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """One for all tests, whose batches have keys of their own: making one takes two seconds.

    Not an ephemeral one, because a schedule's context opens it anew.
    """
    folder = tmp_path_factory.mktemp("dagster")
    with dg.DagsterInstance.local_temp(str(folder), {"telemetry": {"enabled": False}}) as instance:
        yield instance


@pytest.fixture
def watched(tmp_path: Path, instance: dg.DagsterInstance) -> Watched:
    root = tmp_path / "photos"
    root.mkdir()
    library = LibraryResource(
        ledger_path=str(tmp_path / "data" / "ledger.sqlite"),
        roots=[str(root)],
        state_directory=str(tmp_path / "data"),
        batch_size=2,
    )
    return Watched(root, library, instance)


def finish(watched: Watched, batch: str) -> None:
    """End a batch with no photo."""
    with Ledger(Path(watched.library.ledger_path)) as ledger:
        ledger.finish_batch(batch, [])
