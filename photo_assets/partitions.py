"""The one partitions definition: a partition is a batch of photos, and how many of them one run of a backfill does.

Keys are cut by the ledger: opaque, sortable by time, safe as file names.
"""

import warnings

import dagster as dg

BATCHES = dg.DynamicPartitionsDefinition(name="photo_batches")

# A word of Dagster's to us, at every start of every process; its version is pinned.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)


def backfill_policy(batches: int) -> dg.BackfillPolicy:
    """So many batches a run; 0 for all of them in one, without which Dagster's shell commands do no range."""
    return dg.BackfillPolicy.multi_run(batches) if batches else dg.BackfillPolicy.single_run()
