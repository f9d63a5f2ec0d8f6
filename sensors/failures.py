"""What becomes of runs that fail: each is tagged with what failed, and asked for again where that can help.

One that a person ends is left alone, and says so.

Steps have no retry policies: what passes in seconds, such as a busy server, is waited for where it is called, and what
takes longer must not keep a process and its loaded models waiting. So the whole run is asked for again after a while, a
bounded number of times; the nightly schedule goes on from there.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg

from photo_assets.at_work import (
    BACKFILL,
    PARTITION,
    RANGE_END,
    RANGE_START,
    batches_at_work,
    batches_of,
    told_left,
)
from photo_assets.jobs import ASKED_JOBS, BATCH_ASSETS, ingest_batch
from photo_assets.run_tags import BATCH, FILES, STARTED_BY
from resources.library.resource import LibraryResource
from sensors.new_photos import asked_for
from sensors.retrying import (
    ASKED,
    ERROR,
    FAILED_STEP,
    GIVEN_UP,
    LEFT,
    NEEDLESS,
    RETRY,
    RETRY_AT,
    RETRYABLE,
    TRY,
    WAITS,
)
from sensors.verdicts import Failure, failure_of

WAITS_S = (60.0, 600.0, 3_600.0)

# A backfill's range, which stands in tags alone.
_KEPT = (BATCH, FILES, RANGE_START, RANGE_END)
_ASKED = {job.name for job in ASKED_JOBS}


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tags a run that failed with its step, the error's first line and whether another try can help.",
)
def batch_failed(context: dg.RunFailureSensorContext) -> None:
    """Say what failed, and after what time it is tried again."""
    run = context.dagster_run
    failure = failure_of(context)
    tags = _tags(run, failure, time.time())
    context.instance.add_run_tags(run.run_id, tags)
    again = (
        f"{datetime.fromtimestamp(int(tags[RETRY_AT]), UTC):again after %H:%M:%S} UTC"
        if RETRY_AT in tags
        else "not tried again"
    )
    what = run.tags.get(PARTITION) or run.tags.get(RANGE_START) or run.job_name
    context.log.error(f"{what}: {failure.step} failed: {failure.message} ({again})")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Says in a run that a person has ended that its batches are left alone, and what does them.",
)
def batch_ended_by_hand(context: dg.RunStatusSensorContext) -> None:
    """A person who ends a run does not want it back in a minute."""
    run = context.dagster_run
    if _job_of(run) and (batches := batches_of(context.instance, [run])[0]):
        context.instance.add_run_tags(run.run_id, {RETRY: LEFT})
        context.instance.report_engine_event(told_left(batches), run)


@dg.sensor(
    jobs=ASKED_JOBS,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks again, after a while and so many times, for runs that failed for a reason that may be over.",
)
def failed_again(context: dg.SensorEvaluationContext, library: LibraryResource) -> dg.SensorResult | dg.SkipReason:
    """Request what is due, each with a run key of its own."""
    # A run that a person starts again has the tags of the one that failed, and may be at work or well ended.
    failed = dg.RunsFilter(tags={RETRY: WAITS}, statuses=[dg.DagsterRunStatus.FAILURE])
    waiting = context.instance.get_runs(failed)
    due = [run for run in waiting if float(run.tags[RETRY_AT]) <= time.time()]
    requests = list(_requests(context.instance, library, due)) if due else []
    if not requests:
        return dg.SkipReason(f"{len(waiting)} failed runs wait for another try, none is due")
    return dg.SensorResult(run_requests=requests)


def _tags(run: dg.DagsterRun, failure: Failure, now: float) -> dict[str, str]:
    tries = _tries(run)
    told = {FAILED_STEP: failure.step, ERROR: failure.message[:200], RETRYABLE: "yes" if failure.retryable else "no"}
    if not failure.retryable or tries > len(WAITS_S) or _job_of(run) is None:
        return told | {RETRY: GIVEN_UP}
    return told | {RETRY: WAITS, RETRY_AT: str(int(now + WAITS_S[tries - 1])), TRY: str(tries)}


def _tries(run: dg.DagsterRun) -> int:
    """Which try this is; one that a person starts again has the tags of the one before, and is the first."""
    is_again = run.tags.get(STARTED_BY) == failed_again.name and run.parent_run_id is None
    return int(run.tags[TRY]) if is_again else 1


def _requests(
    instance: dg.DagsterInstance, library: LibraryResource, due: list[dg.DagsterRun]
) -> Iterator[dg.RunRequest]:
    """A request for each run but those that have been asked for already and those that somebody else did meanwhile."""
    asked = asked_for(instance, [_run_key(run) for run in due])
    batches = batches_of(instance, due)
    at_work = batches_at_work(instance, [batch for of_run in batches for batch in of_run])
    for run, of_run in zip(due, batches, strict=True):
        if _run_key(run) in asked:
            instance.add_run_tags(run.run_id, {RETRY: ASKED})
        elif _is_needless(run, of_run, library):
            instance.add_run_tags(run.run_id, {RETRY: NEEDLESS})
        elif at_work.isdisjoint(of_run):
            at_work |= set(of_run)  # two runs of one batch may have failed
            yield _request(run)


def _job_of(run: dg.DagsterRun) -> str | None:
    """The job that does it again, if any; for Dagster's own job, under which a backfill over assets runs, another."""
    if run.job_name in _ASKED:
        return run.job_name
    assets = {key.to_user_string() for key in run.asset_selection or ()}
    return ingest_batch.name if BACKFILL in run.tags and assets and assets <= set(BATCH_ASSETS) else None


def _is_needless(run: dg.DagsterRun, batches: Sequence[str], library: LibraryResource) -> bool:
    """Whether this was to bring new batches of which others have brought one since; a backfill repeats what is done.

    The rest of a command's range has had runs of its own by then, or waits for those of new_photos.
    """
    if run.job_name != ingest_batch.name or run.asset_selection or BACKFILL in run.tags:
        return False
    with library.ledger() as ledger:
        return any(ledger.is_done(batch) for batch in batches)


def _request(run: dg.DagsterRun) -> dg.RunRequest:
    kept = {name: value for name, value in run.tags.items() if name in _KEPT}
    again = {STARTED_BY: failed_again.name, TRY: str(int(run.tags[TRY]) + 1)}
    selection = sorted(run.asset_selection) if run.asset_selection else None
    return dg.RunRequest(
        _run_key(run),
        job_name=_job_of(run),
        partition_key=run.tags.get(PARTITION),
        asset_selection=selection,
        tags=kept | again,
    )


def _run_key(run: dg.DagsterRun) -> str:
    return f"{run.run_id}/again"
