"""The way of photos that are dropped into a watched folder: the sensor with Dagster's daemon.

The clock starts when the sensor asks for the first run: that it looks twice before, 30 s apart, is `until_asked_s`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.memory import PeakMemory
from benchmarks.orchestration_ways import Place, Sample, sample_from, steps_of
from benchmarks.processes import running
from photo_assets.definitions import open_resource
from photo_assets.instance import open_instance
from photo_assets.settings import Settings

LOOK_S = 5.0  # a look takes a tenth of a core's second, and when all ended is told by the runs
END_S = 60.0  # for the daemon to end by itself
# Far beyond what it takes, so that whatever hangs ends before the night does.
PATIENCE_S, PATIENCE_PER_PHOTO_S = 600.0, 0.5
TOLD_LINES = 40


@dataclass(frozen=True)
class Watch:
    """A running daemon, its log, and the instance that has its runs; `give_up_at` is of the monotonic clock."""

    process: "subprocess.Popen[Any]"
    log: Path
    instance: dg.DagsterInstance
    give_up_at: float

    def until(self, so: Callable[[], object]) -> None:
        """Wait; raises SystemExit where the daemon has ended, a batch's run has failed, or it takes too long."""
        while not so():
            if reason := self._reason_to_end():
                raise SystemExit("\n".join([reason, *self.log.read_text().splitlines()[-TOLD_LINES:]]))
            time.sleep(LOOK_S)

    def batch_runs(self) -> list[Any]:
        """The records of the batches' runs."""
        return list(self.instance.get_run_records(dg.RunsFilter(job_name="ingest_batch")))

    def _reason_to_end(self) -> str:
        if self.process.poll() is not None:
            return f"the daemon has ended with exit code {self.process.returncode}:"
        if failed := [run.dagster_run.run_id for run in self.batch_runs() if run.dagster_run.is_failure]:
            return f"{len(failed)} of the runs of ingest_batch failed, among them {failed[0]}:"
        return "the daemon is not done after all the time that it was given:" if self._is_late() else ""

    def _is_late(self) -> bool:
        return time.monotonic() > self.give_up_at


def daemon(place: Place) -> Sample:
    """Photos moved at once into a watched folder that the running daemon's sensor has looked at before."""
    watched = Place(place.scratch / "watched", place.scratch)
    shutil.copytree(place.root, place.scratch / "photos", copy_function=os.link)
    watched.root.mkdir()
    (watched.root / "no-photo.txt").touch()
    photos = sum(path.is_file() for path in (place.scratch / "photos").rglob("*"))
    with open_instance(watched.settings()) as instance, _running_daemon(place.scratch) as process:
        give_up_at = time.monotonic() + PATIENCE_S + PATIENCE_PER_PHOTO_S * photos
        watch = Watch(process, _log(place.scratch), instance, give_up_at)
        with PeakMemory(process.pid) as memory:
            dropped = _drop_and_wait(watched, watch)
        return _sample(watched, watch, dropped, memory.peak_bytes / 1e6)


def _drop_and_wait(watched: Place, watch: Watch) -> float:
    """When the photos were dropped, in seconds since the epoch; returns when all of them are through."""
    settings = watched.settings()
    watch.until(lambda: _counts(settings)["ignored"])  # the sensor has looked
    dropped = time.time()
    (watched.scratch / "photos").rename(watched.root / "photos")
    watch.until(lambda: _is_done(settings))
    watch.until(lambda: all(run.end_time for run in watch.batch_runs()))
    return dropped


def _sample(watched: Place, watch: Watch, dropped: float, peak_mb: float) -> Sample:
    runs = watch.batch_runs()
    asked, ended = (min(run.create_timestamp.timestamp() for run in runs), max(run.end_time for run in runs))
    sample = sample_from(watched.root / "photos", ended - asked, asked, steps_of(watch.instance), peak_mb)
    return sample | {"until_asked_s": round(asked - dropped, 2), "runs": len(runs)}


@contextmanager
def _running_daemon(scratch: Path) -> Iterator["subprocess.Popen[Any]"]:
    command = [sys.executable, "-m", "dagster._daemon", "run", "--module-name", "photo_assets.definitions"]
    with _log(scratch).open("w") as log, running(command, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)


def _log(scratch: Path) -> Path:
    return scratch / "daemon.log"


def _is_done(settings: Settings) -> bool:
    counts = _counts(settings)
    return bool(counts["files"]) and counts["pending"] == 0


def _counts(settings: Settings) -> dict[str, int]:
    with open_resource(settings, "library").ledger() as ledger:
        counts: dict[str, int] = ledger.counts()
        return counts
