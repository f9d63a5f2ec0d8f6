"""Which batches Dagster's runs are at work on, or will be in their turn, and which of them a person has ended.

Whoever starts a run of a batch asks here first, so that the sensor, a person and a schedule never do one twice at once.
"""

from collections.abc import Sequence

import dagster as dg

from photo_assets.partitions import BATCHES

PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BACKFILL = "dagster/backfill"

UNENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def batches_at_work(instance: dg.DagsterInstance, batches: Sequence[str]) -> set[str]:
    """Those of the batches that have a run which is queued or has not ended, a backfill's run of several too."""
    unended = instance.get_runs(dg.RunsFilter(statuses=UNENDED)) if batches else []
    return {batch for of_run in batches_of(instance, unended) for batch in of_run} & set(batches)


def batches_of(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> list[Sequence[str]]:
    """The batches of each of the runs, in the order of the runs."""
    has_range = any(RANGE_START in run.tags for run in runs)
    known = instance.get_dynamic_partitions(str(BATCHES.name)) if has_range else []
    return [_batches_of(run, known) for run in runs]


def ended_by_hand(instance: dg.DagsterInstance, batches: Sequence[str]) -> list[str]:
    """Those of the batches whose latest run a person has ended; nothing asks for them by itself but the night."""
    runs = instance.get_runs(dg.RunsFilter(tags={PARTITION: list(batches)})) if batches else []
    latest = {run.tags[PARTITION]: run.status for run in reversed(runs)}  # the newest come first
    return [batch for batch in batches if latest.get(batch) == dg.DagsterRunStatus.CANCELED]


def told_left(batches: Sequence[str]) -> str:
    """What that means, and what does them."""
    return (
        f"ended by hand, and so not asked for again: {', '.join(batches)}. "
        "`photos ingest`, Re-execute on the run's page or the schedule nightly_refresh does what is left."
    )


def _batches_of(run: dg.DagsterRun, known: Sequence[str]) -> Sequence[str]:
    """A run's one batch, or those of its range, which is of the batches as they were registered."""
    first, last = run.tags.get(RANGE_START), run.tags.get(RANGE_END)
    if first in known and last in known:
        return known[known.index(first) : known.index(last) + 1]
    return [run.tags[PARTITION]] if PARTITION in run.tags else []
