"""The one partitions definition: a partition is a batch of photos.

Keys are cut by the ledger: opaque, sortable by time, safe as file names.
"""

import warnings

import dagster as dg

BATCHES = dg.DynamicPartitionsDefinition(name="photo_batches")

# A word of Dagster's to us, at every start of every process; its version is pinned.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)

# What a run of a backfill takes: enough to load the models for once and to fill a GPU with small batches, and few
# enough for their rows to fit in memory, to lose when a run fails, and for one run to decode while another infers.
BACKFILL = dg.BackfillPolicy.multi_run(16)
