"""The ways from files to points, each timed from outside: a plain loop, `photos ingest`, the sensor with its daemon.

A sample has the `root` of the photos, `wall_s`, `steps` (each [name, begin, end] in seconds after the clock began) and
`peak_mb`. The daemon's clock starts when the sensor asks for the first run: that it looks twice before, 30 s apart, is
`until_asked_s`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.fresh import sample_of
from benchmarks.memory import PeakMemory
from benchmarks.product import environment_for
from photo_assets.definitions import open_resource
from photo_assets.instance import open_instance
from photo_assets.settings import Settings, load_settings

GIVE_UP_S = 4 * 3600.0
LOOK_S = 5.0  # a look takes a tenth of a core's second, and when all ended is told by the runs

Sample = dict[str, Any]
Step = tuple[str, float, float]


@dataclass(frozen=True)
class Place:
    """Where one way is gone: the photos, and a folder for its state; the daemon watches a folder of its own."""

    root: Path
    scratch: Path

    def environment(self) -> dict[str, str]:
        """The settings of this way's processes."""
        return dict(os.environ) | environment_for(self.root, self.scratch / "data")

    def settings(self) -> Settings:
        """The same for this process, which looks at what the others do."""
        os.environ |= self.environment()
        return load_settings()


def plain(place: Place) -> Sample:
    """The steps in a loop, in a process of their own."""
    began, clock = time.time(), time.perf_counter()
    sample = sample_of("benchmarks.plain_once", environment=place.environment(), with_peak=True)
    wall_s = time.perf_counter() - clock
    return _sample(place.root, wall_s, began, sample["steps"], sample["peak_mb"])


def ingest(place: Place) -> Sample:
    """The command, as a user gives it."""
    command = [sys.executable, "-m", "photo_assets", "ingest"]
    place.scratch.mkdir(parents=True, exist_ok=True)
    began, clock = time.time(), time.perf_counter()
    with (place.scratch / "ingest.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=place.environment())
        with PeakMemory(process.pid) as memory:
            failed = process.wait()
    wall_s = time.perf_counter() - clock
    if failed:
        raise SystemExit((place.scratch / "ingest.log").read_text())
    with open_instance(place.settings()) as instance:
        return _sample(place.root, wall_s, began, _steps(instance), memory.peak_bytes / 1e6)


def daemon(place: Place) -> Sample:
    """Photos moved at once into a watched folder that the running daemon's sensor has looked at before."""
    watched = Place(place.scratch / "watched", place.scratch)
    shutil.copytree(place.root, place.scratch / "photos", copy_function=os.link)
    watched.root.mkdir()
    (watched.root / "no-photo.txt").touch()
    settings = watched.settings()
    with open_instance(settings) as instance, _running_daemon(place.scratch) as memory:
        _wait_until(lambda: _counts(settings)["ignored"])  # the sensor has looked
        dropped = time.time()
        (place.scratch / "photos").rename(watched.root / "photos")
        _wait_until(lambda: _is_done(settings))
        _wait_until(lambda: all(run.end_time for run in _batch_runs(instance)))
        runs = _batch_runs(instance)
        asked, ended = (min(run.create_timestamp.timestamp() for run in runs), max(run.end_time for run in runs))
        root = watched.root / "photos"
        sample = _sample(root, ended - asked, asked, _steps(instance), memory.peak_bytes / 1e6)
    return sample | {"until_asked_s": round(asked - dropped, 2), "runs": len(runs)}


def _sample(root: Path, wall_s: float, began: float, steps: Iterable[Step], peak_mb: float) -> Sample:
    told = [(name, round(begin - began, 3), round(end - began, 3)) for name, begin, end in steps]
    return {"root": str(root), "wall_s": round(wall_s, 2), "peak_mb": round(peak_mb), "steps": told}


def _steps(instance: dg.DagsterInstance) -> list[Step]:
    stats = (step for run in instance.get_runs() for step in instance.get_run_step_stats(run.run_id))
    return sorted((step.step_key, step.start_time, step.end_time) for step in stats if step.end_time)


def _batch_runs(instance: dg.DagsterInstance) -> list[Any]:
    return list(instance.get_run_records(dg.RunsFilter(job_name="ingest_batch")))


@contextmanager
def _running_daemon(scratch: Path) -> Iterator[PeakMemory]:
    command = [sys.executable, "-m", "dagster._daemon", "run", "--module-name", "photo_assets.definitions"]
    with (scratch / "daemon.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with PeakMemory(process.pid) as memory:
            yield memory
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_until(so: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + GIVE_UP_S
    while not so():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"not done after {GIVE_UP_S:.0f} s")
        time.sleep(LOOK_S)


def _is_done(settings: Settings) -> bool:
    counts = _counts(settings)
    return bool(counts["files"]) and counts["pending"] == 0


def _counts(settings: Settings) -> dict[str, int]:
    with open_resource(settings, "library").ledger() as ledger:
        counts: dict[str, int] = ledger.counts()
        return counts
