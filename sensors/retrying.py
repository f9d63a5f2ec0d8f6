"""The tags that say of a failed run what failed and whether it is tried again, and which batches nobody tries again.

failures.py writes them.
"""

from collections.abc import Sequence

import dagster as dg

from photo_assets.at_work import PARTITION

FAILED_STEP, ERROR, RETRYABLE = "photos/failed_step", "photos/error", "photos/retryable"
TRY, RETRY, RETRY_AT = "photos/try", "photos/retry", "photos/retry_at"

# The values of RETRY.
WAITS, ASKED, NEEDLESS, LEFT, GIVEN_UP = "waits", "asked", "needless", "left", "given_up"


def given_up(instance: dg.DagsterInstance, batches: Sequence[str]) -> list[str]:
    """Those of the batches whose latest run failed and that no sensor asks for again."""
    runs = instance.get_runs(dg.RunsFilter(tags={PARTITION: list(batches)})) if batches else []
    latest = {run.tags[PARTITION]: run.status for run in reversed(runs)}  # the newest come first
    # The latest may be a command's, of which no sensor says anything.
    said = {(run.tags[PARTITION], run.tags.get(RETRY)) for run in runs}
    return [
        batch
        for batch in batches
        if latest.get(batch) == dg.DagsterRunStatus.FAILURE and (batch, GIVEN_UP) in said and (batch, WAITS) not in said
    ]


def told_given_up(batches: Sequence[str]) -> str:
    """What that means, and what does them."""
    count = f"{len(batches):,} {'batch' if len(batches) == 1 else 'batches'}"
    return (
        f"{count} failed for good and will not be asked for again (tag {RETRY}: {GIVEN_UP}). "
        "`photos ingest`, Re-execute on the run's page or the schedule nightly_refresh does that."
    )
