"""Which batches Dagster's runs are at work on, or will be as soon as it is their turn.

Whoever starts a run of a batch asks here first, so that the sensor, a person and a schedule never do one twice at once.
"""

from collections.abc import Sequence

import dagster as dg

PARTITION = "dagster/partition"

UNENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def batches_at_work(instance: dg.DagsterInstance, batches: Sequence[str]) -> set[str]:
    """Those of the batches that have a run which is queued or has not ended. One query for all of them."""
    if not batches:
        return set()
    runs = instance.get_runs(dg.RunsFilter(tags={PARTITION: list(batches)}, statuses=UNENDED))
    return {run.tags[PARTITION] for run in runs}
