"""One ingest or refresh at a time on a library, and what one that was killed left behind in Dagster.

The lock is the operating system's, so a killed ingest lets go of it. Whoever holds it knows that the runs of every
other ingest are over, whatever Dagster still says. The sensor takes it for a moment in each tick.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import dagster as dg

from photo_assets.at_work import UNENDED
from photo_assets.run_tags import STARTED_BY
from photo_assets.state_folder import make_state_folder
from resources.errors import PhotoPlatformError

# Every run of these commands carries its own, so that no other run is taken for one.
INGEST_TAG = {STARTED_BY: "ingest"}
REFRESH_TAG = {STARTED_BY: "refresh"}

# Whose places in a pool are those of a command that is no run.
COMMAND = "photos-command"

# Longer than a sensor's tick holds the lock.
PATIENCE_S = 2.0


class IngestRunning(PhotoPlatformError):
    """Another ingest or refresh is at work on this library."""

    retryable = True

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"another `photos ingest` or `photos refresh` is at work in {data}. Wait for it or end it; nothing is lost."
        )


@contextmanager
def only_ingest(data: Path, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Be the only ingest of the library whose state lies in `data`. Raises IngestRunning after `patience_s`."""
    make_state_folder(data)
    give_up_at = time.monotonic() + patience_s
    with (data / "ingest.lock").open("w") as lock:
        while not _locked(lock):
            if time.monotonic() >= give_up_at:
                raise IngestRunning(data)
            time.sleep(0.05)
        yield


def ingest_is_under_way(data: Path, instance: dg.DagsterInstance) -> bool:
    """Say whether an ingest is at work; where none is, end what a killed one left behind."""
    try:
        with only_ingest(data, patience_s=0):
            end_killed_runs(instance)
    except IngestRunning:
        return True
    return False


def end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Tell Dagster that the runs of earlier ingests are over, and free their places in the pools.

    Only under `only_ingest`. Without it a killed run would hold its place for ever, and the next would wait for it.
    """
    tags = {STARTED_BY: [tag[STARTED_BY] for tag in (INGEST_TAG, REFRESH_TAG)]}
    instance.event_log_storage.free_concurrency_slots_for_run(COMMAND)
    runs = instance.get_runs(dg.RunsFilter(tags=tags, statuses=UNENDED))
    # One that a person started again in the UI has the tags of the command's, and a process of its own.
    for run in (run for run in runs if run.parent_run_id is None):
        instance.report_run_failed(run, "its process was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
