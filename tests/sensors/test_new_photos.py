"""The sensor, tick by tick: every batch gets one run, whatever dies between."""

import dagster as dg
import pytest

from photo_assets.steps.files import identify_files
from resources.decoding.resource import DecodingResource
from resources.library.batching import Outcome
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


def test_our_own_state_inside_the_library_is_not_scanned(watched: Watched) -> None:
    state = watched.root / "photo-data"
    state.mkdir()
    (state / "preview.jpg").write_bytes(b"x")
    inside = {"ledger_path": str(state / "ledger.sqlite"), "state_directory": str(state)}

    result = tick(watched, watched.differently(**inside))

    assert "0 new" in str(result.skip_message)
