"""The whole path on a small library: what an ingest leaves behind, and what it leaves alone."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets.at_work import PARTITION
from photo_assets.definitions import open_resource
from photo_assets.ingest import Ingested, ingest
from photo_assets.ingest_lock import INGEST_TAG, IngestRunning, ingest_is_under_way, only_ingest
from photo_assets.instance import open_instance
from photo_assets.settings import Settings, load_settings
from photo_assets.steps.collection import version_of
from photo_assets.steps.scanning import Roots, scan_until_settled
from photo_assets.tables import SCHEMAS
from resources.tables.frames import rows_of
from resources.tables.store import TableStore
from tests.conftest import fill, fingerprints, settings_below, write_photo


def ingest_now(settings: Settings) -> Ingested:
    return ingest(settings, settings.library_roots, lambda total: lambda stage, photos: None)


def end_state(settings: Settings) -> dict[str, object]:
    """Everything a later reader sees, without what differs from run to run (batch keys, times)."""
    engine = open_resource(settings, "inference").engine()
    with open_resource(settings, "library").ledger() as ledger, open_resource(settings, "vectors").index() as index:
        failures = [(row["path"], row["error_kind"]) for row in ledger.failures()]
        points = {
            record.point_id: record.payload for record in index.scroll(version_of(engine.clip, engine.dimensions))
        }
        return {"counts": ledger.counts(), "failures": failures, "points": points}


@dataclass
class Taken:
    """One ingest of the small library for tests that change nothing in it; `before` is what the originals were."""

    folder: Path
    before: dict[str, tuple[bytes, int]]
    ingested: Ingested
    end_state: dict[str, object]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_below(folder, patch)
        before = fingerprints(fill(settings.library_roots[0]))
        ingested = ingest_now(settings)
        return Taken(folder, before, ingested, end_state(settings))


@pytest.fixture
def settled(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of what has been ingested once."""
    return settings_below(taken.folder, monkeypatch)


def test_an_ingest_makes_a_point_of_every_photo_and_a_reason_of_every_failure(taken: Taken) -> None:
    counts = taken.ingested.counts
    assert (counts["files"], counts["ok"], counts["duplicates"], counts["failed"]) == (8, 6, 1, 1)
    assert (counts["photos"], counts["pending"], counts["ignored"]) == (6, 0, 1)
    failures = [(Path(row["path"]).name, row["error_kind"]) for row in taken.ingested.failures]
    assert failures == [("broken.jpg", "corrupt")]
    points = taken.end_state["points"]
    assert isinstance(points, dict) and len(points) == 6
    copied = [sorted(Path(path).name for path in payload["paths"]) for payload in points.values()]
    assert ["again.jpg", "photo-0.jpg"] in copied


def test_originals_are_never_touched(taken: Taken, settled: Settings) -> None:
    assert fingerprints(settled.library_roots[0]) == taken.before


def test_a_second_ingest_finds_nothing_new(taken: Taken, settled: Settings) -> None:
    again = ingest_now(settled)
    assert again.batches == []
    assert end_state(settled) == taken.end_state


def test_an_ingest_leaves_a_batch_to_the_run_that_is_at_work_on_it(settings: Settings, library: Path) -> None:
    roots = Roots(settings.library_roots, settings.photo_data)
    with open_resource(settings, "library").ledger() as ledger:
        (first, *others) = scan_until_settled(ledger, roots, 4).batches
    with open_instance(settings) as instance:
        tags = {PARTITION: first}
        run = create_run_for_test(instance, "ingest_batch", tags=tags, status=dg.DagsterRunStatus.STARTED)

    ingested = ingest_now(settings)
    assert (ingested.left, ingested.failed, ingested.counts["batches_planned"]) == ([first], {}, 1)
    assert others, "the others are done"
    with open_instance(settings) as instance:
        instance.report_run_failed(run)

    again = ingest_now(settings)
    assert (again.batches, again.left, again.counts["pending"]) == ([first], [], 0)


def test_a_run_that_a_person_started_again_is_not_taken_for_one_of_a_killed_ingest(settings: Settings) -> None:
    begun = {"job_name": "ingest_batch", "tags": INGEST_TAG, "status": dg.DagsterRunStatus.STARTED}
    with open_instance(settings) as instance:
        killed = create_run_for_test(instance, **begun).run_id
        again = create_run_for_test(instance, **begun, parent_run_id=killed, root_run_id=killed).run_id
        assert not ingest_is_under_way(settings.photo_data, instance)
        ended = [instance.get_run_by_id(run).status for run in (killed, again)]  # type: ignore[union-attr]
    assert ended == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED]


def test_several_batches_in_one_run_come_to_the_same(
    taken: Taken, settled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PHOTO_BATCH_SIZE", "2")
    monkeypatch.setattr("photo_assets.batch_runs.A_RUN_S", 1e9)
    settings = load_settings()
    first, second, third, fourth = ingest_now(settings).batches
    with open_instance(settings) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="ingest_batch"))
        made = [instance.get_materialized_partitions(dg.AssetKey(name)) for name in SCHEMAS]
    assert [run.tags["photos/batch"] for run in runs] == [f"{second}...{fourth}", first]
    assert all(partitions == {first, second, third, fourth} for partitions in made)
    assert end_state(settings) == taken.end_state


def test_every_table_has_its_columns_and_provenance(taken: Taken, settled: Settings) -> None:
    ingested = taken.ingested
    store = TableStore(settled.photo_data / "tables")
    for table, schema in SCHEMAS.items():
        for batch in ingested.batches:
            for row in rows_of(store.read(table, batch, schema)):
                assert all(row[column.name] is not None for column in schema if column.required)
    rows = [
        row
        for batch in ingested.batches
        for row in rows_of(store.read("image_embeddings", batch, SCHEMAS["image_embeddings"]))
    ]
    assert {row["clip_model"] for row in rows} == {"small-clip"}
    good = [row for row in rows if row["status"] == "ok"]
    assert np.allclose([np.linalg.norm(row["vector"]) for row in good], 1, atol=1e-5)


def test_a_copy_in_a_later_batch_only_adds_its_path(settings: Settings, library: Path) -> None:
    ingest_now(settings)
    (library / "later.jpg").write_bytes((library / "photo-4.jpg").read_bytes())
    ingested = ingest_now(settings)
    assert ingested.counts["duplicates"] == 2
    store = TableStore(settings.photo_data / "tables")
    (batch,) = ingested.batches
    assert len(store.read("decoded_images", batch, SCHEMAS["decoded_images"])) == 0
    points = end_state(settings)["points"]
    assert isinstance(points, dict) and len(points) == 6
    assert sum(len(payload["paths"]) for payload in points.values()) == 8


def test_a_changed_file_is_taken_again_in_a_later_batch(settings: Settings, library: Path) -> None:
    ingest_now(settings)
    write_photo(library / "photo-5.png", seed=77)
    ingested = ingest_now(settings)
    assert len(ingested.batches) == 1
    assert ingested.counts["ok"] == 6


@pytest.mark.parametrize("after", ["photo_files", "decoded_images", "image_captions", "collection_points"])
def test_a_killed_ingest_ends_the_same_when_run_again(
    taken: Taken, settled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    monkeypatch.setenv("PHOTO_DATA", str(tmp_path / "data"))
    settings = load_settings()
    kill_when(settings.photo_data / "tables" / after)
    resumed = ingest_now(settings)
    assert resumed.counts["pending"] == 0 and not resumed.failed
    assert end_state(settings) == taken.end_state


def test_a_second_ingest_at_the_same_time_is_one_clear_error(settings: Settings, library: Path) -> None:
    with only_ingest(settings.photo_data), pytest.raises(IngestRunning, match="another `photos ingest`"):
        ingest_now(settings)
    assert ingest_now(settings).counts["ok"] == 6


def kill_when(table: Path) -> None:
    """Start an ingest as a person would, and kill it as soon as the first batch's table is there."""
    command = [sys.executable, "-m", "photo_assets", "ingest"]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **silent)
    while process.poll() is None and not list(table.glob("*.parquet")):
        time.sleep(0.005)
    assert process.poll() is None, "the ingest was over before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
