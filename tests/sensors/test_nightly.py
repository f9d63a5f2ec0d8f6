"""The nightly schedule: batches that are behind the settings or that nobody has ended are done again, once a night."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets.at_work import RANGE_END, RANGE_START
from photo_assets.jobs import BATCH_ASSETS
from photo_assets.refresh_plan import current_provenance
from resources.decoding.raw_policy import RawPolicy
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource
from resources.library.batching import Outcome
from resources.library.identity import IdentifiedFile
from resources.library.look import look_over
from resources.vectors.resource import VectorIndexResource
from sensors.nightly import nightly_graph, nightly_refresh

from .conftest import Watched, finish

NIGHT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NEXT_NIGHT = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)


DECODING = DecodingResource(previews_directory="previews")
INFERENCE = InferenceResource(preset="small", state_directory="inference")


def evaluate(
    watched: Watched, night: datetime = NIGHT, nightly: int = 50, **others: object
) -> list[dg.RunRequest] | dg.SkipReason:
    library = watched.differently(nightly_batches=nightly)
    resources = {"library": library, "decoding": DECODING, "inference": INFERENCE} | others
    with dg.build_schedule_context(
        instance=watched.instance, scheduled_execution_time=night, resources=resources
    ) as context:
        return nightly_refresh(context)


def cut(watched: Watched, count: int = 1) -> list[str]:
    watched.put(*(f"{number}.jpg" for number in range(count)))
    watched.settle()
    with watched.library.ledger() as ledger:
        look_over(ledger, watched.root)
        return ledger.cut_batches(1)


def test_with_nothing_planned_it_says_so(watched: Watched) -> None:
    assert isinstance(evaluate(watched), dg.SkipReason)


def test_planned_batches_are_asked_for_with_a_run_key_of_the_night(watched: Watched) -> None:
    batches = cut(watched, 2)

    tonight, tomorrow = evaluate(watched), evaluate(watched, NEXT_NIGHT)

    assert [request.partition_key for request in tonight] == batches
    assert [request.run_key for request in tonight] == [f"{batch}/2026-03-04" for batch in batches]
    assert {request.run_key for request in tonight}.isdisjoint(request.run_key for request in tomorrow)
    assert watched.partitions() >= set(batches)


def test_a_batch_whose_run_failed_is_tried_again(watched: Watched) -> None:
    (batch,) = cut(watched)
    request = dg.RunRequest(run_key=batch, partition_key=batch)
    evaluate(watched)
    watched.submit([request], dg.DagsterRunStatus.FAILURE)

    assert [request.partition_key for request in evaluate(watched)] == [batch]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_batch_that_a_run_works_on_is_left_alone(watched: Watched, status: dg.DagsterRunStatus) -> None:
    first, second = cut(watched, 2)
    evaluate(watched)
    watched.submit([dg.RunRequest(run_key=first, partition_key=first)], status)

    assert [request.partition_key for request in evaluate(watched)] == [second]


def test_the_batches_of_a_running_backfill_are_left_alone(watched: Watched) -> None:
    batches = cut(watched, 4)
    evaluate(watched)
    between = {RANGE_START: batches[1], RANGE_END: batches[2]}
    create_run_for_test(watched.instance, "ingest_batch", tags=between, status=dg.DagsterRunStatus.STARTED)

    assert [request.partition_key for request in evaluate(watched)] == [batches[0], batches[3]]


def test_a_finished_batch_is_left_alone(watched: Watched) -> None:
    (batch,) = cut(watched)
    finish(watched, batch)

    assert isinstance(evaluate(watched), dg.SkipReason)


def test_one_night_asks_for_a_bounded_number_of_runs_oldest_first(
    watched: Watched,
) -> None:
    batches = cut(watched, 3)

    assert [request.partition_key for request in evaluate(watched, nightly=2)] == batches[:2]


def end_with_a_photo(watched: Watched, batch: str) -> None:
    """End a batch that brought a photo, its tables made as they would be made now."""
    with watched.library.ledger() as ledger:
        file = IdentifiedFile(ledger.members(batch)[0], 1, 1, sha256=batch)
        ledger.record_identities(batch, [file])
        made_by, _ = current_provenance(DECODING, INFERENCE)
        ledger.finish_batch(batch, [Outcome(str(file.photo_id), "ok")], made_by=made_by)


def test_stale_and_failed_batches_share_a_night_oldest_first_and_only_stale_assets_run(watched: Watched) -> None:
    first, second, third = cut(watched, 3)
    end_with_a_photo(watched, first)
    end_with_a_photo(watched, third)
    assert [request.partition_key for request in evaluate(watched)] == [second]

    beams = InferenceResource(preset="small", state_directory="inference", caption_beams=2)
    requests = evaluate(watched, inference=beams)
    assert [request.partition_key for request in requests] == [first, second, third]
    due = ["image_captions", "caption_embeddings", "collection_points"]
    assert [key.path[-1] for key in requests[0].asset_selection] == due
    assert requests[1].asset_selection == [dg.AssetKey(name) for name in BATCH_ASSETS]
    assert requests[0].tags == {
        "photos/batch": first,
        "photos/files": "1",
        "photos/started_by": "nightly_refresh",
    } | {name: value for name, value in requests[0].tags.items() if name.startswith("dagster/")}

    half = DecodingResource(previews_directory="previews", raw_policy=RawPolicy.HALF)
    assert "photo_files" not in [key.path[-1] for key in evaluate(watched, decoding=half)[0].asset_selection]
    assert len(evaluate(watched, decoding=half, nightly=1)) == 1


def test_a_service_that_does_not_answer_is_a_reason_to_skip_the_night(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.inference.resource._SOON_S", 0.1)
    away = InferenceResource(preset="small", state_directory="inference", url="http://127.0.0.1:9")
    (skipped,) = [evaluate(watched, inference=away)]
    assert isinstance(skipped, dg.SkipReason) and "INFERENCE_URL" in str(skipped.skip_message)


def asked_for_a_graph(watched: Watched, after: int) -> dg.RunRequest | dg.SkipReason:
    resources = {"library": watched.library, "vectors": VectorIndexResource(directory="none", graph_points=after)}
    with dg.build_schedule_context(
        instance=watched.instance, scheduled_execution_time=NIGHT, resources=resources
    ) as context:
        return nightly_graph(context)


def test_a_graph_is_built_once_enough_photos_came_in_since_the_last_one(watched: Watched) -> None:
    for batch in cut(watched, 3):
        end_with_a_photo(watched, batch)

    assert isinstance(asked_for_a_graph(watched, 3), dg.RunRequest)
    assert "3 photos" in str(asked_for_a_graph(watched, 4))
    watched.instance.report_runless_asset_event(dg.AssetMaterialization("collection_index", metadata={"points": 1}))
    assert isinstance(asked_for_a_graph(watched, 2), dg.RunRequest)
    assert "2 photos" in str(asked_for_a_graph(watched, 3))
