"""One ingest at a time on a library, and what an ingest that was killed left behind in Dagster.

The lock is the operating system's, so a killed ingest lets go of it. Whoever holds it knows that the runs of every
other ingest are over, whatever Dagster still says.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from resources.errors import PhotoPlatformError

# Every run of an ingest carries it, so that no other run is taken for one.
INGEST_TAG = {"photos/started_by": "ingest"}
UNENDED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


class IngestRunning(PhotoPlatformError):
    """Another ingest is at work on this library."""

    retryable = True

    def __init__(self, data: Path) -> None:
        super().__init__(f"another `photos ingest` is at work in {data}. Wait for it, or end it; nothing is lost.")


@contextmanager
def only_ingest(data: Path) -> Iterator[None]:
    """Be the only ingest of the library whose state lies in `data`. Raises IngestRunning."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "ingest.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IngestRunning(data) from None
        yield


def end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Tell Dagster that the runs of earlier ingests are over, and free their places in the pools.

    Only under `only_ingest`. Without it a killed run would hold its place for ever, and the next would wait for it.
    """
    for run in instance.get_runs(dg.RunsFilter(tags=INGEST_TAG, statuses=UNENDED)):
        instance.report_run_failed(run, "its process was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
