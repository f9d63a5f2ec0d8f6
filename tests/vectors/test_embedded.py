"""The embedded engine under what happens to a process: killed, run twice, forked, threaded, given bad files."""

import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import qdrant_edge as edge

from resources.vectors import breadth, edge_requests
from resources.vectors.edge_version import OpenVersion
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import EngineFailure, IndexInUse
from resources.vectors.port import Quantization

from .samples import DIMENSIONS, OTHER_VERSION, VERSION, payload, point, point_id, unit

ROOT = Path(__file__).parents[2]
PREAMBLE = f"""
import os, signal, sys, uuid
from pathlib import Path
import numpy as np
import resources.vectors.embedded as embedded
import resources.vectors.layout as layout
from resources.vectors.port import Point

VERSION = {VERSION!r}
index = embedded.EmbeddedIndex(Path(sys.argv[1]))

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def points(start, stop):
    vector = np.eye({DIMENSIONS}, dtype=np.float32)[0]
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"photo-{{n}}")) for n in range(start, stop)]
    return [Point(id, vector, {{"n": n}}) for n, id in enumerate(ids, start)]
"""


@contextmanager
def process(directory: Path, script: str) -> Iterator[subprocess.Popen[str]]:
    """A second Python process that runs `script` on the index in `directory`."""
    command = [sys.executable, "-c", PREAMBLE + script, str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def run_until_killed(directory: Path, script: str) -> None:
    with process(directory, script) as child:
        assert child.wait(30) == -signal.SIGKILL


def test_points_survive_kill_9_once_upsert_has_returned(tmp_path: Path) -> None:
    run_until_killed(tmp_path, "index.create_version(VERSION, 8); index.upsert(VERSION, points(0, 300)); die()")
    with EmbeddedIndex(tmp_path) as index:
        assert index.count(VERSION) == 300
        assert index.retrieve(VERSION, [point_id(299)])[0].payload == {"n": 299}
        assert len(index.query(VERSION, unit(1), limit=300)) == 300


def test_kill_9_in_the_middle_of_upserts_loses_no_acknowledged_point(tmp_path: Path) -> None:
    script = """
index.create_version(VERSION, 8)
for start in range(0, 100_000, 50):
    index.upsert(VERSION, points(start, start + 50))
    print(start + 50, flush=True)
"""
    with process(tmp_path, script) as child:
        for line in child.stdout:
            if (acknowledged := int(line)) >= 1_000:
                child.kill()
                break
    with EmbeddedIndex(tmp_path) as index:
        wanted = [point_id(number) for number in range(acknowledged)]
        assert [record.point_id for record in index.retrieve(VERSION, wanted)] == wanted
        index.upsert(VERSION, [point(number) for number in range(acknowledged)])
        assert index.count(VERSION) == len(list(index.scroll(VERSION)))


KILL_POINTS = {
    "before the engine's files": "embedded.make_shard = die",
    "after the engine's files": "real = embedded.make_shard; embedded.make_shard = lambda *a: die(real(*a))",
    "before the last step": "Path.rename = die",
}


@pytest.mark.parametrize("kill_point", KILL_POINTS.values(), ids=KILL_POINTS.keys())
def test_a_killed_creation_is_not_taken_for_a_version(tmp_path: Path, kill_point: str) -> None:
    script = f"{kill_point}\nindex.create_version(VERSION, 8)"
    run_until_killed(tmp_path, script)
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert index.versions() == []
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
        assert index.count(VERSION) == 1
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [VERSION]


def test_a_drop_killed_half_way_leaves_no_version_and_the_next_drop_sweeps(tmp_path: Path) -> None:
    script = """
index.create_version(VERSION, 8)
layout.shutil.rmtree = lambda *arguments, **options: die()
index.drop_version(VERSION)
"""
    run_until_killed(tmp_path, script)
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert index.versions() == []
        index.create_version(VERSION, DIMENSIONS)
        index.drop_version(VERSION)
    assert list((tmp_path / "versions").iterdir()) == []


def test_a_second_process_gets_index_in_use_after_the_bounded_wait(tmp_path: Path) -> None:
    script = "index.create_version(VERSION, 8); index.count(VERSION); print('open', flush=True); input()"
    with process(tmp_path, script) as child, EmbeddedIndex(tmp_path, wait_s=0.3) as index:
        assert child.stdout.readline() == "open\n"
        started = time.monotonic()
        with pytest.raises(IndexInUse, match="QDRANT_URL") as caught:
            index.count(VERSION)
        assert 0.3 <= time.monotonic() - started < 5
        assert (caught.value.directory, caught.value.holder) == (tmp_path, str(child.pid))
        assert caught.value.retryable
        with pytest.raises(IndexInUse):
            index.drop_version(VERSION)
        assert index.versions() == [VERSION]


def test_a_waiting_process_goes_on_when_the_first_one_ends(tmp_path: Path) -> None:
    script = "index.create_version(VERSION, 8); index.count(VERSION); print('open', flush=True); input()"
    with process(tmp_path, script) as child, EmbeddedIndex(tmp_path, wait_s=20) as index:
        child.stdout.readline()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(index.count, VERSION)
            time.sleep(0.2)
            assert not waiting.done()
            child.kill()
            assert waiting.result(timeout=20) == 0


def test_a_child_forked_while_open_keeps_the_engine_locked_only_until_it_ends(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path, wait_s=0.2)
    index.create_version(VERSION, DIMENSIONS)
    index.upsert(VERSION, [point(1)])
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    index.close()
    with pytest.raises(IndexInUse, match="another process"):
        index.count(VERSION)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert index.count(VERSION) == 1
    index.close()


def test_threads_that_all_open_first_share_one_engine(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path, wait_s=0) as index, ThreadPoolExecutor(8) as pool:
        index.create_version(VERSION, DIMENSIONS)
        writes = [pool.submit(index.upsert, VERSION, [point(number)]) for number in range(40)]
        assert [write.result() for write in writes] == [None] * 40
        assert index.count(VERSION) == 40


def test_threads_that_create_one_version_together_make_it_once(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path, wait_s=10) as index, ThreadPoolExecutor(4) as pool:
        made = [pool.submit(index.create_version, VERSION, DIMENSIONS) for _ in range(4)]
        assert [one.result() for one in made] == [None] * 4
        assert index.versions() == [VERSION]


def test_a_snapshot_unpacked_elsewhere_is_the_same_version(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(number) for number in range(50)])
        archive = index.snapshot(VERSION, tmp_path / "backups")
        index.upsert(VERSION, [point(99)])
        assert index.count(VERSION) == 51
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [f"{VERSION}.tar.gz"]
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "restored" / "versions", filter="data")
    with EmbeddedIndex(tmp_path / "restored", wait_s=0) as restored:
        assert [record.payload for record in restored.scroll(VERSION)] == [
            payload(number) for number in sorted(range(50), key=point_id)
        ]


def test_damaged_files_are_an_engine_failure_that_names_the_folder_and_frees_the_lock(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.create_version(OTHER_VERSION, DIMENSIONS)
        (tmp_path / "versions" / VERSION / "shard" / "edge_config.json").write_text("{")
        with pytest.raises(EngineFailure, match=VERSION) as caught:
            index.count(VERSION)
        assert not caught.value.retryable
        assert index.count(OTHER_VERSION) == 0
        index.drop_version(VERSION)
        assert index.versions() == [OTHER_VERSION]


def test_a_version_of_an_earlier_release_gets_the_newer_payload_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = dict(edge_requests.INDEXED_FIELDS)
    monkeypatch.setattr(edge_requests, "INDEXED_FIELDS", {"photo_id": "keyword", "paths": "keyword"})
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
    monkeypatch.setattr(edge_requests, "INDEXED_FIELDS", newer)
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert index.count(VERSION) == 1
        schema = index._open(VERSION)._shard.info().payload_schema
        assert schema.keys() == newer.keys()
        assert schema["paths"].params.prefix


def test_a_version_made_before_captions_had_vectors_is_read_and_gets_them(tmp_path: Path) -> None:
    shard = tmp_path / "versions" / VERSION / "shard"
    shard.mkdir(parents=True)
    (shard.parent / "version.json").write_text(f'{{"dimensions": {DIMENSIONS}}}')
    vectors = edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine)
    old = edge.EdgeShard.create(str(shard), edge.EdgeConfig(vectors=vectors))
    old.update(edge.UpdateOperation.upsert_points([edge.Point(point_id(1), point(1).vector.tolist(), payload(1))]))
    old.close()
    for _ in ("opened", "opened again"):
        with EmbeddedIndex(tmp_path, wait_s=0) as index:
            assert index.query(VERSION, point(1).vector, limit=1)[0].payload == payload(1)
            assert point_id(1) not in index.vectors(VERSION, [point_id(1)], using="caption")
            index.upsert(VERSION, [replace(point(2), caption_vector=unit(0, 0, 1))])
            assert [hit.point_id for hit in index.query(VERSION, unit(0, 0, 1), 9, using="caption")] == [point_id(2)]


def test_the_more_points_there_are_the_more_widely_they_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def search_params(quantization: Quantization, exact: bool, ef: int) -> Any:
        told.append(ef)
        return asked(quantization, exact, ef)

    asked = edge_requests.search_params
    monkeypatch.setattr(edge_requests, "search_params", search_params)
    monkeypatch.setattr(breadth, "_LEAST", 2)
    with EmbeddedIndex(tmp_path) as index:
        index.create_version(VERSION, DIMENSIONS)
        for count in (1, 9, 100):
            index.upsert(VERSION, [point(number) for number in range(count)])
            index.query(VERSION, unit(1), 1)
        index.query(VERSION, unit(1), 20)
    assert told == [2, 3, 10, 21]


def test_foreign_files_in_the_folder_are_not_versions(tmp_path: Path) -> None:
    (tmp_path / "versions" / "lost+found").mkdir(parents=True)
    (tmp_path / "versions" / "notes.txt").write_text("mine")
    with EmbeddedIndex(tmp_path) as index:
        assert index.versions() == []
        assert index.active_version() is None


def test_a_version_is_dropped_once_the_queries_of_other_threads_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    nearest = OpenVersion.nearest

    def slow(*arguments: Any) -> Any:
        asked.set()
        assert go_on.wait(30)
        return nearest(*arguments)

    monkeypatch.setattr(OpenVersion, "nearest", slow)
    with EmbeddedIndex(tmp_path / "index") as index, ThreadPoolExecutor(2) as threads:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
        query = threads.submit(index.query, VERSION, unit(1), 1)
        assert asked.wait(30)
        drop = threads.submit(index.drop_version, VERSION)
        with pytest.raises(StillRunning):
            drop.result(0.2)
        go_on.set()
        assert [hit.point_id for hit in query.result(30)] == [point_id(1)]
        drop.result(30)
        assert index.versions() == []
