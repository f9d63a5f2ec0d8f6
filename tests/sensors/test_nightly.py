"""The nightly schedule: batches that nobody has ended are tried again, each once a night."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from resources.library.look import look_over
from sensors import nightly as module
from sensors.nightly import nightly_refresh

from .conftest import Watched, finish

NIGHT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NEXT_NIGHT = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)


def evaluate(watched: Watched, night: datetime = NIGHT) -> list[dg.RunRequest] | dg.SkipReason:
    resources = {"library": watched.library}
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


def test_a_finished_batch_is_left_alone(watched: Watched) -> None:
    (batch,) = cut(watched)
    finish(watched, batch)

    assert isinstance(evaluate(watched), dg.SkipReason)


def test_one_night_asks_for_a_bounded_number_of_runs_oldest_first(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BATCHES", 2)
    batches = cut(watched, 3)

    assert [request.partition_key for request in evaluate(watched)] == batches[:2]
