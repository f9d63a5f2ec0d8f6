"""Start the whole deployment and try it: photos dropped in, a run killed, a run ended, everything taken down and up.

    sh tests/deploy/build-images.sh && python -m tests.deploy.verify

What it prints is what docs/deploy-verification.md shows; each step raises AssertionError where the platform does not do
what it should. It takes the names of docker-compose.yml, so no other stack of it may run on this engine.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from photo_assets.demo.library import generate_library
from tests.deploy.stack import Run, Stack, missing

PATIENCE_S = 1_500.0
SERVICES = ("code-server", "daemon", "webserver", "search", "inference", "postgres")
# A drop of so many is two batches, and one that fills no batch.
FIRST, KILLED, ENDED, PROXIED = 24, 8, 8, 8


def main() -> None:
    """The whole of it, on a library of its own."""
    if reason := missing():
        raise SystemExit(f"cannot be verified here: {reason}")
    with tempfile.TemporaryDirectory(prefix="photos-deploy-") as folder:
        Path(folder).chmod(0o755)  # the platform's user is another one
        photos = _photos(Path(folder) / "photos", FIRST + KILLED + ENDED + PROXIED)
        with _stack(Path(folder)) as stack:
            verify(stack, photos)


def verify(stack: Stack, photos: Iterator[Path]) -> None:
    """Every step, in an order in which each finds what it needs."""
    _told(f"`docker compose up`: every service healthy after {stack.up():.0f} s")
    _say(_services())
    show_confinement(stack)
    drop_photos(stack, photos)
    show_search(stack)
    kill_a_run(stack, photos)
    end_a_run(stack, photos)
    take_down_and_up(stack, photos)


def show_confinement(stack: Stack) -> None:
    """Nobody is root, nobody has a capability, nothing of the image or of the library can be written."""
    _told("what a container may do")
    for service in SERVICES:
        uid = stack.inside(service, "id", "-u").strip()
        capabilities = stack.inside(service, "grep", "CapEff", "/proc/1/status").split()[-1]
        denied = stack.inside(service, "touch", "/written").strip()
        _say(f"{service:<12} uid {uid:<5} capabilities {int(capabilities, 16)}  {denied}")
        assert uid != "0"
        assert int(capabilities, 16) == 0
        assert "Read-only file system" in denied
    denied = stack.inside("code-server", "touch", "/photos/written").strip()
    _say(f"the library   {denied}")
    assert "Read-only file system" in denied


def drop_photos(stack: Stack, photos: Iterator[Path]) -> None:
    """Photos copied into the library become runs in containers, by the sensor alone."""
    _drop(stack, photos, FIRST)
    runs = stack.wait_until(PATIENCE_S, lambda runs: _batches_done(runs) == 2 and _idle(runs))
    _say_runs(runs)
    assert all(run.container for run in runs)
    _wait_for_gone(runs)
    _say("their containers are gone")


def show_search(stack: Stack) -> None:
    """The search finds them, with a key that cannot write."""
    _told("search for 'a boat'")
    hits = stack.search("a boat")
    for hit in hits:
        _say(f"{hit['score']:.3f}  {hit['caption']:<50} {hit['paths'][0]}")
    assert hits
    denied = stack.inside("search", "python", "-c", _WRITING)
    _say(f"a write with the search's key: {_line_with('403', denied)}")


_WRITING = """
import os
from qdrant_client import QdrantClient
index = QdrantClient(url=os.environ["QDRANT_URL"], api_key=os.environ["QDRANT_API_KEY"], check_compatibility=False)
index.delete_collection(index.get_collections().collections[0].name)
"""


def kill_a_run(stack: Stack, photos: Iterator[Path]) -> None:
    """A run whose container is killed is noticed, tagged, asked for again, and brought to its end."""
    earlier = {run.run_id for run in stack.runs()}
    _drop(stack, photos, KILLED)
    victim = _wait_for_started(stack, earlier)
    subprocess.run(["docker", "kill", victim.container], check=True, capture_output=True)
    killed_at = time.monotonic()
    _say(f"killed the container of run {victim.run_id[:8]}")
    for status in ("FAILURE", "SUCCESS"):
        # The second is another run of the same batch, by the sensor failed_again.
        runs = stack.wait_until(PATIENCE_S, lambda runs, wanted=status: _reached(runs, victim, wanted))
        _say(f"{time.monotonic() - killed_at:>4.0f} s later: {_batch_runs(runs, victim)}")
    again = next(run for run in stack.runs() if _same_batch(run, victim) and run.status == "SUCCESS")
    assert again.started_by == "failed_again"
    _assert_all_found(stack, FIRST + KILLED)


def end_a_run(stack: Stack, photos: Iterator[Path]) -> None:
    """A run that is ended from the UI ends, container and all; its batch stays due."""
    earlier = {run.run_id for run in stack.runs()}
    _drop(stack, photos, ENDED)
    run = _wait_for_started(stack, earlier)
    _say(f"terminateRun: {stack.end(run)}")
    runs = stack.wait_until(PATIENCE_S, _idle)
    _say(_batch_runs(runs, run))
    assert next(each for each in runs if each.run_id == run.run_id).status == "CANCELED"
    _wait_for_gone([run])
    counts = stack.counts()
    _say(f"photos status: {counts['batches_planned']} batch planned, {counts['pending']} files pending")
    assert counts["batches_planned"] == 1
    told = stack.compose("run", "--rm", "photos", "ingest").strip().splitlines()[-1]
    _say(f"photos ingest: {told}")
    _assert_all_found(stack, FIRST + KILLED + ENDED)


def take_down_and_up(stack: Stack, photos: Iterator[Path]) -> None:
    """All containers removed, and made anew with the proxy before Docker's socket: nothing is lost, runs start."""
    stack.wait_until(PATIENCE_S, _idle)
    before = (stack.counts(), stack.search("a boat"), _batches_done(stack.runs()))
    stack.compose("down")
    stack.configure(
        "COMPOSE_PROFILES=cpu,socket-proxy\nRUNS_DOCKER_HOST=tcp://socket-proxy:2375\nRUNS_DOCKER_SOCKET=/dev/null\n"
    )
    _told(f"`docker compose down`, and up with the socket proxy: healthy after {stack.up():.0f} s")
    time.sleep(90)  # some ticks of every sensor
    after = (stack.counts(), stack.search("a boat"), _batches_done(stack.runs()))
    _say(f"photos: {before[0]['photos']} before, {after[0]['photos']} after; batches run: {before[2]}, {after[2]}")
    assert before == after
    for asked, python in {
        "list all containers": "docker.from_env().containers.list()",
        "run a shell in another one": "docker.from_env().api.exec_create('photos-postgres-1', 'sh')",
    }.items():
        denied = stack.inside("daemon", "python", "-c", f"import docker; {python}")
        _say(f"may the daemon {asked}? {_line_with('403', denied)}")
    _drop(stack, photos, PROXIED)
    runs = stack.wait_until(PATIENCE_S, lambda runs: _batches_done(runs) > after[2] and _idle(runs))
    _say_runs([run for run in runs if run.job == "ingest_batch"][:1])
    _assert_all_found(stack, FIRST + KILLED + ENDED + PROXIED)


def _photos(folder: Path, number: int) -> Iterator[Path]:
    return iter([photo.path for photo in generate_library(folder, number)])


@contextmanager
def _stack(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder)
    stack.compose("config", "--quiet")
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "10", check=False)


def _drop(stack: Stack, photos: Iterator[Path], number: int) -> None:
    for _, path in zip(range(number), photos, strict=False):
        shutil.copy(path, stack.library)
    _told(f"{number} photos copied into the library")


def _wait_for_started(stack: Stack, earlier: set[str]) -> Run:
    """A new run of a batch that is at work in its container."""

    def started(runs: Sequence[Run]) -> list[Run]:
        new = [run for run in runs if run.run_id not in earlier and run.job == "ingest_batch"]
        return [run for run in new if run.status == "STARTED" and run.container]

    return started(stack.wait_until(PATIENCE_S, lambda runs: bool(started(runs))))[0]


def _idle(runs: Sequence[Run]) -> bool:
    return all(run.status in ("SUCCESS", "FAILURE", "CANCELED") for run in runs)


def _batches_done(runs: Sequence[Run]) -> int:
    return sum(run.job == "ingest_batch" and run.status == "SUCCESS" for run in runs)


def _same_batch(run: Run, other: Run) -> bool:
    return run.tags.get("dagster/partition") == other.tags["dagster/partition"]


def _reached(runs: Sequence[Run], victim: Run, status: str) -> bool:
    return any(_same_batch(run, victim) and run.status == status for run in runs) and (
        status != "SUCCESS" or _idle(runs)
    )


def _batch_runs(runs: Sequence[Run], of: Run) -> str:
    told = [f"{run.run_id[:8]} {run.status} by {run.started_by}" for run in runs if _same_batch(run, of)]
    return ", ".join(reversed(told))


def _wait_for_gone(runs: Sequence[Run]) -> None:
    """Docker removes a run's container a moment after the run has told its end."""
    give_up_at = time.monotonic() + PATIENCE_S
    while any(
        subprocess.run(["docker", "inspect", run.container], capture_output=True).returncode == 0 for run in runs
    ):
        assert time.monotonic() < give_up_at, "a container outlives its run"
        time.sleep(1)


def _line_with(mark: str, told: str) -> str:
    found = [line for line in told.splitlines() if mark in line]
    assert found, told
    return found[-1].strip()


def _assert_all_found(stack: Stack, files: int) -> None:
    counts = stack.counts()
    _say(f"photos status: {counts['files']} files, {counts['ok']} ok, {counts['batches_planned']} batches planned")
    assert (counts["files"], counts["ok"], counts["batches_planned"]) == (files, files, 0)
    found = {hit["photo_id"] for hit in stack.search("a photo", limit=100)}
    _say(f"the search knows {len(found)} photos")
    assert len(found) == files


def _services() -> str:
    form = "table {{.Names}}\t{{.Status}}\t{{.Image}}"
    listed = ["docker", "ps", "--all", "--filter", "label=com.docker.compose.project=photos", "--format", form]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.rstrip()


def _say_runs(runs: Sequence[Run]) -> None:
    for run in reversed(runs):
        _say(f"{run.run_id[:8]} {run.job:<14} {run.status:<9} {run.seconds:>4.0f} s in {run.container[:12]}")


def _told(what: str) -> None:
    print(f"\n== {what}", flush=True)


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main()
