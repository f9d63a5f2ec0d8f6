"""The ways from files to points, each timed from outside: a plain loop, `photos ingest`.

A sample has the `root` of the photos, `wall_s`, `steps` (each [name, begin, end] in seconds after the clock began) and
`peak_mb`. The third way is the sensor's (orchestration_daemon.py).
"""

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.fresh import sample_of
from benchmarks.memory import PeakMemory
from benchmarks.processes import running
from benchmarks.product import environment_for
from photo_assets.instance import open_instance
from photo_assets.settings import Settings, load_settings

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
    return sample_from(place.root, wall_s, began, sample["steps"], sample["peak_mb"])


def ingest(place: Place) -> Sample:
    """The command, as a user gives it."""
    command = [sys.executable, "-m", "photo_assets", "ingest"]
    place.scratch.mkdir(parents=True, exist_ok=True)
    began, clock = time.time(), time.perf_counter()
    with (
        (place.scratch / "ingest.log").open("w") as log,
        running(command, stdout=log, stderr=log, env=place.environment()) as process,
        PeakMemory(process.pid) as memory,
    ):
        failed = process.wait()
        wall_s = time.perf_counter() - clock
    if failed:
        raise SystemExit((place.scratch / "ingest.log").read_text())
    with open_instance(place.settings()) as instance:
        return sample_from(place.root, wall_s, began, steps_of(instance), memory.peak_bytes / 1e6)


def sample_from(root: Path, wall_s: float, began: float, steps: Iterable[Step], peak_mb: float) -> Sample:
    """The sample of a way that took `wall_s` from `began` on; steps and `began` are in seconds since the epoch."""
    told = [(name, round(begin - began, 3), round(end - began, 3)) for name, begin, end in steps]
    return {"root": str(root), "wall_s": round(wall_s, 2), "peak_mb": round(peak_mb), "steps": told}


def steps_of(instance: dg.DagsterInstance) -> list[Step]:
    """The name, begin and end of every ended step of every run."""
    stats = (step for run in instance.get_runs() for step in instance.get_run_step_stats(run.run_id))
    return sorted((step.step_key, step.start_time, step.end_time) for step in stats if step.end_time)
