"""Runs on Celery workers, tried: one worker, two workers, and one that is killed with a run in its hands.

    python -m tests.deploy.verify_celery [--photos 2000] [--warming 64] [--batch 16] [--library FOLDER]

As root, with Debian's redis-server and postgresql. What it prints is what docs/deploy-verification.md shows; it raises
AssertionError where a photo is lost or doubled. Several workers need a server for the collection: it is kept by
tests/vectors/qdrant_stand_in.py, which is not Qdrant. The models are the small ones.

Each worker has one core of its own, so that a second one adds a core; what is on the head takes from any.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep, time

import dagster as dg

from photo_assets.definitions import open_resource
from photo_assets.demo.library import generate_library
from resources.tables.store import TableStore
from tests.deploy.cluster import Cluster, cluster, missing
from tests.deploy.machines import Machine

PATIENCE_S = 1_800.0


def main() -> None:
    """The whole of it, with photos of a folder of any, or else with generated ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=2_000)
    parser.add_argument("--warming", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--library", type=Path)
    asked = parser.parse_args()
    if reason := missing():
        raise SystemExit(f"cannot be verified here: {reason}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the machines and their services would stay
    with tempfile.TemporaryDirectory(prefix="photos-celery-") as folder:
        photos = _photos(asked.library, asked.photos, Path(folder) / "photos")
        (Path(folder) / "shared").mkdir()
        with cluster(Path(folder) / "shared", asked.batch) as started:
            os.environ.update(started.env)
            verify(started, photos, asked.warming)


def _photos(library: Path | None, number: int, generated: Path) -> list[Path]:
    """So many photos in an order by chance, so that every drop has some of each kind."""
    if library is None:
        found = [photo.path for photo in generate_library(generated, number)]
    else:
        found = sorted(path for path in library.rglob("*") if path.is_file())[:number]
    if len(found) < number or len({path.name for path in found}) < number:
        raise SystemExit(f"{library} has no {number} photos whose names differ")
    random.Random(0).shuffle(found)
    return found


def verify(on: Cluster, photos: list[Path], warming: int) -> None:
    """Three drops of about a third each; before each of the two that are timed, `warming` photos that are not."""
    waiting, third = iter(photos), (len(photos) - 2 * warming) // 3
    with dg.DagsterInstance.get() as instance:
        first = on.join()
        print(f"{first.name} is ready, on core {first.core}", flush=True)
        _drop(on, instance, waiting, warming)
        one = _rate(instance, _drop(on, instance, waiting, third), "one worker")
        second = on.join()
        print(f"\n{second.name} is ready, on core {second.core}", flush=True)
        _drop(on, instance, waiting, warming)
        two = _rate(instance, _drop(on, instance, waiting, third), "two workers")
        print(f"two workers / one: {two / one:.2f}", flush=True)
        rest = _add(on, waiting, len(photos))
        _wait_for_photos(on, len(photos) - rest // 2)
        _kill_with_a_run(on, instance, second)
    _assert_nothing_lost_or_doubled(on, len(photos))


def _kill_with_a_run(on: Cluster, instance: dg.DagsterInstance, machine: Machine) -> None:
    victim = _started_on(instance, machine.name)
    machine.kill()
    print(f"== SIGKILL for all of {machine.name}, with run {victim[:8]} under way", flush=True)
    killed_at = time()
    _wait_until_done(on, instance)
    _tell_of(instance, victim, killed_at)


def _drop(on: Cluster, instance: dg.DagsterInstance, photos: Iterator[Path], number: int) -> set[str]:
    """Copy photos into the library, wait until the sensor and the workers have done them; the runs."""
    earlier = {run.run_id for run in _batch_runs(instance)}
    if number:
        _add(on, photos, number)
    _wait_until_done(on, instance)
    return {run.run_id for run in _batch_runs(instance)} - earlier


def _add(on: Cluster, photos: Iterator[Path], number: int) -> int:
    added = 0
    for _, path in zip(range(number), photos, strict=False):
        shutil.copy(path, on.library)
        added += 1
    print(f"\n== {added} photos copied into the library", flush=True)
    return added


def _wait_for_photos(on: Cluster, number: int) -> None:
    """Until so many are done, which with the next ones under way is the middle of a drop."""
    library, give_up_at = open_resource(on.settings, "library"), monotonic() + PATIENCE_S
    while monotonic() < give_up_at:
        with library.ledger() as ledger:
            done = ledger.counts()["ok"]
        if done >= number:
            return
        sleep(0.5)
    raise TimeoutError(f"{done} of {number} photos are done")


def _wait_until_done(on: Cluster, instance: dg.DagsterInstance) -> None:
    files, give_up_at = sum(1 for _ in on.library.iterdir()), monotonic() + PATIENCE_S
    library = open_resource(on.settings, "library")
    while True:
        with library.ledger() as ledger:
            counts = ledger.counts()
        busy = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED]))
        if counts["files"] == files and not counts["pending"] and not counts["batches_planned"] and not busy:
            return
        assert monotonic() < give_up_at, f"{counts}, {len(busy)} runs under way"
        sleep(1)


def _rate(instance: dg.DagsterInstance, runs: set[str], what: str) -> float:
    """Photos a second from the first run's start to the last one's end; a run that failed is told, and not counted."""
    records = [record for record in instance.get_run_records() if record.dagster_run.run_id in runs]
    done = [record for record in records if record.dagster_run.status == dg.DagsterRunStatus.SUCCESS]
    photos = sum(int(record.dagster_run.tags["photos/files"]) for record in done)
    seconds = max(r.end_time or 0 for r in records) - min(r.start_time or 0 for r in records)
    took = Counter(_machine_of(instance, record.dagster_run.run_id) for record in done)
    shared = ", ".join(f"{name} {number}" for name, number in sorted(took.items()))
    failed = f"; {len(records) - len(done)} failed" if len(done) < len(records) else ""
    print(f"{what}: {photos} photos in {seconds:.1f} s, {photos / seconds:.2f}/s; runs: {shared}{failed}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    return photos / seconds


def _batch_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(job_name="ingest_batch")))


def _started_on(instance: dg.DagsterInstance, machine: str) -> str:
    """A run that is under way on the machine."""
    give_up_at = monotonic() + PATIENCE_S
    while monotonic() < give_up_at:
        for run in instance.get_runs(dg.RunsFilter(job_name="ingest_batch", statuses=[dg.DagsterRunStatus.STARTED])):
            if _machine_of(instance, run.run_id) == machine:
                return run.run_id
        sleep(0.3)
    raise TimeoutError(f"no run on {machine}")


_MACHINES: dict[str, str] = {}


def _machine_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """The namespace of the process that a run says it runs in, asked for while that lives."""
    if run_id not in _MACHINES:
        told = " ".join(entry.message for entry in instance.all_logs(run_id))
        process = re.search(r"Started process for run \(pid: (\d+)\)", told)
        if process is None:  # it is about to say so
            return ""
        command = ["ip", "netns", "identify", process[1]]
        _MACHINES[run_id] = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return _MACHINES[run_id]


def _tell_of(instance: dg.DagsterInstance, victim: str, killed_at: float) -> None:
    """What became of the run that was killed, each moment in seconds after the kill."""
    killed = instance.get_run_by_id(victim)
    assert killed is not None
    assert killed.status == dg.DagsterRunStatus.FAILURE
    partition = killed.tags["dagster/partition"]
    of_batch = dg.RunsFilter(job_name="ingest_batch", tags={"dagster/partition": partition})
    for record in reversed(instance.get_run_records(of_batch)):
        run, asked = record.dagster_run, record.create_timestamp.timestamp()
        moments = [round(moment - killed_at) for moment in (asked, record.start_time or 0, record.end_time or 0)]
        print(f"{run.run_id[:8]} {run.status.value} by {run.tags['photos/started_by']}", end=": ")
        print("asked for {} s, begun {} s, ended {} s after the kill".format(*moments))
    print(f"why it failed: {killed.tags.get('photos/error', '')}")
    print(f"everything is done {time() - killed_at:.0f} s after the kill")


def _assert_nothing_lost_or_doubled(on: Cluster, photos: int) -> None:
    with open_resource(on.settings, "library").ledger() as ledger:
        known, counts = ledger.ok_photo_ids(), ledger.counts()
    tables = TableStore(on.settings.photo_data / "tables")
    rows = [row["photo_id"] for row in tables.rows("photo_metadata", ["photo_id", "status"]) if row["status"] == "ok"]
    with open_resource(on.settings, "vectors").index() as index:
        points = [record.point_id for record in index.scroll(str(index.active_version()))]
    print(f"files {counts['files']}, photos in the ledger {len(known)}, rows {len(rows)}, points {len(points)}")
    assert counts["files"] == photos
    assert len(known) == len(rows) == len(points) == photos
    assert known == set(rows) == set(points)


if __name__ == "__main__":
    main()
