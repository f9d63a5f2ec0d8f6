"""The nightly schedule: batches that no run has ended are tried again.

A deliberate retry has its own run key, one per night, so that a batch whose run failed is not given up.
"""

import dagster as dg

from photo_assets.jobs import ingest_batch
from photo_assets.partitions import BATCHES
from resources.library.resource import LibraryResource

# Bounded, so that one night's work is one night's.
MAX_BATCHES = 50


@dg.schedule(
    job=ingest_batch,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Tries batches again whose run failed or never ended.",
)
def nightly_refresh(
    context: dg.ScheduleEvaluationContext, library: LibraryResource
) -> dg.SkipReason | list[dg.RunRequest]:
    """One run per batch that is still planned, oldest first, and that no run is working on."""
    with library.ledger() as ledger:
        planned = ledger.planned_batches()
    context.instance.add_dynamic_partitions(str(BATCHES.name), planned)
    night = f"{context.scheduled_execution_time:%Y-%m-%d}"
    due = [batch for batch in planned if not _is_running(context.instance, batch)][:MAX_BATCHES]
    if not due:
        return dg.SkipReason("no batch waits for another try")
    return [dg.RunRequest(run_key=f"{batch}/{night}", partition_key=batch) for batch in due]


def _is_running(instance: dg.DagsterInstance, batch: str) -> bool:
    in_progress = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    filters = dg.RunsFilter(tags={"dagster/partition": batch}, statuses=in_progress)
    return instance.get_runs_count(filters) > 0
