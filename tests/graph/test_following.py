"""The collection follows the library: renamed, moved, copied, deleted and returned photos, without any work on them."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from photo_assets.definitions import build_defs, open_resource
from photo_assets.finding import open_searcher
from photo_assets.instance import open_instance
from photo_assets.search.query import Query
from photo_assets.search.searching import Found
from photo_assets.settings import Settings
from photo_assets.steps import decoding, inference
from tests.conftest import write_photo

from .test_ingest import end_state, ingest_now


class Work:
    """How many photos were decoded and inferred since it was last asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoded = self.inferred = 0
        decode, infer = decoding.decode_photos, inference.infer

        def counted_decode(files: Any, *arguments: Any, **named: Any) -> Any:
            self.decoded += sum(row["status"] == "ok" for row in files)
            return decode(files, *arguments, **named)

        def counted_infer(decoded: Any, *arguments: Any, **named: Any) -> Any:
            self.inferred += len(decoded)
            return infer(decoded, *arguments, **named)

        monkeypatch.setattr(decoding, "decode_photos", counted_decode)
        monkeypatch.setattr(inference, "infer", counted_infer)

    def done(self) -> tuple[int, int]:
        done = self.decoded, self.inferred
        self.decoded = self.inferred = 0
        return done


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One batch for all, since a run of its own for each takes the most time here."""
    return settings.model_copy(update={"photo_batch_size": 16})


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.fixture
def photos(settings: Settings, work: Work) -> Path:
    """Ten photos that are in the collection, one of them alone in the folder `trip`: one is no more than 20 %."""
    (root,) = settings.library_roots
    (root / "trip").mkdir()
    for number in range(9):
        write_photo(root / f"{number}.jpg", seed=number)
    write_photo(root / "trip" / "9.jpg", seed=9)
    assert ingest_now(settings).counts["ok"] == 10
    assert work.done() == (10, 10)
    return root


def points(settings: Settings) -> dict[str, tuple[list[str], str]]:
    """Of each point, by what was in its first file at first: where it says that its photo is."""
    found = end_state(settings)["points"]
    assert isinstance(found, dict)
    return {photo_id: (payload["paths"], payload["presence"]) for photo_id, payload in found.items()}


def places(settings: Settings) -> set[tuple[str, ...]]:
    """The paths of each point, below the library."""
    (root,) = settings.library_roots
    said = points(settings).values()
    return {tuple(str(Path(path).relative_to(root)) for path in paths) for paths, _ in said}


def offline(settings: Settings) -> list[str]:
    """The files whose photos the collection says are offline."""
    return [Path(path).name for paths, presence in points(settings).values() if presence == "offline" for path in paths]


def check(settings: Settings, name: str) -> tuple[bool, dict[str, Any]]:
    """How the collection's check was judged the last time, and what it told."""
    with open_instance(settings) as instance:
        key = next(key for key in build_defs(settings).resolve_asset_graph().asset_check_keys if key.name == name)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    return evaluation.passed, {label: value.value for label, value in evaluation.metadata.items()}


def search(settings: Settings, **changes: Any) -> list[Found]:
    with open_searcher(settings.model_copy(update=changes)) as searcher:
        return searcher.find(Query("a lake", limit=20))


def within(settings: Settings, days: float) -> Settings:
    return settings.model_copy(update={"photo_missing_grace_days": days})


def test_renamed_moved_and_copied_photos_change_their_paths_without_any_work(
    settings: Settings, photos: Path, work: Work
) -> None:
    (photos / "0.jpg").rename(photos / "renamed.jpg")
    (photos / "trip").rename(photos / "journey")
    shutil.copy(photos / "1.jpg", photos / "copy.jpg")

    ingested = ingest_now(settings)

    assert (ingested.counts["ok"], ingested.counts["duplicates"], ingested.failed) == (10, 1, {})
    assert work.done() == (0, 0)
    assert places(settings) >= {("renamed.jpg",), ("journey/9.jpg",), ("1.jpg", "copy.jpg")}
    assert len(points(settings)) == 10 and offline(settings) == []


def test_a_deleted_photo_is_hidden_at_once_and_back_within_the_grace_without_any_work(
    settings: Settings, photos: Path, work: Work
) -> None:
    before = end_state(settings)
    kept = (photos / "0.jpg").rename(photos.parent / "elsewhere.jpg")
    counts = ingest_now(settings).counts
    assert (counts["missing"], counts["offline"], counts["removed"]) == (1, 1, 0)

    assert offline(settings) == ["0.jpg"]
    assert len(search(settings)) == 9
    shown = search(settings, photo_search_missing="show")
    assert [hit.paths for hit in shown if hit.offline] == [[str(photos / "0.jpg")]] and len(shown) == 10
    assert check(settings, "collection_matches_ledger")[0]

    kept.rename(photos / "0.jpg")
    ingest_now(settings)
    assert len(search(settings)) == 10
    assert work.done() == (0, 0)
    assert end_state(settings) == before


def test_a_photo_that_is_gone_for_longer_is_removed_and_back_from_the_tables_when_it_returns(
    settings: Settings, photos: Path, work: Work
) -> None:
    before = end_state(settings)
    away = (photos / "trip").rename(photos.parent / "away")
    ingest_now(settings)
    assert ingest_now(within(settings, 30)).seconds == {}
    assert len(points(settings)) == 10

    removing = ingest_now(within(settings, 0))
    assert (removing.removed, removing.counts["offline"], removing.counts["removed"]) == (1, 0, 1)
    assert len(points(settings)) == 9
    assert check(settings, "collection_matches_ledger")[0]
    assert ingest_now(within(settings, 0)).seconds == {}, "there is nothing more to do"

    away.rename(photos / "trip")
    ingested = ingest_now(settings)
    assert (len(ingested.rewritten), ingested.batches) == (1, [])
    assert end_state(settings) == before
    assert check(settings, "collection_matches_ledger")[0]
    assert work.done() == (0, 0)
    assert ingest_now(settings).rewritten == []


def test_a_copy_of_a_removed_photo_brings_it_back_without_any_work(
    settings: Settings, photos: Path, work: Work
) -> None:
    content = (photos / "0.jpg").read_bytes()
    (photos / "0.jpg").unlink()
    ingest_now(within(settings, 0))
    assert len(points(settings)) == 9

    (photos / "copy.jpg").write_bytes(content)
    ingested = ingest_now(settings)

    assert (len(ingested.rewritten), ingested.counts["ok"], ingested.counts["duplicates"]) == (1, 10, 0)
    assert ("copy.jpg",) in places(settings)
    assert work.done() == (0, 0)


def test_a_removed_photo_stays_so_when_its_batch_is_written_again(settings: Settings, photos: Path) -> None:
    (photos / "0.jpg").unlink()
    ingest_now(within(settings, 0))
    with open_resource(settings, "library").ledger() as ledger, open_instance(settings) as instance:
        job = build_defs(settings).resolve_job_def("rewrite_points")
        for batch in instance.get_dynamic_partitions("photo_batches"):
            assert job.execute_in_process(instance=instance, partition_key=batch).success
        assert len(ledger.ok_photo_ids()) == 9
    assert len(points(settings)) == 9
    told = ingest_now(settings)
    assert (told.counts["ok"], told.counts["pending"], told.failures) == (9, 0, [])


def test_a_photo_that_went_offline_keeps_its_last_paths_when_its_batch_is_written_again(
    settings: Settings, photos: Path
) -> None:
    (photos / "0.jpg").rename(photos / "renamed.jpg")
    ingest_now(settings)
    (photos / "renamed.jpg").unlink()
    ingest_now(settings)
    with open_instance(settings) as instance:
        job = build_defs(settings).resolve_job_def("rewrite_points")
        for batch in instance.get_dynamic_partitions("photo_batches"):
            assert job.execute_in_process(instance=instance, partition_key=batch).success
    assert offline(settings) == ["renamed.jpg"]


def test_other_bytes_take_over_the_path_and_the_old_photo_is_offline_and_then_removed(
    settings: Settings, photos: Path, work: Work
) -> None:
    old = points(settings).keys()
    write_photo(photos / "0.jpg", seed=77)

    ingest_now(settings)

    (new,) = points(settings).keys() - old
    assert points(settings)[new] == ([str(photos / "0.jpg")], "present")
    (lost,) = (photo_id for photo_id, (_, presence) in points(settings).items() if presence == "offline")
    assert lost in old and len(points(settings)) == 11
    assert work.done() == (1, 1)

    ingest_now(within(settings, 0))
    assert points(settings).keys() == (old - {lost}) | {new}


def test_nothing_below_a_root_that_is_held_back_goes_offline_and_the_check_says_so_until_a_person_does(
    settings: Settings, photos: Path
) -> None:
    away = [photos / f"{number}.jpg" for number in range(5)]
    for path in away:
        path.rename(photos.parent / path.name)
    ingest_now(within(settings, 0))

    passed, told = check(settings, "roots_are_whole")
    assert not passed
    assert "5 of 10 files" in told["root 1"] and f"photos library confirm-missing {photos}" in told["root 1"]
    assert len(points(settings)) == 10 and offline(settings) == []
    assert ingest_now(within(settings, 0)).seconds == {}, "the check has told it"

    (photos.parent / "0.jpg").rename(photos / "0.jpg")
    for path in away[1:]:
        (photos.parent / path.name).rename(path)
    ingest_now(settings)
    assert check(settings, "roots_are_whole")[0]


def test_what_a_person_confirms_as_gone_is_followed(settings: Settings, photos: Path) -> None:
    for number in range(5):
        (photos / f"{number}.jpg").unlink()
    ingest_now(settings)
    with open_resource(settings, "library").ledger() as ledger:
        ledger.confirm_missing(bytes(photos))

    ingest_now(settings)

    assert sorted(offline(settings)) == [f"{number}.jpg" for number in range(5)]
    assert check(settings, "roots_are_whole")[0]
