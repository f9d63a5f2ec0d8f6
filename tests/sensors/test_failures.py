"""Runs that fail: what is said of them, and which are asked for again, when and how often."""

import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets.partitions import BATCHES
from photo_assets.run_tags import run_tags
from resources.inference.errors import ServiceUnreachable, WrongModel
from resources.library.look import look_over
from sensors import failures
from sensors.failures import batch_ended_by_hand, batch_failed, failed_again
from sensors.verdicts import known

from .conftest import Watched, finish

# Of a run that waits for another try, which is due.
DUE = {"photos/retry": "waits", "photos/retry_at": "0", "photos/try": "1"}


@pytest.fixture
def own_instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def fail(instance: dg.DagsterInstance, error: BaseException, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    """Run a job that raises this, and let the sensor know."""

    @dg.op
    def breaking() -> None:
        raise error from ValueError("what lay below")

    @dg.job(name="ingest_batch")
    def job() -> None:
        breaking()

    result = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags or {})
    context = dg.build_run_status_sensor_context(
        "batch_failed", result.get_run_failure_event(), instance, result.dagster_run
    ).for_run_failure()
    batch_failed(context)
    return instance.get_runs(dg.RunsFilter(run_ids=[result.run_id]))[0]


def ask(watched: Watched, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    with dg.build_sensor_context(instance=instance, resources={"library": watched.library}) as context:
        result = failed_again(context)
    return list(result.run_requests) if isinstance(result, dg.SensorResult) else []


def submit(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    tags = dict(request.tags) | {"dagster/run_key": str(request.run_key)}
    create_run_for_test(instance, str(request.job_name), tags=tags, status=status)


def test_every_error_of_the_platform_says_whether_another_try_can_help() -> None:
    assert known()["ServiceUnreachable"] and known()["LedgerUnavailable"] and not known()["WrongModel"]


def test_a_run_that_failed_says_what_failed_where_and_that_it_is_tried_again(
    own_instance: dg.DagsterInstance,
) -> None:
    tags = fail(own_instance, ServiceUnreachable("http://gpu", "it is away", 30)).tags
    assert (tags["photos/failed_step"], tags["photos/retryable"]) == ("breaking", "yes")
    assert "the inference service at http://gpu does not serve" in tags["photos/error"]
    assert 0 < int(tags["photos/retry_at"]) - time.time() <= failures.WAITS_S[0]


@pytest.mark.parametrize("error", [WrongModel("m", "PHOTO_CLIP_MODEL", "blip", "clip"), KeyError("a defect")])
def test_what_another_try_cannot_help_is_told_and_left(
    own_instance: dg.DagsterInstance, watched: Watched, error: Exception
) -> None:
    tags = fail(own_instance, error).tags
    assert (tags["photos/retryable"], tags["photos/retry"]) == ("no", "given_up") and "photos/retry_at" not in tags
    assert ask(watched, own_instance) == []


@pytest.mark.parametrize("interrupt", [dg.DagsterExecutionInterruptedError(), KeyboardInterrupt()])
def test_a_run_whose_process_was_told_to_end_is_tried_again(
    own_instance: dg.DagsterInstance, interrupt: BaseException
) -> None:
    tags = fail(own_instance, interrupt).tags
    assert (tags["photos/error"], tags["photos/retryable"]) == ("its process was told to end", "yes")
    assert "photos/retry_at" in tags


def test_a_run_that_a_person_ends_says_that_it_is_left_alone_and_what_does_it(
    own_instance: dg.DagsterInstance, watched: Watched
) -> None:
    started = dg.DagsterRunStatus.STARTED
    run = create_run_for_test(own_instance, "ingest_batch", tags={"dagster/partition": "b"}, status=started)
    own_instance.report_run_canceled(run)
    (ended,) = own_instance.get_runs(dg.RunsFilter(run_ids=[run.run_id]))
    told = own_instance.get_records_for_run(run.run_id).records[-1].event_log_entry.dagster_event
    batch_ended_by_hand(dg.build_run_status_sensor_context("batch_ended_by_hand", told, own_instance, ended))
    (ended,) = own_instance.get_runs(dg.RunsFilter(run_ids=[run.run_id]))
    assert ended.tags["photos/retry"] == "left" and ask(watched, own_instance) == []
    last = own_instance.get_records_for_run(run.run_id).records[-1].event_log_entry
    assert "not asked for again: b. `photos ingest`" in last.message


def test_it_is_asked_for_again_once_after_its_wait_and_not_for_ever(
    own_instance: dg.DagsterInstance, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {"photos/batch": "b", "photos/files": "3", "photos/started_by": "new_photos"}
    run = fail(own_instance, ServiceUnreachable("http://gpu", "it is away", 30), tags)
    assert ask(watched, own_instance) == []
    later = time.time() + 61
    monkeypatch.setattr(failures.time, "time", lambda: later)
    (request,) = ask(watched, own_instance)
    assert ask(watched, own_instance) == [request], "a tick that died after asking asks the same again"
    expected = {"photos/batch": "b", "photos/files": "3", "photos/started_by": "failed_again", "photos/try": "2"}
    assert request.tags == expected and request.run_key == f"{run.run_id}/again"
    submit(own_instance, request, dg.DagsterRunStatus.FAILURE)
    assert ask(watched, own_instance) == [] and ask(watched, own_instance) == []
    last = fail(own_instance, ServiceUnreachable("http://gpu", "it is away", 30), expected | {"photos/try": "4"})
    assert last.tags["photos/retryable"] == "yes" and "photos/retry_at" not in last.tags


def test_a_batch_that_another_run_has_brought_is_not_asked_for(
    own_instance: dg.DagsterInstance, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.put("1.jpg")
    watched.settle()
    with watched.library.ledger() as ledger:
        look_over(ledger, watched.root)
        (batch,) = ledger.cut_batches(1)
    fail(own_instance, ServiceUnreachable("http://gpu", "it is away", 30), {"dagster/partition": batch})
    later = time.time() + 61
    monkeypatch.setattr(failures.time, "time", lambda: later)
    assert [request.partition_key for request in ask(watched, own_instance)] == [batch]
    finish(watched, batch)
    assert ask(watched, own_instance) == []


def test_a_commands_range_is_asked_for_again_until_another_run_has_brought_one_of_it(
    own_instance: dg.DagsterInstance, watched: Watched
) -> None:
    watched.put("1.jpg", "2.jpg")
    watched.settle()
    with watched.library.ledger() as ledger:
        look_over(ledger, watched.root)
        batches = ledger.cut_batches(1)
    own_instance.add_dynamic_partitions(str(BATCHES.name), batches)
    tags = DUE | run_tags(batches, 2, "ingest")
    create_run_for_test(own_instance, "ingest_batch", tags=tags, status=dg.DagsterRunStatus.FAILURE)
    (request,) = ask(watched, own_instance)
    assert (request.tags["photos/batch"], request.tags["photos/files"]) == ("...".join(batches), "2")
    finish(watched, batches[1])
    assert ask(watched, own_instance) == []


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTED])
def test_a_run_that_a_person_started_again_is_not_asked_for_unless_it_fails(
    own_instance: dg.DagsterInstance, watched: Watched, status: dg.DagsterRunStatus
) -> None:
    create_run_for_test(own_instance, "ingest_batch", tags=DUE, status=status)

    assert ask(watched, own_instance) == []


def test_a_run_that_a_person_started_again_counts_its_own_tries(own_instance: dg.DagsterInstance) -> None:
    inherited = DUE | {"photos/started_by": "failed_again", "photos/try": "4"}
    first = create_run_for_test(own_instance, "ingest_batch", tags=inherited, status=dg.DagsterRunStatus.FAILURE)
    started, parent = dg.DagsterRunStatus.STARTED, first.run_id
    again = create_run_for_test(
        own_instance, "ingest_batch", tags=inherited, status=started, root_run_id=parent, parent_run_id=parent
    )

    event = own_instance.report_run_failed(again, "its process was killed")
    batch_failed(dg.build_run_status_sensor_context("batch_failed", event, own_instance, again).for_run_failure())

    (ended,) = own_instance.get_runs(dg.RunsFilter(run_ids=[again.run_id]))
    assert (ended.tags["photos/retry"], ended.tags["photos/try"]) == ("waits", "1")


def test_two_failed_runs_of_one_batch_are_not_done_again_at_once(
    own_instance: dg.DagsterInstance, watched: Watched
) -> None:
    for _ in range(2):
        tags = DUE | {"dagster/partition": "b"}
        create_run_for_test(own_instance, "ingest_batch", tags=tags, status=dg.DagsterRunStatus.FAILURE)

    assert len(ask(watched, own_instance)) == 1


@pytest.mark.parametrize("job", ["ingest_batch", "__ASSET_JOB"])
def test_a_backfills_range_that_failed_is_asked_for_again_when_nobody_is_at_work_in_it(
    own_instance: dg.DagsterInstance, watched: Watched, job: str
) -> None:
    own_instance.add_dynamic_partitions(str(BATCHES.name), ["a", "b", "c"])
    between = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    waits = DUE | {"dagster/backfill": "abc"}
    assets = frozenset({dg.AssetKey("image_captions")})
    failed, started = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED
    create_run_for_test(own_instance, job, tags=between | waits, asset_selection=assets, status=failed)
    other = create_run_for_test(own_instance, "ingest_batch", tags={"dagster/partition": "b"}, status=started)
    assert ask(watched, own_instance) == []

    own_instance.report_run_failed(other)
    (request,) = ask(watched, own_instance)

    assert (request.job_name, request.partition_key, request.asset_selection) == ("ingest_batch", None, [*assets])
    assert request.tags.items() >= between.items()
