"""`photos collection repair`, `photos refresh` and the check over a real ingest, with nothing decoded or inferred."""

from pathlib import Path

import dagster as dg
import pytest

from photo_assets.definitions import build_defs, open_resource
from photo_assets.instance import open_instance
from photo_assets.moving import push_to, restore, snapshot
from photo_assets.refreshing import due_now, refresh, repair
from photo_assets.repairing import find_wrong
from photo_assets.running import describe_collection, run_in_process
from photo_assets.settings import Settings
from photo_assets.steps.saving import CollectionRefused
from resources.vectors.port import Point
from tests.conftest import write_photo
from tests.vectors.qdrant_stand_in import StandIn

from .test_following import Work
from .test_ingest import ingest_now

PHOTOS = 3


def unheard(_: int) -> object:
    return lambda *_: None


def harm(settings: Settings) -> None:
    """One point is gone, one changed, and one of no photo."""
    with open_resource(settings, "vectors").index() as index:
        version = index.active_version()
        first, second, third = (record.point_id for record in index.scroll(version))
        vector = index.vectors(version, [third])[third]
        index.delete(version, [first])
        index.set_payload(version, {second: {"caption": "a lie"}})
        index.upsert(version, [Point("00000000-0000-4000-8000-000000000000", vector, {"photo_id": "none"})])


def check(settings: Settings) -> dg.AssetCheckEvaluation:
    """What photo_collection says of the collection."""
    with open_instance(settings) as instance:
        _, differs = describe_collection(build_defs(settings), instance, {})
        key = dg.AssetCheckKey(dg.AssetKey("photo_collection"), "collection_matches_ledger")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    told = record.event.asset_check_evaluation
    assert told.passed is not bool(differs), "the check blocks"
    return told


def test_what_is_wrong_is_told_and_mended_by_repair_and_by_refresh_without_inference(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"photo_snapshots_kept": 1})
    (root,) = settings.library_roots
    for number in range(PHOTOS):
        write_photo(root / f"{number}.jpg", seed=number)
    work = Work(monkeypatch)
    assert ingest_now(settings).counts["ok"] == PHOTOS
    assert check(settings).passed and work.done() == (PHOTOS, PHOTOS)
    snapshot(settings)
    with open_instance(settings) as instance:
        run_in_process(build_defs(settings), instance, "snapshot_collection", {})
    (saved,) = settings.snapshots_folder.iterdir()

    harm(settings)
    told = check(settings)
    numbers = {name: told.metadata[name].value for name in ("missing", "orphans", "stale")}
    assert not told.passed and numbers == {"missing": 1, "orphans": 1, "stale": 1}
    assert [due.assets for due in due_now(settings)] == [("collection_points",)]
    repaired = repair(settings, unheard)
    assert (repaired.orphans, len(repaired.done), repaired.failed) == (1, 1, {})
    assert find_wrong(settings).is_nothing and due_now(settings) == []

    harm(settings)
    assert len(refresh(settings, unheard).done) == 1
    assert find_wrong(settings).is_nothing and check(settings).passed

    harm(settings)
    with pytest.raises(CollectionRefused, match="1 missing, 1 orphans, 1 stale"):
        snapshot(settings)
    with open_instance(settings) as instance, pytest.raises(CollectionRefused):
        run_in_process(build_defs(settings), instance, "snapshot_collection", {})
    assert list(settings.snapshots_folder.iterdir()) == [saved], "a good one is not pushed out by a bad one"
    with pytest.raises(CollectionRefused, match="--force"):
        restore(settings, saved)
    restore(settings, saved, force=True)
    assert find_wrong(settings).is_nothing
    with StandIn() as server:
        version, pushed = push_to(settings, server.url, lambda points: None)
        moved = settings.model_copy(update={"qdrant_url": server.url})
        assert pushed.written == PHOTOS and find_wrong(moved).is_nothing and version in saved.name
    assert work.done() == (0, 0)
