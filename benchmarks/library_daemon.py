"""The real sensor and daemon against a plain loop over the same steps: what the orchestration costs.

Measured: photos dropped into a watched folder until the ledger has all of them, and the same photos through the same
functions in one process without Dagster, models loaded in both. Not measured: rendering the photos, the daemon's own
start. `python -m benchmarks.library_daemon --photos 300`; the result is benchmarks/results/library_daemon_PHOTOS.json.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer

from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import keep
from photo_assets.definitions import open_resource
from photo_assets.demo.library import generate_library
from photo_assets.instance import open_instance
from photo_assets.settings import Settings, load_settings

GIVE_UP_S = 4 * 3600.0

Sample = dict[str, Any]


def main(
    photos: Annotated[int, typer.Option(help="How many photos.")] = 10_000,
    library: Annotated[Path | None, typer.Option(help="Where the photos are kept between runs.")] = None,
    batch_size: Annotated[int, typer.Option(help="PHOTO_BATCH_SIZE.")] = 256,
) -> None:
    """Render the photos if absent, measure both ways on fresh state, keep the samples."""
    place = environment() | {"load_before": round(os.getloadavg()[0], 2)}
    # A run may still be writing its last event when the daemon has gone.
    with tempfile.TemporaryDirectory(prefix="daemon-", ignore_cleanup_errors=True) as scratch:
        folder = (library or Path(scratch) / "photos").resolve()
        generate_library(folder, photos, seed=11)
        samples: list[Sample] = []
        for way in (plain, daemon):
            sample = way(folder, Path(scratch) / way.__name__, batch_size)
            samples.append({"photos": photos, "batch_size": batch_size} | sample)
            typer.echo(json.dumps(samples[-1], indent=1))
    orchestration = samples[1]["work_s"] / samples[0]["wall_s"] - 1
    typer.echo(f"orchestration, from the first run's start on: {orchestration:+.1%} of the plain loop")
    keep(f"library_daemon_{photos}", place, samples)


def plain(folder: Path, scratch: Path, batch_size: int) -> Sample:
    """The steps in a loop, in a process of their own."""
    environment_of_it = _environment(folder, scratch, batch_size)
    started = time.perf_counter()
    sample = sample_of("benchmarks.library_plain", environment=environment_of_it)
    return {"way": "plain", "wall_s": round(time.perf_counter() - started, 2)} | sample


def daemon(folder: Path, scratch: Path, batch_size: int) -> Sample:
    """Photos moved at once into a watched folder that the running daemon's sensor has looked at before."""
    watched = scratch / "watched"
    watched.mkdir(parents=True)
    (watched / "no-photo.txt").touch()
    shutil.copytree(folder, scratch / "photos")
    os.environ |= _environment(watched, scratch, batch_size)
    settings = load_settings()
    with open_instance(settings) as instance, _running_daemon(scratch):
        _wait_until(lambda: _counts(settings)["ignored"])  # the sensor has looked
        started = time.time()
        (scratch / "photos").rename(watched / "photos")
        _wait_until(lambda: _is_done(settings))
        wall_s = time.time() - started
        of_batches = dg.RunsFilter(job_name="ingest_batch")
        _wait_until(lambda: all(run.end_time for run in instance.get_run_records(of_batches)))
        runs = instance.get_run_records(of_batches)
        return {"way": "daemon", "wall_s": round(wall_s, 2)} | _shares(instance, runs, started, started + wall_s)


def _shares(instance: dg.DagsterInstance, runs: Sequence[Any], dropped: float, ended: float) -> Sample:
    """Where the time went: seconds until the first run's first step, then the runs' own parts, summed over the runs."""
    steps = {run.dagster_run.run_id: instance.get_run_step_stats(run.dagster_run.run_id) for run in runs}
    first = min(step.start_time for stats in steps.values() for step in stats)
    queued = sum(run.start_time - run.create_timestamp.timestamp() for run in runs)
    launched = sum(min(step.start_time for step in steps[run.dagster_run.run_id]) - run.start_time for run in runs)
    inside = Counter[str]()
    for step in (step for stats in steps.values() for step in stats):
        inside[step.step_key] += step.end_time - step.start_time
    between = sum(run.end_time - run.start_time for run in runs) - launched - inside.total()
    shares = {"until_first_step_s": first - dropped, "work_s": ended - first, "queued_s": queued, "begun_s": launched}
    rounded = {name: round(seconds, 2) for name, seconds in (shares | {"between_steps_s": between}).items()}
    return rounded | {"runs": len(runs), "steps_s": {name: round(seconds, 2) for name, seconds in inside.items()}}


def _environment(root: Path, scratch: Path, batch_size: int) -> dict[str, str]:
    own = {"PHOTO_LIBRARY": str(root), "PHOTO_DATA": str(scratch / "data"), "PHOTO_MODELS": "small", "DAGSTER_HOME": ""}
    return dict(os.environ) | own | {"PHOTO_BATCH_SIZE": str(batch_size)}


@contextmanager
def _running_daemon(scratch: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "dagster._daemon", "run", "--module-name", "photo_assets.definitions"]
    with (scratch / "daemon.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_until(so: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + GIVE_UP_S
    while not so():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"not done after {GIVE_UP_S:.0f} s")
        time.sleep(1)


def _is_done(settings: Settings) -> bool:
    counts = _counts(settings)
    return bool(counts["files"]) and counts["pending"] == 0


def _counts(settings: Settings) -> dict[str, int]:
    with open_resource(settings, "library").ledger() as ledger:
        counts: dict[str, int] = ledger.counts()
        return counts


if __name__ == "__main__":
    typer.run(main)
