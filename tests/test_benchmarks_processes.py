"""A benchmark that is ended leaves nothing behind: no process, no temporary folder; and one that hangs ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from benchmarks.orchestration_daemon import Watch
from benchmarks.processes import running
from photo_assets.running import QUIET

_WAITS = "import time; time.sleep(600)"
_STARTS_ANOTHER = f"""
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", {_WAITS!r}]):
    print("started", flush=True)
"""
_MEASURES = f"""
import subprocess, sys, tempfile
from benchmarks.keeping import Benchmark, keep_runs
from benchmarks.processes import running

def measure(run):
    with running([sys.executable, "-c", {_STARTS_ANOTHER!r}], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        print(scratch, flush=True)
        return [process.wait()]

with tempfile.TemporaryDirectory() as scratch:
    keep_runs({{}}, [Benchmark("some", 1, measure)], quick=True)
"""
_LONG_S = 60
_PROJECT = Path(__file__).parents[1]  # where `benchmarks` is found; another test may have gone elsewhere


def test_a_benchmark_that_is_told_to_end_ends_all_it_started_and_removes_its_folder() -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running([sys.executable, "-c", _MEASURES], **pipes, text=True, cwd=_PROJECT) as process:
        scratch = Path(process.stdout.readline().strip())
        assert scratch.is_dir()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=_LONG_S)  # until no process is left that could write
    assert process.returncode == 128 + signal.SIGTERM, told
    assert not scratch.exists()


def test_a_process_that_outlives_its_block_is_killed_with_what_it_started() -> None:
    with running([sys.executable, "-c", _STARTS_ANOTHER], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
    process.communicate(timeout=_LONG_S)  # until no process is left that could write
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def waiting() -> Iterator["subprocess.Popen[bytes]"]:
    with running([sys.executable, "-c", _WAITS]) as process:
        yield process


def test_a_daemon_that_has_ended_is_waited_for_no_longer(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    log = tmp_path / "log"
    log.write_text("the last word\n")
    with running([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(SystemExit, match="exit code 3:\nthe last word"):
            Watch(process, log, instance, time.monotonic() + 3600).until(lambda: False)


def test_a_failed_batch_ends_the_waiting(tmp_path: Path, instance: dg.DagsterInstance, waiting) -> None:
    @dg.op
    def fail() -> None:
        raise RuntimeError

    @dg.job(config=QUIET)
    def ingest_batch() -> None:
        fail()

    run_id = ingest_batch.execute_in_process(instance=instance, raise_on_error=False).run_id
    with pytest.raises(SystemExit, match=f"1 of the runs of ingest_batch failed, among them {run_id}"):
        Watch(waiting, _empty(tmp_path), instance, time.monotonic() + 3600).until(lambda: False)


def test_nothing_is_waited_for_without_end(tmp_path: Path, instance: dg.DagsterInstance, waiting) -> None:
    with pytest.raises(SystemExit, match="not done"):
        Watch(waiting, _empty(tmp_path), instance, time.monotonic() - 1).until(lambda: False)


def _empty(folder: Path) -> Path:
    (folder / "log").touch()
    return folder / "log"
