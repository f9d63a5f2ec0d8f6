"""The sensor, tick by tick: every batch gets one run, whatever dies between."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets.at_work import ended_by_hand
from photo_assets.ingest_lock import INGEST_TAG, only_ingest
from photo_assets.steps.files import identify_files
from resources.decoding.resource import DecodingResource
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.library.look import look_over
from resources.library.resource import LibraryResource
from sensors import new_photos as module
from sensors.new_photos import new_photos

from .conftest import Watched, finish

Result = dg.SensorResult | dg.SkipReason


def tick(watched: Watched, library: LibraryResource | None = None) -> Result:
    resources = {"library": library or watched.library, "decoding": DecodingResource(previews_directory="previews")}
    with dg.build_sensor_context(instance=watched.instance, resources=resources) as context:
        return new_photos(context)


def requested(result: Result) -> list[str]:
    assert isinstance(result, dg.SensorResult), result
    requests = list(result.run_requests or [])
    assert [request.run_key for request in requests] == [request.partition_key for request in requests]
    return [str(request.partition_key) for request in requests]


def test_without_roots_it_says_what_to_set(watched: Watched) -> None:
    result = tick(watched, watched.differently(roots=[]))

    assert isinstance(result, dg.SkipReason)
    assert "PHOTO_LIBRARY" in str(result.skip_message)


def test_the_first_tick_only_looks(watched: Watched) -> None:
    watched.put("a.jpg")

    result = tick(watched)

    assert isinstance(result, dg.SkipReason)
    assert "1 new" in str(result.skip_message)


def test_a_later_tick_asks_for_one_run_per_batch_and_adds_the_partitions(watched: Watched) -> None:
    watched.put("a.jpg", "b.jpg", "c.jpg")
    watched.settle()

    result = tick(watched)

    assert requested(result) == watched.planned()
    assert len(watched.planned()) == 2
    (addition,) = result.dynamic_partitions_requests
    assert list(addition.partition_keys) == watched.planned()


def test_a_failure_that_is_due_is_asked_for_again(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    (batch,) = requested(tick(watched))
    with watched.library.ledger() as ledger:
        (row,) = identify_files(ledger, batch)
        failed = Outcome(str(row["photo_id"]), "failed", "unreadable", "it was")
        ledger.finish_batch(batch, [failed], now=time.time() - 3600)

    (again,) = requested(tick(watched))

    assert again != batch
    assert watched.planned() == [again]


def test_what_a_dead_tick_cut_is_asked_for_again_until_a_run_exists(watched: Watched) -> None:
    watched.put("a.jpg", "b.jpg", "c.jpg")
    watched.settle()
    first = requested(tick(watched))  # and the daemon dies before it reads the result

    again = tick(watched)

    assert requested(again) == first
    watched.register(again)
    watched.submit(list(again.run_requests)[:1])  # and dies again half way
    assert requested(tick(watched)) == first[1:]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE])
def test_a_batch_with_a_run_is_not_asked_for_twice(watched: Watched, status: dg.DagsterRunStatus) -> None:
    watched.put("a.jpg")
    watched.settle()
    result = tick(watched)
    watched.register(result)
    watched.submit(list(result.run_requests), status)

    assert requested(tick(watched)) == []
    assert watched.planned() != []


def test_batches_that_failed_for_good_are_told_and_keep_no_new_photo_waiting(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PLANNED", 1)
    watched.put("a.jpg")
    watched.settle()
    result = tick(watched)
    watched.register(result)
    watched.submit(list(result.run_requests), dg.DagsterRunStatus.FAILURE)
    (failed,) = watched.planned()
    watched.put("b.jpg")
    watched.settle()
    assert requested(tick(watched)) == [], "another try may be asked for"

    (run,) = watched.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": failed}))
    watched.instance.add_run_tags(run.run_id, {"photos/retry": "given_up"})

    result = tick(watched)
    assert requested(result) == watched.planned()[1:] != []
    watched.register(result)
    watched.submit(list(result.run_requests))
    told = tick(watched).skip_reason.skip_message
    assert "1 batch failed for good" in told and "no new photos" not in told

    monkeypatch.setattr(module, "MAX_FAILED", 1)
    watched.put("c.jpg")
    watched.settle()
    stopped = tick(watched)
    assert requested(stopped) == [] and "no new photos are taken" in stopped.skip_reason.skip_message


def test_a_batch_whose_run_was_ended_by_hand_is_left_alone_until_somebody_runs_it(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    result = tick(watched)
    watched.register(result)
    watched.submit(list(result.run_requests), dg.DagsterRunStatus.CANCELED)
    (batch,) = watched.planned()

    result = tick(watched)
    assert not result.run_requests
    assert f"ended by hand, and so not asked for again: {batch}." in result.skip_reason.skip_message
    assert ended_by_hand(watched.instance, [batch, "another"]) == [batch]

    partition = {"dagster/partition": batch}
    create_run_for_test(watched.instance, "ingest_batch", tags=partition, status=dg.DagsterRunStatus.FAILURE)
    assert "by hand" not in tick(watched).skip_reason.skip_message


def test_a_partition_that_is_known_is_not_added_again(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    watched.register(tick(watched))

    result = tick(watched)

    assert len(requested(result)) == 1
    assert not result.dynamic_partitions_requests


def test_a_finished_batch_is_not_asked_for(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    (batch,) = requested(tick(watched))
    finish(watched, batch)

    assert isinstance(tick(watched), dg.SkipReason)


def test_a_tick_asks_for_no_more_than_fits_and_the_next_one_goes_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_REQUESTS", 2)
    watched.put(*(f"{number}.jpg" for number in range(9)))
    watched.settle()
    asked = []
    for _ in range(3):
        result = tick(watched)
        asked.append(requested(result))
        watched.register(result)
        watched.submit(list(result.run_requests))

    assert [len(batches) for batches in asked] == [2, 2, 1]
    assert [batch for batches in asked for batch in batches] == watched.planned()


def test_an_unavailable_root_is_a_skip_with_its_name_and_asks_for_nothing(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    watched.root.rename(watched.root.with_name("unmounted"))

    result = tick(watched)

    assert isinstance(result, dg.SkipReason)
    assert str(watched.root) in str(result.skip_message)
    assert watched.planned() == []


def test_a_changed_sidecar_asks_for_one_run_that_reads_metadata_only(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    (batch,) = requested(tick(watched))
    with watched.library.ledger() as ledger:
        rows = identify_files(ledger, batch)
        ledger.finish_batch(batch, [Outcome(str(row["photo_id"]), "ok") for row in rows])
    (watched.root / "a.xmp").write_bytes(b"<x/>")

    result = tick(watched)

    (request,) = result.run_requests
    assert (request.job_name, request.partition_key) == ("refresh_metadata", batch)
    watched.register(result)
    watched.submit([request], dg.DagsterRunStatus.FAILURE)
    assert requested(tick(watched)) == [], "once, until the sidecar changes again or a day has passed"
    (watched.root / "a.xmp").write_bytes(b"<another/>")
    (again,) = tick(watched).run_requests
    assert again.run_key != request.run_key


def taken(watched: Watched, *names: str) -> str:
    """Put these files and let their one batch bring them."""
    watched.put(*names)
    watched.settle()
    (batch,) = requested(tick(watched, watched.differently(batch_size=10)))
    with watched.library.ledger() as ledger:
        rows = identify_files(ledger, batch)
        ledger.finish_batch(batch, [Outcome(str(row["photo_id"]), "ok") for row in rows])
    return batch


def test_changed_paths_ask_for_one_run_of_the_collection_until_it_has_followed(watched: Watched) -> None:
    taken(watched, *(f"{number}.jpg" for number in range(6)))
    (watched.root / "0.jpg").rename(watched.root / "moved.jpg")

    result = tick(watched)

    (request,) = result.run_requests
    assert (request.job_name, request.partition_key) == ("describe_collection", None)
    watched.submit([request], dg.DagsterRunStatus.FAILURE)
    (watched.root / "1.jpg").rename(watched.root / "moved, too.jpg")
    assert not tick(watched).run_requests, "it is one run for all, an hour"
    with watched.library.ledger() as ledger:
        ledger.settle_path_changes(ledger.path_changes(10))
    assert isinstance(tick(watched), dg.SkipReason)
    (watched.root / "2.jpg").rename(watched.root / "moved later.jpg")
    (again,) = tick(watched).run_requests
    assert again.run_key != request.run_key


def test_a_photo_that_has_been_offline_for_long_asks_for_a_run_of_the_collection(watched: Watched) -> None:
    taken(watched, *(f"{number}.jpg" for number in range(6)))
    (watched.root / "0.jpg").unlink()
    tick(watched)
    with watched.library.ledger() as ledger:
        gone = ledger.path_changes(10)
        ledger.write_presence(ledger.paths_of(gone), now=time.time() - 100)
        ledger.settle_path_changes(gone)

    assert isinstance(tick(watched, watched.differently(missing_grace_s=1_000.0)), dg.SkipReason)
    (request,) = tick(watched, watched.differently(missing_grace_s=10.0)).run_requests
    assert request.job_name == "describe_collection"


def test_removed_photos_that_are_back_ask_for_one_run_that_writes_points_only(watched: Watched) -> None:
    batch = taken(watched, "a.jpg", "b.jpg")
    with watched.library.ledger() as ledger:
        ledger.remove(ledger.ok_photo_ids(), now=1.0)

    result = tick(watched)

    (request,) = result.run_requests
    assert (request.job_name, request.partition_key) == ("rewrite_points", batch)
    watched.register(result)
    watched.submit([request], dg.DagsterRunStatus.FAILURE)
    assert not tick(watched).run_requests, "once a day"


def test_a_root_that_is_held_and_one_that_is_whole_again_are_told_once(watched: Watched) -> None:
    taken(watched, "a.jpg", "b.jpg")
    away = (watched.root / "a.jpg").rename(watched.root.parent / "a.jpg")
    (request,) = tick(watched).run_requests
    assert request.job_name == "describe_collection"
    with watched.library.ledger() as ledger:
        ledger.tell_held_roots(ledger.held_roots())
    assert isinstance(tick(watched), dg.SkipReason)

    away.rename(watched.root / "a.jpg")
    assert {request.job_name for request in tick(watched).run_requests} >= {"describe_collection"}


def test_our_own_state_inside_the_library_is_not_scanned(watched: Watched) -> None:
    state = watched.root / "photo-data"
    state.mkdir()
    (state / "preview.jpg").write_bytes(b"x")
    inside = {"ledger_path": str(state / "ledger.sqlite"), "state_directory": str(state)}

    result = tick(watched, watched.differently(**inside))

    assert "0 new" in str(result.skip_message)


def test_a_batch_that_another_run_is_at_work_on_is_asked_for_only_after_it(watched: Watched) -> None:
    watched.put("a.jpg", "b.jpg", "c.jpg")
    watched.settle()
    first = requested(tick(watched))
    by_hand = create_run_for_test(
        watched.instance,
        "ingest_batch",
        tags={"dagster/partition": first[0]},
        status=dg.DagsterRunStatus.STARTED,
    )

    assert requested(tick(watched)) == first[1:]
    watched.instance.report_run_failed(by_hand)
    assert requested(tick(watched)) == first


def test_while_an_ingest_is_at_work_the_sensor_looks_and_asks_for_nothing(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()

    with only_ingest(Path(watched.library.state_directory)):
        result = tick(watched)

    assert isinstance(result, dg.SkipReason)
    assert "photos ingest" in str(result.skip_message)
    assert requested(tick(watched)) == watched.planned()


def test_the_run_of_a_killed_ingest_is_ended_and_its_batch_asked_for(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()
    (batch,) = requested(tick(watched))
    tags = {"dagster/partition": batch} | INGEST_TAG
    killed = create_run_for_test(watched.instance, "ingest_batch", tags=tags, status=dg.DagsterRunStatus.STARTED)

    assert requested(tick(watched)) == [batch]
    ended = watched.instance.get_run_by_id(killed.run_id)
    assert ended is not None and ended.status == dg.DagsterRunStatus.FAILURE


def test_with_a_cap_on_what_waits_hundreds_of_batches_flow_through(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PLANNED", 40)
    monkeypatch.setattr(module, "MAX_REQUESTS", 30)
    watched.put(*(f"{number:03}.jpg" for number in range(400)))
    watched.settle()
    asked: list[str] = []
    for _ in range(30):
        result = tick(watched)
        if not isinstance(result, dg.SensorResult):
            break
        asked += requested(result)
        watched.register(result)
        watched.submit(list(result.run_requests))
        assert len(watched.planned()) <= 40
        for batch in watched.planned()[:25]:  # the runs that have ended until the next tick
            finish(watched, batch)

    assert len(asked) == len(set(asked)) == 200
    assert watched.planned() == []


@pytest.mark.parametrize(
    ("names", "seen_s_ago", "cut"),
    [(["a.jpg"], 10, 0), (["a.jpg"], module.PATIENCE_S + 1, 1), (["a.jpg", "b.jpg", "c.jpg"], 10, 1)],
    ids=["a rest waits", "but not for long", "a full batch does not"],
)
def test_while_photos_keep_coming(watched: Watched, names: list[str], seen_s_ago: float, cut: int) -> None:
    watched.put(*names)
    with watched.library.ledger() as ledger:
        look_over(ledger, watched.root, now=time.time() - seen_s_ago)
    watched.put("coming.jpg")

    tick(watched)

    assert len(watched.planned()) == cut


def test_few_photos_are_taken_by_the_first_look_that_finds_them_at_rest(watched: Watched) -> None:
    watched.put("a.jpg")
    watched.settle()

    assert len(requested(tick(watched))) == 1


def test_a_tick_that_dies_at_any_call_loses_nothing_and_doubles_nothing(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.put("a.jpg", "b.jpg", "c.jpg")
    watched.settle()
    deaths = 0
    with monkeypatch.context() as patched:
        calls = FailingCall(patched, watched.instance)
        while calls.fails_at(deaths, lambda: tick(watched)):
            deaths += 1

    result = tick(watched)
    watched.register(result)
    watched.submit(list(result.run_requests))

    assert deaths > 8, "the sensor makes as many calls"
    assert requested(result) == watched.planned()
    assert requested(tick(watched)) == []
    with watched.library.ledger() as ledger:
        taken = [member.path for batch in watched.planned() for member in ledger.members(batch)]
    assert sorted(taken) == sorted(bytes(watched.root / name) for name in ("a.jpg", "b.jpg", "c.jpg"))


class Died(Exception):
    """The process is gone."""


class FailingCall:
    """Lets one call of many to the ledger and to Dagster be the last that its process makes."""

    def __init__(self, patched: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> None:
        self._left = 0
        public = (name for name, method in vars(Ledger).items() if callable(method) and not name.startswith("_"))
        for name in set(public) - {"close"}:
            patched.setattr(Ledger, name, self._counted(getattr(Ledger, name)))
        for name in ("get_runs", "get_dynamic_partitions"):
            patched.setattr(instance, name, self._counted(getattr(instance, name)))

    def fails_at(self, call: int, work: Callable[[], object]) -> bool:
        """Do the work, and die at this call; whether there was such a call."""
        self._left = call
        try:
            work()
        except Died:
            return True
        return False

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Died
            return method(*given, **named)

        return counted
